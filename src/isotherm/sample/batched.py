"""Many chains by ``vmap``, with an inverse temperature of its own for each where wanted."""

from typing import Any

import equinox as eqx
import jax

from isotherm.sample.kernel import Chains


def chains_with_betas(kernel: Any) -> Chains:
    """Chains of a kernel that is a pytree with a leaf ``beta``: one number, or one a chain.

    Args:
        kernel: ``init``, ``step`` and ``beta``, of shape ``()`` or ``(chains,)``.
    """

    def init(positions: Any, keys: Any) -> Any:
        return jax.vmap(kernel.init)(positions, keys)

    def step(keys: Any, states: Any) -> tuple[Any, Any]:
        def one(beta: Any, key: Any, state: Any) -> tuple[Any, Any]:
            return eqx.tree_at(lambda k: k.beta, kernel, beta).step(key, state)

        return jax.vmap(one, (0 if kernel.beta.ndim else None, 0, 0))(kernel.beta, keys, states)

    return Chains(init, step, lambda states: states)
