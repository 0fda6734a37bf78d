r"""Annealed importance sampling: log Z with its error, from below and from above.

A path of laws leads from one whose log Z is known, variables independent of each other, to the one wanted:
:math:`p_t(x) \propto \exp(-\beta (E_1(x) + t E_2(x)))`, where :math:`E_1` are the factors of one variable and
:math:`E_2` all others. Chains follow ``t`` from 0 to 1 and collect weights with
:math:`\langle w \rangle = Z / Z_0`; or from 1 to 0, from draws of the target, with
:math:`\langle w \rangle = Z_0 / Z`.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.sample.batched import energies
from isotherm.sample.clamp import Clamp, Evidence, held_variables
from isotherm.sample.gibbs import gibbs
from isotherm.sample.kernel import over_chains
from isotherm.sample.single import single_weights
from isotherm.sample.values import from_values

CHUNK = 64
"""Temperatures in one compiled loop, called as often as needed: any number of them compiles once."""

FEWEST_EFFECTIVE = 0.1
"""Share of chains that must count before an error of log Z is believed."""


class LogZ(NamedTuple):
    """An estimate of log Z, natural logarithm.

    Attributes:
        value: log of the mean weight; of a reverse run, minus the log of the mean inverse weight.
        error: its standard error by the delta method; too small where ``ess`` is a handful.
        bound: mean log weight: at most log Z on average; of a reverse run, at least log Z.
        ess: effective number of chains, between 1 and their number.
        num_steps: temperatures.
        log_weights: of each chain, such that ``value`` is the log of their mean, float64 ``(chains,)``; of a
            reverse run, minus the log of the mean of their inverses.
        positions: last state of each chain; of a forward run, about draws of the target where weights are
            about equal.
        steps: the path, ``t`` from 0 to 1.
        spread: standard deviation over chains of ``beta E_2`` at each of ``steps`` but the first.
    """

    value: float
    error: float
    bound: float
    ess: float
    num_steps: int
    log_weights: Float[np.ndarray, " chains"]
    positions: PyTree
    steps: Float[np.ndarray, " steps"]
    spread: Float[np.ndarray, " moves"]

    def __str__(self) -> str:
        chains = len(self.log_weights)
        return f"log Z = {self.value:.4f} ± {self.error:.2g} [ess {self.ess:.0f} of {chains}, {self.num_steps} steps]"


def ais(
    key: Key[Array, ""],
    graph: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    steps: Float[np.ndarray, " steps"] | int = 1000,
    num_chains: int = 256,
) -> LogZ:
    """Estimate log Z with one sweep of Gibbs at each step from independent variables to the target.

    Args:
        key: a JAX key.
        graph: discrete; factors of more than one variable must be :class:`~isotherm.energy.factor.Factor`.
        beta: inverse temperature of the target.
        clamp: variables held, by group; log Z is then the sum over states that agree.
        steps: ``t`` from 0 to 1, increasing; or how many, equally spaced.
        num_chains: at least 2.

    Raises:
        ValueError: naming the factor, group or argument at fault.

    References:
        Neal, Annealed importance sampling, Statistics and Computing 11 (2001).
    """
    path, steps = _Path.of(graph, beta, clamp), _checked(steps, num_chains)
    key_start, key_run = jax.random.split(key)
    positions = _draw(key_start, path, num_chains)
    log_weights, positions, spread = _follow(key_run, path, positions, steps)
    return _estimate(path, log_weights, positions, steps, spread, 1)


def reverse_ais(
    key: Key[Array, ""],
    graph: FactorGraph,
    positions: State,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    steps: Float[np.ndarray, " steps"] | int = 1000,
) -> LogZ:
    """Estimate log Z from draws of the target, followed back to independent variables.

    Where :func:`ais` tends to be too low, this tends to be too high, so that the two enclose the answer.

    Args:
        key: a JAX key.
        graph: as for :func:`ais`.
        positions: independent draws of the target, exact or from long chains; leaves lead with chains.
        beta: inverse temperature of the target.
        clamp: as for :func:`ais`.
        steps: as for :func:`ais`; taken backwards.

    Raises:
        ValueError: naming the factor, group or argument at fault.

    References:
        Burda, Grosse and Salakhutdinov, Accurate and conservative estimates of MRF log-likelihood using
        reverse annealing, AISTATS (2015).
    """
    chains = jax.tree.leaves(positions)[0].shape[0]
    path, steps = _Path.of(graph, beta, clamp), _checked(steps, chains)
    log_weights, positions, spread = _follow(key, path, positions, steps[::-1])
    return _estimate(path, log_weights, positions, steps, spread[::-1], -1)


def log_z(
    key: Key[Array, ""],
    graph: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    error: float = 0.05,
    num_chains: int = 256,
    max_steps: int = 65_536,
) -> LogZ:
    """:func:`ais` with as many steps as a wanted error takes, denser where the energy varies more.

    The number of steps is quadrupled, and spaced anew by what the last run saw, until the standard error is
    small enough and a tenth of the chains count; every run starts afresh, so that the last is unbiased.

    Args:
        key: a JAX key.
        graph: as for :func:`ais`.
        beta: inverse temperature of the target.
        clamp: as for :func:`ais`.
        error: wanted standard error of log Z, positive.
        num_chains: at least 2.
        max_steps: give up beyond; the result then has a larger ``error`` than wanted.

    Raises:
        ValueError: naming the factor, group or argument at fault.
    """
    if not error > 0:
        raise refusal("error", error, "should be positive")
    found, attempt = ais(key, graph, beta, clamp, steps=CHUNK + 1, num_chains=num_chains), 0
    while found.error > error or found.ess < FEWEST_EFFECTIVE * num_chains:
        attempt += 1
        count = 4 * (found.num_steps - 1) + 1
        if count - 1 > max_steps:
            break
        again = jax.random.fold_in(key, attempt)
        steps = respaced(found.steps, found.spread, count)
        found = ais(again, graph, beta, clamp, steps=steps, num_chains=num_chains)
    return found


def respaced(
    steps: Float[np.ndarray, " steps"], spread: Float[np.ndarray, " moves"], count: int
) -> Float[np.ndarray, " count"]:
    """Steps at equal parts of the path's length, whose density is the standard deviation of the energy.

    References:
        Crooks, Measuring thermodynamic length, Phys. Rev. Lett. 99 (2007).
    """
    density = np.maximum(spread, 0.05 * spread.mean() + 1e-12)
    length = np.concatenate([[0.0], np.cumsum(density * np.diff(steps))])
    found = np.interp(np.linspace(0, length[-1], count), length, steps)
    return np.concatenate([[0.0], found[1:-1], [1.0]])


class _Path(eqx.Module):
    """The laws between independent variables and the target.

    Attributes:
        graph: the target.
        start: log weights of every value of every variable at ``t = 0``.
        beta: inverse temperature.
        values: those that are held, by group.
        masks: which are held, as bytes (static, since they decide the plan of the sweeps).
    """

    graph: FactorGraph
    start: dict[str, Float[Array, "size cardinality"]]
    beta: Float[Array, ""]
    values: dict[str, Array]
    masks: tuple[tuple[str, bytes], ...] = eqx.field(static=True)

    @classmethod
    def of(cls, graph: FactorGraph, beta: Any, clamp: Evidence | None) -> "_Path":
        _check(graph, clamp or {})
        held_variables(graph, clamp)
        beta = jnp.asarray(beta, jnp.float32)
        start = {name: _times(beta, table) for name, table in single_weights(graph).items()}
        for name, held in (clamp or {}).items():
            possible = jnp.asarray(graph.variables[name].values())
            is_other = possible[None] != jnp.asarray(held.values, possible.dtype)[:, None]
            start[name] = jnp.where(jnp.asarray(held.mask)[:, None] & is_other, -jnp.inf, start[name])
        return cls(
            graph=graph,
            start=start,
            beta=beta,
            values={name: jnp.asarray(held.values) for name, held in (clamp or {}).items()},
            masks=tuple((name, np.asarray(held.mask).tobytes()) for name, held in (clamp or {}).items()),
        )

    def log_z_start(self) -> float:
        """Log Z at ``t = 0``, float64."""
        tables = [np.asarray(table, np.float64) for table in self.start.values()]
        return float(sum(np.logaddexp.reduce(table, axis=1).sum() for table in tables))

    def coupled_energies(self, positions: State) -> Float[Array, " chains"]:
        """``beta E_2`` of each chain."""
        factors = tuple(factor for factor in self.graph.factors if factor.scope.arity > 1)
        return self.beta * energies(FactorGraph(groups=self.graph.groups, factors=factors), positions)

    def kernel(self, t: Float[Array, ""]) -> Any:
        """A sweep that leaves ``p_t`` as it is."""

        def scaled(factor: Any) -> Any:
            if factor.scope.arity == 1:
                return factor
            return eqx.tree_at(lambda f: f.weights, factor, _times(t, jnp.asarray(factor.weights)))

        graph = FactorGraph(groups=self.graph.groups, factors=tuple(map(scaled, self.graph.factors)))
        clamp = {name: Clamp(np.frombuffer(mask, bool), self.values[name]) for name, mask in self.masks}
        return gibbs(graph, self.beta, clamp or None)


def _check(graph: FactorGraph, clamp: Evidence) -> None:
    for factor in graph.factors:
        if factor.scope.arity > 1 and not isinstance(factor, Factor):
            raise refusal(
                factor.name, type(factor).__name__, "should be a `Factor`, whose weights can be scaled"
            )
    for name, group in graph.groups:
        if not group.is_discrete:
            raise refusal(name, group.kind, "should be discrete")
    for name, held in clamp.items():
        if held.values is None:
            raise refusal(f"clamp[{name!r}].values", None, "should be given: log Z depends on them")


def _checked(steps: Float[np.ndarray, " steps"] | int, num_chains: int) -> Float[np.ndarray, " steps"]:
    if num_chains < 2:
        raise refusal("num_chains", num_chains, "should be at least 2")
    if isinstance(steps, int):
        if steps < 2:
            raise refusal("steps", steps, "should be at least 2")
        return np.linspace(0.0, 1.0, steps)
    if steps[0] != 0 or steps[-1] != 1 or not np.all(np.diff(steps) > 0):
        raise refusal("steps", f"{steps[0]} .. {steps[-1]}", "should increase from 0 to 1")
    return np.asarray(steps, np.float64)


def _times(scale: Array, table: Array) -> Array:
    """``scale * table``, where minus infinity stays so even times zero."""
    return jnp.where(table == -jnp.inf, -jnp.inf, scale * table)


@eqx.filter_jit
def _draw(key: Key[Array, ""], path: _Path, num_chains: int) -> State:
    """Draws at ``t = 0``."""

    def values(key: Array, table: Array) -> Array:
        return jax.random.categorical(key, table, shape=(num_chains, len(table)))

    tables = [path.start[name] for name, _ in path.graph.groups]
    drawn = [values(jax.random.fold_in(key, at), table) for at, table in enumerate(tables)]
    joined = jnp.concatenate(drawn, axis=1).astype(jnp.int32)
    return jax.vmap(lambda v: from_values(path.graph, v))(joined)


def _follow(
    key: Key[Array, ""], path: _Path, positions: State, steps: Float[np.ndarray, " steps"]
) -> tuple[Float[np.ndarray, " chains"], State, Float[np.ndarray, " moves"]]:
    """Log weights, last states, and the spread of the energy on the way."""
    count, chains = len(steps) - 1, jax.tree.leaves(positions)[0].shape[0]
    padded = np.append(steps, np.full(-count % CHUNK, steps[-1])).astype(np.float32)
    log_weights, spreads = np.zeros(chains), []
    for first in range(0, count, CHUNK):
        part = jnp.asarray(padded[first : first + CHUNK + 1])
        positions, gained, spread = _chunk(jax.random.fold_in(key, first), path, positions, part)
        log_weights += np.asarray(gained, np.float64)
        spreads.append(np.asarray(spread, np.float64))
    return log_weights, positions, np.concatenate(spreads)[:count]


@eqx.filter_jit
def _chunk(
    key: Key[Array, ""], path: _Path, positions: State, steps: Float[Array, " steps"]
) -> tuple[State, Float[Array, " chains"], Float[Array, " moves"]]:
    num_chains = jax.tree.leaves(positions)[0].shape[0]
    keys = jax.random.split(key, num_chains)

    def move(carry: tuple[Any, Array], at: tuple[Array, ...]) -> tuple[tuple[Any, Array], Array]:
        state, log_weights = carry
        time, now, then = at
        chains = over_chains(path.kernel(now))
        coupled = path.coupled_energies(chains.view(state).position)
        log_weights = log_weights - jnp.where(then == now, 0.0, (then - now) * coupled)
        step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, time)
        state, _ = over_chains(path.kernel(then)).step(step_keys, state)
        return (state, log_weights), jnp.std(coupled)

    chains = over_chains(path.kernel(steps[0]))
    start = (chains.init(positions, keys), jnp.zeros(num_chains))
    times = (jnp.arange(len(steps) - 1), steps[:-1], steps[1:])
    (state, log_weights), spread = jax.lax.scan(move, start, times)
    return chains.view(state).position, log_weights, spread


def _estimate(
    path: _Path,
    log_weights: Float[np.ndarray, " chains"],
    positions: State,
    steps: Float[np.ndarray, " steps"],
    spread: Float[np.ndarray, " moves"],
    sign: int,
) -> LogZ:
    """Mean weight with its error; ``sign`` is -1 where weights are those of a reverse run."""
    top, chains = log_weights.max(), len(log_weights)
    start = path.log_z_start()
    if top == -np.inf:
        value, error, ess = -np.inf, np.inf, 0.0
    else:
        weights = np.exp(log_weights - top)
        value = float(top + np.log(weights.mean()))
        error = float(weights.std(ddof=1) / weights.mean() / np.sqrt(chains))
        ess = float(weights.sum() ** 2 / (weights**2).sum())
    return LogZ(
        value=start + sign * value,
        error=error,
        bound=start + sign * float(log_weights.mean()),
        ess=ess,
        num_steps=len(steps),
        log_weights=start + sign * log_weights,
        positions=positions,
        steps=steps,
        spread=spread,
    )
