"""Energies that are only ever compared: differences that stay right where the energies are far larger than kT."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int32, PyTree

from isotherm.energy.centre import centred
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph, State, stored
from isotherm.energy.limbs import limbs_of, splitting, value
from isotherm.sample.betas import energies, term_energies
from isotherm.sample.rounding.coarseness import is_coarse, whole_size
from isotherm.sample.rounding.notes import spacing

Energy = FactorGraph | Callable[[PyTree], Float[Array, ""]]
"""What the inverse temperature multiplies; energies of a graph are computed for all replicas together."""


class Energies(NamedTuple):
    """Energies of some states, for :meth:`Comparison.less` to compare.

    Attributes:
        rounded: in floats, up to a constant, ``(*states,)``; infinite where a state is forbidden.
        limbs: without rounding, int32 ``(*states, limbs)``; no limbs where floats will do.
    """

    rounded: Float[Array, "*states"]
    limbs: Int32[Array, "*states limbs"]


class Comparison(eqx.Module):
    """Made by :func:`comparison`.

    Attributes:
        energy: the graph, its tables moved near zero; or a function of one position.
        parts: the weights of each factor of the graph in limbs, the lowest first; None where floats will do.
        quantum: of which they are multiples, a scalar.
        bits: of a limb (static).
    """

    energy: Energy
    parts: tuple[tuple[Array, ...], ...] | None
    quantum: Float[Array, ""]
    bits: int = eqx.field(static=True)

    def of(self, positions: PyTree) -> Energies:
        """Energies of many states, whose leaves lead with them."""
        if not isinstance(self.energy, FactorGraph):
            rounded = jax.vmap(self.energy)(positions)
            return Energies(rounded, jnp.zeros((len(rounded), 0), jnp.int32))
        rounded = energies(self.energy, positions)
        if self.parts is None:
            return Energies(rounded, jnp.zeros((len(rounded), 0), jnp.int32))
        sums = [_whole(self.energy.with_parameters(part), positions) for part in self.parts]
        return Energies(rounded, jnp.stack(sums, axis=-1))

    def less(self, these: Energies, those: Energies) -> Float[Array, "*states"]:
        """``these - those``, elementwise, ``(*states,)``; zero where both are forbidden."""
        rounded = these.rounded - those.rounded
        if self.parts is not None:
            whole = jnp.moveaxis(these.limbs - those.limbs, -1, 0)
            exact = value(whole, self.quantum, self.bits).astype(rounded.dtype)
            rounded = jnp.where(jnp.isfinite(these.rounded) & jnp.isfinite(those.rounded), exact, rounded)
        both = jnp.isinf(these.rounded) & (these.rounded == those.rounded)
        return jnp.where(both, jnp.zeros((), rounded.dtype), rounded)

    def spacing(self, positions: PyTree) -> Float[Array, ""]:
        """How far apart energies of such states lie that floats can tell: a scalar; zero if nothing is rounded."""
        return _spacing(self, positions)


def comparison(energy: Energy, beta: Any = 1.0) -> Comparison:
    """Prepare a graph, or any function of a position, to be compared.

    Args:
        energy: a graph, its method ``energy``, or any function, of which only floats are known.
        beta: inverse temperatures at which differences will count.
    """
    if isinstance(found := getattr(energy, "__self__", None), FactorGraph):
        energy = found
    nothing = jnp.ones((), jnp.float32)
    if not isinstance(energy, FactorGraph):
        return Comparison(energy, None, nothing, 0)
    graph, _ = centred(energy)
    is_plain = all(isinstance(f, Factor) and not isinstance(f.weights, Tracer) for f in graph.factors)
    size = whole_size(graph)
    if not (is_plain and graph.is_discrete and is_coarse(graph, size, beta)):
        return Comparison(graph, None, nothing, 0)
    num_terms = sum(len(factor.scope) for factor in graph.factors)
    weights = [
        np.asarray(factor.weights, np.float64) for factor in graph.factors if isinstance(factor, Factor)
    ]
    by = splitting(max(float(np.abs(np.where(np.isfinite(w), w, 0.0)).max()) for w in weights), num_terms, 31)
    limbs = [[jnp.asarray(limb) for limb in limbs_of(w, by)] for w in weights]
    parts = tuple(tuple(factor[at] for factor in limbs) for at in range(by.num_limbs))
    return Comparison(graph, parts, jnp.asarray(by.quantum, jnp.float32), by.bits)


@eqx.filter_jit
def _spacing(comparison: Comparison, positions: PyTree) -> Float[Array, ""]:
    """Compiled, since an energy of many operations is otherwise compiled one by one."""
    found = comparison.of(positions).rounded
    return jnp.zeros((), found.dtype) if comparison.parts is not None else spacing(found)


def _whole(graph: FactorGraph, positions: State) -> Int32[Array, " states"]:
    """Sum of whole numbers, each of which float32 holds."""
    states = {name: jnp.moveaxis(stored(group, positions[name]), 0, -1) for name, group in graph.groups}
    terms = [term_energies(factor, states).astype(jnp.int32).sum(0) for factor in graph.factors]
    return sum(terms[1:], terms[0])
