"""Answers by sampling, where exact ones would take too much: with standard errors, or the reason why there are none.

Evidence and temperature are put into the tables first, so that every sampler sees an ordinary graph at ``beta = 1``.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.uai_graph import Grouped, graph_of
from isotherm.errors import refusal
from isotherm.infer import Answer, Estimate, Found, Source
from isotherm.infer_marginals import MAX_APART, MAX_RHAT, Drawn, Marginals, furthest, marginals_of
from isotherm.random.keys import seeded
from isotherm.sample.ais import LogZ, log_z
from isotherm.sample.annealing import anneal
from isotherm.sample.cluster import swendsen_wang
from isotherm.sample.gibbs import gibbs
from isotherm.sample.run import sample
from isotherm.sample.single import single_weights
from isotherm.sample.softening import has_zeros, penalty_of, softened
from isotherm.sample.tempering import find_ladder, tempering
from isotherm.sample.values import from_values

NUM_CHAINS = 32
AIS_CHAINS = 1024
MIN_WARMUP = 500

FEWEST_POSSIBLE = 0.5
"""Share of draws that should be possible where zeros are softened; with fewer, zeros cost twice as much."""

MAX_SOFTENINGS = 4

_ZEROS = "the model has zeros: a sampler that changes few variables at a time may not reach every state"
_HARDER = "raise the temperature, hold more variables by evidence, or make the model smaller"


class Sampled:
    """A model in the form that samplers take, and the way back.

    Attributes:
        source: the model file.
        values: evidence, -1 where free.
        grouped: the graph of the free variables.
        has_zeros: whether it forbids anything about several of them.
        key: of everything random.
    """

    def __init__(self, source: Source, values: np.ndarray, seed: int) -> None:
        self.source, self.values = source, values
        self.grouped: Grouped = graph_of(source.tables, values)
        self.has_zeros = has_zeros(self.grouped.graph)
        self.key = seeded(seed)

    @property
    def graph(self) -> FactorGraph:
        """Of the free variables."""
        return self.grouped.graph

    @property
    def constant(self) -> float:
        """What the log weight of every state lacks in the graph."""
        return self.grouped.constant + self.source.constant

    def flat(self, position: State) -> np.ndarray:
        """States of all variables, int64 ``(..., n)`` with values counted from 0."""
        host = {name: np.asarray(state) for name, state in position.items()}
        lead = next(iter(host.values())).shape[:-1]
        columns = [
            np.broadcast_to(max(int(value), 0), lead) if place is None else host[place[0]][..., place[1]]
            for place, value in zip(self.grouped.places, self.values, strict=True)
        ]
        return np.stack(columns, axis=-1).astype(np.int64)

    def marginals(self, drawn: Drawn) -> Marginals:
        """Of all variables."""
        held = np.array(
            [
                max(int(value), 0) if place is None else -1
                for place, value in zip(self.grouped.places, self.values, strict=True)
            ]
        )
        return marginals_of(drawn, self.source.tables.cardinalities, held)

    @functools.cached_property
    def best(self) -> np.ndarray:
        """The best state of an annealing run."""
        found = anneal(jax.random.fold_in(self.key, 1), self.graph, num_chains=NUM_CHAINS)
        return self.flat(found.state)

    @functools.cached_property
    def partition(self) -> LogZ:
        """The annealed importance sampling run.

        Raises:
            ValueError: if it met no possible state.
        """
        found = log_z(jax.random.fold_in(self.key, 2), self.graph, num_chains=AIS_CHAINS)
        if not np.isfinite(found.value):
            raise refusal(
                "task", "z, marginals", f"no possible state was found under the model's zeros; {_HARDER}"
            )
        return found

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
    source: Source, values: np.ndarray, tasks: Sequence[str], how: str, draws: int, seed: int
) -> Answer:
    """Answer by chains (``gibbs``, ``tempering``, ``swendsen-wang``) or weighted chains (``ais``).

    log Z always comes from annealed importance sampling, the best state from annealing and from all draws. ``auto``
    is tempering, or annealed importance sampling where only that converges.

    Raises:
        ValueError: if the sampler does not apply, naming the factor; or if no possible state was found.
    """
    model = Sampled(source, values, seed)
    answer = Answer(source.name, "tempering" if how == "auto" else how, "", source.labels)
    if model.has_zeros and how in ("gibbs", "swendsen-wang"):
        answer.warnings.append(_ZEROS)
    drawn = None
    if {"marginals", "samples"} & set(tasks):
        if "z" in tasks:
            _ = model.partition  # so that draws are held against it
        drawn, found = _drawn(answer, model, how, draws)
        if "marginals" in tasks:
            answer.marginals = found.means
            answer.marginal_errors = found.errors if answer.is_converged else None
        if "samples" in tasks:
            answer.samples = _samples(drawn, draws, seed)
    if "map" in tasks:
        answer.map = _best(model, drawn)
    if "z" in tasks:
        _answer_z(answer, model)
    return answer


def _drawn(answer: Answer, model: Sampled, how: str, draws: int) -> tuple[Drawn, Marginals]:
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


def _doubt(how: str, model: Sampled, drawn: Drawn, found: Marginals) -> str:
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


def _advice(how: str, model: Sampled, found: Marginals) -> str:
    """Anything but more of what failed."""
    more = "more draws will not help: " if np.isinf(found.rhat) else "take more draws, or "
    works = not model.has_partition or model.partition.is_converged
    if how == "tempering":
        return more + ("take method ais" if works else _HARDER)
    return more + ("take method tempering or ais" if works else "take method tempering")


def _warn(answer: Answer, why: str) -> None:
    answer.is_converged = False
    answer.warnings.append(f"not converged: {why}")


def _answer_z(answer: Answer, model: Sampled) -> None:
    found, constant = model.partition, model.constant
    value, reason = found.value + constant, "" if found.is_converged else found.reason
    if answer.map is not None and value < answer.map.log_weight:
        reason = reason or "the best state that was found weighs more alone"
        value = answer.map.log_weight
    if reason:
        _warn(answer, f"log Z: {reason}; {_HARDER}")
    answer.log_z = Estimate(float(value), None if reason else float(found.error))


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


def _best(model: Sampled, drawn: Drawn | None) -> Found:
    candidates = [model.best[None]]
    if drawn is not None:
        candidates.append(np.unique(drawn.possible(), axis=0))
    if model.has_partition:
        candidates.append(np.unique(model.annealed.states[:, 0], axis=0))
    states = np.concatenate(candidates)
    log_weights = model.source.tables.log_weight(states)
    at = int(np.argmax(log_weights))
    if log_weights[at] == -np.inf:
        raise refusal("task", "map", "no possible state was found under the model's zeros")
    return Found(states[at], float(log_weights[at] + model.source.constant))
