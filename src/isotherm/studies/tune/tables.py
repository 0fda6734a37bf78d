"""Tables and sentences of a tuning."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.market.tables import SHOWN
from isotherm.studies.market.words import (
    TOO_FEW,
    against,
    interval_cell,
    luck,
    not_known,
    setting_rows,
    share_cell,
    told_apart,
)
from isotherm.study.tables import Cell, Table

Metrics = Mapping[str, Any]

POOLS = {
    "tuned": "best trial",
    "untuned": "settings as they were",
    "hodl": "HODL",
    "uniform_hodl": "uniform HODL",
}
RIVALS = {"untuned": "the settings as they were", "hodl": "HODL", "uniform_hodl": "uniform HODL"}
PARTS = {"tested": "tests that trials saw", "held": "held back from trials"}

MOST = 10
"""Trials that are listed."""


def tables(metrics: Metrics) -> list[Table]:
    """What was chosen, what it was worth, the best trials, settings."""
    return [_chosen(metrics), _performance(metrics), _ahead(metrics), _trials(metrics), _settings(metrics)]


def _chosen(metrics: Metrics) -> Table:
    trials, weight = metrics["trials"], metrics["importances"]
    best = {} if metrics["best"] is None else trials[metrics["best"]]["params"]
    rows = tuple(
        (
            axis["name"],
            _shown(trials[0]["params"].get(axis["name"])),
            _shown(best.get(axis["name"])),
            _range(axis),
            f"{weight[axis['name']]:.0%}" if axis["name"] in weight else None,
        )
        for axis in metrics["axes"]
    )
    note = (
        "Importance: the share of what tells good trials from the others that a setting explains, by PED-ANOVA; of "
        "few trials it says little. Settings as they were: the nearest ones within the ranges, the first trial"
    )
    return Table(
        "Settings that were tuned", ("", "as it was", "best trial", "range", "importance"), rows, note
    )


def _performance(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part, told in _parts(metrics):
        for pool, one in told["pools"].items():
            deflated = told["deflated"] if pool == "tuned" else None
            label = f"{PARTS[part]}: {POOLS[pool]}"
            rows.append(
                (label, share_cell(one["return"]), one["sharpe"], interval_cell(one["interval"]), deflated)
            )
    days = ", ".join(f"{PARTS[part]} {told['days']}" for part, told in _parts(metrics))
    note = (
        f"Days: {days or 'none'}; one path of prices. The interval, 95 % of the annual Sharpe ratio of daily "
        "returns, resamples blocks of ten days; a dash: too few days. The deflated ratio is the probability that "
        f"it is above the best that luck gives: in {len(metrics['trials'])} trials where these looked, in one where "
        "none did. "
        "HODL holds what each test begins with"
    )
    return Table("Out of sample", ("", "return", "Sharpe ratio", "95 %", "deflated"), tuple(rows), note)


def _parts(metrics: Metrics) -> list[tuple[str, Metrics]]:
    """Those of which anything is known."""
    return [(part, metrics[part]) for part in PARTS if metrics[part]]


def _ahead(metrics: Metrics) -> Table:
    rows = tuple(
        (
            f"{PARTS[part]}: {RIVALS[rival]}",
            share_cell(one["ahead"]),
            one["information"],
            interval_cell(one["interval"]),
            told_apart(one),
        )
        for part, told in _parts(metrics)
        for rival, one in told["against"].items()
    )
    note = (
        "Paired day by day. The information ratio is the annual ratio of mean to spread of daily excess returns, its "
        "interval, 95 %, by blocks of ten days; where it holds 0, the two cannot be told apart. On tests that trials "
        "saw it is that of a winner, and too good"
    )
    columns = ("", "ahead by", "information ratio", "95 %", "")
    return Table("What the best trial is ahead of", columns, rows, note)


def _trials(metrics: Metrics) -> Table:
    goals, trials = metrics["goals"], metrics["trials"]
    whole = [i for i, trial in enumerate(trials) if trial["values"] is not None]
    ranked = sorted(whole, key=lambda i: -trials[i]["values"][0])[:MOST]
    rows = tuple(
        (
            str(i) + (" *" if i in metrics["front"] and len(goals) > 1 else ""),
            *trials[i]["values"],
            ", ".join(f"{name} {_shown(value)}" for name, value in trials[i]["params"].items()),
        )
        for i in ranked
    )
    note = f"{_counts(metrics)}. The first trial is number 0"
    note += "; a star: on the front, where none is better in all" if len(goals) > 1 else ""
    return Table("Best trials", ("trial", *goals, "settings"), rows, note)


def _settings(metrics: Metrics) -> Table:
    settings, cycles = metrics["settings"], metrics["cycles"]
    rows: list[tuple[Cell, ...]] = [
        ("tokens", ", ".join(metrics["tokens"])),
        ("goals", ", ".join(metrics["goals"])),
        (
            "cycles that trials see, and that they do not",
            f"{len(cycles) - metrics['num_held']}, {metrics['num_held']}",
        ),
        ("first training", f"{cycles[0][1][:10]} to {cycles[0][2][:10]}"),
        ("goes on after a cycle", f"the best {metrics['kept_percent']:g} %"),
    ]
    rows += setting_rows(settings, SHOWN)
    rows += [(name, str(value)) for name, value in metrics["training"].items()]
    note = "as in a fingerprint; settings of training only where they are not their defaults"
    return Table("Settings", ("", "value"), tuple(rows), note + not_known(metrics["unread"]))


# ------------------------------------------------------------------------------
# Sentences


def conclusions(metrics: Metrics) -> list[str]:
    """What tuning was worth where trials looked, and where they did not."""
    best, trials, goal = metrics["best"], metrics["trials"], metrics["goals"][0]
    if best is None:
        return [f"{_counts(metrics)}: nothing was chosen.", *_reasons(metrics)]
    first = trials[0]["values"]
    was = "which came to no end" if first is None else f"{first[0]:.3g}"
    said = [
        *_held(metrics),
        *_luck(metrics),
        f"{_counts(metrics)}. The best, number {best}, has a {goal} of **{trials[best]['values'][0]:.3g}**; the "
        f"settings as they were: {was}.",
    ]
    if len(metrics["goals"]) > 1:
        front = ", ".join(map(str, metrics["front"]))
        said.append(f"No trial is better in all of {', '.join(metrics['goals'])} than these: {front}.")
    return said + _reasons(metrics)


def _counts(metrics: Metrics) -> str:
    trials = metrics["trials"]
    count = {word: sum(trial["state"] == word for trial in trials) for word in ("given up", "failed")}
    said = f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'}"
    others = [f"{number} {word}" for word, number in count.items() if number]
    return said + (f", {' and '.join(others)}" if others else "")


def _luck(metrics: Metrics) -> list[str]:
    told = metrics["tested"]
    if told is None or told["deflated"] is None:
        return []
    ratio = told["pools"]["tuned"]["sharpe"]
    return [
        f"Over the {told['days']} days by which it was chosen, its Sharpe ratio of {ratio:.2f} a year "
        f"**{luck(told['deflated'])}**: deflated by {told['trials']} trials, it is above the best of as many by luck "
        f"with probability {told['deflated']:.2f}."
    ]


def _held(metrics: Metrics) -> list[str]:
    told = metrics["held"]
    if told is None:
        return ["No cycle was held back: what the best trial is worth on other days is not known."]
    ahead = [_against(told["against"][name], RIVALS[name]) for name in RIVALS if name in told["against"]]
    share = told["pools"]["tuned"]["return"]
    return [
        f"Over {told['days']} days that no trial saw, the best trial returned **{share:+.2%}**: {'; '.join(ahead)}."
    ]


def _against(told: Metrics, rival: str) -> str:
    if told["ahead"] == 0:
        return f"the same as {rival}"
    return against(told, rival, TOO_FEW)


def _reasons(metrics: Metrics) -> list[str]:
    notes = dict.fromkeys(trial["note"] for trial in metrics["trials"] if trial["note"])
    return [f"Why trials failed: {note}." for note in notes]


def problems(metrics: Metrics) -> list[str]:
    """What makes a tuning worthless: no trial came to its end."""
    return ["no trial came to its end"] if metrics["best"] is None else []


def _range(axis: Metrics) -> str:
    if axis["choices"]:
        return " | ".join(map(str, axis["choices"]))
    return f"{axis['low']:g} .. {axis['high']:g}" + (", logarithmic" if axis["log_scale"] else "")


def _shown(value: Any) -> Cell:
    if value is None or isinstance(value, str | int):
        return value if value is None or isinstance(value, str) else str(value)
    return f"{value:.3g}"
