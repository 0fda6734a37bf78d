r"""The laws between independent variables and a target, for annealed importance sampling.

.. math:: \log p_t(x) = (1 - t)\, A(x) + t\, (U(x) + T(x))

``U`` are the tables of one variable, ``T`` all others, ``A`` is ``U`` cut off :data:`DEPTH` below its maximum, so
that the start covers every state however strong a bias is. The largest entry of each table is taken out on the host
in float64, and zeros of ``T`` are a finite penalty until the very end, so that chains cross what they cannot enter.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from isotherm.energy.expand import tables_of
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.tables import Tables
from isotherm.energy.variables import Variables
from isotherm.errors import refusal
from isotherm.sample.betas import energies
from isotherm.sample.clamp import Clamp, Clamps, held_variables
from isotherm.sample.flat import cardinalities, from_values, to_values
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.gibbs.plan import independent_blocks
from isotherm.sample.gibbs.wide import WideLaw, WideTables, is_affordable, sweep, wide_tables
from isotherm.sample.kernel import over_chains
from isotherm.sample.temperatures.softening import penalty_of, ranges_of, tops_of

DEPTH = 3.0
"""Nats below its most probable value at which a value's start is cut off: none has less than about 5 %."""

COARSE = 1500.0
"""Local log weights beyond which float32 knows their differences to a ten-thousandth no more."""

STIFF = 10.0
"""Range of one table beyond which single variables hardly move: pairs must move together, where that is cheap."""


class PathProblem(NamedTuple):
    """A path, and what is known of it on the host.

    Attributes:
        path: what compiled loops take.
        constant: log weight that all states share, float64.
        has_zeros: whether a table of several variables forbids anything.
        is_coarse: whether float32 has to do where it hardly can, the tables being too many for float64.
        penalty: what zeros start with.
    """

    path: "Path"
    constant: float
    has_zeros: bool
    is_coarse: bool
    penalty: float

    @property
    def log_z_start(self) -> float:
        """Log Z at ``t = 0``, float64, without the constant."""
        return float(np.logaddexp.reduce(np.asarray(self.path.start), axis=1).sum())


class Path(eqx.Module):
    """What compiled loops need of a target; every array may differ from call to call without recompiling.

    Attributes:
        groups: of the graph (static).
        start: log weights ``A``, ``(n, values)``, minus infinity where a variable has no such value or is held
            elsewhere.
        single: log weights ``U``, likewise.
        wide: tables of several variables, for sweeps in float64; or None.
        coupled: the same as a graph at ``beta = 1``, for the fast kernels in float32; or None.
        values: those that are held, by group.
        masks: which are held, as bytes (static, since they decide the plan of the sweeps).
    """

    groups: tuple[tuple[str, Variables], ...] = eqx.field(static=True)
    start: Float[Array | np.ndarray, "n values"]
    single: Float[Array | np.ndarray, "n values"]
    wide: WideTables | None
    coupled: FactorGraph | None
    values: dict[str, Any]
    masks: tuple[tuple[str, bytes], ...] = eqx.field(static=True)

    @property
    def empty(self) -> FactorGraph:
        """The variables, without factors."""
        return FactorGraph(groups=self.groups, factors=())

    def single_at(self, t: Float[Array, ""]) -> Float[Array, "n values"]:
        """Log weights of the values of each variable at ``t``, a scalar, without the others; ``(n, values)``."""
        start, single = jnp.asarray(self.start), jnp.asarray(self.single)
        return jnp.where(jnp.isneginf(single), -jnp.inf, (1 - t) * start + t * jnp.maximum(single, -1e300))

    def init(self, positions: State, keys: Key[Array, " chains"]) -> Any:
        """What :meth:`step` carries, from states whose leaves are ``(chains, size)``."""
        if self.wide is not None:
            return jax.vmap(lambda x: to_values(self.empty, x), out_axes=1)(positions)
        with jax.enable_x64(False):
            return over_chains(self._kernel(jnp.zeros((), jnp.float32), None)).init(positions, keys)

    def positions(self, state: Any) -> State:
        """States whose leaves are ``(chains, size)``."""
        if self.wide is not None:
            return jax.vmap(lambda values: from_values(self.empty, values), in_axes=1)(state)
        with jax.enable_x64(False):
            return over_chains(self._kernel(jnp.zeros((), jnp.float32), None)).view(state).position

    def step(
        self,
        keys: Key[Array, " chains"],
        t: Float[Array, ""],
        penalty: Float[Array, ""],
        is_backwards: Bool[Array, ""],
        state: Any,
    ) -> Any:
        """A sweep that leaves ``p_t`` as it is; backwards, its time reversal where the kernel has one.

        Args:
            keys: one a chain, shape ``(chains,)``.
            t: place on the path, a scalar in [0, 1].
            penalty: what zeros cost, a scalar in nats.
            is_backwards: the order, a bool scalar.
            state: from :meth:`init` or the last step.
        """
        if self.wide is not None:
            law = WideLaw(self.wide.softened(penalty), self.single_at(t), t)
            return sweep(keys[0], self.wide, law, state, is_backwards)
        single = self.single_at(t).astype(jnp.float32)
        scale, most = t.astype(jnp.float32), penalty.astype(jnp.float32)
        with jax.enable_x64(False):
            return over_chains(self._kernel(scale, (single, most))).step(keys, state)[0]

    def gain(self, penalty: Float[Array, ""], state: Any) -> Float[Array, " chains"]:
        """Derivative of ``log p_t`` by ``t``, float64 ``(chains,)``."""
        values, coupled, _ = self._weigh(penalty, state)
        start, single = _at(self.start, values), _at(self.single, values)
        return coupled + jnp.where(jnp.isneginf(single), 0.0, single - start).sum(0)

    def log_weights(self, penalty: Float[Array, ""], state: Any) -> Float[Array, " chains"]:
        """Log weights of the target, float64 ``(chains,)``: minus infinity where a zero forbids the state."""
        values, coupled, zeros = self._weigh(penalty, state)
        return jnp.where(zeros > 0.5, -jnp.inf, coupled + _at(self.single, values).sum(0))

    def _weigh(self, penalty: Array, state: Any) -> tuple[Array, Array, Array]:
        """Values ``(n, chains)``; ``T`` with its zeros softened; how many zeros are met."""
        if self.wide is not None:
            zeros = self.wide.log_weight(jnp.asarray(self.wide.forbidden, jnp.float64), state)
            return state, self.wide.log_weight(self.wide.softened(penalty), state), zeros
        assert self.coupled is not None
        positions = self.positions(state)
        values = jax.vmap(lambda x: to_values(self.empty, x), out_axes=1)(positions)
        if not self.coupled.factors:
            return values, jnp.zeros(values.shape[1]), jnp.zeros(values.shape[1])
        softened = jax.tree.map(lambda w: _softened(jnp.asarray(w), penalty), self.coupled)
        forbids = jax.tree.map(lambda w: -jnp.isneginf(jnp.asarray(w)).astype(jnp.float64), self.coupled)
        return values, -energies(softened, positions), energies(forbids, positions)

    def _kernel(self, t: Array, parameters: tuple[Array, Array] | None) -> Any:
        """The fast kernel at ``t``; without parameters, one that only knows its layout."""
        assert self.coupled is not None
        n = sum(group.size for _, group in self.groups)
        single, penalty = parameters or (jnp.zeros((n, self.single.shape[1]), jnp.float32), jnp.zeros(()))

        def scaled(weights: Array) -> Array:
            return t * _softened(jnp.asarray(weights).astype(jnp.float32), penalty)

        factors = [*jax.tree.map(scaled, self.coupled).factors, *_fields(self.groups, single)]
        graph = FactorGraph(groups=self.groups, factors=tuple(factors))
        clamp = {name: Clamp(np.frombuffer(mask, bool), self.values[name]) for name, mask in self.masks}
        return gibbs(graph, 1.0, clamp or None)


def problem_of(graph: FactorGraph, beta: Any, clamp: Clamps | None, num_chains: int) -> PathProblem:
    """The path to a graph at an inverse temperature.

    Args:
        graph: discrete; factors of several variables must be :class:`~isotherm.energy.factor.Factor`.
        beta: inverse temperature.
        clamp: variables held.
        num_chains: how many will run: with few of them more tables can be swept in float64.

    Raises:
        ValueError: naming the factor, group or variable at fault; or if no value of some variable is possible.
    """
    _check(graph, clamp or {})
    held = held_variables(graph, clamp)
    tables = tables_of(graph, float(beta))
    single, constant = _singles(graph, tables, clamp or {})
    coupled = _several(tables)
    tops = [tops_of(logs) for logs in coupled.logs]
    shifted = tuple(logs - top for logs, top in zip(coupled.logs, tops, strict=True))
    coupled = Tables(tables.cardinalities, coupled.scopes, shifted, tables.names)
    has_zeros = any(np.isneginf(logs).any() for logs in shifted)
    largest = _largest_local(coupled, single)
    is_stiff = any((ranges_of(logs) > STIFF).any() for logs in shifted)
    is_wide = (is_stiff or has_zeros or largest > COARSE) and is_affordable(coupled, num_chains)
    if is_wide:
        constant += sum(float(_each(top, scopes)) for top, scopes in zip(tops, coupled.scopes, strict=True))
        wide, fast = wide_tables(coupled, independent_blocks(graph, held)), None
    else:
        wide, fast, moved = None, *_fast(graph, float(beta))
        constant += moved
    path = Path(
        groups=graph.groups,
        start=np.maximum(single, np.where(np.isneginf(single), -np.inf, -DEPTH)),
        single=single,
        wide=wide,
        coupled=fast,
        values={name: jnp.asarray(held.values) for name, held in (clamp or {}).items()},
        masks=tuple((name, np.asarray(held.mask).tobytes()) for name, held in (clamp or {}).items()),
    )
    is_coarse = largest > COARSE and not is_wide
    return PathProblem(path, constant, has_zeros, is_coarse, penalty_of(list(shifted)))


def draw_start(key: Key[Array, ""], path: Path, num_chains: int) -> State:
    """Draws at ``t = 0``, leaves ``(num_chains, size)``."""
    with jax.enable_x64(True):
        return _draw_start(key, path, num_chains)


@eqx.filter_jit
def _draw_start(key: Key[Array, ""], path: Path, num_chains: int) -> State:
    drawn = jax.random.categorical(key, jnp.asarray(path.start), shape=(num_chains, len(path.start)))
    return jax.vmap(lambda v: from_values(path.empty, v))(drawn.astype(jnp.int32))


def _check(graph: FactorGraph, clamp: Clamps) -> None:
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


def _singles(graph: FactorGraph, tables: Tables, clamp: Clamps) -> tuple[np.ndarray, float]:
    """Log weights of each variable alone, their maxima taken out, and the sum of those; float64."""
    counts = cardinalities(graph)
    found = np.where(np.arange(counts.max()) < counts[:, None], 0.0, -np.inf)
    for scopes, logs in zip(tables.scopes, tables.logs, strict=True):
        if scopes.shape[1] == 1:
            padded = np.full((len(logs), found.shape[1]), -np.inf)
            padded[:, : logs.shape[1]] = logs
            np.add.at(found, scopes[:, 0], np.broadcast_to(padded, (len(scopes), padded.shape[1])))
    offsets = graph.offsets()
    for name, held in clamp.items():
        mask, values = np.asarray(held.mask), np.asarray(held.values)
        possible = graph.variables[name].values()
        other = mask[:, None] & (possible[None] != values[:, None])
        rows = slice(offsets[name], offsets[name] + len(mask))
        found[rows, : len(possible)] = np.where(other, -np.inf, found[rows, : len(possible)])
    tops = found.max(axis=1)
    if np.isneginf(tops).any():
        at = graph.variable_name(int(np.flatnonzero(np.isneginf(tops))[0]))
        raise refusal("log Z", "-inf", f"no state is possible: no value of {at} is")
    return found - tops[:, None], float(tops.sum())


def _several(tables: Tables) -> Tables:
    chosen = [k for k, scopes in enumerate(tables.scopes) if scopes.shape[1] > 1]
    scopes, logs = (tuple(each[k] for k in chosen) for each in (tables.scopes, tables.logs))
    return Tables(tables.cardinalities, scopes, logs, tables.names)


def _each(tops: np.ndarray, scopes: np.ndarray) -> float:
    """Sum over tables, where all may share one."""
    return float(tops.sum()) * (len(scopes) if len(tops) == 1 else 1)


def _largest_local(coupled: Tables, single: np.ndarray) -> float:
    """Largest sum of the ranges of all tables that a variable is in."""
    total = -np.where(np.isneginf(single), 0.0, single).min(axis=1)
    for scopes, logs in zip(coupled.scopes, coupled.logs, strict=True):
        ranges = np.broadcast_to(ranges_of(logs), (len(scopes),))
        for column in scopes.T:
            np.add.at(total, column, ranges)
    return float(total.max(initial=0.0))


def _fast(graph: FactorGraph, beta: float) -> tuple[FactorGraph, float]:
    """Factors of several variables at ``beta = 1``, in float64, and the constant taken out of their tables."""
    factors, constant = [], 0.0
    for factor in graph.factors:
        if factor.scope.arity == 1 or not isinstance(factor, Factor):
            continue
        host = np.asarray(factor.weights, np.float64)
        with np.errstate(invalid="ignore"):
            weights = np.where(np.isneginf(host), -np.inf, beta * host)
        if all(graph.variables[name].kind == "categorical" for name in factor.scope.groups):
            tops = tops_of(weights)
            weights, constant = weights - tops, constant + _each(tops, factor.scope.variables)
        factors.append(Factor(weights=weights, scope=factor.scope, name=factor.name))
    return FactorGraph(groups=graph.groups, factors=tuple(factors)), constant


def _fields(groups: tuple[tuple[str, Variables], ...], single: Float[Array, "n values"]) -> list[Factor]:
    """A factor of one variable for each group, from log weights of all variables' values."""
    factors, start = [], 0
    for name, group in groups:
        part = single[start : start + group.size, : group.cardinality]
        if group.kind == "spin":  # what is held, or forced, has no finite field: far enough for float32
            part = 0.5 * jnp.diff(jnp.maximum(part, -1e6), axis=1)[:, 0]
        factors.append(Factor.of(name, np.arange(group.size), part, name=f"fields of {name}"))
        start += group.size
    return factors


def _softened(weights: Array, penalty: Array) -> Array:
    return jnp.where(jnp.isneginf(weights), -penalty, weights)


def _at(table: Any, values: Array) -> Array:
    """Entry of each variable's value, ``(n, chains)``."""
    return jnp.take_along_axis(jnp.asarray(table), values, axis=1)
