"""Simulated annealing: chains that cool, and the best state that each has seen."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Key, PyTree

from isotherm import doors
from isotherm.energy.expand import beta_table, tables_of
from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.inputs import finite
from isotherm.energy.kinds import factor_graph
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.betas import at_beta, has_beta, remembers_beta
from isotherm.sample.flat import from_values, random_values, to_values
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.kernel import checked_kernel, over_chains
from isotherm.sample.positions import coded_positions
from isotherm.sample.rounding.comparing import Comparison, Energies, comparison


class Annealed(NamedTuple):
    """The best of each chain.

    Attributes:
        energies: lowest energy seen, shape ``(chains,)``; float64 on the host where float32 would lose what tells
            states apart.
        states: the state that had it, leaves lead with chains.
    """

    energies: Float[Array | np.ndarray, " chains"]
    states: PyTree

    @property
    def energy(self) -> Float[Array | np.ndarray, ""]:
        """Lowest energy of all, a scalar."""
        lowest = self.energies.min()
        return np.asarray(lowest) if isinstance(self.energies, np.ndarray) else lowest

    @property
    def state(self) -> PyTree:
        """A state of the lowest energy."""
        traced = doors.is_traced(self.energies)
        best = self.energies.argmin() if traced else int(np.asarray(self.energies).argmin())
        return jax.tree.map(lambda leaf: leaf[best], self.states)


def anneal(
    key: KeyOrSeed,
    graph: FactorGraph,
    betas: Float[Array | np.ndarray, " steps"] | int = 1000,
    *,
    num_chains: int = 32,
    kernel: Any = None,
    positions: State | None = None,
    look_every: int | None = None,
) -> Annealed:
    """Look for states of low energy.

    One step of the kernel at each inverse temperature, all in one compiled loop; other temperatures, and
    other graphs of the same structure, compile nothing.

    Args:
        key: a JAX key.
        graph: discrete, unless ``positions`` are given.
        betas: inverse temperature of each step, ``(steps,)``, or how many steps to take through
            :func:`annealing_betas`.
        num_chains: independent runs; counts in multiples of 32 fill the words of packed kernels.
        kernel: any kernel of ``graph`` made here, at whatever temperature; by default
            :func:`~isotherm.sample.gibbs.gibbs.gibbs`, one sweep a step. Pass one with ``clamp`` to hold variables.
        positions: where chains start, leaves lead with chains; by default anywhere.
        look_every: steps between looks at the energy; by default ten looks. The last step is always looked at.
            States between looks are not seen; a look costs as much as some sweeps.

    Raises:
        ValueError: naming the argument out of range.
    """
    key = doors.random_key("key", key)
    factor_graph("graph", graph)
    num_chains = doors.whole("num_chains", num_chains, 1)
    if look_every is not None:
        look_every = doors.whole("look_every", look_every, 1)
    doors.affordable("num_chains", num_chains, 16.0 * num_chains * graph.num_variables, "have fewer chains")
    if doors.is_number(betas, "iu"):
        betas = annealing_betas(graph, doors.whole("betas", betas, 1))
    betas = finite("betas", betas).astype(jnp.float32)
    if betas.ndim != 1 or not len(betas):
        raise refusal("betas.shape", betas.shape, "should be one number a step, or how many steps")
    if kernel is None:
        kernel = gibbs(graph, betas[0])
    if not has_beta(checked_kernel("kernel", kernel)):
        raise refusal("kernel", type(kernel).__name__, "should be one of a factor graph, with a leaf `beta`")
    if remembers_beta(kernel):
        raise refusal(
            "kernel", type(kernel).__name__, "remembers a density at its own temperature; cannot cool"
        )
    key_start, key_run = jax.random.split(key)
    if positions is None:
        values = random_values(key_start, graph, num_chains)
        positions = jax.vmap(lambda v: from_values(graph, v))(values)
    positions = coded_positions(kernel, positions)
    every = look_every or -(-len(betas) // 10)
    compared = comparison(graph, betas)
    best, states = _anneal(key_run, kernel, compared, betas, positions, jnp.asarray(every))
    if compared.energy is graph and compared.parts is None:
        return Annealed(best.rounded, states)
    values = jax.vmap(lambda state: to_values(graph, state))(states)
    return Annealed(-tables_of(graph).log_weight(np.asarray(values)), states)


def annealing_betas(graph: FactorGraph, num_steps: int) -> Float[np.ndarray, " steps"]:
    """A geometric schedule from where the largest barrier is passed every other time to where most freeze.

    The first is ``ln 2 / max_i Σ_f R_f`` with ``R_f`` the range of the energies of factor ``f`` of variable
    ``i``; the last is ``ln 100`` over the median of the variables' smallest ``R_f`` above zero.

    Args:
        graph: discrete, with concrete weights.
        num_steps: at least 1.

    Returns:
        Ascending, float64 ``(num_steps,)``.

    Raises:
        ValueError: if ``num_steps`` is below 1, no weight differs from zero, or weights are traced.
    """
    factor_graph("graph", graph)
    num_steps = doors.whole("num_steps", num_steps, 1)
    doors.affordable("num_steps", num_steps, 64.0 * num_steps, "take fewer steps")
    total, least = np.zeros(graph.num_variables), np.full(graph.num_variables, np.inf)
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        ranges = np.broadcast_to(_ranges(factor, graph), len(scope))
        for column in scope.T:
            np.add.at(total, column, ranges)
            np.minimum.at(least, column, np.where(ranges > 0, ranges, np.inf))
    if not total.any():
        raise refusal("graph", "flat", "should have a factor whose energies differ")
    cold = np.log(100) / np.median(least[np.isfinite(least)])
    return np.geomspace(min(np.log(2) / total.max(), cold), cold, num_steps)


def _ranges(factor: AbstractFactor, graph: FactorGraph) -> Float[np.ndarray, " num"]:
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(factor.parameters)):
        raise refusal("graph", "traced", "should have concrete weights; pass `betas` as an array")
    table = beta_table(factor, graph.variables, 1.0)
    flat = table.reshape(len(table), -1)
    return flat.max(1) - np.where(np.isfinite(flat), flat, np.inf).min(1)


class _Best(NamedTuple):
    """Of each chain."""

    energies: Energies
    states: PyTree


@eqx.filter_jit
def _anneal(
    key: Key[Array, ""],
    kernel: Any,
    compared: Comparison,
    betas: Float[Array, " steps"],
    positions: PyTree,
    every: Array,
) -> "_Best":
    num_chains = jax.tree.leaves(positions)[0].shape[0]
    keys = jax.random.split(key, num_chains)
    chains = over_chains(at_beta(kernel, betas[0]))
    last = len(betas) - 1

    def look(best: _Best, state: Any) -> _Best:
        position = chains.view(state).position
        found = compared.of(position)
        is_lower = compared.less(found, best.energies) < 0

        def choose(new: Array, old: Array) -> Array:
            return jnp.where(is_lower.reshape(-1, *(1,) * (new.ndim - 1)), new, old)

        return jax.tree.map(choose, _Best(found, position), best)

    def step(carry: tuple[Any, _Best], at: tuple[Array, Array]) -> tuple[tuple[Any, _Best], None]:
        state, best = carry
        time, beta = at
        step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, time)
        state, _ = over_chains(at_beta(kernel, beta)).step(step_keys, state)
        is_due = (time % every == 0) | (time == last)
        return (state, jax.lax.cond(is_due, look, lambda best, _: best, best, state)), None

    state = chains.init(positions, keys)
    position = chains.view(state).position
    best = _Best(compared.of(position), position)
    (_, best), _ = jax.lax.scan(step, (state, best), (jnp.arange(len(betas)), betas))
    return best
