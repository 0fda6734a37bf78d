"""All that a training is made of before its first step: settings, prices and parameters, checked and laid out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.backtest import of_tokens, supply_rows, window_of
from isotherm.market.objectives.registry import objective
from isotherm.market.objectives.returns import PoolHistory
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import FIXED
from isotherm.market.pools.pool import arbitrage_rows
from isotherm.market.prices.align import Alignment
from isotherm.market.prices.table import PriceTable
from isotherm.market.rules.checks import checked_prices
from isotherm.market.rules.recurrences import Form
from isotherm.market.rules.rule import WeightRule
from isotherm.market.strategy import Strategy, check_spread, costs_of, strategy_of, unread_settings
from isotherm.market.train.coordinates import Coordinates, coordinates_of
from isotherm.market.train.evaluation import WholeRun, check_metric
from isotherm.market.train.methods.space import axes_of
from isotherm.market.train.objective import Course, WindowObjective, needs_days_only
from isotherm.market.train.optimiser import Climber, climb_rules
from isotherm.market.train.periods import Periods
from isotherm.market.train.points import FixedPoints, evaluation_points
from isotherm.market.train.settings import check_played, num_sets_of, num_steps_of, unread_by_training
from isotherm.market.train.split import TrainingSplit, split_of
from isotherm.market.train.start import SPARE, first_sets, with_weights
from isotherm.market.train.step import BatchGradient
from isotherm.market.train.windows import WindowDraws, WindowStarts, possible_starts
from isotherm.random.keys import named, seeded

SCANNED = 2000
"""Chunks up to which a rule is run one after the other, where its method is ``auto``."""


class TrainingProblem(NamedTuple):
    """A training before its first step.

    Attributes:
        settings: defaults filled in.
        split: of the minutes.
        gradient: of the objective.
        draws: of windows.
        climber: the optimiser.
        whole: the run by which steps are judged.
        params: first parameters, ``(sets, ...)`` each.
        trained: by parameter, whether it is.
        key: of the windows.
        points: fixed windows, of methods that have such; else None.
        notes: lines for people.
    """

    settings: Fingerprint
    split: TrainingSplit
    gradient: BatchGradient
    draws: WindowDraws
    climber: Climber
    whole: WholeRun
    params: dict[str, Array]
    trained: dict[str, bool]
    key: Key[Array, ""]
    points: FixedPoints | None
    notes: tuple[str, ...]

    @property
    def training(self) -> Mapping[str, Any]:
        """Settings of training."""
        return self.settings["optimisation_settings"]

    @property
    def num_steps(self) -> int:
        """Steps in all."""
        return num_steps_of(self.training)

    @property
    def num_sets(self) -> int:
        """Parameter sets: as many as there are, or trials of a round."""
        return num_sets_of(self.training)

    @property
    def coordinates(self) -> Coordinates:
        """Of what is trained."""
        return coordinates_of(self.params, self.trained)


TRIAL_POINTS = 20
"""Of each kind, over which trials are judged: as many as other methods have where nothing else is said."""


def problem_of(
    fingerprint: Fingerprint,
    prices: PriceTable,
    *,
    params: Mapping[str, Any] | None = None,
    initial_weights: Any = None,
    periods: Periods | None = None,
    decay_to: str = "zero",
    supply: Any = None,
    spread: Any = None,
) -> TrainingProblem:
    """Check what a training is given, and lay it out; arguments as of :func:`isotherm.market.train.loop.train`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting, a date, a token, a parameter or an argument that does not fit.
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    doors.instance("prices", prices, PriceTable, "a PriceTable", "load_prices reads one")
    if periods is not None:
        doors.instance("periods", periods, Periods, "a Periods")
    settings = fingerprint.with_defaults()
    training = settings["optimisation_settings"]
    check_played(settings)
    rules = climb_rules(training, decay_to)
    table = of_tokens(prices, settings["tokens"])
    aligned = window_of(settings, table, settings["endTestDateString"] is not None)
    split = _split(settings, aligned, periods)
    strategy = _strategy(settings, aligned, spread)
    begin, stop = split.parts[split.judged]
    check_metric(training["early_stopping_metric"], split.judged, stop - begin)
    draws, notes = _draws(settings, split, periods)
    with jax.enable_x64(True):
        course = _course(settings, strategy, aligned, supply_rows(supply, table, aligned))
        key = seeded(training["initial_random_key"])
        sets, spare = _parameters(settings, strategy, key, params, initial_weights)
        trained = {name: name not in FIXED for name in sets}
        if training["method"] == "optuna":
            axes_of(training["optuna_settings"], sets, trained)
        window = _window(settings, split, course, periods, key)
        _check_objective(settings["return_val"], split, periods, len(settings["tokens"]))
        whole = WholeRun(
            course, _costs(settings, course, split.minutes), split.first, tuple(split.parts.items())
        )
        unread = (*unread_settings(settings), *unread_by_training(settings, periods is not None))
        told = [f"settings that this training does not look at: {', '.join(unread)}"] if unread else []
        return TrainingProblem(
            settings=settings,
            split=split,
            gradient=BatchGradient(window),
            draws=draws,
            climber=Climber(spare, rules),
            whole=whole,
            params=sets,
            trained=trained,
            key=named(key, "windows"),
            points=_points(training, window, draws.starts, named(key, "points")),
            notes=(*table.report.notes, *([aligned.note] if aligned.note else []), *notes, *told),
        )


def _split(settings: Fingerprint, aligned: Alignment, periods: Periods | None) -> TrainingSplit:
    """Periods are of the whole fitted part, so that no room is left for starts."""
    return split_of(settings if periods is None else settings.replaced(bout_offset=0), aligned)


def _strategy(settings: Fingerprint, aligned: Alignment, spread: Any) -> Strategy:
    check_spread(settings["rule"], spread)
    if spread is not None and np.ndim(spread) > 1:
        raise refusal("spread.shape", np.shape(spread), "must be one for each token: windows start anywhere")
    strategy = strategy_of(settings.replaced(max_memory_days=aligned.memory_days), spread=spread)
    if strategy.rule is None or not strategy.pool.is_trainable:
        raise refusal("rule", settings["rule"], "has nothing to train: its weights follow no rule")
    return strategy


def _course(settings: Fingerprint, strategy: Strategy, aligned: Alignment, supply: Any) -> Course:
    rule = strategy.rule
    assert rule is not None
    period = settings["chunk_period"]
    prices, rows = checked_prices(rule, aligned.table.closes, supply, strategy.settings)
    if rows is not None:
        rows = jnp.broadcast_to(rows[::period] if rows.ndim == 2 else rows, prices[::period].shape)
    return Course(
        prices=prices,
        supply=rows,
        pool=strategy.pool,
        value=jnp.asarray(settings["initial_pool_value"], jnp.float64),
        rule=rule,
        settings=strategy.settings,
        form=_form(rule, settings["weight_calculation_method"], len(prices) // period),
        is_bounded=strategy.is_bounded,
        are_bounds_frozen=strategy.are_bounds_frozen,
    )


def _form(rule: WeightRule, method: str, chunks: int) -> Form:
    """Of few chunks a scan is as fast as all rows at once, and compiles in half the time."""
    return rule.form("scan" if method == "auto" and chunks <= SCANNED else method)


def _costs(settings: Fingerprint, course: Course, rows: int) -> Any:
    num_rows = arbitrage_rows(rows, settings["arb_frequency"])
    return costs_of(settings).prepared(num_rows, course.prices.shape[1], jnp.float64)


def _window(
    settings: Fingerprint, split: TrainingSplit, course: Course, periods: Periods | None, key: Key[Array, ""]
) -> WindowObjective:
    """Of the rows that are fitted, and no others: what is held back is not there."""
    last = split.first + split.fitted
    seen = course.prices[:last]
    chunks = -(-last // settings["chunk_period"])
    supply = None if course.supply is None else course.supply[:chunks]
    course = eqx.tree_at(lambda c: (c.prices, c.supply), course, (seen, supply), is_leaf=lambda x: x is None)
    costs = _costs(settings, course, split.window - 1)
    sigma, penalty = settings["price_noise_sigma"], settings["turnover_penalty"]
    is_plain = settings["use_fused_reserves"] and periods is None and not sigma and not penalty
    by_days = needs_days_only(settings["return_val"], course, costs, split.window, is_plain)
    return WindowObjective(
        course=course,
        costs=costs,
        moves=jnp.diff(jnp.log(seen), axis=0) if by_days else None,
        noise=jnp.asarray(sigma, jnp.float64) if sigma else None,
        key=named(key, "price noise"),
        penalty=jnp.asarray(penalty, jnp.float64) if penalty else None,
        name=settings["return_val"],
        bout_length=split.window,
        checkpoint=settings["checkpoint_fused"],
        periods=periods,
    )


def _draws(
    settings: Fingerprint, split: TrainingSplit, periods: Periods | None
) -> tuple[WindowDraws, list[str]]:
    training = settings["optimisation_settings"]
    if periods is not None:
        return WindowDraws(WindowStarts(split.first, 1, 1), 1, "uniform"), []
    starts = possible_starts(split, settings["chunk_period"], training["align_starts"])
    wanted = training["batch_size"]
    count = min(wanted, starts.rows)
    draws = WindowDraws(starts, count, training["sample_method"])
    if count == wanted or training["method"] != "gradient_descent":
        return draws, []
    return draws, [
        f"batch_size = {wanted}: there are {starts.rows} possible starts, of which each step takes all"
    ]


def _points(
    training: Mapping[str, Any], window: WindowObjective, starts: WindowStarts, key: Key[Array, ""]
) -> FixedPoints | None:
    method = training["method"]
    if method == "gradient_descent":
        return None
    settings = {} if method == "optuna" else training[f"{method}_settings"]
    rows = evaluation_points(key, starts, settings.get("n_evaluation_points", TRIAL_POINTS))
    return FixedPoints.of(window, rows, settings.get("compute_dtype", "float64"))


def _parameters(
    settings: Fingerprint,
    strategy: Strategy,
    key: Key[Array, ""],
    params: Mapping[str, Any] | None,
    initial_weights: Any,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """First sets, and spare ones around the first of them."""
    training = settings["optimisation_settings"]
    noise, sets = training["parameter_init_method"], num_sets_of(training)
    first = with_weights(first_sets(settings, sets, named(key, "start"), noise, params), initial_weights)
    one = {name: value[0] for name, value in first.items()}
    spare_noise = "gaussian" if noise in ("none", "grid") else noise
    more = first_sets(settings, SPARE + 1, named(key, "spare"), spare_noise, one)
    strategy.bounds(one)
    return (
        {name: jnp.asarray(value) for name, value in first.items()},
        {name: jnp.asarray(value[1:]) for name, value in more.items()},
    )


def _check_objective(name: str, split: TrainingSplit, periods: Periods | None, num_tokens: int) -> None:
    """Refuse an objective that a window, or a period, is too short for."""
    rows = split.window - 1
    lengths = {rows} if periods is None else {last - first for first, last in periods.parts(rows)}
    token = jax.ShapeDtypeStruct((num_tokens,), jnp.float64)

    def judged(value: Array, token: Array) -> Array:
        return objective(name)(PoolHistory(value, token, token, token, value))

    for minutes in sorted(lengths):
        try:
            jax.eval_shape(judged, jax.ShapeDtypeStruct((minutes,), jnp.float64), token)
        except ValueError as error:
            raise refusal(
                "return_val", name, f"windows of {minutes} minutes are too short: {error}"
            ) from None
