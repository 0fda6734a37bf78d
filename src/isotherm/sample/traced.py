"""Functions told apart by what they compute, so that a new ``lambda`` of the same body compiles nothing anew."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.extend.core as jex
import jax.numpy as jnp
from jaxtyping import Array, PyTree


class _Program:
    """A traced program, equal to every other that reads the same."""

    def __init__(self, closed: jex.ClosedJaxpr, tree: Any) -> None:
        self.closed, self.tree = closed, tree
        self.text = f"{closed.jaxpr} {closed.in_avals} {tree}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Program) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Traced(eqx.Module):
    """A function of one pytree, traced once; see :func:`traced`.

    Arrays that it closes over are leaves: other values of them compile nothing anew either.
    """

    program: _Program = eqx.field(static=True)
    constants: list[Array]

    @property
    def shapes(self) -> PyTree:
        """What it returns, as shapes and dtypes."""
        shapes = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in self.program.closed.out_avals]
        return jax.tree.unflatten(self.program.tree, shapes)

    def __call__(self, value: PyTree) -> PyTree:
        """What the function returns for a pytree of the shapes that it was traced with."""
        leaves = jax.tree.leaves(value)
        closed = self.program.closed
        found = jax.core.eval_jaxpr(closed.jaxpr, self.constants, *leaves)
        return jax.tree.unflatten(self.program.tree, found)


def traced(function: Callable[[Any], Any], example: PyTree) -> Traced:
    """A function as what it computes.

    Args:
        function: of one pytree; pure, and it returns a pytree of arrays or numbers.
        example: that pytree, or its shapes (``jax.ShapeDtypeStruct``).

    >>> import jax.numpy as jnp
    >>> first, again = (traced(lambda x: {"twice": 2 * x}, jnp.zeros(3)) for _ in range(2))
    >>> first.program == again.program, first(jnp.ones(3))["twice"].tolist()
    (True, [2.0, 2.0, 2.0])
    """
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(example)
    return Traced(
        _Program(closed, jax.tree.structure(shapes)), [jnp.asarray(constant) for constant in closed.consts]
    )
