"""Many chains, each at an inverse temperature of its own."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph, State, stored
from isotherm.sample.clamp import Holding
from isotherm.sample.kernel import Chains, RunsChains, checked_kernel_at


def at_beta(kernel: Any, beta: Any) -> Any:
    """The same kernel at another inverse temperature: its leaf ``beta`` replaced, nothing planned again."""
    is_held = isinstance(kernel, Holding)
    old = kernel.kernel.beta if is_held else kernel.beta
    beta = jnp.asarray(beta, old.dtype)
    return eqx.tree_at(lambda k: k.kernel.beta if is_held else k.beta, kernel, beta)


def has_beta(kernel: Any) -> bool:
    """Whether :func:`at_beta` applies: true of all kernels of factor graphs here."""
    return hasattr(kernel.kernel if isinstance(kernel, Holding) else kernel, "beta")


def remembers_beta(kernel: Any) -> bool:
    """Whether states of the kernel hold something that is only right at their own inverse temperature.

    A density or a score, say: such states must be made anew at another one. Kernels say so in a class attribute
    ``remembers_beta``; those that say nothing are thought to.
    """
    return getattr(kernel.kernel if isinstance(kernel, Holding) else kernel, "remembers_beta", True)


def chains_with_betas(kernel: Any) -> Chains:
    """Chains by ``vmap`` of a kernel that is a pytree with a leaf ``beta``: one number, or one a chain.

    Args:
        kernel: ``init``, ``step`` and ``beta``, of shape ``()`` or ``(chains,)``.
    """
    return _mapped(lambda beta: at_beta(kernel, beta), kernel.beta)


def _mapped(kernel_at: Callable[..., Any], betas: Float[Array, "..."]) -> Chains:
    axes = (0 if betas.ndim else None, 0, 0)

    def init(positions: Any, keys: Any) -> Any:
        return jax.vmap(lambda b, x, k: kernel_at(b).init(x, k), axes)(betas, positions, keys)

    def step(keys: Any, states: Any) -> tuple[Any, Any]:
        return jax.vmap(lambda b, k, s: kernel_at(b).step(k, s), axes)(betas, keys, states)

    return Chains(init, step, lambda states: states)


def energies(graph: FactorGraph, positions: State) -> Float[Array, " chains"]:
    """Energies of many states at once, gathering each variable for all chains together.

    Args:
        graph: the model.
        positions: a state of each chain, leaves ``(chains, size)``.

    Returns:
        Shape ``(chains,)``.
    """
    states = {
        name: jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -1), stored(group, positions[name]))
        for name, group in graph.groups
    }
    total = jnp.zeros(jax.tree.leaves(states)[0].shape[-1])
    for factor in graph.factors:
        total += term_energies(factor, states).sum(0)
    return total


def term_energies(factor: AbstractFactor, states: State) -> Float[Array, "factors chains"]:
    """Energy of each factor of one entry, ``(num_factors, chains)``.

    Args:
        factor: the entry.
        states: of each group, leaves ``(size, chains)``.
    """
    columns = zip(factor.scope.groups, factor.scope.variables.T, strict=True)
    values = [jax.tree.map(lambda leaf, at=at: leaf[at], states[name]) for name, at in columns]
    parameters, tree = jax.tree.flatten(jax.tree.map(jnp.asarray, factor.parameters))
    axes = tree.unflatten([None if len(leaf) == 1 else 0 for leaf in parameters])
    each = tree.unflatten([leaf[0] if len(leaf) == 1 else leaf for leaf in parameters])
    over_chains = jax.vmap(factor.energy_of, (None, *(-1 for _ in values)))
    return jax.vmap(over_chains, (axes, *(0 for _ in values)))(each, *values)


class BetasOf(eqx.Module):
    """Chains of one kernel at given inverse temperatures; made by :func:`betas_of`.

    Attributes:
        kernel: one of ours, with a leaf ``beta``; None if the kernel is anybody else's.
        kernel_at: makes it otherwise.
    """

    kernel: Any
    kernel_at: Callable[..., Any] | None

    @property
    def forgets(self) -> bool:
        """Whether states must be made anew when their temperature changes."""
        return self.kernel is None or remembers_beta(self.kernel)

    def __call__(self, betas: Float[Array, " chains"]) -> Chains:
        """The chains."""
        if self.kernel is not None:
            return at_beta(self.kernel, betas).over_chains()
        assert self.kernel_at is not None
        return _mapped(self.kernel_at, betas)


def betas_of(kernel_at: Callable[..., Any], betas: Float[Array, " chains"]) -> BetasOf:
    """Chains of the kernel that ``kernel_at`` makes, at any inverse temperatures, shape ``(chains,)``.

    Raises:
        TypeError: if ``kernel_at`` is no function of one number, or makes no kernel.
    """
    kernel = checked_kernel_at(kernel_at, betas)
    if isinstance(kernel, RunsChains) and has_beta(kernel):
        return BetasOf(kernel, None)
    return BetasOf(None, kernel_at)


def times_beta(beta: Array, values: Array) -> Array:
    """``beta * values`` where forbidden stays forbidden at ``beta = 0``.

    Args:
        beta: of shape ``()``, or one for each entry of the last axes of ``values``.
        values: log weights, ``(..., *beta.shape)``; infinite ones come back as they are.
    """
    per_chain = beta.reshape((1,) * (values.ndim - beta.ndim) + beta.shape) if beta.ndim else beta
    return jnp.where(jnp.isinf(values), values, per_chain * values)
