"""What all sets do over the whole run, without gradients: metrics of each part, and how it ends. Section 7.5."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm.errors import refusal
from isotherm.market.objectives import risk
from isotherm.market.objectives.periods import ALIASES, PeriodMetrics, metrics_of
from isotherm.market.objectives.registry import CEILING
from isotherm.market.objectives.returns import LEAST_DAILY, MINUTES_PER_DAY, history_of
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.pool import PoolPath
from isotherm.market.rules.rule import Params
from isotherm.market.train.objective import Course
from isotherm.market.train.split import SplitPart

LEAST_MINUTES = {
    "ulcer": risk.MONTH,
    "sterling": risk.MONTH,
    "daily_log_sharpe": (LEAST_DAILY - 1) * MINUTES_PER_DAY + 1,
    "sharpe": MINUTES_PER_DAY + 1,
}
"""Minutes that a part must have for a metric to say anything."""


class Evaluated(NamedTuple):
    """Of each set.

    Attributes:
        metrics: of each part by its name, ``(sets,)`` each.
        final_weights: in the last minute of the training window, ``(sets, tokens)``.
        final_reserves: in that minute, ``(sets, tokens)``.
        excess: daily logarithmic returns over equal parts held, of the fitted part, ``(sets, days - 1)``.
    """

    metrics: dict[str, PeriodMetrics]
    final_weights: Float[Array | np.ndarray, "sets tokens"]
    final_reserves: Float[Array | np.ndarray, "sets tokens"]
    excess: Float[Array | np.ndarray, "sets days"]


class WholeRun(eqx.Module):
    """A run from the first minute of the training window through all parts; none begins anew.

    Attributes:
        course: of the strategy, over all rows.
        costs: of trading.
        first: row at which the run starts (static).
        parts: by name, minutes of the run (static).
    """

    course: Course
    costs: PoolCosts
    first: int = eqx.field(static=True)
    parts: tuple[tuple[str, SplitPart], ...] = eqx.field(static=True)

    @property
    def prices(self) -> Float[Array, "minutes tokens"]:
        """Of the minutes of all parts."""
        return self.course.prices[self.first : self.first + self.parts[-1][1].last]

    def path(self, params: Params) -> PoolPath:
        """What the pool of one set does, minute by minute."""
        blocks = self.course.blocks(params, self.course.prices, self.first, len(self.prices) + 1)
        return self.course.path(blocks, self.prices, self.costs)

    def of_one(self, params: Params) -> Evaluated:
        """Of one set; without the axis of sets."""
        prices, path = self.prices, self.path(params)
        metrics = {}
        for name, (start, stop) in self.parts:
            history = history_of(path.value[start:stop], path.reserves[start:stop], prices[start:stop])
            metrics[name] = metrics_of(history)
        end = max(part.last for name, part in self.parts if name != "test") - 1
        worth = path.reserves[end] * prices[end]
        fitted = slice(0, self.parts[0][1].last, MINUTES_PER_DAY)
        held = (prices[fitted] / prices[:1]).mean(1)
        excess = jnp.diff(jnp.log(path.value[fitted]) - jnp.log(held))
        return Evaluated(metrics, worth / worth.sum(), path.reserves[end], excess)


@eqx.filter_jit
def evaluated(run: WholeRun, params: dict[str, Array]) -> Evaluated:
    """Of all sets, ``(sets, ...)`` each."""
    return jax.vmap(run.of_one)(params)


def selection_scores(found: Evaluated, part: str, metric: str) -> Float[np.ndarray, " sets"]:
    """The metric by which steps are chosen, of each set, ``(sets,)``; infinities are 1e6, so that one is the best.

    Args:
        found: of all sets.
        part: ``"validation"`` or ``"train"``.
        metric: by its name in files.
    """
    values = np.asarray(getattr(found.metrics[part], ALIASES.get(metric, metric)), np.float64)
    return np.where(np.isinf(values), np.sign(values) * CEILING, values)


def check_metric(metric: str, part: str, minutes: int) -> None:
    """Refuse a metric that a part is too short for.

    Raises:
        ValueError: naming ``early_stopping_metric``.

    >>> check_metric("ulcer", "validation", 14400)
    Traceback (most recent call last):
    ValueError: early_stopping_metric = 'ulcer': needs 43200 minutes; validation, by which it chooses, has 14400
    """
    least = LEAST_MINUTES.get(metric, 2)
    if minutes < least:
        allowed = f"needs {least} minutes; {part}, by which it chooses, has {minutes}"
        raise refusal("early_stopping_metric", metric, allowed)


def told(metrics: PeriodMetrics, chosen: int) -> dict[str, Any]:
    """Metrics of one set as records hold them: a number by name, but for the daily returns."""
    found = metrics.in_files()
    return {name: float(value[chosen]) for name, value in found.items() if name != "daily_returns"}
