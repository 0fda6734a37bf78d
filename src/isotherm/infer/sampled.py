"""Answers by sampling, where exact ones would take too much: with standard errors, or the reason why there are none.

Evidence and temperature are put into the tables first, and values that zeros rule out are taken from them, so that
every sampler sees an ordinary graph at ``beta = 1``. All of it keeps to a limit of time.
"""

import functools
import time
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.files.uai_graph import Grouped, graph_of
from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.exact.graph.narrowing import Narrowed, narrowed
from isotherm.exact.graph.solve import impossible
from isotherm.infer.answer import Answer, Found, Proven, Uncertain
from isotherm.infer.clock import Clock
from isotherm.infer.marginals import MAX_APART, MAX_RHAT, Drawn, Marginals, furthest, marginals_of
from isotherm.infer.search.blocking import blocked_chains
from isotherm.infer.search.search import Search
from isotherm.infer.source import Source
from isotherm.random.keys import seeded
from isotherm.sample.clusters.graph import swendsen_wang
from isotherm.sample.flat import from_values
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.log_tables import single_weights
from isotherm.sample.run import sample
from isotherm.sample.temperatures.ais import LogZ, log_z
from isotherm.sample.temperatures.annealing import anneal
from isotherm.sample.temperatures.softening import penalty_of, softened
from isotherm.sample.temperatures.tempering import find_ladder, tempering

NUM_CHAINS = 32
BLOCKED_CHAINS = 4

FEWEST_SWEEPS = 10
"""Of blocked Gibbs sampling, before marginals are believed."""

AIS_CHAINS = 1024
MIN_WARMUP = 500

FEWEST_POSSIBLE = 0.5
"""Share of draws that should be possible where zeros are softened; with fewer, zeros cost twice as much."""

MAX_SOFTENINGS = 4

_UNTIL_POSSIBLE = 0.8
"""Share of the time left after a search that goes into finding a first possible state."""

_Z_LIMITS = (1 << 10, 1 << 16, 1 << 19)  # entries of tables, one after the other while there is time
_TIMES_LAST = 20  # longer than the one before

MAX_OUTSIDE = 5
"""Standard errors that log Z may lie outside what is proven."""

_ROUNDING = 1e-5  # of samplers, which count in float32

_ZEROS = "the model has zeros: a sampler that changes few variables at a time may not reach every state"
_HARDER = "raise the temperature, hold more variables by evidence, or make the model smaller"


class SampledModel:
    """A model in the form that samplers take, and the way back.

    Attributes:
        source: the model file.
        values: evidence, int, shape ``(n,)``, -1 where free.
        smaller: the model without what is impossible.
        has_zeros: whether it forbids anything about several of them.
        key: of everything random.
    """

    def __init__(self, source: Source, values: np.ndarray, seed: int) -> None:
        self.source, self.values, self.seed = source, values, seed
        self.smaller: Narrowed = narrowed(source.tables, values)
        if not self.smaller.tables.scopes:  # nothing would be left to sample
            self.smaller = narrowed(source.tables, values, by_zeros=False)
        self.has_zeros = any(np.isneginf(logs).any() for logs in self.smaller.tables.logs if logs.ndim > 2)
        self.key = seeded(seed)

    @functools.cached_property
    def grouped(self) -> Grouped:
        """The graph of the variables that have several possible values."""
        return graph_of(self.smaller.tables, self.smaller.values)

    @property
    def graph(self) -> FactorGraph:
        """Of the free variables."""
        return self.grouped.graph

    @property
    def constant(self) -> float:
        """What the log weight of every state lacks in the graph."""
        return self.grouped.constant + self.smaller.constant + self.source.constant

    @property
    def constant_of_search(self) -> float:
        """What the log weight of every state lacks in the smaller model."""
        return self.smaller.constant + self.source.constant

    def flat(self, position: State) -> np.ndarray:
        """States of all variables, int64 ``(..., n)`` with values counted from 0."""
        host = {name: np.asarray(state) for name, state in position.items()}
        lead = next(iter(host.values())).shape[:-1]
        columns = [
            np.zeros(lead, np.int64) if place is None else host[place[0]][..., place[1]]
            for place in self.grouped.places
        ]
        return self.smaller.widened(np.stack(columns, axis=-1))

    def marginals(self, drawn: Drawn) -> Marginals:
        """Of all variables."""
        held = np.array([kept[0] if len(kept) == 1 else -1 for kept in self.smaller.kept])
        return marginals_of(drawn, self.source.tables.cardinalities, held)

    def annealed_state(self) -> np.ndarray:
        """The best state of an annealing run, among the values of the smaller model: int64, shape ``(n,)``."""
        found = anneal(jax.random.fold_in(self.key, 1), self.graph, num_chains=NUM_CHAINS)
        return self.smaller.narrowed_state(self.flat(found.state))

    @functools.cached_property
    def partition(self) -> LogZ:
        """The annealed importance sampling run.

        Raises:
            ValueError: if it met no possible state.
        """
        return self._partition()

    def _partition(self) -> LogZ:
        found = log_z(jax.random.fold_in(self.key, 2), self.graph, num_chains=AIS_CHAINS)
        if not np.isfinite(found.value):
            raise refusal(
                "task", "z, marginals", f"no possible state was found under the model's zeros; {_HARDER}"
            )
        return found

    def partition_until(self, clock: Clock, until: float) -> None:
        """Have :attr:`partition` computed, if that ends in time."""
        found = clock.run(self._partition, until)
        if found is not None:
            self.__dict__["partition"] = found

    @property
    def has_partition(self) -> bool:
        """Whether :attr:`partition` was asked for already."""
        return "partition" in self.__dict__

    @functools.cached_property
    def annealed(self) -> Drawn:
        """Last states of annealed importance sampling, one a chain, by weight."""
        found = self.partition
        weights = np.exp(found.log_weights - found.log_weights.max())
        states = self.flat(found.positions)[:, None]
        return Drawn(states, np.ones(states.shape[:2], bool), weights / weights.sum())

    def draws(self, how: str, num: int) -> Drawn:
        """States of chains that start apart."""
        key, graph = jax.random.fold_in(self.key, 3), self.graph
        if how == "tempering":
            return self._tempered(key, num)
        key_start, key_run = jax.random.split(key)
        kernel = swendsen_wang(graph) if how == "swendsen-wang" else gibbs(graph)
        starts = self._possible_starts(key_start) if self.has_zeros else _anywhere(key_start, graph)
        return self._run(key_run, kernel, starts, num)

    def _run(self, key: Key[Array, ""], kernel: Any, starts: State, num: int) -> Drawn:
        each = -(-num // NUM_CHAINS)
        found = sample(key, kernel, starts, num_warmup=max(each, MIN_WARMUP), num_samples=each)
        states = self.flat(found.values)
        log_weights = self.source.tables.log_weight(states.reshape(-1, states.shape[-1]))
        is_possible = np.isfinite(log_weights).reshape(states.shape[:2])
        counts = is_possible.sum(axis=1).astype(float)
        return Drawn(states, is_possible, counts / max(counts.sum(), 1.0))

    def _tempered(self, key: Key[Array, ""], num: int) -> Drawn:
        """Over softened zeros, which hot replicas cross; what is impossible is left out afterwards."""
        if not self.has_zeros:
            return self._tempered_over(key, self.graph, num)
        penalty = penalty_of([np.asarray(f.parameters) for f in self.graph.factors if f.scope.arity > 1])
        found = self._tempered_over(key, softened(self.graph, penalty), num)
        for attempt in range(1, MAX_SOFTENINGS):
            if found.is_possible.mean() >= FEWEST_POSSIBLE:
                break
            harder = softened(self.graph, penalty * 2**attempt)
            found = self._tempered_over(jax.random.fold_in(key, attempt), harder, num)
        return found

    def _tempered_over(self, key: Key[Array, ""], graph: FactorGraph, num: int) -> Drawn:
        key_start, key_ladder, key_run = jax.random.split(key, 3)
        is_forbidding = any(np.isneginf(np.asarray(f.parameters)).any() for f in graph.factors)
        coldest = 0.05 if is_forbidding else 0.0

        def kernel_at(beta: Any) -> Any:
            return gibbs(graph, beta)

        starts = _anywhere(key_start, graph)
        ladder = find_ladder(key_ladder, kernel_at, graph.energy, starts, beta_min=coldest, beta_max=1.0)
        kernel = tempering(kernel_at, jnp.asarray(ladder.betas, jnp.float32), graph.energy)
        return self._run(key_run, kernel, starts, num)

    def _possible_starts(self, key: Key[Array, ""]) -> State:
        """Drawn by weight from the last states of annealed importance sampling."""
        weights = self.annealed.weights
        chosen = jax.random.choice(key, len(weights), (NUM_CHAINS,), p=jnp.asarray(weights, jnp.float32))
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[chosen], self.partition.positions)


def sampled_answer(
    source: Source, values: np.ndarray, tasks: Sequence[str], how: str, draws: int, seed: int, clock: Clock
) -> Answer:
    """Answer by chains (``gibbs``, ``tempering``, ``swendsen-wang``, ``blocking``) or weighted chains (``ais``).

    log Z comes from annealed importance sampling, the best state from a search and from all draws. ``auto`` is
    ``blocking`` on models with zeros; else tempering, or annealed importance sampling where only that converges. What
    time does not suffice for is told, with the bounds that are proven instead.

    Args:
        source: the model.
        values: evidence, -1 where a variable is free.
        tasks: what to answer.
        how: the method.
        draws: of all chains together.
        seed: of everything random.
        clock: how much time there is.

    Raises:
        ValueError: if the sampler does not apply, naming the factor; if no possible state was found, or none is
            possible; or if time was up before anything was found.
    """
    model = SampledModel(source, values, seed)
    if how == "auto" and model.has_zeros:
        how = "blocking"
    answer = Answer(source.name, "tempering" if how == "auto" else how, "", source.labels)
    if model.has_zeros and how in ("gibbs", "swendsen-wang"):
        answer.warnings.append(_ZEROS)
    needs_draws, needs_z = bool({"marginals", "samples"} & set(tasks)), "z" in tasks
    needs_search = "map" in tasks or how == "blocking"
    waiting = needs_search + needs_draws + needs_z
    found = drawn = at_most = None
    if needs_search:
        found, waiting = _searched(model, clock, waiting), waiting - 1
    if needs_z and how != "blocking":  # before chains, which are held against it
        waiting -= 1
        at_most = _partition(model, found, clock, clock.share(1 + waiting))
    if needs_draws:
        drawn = _answer_draws(answer, model, tasks, how, draws, clock, found, clock.share(waiting))
    if needs_z and how == "blocking":
        at_most = _partition(model, found, clock, clock.share(1), drawn)
    if "map" in tasks and found is not None:
        _answer_map(answer, model, found, drawn)
    if needs_z:
        _answer_z(answer, model, (found, drawn, at_most), clock.limit)
    return answer


def _searched(model: SampledModel, clock: Clock, waiting: int) -> Search:
    """The best state that a search finds in its share of the time."""
    search, until = Search(model.smaller.tables, model.seed), clock.share(waiting)
    if not model.has_zeros and model.smaller.tables.scopes:
        annealed = clock.run(model.annealed_state, time.monotonic() + 0.5 * (until - time.monotonic()))
        if annealed is not None:
            search.offer(annealed)
    constant = model.constant_of_search

    def tell() -> None:
        best = f"{search.log_weight + constant:.8g}" if search.is_possible else "violates zeros"
        clock.tell(f"best state so far {best}")

    search.run(until, tell)
    if not search.is_possible:  # without a state nothing else can begin
        search.run(time.monotonic() + _UNTIL_POSSIBLE * clock.left, tell, is_first=True)
    if not np.isfinite(search.bound) and search.neighbours:  # there was no time for a better one
        search.tighten(_Z_LIMITS[0])
    if search.bound == -np.inf:
        raise impossible(model.values)
    return search


def _partition(
    model: SampledModel, searched: Search | None, clock: Clock, until: float, drawn: Drawn | None = None
) -> float | None:
    """What log Z is at most, and then its estimate, if it is not proven already and there is time."""
    at_most = None if searched is None else _log_z_at_most(model, searched, clock, until)
    known = Proven(log_z_at_least=_log_z_at_least(model, searched, drawn), log_z_at_most=at_most)
    if known.log_z is None:
        model.partition_until(clock, until)
    return at_most


def _log_z_at_most(model: SampledModel, searched: Search, clock: Clock, until: float) -> float:
    at_most, last = np.inf, 0.0
    for limit in _Z_LIMITS:
        begun = time.monotonic()
        if np.isfinite(at_most) and begun + _TIMES_LAST * last > until:
            break
        at_most, last = min(at_most, searched.bound_of_z(limit)), time.monotonic() - begun
        clock.tell()
    return at_most + model.constant_of_search


def _answer_draws(
    answer: Answer,
    model: SampledModel,
    tasks: Sequence[str],
    how: str,
    draws: int,
    clock: Clock,
    found: Search | None,
    until: float,
) -> Drawn | None:
    """Marginals and samples; None where time was up before there were any."""
    asked = sorted({"marginals", "samples"} & set(tasks))
    if found is not None and how == "blocking":
        drawn = _blocked(answer, model, draws, found, until, clock)
        means = model.marginals(drawn)
        if reason := _doubt(how, model, drawn, means):
            _warn(answer, f"{reason}; raise --time-limit, or {_HARDER}")
    else:
        done = clock.run(lambda: _drawn(answer, model, how, draws), until)
        if done is None:
            if set(tasks) == set(asked):
                raise refusal("time_limit", clock.limit, "nothing was sampled in this time; raise it")
            _warn(answer, f"{', '.join(asked)}: not answered within {clock.limit:g} s; raise --time-limit")
            return None
        drawn, means = done
    if "marginals" in tasks:
        answer.marginals = means.means
        answer.marginal_errors = means.errors if answer.is_converged else None
    if "samples" in tasks:
        answer.samples = _samples(drawn, draws, model.seed)
    return drawn


def _blocked(
    answer: Answer, model: SampledModel, draws: int, found: Search, until: float, clock: Clock
) -> Drawn:
    """Chains of blocked Gibbs sampling, from states that separate searches found."""
    tables, starts = model.smaller.tables, [found.state] if found.is_possible else []
    share = (until - time.monotonic()) / (2 * BLOCKED_CHAINS)
    while len(starts) < BLOCKED_CHAINS and time.monotonic() < until - BLOCKED_CHAINS * share:
        search = Search(tables, model.seed + len(starts) + 1)
        search.run(time.monotonic() + share, clock.tell, is_first=True)
        if not search.is_possible:
            break
        starts.append(search.state)
    if not starts:
        mend = f"no possible state to begin from was found; raise the limit, or {_HARDER}"
        raise refusal("time_limit", clock.limit, mend)
    if len(starts) < BLOCKED_CHAINS:
        _warn(
            answer,
            f"chains begin from {len(starts)} of {BLOCKED_CHAINS} states, which may lie close; raise --time-limit",
        )
    begin = np.stack([starts[chain % len(starts)] for chain in range(BLOCKED_CHAINS)])
    states, sweeps = blocked_chains(tables, begin, -(-draws // len(begin)), model.seed, until, clock.tell)
    if sweeps < FEWEST_SWEEPS:
        _warn(answer, f"time was up after {sweeps} sweeps of blocked Gibbs sampling; raise --time-limit")
    full = model.smaller.widened(states)
    return Drawn(full, np.ones(full.shape[:2], bool), np.full(len(full), 1 / len(full)))


def _answer_map(answer: Answer, model: SampledModel, found: Search, drawn: Drawn | None) -> None:
    states = [model.smaller.widened(found.state)[None]]
    if drawn is not None:
        states.append(np.unique(drawn.possible(), axis=0))
    if model.has_partition:
        states.append(np.unique(model.annealed.states[:, 0], axis=0))
    everything = np.concatenate(states)
    log_weights = model.source.tables.log_weight(everything)
    at = int(np.argmax(log_weights))
    if log_weights[at] == -np.inf:
        mend = "no possible state was found under the model's zeros in the time; none is proven impossible"
        raise refusal("task", "map", f"{mend}; raise --time-limit, or {_HARDER}")
    constant = model.source.constant
    answer.map = Found(everything[at], float(log_weights[at] + constant))
    at_most = found.bound + model.constant_of_search
    if np.isfinite(at_most):
        answer.proven = answer.proven._replace(map_at_most=max(at_most, answer.map.log_weight))


def _drawn(answer: Answer, model: SampledModel, how: str, draws: int) -> tuple[Drawn, Marginals]:
    """States and marginals; what speaks against them becomes a warning."""
    if how == "ais":
        if not model.partition.is_converged:
            instead = f"take tempering, or {_HARDER}"
            _warn(answer, f"annealed importance sampling: {model.partition.reason}; {instead}")
        return model.annealed, model.marginals(model.annealed)
    drawn = model.draws(answer.method, draws)
    if not drawn.is_possible.any():
        raise refusal("method", answer.method, f"found no possible state under the model's zeros; {_HARDER}")
    found = model.marginals(drawn)
    reason = _doubt(answer.method, model, drawn, found)
    if reason and how == "auto" and model.partition.is_converged:
        answer.method = "ais"
        answer.warnings.append(f"chains of tempering were given up: {reason}")
        return model.annealed, model.marginals(model.annealed)
    if reason:
        _warn(answer, f"{reason}; {_advice(answer.method, model, found)}")
    return drawn, found


def _doubt(how: str, model: SampledModel, drawn: Drawn, found: Marginals) -> str:
    """What speaks against marginals; empty where nothing does."""
    label = model.source.labels[found.worst]
    if np.isinf(found.rhat):
        return f"chains stand still in different states, of {label} for one"
    if found.rhat > MAX_RHAT:
        return f"chains do not agree (R-hat {found.rhat:.2f} at {label})"
    if not drawn.is_possible.any(axis=1).all():
        return "some chains found no possible state"
    may_be_stuck = model.has_zeros and how in ("gibbs", "swendsen-wang")
    if (may_be_stuck or model.has_partition) and model.partition.is_converged:
        apart, worst = furthest(found, model.marginals(model.annealed))
        if apart > MAX_APART:
            label = model.source.labels[worst]
            return f"annealed importance sampling has other marginals (of {label}, {apart:.0f} standard errors away)"
    elif may_be_stuck:
        return "nothing shows that the chains reach every state that the model's zeros leave"
    return ""


def _advice(how: str, model: SampledModel, found: Marginals) -> str:
    """Anything but more of what failed."""
    more = "more draws will not help: " if np.isinf(found.rhat) else "take more draws, or "
    works = not model.has_partition or model.partition.is_converged
    if how == "tempering":
        return more + ("take method ais" if works else _HARDER)
    return more + ("take method tempering or ais" if works else "take method tempering")


def _warn(answer: Answer, why: str) -> None:
    answer.is_converged = False
    answer.warnings.append(f"not converged: {why}")


def _answer_z(
    answer: Answer, model: SampledModel, met: tuple[Search | None, Drawn | None, float | None], limit: float
) -> None:
    """The estimate, and what is proven: at least the weight of the states that were met, at most a bound."""
    searched, drawn, at_most = met
    at_least = _log_z_at_least(model, searched, drawn)
    if answer.map is not None:
        at_least = max(answer.map.log_weight, -np.inf if at_least is None else at_least)
    answer.proven = answer.proven._replace(log_z_at_least=at_least, log_z_at_most=at_most)
    if (log_z := answer.proven.log_z) is not None:
        answer.log_z = log_z
        return
    if not model.has_partition:
        if at_least is None and at_most is None and answer.marginals is None and answer.map is None:
            raise refusal("time_limit", limit, "log Z was not estimated in this time; raise it")
        _warn(answer, f"log Z: no estimate, as the time of annealed importance sampling was over; {_HARDER}")
        return
    found = model.partition
    value, reason = found.value + model.constant, "" if found.is_converged else found.reason
    right = min(max(value, -np.inf if at_least is None else at_least), np.inf if at_most is None else at_most)
    if abs(value - right) > MAX_OUTSIDE * found.error + _ROUNDING * max(1.0, abs(found.value)):
        reason = reason or "the estimate lies outside what is proven"
    if reason:
        _warn(answer, f"log Z: {reason}; {_HARDER}")
    answer.log_z = Uncertain(float(right), None if reason else float(found.error))


def _log_z_at_least(model: SampledModel, searched: Search | None, drawn: Drawn | None) -> float | None:
    constant, states = model.source.constant, []
    if searched is not None:
        states.append(model.smaller.widened(searched.state)[None])
    if drawn is not None:
        states.append(drawn.possible())
    at_least = None
    if states:
        distinct = np.unique(np.concatenate(states), axis=0)
        total = float(np.logaddexp.reduce(model.source.tables.log_weight(distinct)))
        at_least = total + constant if np.isfinite(total) else None
    return at_least


@eqx.filter_jit
def _anywhere(key: Key[Array, ""], graph: FactorGraph) -> State:
    """Values of all chains, even among those that each variable may take by itself."""
    allowed = [jnp.where(jnp.isneginf(table), -jnp.inf, 0.0) for table in single_weights(graph).values()]
    keys = jax.random.split(key, len(allowed))
    drawn = [
        jax.random.categorical(key, table, shape=(NUM_CHAINS, len(table)))
        for key, table in zip(keys, allowed, strict=True)
    ]
    values = jnp.concatenate(drawn, axis=1).astype(jnp.int32)
    return jax.vmap(lambda one: from_values(graph, one))(values)


def _samples(drawn: Drawn, draws: int, seed: int) -> np.ndarray:
    """As many states as asked for: of weighted chains drawn anew, else the chains' own, taking turns."""
    states = drawn.possible()
    if drawn.states.shape[1] > 1 and len(states) >= draws:
        return states[:draws]
    weights = drawn.weights if drawn.states.shape[1] == 1 else np.full(len(states), 1 / len(states))
    if len(weights) != len(states):
        weights = np.full(len(states), 1 / len(states))
    return states[np.random.default_rng(seed).choice(len(states), draws, p=weights)]
