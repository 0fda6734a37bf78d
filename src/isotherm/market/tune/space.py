"""Settings that tuning chooses, where it looks for them, and under which others they count. Section 7.10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.objectives.returns import MINUTES_PER_DAY
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.parameters.names import known_word
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS

ALIGNED = "aligned"
"""The training objective that says the same of a window as the metric says of a test."""

_OBJECTIVES = {"sharpe": "daily_sharpe", "wfe": "daily_sharpe", "gap": "daily_sharpe"}
_SPELLED = {"sgd_lr": "base_lr"}


@dataclass(frozen=True)
class TuneAxis:
    """One setting that trials choose.

    Attributes:
        name: of the setting in a fingerprint or in its table of training; besides ``bout_offset_days``,
            ``training_objective`` and ``sgd_lr``, the ``base_lr`` where the optimiser is ``sgd``.
        low: smallest value.
        high: largest.
        log_scale: whether it is looked for by its logarithm.
        is_whole: whether it is a whole number.
        choices: words, numbers or flags to choose among, in the place of a range.
        when: another setting that is chosen before, and the values of it with which this one counts; None: always.

    Raises:
        TypeError: if an entry is of another kind.
        ValueError: naming an entry: a setting that is unknown, or a range without room.

    >>> TuneAxis("val_fraction", 0.1, 0.3).high
    0.3
    """

    name: str
    low: float | int = 0.0
    high: float | int = 0.0
    log_scale: bool = False
    is_whole: bool = False
    choices: tuple[Any, ...] = ()
    when: tuple[str, tuple[Any, ...]] | None = None

    def __post_init__(self) -> None:
        known_word("name", self.name, (*_PLACES, *_settings()))
        doors.flag("log_scale", self.log_scale)
        doors.flag("is_whole", self.is_whole)
        choices = tuple(doors.sequence("choices", self.choices, "a list of words, numbers or flags"))
        for one in choices:
            if not isinstance(one, str | bool | int | float):
                raise refusal("choices", one, "must be a word, a number or a flag")
        object.__setattr__(self, "choices", choices)
        if self.when is not None:
            pair = doors.sequence("when", self.when, "a setting and its values")
            if len(pair) != 2:
                raise refusal("when", self.when, "must be a setting and its values")
            doors.text("when", pair[0])
            doors.sequence("when", pair[1], "values of a setting")
        if not choices:
            self._check_range()

    def _check_range(self) -> None:
        check = doors.whole if self.is_whole else doors.number
        low, high = check("low", self.low), check("high", self.high)
        if low > high or (low == high and not self.is_whole):
            raise refusal("high", self.high, f"must be above low, {self.low}")
        if self.log_scale and low <= 0:
            raise refusal("low", self.low, "must be above 0 on a log scale")

    def counts(self, chosen: Mapping[str, Any]) -> bool:
        """Whether it counts beside what is chosen."""
        return self.when is None or chosen.get(self.when[0]) in self.when[1]


def default_axes(settings: Mapping[str, Any], train_days: int) -> tuple[TuneAxis, ...]:
    """Where tuning looks if nothing else is said.

    Args:
        settings: of a run, defaults filled in.
        train_days: of a cycle's training.

    >>> [axis.name for axis in default_axes(Fingerprint().with_defaults(), 60)]
    ['base_lr', 'n_iterations', 'bout_offset_days', 'val_fraction', 'training_objective', 'maximum_change', \
'turnover_penalty']
    """
    found = known_axes(train_days)
    rate = "sgd_lr" if settings["optimisation_settings"]["optimiser"] == "sgd" else "base_lr"
    first = replace(found[rate], name="base_lr", when=None)
    return (first, *(found[name] for name in _ALWAYS))


_ALWAYS = (
    "n_iterations", "bout_offset_days", "val_fraction", "training_objective", "maximum_change", "turnover_penalty",
)  # fmt: skip


def known_axes(train_days: int) -> dict[str, TuneAxis]:
    """Axes that can be asked for by name: those of :func:`default_axes`, and more of the optimiser.

    Args:
        train_days: of a cycle's training.
    """
    most = max(1, int(train_days * 0.7 * 0.9))
    fits = ("adam", "adamw")
    axes = (
        TuneAxis("optimiser", choices=("adam", "adamw", "sgd")),
        TuneAxis("base_lr", 1e-5, 0.1, log_scale=True, when=("optimiser", fits)),
        TuneAxis("sgd_lr", 1e-3, 1.0, log_scale=True, when=("optimiser", ("sgd",))),
        TuneAxis("weight_decay", 1e-4, 0.1, log_scale=True, when=("optimiser", ("adamw",))),
        TuneAxis("n_iterations", 100, 5000, log_scale=True, is_whole=True),
        TuneAxis("bout_offset_days", min(7, most), most, log_scale=True, is_whole=True),
        TuneAxis("val_fraction", 0.1, 0.3),
        TuneAxis("training_objective", choices=(ALIGNED, "returns_over_uniform_hodl")),
        TuneAxis("maximum_change", 1e-4, 1e-2, log_scale=True),
        TuneAxis("turnover_penalty", 0.0, 0.5),
        TuneAxis("batch_size", 2, 32, log_scale=True, is_whole=True),
        TuneAxis("noise_scale", 0.01, 1.0, log_scale=True),
        TuneAxis("lr_schedule_type", choices=("constant", "cosine", "exponential", "warmup_cosine")),
        TuneAxis("warmup_steps", 5, 50, is_whole=True, when=("lr_schedule_type", ("warmup_cosine",))),
    )
    return {axis.name: axis for axis in axes}


def checked_axes(axes: Sequence[TuneAxis]) -> tuple[TuneAxis, ...]:
    """Axes in an order in which each comes after what it depends on.

    What depends on a setting that is not tuned counts always: then that setting stays as it is.

    Raises:
        TypeError: if one is no axis.
        ValueError: naming an axis that stands twice, or depends on a later one.
    """
    found: dict[str, TuneAxis] = {}
    given = doors.sequence("axes", axes, "a list of TuneAxis")
    for axis in given:
        doors.instance("axes", axis, TuneAxis, "axes of TuneAxis")
    names = {axis.name for axis in given}
    for axis in given:
        if axis.name in found:
            raise refusal("axes", axis.name, "must stand once")
        if axis.when is not None and axis.when[0] not in names:
            axis = replace(axis, when=None)
        if axis.when is not None and axis.when[0] not in found:
            raise refusal(f"axes.{axis.name}", axis.when[0], "must stand before what depends on it")
        found[axis.name] = axis
    if not found:
        raise refusal("axes", [], "must be one at least")
    return tuple(found.values())


_PLACES = ("bout_offset_days", "training_objective", "sgd_lr")


def _settings() -> tuple[str, ...]:
    return (*TRAINING_DEFAULTS, *(name for name in DEFAULTS if name != "optimisation_settings"))


def settings_with(settings: Fingerprint, chosen: Mapping[str, Any], metric: str) -> Fingerprint:
    """Settings of a run with what a trial chose.

    Args:
        settings: defaults filled in.
        chosen: by axis.
        metric: that tuning goes by, which says what ``"aligned"`` is.

    >>> run = settings_with(Fingerprint().with_defaults(), {"bout_offset_days": 3, "base_lr": 0.2}, "mean_oos_calmar")
    >>> run["bout_offset"], run["optimisation_settings"]["base_lr"]
    (4320, 0.2)
    """
    own: dict[str, Any] = {}
    training = dict(settings["optimisation_settings"])
    for name, value in chosen.items():
        if name == "bout_offset_days":
            own["bout_offset"] = value * MINUTES_PER_DAY
        elif name == "training_objective":
            own["return_val"] = aligned_objective(metric) if value == ALIGNED else value
        elif _SPELLED.get(name, name) in TRAINING_DEFAULTS:
            training[_SPELLED.get(name, name)] = value
        else:
            own[name] = value
    return settings.replaced(**own, optimisation_settings=training)


def aligned_objective(metric: str) -> str:
    """The objective of a window that is what a metric of tuning looks at.

    >>> aligned_objective("neg_worst_oos_sharpe"), aligned_objective("mean_oos_calmar")
    ('daily_sharpe', 'calmar')
    """
    name = metric.removeprefix("neg_").removeprefix("adjusted_").partition("_")[2].removeprefix("oos_")
    return _OBJECTIVES.get(name, name)


def starting_choice(axes: Sequence[TuneAxis], settings: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The settings as they are, as a trial would choose them: the nearest value within each range.

    Args:
        axes: checked ones.
        settings: of a run, defaults filled in.
        metric: that tuning goes by.
    """
    found: dict[str, Any] = {}
    for axis in axes:
        if not axis.counts(found):
            continue
        value = _value_of(axis.name, settings, metric)
        if axis.choices:
            found[axis.name] = value if value in axis.choices else axis.choices[0]
        else:
            near = float(np.clip(value, axis.low, axis.high))
            found[axis.name] = round(near) if axis.is_whole else near
    return found


def _value_of(name: str, settings: Mapping[str, Any], metric: str) -> Any:
    training = settings["optimisation_settings"]
    if name == "bout_offset_days":
        return settings["bout_offset"] / MINUTES_PER_DAY
    if name == "training_objective":
        return ALIGNED if settings["return_val"] == aligned_objective(metric) else settings["return_val"]
    key = _SPELLED.get(name, name)
    return training[key] if key in TRAINING_DEFAULTS else settings[key]
