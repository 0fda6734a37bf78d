"""What the two sweeps of the published router share: one setting of the router varied, all else as published."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from isotherm.studies.routing.agents import LABELS
from isotherm.studies.routing.comparison import is_published_setting, panel
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.studies.routing.world_study import Cell, VenueStudy, estimate, lookup
from isotherm.study.base import Figure
from isotherm.study.tables import Table

ConfigT = TypeVar("ConfigT", bound=VenueConfig)


class SweepStudy(VenueStudy[ConfigT], Generic[ConfigT]):
    """The published router at several values of one setting, and the floor.

    Attributes:
        symbol: heading of the swept setting.
        axis: label of its axis, in words.
        reported: published final regret by cell path and value.
    """

    symbol: ClassVar[str]
    axis: ClassVar[str]
    reported: ClassVar[Mapping[tuple[str, ...], Mapping[float, float]]]

    @abc.abstractmethod
    def values(self, config: ConfigT) -> Sequence[float]:
        """Values of the swept setting, one for each of the first entries; the floor comes last."""

    def swept(self, config: ConfigT) -> list[tuple[str, float]]:
        """Names of the swept entries, and their values."""
        values = self.values(config)
        return [(entry.name, value) for entry, value in zip(self.entries(config), values, strict=False)]

    def published(self, config: ConfigT) -> Mapping[tuple[str, ...], Mapping[float, float]]:
        """The published values, if the settings are the published ones."""
        return self.reported if is_published_setting(config) else {}

    def tables(self, config: ConfigT, metrics: Mapping[str, Any]) -> list[Table]:
        """Values down, cells across: final regret, and paired distance to the floor."""
        cells = self.cells(config)
        headings = (self.symbol, *(cell.title for cell in cells))
        rows = [(name, f"{value:g}", value) for name, value in self.swept(config)]
        others = self.entries(config)[len(rows) : -1]
        rows += [(entry.name, LABELS[entry.agent].rpartition(", ")[2], None) for entry in others]
        final, above = [], []
        for name, label, value in rows:
            known = [
                self.published(config).get(cell.path, {}).get(value) if value else None for cell in cells
            ]
            found = [lookup(metrics["final_regret"], (*cell.path, name)) for cell in cells]
            final.append((label, *(estimate(f, k) for f, k in zip(found, known, strict=True))))
            found = [lookup(metrics["over_floor"], (*cell.path, name)) for cell in cells]
            above.append((label, *map(estimate, found)))
        note = "mean ± standard error (runs); below: the published mean of 200 runs and our difference to it"
        return [
            Table(f"Final cumulative regret after {config.num_steps:,} orders", headings, tuple(final), note),
            Table("Above the floor, paired run by run", headings, tuple(above)),
        ]

    def figures(
        self, config: ConfigT, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, and final regret against the swept setting."""
        from isotherm.studies.routing.drawings import regret as plot

        cells, values = self.cells(config), self.values(config)
        names = [name for name, _ in self.swept(config)]
        panels = [panel(cell, config.shift_steps) for cell in cells]
        series = [plot.Series(n, f"{self.symbol} = {v:g}") for n, v in zip(names, values, strict=True)]
        yield plot.regret_curves(
            "curves",
            f"Cumulative regret: mean ± standard deviation over {config.num_runs} runs.",
            panels,
            [*series, plot.Series("floor", "Floor (knows the truth)")],
            arrays,
        )
        known = self.published(config)
        yield plot.final_sweep(
            "final",
            f"Final cumulative regret against {self.axis}: mean ± standard error; open markers are published.",
            panels,
            names,
            list(values),
            arrays,
            xlabel=self.axis,
            published={
                c.name: [known[c.path].get(v, np.nan) for v in values] for c in cells if c.path in known
            },
            floor={c.name: lookup(metrics["final_regret"], (*c.path, "floor"))["mean"] for c in cells},
        )

    def ranked(
        self, config: ConfigT, metrics: Mapping[str, Any], cell: Cell
    ) -> list[tuple[float, dict[str, Any]]]:
        """Values with their paired distance to the floor, the smallest distance first."""
        swept = [
            (value, lookup(metrics["over_floor"], (*cell.path, name))) for name, value in self.swept(config)
        ]
        return sorted(swept, key=lambda pair: pair[1]["mean"])
