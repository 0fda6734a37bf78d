"""Settings of the grid-world study."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed

Scenario = Annotated[int, Field(ge=1, le=6)]
Alpha = Annotated[float, Field(ge=0, le=1000)]

BLOCKS = {1: 40, 2: 20, 3: 20, 4: 100, 5: 100, 6: 100}
"""Published number of blocks of each scenario."""

SIDE = 7
"""Cells along each side of the grid."""

START = 24
"""The cell in the middle, in which every block begins."""


class GridworldConfig(Config):
    """Settings of the study; the defaults are the published ones."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=6)] = (1, 2, 3, 4, 5, 6)
    """What is learned from which beginnings: 1 the moves, 2 to 6 what cells look like."""

    alphas: Annotated[tuple[Alpha, ...], Field(min_length=1, max_length=20)] = (0.0, 0.2, 0.4, 0.6, 0.8)
    """Precisions of action; 0 explores at random."""

    num_agents: Annotated[int, Field(ge=2, le=10_000)] = 20
    """Agents of each scenario and alpha; those of different alphas are paired by their random numbers."""

    num_blocks: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Blocks of every scenario; the published numbers by default: 40, 20, 20, 100, 100, 100."""

    num_steps: Annotated[int, Field(ge=2, le=1000)] = 51
    """Observations and actions of a block."""

    policy_len: Annotated[int, Field(ge=1, le=6)] = 3
    """Steps that are planned."""

    floor: Literal["none", "reference"] = "none"
    """Whether logarithms are clipped as the reference clips them."""

    checks: bool = False
    """Also replay recorded actions, and let the run fail where a check against the published numbers does."""

    seed: Seed = 0
    """Seed of the study."""

    @model_validator(mode="after")
    def _fits(self):
        for field in ("scenarios", "alphas"):
            values = getattr(self, field)
            if len(set(values)) != len(values):
                raise refusal(field, values, "should name each once")
        return self

    def blocks(self, scenario: int) -> int:
        """Of a scenario."""
        return BLOCKS[scenario] if self.num_blocks is None else self.num_blocks

    @property
    def is_published(self) -> bool:
        """Whether the published numbers are of these settings, whatever the number of agents and blocks."""
        return self.num_steps == 51 and self.policy_len == 3
