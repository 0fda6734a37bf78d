"""What each mechanism of the published router is worth: it is run with one of them taken out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from isotherm.studies.routing.agents import LABELS
from isotherm.studies.routing.comparison import difference_tables, is_published_setting, panel, regret_table
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.studies.routing.world_study import Cell, Entry, VenueStudy, lookup, scenario_cells
from isotherm.study.base import Figure
from isotherm.study.tables import Table
from isotherm.study.ties import is_told

PUBLISHED: Mapping[tuple[str, ...], Mapping[str, float]] = {
    ("correlated", "fixed"): {
        "ising": 624.83,
        "ising-no-clamping": 2445.36,
        "ising-no-couplings": 1803.61,
        "ising-no-damping": 1091.54,
    },
    ("regime-shift", "fixed"): {
        "ising": 1762.18,
        "ising-no-clamping": 2581.83,
        "ising-no-couplings": 2248.69,
        "ising-no-damping": 1917.66,
    },
}
"""Final cumulative regret, means of 200 seeds."""

VARIANTS = ("ising", "ising-no-clamping", "ising-no-couplings", "ising-no-damping", "floor")


class AblationConfig(VenueConfig):
    """Settings of the ablation."""

    scenarios: Annotated[tuple[Literal["iid", "correlated", "regime-shift"], ...], Field(min_length=1)] = (
        "correlated",
        "regime-shift",
    )
    """Scenarios to run."""

    modes: Annotated[tuple[Literal["fixed", "random"], ...], Field(min_length=1)] = ("fixed",)
    """Context venues: the first K, or random ones each step."""


class RoutingAblation(VenueStudy[AblationConfig]):
    """The published router with and without clamping, couplings and mean-field propagation."""

    name = "routing-ablation"
    title = "Which part of the Ising router does the work?"
    summary = (
        "What is each mechanism of the published Ising router worth? Each is taken out alone: clamping the "
        "context, the couplings, and the mean-field message to unseen venues."
    )
    config = AblationConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"num_runs": 8, "num_steps": 200, "shift_steps": (100,), "batch": 8, "num_samples": 20},
        "published": {},
    }

    def cells(self, config: AblationConfig) -> Sequence[Cell]:
        """Scenarios × modes."""
        return scenario_cells(config.scenarios, config.modes, config.correlation_weight)

    def entries(self, config: AblationConfig) -> Sequence[Entry]:
        """The router whole, and short of one mechanism; the floor."""
        return [Entry.of(variant) for variant in VARIANTS]

    def tables(self, config: AblationConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Final regret with the published values, and paired differences."""
        cells, published = self.cells(config), PUBLISHED if is_published_setting(config) else {}
        title = f"Final cumulative regret after {config.num_steps:,} orders"
        final = regret_table(title, metrics["final_regret"], cells, VARIANTS, published)
        return [final, *difference_tables(metrics, cells, VARIANTS)]

    def conclusions(self, config: AblationConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What each loss costs, paired."""
        said = []
        for cell in self.cells(config):
            found = lookup(metrics["over_ising"], cell.path)
            costs = [
                f"{LABELS[name].removeprefix('Ising, ')} {_cost(found[name])}"
                for name in VARIANTS
                if name.startswith("ising-")
            ]
            said.append(f"{cell.title}: against the whole router, {', '.join(costs)}.")
        return said

    def figures(
        self, config: AblationConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Regret curves and final values."""
        from isotherm.studies.routing.drawings import regret as plot

        cells = self.cells(config)
        panels = [panel(cell, config.shift_steps) for cell in cells]
        series = [plot.Series(name, LABELS[name]) for name in VARIANTS]
        caption = f"Cumulative regret: mean ± standard deviation over {config.num_runs} runs."
        yield plot.regret_curves("ablation", caption, panels, series, arrays)
        known = PUBLISHED if is_published_setting(config) else {}
        yield plot.final_bars(
            "ablation-final",
            "Final cumulative regret: mean ± standard error; open diamonds are the published values.",
            panels,
            series,
            arrays,
            published={(c.name, v): known[c.path][v] for c in cells for v in known.get(c.path, {})},
        )


def _cost(found: Mapping[str, Any]) -> str:
    error = "" if found["se"] is None else f" ± {found['se']:.0f}"
    return f"{found['mean']:+.0f}{error}" + ("" if is_told(found) else " (not told from none)")
