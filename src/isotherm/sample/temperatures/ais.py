r"""Annealed importance sampling: log Z with its error, from below, from above, and from both.

A path of laws (:mod:`isotherm.sample.temperatures.ais_path`) leads from variables independent of each other, whose
log Z is known, to the law wanted. Chains follow ``t`` from 0 to 1 and collect weights with
:math:`\langle w \rangle = Z / Z_0`; or from 1 to 0, from draws of the target, with
:math:`\langle 1 / w \rangle = Z_0 / Z`. Equal weights alone prove nothing, since chains that fell into one state have
them too: :func:`log_z` believes what both directions and two numbers of steps agree on.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.energy.coding import coded_state
from isotherm.energy.graph import FactorGraph, State, stored
from isotherm.energy.kinds import factor_graph
from isotherm.errors import refusal
from isotherm.estimate.bennett import bennett
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import Evidence, checked_evidence
from isotherm.sample.temperatures.ais_estimate import (
    LogZ,
    effective,
    is_hopeless,
    judged,
    log_sum_distinct,
    one_way,
    pooled_runs,
    widened,
)
from isotherm.sample.temperatures.ais_path import PathProblem, problem_of
from isotherm.sample.temperatures.ais_run import CHUNK, follow, forward, respaced

MOST_FIRST = 1024
"""Steps of the first attempt at most."""


def ais(
    key: KeyOrSeed,
    graph: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    steps: Float[np.ndarray, " steps"] | int = 1000,
    num_chains: int = 256,
) -> LogZ:
    """Estimate log Z with one sweep of heat bath at each step from independent variables to the target.

    The mean weight is unbiased. One run cannot know whether its chains missed something: prefer :func:`log_z`.

    Args:
        key: a JAX key.
        graph: discrete; factors of more than one variable must be :class:`~isotherm.energy.factor.Factor`.
        beta: inverse temperature of the target.
        clamp: variables held, by group; log Z is then the sum over states that agree.
        steps: ``t`` from 0 to 1, increasing, shape ``(steps,)``; or how many, spaced by a pilot run.
        num_chains: at least 2.

    Raises:
        ValueError: naming the factor, group or argument at fault; or if no state is possible.

    References:
        Neal, Annealed importance sampling, Statistics and Computing 11 (2001).
    """
    key, num_chains = _checked(key, graph, num_chains)
    steps = _checked_steps(steps)
    problem = problem_of(graph, _finite_beta(beta), checked_evidence(graph, clamp), num_chains)
    key_pilot, key_run = jax.random.split(key)
    path = _spaced(key_pilot, problem, steps, num_chains)
    found = forward(key_run, problem, problem.penalty, num_chains, path)
    return one_way(problem, found, path, 1)


def reverse_ais(
    key: KeyOrSeed,
    graph: FactorGraph,
    positions: State,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    steps: Float[np.ndarray, " steps"] | int = 1000,
) -> LogZ:
    """Estimate log Z from draws of the target, followed back to independent variables.

    Where :func:`ais` tends to be too low, this tends to be too high, so that the two enclose the answer. On models
    with zeros the mean of the inverse weights misses the chains that end in impossible states when they go forward:
    the value is then too high by minus the log of the others' share.

    Args:
        key: a JAX key.
        graph: as for :func:`ais`.
        positions: independent draws of the target, exact or from long chains; leaves ``(chains, size)``.
        beta: inverse temperature of the target.
        clamp: as for :func:`ais`.
        steps: as for :func:`ais`; taken backwards.

    Raises:
        ValueError: naming the factor, group or argument at fault; or if no state is possible.

    References:
        Burda, Grosse and Salakhutdinov, Accurate and conservative estimates of MRF log-likelihood using
        reverse annealing, AISTATS (2015).
    """
    positions = _checked_positions(factor_graph("graph", graph), positions)
    key, chains = _checked(key, graph, len(jax.tree.leaves(positions)[0]), "positions")
    steps = _checked_steps(steps)
    problem = problem_of(graph, _finite_beta(beta), checked_evidence(graph, clamp), chains)
    key_pilot, key_run = jax.random.split(key)
    path = _spaced(key_pilot, problem, steps, chains)
    found = follow(key_run, problem, problem.penalty, positions, path[::-1], is_backwards=True)
    found = found._replace(spread=found.spread[::-1])
    return one_way(problem, found, path, -1)


def log_z(
    key: KeyOrSeed,
    graph: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    error: float = 0.05,
    num_chains: int = 256,
    max_steps: int = 65_536,
) -> LogZ:
    """Estimate log Z by runs in both directions, with as many steps as a wanted error takes.

    A pilot spaces the steps where the energy varies. A forward run is followed back from its own last states, drawn
    by weight; Bennett's estimate takes both, and runs that agree are pooled. The number of steps doubles until a
    tenth of the chains count in each direction, the two directions and the last two numbers of steps agree, and the
    error is small enough; or until ``max_steps``, or until more steps are seen not to help: then ``is_converged`` is
    False, unless only the error is larger than wanted.

    Args:
        key: a JAX key.
        graph: as for :func:`ais`.
        beta: inverse temperature of the target.
        clamp: as for :func:`ais`.
        error: wanted standard error of log Z, positive.
        num_chains: at least 2.
        max_steps: give up beyond.

    Raises:
        ValueError: naming the factor, group or argument at fault; or if no state is possible.

    References:
        Bennett, J. Comput. Phys. 22 (1976); Grosse, Ancha and Roy, Measuring the reliability of MCMC inference
        with bidirectional Monte Carlo, NeurIPS (2016).
    """
    doors.number("error", error, above=0)
    (key, num_chains), max_steps = _checked(key, graph, num_chains), doors.whole("max_steps", max_steps, 2)
    problem = problem_of(graph, _finite_beta(beta), checked_evidence(graph, clamp), num_chains)
    penalty = problem.penalty
    pilot = forward(jax.random.fold_in(key, 0), problem, penalty, num_chains, None)
    length = float((pilot.spread * np.diff(pilot.steps)).sum())
    count = _power_of_two(float(min(max(length**2, CHUNK), MOST_FIRST, max_steps)))
    runs: list[LogZ] = []
    while True:
        path = respaced(pilot.steps, pilot.spread, count + 1)
        found, share = _both_ways(jax.random.fold_in(key, len(runs) + 1), problem, penalty, num_chains, path)
        runs.append(judged(problem, found, runs))
        pooled = pooled_runs(runs)
        is_enough = pooled.is_converged and pooled.error <= error
        if is_enough or 2 * count > max_steps or is_hopeless(runs, max_steps):
            return pooled
        if problem.has_zeros and share < 0.5:  # of all chains, too many ended in impossible states
            penalty *= 2
        count *= 2


def _both_ways(
    key: Key[Array, ""],
    problem: PathProblem,
    penalty: float,
    num_chains: int,
    path: Float[np.ndarray, " steps"],
) -> tuple[LogZ, float]:
    """Bennett's estimate, not yet judged, and the share of forward chains that ended in a possible state."""
    key_there, key_draw, key_rest, key_back = jax.random.split(key, 4)
    there = forward(key_there, problem, penalty, num_chains, path)
    alone = one_way(problem, there, path, 1)
    possible = float(np.isfinite(there.log_weights).mean())
    if not possible:
        return alone, possible
    chosen = _resampled(key_draw, there.log_weights)
    starts = jax.tree.map(lambda leaf: jax.device_put(np.asarray(leaf)[chosen]), there.positions)
    rested = follow(key_rest, problem, penalty, starts, np.ones(CHUNK + 1), is_backwards=False)
    back = follow(key_back, problem, penalty, rested.positions, path[::-1], is_backwards=True)
    backward = -back.log_weights[np.isfinite(rested.target)]
    if not len(backward):
        return alone, possible
    base = problem.log_z_start + problem.constant
    value, error = bennett(there.log_weights, backward)
    ahead, behind = effective(there.log_weights), effective(-backward)
    floor = max(alone.floor, problem.constant + log_sum_distinct(rested.positions, rested.target))
    behind_value = base + backward.min() - np.log(np.exp(backward.min() - backward).mean())
    found = alone._replace(
        value=base + value,
        error=widened(error, ahead, num_chains, abs(float(alone.value - behind_value))),
        ess=min(ahead, behind),
        floor=floor,
    )
    return found, possible


def _resampled(key: Key[Array, ""], logs: Float[np.ndarray, " chains"]) -> np.ndarray:
    """Indices of as many chains, drawn by weight with one uniform number: a chain of fair share is kept once."""
    weights = np.exp(logs - logs.max())
    sums = np.cumsum(weights / weights.sum())
    at = (np.arange(len(logs)) + float(jax.random.uniform(key))) / len(logs)
    return np.minimum(np.searchsorted(sums, at), len(logs) - 1)


def _spaced(
    key: Key[Array, ""], problem: PathProblem, steps: Float[np.ndarray, " steps"] | int, num_chains: int
) -> Float[np.ndarray, " steps"]:
    """Steps as given, or as many as wanted by a pilot run."""
    if not isinstance(steps, int):
        return steps
    pilot = forward(key, problem, problem.penalty, num_chains, None)
    return respaced(pilot.steps, pilot.spread, steps)


def _power_of_two(count: float) -> int:
    return 1 << int(np.ceil(np.log2(count)))


def _checked(key: Any, graph: Any, num_chains: Any, field: str = "num_chains") -> tuple[Key[Array, ""], int]:
    """The key and the number of chains, after checking what they run on."""
    key = doors.random_key("key", key)
    factor_graph("graph", graph)
    num_chains = doors.whole(field, num_chains, 2)
    doors.affordable(field, num_chains, 64.0 * num_chains * graph.num_variables, "have fewer chains")
    return key, num_chains


def _finite_beta(beta: Any) -> float:
    return float(doors.number("beta", beta))


def _checked_steps(steps: Any) -> Float[np.ndarray, " steps"] | int:
    """How many, or float64 from 0 to 1."""
    if doors.is_number(steps):
        count = doors.whole("steps", steps, 2)
        doors.affordable("steps", count, 64.0 * count, "take fewer steps")
        return count
    path = doors.real_numbers("steps", steps)
    if path.ndim != 1 or len(path) < 2:
        raise refusal("steps.shape", path.shape, "must be (steps,), at least two; or give their number")
    if path[0] != 0 or path[-1] != 1 or not np.all(np.diff(path) > 0):
        raise refusal("steps", f"{path[0]} .. {path[-1]}", "should increase from 0 to 1")
    return path


def _checked_positions(graph: FactorGraph, positions: Any) -> State:
    """States of a graph's groups that all lead with the same number of chains."""
    wanted = f"a mapping with an array for each of {', '.join(graph.variables)}"
    doors.entries("positions", positions, graph.variables, wanted)
    found, chains = {}, set()
    for name, group in graph.groups:
        state = jnp.asarray(coded_state(f"positions[{name!r}]", group, positions[name]))
        if state.ndim != 2 or state.shape[1] != group.size:
            raise refusal(f"positions[{name!r}].shape", state.shape, f"must be (chains, {group.size})")
        found[name] = stored(group, state)
        chains.add(len(state))
    if len(chains) != 1:
        raise refusal("positions", sorted(chains), "all groups must lead with the same number of chains")
    return found
