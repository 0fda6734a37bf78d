"""A tuning before its first trial: a walk forward, what trials vary of its settings, and by what. Section 7.10."""

from collections.abc import Sequence
from dataclasses import dataclass

from isotherm import doors
from isotherm.market.prices.clock import DAY_MS, unix_ms
from isotherm.market.tune.metrics import check_metrics
from isotherm.market.tune.space import TuneAxis, checked_axes, default_axes
from isotherm.market.walk.forward import cycle_task
from isotherm.market.walk.plan import Walk
from isotherm.market.walk.trainers import training_problem

KEPT_PERCENT = 25.0
"""A trial goes on after a cycle if its best value so far is among so many percent of those at that cycle."""


@dataclass(frozen=True, eq=False)
class TunePlan:
    """A tuning before its first trial.

    Attributes:
        walk: with the settings that trials vary.
        axes: that they choose.
        metrics: that they go by; the first says which is the best, more of them make a front.
        num_trials: in all.
        num_held: cycles at the end that no trial sees.
        num_startup: trials by chance before any are learned from, or given up on their way.
        kept_percent: of trials that go on after a cycle; 100: none is given up.
    """

    walk: Walk
    axes: tuple[TuneAxis, ...]
    metrics: tuple[str, ...]
    num_trials: int
    num_held: int
    num_startup: int
    kept_percent: float

    @property
    def num_cycles(self) -> int:
        """That trials see."""
        return len(self.walk.cycles) - self.num_held


def tuning_of(
    walk: Walk,
    axes: Sequence[TuneAxis] | None = None,
    *,
    metrics: Sequence[str] = ("mean_oos_sharpe",),
    num_trials: int = 20,
    num_held: int = 1,
    num_startup: int = 10,
    kept_percent: float | int = KEPT_PERCENT,
) -> TunePlan:
    """Check what a tuning is given.

    Args:
        walk: of :func:`isotherm.market.walk.plan.walk_of`, whose settings trials vary; its key of random
            numbers is that of the tuning too.
        axes: that trials choose; None: :func:`.default_axes`.
        metrics: names of :data:`.TUNE_METRICS`, ``neg_`` before those that are to be small. Of several, trials go for
            the front on which none is better in all, and none is given up on its way.
        num_trials: at least 1; the first has the settings as they are, or the nearest within the ranges.
        num_held: cycles at the end that no trial sees, at least 0, fewer than there are.
        num_startup: trials by chance before any are learned from, or given up.
        kept_percent: in (0, 100]; see :data:`.KEPT_PERCENT`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or a setting with which no training could begin.
    """
    doors.instance("walk", walk, Walk, "a Walk", "walk_of makes one")
    names = tuple(doors.sequence("metrics", metrics, "a list of names"))
    check_metrics(names)
    doors.whole("num_trials", num_trials, 1)
    doors.whole("num_held", num_held, 0, len(walk.cycles) - 1)
    doors.whole("num_startup", num_startup, 0)
    percent = float(doors.number("kept_percent", kept_percent, above=0, most=100))
    training_problem(cycle_task(walk, 0, walk.start))
    chosen = default_axes(walk.settings, train_days(walk)) if axes is None else axes
    return TunePlan(walk, checked_axes(chosen), names, num_trials, num_held, num_startup, percent)


def train_days(walk: Walk) -> int:
    """Of the shortest training, whole ones."""
    dates = [(cycle.train_start, cycle.train_end) for cycle in walk.cycles]
    return min(unix_ms("train_end", end) - unix_ms("train_start", start) for start, end in dates) // DAY_MS
