"""Settings of a venue market and the agents in it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.studies.routing.agents import MAX_ENUMERATED, refuse_agents
from isotherm.studies.routing.config import AgentConfig, Parameter


class VenueConfig(AgentConfig):
    """A venue market and the agents in it."""

    num_venues: Annotated[int, Field(ge=2, le=64)] = 5
    """Venues, N."""

    num_context: Annotated[int, Field(ge=1, le=63)] = 1
    """Context venues whose outcome is seen for free, K; below N."""

    biases: tuple[Parameter, ...] = ()
    """Bias of each venue; empty: evenly spaced from bias down to -bias."""

    bias: Parameter = 0.8
    """Bias of the first venue where biases is empty; the last has its negative."""

    correlation_weight: Parameter = 0.4
    """Coupling of every pair of venues in the correlated scenarios, w."""

    market_beta: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Inverse temperature of the market."""

    outcome: Literal["winner", "own"] = "winner"
    """winner: only the venue of the highest local field succeeds; own: each venue has its own outcome."""

    shift_steps: tuple[Annotated[int, Field(ge=1)], ...] = (5000,)
    """Regime shift: steps from which the biases are reversed, and reversed again."""

    def agent_ids(self) -> tuple[str, ...]:
        """Agents that the settings ask for; a study says which."""
        return ()

    @model_validator(mode="after")
    def _fits_together(self) -> "VenueConfig":
        n, k = self.num_venues, self.num_context
        if k >= n:
            raise refusal("num_context", k, f"should be below num_venues = {n}")
        if self.biases and len(self.biases) != n:
            raise refusal("biases", self.biases, f"should have one value for each of num_venues = {n}")
        if list(self.shift_steps) != sorted(set(self.shift_steps)):
            raise refusal("shift_steps", self.shift_steps, "should ascend")
        if self.outcome == "own" and n > MAX_ENUMERATED:
            raise refusal("outcome", "own", f"its regret is enumerated: num_venues at most {MAX_ENUMERATED}")
        refuse_agents(self, self.agent_ids(), n, k)
        return self
