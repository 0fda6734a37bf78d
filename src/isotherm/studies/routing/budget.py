"""What a sampling budget buys: the published router at several numbers of Gibbs samples."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from isotherm.studies.routing.config import Count
from isotherm.studies.routing.sweep import SweepStudy
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.studies.routing.world_study import Cell, Entry, scenario_cells


class BudgetConfig(VenueConfig):
    """Settings of the budget sweep; num_warmup and num_samples of the router follow from budgets."""

    budgets: Annotated[tuple[Count, ...], Field(min_length=1)] = (10, 25, 50, 100, 200)
    """Samples of each chain; its warm-up is max(5, samples // 4) sweeps."""


class RoutingBudget(SweepStudy[BudgetConfig]):
    """Final regret against the number of Gibbs samples behind each decision."""

    name = "routing-budget"
    title = "What does a sampling budget buy?"
    summary = (
        "How many Gibbs samples does a routing decision need? The published Ising router in the correlated "
        "scenario with 10 to 200 samples a chain, and the same router with exact inference as the limit."
    )
    config = BudgetConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"num_runs": 8, "num_steps": 200, "shift_steps": (100,), "batch": 8, "budgets": (5, 20)},
        "published": {},
    }
    symbol = "samples"
    axis = "Gibbs samples per chain"
    reported: ClassVar[Mapping[tuple[str, ...], Mapping[float, float]]] = {
        ("correlated", "fixed"): {10.0: 707.28, 25.0: 633.38, 50.0: 627.93, 100.0: 625.15, 200.0: 623.70}
    }

    def cells(self, config: BudgetConfig) -> Sequence[Cell]:
        """Correlated, fixed context."""
        return scenario_cells(("correlated",), ("fixed",), config.correlation_weight)

    def values(self, config: BudgetConfig) -> Sequence[float]:
        """Samples."""
        return [float(budget) for budget in config.budgets]

    def entries(self, config: BudgetConfig) -> Sequence[Entry]:
        """The router at each budget, then with exact inference, the limit of all budgets; then the floor."""
        budgets = [
            Entry(
                f"samples-{n}",
                "ising",
                {"num_samples": n, "num_warmup": max(5, n // 4)},
                cost=1 + 0.11 * n,
            )
            for n in config.budgets
        ]
        return [*budgets, Entry.of("ising-exact"), Entry.of("floor")]

    def conclusions(self, config: BudgetConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Where more samples stop paying."""
        cell = self.cells(config)[0]
        by_value = dict(self.ranked(config, metrics, cell))
        least, most = min(by_value), max(by_value)
        best, found = self.ranked(config, metrics, cell)[0]
        gain = by_value[least]["mean"] - by_value[most]["mean"]
        error = _error(by_value[least], by_value[most])
        word = "falls" if error is not None and gain > 3 * error else "goes"
        said = [
            f"From {least:g} to {most:g} samples the distance to the floor {word} from "
            f"{by_value[least]['mean']:.1f} to {by_value[most]['mean']:.1f}."
        ]
        errors = {value: _error(one, found) for value, one in by_value.items()}
        enough = [
            value
            for value, error in sorted(errors.items())
            if error is not None and by_value[value]["mean"] <= found["mean"] + 3 * error
        ]
        said.append(
            f"**{enough[0]:g} samples** are within three standard errors of the best budget ({best:g})."
            if enough
            else "No error is known, so that it is not told which budget is enough."
        )
        return said


def _error(first: Mapping[str, Any], second: Mapping[str, Any]) -> float | None:
    """Of a difference as if both were independent; None where one of them is a single run."""
    if first["se"] is None or second["se"] is None:
        return None
    return (first["se"] ** 2 + second["se"] ** 2) ** 0.5
