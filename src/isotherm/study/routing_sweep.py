"""What the two sweeps of the published router share: one setting of the router varied, all else as published."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from isotherm.study.base import Figure
from isotherm.study.routing import is_published_setting, panel
from isotherm.study.tables import Table
from isotherm.study.venue_config import VenueConfig
from isotherm.study.venue_study import Cell, VenueStudy, estimate, lookup

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

    def values(self, config: ConfigT) -> Sequence[float]:
        """Values of the swept setting, one an entry; the floor comes last."""
        raise NotImplementedError

    def published(self, config: ConfigT) -> Mapping[tuple[str, ...], Mapping[float, float]]:
        """The published values, if the settings are the published ones."""
        return self.reported if is_published_setting(config) else {}

    def tables(self, config: ConfigT, metrics: Mapping[str, Any]) -> list[Table]:
        """Values down, cells across: final regret, and paired distance to the floor."""
        cells = self.cells(config)
        headings = (self.symbol, *(cell.title for cell in cells))
        names = [entry.name for entry in self.entries(config)][:-1]
        final, above = [], []
        for name, value in zip(names, self.values(config), strict=True):
            known = [self.published(config).get(cell.path, {}).get(value) for cell in cells]
            found = [lookup(metrics["final_regret"], (*cell.path, name)) for cell in cells]
            final.append((f"{value:g}", *(estimate(f, k) for f, k in zip(found, known, strict=True))))
            found = [lookup(metrics["over_floor"], (*cell.path, name)) for cell in cells]
            above.append((f"{value:g}", *map(estimate, found)))
        note = "mean ± standard error (runs); below: the published mean of 200 runs and our difference to it"
        return [
            Table(f"Final cumulative regret after {config.num_steps:,} orders", headings, tuple(final), note),
            Table("Above the floor, paired run by run", headings, tuple(above)),
        ]

    def figures(
        self, config: ConfigT, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, and final regret against the swept setting."""
        from isotherm.plot import routing as plot

        cells, values = self.cells(config), self.values(config)
        names = [entry.name for entry in self.entries(config)][:-1]
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
        names = [entry.name for entry in self.entries(config)][:-1]
        found = [lookup(metrics["over_floor"], (*cell.path, name)) for name in names]
        return sorted(zip(self.values(config), found, strict=True), key=lambda pair: pair[1]["mean"])
