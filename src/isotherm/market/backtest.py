"""A strategy on prices: weights, trades and values of every minute, and what they are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64, Int64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.objectives.periods import period_metrics
from isotherm.market.objectives.report import falls_from_peak
from isotherm.market.parameters.effective import calc_initial_weights
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import PoolState, pool_path
from isotherm.market.prices.align import Alignment, align
from isotherm.market.prices.table import PriceTable
from isotherm.market.rules.coarse import CoarseRun
from isotherm.market.rules.weights import minutes_of_run, run_weights
from isotherm.market.strategy import Strategy, check_spread, costs_of, strategy_of

Rows = Float64[np.ndarray, "rows tokens"]
Series = Float64[np.ndarray, " rows"]


class Period(NamedTuple):
    """Rows ``first .. last - 1`` of a backtest, by a word: ``train`` or ``test``."""

    name: str
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a pool did, a row a minute.

    Attributes:
        settings: of the run, defaults filled in.
        tokens: sorted, as the columns.
        unix: UTC milliseconds, shape ``(rows,)``.
        prices: shape ``(rows, tokens)``.
        weights: the pool's, shape ``(rows, tokens)``; of a pool that holds, its shares of value.
        reserves: after the minute's trades, shape ``(rows, tokens)``.
        value: of the reserves, in the numeraire, shape ``(rows,)``.
        fee_revenue: swap fees that stayed in the pool, in the numeraire, shape ``(rows,)``.
        trades: change of reserves by trades, shape ``(rows, tokens)``.
        periods: train, and test where there is one.
        memory_days: longest memory of the rule, as asked for or as the prices before the start allow.
        notes: lines for people: what was shortened, dropped or filled.
        digests: SHA-256 of price files, by name.
        run: blocks, readouts and state of the rule; None where weights are constant.
        state: of the pool after the last row.
    """

    settings: Fingerprint
    tokens: tuple[str, ...]
    unix: Int64[np.ndarray, " rows"]
    prices: Rows
    weights: Rows
    reserves: Rows
    value: Series
    fee_revenue: Series
    trades: Rows
    periods: tuple[Period, ...]
    memory_days: float
    notes: tuple[str, ...]
    digests: Mapping[str, str]
    run: CoarseRun | None
    state: PoolState

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Metrics of each period, by its name, as records hold them; see :class:`.PeriodMetrics`."""
        found = {}
        for period in self.periods:
            part = slice(period.first, period.last)
            told = period_metrics(self.value[part], self.reserves[part], self.prices[part]).in_files()
            found[period.name] = {key: value.tolist() for key, value in told.items()}
        return found

    @property
    def hodl(self) -> Series:
        """Value of the first reserves held, shape ``(rows,)``."""
        return self.prices @ self.reserves[0]

    @property
    def uniform_hodl(self) -> Series:
        """Value of equal parts held, shape ``(rows,)``."""
        return self.value[0] * (self.prices / self.prices[0]).mean(1)

    @property
    def draw_down(self) -> Series:
        """Loss against the highest value so far, as a share, shape ``(rows,)``, at most 0."""
        return falls_from_peak(self.value)


def simulate(
    fingerprint: Fingerprint,
    params: Mapping[str, Any],
    prices: PriceTable,
    *,
    with_test: bool = False,
    parameter_set: int | None = None,
    weights: Any = None,
    supply: Any = None,
    spread: Any = None,
    lp_supply: Any = None,
    **series: Any,
) -> Backtest:
    """Play a strategy over the window of its fingerprint.

    The estimators of its rule are warmed on the prices before the start, for ``max_memory_days`` as far as there are.
    A weight depends on prices of earlier minutes only.

    Args:
        fingerprint: settings; its dates must be rows of the prices.
        params: raw parameters by key, of one set ``(n,)``, or of several, ``(sets, n)``, of which
            ``parameter_set`` is played.
        prices: a row a minute, a column for each of the fingerprint's tokens, others are left out.
        with_test: whether to go on through the test window, up to ``endTestDateString``.
        parameter_set: which of several sets.
        weights: of each minute, ``(rows, tokens)``, in the place of the rule's.
        supply: circulating, of rules of capitalisation, ``(n,)`` or a row for each row of ``prices``.
        spread: bid-ask spread of each token, where a pool pays it: ``(n,)``, or a row for each minute played.
        lp_supply: shares of the pool over time, positive: with them reserves grow and shrink. An entry for each
            minute in which arbitrageurs may come; the ``supply`` of :class:`.Costs`.
        **series: other fields of :class:`.Costs` in the place of the fingerprint's, as ``fees`` or ``trades``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a date, token, setting or parameter that does not fit.

    >>> from isotherm.market.parameters.pool_start import init_pool_parameters
    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> table = synthetic_table(np.ones((7 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> run = Fingerprint(
    ...     tokens=["AAA", "BBB"], rule="momentum", max_memory_days=3,
    ...     startDateString="2024-01-04 00:00:00", endDateString="2024-01-06 00:00:00",
    ... )
    >>> found = simulate(run, {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights_logits": [0.0, 0.0]}, table)
    >>> found.value.shape, float(found.value[-1])
    ((2880,), 1000000.0)
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    doors.instance("prices", prices, PriceTable, "a PriceTable", "load_prices reads one")
    doors.mapping("params", params, "a mapping of raw parameters by key")
    if parameter_set is not None:
        doors.whole("parameter_set", parameter_set, 0)
    settings = fingerprint.with_defaults()
    table = of_tokens(prices, settings["tokens"])
    aligned = window_of(settings, table, doors.flag("with_test", with_test))
    check_spread(settings["rule"], spread)
    strategy = strategy_of(settings.replaced(max_memory_days=aligned.memory_days), spread=spread)
    chosen = strategy.one_set(params, parameter_set)
    costs = costs_of(settings, supply=lp_supply, **series)
    return _played(
        settings, strategy, chosen, aligned, costs, weights, supply_rows(supply, table, aligned), table
    )


def of_tokens(prices: PriceTable, tokens: Sequence[str]) -> PriceTable:
    """The columns of some tokens, sorted.

    Raises:
        ValueError: naming a token that the table lacks.
    """
    chosen = tuple(sorted(tokens))
    lacking = [token for token in chosen if token not in prices.tickers]
    if lacking:
        raise refusal("tokens", lacking[0], f"is not in the prices, which hold {', '.join(prices.tickers)}")
    columns = [prices.tickers.index(token) for token in chosen]
    if chosen == prices.tickers:
        return prices
    return replace(prices, tickers=chosen, closes=np.ascontiguousarray(prices.closes[:, columns]))


def window_of(settings: Mapping[str, Any], table: PriceTable, with_test: bool = False) -> Alignment:
    """Rows that settings ask for, and as many before them as their memory is long.

    Args:
        settings: of a run, defaults filled in.
        table: of its tokens.
        with_test: whether to go on through the test window.

    Raises:
        ValueError: naming a date that is no row, or absent.
    """
    end, test_end = settings["endDateString"], settings["endTestDateString"]
    if with_test and test_end is None:
        raise refusal("endTestDateString", None, "must be set to go on through the test window")
    days = float(settings["max_memory_days"])
    return align(table, settings["startDateString"], end, days, test_end if with_test else None)


def supply_rows(supply: Any, table: PriceTable, aligned: Alignment) -> Any:
    """Circulating supply on the rows that are kept: ``(n,)``, or a row for each of those.

    Args:
        supply: ``(n,)``, or a row for each row of ``table``; None where there is none.
        table: of all prices.
        aligned: the rows that are kept.

    Raises:
        ValueError: naming ``len(supply)``, if it has another number of rows.
    """
    if supply is None or np.ndim(supply) != 2:
        return supply
    if len(supply) != len(table.unix):
        raise refusal("len(supply)", len(supply), f"must be {len(table.unix)}: the rows of prices")
    first = int((aligned.table.unix[0] - table.unix[0]) // table.interval_ms)
    return np.asarray(supply)[first : first + len(aligned.table.unix)]


def _played(
    settings: Fingerprint,
    strategy: Strategy,
    params: Mapping[str, Any],
    aligned: Alignment,
    costs: Costs,
    weights: Any,
    supply: Any,
    table: PriceTable,
) -> Backtest:
    first, length = aligned.start_idx, aligned.test_end_idx - aligned.start_idx
    run = None
    if weights is not None:
        pass
    elif strategy.rule is None:
        with jax.enable_x64(True):
            weights = np.asarray(
                calc_initial_weights({key: jnp.asarray(value) for key, value in params.items()})
            )
    else:
        run = run_weights(
            strategy.rule,
            params,
            aligned.table.closes,
            first,
            length,
            strategy.settings,
            settings["weight_calculation_method"],
            supply=supply,
            bounds=strategy.bounds(params),
        )
        weights = minutes_of_run(run, length, strategy.settings)
    rows = slice(first, first + length - 1)
    prices = aligned.table.closes[rows]
    path = pool_path(
        strategy.pool, weights, prices, costs, value=settings["initial_pool_value"], with_trades=True
    )
    split = aligned.end_idx - aligned.start_idx - 1
    periods = [Period("train", 0, split)]
    if aligned.test_end_idx > aligned.end_idx:
        periods.append(Period("test", split, length - 1))
    found = {name: np.asarray(getattr(path, name)) for name in ("reserves", "value", "fee_revenue", "trades")}
    return Backtest(
        settings=settings,
        tokens=table.tickers,
        unix=aligned.table.unix[rows],
        prices=prices,
        weights=_weights_of(strategy, weights, found["reserves"], prices),
        **found,
        periods=tuple(periods),
        memory_days=aligned.memory_days,
        notes=(*table.report.notes, *([aligned.note] if aligned.note else [])),
        digests=table.digests,
        run=run,
        state=path.state,
    )


def _weights_of(strategy: Strategy, weights: Any, reserves: Rows, prices: Rows) -> Rows:
    """Weights of each minute; of pools that hold, their shares of value."""
    if strategy.name.rule == "hodl":
        worth = reserves * prices
        return worth / worth.sum(1, keepdims=True)
    return np.broadcast_to(np.asarray(weights), prices.shape)
