"""Tables and sentences of the grid-world study."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.published import published
from isotherm.studies.gridworld.results import learned_in
from isotherm.study.tables import Cell, Estimate, Table

WORDS = {
    1: "moves unknown, cells seen",
    2: "cells unknown, moves and start known",
    3: "cells and start unknown, moves known",
    4: "cells unknown, nothing known of moves, start known",
    5: "cells and start unknown, neighbours known",
    6: "cells unknown, neighbours and start known",
}

FEW = 6
"""Blocks in a table."""


def tables(config: GridworldConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """Of each scenario, divergence by block; what is left at the end; the checks."""
    found = [_divergences(config, int(name), part) for name, part in metrics["scenarios"].items()]
    found.append(_at_the_end(metrics))
    if metrics["checks"]:
        found.append(_checks(metrics["checks"]))
    return found


def _divergences(config: GridworldConfig, scenario: int, part: Mapping[str, Any]) -> Table:
    blocks = part["blocks"]
    shown = sorted({int(i) for i in np.linspace(0, len(blocks) - 1, FEW).round()})
    rows: list[tuple[Cell, ...]] = []
    for row in part["alphas"]:
        cells: list[Cell] = [f"alpha {row['alpha']:g}"]
        for i in shown:
            at = (
                published(scenario, row["alpha"], blocks[i], learned_in(scenario))
                if config.is_published
                else None
            )
            beside = {} if at is None else {"published": at.mean, "published_se": at.sd / at.n**0.5}
            cells.append(Estimate(**row["kl"][i], **beside))
        rows.append(tuple(cells))
    title = f"Scenario {scenario} ({WORDS[scenario]}): divergence of {part['learned']} from the truth"
    note = "nats, mean ± standard error (agents), after the block's update"
    if scenario == 1:
        note += "; published values with the offset of 7926.604134 put right"
    return Table(title, ("", *(f"block {blocks[i]}" for i in shown)), tuple(rows), note)


def _at_the_end(metrics: Mapping[str, Any]) -> Table:
    rows = [
        (
            f"{scenario}, alpha {row['alpha']:g}",
            Estimate(**row["kl"][-1]),
            row["median"][-1],
            Estimate(**row["tv"]),
            Estimate(**row["visited"]),
            Estimate(**row["entropy"]),
        )
        for scenario, part in metrics["scenarios"].items()
        for row in part["alphas"]
    ]
    columns = ("scenario", "KL", "median KL", "total variation", "cells a block", "entropy of policies")
    note = (
        "after the last block; mean ± standard error (agents). Total variation is the mean over columns, 0 .. 1; "
        "cells visited of 49, over all blocks; entropy in nats, at most ln 64 = 4.16 with three steps planned"
    )
    return Table("At the end", columns, tuple(rows), note)


def _checks(rows: list[Mapping[str, Any]]) -> Table:
    cells = tuple(
        (
            f"{row['scenario']}: {row['what']}",
            row["found"],
            row["allowed"],
            "holds" if row["holds"] else "FAILS",
        )
        for row in rows
    )
    return Table("Checks", ("", "found", "allowed", ""), cells, "z in combined standard errors")


def conclusions(config: GridworldConfig, metrics: Mapping[str, Any]) -> list[str]:
    """Whether curiosity pays, where it cannot, and whether the published numbers are met."""
    said = []
    for scenario, part in metrics["scenarios"].items():
        found = part["lead"]
        if found is not None and found["se"]:
            z = found["mean"] / found["se"]
            verdict = "ahead of" if z > 2 else "**behind**" if z < -2 else "**level with**"
            said.append(
                f"Scenario {scenario}, block {found['block']}: agents of alpha 0.4 are {verdict} random ones by "
                f"**{found['mean']:,.0f} ± {found['se']:,.0f} nats** of KL, {found['n']} pairs."
            )
    blind = [scenario for scenario in metrics["scenarios"] if int(scenario) >= 4]
    if blind:
        alike = all(metrics["scenarios"][scenario]["alpha_changes_nothing"] for scenario in blind)
        word = "nothing" if alike else "**something, which it should not**"
        said.append(
            f"Scenario{'s' * (len(blind) > 1)} {', '.join(blind)}: all moves lead to the same beliefs, so that every "
            f"policy is worth the same; alpha changes {word}."
        )
    if metrics["checks"]:
        failed = [row for row in metrics["checks"] if not row["holds"]]
        count = len(metrics["checks"])
        said.insert(0, f"**{count - len(failed)} of {count} checks hold.**")
    if config.floor == "reference":
        said.append("Logarithms are clipped at 2.2e-16, as in the reference.")
    return said


def failures(metrics: Mapping[str, Any]) -> list[str]:
    """Checks that do not hold, a line each."""
    return [
        f"scenario {row['scenario']}, {row['what']} = {row['found']:.4g}: {row['allowed']}"
        for row in metrics["checks"]
        if not row["holds"]
    ]
