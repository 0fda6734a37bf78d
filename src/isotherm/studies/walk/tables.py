"""Tables and sentences of a walk forward."""

import math
from collections.abc import Mapping
from typing import Any

from isotherm.studies.market.tables import SHOWN
from isotherm.studies.market.words import (
    PAIRED,
    TOO_FEW,
    against,
    interval_cell,
    luck,
    not_known,
    sentences,
    setting_rows,
    share_cell,
    told_apart,
)
from isotherm.study.tables import Cell, Table

Metrics = Mapping[str, Any]

POOLS = {
    "trained": "trained, cycle by cycle",
    "default": "default momentum",
    "hodl": "HODL",
    "uniform_hodl": "uniform HODL",
}
RIVALS = {"default": "the default momentum pool", "hodl": "HODL", "uniform_hodl": "uniform HODL"}


MOST_CYCLES = 60
SHOWN_ENDS = 10
"""Of a walk of more cycles than that the table has so many from either end."""


def tables(metrics: Metrics) -> list[Table]:
    """Performance out of sample, what the walk is ahead of, its verdict, cycles, settings."""
    return [_performance(metrics), _ahead(metrics), _verdict(metrics), _cycles(metrics), _settings(metrics)]


def _performance(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for pool, told in metrics["pools"].items():
        shares = (share_cell(told["return"]), share_cell(told["a_year"]))
        ends = interval_cell(told["interval"])
        rows.append((POOLS[pool], *shares, told["sharpe"], ends, told["deflated"]))
    note = (
        f"All tests one after another, {metrics['days']} days; one path of prices. The interval, 95 % of the annual "
        "Sharpe ratio of daily returns, resamples blocks of ten days; a dash: too few. The deflated ratio is the "
        f"probability that it is above the best that luck gives in {_trials(metrics)}. HODL holds what "
        "the trained pool begins the first test with, uniform HODL equal parts, both to the end. Exchanging one "
        "pool for the next is free here"
    )
    columns = ("", "return", "a year", "Sharpe ratio", "95 %", "deflated")
    return Table("Out of sample", columns, tuple(rows), note)


def _ahead(metrics: Metrics) -> Table:
    rows = tuple(
        (
            RIVALS[name],
            share_cell(told["ahead"]),
            interval_cell(told["interval"]),
            told_apart(told) or TOO_FEW,
        )
        for name, told in metrics["against"].items()
    )
    columns = ("", "ahead by", "information ratio", "")
    return Table("What the trained pools are ahead of", columns, rows, PAIRED)


def _verdict(metrics: Metrics) -> Table:
    told, sharpes = metrics["verdict"], metrics["chance"]["sharpes"]
    rows: list[tuple[Cell, ...]] = [
        ("mean Sharpe ratio of cycles, out of sample", told["mean_sharpe"]),
        ("its spread over cycles", told["std_sharpe"]),
        ("worst", told["worst_sharpe"]),
        (
            f"mean efficiency, of {told['num_efficiency']} cycles of {len(metrics['cycles'])}",
            told["mean_efficiency"],
        ),
        ("Sharpe ratio after haircuts", told["adjusted_sharpe"]),
        ("share of the value exchanged between cycles", share_cell(metrics["turnover"])),
        ("walks by chance with a higher Sharpe ratio", _of_chance(metrics)),
    ]
    if sharpes:
        rows.append(("their Sharpe ratios", f"{min(sharpes):.2f} .. {max(sharpes):.2f}"))
    rows.append(("effective", "yes" if told["is_effective"] else "no"))
    note = (
        "Efficiency: the Sharpe ratio out of sample over that in sample, of cycles where the latter is above 0. "
        "Effective: at least 0.5 on the mean, no cycle lost out of sample, and more than the haircuts where these "
        "are tracked. By chance: parameters drawn anew in each cycle"
    )
    return Table("The walk as a whole", ("", "value"), tuple(rows), note)


_RETURNS = ("returns", "returns_over_hodl", "returns_over_uniform_hodl")


def _cycles(metrics: Metrics) -> Table:
    """Each cycle; of very many those that did best and worst against holding."""
    cycles, title = metrics["cycles"], "Cycles"
    if len(cycles) > MOST_CYCLES:
        order = sorted(range(len(cycles)), key=lambda i: _over_hodl(cycles[i]))
        shown = sorted((*order[:SHOWN_ENDS], *order[-SHOWN_ENDS:]))
        title = f"Cycles: of {len(cycles)} the {SHOWN_ENDS} worst and the {SHOWN_ENDS} best beside HODL"
        cycles = [cycles[i] for i in shown]
    rows = tuple(
        (
            cycle["test_start"][:10],
            cycle["inside"]["sharpe"],
            cycle["outside"]["sharpe"],
            cycle["efficiency"],
            *(share_cell(cycle["outside"][name]) for name in _RETURNS),
            ", ".join(cycle["test_regime"]),
        )
        for cycle in cycles
    )
    note = "HODL here holds from each test's begin. The market of a test: its volatility, and its trend"
    columns = (
        "test from", "Sharpe ratio inside", "outside", "efficiency", "return", "over HODL", "over uniform HODL",
        "market",
    )  # fmt: skip
    return Table(title, columns, rows, note)


def _over_hodl(cycle: Metrics) -> float:
    """Of a test; of a lost one the worst that there is."""
    found = cycle["outside"]["returns_over_hodl"]
    return -math.inf if found is None else found


def _settings(metrics: Metrics) -> Table:
    settings, first = metrics["settings"], metrics["cycles"][0]
    left_out = f"{metrics['purge_days']} purged, {metrics['embargo_days']} embargoed"
    rows: list[tuple[Cell, ...]] = [
        ("tokens", ", ".join(metrics["tokens"])),
        ("objective", metrics["objective"]),
        ("cycles", len(metrics["cycles"])),
        ("first training", f"{first['train_start'][:10]} to {first['train_end'][:10]}"),
        ("days left out around a test", left_out),
    ]
    rows += setting_rows(settings, (*SHOWN, "bout_offset"))
    rows += [(name, str(value)) for name, value in metrics["training"].items()]
    note = "as in a fingerprint; settings of training only where they are not their defaults"
    return Table("Settings", ("", "value"), tuple(rows), note + not_known(metrics["unread"]))


# ------------------------------------------------------------------------------
# Sentences


def conclusions(metrics: Metrics) -> list[str]:
    """What choosing was worth out of sample, beside holding, the default and chance; and how far that is trusted."""
    own, count = metrics["pools"]["trained"], len(metrics["cycles"])
    ahead = {name: against(told, RIVALS[name], TOO_FEW) for name, told in metrics["against"].items()}
    said = [
        f"Chosen {count} times, each time tested on days that no training saw, the pools returned "
        f"**{own['return']:+.2%}** over {metrics['days']} days ({own['a_year']:+.2%} a year): "
        f"{ahead['hodl']}, and {ahead['uniform_hodl']}.",
        f"Choosing itself: {ahead['default']}, which nothing chose{_chance(metrics)}.",
        _efficiency(metrics),
    ]
    if own["deflated"] is not None:
        said.append(
            f"A Sharpe ratio of {own['sharpe']:.2f} a year over these days **{luck(own['deflated'])}** (deflated "
            f"Sharpe ratio {own['deflated']:.2f}, {_trials(metrics)}); a market that "
            "rises gives one to whoever holds it."
        )
    if metrics["turnover"] is not None:
        said.append(
            f"Between two cycles {metrics['turnover']:.1%} of the value changes hands on the mean, at no cost here: "
            "whoever exchanges pools pays for that."
        )
    return said + sentences(metrics["notes"])


def _of_chance(metrics: Metrics) -> Cell:
    sharpes = metrics["chance"]["sharpes"]
    if not sharpes:
        return None
    return f"{sum(one > metrics['pools']['trained']['sharpe'] for one in sharpes)} of {len(sharpes)}"


def _trials(metrics: Mapping[str, Any]) -> str:
    count = metrics["num_trials"]
    return f"{count} {'trial' if count == 1 else 'trials'}"


def _chance(metrics: Metrics) -> str:
    told = _of_chance(metrics)
    return "" if told is None else f"; {told} walks whose parameters chance drew have a higher Sharpe ratio"


def _efficiency(metrics: Metrics) -> str:
    told, cycles = metrics["verdict"], metrics["cycles"]
    inside = sum(cycle["inside"]["sharpe"] for cycle in cycles) / len(cycles)
    said = (
        f"The mean Sharpe ratio of cycles is {inside:.2f} in sample and {told['mean_sharpe']:.2f} "
        f"out of sample; the walk **{'is' if told['is_effective'] else 'is not'} effective**"
    )
    return f"{said}: {'; '.join(told['reasons'])}." if told["reasons"] else f"{said}."


def problems(metrics: Metrics) -> list[str]:
    """What makes a walk worthless: a test without a Sharpe ratio."""
    lost = [cycle for cycle in metrics["cycles"] if cycle["outside"]["sharpe"] is None]
    return [f"the test from {cycle['test_start']} has no Sharpe ratio" for cycle in lost]
