"""Which step and which set of a run is best, by what its records say. Larger is better; NaN is passed over."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.names import known_word

Values = Float[np.ndarray, "steps sets"]
Records = Sequence[Mapping[str, Any]]

DEFAULT_METRIC = "returns_over_uniform_hodl"
PREFIX = "continuous_test_"
"""What other tools may put before the names of metrics of the test slice."""


class Checkpoint(NamedTuple):
    """A step of a run, and one of its parameter sets.

    Attributes:
        record: its number, from 1: record 0 holds the settings.
        step: what the record calls it.
        set: of the parameters; None where none was chosen.
    """

    record: int
    step: int
    set: int | None


def is_new_format(records: Records) -> bool:
    """Whether objectives are metric dicts, by the first step's ``train_objective``.

    Raises:
        ValueError: if there is no step.
    """
    objective = _steps(records)[0].get("train_objective")
    if isinstance(objective, list) and objective:
        objective = objective[0]
    return isinstance(objective, Mapping)


def get_objective_scalar(objective: Any, metric_key: str = DEFAULT_METRIC) -> float:
    """One set's objective: of a metric dict its entry, of a number itself, -inf of anything else.

    >>> get_objective_scalar({"sharpe": 1.5}, "sharpe"), get_objective_scalar(0.5), get_objective_scalar(None)
    (1.5, 0.5, -inf)
    """
    value: Any = objective.get(metric_key) if isinstance(objective, Mapping) else objective
    try:
        return float(value)
    except (TypeError, ValueError):
        return -np.inf


def extract_objective_values(objectives: Sequence[Any], metric_key: str = DEFAULT_METRIC) -> Values:
    """Objectives of every step and set, of either format.

    Args:
        objectives: of each step a list with a number or a metric dict for each set, or None where it was not
            evaluated.
        metric_key: of metric dicts.

    Returns:
        Shape ``(steps, sets)``: -inf for what cannot be read, NaN for steps that were not evaluated, ``[[-inf]]`` for
        an empty list.

    >>> extract_objective_values([[{"sharpe": 1.0}, {}], [{"sharpe": 2.0}, {"sharpe": None}]], "sharpe").tolist()
    [[1.0, -inf], [2.0, -inf]]
    """
    rows = [_row(objective, metric_key) for objective in objectives]
    width = max((len(row) for row in rows), default=0)
    if width == 0:
        return np.full((1, 1), -np.inf)
    return np.array([row + [np.nan if not row else -np.inf] * (width - len(row)) for row in rows])


def _row(objective: Any, metric_key: str) -> list[float]:
    if objective is None:
        return []
    each = objective if isinstance(objective, list | tuple | np.ndarray) else [objective]
    return [get_objective_scalar(one, metric_key) for one in each]


def values_on_train(records: Records, metric_key: str = DEFAULT_METRIC) -> Values:
    """Objectives on training data, ``(steps, sets)``.

    Raises:
        ValueError: if there is no step, or no step has the metric.
    """
    return _values(records, "train_objective", (metric_key,))


def values_on_test(
    records: Records, metric_key: str = DEFAULT_METRIC, use_continuous_test: bool = True
) -> Values:
    """Objectives on test data, ``(steps, sets)``.

    Args:
        records: the settings first.
        metric_key: of metric dicts, with or without the prefix ``continuous_test_``.
        use_continuous_test: take ``continuous_test_metrics``, where the first step has any, not ``test_objective``.

    Raises:
        ValueError: if there is no step, or no step has the metric.
    """
    is_continuous = use_continuous_test and bool(_steps(records)[0].get("continuous_test_metrics"))
    entry = "continuous_test_metrics" if is_continuous else "test_objective"
    return _values(records, entry, (metric_key, PREFIX + metric_key))


def _values(records: Records, entry: str, metric_keys: tuple[str, ...]) -> Values:
    objectives = [record.get(entry) for record in _steps(records)]
    for metric_key in metric_keys:
        values = extract_objective_values(objectives, metric_key)
        if (values > -np.inf).any():
            return values
    raise refusal("metric_key", metric_keys[0], f"no step has a value of it in {entry}; {_known(objectives)}")


def _known(objectives: Sequence[Any]) -> str:
    dicts = [one for row in objectives if isinstance(row, list) for one in row if isinstance(one, Mapping)]
    names = sorted({name for one in dicts for name in one})
    return f"known: {', '.join(names)}" if names else "there are no metrics"


def _steps(records: Records) -> Records:
    if len(records) < 2:
        raise refusal("records", len(records), "must hold the settings and one step or more")
    return records[1:]


class RunValues:
    """Objectives of a run, as the methods ask for them."""

    def __init__(
        self, records: Records, metric_key: str, use_continuous_test: bool, threshold: float | int
    ) -> None:
        self.records, self.metric_key, self.is_continuous = records, metric_key, use_continuous_test
        self.threshold = threshold

    def of(self, what: str) -> Values:
        """``"objective"``, ``"train"`` or ``"test"``, shape ``(steps, sets)``."""
        if what == "train":
            return values_on_train(self.records, self.metric_key)
        if what == "test":
            return values_on_test(self.records, self.metric_key, self.is_continuous)
        return _values(self.records, "objective", (self.metric_key,))

    def checkpoint(self, row: int, chosen: int | None) -> Checkpoint:
        """Of a row of values."""
        step = self.records[row + 1].get("step", row)
        return Checkpoint(row + 1, int(step), chosen)


def _best(what: str) -> Callable[[RunValues], Checkpoint]:
    def method(run: RunValues) -> Checkpoint:
        values = run.of(what)
        row, column = np.unravel_index(np.nanargmax(values), values.shape)
        return run.checkpoint(int(row), int(column))

    return method


def _best_of_last(what: str) -> Callable[[RunValues], Checkpoint]:
    def method(run: RunValues) -> Checkpoint:
        row = run.of(what)[-1]
        if not (row > -np.inf).any():
            raise refusal("records", len(run.records), "the last step has no value of the metric in any set")
        return run.checkpoint(len(run.records) - 2, int(np.nanargmax(row)))

    return method


def _best_above(what: str, other: str) -> Callable[[RunValues], Checkpoint]:
    """The best by one value of those whose other value reaches a threshold; of all, where none does."""

    def method(run: RunValues) -> Checkpoint:
        values, others = run.of(what), run.of(other)
        if values.shape != others.shape:
            raise refusal(f"{other}.shape", others.shape, f"must be that of {what}, {values.shape}")
        is_eligible = (others >= run.threshold) & (values > -np.inf)
        eligible = np.where(is_eligible, values, np.nan) if is_eligible.any() else values
        row = int(np.flatnonzero((eligible == np.nanmax(eligible)).any(axis=1))[-1])
        return run.checkpoint(row, int(np.nanargmax(eligible[row])))

    return method


def _last(run: RunValues) -> Checkpoint:
    _steps(run.records)
    return run.checkpoint(len(run.records) - 2, None)


def _best_of_each_set(run: RunValues) -> list[Checkpoint]:
    columns = run.of("train").T
    for chosen, column in enumerate(columns):
        if not (column > -np.inf).any():
            raise refusal("records", len(run.records), f"set {chosen} has no value of the metric at any step")
    return [run.checkpoint(int(np.nanargmax(column)), chosen) for chosen, column in enumerate(columns)]


METHODS: dict[str, Callable[[RunValues], Checkpoint | list[Checkpoint]]] = {
    "last": _last,
    "best_objective": _best("objective"),
    "best_train_objective": _best("train"),
    "best_test_objective": _best("test"),
    "best_objective_of_last": _best_of_last("objective"),
    "best_train_objective_of_last": _best_of_last("train"),
    "best_test_objective_of_last": _best_of_last("test"),
    "best_train_objective_for_each_parameter_set": _best_of_each_set,
    "best_train_min_test_objective": _best_above("train", "test"),
    "best_test_min_train_objective": _best_above("test", "train"),
}
"""How a checkpoint may be chosen."""


def select(
    records: Records,
    method: str = "best_train_objective",
    metric_key: str = DEFAULT_METRIC,
    use_continuous_test: bool = True,
    threshold: float | int = 0.0,
) -> Checkpoint | list[Checkpoint]:
    """The checkpoint that a method chooses.

    Args:
        records: the settings first, then steps, with objectives of either format.
        method: one of :data:`METHODS`; of several best, ``_min_`` methods take the last, others the first.
        metric_key: of metric dicts.
        use_continuous_test: judge by the test slice of the continued run, where there is one.
        threshold: what the other value has to reach, for ``_min_`` methods.

    Returns:
        A checkpoint; for ``best_train_objective_for_each_parameter_set`` one for each set.

    Raises:
        ValueError: naming the method, with the nearest one; if there is no step; or if nothing has the metric.

    >>> settings, steps = {}, [{"step": 0, "objective": [0.1, 0.3]}, {"step": 1, "objective": [0.2, 0.0]}]
    >>> select([settings, *steps], "best_objective")
    Checkpoint(record=1, step=0, set=1)
    """
    known_word("method", method, METHODS)
    doors.number("threshold", threshold)
    doors.text("metric_key", metric_key)
    doors.flag("use_continuous_test", use_continuous_test)
    return METHODS[method](RunValues(records, metric_key, use_continuous_test, threshold))
