"""The grid-world learning study: can curiosity map a world, and what it must know to begin with."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.errors import refusal
from isotherm.plot.figure import Animation, Figure
from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.published import replays
from isotherm.studies.gridworld.results import check_rows, summary
from isotherm.studies.gridworld.tables import conclusions, failures, tables
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Table

FILMED = 3
"""The scenario whose belief moves: cells and start are unknown."""


class Gridworld(Study[GridworldConfig]):
    """Six scenarios of learning by exploring, for agents of several precisions."""

    name = "gridworld"
    title = "Does curiosity map a world faster than chance?"
    summary = (
        "Active-inference agents that want nothing but to learn explore a grid of 7 by 7 cells and count what they "
        "see. Six scenarios differ in what they know to begin with; alpha sets how closely action follows curiosity."
    )
    config = GridworldConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "scenarios": (3,),
            "alphas": (0.0, 0.4),
            "num_agents": 3,
            "num_blocks": 2,
            "num_steps": 8,
        },
        "published": {},
        "checks": {"num_agents": 60, "checks": True},
    }

    def check(self, config: GridworldConfig) -> None:
        """Refuse checks of settings that nothing was published of."""
        if config.checks and not config.is_published:
            raise refusal("checks", True, "needs the published num_steps = 51 and policy_len = 3")

    def tasks(self, config: GridworldConfig) -> list[Task]:
        """A task a scenario, and one for its recorded actions where those are checked."""
        weights = {scenario: config.blocks(scenario) * config.num_agents for scenario in config.scenarios}
        found = [
            Task(f"scenario-{scenario}", {"scenario": scenario}, float(weights[scenario]))
            for scenario in config.scenarios
        ]
        if config.checks:
            found += [Task(f"replay-{s}", {"scenario": s, "replay": True}, 20.0) for s in config.scenarios]
        return found

    def compute(self, config: GridworldConfig, task: Task) -> Arrays:
        """All blocks of all agents of a scenario; or the replay of recorded actions."""
        from isotherm.studies.gridworld import runs

        scenario = task.payload["scenario"]
        if task.payload.get("replay"):
            return runs.replayed_exactly(config, scenario, np.array(replays(scenario)["actions"]))
        found = runs.compute(config, scenario)
        if scenario == self._filmed(config):
            found |= runs.filmed(config, scenario, found)
        return found

    def combine(self, config: GridworldConfig, results: Mapping[str, Arrays]) -> Result:
        """Divergences by block and alpha, and the checks."""
        scenarios, checks, arrays = {}, [], {}
        for scenario in config.scenarios:
            found = results[f"scenario-{scenario}"]
            scenarios[str(scenario)] = summary(config, scenario, found)
            scenarios[str(scenario)]["alpha_changes_nothing"] = all(
                np.array_equal(found["action"][0], other) for other in found["action"][1:]
            )
            if config.checks:
                checks += check_rows(config, scenario, found, results[f"replay-{scenario}"])
            arrays |= {f"{scenario}/{name}": part for name, part in found.items()}
        return Result({"scenarios": scenarios, "checks": checks}, arrays)

    def tables(self, config: GridworldConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Divergences beside the published ones, what is left at the end, the checks."""
        return tables(config, metrics)

    def conclusions(self, config: GridworldConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Whether curiosity pays."""
        return conclusions(config, metrics)

    def failures(self, config: GridworldConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Checks that do not hold."""
        return failures(metrics)

    def figures(
        self, config: GridworldConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure | Animation]:
        """Curves and maps of each scenario, exploration, and a film of one agent."""
        from isotherm.studies.gridworld import figures

        yield from figures.figures(config, arrays)
        filmed = self._filmed(config)
        if f"{filmed}/film_cell" in arrays:
            yield figures.film_of(config, filmed, arrays)

    def _filmed(self, config: GridworldConfig) -> int:
        return FILMED if FILMED in config.scenarios else config.scenarios[0]
