"""The objective of a window: a strategy's weights, its pool's path, and what judges it. Sections 2.8 and 7.3."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from isotherm.market.hooks.bounds import learned_bounds
from isotherm.market.objectives.registry import CEILING, bounded_objective
from isotherm.market.objectives.returns import MINUTES_PER_DAY, history_of
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.forward import noisy_prices, turnover
from isotherm.market.pools.pool import AbstractPool, PoolPath, opened
from isotherm.market.pools.sampled import sampled_log_values
from isotherm.market.pools.straight import PriceSums, price_sums, straight_log_steps
from isotherm.market.pools.weighted import WeightedPool
from isotherm.market.rules import coarse
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.coarse import CoarseWeights
from isotherm.market.rules.recurrences import Form
from isotherm.market.rules.rule import Params, WeightRule
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.train.daily import DAILY_OBJECTIVES, daily_history
from isotherm.market.train.periods import Periods

Rows = Float[Array, "rows tokens"]


class Course(eqx.Module):
    """How a strategy goes through prices, whatever it is judged by.

    Attributes:
        prices: ``(rows, tokens)``, row 0 the start of a chunk.
        supply: circulating at the starts of chunks, ``(chunks, tokens)``; None: of no rule that asks for it.
        pool: what trades.
        value: it begins with, a scalar.
        rule: of the weights (static).
        settings: of the rule (static).
        form: how the rule is run (static).
        is_bounded: whether weights keep within learned bounds (static).
        are_bounds_frozen: whether no gradient reaches those (static).
    """

    prices: Rows
    supply: Float[Array, "chunks tokens"] | None
    pool: AbstractPool
    value: Float[Array, ""]
    rule: WeightRule = eqx.field(static=True)
    settings: RuleSettings = eqx.field(static=True)
    form: Form = eqx.field(static=True)
    is_bounded: bool = eqx.field(static=True)
    are_bounds_frozen: bool = eqx.field(static=True)

    def blocks(
        self, params: Params, prices: Rows, start: Int[Array, ""] | int, bout_length: int
    ) -> CoarseWeights:
        """Weights chunk by chunk of a bout, ``(blocks, tokens)`` each."""
        period = self.settings.chunk_period
        series = prices[::period]
        series = series if self.supply is None else series * self.supply
        bounds: WeightBounds | None = (
            learned_bounds(params, self.are_bounds_frozen) if self.is_bounded else None
        )
        num_blocks = coarse.num_blocks(bout_length, period)
        first = jnp.asarray(start) // period
        return coarse.coarse_weights(
            self.rule, params, series, first, num_blocks, self.settings, self.form, bounds
        ).blocks

    def path(self, blocks: CoarseWeights, prices: Rows, costs: PoolCosts) -> PoolPath:
        """The pool's path over the rows of a bout, in balance before the first."""
        weights = coarse.minutes_of(blocks, self.settings)
        weights = weights.reshape(-1, weights.shape[-1])[: len(prices)]
        return self.pool.path(weights, prices, costs, opened(weights[0], prices[0], self.value))


class WindowPrices(NamedTuple):
    """What the objective by days knows of the prices of a window, whatever the parameters.

    Attributes:
        growth: of ``ln p`` from the first minute to the last, ``(tokens,)``.
        sums: over chunks; None where weights do not move in straight lines.
    """

    growth: Float[Array, " tokens"]
    sums: PriceSums | None


class WindowObjective(eqx.Module):
    """What is climbed: the objective of one set over one window, a scalar.

    Attributes:
        course: of the strategy, over the rows that are fitted.
        costs: of trading.
        moves: of ``ln p`` from row to row, ``(rows - 1, tokens)``, where daily values are enough; else None.
        noise: deviation of the noise of prices, a scalar; None: none.
        key: of that noise.
        penalty: on turnover, a scalar; None: none.
        name: of the objective (static).
        bout_length: of the window (static).
        checkpoint: what is kept for going back where weights do not move in straight lines (static).
        periods: that are judged each by itself (static); None: the window as a whole.
    """

    course: Course
    costs: PoolCosts
    moves: Float[Array, "moves tokens"] | None
    noise: Float[Array, ""] | None
    key: Key[Array, ""]
    penalty: Float[Array, ""] | None
    name: str = eqx.field(static=True)
    bout_length: int = eqx.field(static=True)
    checkpoint: str = eqx.field(static=True)
    periods: Periods | None = eqx.field(static=True)

    def __call__(self, params: Params, start: Int[Array, ""]) -> Float[Array, ""]:
        """Of one set's raw parameters and the row at which the window starts; infinities are 1e6."""
        return self.judged(params, start, self.read(start))

    def read(self, start: Int[Array, ""]) -> WindowPrices | None:
        """What is known of a window before any parameter is; None where minutes are walked."""
        if self.moves is None:
            return None
        moves, settings = (
            jax.lax.dynamic_slice_in_dim(self.moves, start, self.bout_length - 2),
            self.course.settings,
        )
        is_straight = settings.weight_interpolation_method == "linear"
        sums = price_sums(moves, settings.chunk_period, settings.period) if is_straight else None
        return WindowPrices(moves.sum(0), sums)

    def judged(self, params: Params, start: Int[Array, ""], known: WindowPrices | None) -> Float[Array, ""]:
        """The objective, given what :meth:`read` told."""
        return self._of_minutes(params, start) if known is None else self._of_days(params, start, known)

    def _of_minutes(self, params: Params, start: Int[Array, ""]) -> Float[Array, ""]:
        seen, rows = self.course.prices, self.bout_length - 1
        window = jax.lax.dynamic_slice_in_dim(seen, start, rows)
        if self.noise is not None:
            window = noisy_prices(window, self.noise, self.key, start)
            seen = jax.lax.dynamic_update_slice_in_dim(seen, window, start, axis=0)
        blocks = self.course.blocks(params, seen, start, self.bout_length)
        path = self.course.path(blocks, window, self.costs)
        worth = self._worth(path, window)
        if self.penalty is None:
            return worth
        return worth - self.penalty * turnover(path.reserves, window)

    def _worth(self, path: PoolPath, window: Rows) -> Float[Array, ""]:
        objective = bounded_objective(self.name)
        if self.periods is None:
            return objective(history_of(path.value, path.reserves, window, path.fee_revenue))
        values = []
        for first, last in self.periods.parts(len(window)):
            fees = None if path.fee_revenue is None else path.fee_revenue[first:last]
            history = history_of(path.value[first:last], path.reserves[first:last], window[first:last], fees)
            values.append(objective(history))
        return self.periods.aggregated(jnp.stack(values))

    def _of_days(self, params: Params, start: Int[Array, ""], known: WindowPrices) -> Float[Array, ""]:
        settings, rows = self.course.settings, self.bout_length - 1
        period = settings.chunk_period
        blocks = self.course.blocks(params, self.course.prices, start, self.bout_length)
        if known.sums is not None:
            num_blocks = len(known.sums.moves)
            steps = straight_log_steps(blocks.start[:num_blocks], blocks.step[:num_blocks], known.sums)
            log_values = jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps)])
            log_daily, log_last = log_values[:-1][:: MINUTES_PER_DAY // period], log_values[-1]
        else:
            window = jax.lax.dynamic_slice_in_dim(self.course.prices, start, rows)
            found = sampled_log_values(self._block, blocks, window, period, MINUTES_PER_DAY, self.checkpoint)
            log_daily, log_last = found.log_values, found.last
        history = daily_history(log_daily, log_last, blocks.start[0], known.growth, rows)
        worth = DAILY_OBJECTIVES[self.name](history)
        return jnp.where(jnp.isinf(worth), jnp.sign(worth) * CEILING, worth)

    def _block(self, block: Any) -> Rows:
        return coarse.minutes_of(block, self.course.settings)


def needs_days_only(name: str, course: Course, costs: PoolCosts, bout_length: int, is_plain: bool) -> bool:
    """Whether an objective can be computed from daily values: a pool without costs, chunks that fill days.

    Args:
        name: of the objective.
        course: of the strategy.
        costs: of trading.
        bout_length: of the window; more than two days.
        is_plain: whether there is neither noise nor a penalty, nor periods.
    """
    settings = course.settings
    return (
        is_plain
        and name in DAILY_OBJECTIVES
        and isinstance(course.pool, WeightedPool)
        and costs.is_free
        and costs.does_arb is None
        and costs.frequency == 1
        and not settings.start_from_first_target
        and MINUTES_PER_DAY % settings.chunk_period == 0
        and bout_length > 2 * MINUTES_PER_DAY
    )
