"""At which temperature should the router think? The published router at several inverse temperatures."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from isotherm.studies.routing.agents import AGENTS
from isotherm.studies.routing.sweep import SweepStudy
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.studies.routing.world_study import Cell, Entry, scenario_cells, with_error
from isotherm.study.ties import best_and_tied, tied_with

Beta = Annotated[float, Field(gt=0, le=100)]


class BetaConfig(VenueConfig):
    """Settings of the beta sweep; beta of the router follows from betas."""

    betas: Annotated[tuple[Beta, ...], Field(min_length=1)] = (0.1, 0.5, 1.0, 2.0, 5.0)
    """Inverse temperatures of the router's inference and updates; the market stays at market_beta."""


class RoutingBeta(SweepStudy[BetaConfig]):
    """Final regret against the router's inverse temperature."""

    name = "routing-beta"
    title = "At which temperature should the router think?"
    summary = (
        "How does the router's own inverse temperature change what it loses? Beta scales its inference and its "
        "updates alike; the market stays where it is."
    )
    config = BetaConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "num_runs": 8,
            "num_steps": 200,
            "shift_steps": (100,),
            "batch": 8,
            "num_samples": 20,
            "betas": (0.5, 1.0),
        },
        "published": {},
    }
    symbol = "β"
    axis = "inverse temperature of the router, β"
    reported: ClassVar[Mapping[tuple[str, ...], Mapping[float, float]]] = {
        ("correlated", "fixed"): {0.1: 1905.18, 0.5: 1046.72, 1.0: 624.83, 2.0: 634.34, 5.0: 1538.98},
        ("regime-shift", "fixed"): {0.1: 3517.46, 0.5: 1919.56, 1.0: 1762.18, 2.0: 1815.75, 5.0: 2184.24},
    }

    def cells(self, config: BetaConfig) -> Sequence[Cell]:
        """Correlated and shifting, fixed context."""
        return scenario_cells(("correlated", "regime-shift"), ("fixed",), config.correlation_weight)

    def values(self, config: BetaConfig) -> Sequence[float]:
        """Inverse temperatures."""
        return config.betas

    def entries(self, config: BetaConfig) -> Sequence[Entry]:
        """The router at each beta, then the floor."""
        betas = [Entry(f"beta-{b:g}", "ising", {"beta": b}, cost=AGENTS["ising"].cost) for b in config.betas]
        return [*betas, Entry.of("floor")]

    def conclusions(self, config: BetaConfig, metrics: Mapping[str, Any]) -> list[str]:
        """The best temperature of each scenario."""
        said = []
        for cell in self.cells(config):
            found = dict(self.ranked(config, metrics, cell))
            best, *as_good = best_and_tied(found, lowest=True)
            worst, *as_bad = best_and_tied(found, lowest=False)
            said.append(
                f"{cell.title}: best of these is **beta = {best:g}**, {with_error(found[best])} above the floor"
                f"{tied_with([f'{value:g}' for value in as_good])}; worst is beta = {worst:g}, "
                f"{with_error(found[worst])} above it{tied_with([f'{value:g}' for value in as_bad])}."
            )
        return said
