"""Answers by sampling, where exact ones would take too much: each with its standard error.

Evidence and temperature are put into the tables first, so that every sampler sees an ordinary graph at ``beta = 1``.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.graph import State
from isotherm.energy.uai_graph import Grouped, graph_of
from isotherm.errors import refusal
from isotherm.infer import Answer, Estimate, Found, Source
from isotherm.sample.ais import LogZ, ais, log_z
from isotherm.sample.annealing import anneal
from isotherm.sample.cluster import swendsen_wang
from isotherm.sample.gibbs import gibbs
from isotherm.sample.run import sample
from isotherm.sample.tempering import find_ladder, tempering
from isotherm.sample.values import from_values, random_values

NUM_CHAINS = 32
AIS_CHAINS = 1024
MIN_WARMUP = 500
MAX_RHAT = 1.05
"""Beyond, chains that started apart do not agree."""

FEWEST_EFFECTIVE = 0.05
"""Share of the chains of annealed importance sampling that must count."""

_ZEROS = "the model has zeros: a sampler that changes few variables at a time may not reach every state"


class Sampled:
    """A model in the form that samplers take, and the way back.

    Attributes:
        source: the model file.
        values: evidence, -1 where free.
        grouped: the graph of the free variables.
        key: of everything random.
    """

    def __init__(self, source: Source, values: np.ndarray, seed: int) -> None:
        self.source, self.values = source, values
        self.grouped: Grouped = graph_of(source.tables, values)
        self.key = jax.random.key(seed)

    def flat(self, position: State) -> np.ndarray:
        """States of all variables, int64 ``(..., n)`` with values counted from 0."""
        host = {name: np.asarray(state) for name, state in position.items()}
        lead = next(iter(host.values())).shape[:-1]
        columns = [
            np.broadcast_to(max(int(value), 0), lead) if place is None else host[place[0]][..., place[1]]
            for place, value in zip(self.grouped.places, self.values, strict=True)
        ]
        return np.stack(columns, axis=-1).astype(np.int64)

    @functools.cached_property
    def best(self) -> tuple[np.ndarray, State]:
        """The best state of an annealing run, and the best of each of its chains."""
        found = anneal(jax.random.fold_in(self.key, 1), self.grouped.graph, num_chains=NUM_CHAINS)
        return self.flat(found.state), found.states

    @functools.cached_property
    def partition(self) -> LogZ:
        """The annealed importance sampling run."""
        key, graph = jax.random.fold_in(self.key, 2), self.grouped.graph
        if self.source.has_zeros:  # energies without bound leave no spread by which to space temperatures
            return ais(key, graph, steps=4000, num_chains=AIS_CHAINS)
        return log_z(key, graph, num_chains=AIS_CHAINS)

    def draws(self, how: str, num: int) -> np.ndarray:
        """States of chains that start apart, int64 ``(chains, samples, n)``."""
        key, graph = jax.random.fold_in(self.key, 3), self.grouped.graph
        key_start, key_ladder, key_run = jax.random.split(key, 3)
        kernel = swendsen_wang(graph) if how == "swendsen-wang" else gibbs(graph)
        starts = self._starts(key_start)
        if how == "tempering":
            kernel = self._tempered(key_ladder, starts)
        each = -(-num // NUM_CHAINS)
        found = sample(key_run, kernel, starts, num_warmup=max(each, MIN_WARMUP), num_samples=each)
        return self.flat(found.values)

    def _starts(self, key: Key[Array, ""]) -> State:
        """Anywhere; where states may be impossible, the best of annealing runs."""
        if self.source.has_zeros:
            return self.best[1]
        graph = self.grouped.graph
        return jax.vmap(lambda values: from_values(graph, values))(random_values(key, graph, NUM_CHAINS))

    def _tempered(self, key: Key[Array, ""], starts: State) -> Any:
        graph = self.grouped.graph
        coldest = 0.05 if self.source.has_zeros else 0.0

        def kernel_at(beta: Any) -> Any:
            return gibbs(graph, beta)

        ladder = find_ladder(key, kernel_at, graph.energy, starts, beta_min=coldest, beta_max=1.0)
        return tempering(kernel_at, jnp.asarray(ladder.betas, jnp.float32), graph.energy)


def sampled_answer(
    source: Source, values: np.ndarray, tasks: Sequence[str], how: str, draws: int, seed: int
) -> Answer:
    """Answer by chains (``gibbs``, ``tempering``, ``swendsen-wang``) or weighted chains (``ais``).

    log Z always comes from annealed importance sampling, the best state from annealing and from all draws.

    Raises:
        ValueError: if the sampler does not apply, naming the factor; or if no possible state was found.
    """
    model = Sampled(source, values, seed)
    answer = Answer(source.name, how, "", source.labels)
    if source.has_zeros:
        answer.warnings.append(_ZEROS)
    if "z" in tasks:
        _answer_z(answer, model)
    states, weights = None, None
    if {"marginals", "samples"} & set(tasks):
        states, weights = _states(answer, model, how, draws)
        if "marginals" in tasks:
            _answer_marginals(answer, model, states, weights)
        if "samples" in tasks:
            answer.samples = _samples(states, weights, draws, seed)
    if "map" in tasks:
        answer.map = _best(model, states)
    return answer


def _answer_z(answer: Answer, model: Sampled) -> None:
    found = model.partition
    if found.ess < FEWEST_EFFECTIVE * len(found.log_weights):
        chains = f"{found.ess:.1f} of {len(found.log_weights)} chains"
        answer.warnings.append(f"log Z rests on {chains}; its error may be larger than said")
    if not np.isfinite(found.value):
        raise refusal("task", "z", "annealed importance sampling met no possible state; leave log Z out")
    value = found.value + model.grouped.constant + model.source.constant
    answer.log_z = Estimate(float(value), float(found.error))


def _states(answer: Answer, model: Sampled, how: str, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """States ``(chains, samples, n)``, and the weight of each chain."""
    if how == "ais":
        found = model.partition
        states = model.flat(found.positions)[:, None]
        weights = np.exp(found.log_weights - found.log_weights.max())
        return states, weights / weights.sum()
    states = model.draws(how, draws)
    if np.isneginf(model.source.tables.log_weight(states[:, -1])).any():
        raise refusal("method", how, "found no possible state under the model's zeros; try tempering")
    return states, np.full(len(states), 1 / len(states))


def _answer_marginals(answer: Answer, model: Sampled, states: np.ndarray, weights: np.ndarray) -> None:
    """Means over chains; errors from how far chains lie apart, at least those of as many fair draws.

    The latter matter for values that hardly a chain has seen, whose spread says nothing.
    """
    answer.marginals, answer.marginal_errors = [], []
    num_fair = states.shape[1] / (weights @ weights)
    worst, worst_at = 1.0, 0
    for v, q in enumerate(model.source.tables.cardinalities.tolist()):
        if model.grouped.places[v] is None:
            answer.marginals.append(np.eye(1, q, max(int(model.values[v]), 0))[0])
            answer.marginal_errors.append(np.zeros(q))
            continue
        shares = (states[..., v, None] == np.arange(q)).mean(axis=1)
        mean = weights @ shares
        spread = weights**2 @ (shares - mean) ** 2 * len(weights) / (len(weights) - 1)
        answer.marginals.append(mean)
        smoothed = (mean * num_fair + 1) / (num_fair + q)
        least = smoothed * (1 - smoothed) / num_fair
        answer.marginal_errors.append(np.sqrt(np.maximum(spread, least)))
        rhat = _rhat(shares, states.shape[1])
        if rhat > worst:
            worst, worst_at = rhat, v
    if worst > MAX_RHAT:
        where = f"R-hat {worst:.2f} at {model.source.labels[worst_at]}"
        answer.warnings.append(f"chains do not agree ({where}); take more draws, or tempering")


def _rhat(shares: np.ndarray, num_samples: int) -> float:
    """Gelman and Rubin's, the worst over values; 1 where nothing varies or there is one sample a chain."""
    if num_samples < 2:
        return 1.0
    within = (shares * (1 - shares)).mean(axis=0) * num_samples / (num_samples - 1)
    between = shares.var(axis=0, ddof=1)
    varies = between > 0
    ratio = np.divide(between, within, out=np.full(len(within), np.inf), where=within > 0)
    return float(np.sqrt(1 - 1 / num_samples + ratio[varies]).max(initial=1.0))


def _samples(states: np.ndarray, weights: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """As many states as asked for: of weighted chains drawn anew, else the chains' own, taking turns."""
    if states.shape[1] == 1 and len(weights) == AIS_CHAINS:
        chosen = np.random.default_rng(seed).choice(len(states), draws, p=weights)
        return states[chosen, 0]
    return states.swapaxes(0, 1).reshape(-1, states.shape[-1])[:draws]


def _best(model: Sampled, states: np.ndarray | None) -> Found:
    candidates = model.best[0][None]
    if states is not None:
        candidates = np.concatenate([candidates, np.unique(states.reshape(-1, states.shape[-1]), axis=0)])
    log_weights = model.source.tables.log_weight(candidates)
    at = int(np.argmax(log_weights))
    if log_weights[at] == -np.inf:
        raise refusal("task", "map", "no possible state was found under the model's zeros")
    return Found(candidates[at], float(log_weights[at] + model.source.constant))
