"""The venues of a recorded table by their names: what always routing to each would have been worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.studies.routing.world_study import estimate
from isotherm.study.tables import Estimate, Table

MOST_ROWS = 24
"""Of venues in a table or figure; the best of more are shown."""


def venue_metrics(names: Sequence[str], successes: np.ndarray, chances: np.ndarray) -> dict[str, Any]:
    """Success rate by venue, over the rows in which it could be chosen, and in how many runs none did better.

    Args:
        names: of the venues.
        successes: of each run and venue, shape ``(runs, venues)``.
        chances: rows in which the venue could be chosen, the same shape.

    Returns:
        By venue ``rate``, an estimate over runs or None where it could never be chosen, and ``best_in``, runs.
    """
    rates = np.where(chances > 0, successes / np.maximum(chances, 1), np.nan)
    best = rates == np.nanmax(rates, axis=1, keepdims=True)
    found = {}
    for at, name in enumerate(names):
        known = rates[:, at][~np.isnan(rates[:, at])]
        rate = Estimate.of(known).to_json() if known.size else None
        found[name] = {"rate": rate, "best_in": int(best[:, at].sum())}
    return found


def ranked(venues: Mapping[str, Any]) -> list[str]:
    """Names of the venues that could be chosen, best first."""
    known = [name for name, found in venues.items() if found["rate"] is not None]
    return sorted(known, key=lambda name: -venues[name]["rate"]["mean"])


def venue_table(venues: Mapping[str, Any]) -> Table:
    """One row a venue, best first."""
    names = ranked(venues)
    rows = tuple(
        (name, estimate(venues[name]["rate"]), str(venues[name]["best_in"])) for name in names[:MOST_ROWS]
    )
    note = "success over the rows in which the venue was there and not seen for free; mean ± standard error (runs)"
    if len(names) > MOST_ROWS:
        note += f"; {len(names) - MOST_ROWS} more venues have lower rates"
    return Table("Always the same venue", ("venue", "success rate", "best of all in runs"), rows, note)


def best_venues(venues: Mapping[str, Any], num_runs: int) -> str:
    """``KO``, or ``KO in 40 of 64 runs, MRK in 24``; empty where no venue could be chosen."""
    leaders = sorted(
        (name for name in venues if venues[name]["best_in"]), key=lambda n: -venues[n]["best_in"]
    )
    if not leaders:
        return ""
    first, *others = leaders
    if venues[first]["best_in"] == num_runs and not others:
        return first
    told = [f"{first} in {venues[first]['best_in']} of {num_runs} runs"]
    return ", ".join([*told, *(f"{name} in {venues[name]['best_in']}" for name in others[:2])])
