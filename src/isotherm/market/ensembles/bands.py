"""Draws of an ensemble, played from the first fitted minute through the test: bands of weights and value."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.objectives.registry import bounded_objective
from isotherm.market.objectives.returns import MINUTES_PER_DAY, history_of
from isotherm.market.parameters.effective import calc_initial_weights
from isotherm.market.parameters.start import Parameters
from isotherm.market.train.evaluation import WholeRun
from isotherm.market.train.problem import TrainingProblem

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class PlayedSets(NamedTuple):
    """What pools of several sets did, by every so many minutes.

    Attributes:
        value: in the numeraire, ``(sets, times)``.
        weights: shares of value, ``(sets, times, tokens)``.
        objectives: the run's objective over each part, ``(sets,)`` each; infinities are 1e6.
    """

    value: Float[Array | np.ndarray, "sets times"]
    weights: Float[Array | np.ndarray, "sets times tokens"]
    objectives: dict[str, Float[Array | np.ndarray, " sets"]]


class EnsembleBands(NamedTuple):
    """Quantiles over draws, pointwise in time.

    Attributes:
        minutes: since the first fitted minute, ``(times,)``.
        is_test: whether a time lies in the test window, ``(times,)``.
        quantiles: shares of draws below, ``(bands,)``.
        value: in the numeraire, ``(bands, times)``.
        weights: ``(bands, times, tokens)``.
        hodl: value of the pool's initial weights, held, ``(times,)``.
        objectives: of each draw over each part, ``(draws,)`` each.
        hodl_objectives: of the initial weights held, by part.
    """

    minutes: np.ndarray
    is_test: Bool[np.ndarray, " times"]
    quantiles: Float64[np.ndarray, " bands"]
    value: Float64[np.ndarray, "bands times"]
    weights: Float64[np.ndarray, "bands times tokens"]
    hodl: Float64[np.ndarray, " times"]
    objectives: dict[str, Float64[np.ndarray, " draws"]]
    hodl_objectives: dict[str, float]


def bands_of(
    problem: TrainingProblem,
    params: Parameters,
    *,
    quantiles: Sequence[float] = QUANTILES,
    every: int = MINUTES_PER_DAY,
) -> EnsembleBands:
    """Play several sets from the first fitted minute to the last of the test, and take quantiles over them.

    One set after the other in one compiled run: memory holds the minutes of one.

    Args:
        problem: of the training.
        params: raw, ``(sets, ...)`` each, as :meth:`.Ensemble.sets` gives them.
        quantiles: within 0 .. 1.
        every: minutes between two times that are kept, at least 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range.
    """
    doors.instance("problem", problem, TrainingProblem, "a TrainingProblem", "problem_of makes one")
    shares = doors.numbers("quantiles", doors.real_numbers("quantiles", list(quantiles)), least=0, most=1)
    step = doors.whole("every", every, 1)
    sets = {len(value) for value in doors.mapping("params", params, "raw parameters by key").values()}
    if len(sets) != 1:
        raise refusal("params", sorted(params), "must all lead with the same number of sets")
    times = -(-problem.split.minutes // step) * (problem.whole.course.prices.shape[1] + 1)
    doors.affordable("every", step, 24.0 * sets.pop() * times, "keep fewer times, or play fewer sets")
    name = problem.settings["return_val"]
    with jax.enable_x64(True):
        given = {key: jnp.asarray(value) for key, value in params.items()}
        found = jax.tree.map(np.asarray, played_sets(problem.whole, given, name, step))
        weights = calc_initial_weights({key: value[0] for key, value in given.items()})
        hodl, judged = jax.tree.map(np.asarray, _held(problem.whole, weights, name))
    minutes = np.arange(0, problem.split.minutes, step)
    test = problem.split.parts.get("test")
    return EnsembleBands(
        minutes=minutes,
        is_test=minutes >= (problem.split.minutes if test is None else test.first),
        quantiles=np.asarray(shares, np.float64),
        value=np.quantile(found.value, shares, axis=0),
        weights=np.quantile(found.weights, shares, axis=0),
        hodl=hodl[::step],
        objectives=found.objectives,
        hodl_objectives={part: float(value) for part, value in judged.items()},
    )


@eqx.filter_jit
def played_sets(run: WholeRun, params: dict[str, Array], name: str, every: int) -> PlayedSets:
    """Play sets one after the other.

    Args:
        run: through all parts.
        params: raw, ``(sets, ...)`` each.
        name: of the objective.
        every: minutes between two times that are kept.
    """
    prices = run.prices
    objective = bounded_objective(name)

    def of_one(one: dict[str, Array]) -> PlayedSets:
        path, judged = run.path(one), {}
        for part, (start, stop) in run.parts:
            fees = None if path.fee_revenue is None else path.fee_revenue[start:stop]
            judged[part] = objective(
                history_of(path.value[start:stop], path.reserves[start:stop], prices[start:stop], fees)
            )
        worth = path.reserves[::every] * prices[::every]
        return PlayedSets(path.value[::every], worth / worth.sum(1, keepdims=True), judged)

    return jax.lax.map(of_one, params)


@eqx.filter_jit
def _held(run: WholeRun, weights: Float[Array, " tokens"], name: str) -> tuple[Array, dict[str, Array]]:
    """Value of weights held, a row a minute, and its objective over each part."""
    prices = run.prices
    reserves = run.course.value * weights / prices[0]
    value, rows = prices @ reserves, jnp.broadcast_to(reserves[None], prices.shape)
    judged = {
        part: bounded_objective(name)(history_of(value[start:stop], rows[start:stop], prices[start:stop]))
        for part, (start, stop) in run.parts
    }
    return value, judged
