"""Weights chunk by chunk: where each block starts, how it moves, what it aims at. Pure; see ``weights.py`` for doors.

Block ``b`` of a bout covers its minutes ``b cp .. (b + 1) cp - 1``, of which the first still shows the old weights.
It is driven by the price of its first minute and earlier ones: a weight depends on prices of earlier minutes only.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from isotherm.market.parameters.effective import calc_initial_weights
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.guardrails import guarded, limited
from isotherm.market.rules.interpolation import interpolated
from isotherm.market.rules.recurrences import Form
from isotherm.market.rules.rule import Params, RuleOutput, Values, WeightRule, per_token
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.targets import toward

Blocks = Float[Array, "blocks n"]
Series = Float[Array, "chunks n"]
Weights = Float[Array, " n"]
Start = int | Int[Array, ""]


class CoarseWeights(NamedTuple):
    """Weights of blocks; ``(blocks, n)`` each, or ``(n,)`` of one block.

    Attributes:
        shown: in the first minute of a block; where it starts, unless a rule starts from its first target.
        start: where it starts.
        step: change a minute.
        target: what it aims at; the step's limit may keep it from arriving.
    """

    shown: Float[Array, "*blocks n"]
    start: Float[Array, "*blocks n"]
    step: Float[Array, "*blocks n"]
    target: Float[Array, "*blocks n"]


class StrategyState(NamedTuple):
    """All that a strategy needs to go on at the next price.

    Attributes:
        rule: state of its rule.
        weights: where the next block starts, ``(n,)``.
    """

    rule: Any
    weights: Weights


class CoarseRun(NamedTuple):
    """Blocks of a bout, and the state to go on from.

    Attributes:
        blocks: of the bout, ``(blocks, n)`` each.
        state: before the last block, which a bout may show in part or not at all; None if that is the block in
            which a bout holds its initial weights, or the one that starts from a first target.
        readouts: estimates that drive the blocks, ``(blocks or blocks - 1, ...)``.
    """

    blocks: CoarseWeights
    state: StrategyState | None
    readouts: dict[str, Array]


def num_blocks(bout_length: int, chunk_period: int) -> int:
    """Blocks that a bout begins, ``ceil(bout_length / chunk_period)``."""
    return -(-bout_length // chunk_period)


def chunk_series(
    prices: Float[Array, "minutes n"], supply: Float[Array, "minutes n"] | Weights | None, chunk_period: int
) -> Series:
    """Prices at the starts of chunks, ``(chunks, n)``, times supply where there is any."""
    series = prices[::chunk_period]
    if supply is None:
        return series
    return series * jnp.broadcast_to(supply[::chunk_period] if supply.ndim == 2 else supply, series.shape)


def steps_of(
    rows: Blocks,
    start: Weights,
    settings: RuleSettings,
    bounds: WeightBounds | None = None,
    blend: Weights | None = None,
) -> tuple[CoarseWeights, Weights]:
    """Guarded moves that rows of a rule ask for, one after the other.

    Args:
        rows: changes of weights, or targets if there is a ``blend``, ``(blocks, n)``.
        start: weights before the first, ``(n,)``.
        settings: guardrails, limit and interpolation period.
        bounds: of each token, or None.
        blend: share of the old weights that stays, ``(n,)``.

    Returns:
        Blocks, and the weights after the last.
    """

    def move(weights: Weights, row: Weights) -> tuple[Weights, CoarseWeights]:
        block = moved(row, weights, settings, bounds, blend)
        return weights + settings.period * block.step, block

    last, blocks = jax.lax.scan(move, start, rows)
    return blocks, last


def moved(
    row: Weights,
    weights: Weights,
    settings: RuleSettings,
    bounds: WeightBounds | None = None,
    blend: Weights | None = None,
) -> CoarseWeights:
    """The guarded move that one row asks for; arguments as of :func:`steps_of`."""
    raw = weights + row if blend is None else toward(row, weights, blend)
    target = guarded(raw, weights, settings, bounds)
    step = limited((target - weights) / settings.period, settings.maximum_change, settings.ste_max_change)
    return CoarseWeights(weights, weights, step, target)


def rule_rows(
    rule: WeightRule, params: Params, series: Series, settings: RuleSettings, form: Form
) -> tuple[Values, Any, Any, RuleOutput]:
    """All that a rule says of a series from its beginning.

    Returns:
        Values, the first state, the state after each row, and rows and readouts, leaves ``(chunks - lag, ...)``.
    """
    values = rule.effective(params, series.shape[1], settings)
    first = rule.init(values, series[0])
    return values, first, *rule.over(form, values, first, series[rule.lag :])


def coarse_weights(
    rule: WeightRule,
    params: Params,
    series: Series,
    first_chunk: Start,
    blocks: int,
    settings: RuleSettings,
    form: Form,
    bounds: WeightBounds | None = None,
    state: StrategyState | None = None,
) -> CoarseRun:
    """Blocks of a bout. Everything but shapes and settings may be traced; rows beyond the data are NaN.

    Args:
        rule: the rule.
        params: raw, of one set.
        series: prices at chunk starts, :func:`chunk_series`.
        first_chunk: number of the chunk that the bout starts in.
        blocks: of the bout, :func:`num_blocks`.
        settings: of the rule.
        form: how the rule is run.
        bounds: of each token, or None.
        state: to go on from, before the first chunk of the bout; None warms estimators on all earlier ones and
            starts from the initial weights.
    """
    if state is not None:
        return _continued(rule, params, rows_from(series, first_chunk, blocks), settings, form, bounds, state)
    _, begun, states, output = rule_rows(rule, params, series, settings, form)
    driven = jax.tree.map(lambda x: rows_from(x, first_chunk, blocks - rule.lag), output)
    initial = per_token(calc_initial_weights(params), series.shape[1])
    start = initial
    if rule.is_target and settings.start_from_first_target and driven.row.shape[0]:
        start = guarded(driven.row[0], initial, settings, bounds)
    moves, _ = steps_of(driven.row, start, settings, bounds, _blend(rule, params, initial, settings))
    held = CoarseWeights(initial, initial, jnp.zeros_like(initial), initial)
    if rule.lag:
        moves = jax.tree.map(lambda one, rows: jnp.concatenate([one[None], rows]), held, moves)
    if blocks > rule.lag:
        moves = moves._replace(shown=moves.shown.at[rule.lag].set(initial))
    if blocks <= rule.lag + (rule.is_target and settings.start_from_first_target):
        return CoarseRun(moves, None, driven.readouts)
    at = first_chunk + (blocks - 1 - rule.lag)
    before = jax.tree.map(
        lambda one, rows: rows_from(jnp.concatenate([one[None], rows]), at, 1)[0], begun, states
    )
    return CoarseRun(moves, StrategyState(before, moves.start[-1]), driven.readouts)


def _continued(
    rule: WeightRule,
    params: Params,
    series: Series,
    settings: RuleSettings,
    form: Form,
    bounds: WeightBounds | None,
    state: StrategyState,
) -> CoarseRun:
    """Blocks that go on from a state; each chunk of the series drives one."""
    values = rule.effective(params, series.shape[1], settings)
    states, output = rule.over(form, values, state.rule, series)
    moves, _ = steps_of(
        output.row, state.weights, settings, bounds, _blend(rule, params, state.weights, settings)
    )
    before = jax.tree.map(lambda one, rows: jnp.concatenate([one[None], rows])[-2], state.rule, states)
    return CoarseRun(moves, StrategyState(before, moves.start[-1]), output.readouts)


def warmed(rule: WeightRule, params: Params, series: Series, settings: RuleSettings) -> StrategyState:
    """A strategy that has seen a series and holds its initial weights."""
    _, first, states, _ = rule_rows(rule, params, series, settings, "scan")
    last = jax.tree.map(lambda one, rows: jnp.concatenate([one[None], rows])[-1], first, states)
    return StrategyState(last, per_token(calc_initial_weights(params), series.shape[1]))


def advanced(
    rule: WeightRule,
    params: Params,
    state: StrategyState,
    price: Weights,
    settings: RuleSettings,
    bounds: WeightBounds | None = None,
) -> tuple[CoarseWeights, StrategyState]:
    """The block that a price gives, and the state after it."""
    values = rule.effective(params, price.shape[0], settings)
    inner, output = rule.step(values, state.rule, price)
    block = moved(output.row, state.weights, settings, bounds, _blend(rule, params, state.weights, settings))
    return block, StrategyState(inner, state.weights + settings.period * block.step)


def minutes_of(blocks: CoarseWeights, settings: RuleSettings) -> Float[Array, "*blocks minutes n"]:
    """Weights of each minute of blocks, or of one, ``(*blocks, chunk_period, n)``.

    Pools that go block by block call it inside their loop, so that minutes are never held all at once.
    """
    method = settings.weight_interpolation_method
    path = interpolated(blocks.start, blocks.step, settings.chunk_period, settings.period, method)
    if not settings.start_from_first_target:
        return path
    is_first = jnp.arange(settings.chunk_period).reshape(*[1] * (path.ndim - 2), -1, 1) == 0
    return jnp.where(is_first, blocks.shown[..., None, :], path)


def _blend(rule: WeightRule, params: Params, weights: Weights, settings: RuleSettings) -> Weights | None:
    return None if rule.blend is None else rule.blend(params, weights.shape[0], settings)


def rows_from(rows: Array, first: Start, count: int) -> Array:
    """Consecutive rows from ``first``, ``(count, ...)``; NaN, or the like, beyond the last."""
    first = jnp.asarray(first)
    return jnp.take(rows, first + jnp.arange(count, dtype=first.dtype), axis=0, mode="fill")
