"""Tables and sentences of ensembles."""

from collections.abc import Mapping, Sequence
from typing import Any

from isotherm.studies.market.tables import SHOWN
from isotherm.studies.market.words import against, not_known, sentences, setting_rows
from isotherm.study.tables import Cell, Estimate, Table

Metrics = Mapping[str, Any]

PARTS = {"train": "fitted", "test": "test"}
UNITS = {
    "memory_days": "memory, days", "memory_days_1": "first memory, days", "memory_days_2": "second memory, days",
    "k_per_day": "k per day of memory",
}  # fmt: skip

AGREED = 1.05
"""R-hat above which chains do not agree."""

KNOWN, UNKNOWN = 0.7, 0.9
"""Shares of the prior's width: below the one prices determine a parameter, from the other on they leave it open."""


def tables(metrics: Metrics) -> list[Table]:
    """Temperatures, how far draws may be trusted, what stands beside, parameters, settings."""
    return [
        _temperatures(metrics),
        _trust(metrics),
        *([_beside(metrics)] if metrics["parameters"] or metrics["optimum"] else []),
        *_parameters(metrics),
        _settings(metrics),
    ]


def _temperatures(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    count = metrics["sampling"]["num_chains"] * metrics["sampling"]["num_draws"]
    for one in metrics["temperatures"]:
        test, agree = one["parts"].get("test"), agrees(one)
        cells: list[Cell] = [f"{one['beta']:g}", _estimate(one["inside"], count, agree), _ends(one["inside"])]
        cells += [None, None, None] if test is None else [
            _estimate(test, metrics["sampling"]["num_played"], agree), _ends(test), f"{one['ahead']['test']:.0%}",
        ]  # fmt: skip
        rows.append(tuple(cells))
    note = (
        f"The objective is {metrics['settings']['return_val']}. Means over draws with their Monte Carlo error; "
        "ranges hold nine tenths of the draws. One path of prices: no error over paths can be told. No draw knows "
        "the test"
    )
    columns = ("beta", "fitted", "range", "test", "range", "ahead of HODL there")
    return Table("The objective at each temperature", columns, tuple(rows), note)


def _estimate(told: Metrics, count: int, agree: bool) -> Cell:
    return Estimate(told["mean"], told["se"] if agree else None, count)


def _ends(told: Metrics) -> str:
    return f"{told['low']:.2f} .. {told['high']:.2f}"


def agrees(one: Metrics) -> bool:
    """Whether the chains at a temperature tell the same."""
    return one["rhat"] is not None and one["rhat"] <= AGREED


def _trust(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{one['beta']:g}",
            None if one["rhat"] is None else f"{one['rhat']:.3f}, {one['worst']}",
            None if one["ess"] is None else round(one["ess"]),
            f"{one['rates'][1]:.0%}"
            if one["rungs"] == 1
            else f"{one['rates'][0]:.0%} .. {one['rates'][1]:.0%}",
            one["rungs"],
            None if one["evidence"] is None else f"{one['evidence'][0]:.2f} ± {one['evidence'][1]:.2g}",
            f"{one['impossible']:.1%}",
        )
        for one in metrics["temperatures"]
    ]
    sampling = metrics["sampling"]
    note = (
        f"{sampling['num_chains']} chains of {sampling['num_draws']} draws, {sampling['thin']} moves each, by "
        f"{sampling['method']}. R-hat is the largest of all parameters and the objective, effective draws the "
        "fewest; accepted moves, or the least and the mean of swaps between rungs. The evidence is the log of the "
        "prior's mean of exp(beta objective). Impossible moves led out of the support"
    )
    columns = ("beta", "R-hat", "effective draws", "accepted", "rungs", "log evidence", "impossible")
    return Table("How far the draws may be trusted", columns, tuple(rows), note)


def _beside(metrics: Metrics) -> Table:
    cold, hodl, best = metrics["temperatures"][-1], metrics["hodl"], metrics["optimum"]
    parts = [part for part in PARTS if part in hodl]
    rows: list[tuple[Cell, ...]] = [
        (f"draws at beta = {cold['beta']:g}, mean", *(cold["parts"][part]["mean"] for part in parts)),
        (f"pool that averages {metrics['num_members']} of them", *(cold["pool"][part] for part in parts)),
    ]
    if best is not None:
        rows.append(("trained optimum", *(best[part] for part in parts)))
    rows.append(("HODL", *(hodl[part] for part in parts)))
    note = "over whole parts; the optimum is the best end of a training on the same minutes"
    return Table("Beside the ensemble", ("", *(PARTS[part] for part in parts)), tuple(rows), note)


def _parameters(metrics: Metrics) -> list[Table]:
    rows = [
        (
            f"{UNITS.get(name, name)}, {token}",
            _triple(one["prior"]),
            _triple(one["cold"]),
            None if one["narrowed"] is None else f"{one['narrowed']:.2f}",
            None if one["optimum"] is None else f"{one['optimum']:.3g}",
        )
        for name, tokens in metrics["parameters"].items()
        for token, one in zip(sharers(metrics["tokens"], len(tokens)), tokens, strict=True)
    ]
    if not rows:
        return []
    beta = metrics["temperatures"][-1]["beta"]
    note = "Median and nine tenths of the draws; the width is that of logarithms, over that of the prior"
    columns = ("", "prior", f"beta = {beta:g}", "width", "optimum")
    return [Table("What prices say of the parameters", columns, tuple(rows), note)]


def sharers(tokens: Sequence[str], count: int) -> Sequence[str]:
    """Whose so many values of a parameter are: a token each, or all tokens together.

    >>> sharers(["AAA", "BBB"], 1)
    ['all tokens']
    """
    return tokens if len(tokens) == count else ["all tokens"]


def _triple(told: Metrics) -> str:
    return f"{told['median']:.3g} ({told['low']:.3g} .. {told['high']:.3g})"


def _settings(metrics: Metrics) -> Table:
    settings = metrics["settings"]
    rows = [("tokens", ", ".join(metrics["tokens"])), ("objective", settings["return_val"])]
    rows += [("noise_scale, of the prior", f"{metrics['noise_scale']:g}")]
    rows += [("windows", str(metrics["sampling"]["num_windows"]))]
    rows += setting_rows(settings, (*SHOWN, "bout_offset"))
    note = "as in a fingerprint"
    return Table("Settings", ("", "value"), tuple(rows), note + not_known(metrics["unread"]))


def conclusions(metrics: Metrics) -> list[str]:
    """What draws do in and out of sample, what an optimum is among them, what prices determine, whom to trust."""
    said = [_inside(metrics)]
    if "test" in metrics["hodl"]:
        said += [_outside(metrics), _holding(metrics)]
    if metrics["optimum"] is not None:
        said.append(_optimum(metrics))
    said += _known(metrics)
    said.append(_agreement(metrics))
    return said + sentences(metrics["notes"])


def _change(metrics: Metrics, *path: str) -> tuple[Metrics, Metrics, float | None]:
    """The warmest and the coldest, and how many errors lie between them; None where no error is known."""
    ends = []
    for one in (metrics["temperatures"][0], metrics["temperatures"][-1]):
        told = one
        for key in path:
            told = told[key]
        ends.append((one, told))
    (warm, first), (cold, last) = ends
    errors = [first["se"], last["se"]]
    if not (agrees(warm) and agrees(cold)) or None in errors:
        return first, last, None
    width = (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    return first, last, (last["mean"] - first["mean"]) / width if width > 0 else None


def _inside(metrics: Metrics) -> str:
    first, last, scores = _change(metrics, "inside")
    warm, cold = metrics["temperatures"][0], metrics["temperatures"][-1]
    name = metrics["settings"]["return_val"]
    if warm is cold:
        return f"On fitted minutes the mean {name} of draws is **{last['mean']:.2f}** at beta = {cold['beta']:g}."
    said = (
        f"On fitted minutes the mean {name} of draws goes from **{first['mean']:.2f}** at beta = {warm['beta']:g} to "
        f"**{last['mean']:.2f}** at beta = {cold['beta']:g}"
    )
    return f"{said}{_sure(scores)}."


def _sure(scores: float | None) -> str:
    if scores is None:
        return " (no error of that change is known)"
    if abs(scores) < 3:
        return ", a change within its error"
    return f" ({abs(scores):.0f} Monte Carlo errors)"


def _outside(metrics: Metrics) -> str:
    first, last, scores = _change(metrics, "parts", "test")
    if len(metrics["temperatures"]) == 1:
        return f"On the test, which no draw knows, it is {last['mean']:.2f}."
    said = f"On the test, which no draw knows, it goes from {first['mean']:.2f} to {last['mean']:.2f}{_sure(scores)}"
    if scores is None:
        return f"{said}."
    if abs(scores) < 3:
        return f"{said}: what is learned of the fitted minutes cannot be told apart from nothing there."
    if scores > 0:
        return f"{said}: on this path of prices what is learned of the fitted minutes **holds there too**."
    return f"{said}: on this path of prices what is learned of the fitted minutes **does harm there**."


def _holding(metrics: Metrics) -> str:
    cold = metrics["temperatures"][-1]
    share, told = cold["ahead"]["test"], cold["against_hodl"]
    said = f"There {share:.0%} of the draws at beta = {cold['beta']:g} have a better objective than HODL"
    if told is None:
        return f"{said}."
    return f"{said}; the pool that averages {metrics['num_members']} of them ends the test {against(told, 'HODL')}."


def _optimum(metrics: Metrics) -> str:
    cold, best = metrics["temperatures"][-1], metrics["optimum"]
    inside = cold["inside"]
    place = "above nearly all" if best["inside"] > inside["high"] else "among"
    said = (
        f"The trained optimum, {best['inside']:.2f} on fitted minutes, lies {place} draws at beta = {cold['beta']:g} "
        f"({_ends(inside)})"
    )
    if "test" not in best:
        return f"{said}."
    test = cold["parts"]["test"]
    if best["test"] < test["low"]:
        return f"{said}; on the test, {best['test']:.2f}, it does **worse than nearly all of them** ({_ends(test)})."
    if best["test"] > test["high"]:
        return f"{said}; on the test, {best['test']:.2f}, it does **better than nearly all of them** ({_ends(test)})."
    return f"{said}; on the test, {best['test']:.2f}, it is **one of them** ({_ends(test)})."


def _known(metrics: Metrics) -> list[str]:
    widths = {
        f"{_plain(name)} of {token}": one["narrowed"]
        for name, tokens in metrics["parameters"].items()
        for token, one in zip(sharers(metrics["tokens"], len(tokens)), tokens, strict=True)
        if one["narrowed"] is not None
    }
    if not widths or not agrees(metrics["temperatures"][-1]):
        return []
    known = [f"{name} ({width:.2f})" for name, width in widths.items() if width < KNOWN]
    unknown = [f"{name} ({width:.2f})" for name, width in widths.items() if width >= UNKNOWN]
    beta = metrics["temperatures"][-1]["beta"]
    return [
        f"What prices determine, with the share of the prior's width that is left at beta = {beta:g}: "
        f"{', '.join(known) or 'nothing'}. What they leave open: {', '.join(unknown) or 'nothing'}."
    ]


def _plain(name: str) -> str:
    return str(UNITS.get(name, name)).partition(",")[0]


def _agreement(metrics: Metrics) -> str:
    apart = [one for one in metrics["temperatures"] if not agrees(one)]
    if not apart:
        largest = max(one["rhat"] for one in metrics["temperatures"])
        fewest = min(one["ess"] for one in metrics["temperatures"])
        return f"Chains agree at all temperatures: R-hat at most {largest:.3f}, {fewest:.0f} effective draws or more."
    which = ", ".join(f"{one['beta']:g}" for one in apart)
    return (
        f"Chains **do not agree** at beta = {which}: several ways to do as well, or too few moves. No error is told "
        "there; `--method=tempering`, or more moves (`--thin`, `--num-warmup`), may join them."
    )


def problems(metrics: Metrics) -> list[str]:
    """What makes ensembles worthless: an objective that is no number."""
    lost = [one for one in metrics["temperatures"] if one["rhat"] is None]
    return [f"draws at beta = {one['beta']:g} tell no R-hat: they never moved" for one in lost]
