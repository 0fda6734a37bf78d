"""CMA-ES over fixed windows: each set searches by itself, and all their candidates are judged at once. Section 7.7.

The state is what searches were told, generation by generation; a search that goes on is told it all again, which is
cheap, so that nothing of the library's inside is kept.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Bool, Float64

from isotherm.learn.descend import DescentState, first_state, scored
from isotherm.market.objectives.registry import CEILING
from isotherm.market.train.judge import Judge
from isotherm.market.train.methods.method import Method, is_judged
from isotherm.market.train.points import population_values
from isotherm.market.train.problem import TrainingProblem
from isotherm.random.keys import folded, named

WORST = -1e3 * CEILING
"""What a candidate is worth whose objective is no number."""

Rows = Float64[np.ndarray, "candidates size"]


class SearchesTold(NamedTuple):
    """What the searches of all sets were told.

    Attributes:
        values: objectives of candidates, ``(generations, sets, candidates)``; NaN of sets that had stopped.
        have_stopped: of each set, ``(sets,)``.
    """

    values: Float64[np.ndarray, "generations sets candidates"]
    have_stopped: Bool[np.ndarray, " sets"]


class CovarianceSearch:
    """The search of one set: candidates, and what they are worth.

    Args:
        start: where its law begins, ``(size,)``.
        sigma: its width there, above 0, in units of raw parameters.
        seed: of its draws.
        population: candidates of a generation; None: ``4 + floor(3 ln size)``.
        tol: width of a generation below which it stops.
    """

    def __init__(
        self, start: Float64[np.ndarray, " size"], sigma: float, seed: int, population: int | None, tol: float
    ) -> None:
        import cmaes

        self._library = cmaes.CMA(start.copy(), float(sigma), seed=seed, population_size=population)
        self._tol = tol
        self.is_over = False

    @property
    def population(self) -> int:
        """Candidates of a generation."""
        return self._library.population_size

    def ask(self) -> Rows:
        """The next generation, ``(candidates, size)``."""
        return np.stack([self._library.ask() for _ in range(self.population)])

    def tell(self, candidates: Rows, values: Float64[np.ndarray, " candidates"]) -> None:
        """What they are worth, higher is better; all finite."""
        apart = candidates - self._library.mean
        width = np.sqrt(np.linalg.eigvalsh(apart.T @ apart / len(apart))[-1])
        self._library.tell([(one, -value) for one, value in zip(candidates, values.tolist(), strict=True)])
        self.is_over = bool(width < self._tol) or self._library.should_stop()


def _searches(problem: TrainingProblem) -> list[CovarianceSearch]:
    """Of all sets, before their first generation."""
    settings = problem.training["cma_es_settings"]
    keys = folded(named(problem.key, "cma_es"), np.arange(problem.num_sets, dtype=np.uint32))
    seeds = jax.vmap(lambda key: jax.random.bits(key, (), "uint32"))(keys).tolist()
    starts = problem.coordinates.rows(problem.params)
    population, tol = settings["population_size"], settings["tol"]
    return [
        CovarianceSearch(start, settings["sigma0"], seed, population, tol)
        for start, seed in zip(starts, seeds, strict=True)
    ]


def _replayed(problem: TrainingProblem, told: SearchesTold) -> list[CovarianceSearch]:
    """Searches that were told these objectives."""
    searches = _searches(problem)
    for generation in np.asarray(told.values):
        for search, values in zip(searches, generation, strict=True):
            if not search.is_over:
                search.tell(search.ask(), values)
    return searches


def _begun(problem: TrainingProblem) -> DescentState:
    searches = _searches(problem)
    nothing = np.zeros((0, len(searches), searches[0].population))
    state = first_state(problem.params, optax.identity(), set_axis=0)
    return state._replace(memory=SearchesTold(nothing, np.zeros(len(searches), bool)))


def _advanced(
    problem: TrainingProblem, state: DescentState, last: int, judge: Judge | None
) -> list[DescentState]:
    searches = _replayed(problem, state.memory)
    seen = []
    while int(state.step) < last:
        state = _generation(problem, searches, state)
        seen.append(state)
    if judge is not None:
        seen[-1] = scored(state, judge, set_axis=0)
    return seen


def _generation(
    problem: TrainingProblem, searches: list[CovarianceSearch], state: DescentState
) -> DescentState:
    """One generation of all sets that have not stopped; each set keeps the best candidate that it ever had."""
    own, had_stopped = problem.coordinates.rows(state.parameters), [search.is_over for search in searches]
    pairs = zip(searches, own, strict=True)
    asked = np.stack(
        [one.ask() if not one.is_over else np.tile(row, (one.population, 1)) for one, row in pairs]
    )
    values = _values(problem, asked, state.parameters)
    for search, candidates, worth in zip(searches, asked, values, strict=True):
        if not search.is_over:
            search.tell(candidates, worth)
    told = np.where(np.asarray(had_stopped)[:, None], np.nan, values)
    rows, top = _best(state, asked, values, own)
    params = jax.tree.map(jnp.asarray, problem.coordinates.placed(rows, state.parameters))
    return state._replace(
        parameters=params,
        averaged=params,
        step=np.asarray(state.step + 1),
        memory=SearchesTold(
            np.concatenate([np.asarray(state.memory.values), told[None]]),
            np.asarray([search.is_over for search in searches]),
        ),
        values=np.concatenate([state.values.reshape(-1, len(top)), top[None]]),
    )


def _best(
    state: DescentState, asked: np.ndarray, values: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best of each set so far, ``(sets, size)``, and its objective, ``(sets,)``."""
    sets = np.arange(len(own))
    best = values.argmax(axis=1)
    before = state.values[-1] if len(state.values) else np.full(len(own), -np.inf)
    is_better = values[sets, best] > before
    rows = np.where(is_better[:, None], asked[sets, best], own)
    return rows, np.where(is_better, values[sets, best], before)


def _values(
    problem: TrainingProblem, asked: Float64[np.ndarray, "sets candidates size"], others: Mapping[str, Any]
) -> Float64[np.ndarray, "sets candidates"]:
    """Mean objectives of candidates."""
    assert problem.points is not None
    many = asked.shape[1]
    repeated = {name: np.repeat(np.asarray(value), many, axis=0) for name, value in others.items()}
    members = problem.coordinates.placed(asked.reshape(-1, asked.shape[2]), repeated)
    found = population_values(problem.points, members).mean(axis=1)
    return np.where(np.isfinite(found), found, WORST).reshape(asked.shape[:2])


def _is_settled(problem: TrainingProblem, state: DescentState) -> bool:
    """All searches have stopped, and what they found has been judged."""
    return is_judged(state) and bool(np.all(state.memory.have_stopped))


METHOD = Method(_begun, _advanced, is_settled=_is_settled)
"""CMA-ES, a step a generation."""
