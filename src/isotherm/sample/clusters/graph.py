"""Swendsen-Wang and Wolff: whole clusters of agreeing neighbours take a new value together.

A coupling that is satisfied becomes a bond with probability ``1 - exp(-beta K)``; given the bonds, each
cluster is free but for its fields, and takes a value with probability ``exp(beta Σ h)``. That is the ghost
spin of the textbooks with its bonds summed out, so that fields of both signs within a cluster cancel instead
of holding it. Values turn cyclically, all of a cluster by the same amount, which serves spins of any sign of
coupling and Potts variables alike.
"""

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm.doors import flag
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.limbs import stacked, value
from isotherm.errors import refusal
from isotherm.random.bits import make_lanes, next_words, seed_words, uniform
from isotherm.random.inversion import inverted
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.clamp import Clamps, Evidence, Holding, checked_evidence, held_variables
from isotherm.sample.clusters.components import components
from isotherm.sample.clusters.forms import ClusterForm, cluster_form
from isotherm.sample.clusters.lattice import (
    LatticeSwendsenWang,
    LatticeWolff,
    lattice_swendsen_wang,
    lattice_wolff,
)
from isotherm.sample.flat import from_values, to_values
from isotherm.sample.kernel import Chains
from isotherm.sample.rounding.temperature import sampling_beta


class ClusterState(NamedTuple):
    """State of each group of one chain, shape ``(size,)`` each."""

    position: dict[str, Array]


class ClusterInfo(NamedTuple):
    """Fraction of variables that a step changed, a scalar in ``[0, 1]``."""

    flipped: Float[Array, ""]


class AbstractClusters(eqx.Module):
    """What cluster kernels share: the form of the graph, the start, and how many chains run.

    Attributes:
        form: couplings and fields.
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
    """

    form: ClusterForm
    beta: Float[Array, "..."]
    remembers_beta: ClassVar[bool] = False

    def init(self, position: dict[str, Array], key: Key[Array, ""] | None = None) -> ClusterState:
        """Start from a state, an array of shape ``(size,)`` a group."""
        del key
        return ClusterState(from_values(self.form.empty, to_values(self.form.empty, position)))

    @abc.abstractmethod
    def step(self, key: Key[Array, ""], state: ClusterState) -> tuple[ClusterState, ClusterInfo]:
        """One update of one chain by one key, a scalar."""

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)


class SwendsenWang(AbstractClusters):
    """Every cluster draws its value anew; made by :func:`swendsen_wang`."""

    def step(self, key: Key[Array, ""], state: ClusterState) -> tuple[ClusterState, ClusterInfo]:
        """Bonds, then a turn of each cluster by its fields; of one chain, arrays of shape ``(size,)`` a group."""
        form, values = self.form, to_values(self.form.empty, state.position)
        labels, uniforms = _clusters(key, form, self.beta, values)
        if form.fields is None:
            turns = (uniforms * form.cardinalities.astype(jnp.float32)).astype(jnp.int32)
        else:
            weights = _summed(form, self.beta, values, lambda x: jax.ops.segment_sum(x, labels, len(values)))
            turns = _draw_turns(weights, uniforms)
        turns = jnp.minimum(turns, form.cardinalities - 1)[labels]
        return _turn(form, values, jnp.where(_is_frozen(form, labels), 0, turns))


class Wolff(AbstractClusters):
    """One cluster, chosen with probability in proportion to its size, changes; made by :func:`wolff`."""

    def step(self, key: Key[Array, ""], state: ClusterState) -> tuple[ClusterState, ClusterInfo]:
        """Bonds, then a turn of the cluster around a random variable, if its fields accept; ``(size,)`` a group."""
        key_bonds, key_seed, key_turn, key_accept = jax.random.split(key, 4)
        form, values = self.form, to_values(self.form.empty, state.position)
        labels, _ = _clusters(key_bonds, form, self.beta, values)
        seed = jax.random.randint(key_seed, (), 0, len(values))
        turn = jax.random.randint(key_turn, (), 1, form.cardinalities[seed])
        chosen = labels == labels[seed]
        accepted = ~jnp.any(chosen & _is_frozen(form, labels))
        if form.fields is not None:
            weights = _summed(
                form, self.beta, values, lambda x: jnp.where(chosen[:, None], x, 0.0).sum(0, keepdims=True)
            )[0]
            accepted &= jnp.log(jax.random.uniform(key_accept)) < weights[turn] - weights[0]
        return _turn(form, values, jnp.where(chosen & accepted, turn, 0))


@overload
def swendsen_wang(
    graph: FactorGraph, beta: Float[Array | np.ndarray, "..."] | float = 1.0, clamp: Evidence | None = None
) -> SwendsenWang | Holding: ...
@overload
def swendsen_wang(
    graph: AbstractLatticeModel,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    clamp: None = None,
    *,
    tells_wrapping: bool = False,
) -> LatticeSwendsenWang: ...
def swendsen_wang(
    graph: FactorGraph | AbstractLatticeModel,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    tells_wrapping: bool = False,
) -> SwendsenWang | Holding | LatticeSwendsenWang:
    """Swendsen-Wang for spins with pair couplings of any sign, Potts variables, and fields on either; and lattices.

    Args:
        graph: factors of one variable, and of two with ``J [c_i = c_j]`` plus fields: every pair of spins or
            of two-valued categories, and Potts couplings ``J >= 0`` of more values. May be traced. Or a lattice
            model: Ising, Potts with ``J >= 0`` for more than two states, clock or XY with any couplings and
            fields; clock and XY models turn over at random mirrors.
        beta: inverse temperature, at least 0, may be traced; ``(chains,)`` for :func:`over_chains`.
        clamp: variables held, by group; a cluster that contains one does not change.
        tells_wrapping: on a lattice, also find whether clusters wind around it; a step then takes several times as
            long.

    Returns:
        A kernel on states of the graph; on a lattice its state also has ``clusters``, their number and sizes and
        an improved estimator of ``m²``, and with ``tells_wrapping`` whether one winds around each dimension.

    Raises:
        ValueError: naming the factor or coupling that clusters do not apply to; or ``tells_wrapping`` of a graph.

    References:
        Swendsen and Wang, Phys. Rev. Lett. 58 (1987); Edwards and Sokal, Phys. Rev. D 38 (1988); Wolff, Phys. Rev.
        Lett. 62 (1989), for mirrors.

    >>> from isotherm.energy import LatticeIsing, square
    >>> model = LatticeIsing(square(4))
    >>> kernel = swendsen_wang(model, beta=0.4)
    >>> kernel.init(model.ordered_state()).position.shape
    (4, 4)
    """
    tells_wrapping = flag("tells_wrapping", tells_wrapping)
    if isinstance(graph, AbstractLatticeModel):
        _refuse_clamp(clamp)
        return lattice_swendsen_wang(graph, beta, tells_wrapping)
    factor_graph("graph", graph)
    if tells_wrapping:
        raise refusal("tells_wrapping", True, "only lattices can be wound around")
    held = checked_evidence(graph, clamp)
    kernel = SwendsenWang(form=_form(graph, held, beta), beta=_not_negative(sampling_beta(beta, graph)))
    return Holding(kernel, graph.groups, held) if held else kernel


@overload
def wolff(
    graph: FactorGraph, beta: Float[Array | np.ndarray, "..."] | float = 1.0, clamp: Evidence | None = None
) -> Wolff | Holding: ...
@overload
def wolff(
    graph: AbstractLatticeModel, beta: Float[Array | np.ndarray, "..."] | float = 1.0, clamp: None = None
) -> LatticeWolff: ...
def wolff(
    graph: FactorGraph | AbstractLatticeModel,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    clamp: Evidence | None = None,
) -> Wolff | Holding | LatticeWolff:
    """Wolff's single cluster, for the graphs, lattices and arguments of :func:`swendsen_wang`.

    A step costs as much as one of Swendsen-Wang, since all bonds are drawn at once, and changes one
    cluster; with fields the change is accepted or not by Metropolis' rule.

    Raises:
        ValueError: naming the factor or coupling that clusters do not apply to.

    References:
        Wolff, Phys. Rev. Lett. 62 (1989).
    """
    if isinstance(graph, AbstractLatticeModel):
        _refuse_clamp(clamp)
        return lattice_wolff(graph, beta)
    factor_graph("graph", graph)
    held = checked_evidence(graph, clamp)
    kernel = Wolff(form=_form(graph, held, beta), beta=_not_negative(sampling_beta(beta, graph)))
    return Holding(kernel, graph.groups, held) if held else kernel


def _not_negative(beta: Float[Array, "..."]) -> Float[Array, "..."]:
    if not isinstance(beta, Tracer) and bool((beta < 0).any()):
        raise refusal(
            "beta", np.asarray(beta).tolist(), "must be at least 0; turn the signs of the model instead"
        )
    return beta


def _refuse_clamp(clamp: Evidence | None) -> None:
    if clamp is not None and not (isinstance(clamp, Mapping) and not clamp):
        raise refusal("clamp", clamp, "lattice models hold nothing; pass to_graph(model)")


def _clusters(
    key: Key[Array, ""], form: ClusterForm, beta: Array, values: Int32[Array, " n"]
) -> tuple[Int32[Array, " n"], Float[Array, " n"]]:
    """Labels of the clusters, and a uniform number for each variable."""
    n, num_edges = len(values), len(form.edges)
    words, _ = next_words(make_lanes(seed_words(key)[:, None], num_edges + n))
    uniforms = uniform(words[:, 0])
    first, second = form.edges.T
    is_satisfied = (values[first] == values[second]) != form.differs
    is_bond = is_satisfied & (uniforms[:num_edges] < -jnp.expm1(-beta * form.strengths))
    return components(n, form.edges, is_bond), uniforms[num_edges:]


def _summed(
    form: ClusterForm, beta: Array, values: Int32[Array, " n"], over: Callable[[Array], Array]
) -> Float[Array, "clusters q"]:
    """Sums over clusters of the log weights of turns, less those of no turn where they are taken in limbs."""
    rounded = over(_turned(form, beta, values))
    if form.exact is None:
        return rounded
    turns = jnp.arange(form.exact.limbs.shape[2])[None]
    at = (values[:, None] + turns) % form.cardinalities[:, None]
    sums = stacked([over(jnp.take_along_axis(limb, at, axis=1)) for limb in form.exact.limbs])
    differences = value(sums - sums[:, :, :1], form.exact.quantum, form.exact.bits)
    return jnp.where(jnp.isinf(rounded), rounded, beta * differences)


def _turned(form: ClusterForm, beta: Array, values: Int32[Array, " n"]) -> Float[Array, "n q"]:
    """Log weight by the fields of each variable turned by 0, 1, ..., minus infinity from a full turn on."""
    assert form.fields is not None
    turns = jnp.arange(form.fields.shape[1])[None]
    at = (values[:, None] + turns) % form.cardinalities[:, None]
    fields = jnp.take_along_axis(form.fields, at, axis=1)
    return jnp.where((turns >= form.cardinalities[:, None]) | (fields == -jnp.inf), -jnp.inf, beta * fields)


def _draw_turns(weights: Float[Array, "n q"], uniforms: Float[Array, " n"]) -> Int32[Array, " n"]:
    return inverted(jnp.exp(weights - weights.max(1, keepdims=True)), uniforms).astype(jnp.int32)


def _turn(
    form: ClusterForm, values: Int32[Array, " n"], turns: Int32[Array, " n"]
) -> tuple[ClusterState, ClusterInfo]:
    position = from_values(form.empty, (values + turns) % form.cardinalities)
    return ClusterState(position), ClusterInfo(jnp.mean((turns > 0).astype(jnp.float32)))


def _form(graph: FactorGraph, clamp: Clamps, beta: Any) -> ClusterForm:
    held = held_variables(graph, clamp)
    sampling_beta(beta, graph)  # refused before the form is made
    return cluster_form(graph, held if held.any() else None, beta)


def _is_frozen(form: ClusterForm, labels: Int32[Array, " n"]) -> Bool[Array, " n"]:
    """Whether each variable's cluster contains a held one."""
    if form.held is None:
        return jnp.zeros(len(labels), bool)
    return jax.ops.segment_max(form.held.astype(jnp.int32), labels, len(labels))[labels] > 0
