"""Tables and sentences of a training."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.market.tables import SHOWN
from isotherm.studies.market.words import (
    PAIRED,
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

PARTS = {"train": "fitted", "validation": "held back for choosing", "test": "test"}
POOLS = {"trained": "trained", "untrained": "first parameters", "constant": "constant weights"}
RIVALS = {
    "hodl": "HODL",
    "uniform_hodl": "uniform HODL",
    "untrained": "the pool of first parameters",
    "constant": "a pool of constant weights",
}


def tables(metrics: Metrics) -> list[Table]:
    """Performance by part, what the trained pool is ahead of, parameters, the choice, settings."""
    return [
        _performance(metrics),
        _ahead(metrics),
        *_parameters(metrics),
        _choice(metrics),
        _settings(metrics),
    ]


def _performance(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part, found in metrics["parts"].items():
        for pool, told in found["pools"].items():
            shares = (
                share_cell(told[name])
                for name in ("return", "returns_over_hodl", "returns_over_uniform_hodl")
            )
            rows.append(
                (
                    f"{PARTS[part]}: {POOLS[pool]}",
                    *shares,
                    told["sharpe_daily"],
                    interval_cell(told["interval"]),
                )
            )
    days = ", ".join(f"{PARTS[part]} {days:.3g}" for part, days in metrics["days"].items())
    note = (
        f"Days: {days}. One path of prices: no error over paths can be told. The interval, 95 % of the annual Sharpe "
        "ratio of daily returns, resamples blocks of ten days; a dash: too few days. HODL holds what a pool begins a "
        "part with. The test decided nothing"
    )
    columns = ("", "return", "over HODL", "over uniform HODL", "Sharpe ratio", "95 %")
    return Table("Performance", columns, tuple(rows), note)


def _ahead(metrics: Metrics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part, found in metrics["parts"].items():
        for rival, told in found["against"].items():
            rows.append(
                (
                    f"{PARTS[part]}: {RIVALS[rival]}",
                    share_cell(told["ahead"]),
                    interval_cell(told["interval"]),
                    told_apart(told),
                )
            )
    columns = ("", "ahead by", "information ratio", "")
    return Table("What the trained pool is ahead of", columns, tuple(rows), PAIRED)


def _parameters(metrics: Metrics) -> list[Table]:
    if not metrics["effective"]:
        return []
    rows = [
        (f"{name}, {when}", *found[name])
        for name in metrics["effective"]
        for when, found in (("first", metrics["untrained"]), ("trained", metrics["effective"]))
        if name in found
    ]
    note = "What the rule makes of its raw parameters; k is per day of memory times memory in days"
    return [Table("Parameters", ("", *metrics["tokens"]), tuple(rows), note)]


def _choice(metrics: Metrics) -> Table:
    chosen, part = metrics["chosen"], metrics["judged_by"]
    told = metrics["parts"]
    rows: list[tuple[Cell, ...]] = [
        ("iterations", f"{chosen['epochs_trained']} of {metrics['asked']}"),
        ("chosen iteration", chosen["iteration"]),
        ("chosen set", chosen["param_idx"]),
        ("by", f"{metrics['metric']}, {PARTS[part]}"),
        ("pairs of iteration and set that were judged", metrics["trials"]),
        ("deflated Sharpe ratio there", told[part]["deflated"]),
        ("final weights", ", ".join(f"{weight:.3f}" for weight in metrics["final_weights"])),
    ]
    note = (
        "The deflated ratio is the probability that the Sharpe ratio is above the best that luck gives in as many "
        "independent trials as pairs were judged; these are alike, so that it is strict. Final weights are those at "
        "the end of the training window"
    )
    return Table("How it was chosen", ("", "value"), tuple(rows), note)


def _settings(metrics: Metrics) -> Table:
    settings = metrics["settings"]
    rows = [("tokens", ", ".join(metrics["tokens"])), ("objective", settings["return_val"])]
    rows += setting_rows(settings, (*SHOWN, "bout_offset"))
    rows += [(name, str(value)) for name, value in metrics["training"].items()]
    note = "as in a fingerprint; settings of training only where they are not their defaults"
    return Table("Settings", ("", "value"), tuple(rows), note + not_known(metrics["unread"]))


def conclusions(metrics: Metrics) -> list[str]:
    """What came out, whether it can be told from holding, how it was chosen, and how far that may be trusted."""
    *_, last = metrics["parts"]
    found, days = metrics["parts"][last], metrics["days"][last]
    where = f"the test of {days:.3g} days, which decided nothing," if last == "test" else f"{days:.3g} days"
    told = found["pools"]["trained"]
    ahead = {name: against(one, RIVALS[name]) for name, one in found["against"].items()}
    said = [
        f"Over {where} the trained pool returned **{share_cell(told['return']) or 'no number'}**, {ahead['hodl']}, "
        f"and {ahead['uniform_hodl']}.",
        f"Training itself: there the trained pool is {ahead['untrained']}, and {ahead['constant']}.",
        _chosen(metrics),
    ]
    if _is_first_chosen(metrics):
        said.append(
            "The first iteration that was judged is the one: what later ones learned of the fitted minutes does not "
            "hold on those held back."
        )
    if last == "test":
        said.append(_gap(metrics))
    return said + sentences(metrics["notes"])


def _is_first_chosen(metrics: Metrics) -> bool:
    """Whether minutes held back chose the first iteration, and others were judged after it."""
    chosen = metrics["chosen"]
    is_held_back = metrics["judged_by"] == "validation" and chosen["selection_method"] == "best_step_and_set"
    return is_held_back and chosen["iteration"] == 0 < chosen["epochs_trained"] - 1


def _chosen(metrics: Metrics) -> str:
    chosen, part = metrics["chosen"], metrics["judged_by"]
    deflated = metrics["parts"][part]["deflated"]
    where = "minutes held back" if part == "validation" else "the fitted minutes themselves"
    said = (
        f"Set {chosen['param_idx']} at iteration {chosen['iteration']} was chosen by {metrics['metric']} on {where}, "
        f"from {metrics['trials']} pairs of iteration and set"
    )
    if deflated is None:
        return f"{said}."
    ratio = f"its Sharpe ratio **{luck(deflated)}** (deflated Sharpe ratio {deflated:.2f})"
    return f"{said}: as the best of so many, {ratio}."


def _gap(metrics: Metrics) -> str:
    name = metrics["metric"]
    if name not in metrics["parts"]["train"]["pools"]["trained"]:
        name = "daily_log_sharpe"
    values = {part: found["pools"]["trained"][name] for part, found in metrics["parts"].items()}
    told = ", ".join(f"{_number(value)} {PARTS[part]}" for part, value in values.items())
    return f"{name} of the trained pool in and out of sample: {told}."


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def problems(metrics: Metrics) -> list[str]:
    """What makes a training worthless: a return that is no number."""
    lost = [part for part, found in metrics["parts"].items() if found["pools"]["trained"]["return"] is None]
    return [f"the trained pool's return is no number over {PARTS[part]} minutes" for part in lost]
