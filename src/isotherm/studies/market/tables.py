"""Tables and sentences of a backtest."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.words import interval_cell, setting_rows
from isotherm.study.tables import Cell, Table

Metrics = Mapping[str, Any]

JUDGED = {
    "return": "return",
    "returns_over_hodl": "return over HODL",
    "returns_over_uniform_hodl": "return over uniform HODL",
    "constant_return": "return of constant weights",
    "annualised_returns": "return a year",
    "sharpe_daily": "Sharpe ratio, daily returns",
    "daily_log_sharpe": "Sharpe ratio, daily log returns",
    "calmar": "Calmar ratio",
    "sterling": "Sterling ratio",
    "ulcer": "ulcer index, negated",
}
"""Metrics in the table, in words; the first six are shares or ratios of a period."""

SHARES = (
    "return",
    "returns_over_hodl",
    "returns_over_uniform_hodl",
    "constant_return",
    "annualised_returns",
    "ulcer",
)

SHOWN = (
    "rule", "startDateString", "endDateString", "endTestDateString", "initial_pool_value", "chunk_period",
    "weight_interpolation_period", "weight_interpolation_method", "maximum_change", "minimum_weight",
    "max_memory_days", "fees", "gas_cost", "arb_fees", "protocol_fee_split", "noise_trader_ratio", "arb_frequency",
)  # fmt: skip


def tables(metrics: Metrics) -> list[Table]:
    """Performance by period, the pool beside what else one could have done, and the settings."""
    return [_performance(metrics), _beside(metrics), _settings(metrics)]


def _performance(metrics: Metrics) -> Table:
    periods = metrics["periods"]
    rows: list[tuple[Cell, ...]] = [("days", *(part["days"] for part in periods.values()))]
    for name, label in JUDGED.items():
        rows.append((label, *(_cell(name, part[name]) for part in periods.values())))
    rows.append(("95 % of the Sharpe ratio", *(interval_cell(part["interval"]) for part in periods.values())))
    rows.append(("deflated Sharpe ratio", *(part["deflated"] for part in periods.values())))
    note = (
        "One path of prices: no error over paths can be told. The interval resamples blocks of ten days; the "
        "deflated ratio is the probability that the Sharpe ratio is above the best of so many lucky trials. Ratios "
        "are of a year of 365 days; a dash: the period is too short"
    )
    return Table("Performance", ("", *periods), tuple(rows), note)


def _beside(metrics: Metrics) -> Table:
    start = metrics["settings"]["initial_pool_value"]
    values = {
        "pool": metrics["final_value"], "HODL": metrics["hodl"], "uniform HODL": metrics["uniform_hodl"],
        "constant weights": metrics["constant"],
    }  # fmt: skip
    rows = tuple(
        (
            name,
            f"{value:,.2f}",
            f"{value / start - 1:+.2%}",
            None if name == "pool" else f"{metrics['final_value'] / value - 1:+.2%}",
        )
        for name, value in values.items()
    )
    note = (
        f"From {start:,.2f} at the start to the last of {metrics['rows']:,} minutes. HODL holds the pool's first "
        "reserves, uniform HODL equal parts; constant weights is a pool that keeps the first weights, at the same "
        "costs"
    )
    return Table("What else one could have done", ("", "value", "return", "pool is ahead by"), rows, note)


def _settings(metrics: Metrics) -> Table:
    settings = metrics["settings"]
    rows = [("tokens", ", ".join(metrics["tokens"]))]
    told = {name: f"over time, from {path}" for name, path in metrics.get("series", {}).items()}
    shown = dict(setting_rows(settings, SHOWN))
    rows += (shown | told).items()
    note = "as in a fingerprint; what was not given is its default"
    unread = metrics.get("unread")  # runs of earlier versions did not say
    if unread:
        note += f". Given, but not looked at by {settings['rule']}: {', '.join(unread)}"
    return Table("Settings", ("", "value"), tuple(rows), note)


def conclusions(metrics: Metrics) -> list[str]:
    """What came out, against what, for how much trading, and how far it may be trusted."""
    periods = metrics["periods"]
    name, judged = list(periods.items())[-1]
    where = {"train": "window", "test": "test window"}[name]
    ahead, constant = judged["returns_over_hodl"], judged["constant_return"]
    said = [
        f"Over the {where} of {judged['days']:g} days the pool returned **{judged['return']:+.2%}**, "
        f"{_against(ahead)} holding its first reserves, {_against(_over(judged['return'], constant))} a pool of "
        "constant weights at the same costs.",
        f"{metrics['trades']:,} of {metrics['rows']:,} minutes had a trade; {metrics['traded']:,.0f} was traded in, "
        f"which left {metrics['fee_revenue']:,.2f} of swap fees in the pool. The largest draw-down was "
        f"{-metrics['draw_down']:.2%}.",
    ]
    if "lp_supply" in metrics.get("series", {}):
        said.insert(1, "Values and returns are of all shares: what came and went with new ones is in them.")
    if name == "test":
        before = periods["train"]["returns_over_hodl"]
        said.append(f"In the training window before it was {_against(before)} holding.")
    if "map" in metrics:
        said.append(_map(metrics["map"]))
    said += [f"Prices: {note}." for note in metrics["notes"]]
    return said


def _map(best: Metrics) -> str:
    return (
        f"Of the map the best strategy has k = {best['k_per_day']:g} a day and a memory of {best['memory_days']:g} "
        f"days, {best['over_hodl']:+.2%} over HODL in the training window, which was looked at to choose it; the "
        f"median is {best['median']:+.2%}, and {best['positive']:.0%} of strategies are ahead of HODL."
    )


def _against(share: float) -> str:
    word = "ahead of" if share > 0 else "behind"
    return f"{abs(share):.2%} {word}"


def _over(own: float, other: float) -> float:
    return (1 + own) / (1 + other) - 1


def _cell(name: str, value: float | None) -> Cell:
    return f"{value:+.2%}" if name in SHARES and value is not None else value


def problems(config: BacktestConfig, metrics: Metrics) -> list[str]:
    """What makes a backtest worthless: a value that is not finite or not above 0."""
    value = metrics["final_value"]
    return [] if 0 < value < float("inf") else [f"the pool's value ended at {value}"]
