"""Training as pure steps: a begun state, and links of many iterations. Section 7.5."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.learn.descend import DescentState
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.evaluation import Evaluated
from isotherm.market.train.judge import Judge
from isotherm.market.train.methods.registry import method_of
from isotherm.market.train.outcome import Training, finished
from isotherm.market.train.periods import Periods
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.records import Record, StepTold, step_record
from isotherm.market.train.selection import next_evaluation, steps_since_best
from isotherm.market.train.state import (
    TrainingState,
    check_training,
    on_device,
    on_host,
    scores_of,
    steps_waited,
)

Callback = Callable[[TrainingState, list[Record]], object]


class Link(NamedTuple):
    """What some iterations led to.

    Attributes:
        state: to go on from.
        records: of these iterations, as result files hold them.
    """

    state: TrainingState
    records: list[Record]


def train(
    fingerprint: Fingerprint,
    prices: PriceTable,
    *,
    params: Mapping[str, Any] | None = None,
    initial_weights: Any = None,
    periods: Periods | None = None,
    decay_to: str = "zero",
    supply: Any = None,
    spread: Any = None,
    callback: Callback | None = None,
) -> Training:
    """Train a strategy on the window of its fingerprint, and choose without looking at the test.

    With ``method = "gradient_descent"`` every iteration draws windows of the fitted minutes and takes a step uphill
    with each parameter set by itself. The others look at fixed windows: an iteration of ``"bfgs"`` is an evaluation
    of the mean objective and its gradient, of ``"cma_es"`` a generation of each set, whose best candidate so far is
    the set, and of ``"optuna"`` a round of ``n_jobs`` trials, which are the sets.
    The first iteration, every ``evaluation_interval``-th after it and the last are judged over the whole window; the
    best pair of iteration and set by ``early_stopping_metric`` on the minutes held back (``val_fraction``), or on
    fitted ones where none are, is what comes out. The test window is told, and never decides.

    Args:
        fingerprint: settings; ``optimisation_settings`` are those of training.
        prices: a row a minute, a column for each of the fingerprint's tokens.
        params: raw parameters to begin with in the place of first ones: of one set ``(n,)``, which others vary by
            the noise of the settings, or of all sets ``(sets, n)``.
        initial_weights: of the pool, positive, summing to 1, ``(n,)``; such as an earlier run ended with.
        periods: to climb an objective of several periods of the whole window in the place of sampled windows.
        decay_to: what the weight decay of AdamW pulls raw parameters to: ``"zero"``, or ``"start"``, their first
            values.
        supply: circulating, of rules of capitalisation, ``(n,)`` or a row for each row of ``prices``.
        spread: bid-ask spread of each token, of pools that pay it, ``(n,)``.
        callback: called with the state and the records of each link of ``iterations_per_print`` iterations.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting, a date, a token, a parameter or an argument that does not fit.

    References:
        Section 7 of the definition of dynamic-weight pools; Kingma and Ba, Adam, arXiv 1412.6980 (2014); Nocedal and
        Wright, Numerical Optimization (2006), section 6.1; Hansen, The CMA Evolution Strategy: A Tutorial, arXiv
        1604.00772 (2016).

    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> path = sinusoidal_prices(20 * 1440 + 1, [10.0, 20.0], 0.2, [9000.0, 7000.0])
    >>> table = synthetic_table(path, ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> training = {"n_iterations": 2, "n_parameter_sets": 2, "batch_size": 2, "early_stopping_metric": "return"}
    >>> run = Fingerprint(
    ...     tokens=["AAA", "BBB"], rule="momentum", max_memory_days=4, return_val="returns", bout_offset=2880,
    ...     startDateString="2024-01-06 00:00:00", endDateString="2024-01-21 00:00:00",
    ...     optimisation_settings=training,
    ... )
    >>> found = train(run, table)
    >>> found.params["log_k"].shape, found.metadata["epochs_trained"], len(found.records)
    ((2,), 3, 4)
    """
    if callback is not None:
        doors.function("callback", callback, "a function of a state and records", num_arguments=2)
    problem = problem_of(
        fingerprint,
        prices,
        params=params,
        initial_weights=initial_weights,
        periods=periods,
        decay_to=decay_to,
        supply=supply,
        spread=spread,
    )
    return trained(problem, callback)


def trained(problem: TrainingProblem, callback: Callback | None = None) -> Training:
    """A training from its first iteration to its end, as :func:`train` runs it.

    Args:
        problem: of :func:`isotherm.market.train.problem.problem_of`.
        callback: called with the state and the records of each link.

    Raises:
        TypeError: if an argument is of another kind.
    """
    state, records = begun(problem), []
    while not is_over(problem, state):
        state, more = proceed(problem, state)
        records += more
        if callback is not None:
            callback(state, more)
    return finished(problem, state, records)


def begun(problem: TrainingProblem) -> TrainingState:
    """The state before the first iteration.

    Its leaves are arrays; ``jax.tree.unflatten`` with its structure makes a state again of the leaves of a later one.

    Args:
        problem: of :func:`isotherm.market.train.problem.problem_of`.

    Raises:
        TypeError: if it is no problem.
    """
    check_training(problem)
    with jax.enable_x64(True):
        state = method_of(problem).begin(problem)
    return on_host(TrainingState(state, np.zeros((0, 0))))


def is_over(problem: TrainingProblem, state: TrainingState) -> bool:
    """Whether all iterations are done, the method is, or none of the last ``early_stopping_patience`` was the best.

    Args:
        problem: of the training.
        state: after a link.

    Raises:
        TypeError: if an argument is of another kind.
    """
    check_training(problem, state)
    if int(state.descent.step) >= problem.num_steps:
        return True
    method, training = method_of(problem), problem.training
    if method.is_settled(problem, state.descent):
        return True
    is_waiting = method.waits and training["early_stopping"]
    return bool(is_waiting) and steps_waited(state) >= training["early_stopping_patience"]


def proceed(problem: TrainingProblem, state: TrainingState, num_iterations: int | None = None) -> Link:
    """Some iterations more. However they are cut, the same numbers come out to the last bit.

    Each iteration is one call of one compiled program, the same for all links, parameters and prices of one shape.

    Args:
        problem: of :func:`isotherm.market.train.problem.problem_of`.
        state: to go on from.
        num_iterations: how many, at most as many as there are left; None: up to the next multiple of
            ``iterations_per_print``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``num_iterations`` if it is below 1.
    """
    check_training(problem, state)
    step, per_link = int(state.descent.step), problem.training["iterations_per_print"]
    ahead = per_link - step % per_link
    if num_iterations is not None:
        ahead = doors.whole("num_iterations", num_iterations, 1)
    last, records = min(step + ahead, problem.num_steps), []
    with jax.enable_x64(True):
        method = method_of(problem)
        while int(state.descent.step) < last and not method.is_settled(problem, state.descent):
            state, more = _stretch(problem, state, last)
            records += more
    return Link(on_host(state), records)


def _stretch(problem: TrainingProblem, state: TrainingState, last: int) -> Link:
    """Iterations up to the next one that is judged, or to the last."""
    method = method_of(problem)
    due = next_evaluation(int(state.descent.step), method.interval(problem), problem.num_steps)
    judge = Judge(problem) if due <= last else None
    seen = method.advance(problem, on_device(state.descent), min(due, last), judge)
    after, found = seen[-1], None if judge is None else judge.found
    records = [_record(problem, one, found if one is after else None) for one in seen]
    return Link(TrainingState(after, _checkpoints(problem, state, int(after.step), found)), records)


def _checkpoints(
    problem: TrainingProblem, state: TrainingState, step: int, found: Evaluated | None
) -> Float64[np.ndarray, "checkpoints days"]:
    training = problem.training
    is_due = training["track_checkpoints"] and (step - 1) % training["checkpoint_interval"] == 0
    if found is None or not is_due:
        return state.checkpoint_returns
    excess = np.asarray(found.excess)
    is_known = np.isfinite(excess).all(1)
    mean = excess[is_known].mean(0) if is_known.any() else np.full(excess.shape[1], np.nan)
    return np.concatenate([state.checkpoint_returns.reshape(-1, len(mean)), mean[None]])


def _record(problem: TrainingProblem, state: DescentState, found: Evaluated | None) -> Record:
    step = StepTold(
        step=int(state.step) - 1,
        objective=state.values[-1],
        params={name: np.asarray(value) for name, value in state.parameters.items()},
        rate=method_of(problem).rate(problem, state),
        waited=steps_since_best(scores_of(state), state.scored_at, int(state.step)),
    )
    return step_record(step, found, problem.split.validation > 0)
