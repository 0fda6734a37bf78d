"""Chains that go on from states in the place of positions, and tell of the moves they made."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, PyTree

from isotherm.sample.kernel import AnyKernel


class ResumedState(NamedTuple):
    """A chain somewhere on its way.

    Attributes:
        inner: state of the kernel.
        sums: of what was told of all moves so far, a pytree of numbers.
    """

    inner: Any
    sums: PyTree

    @property
    def position(self) -> PyTree:
        """Where the chain is."""
        return self.inner.position


class Resumed(eqx.Module):
    """A kernel whose first positions are states: whatever a state holds besides, such as replicas, goes on too.

    Attributes:
        kernel: ours or BlackJAX's.
        told: numbers of the info of one move, which are added up.
    """

    kernel: AnyKernel
    told: Callable[[Any], PyTree]

    def begun(self, position: PyTree, key: Key[Array, ""]) -> ResumedState:
        """The state before the first move from a position, by one key, a scalar."""
        inner = self.kernel.init(position, key)
        info = jax.eval_shape(self.kernel.step, key, inner)[1]
        sums = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(self.told, info))
        return ResumedState(inner, sums)

    def init(self, position: ResumedState, key: Key[Array, ""] | None = None) -> ResumedState:
        """The state itself."""
        del key
        return position

    def step(self, key: Key[Array, ""], state: ResumedState) -> tuple[ResumedState, Any]:
        """One move of the kernel, by one key, a scalar."""
        inner, info = self.kernel.step(key, state.inner)
        return ResumedState(inner, jax.tree.map(jnp.add, state.sums, self.told(info))), info
