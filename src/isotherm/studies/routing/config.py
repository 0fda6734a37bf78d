"""Settings shared by the studies in the venue market."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config

AgentId = Literal[
    "epsilon-greedy",
    "epsilon-greedy-labels",
    "thompson",
    "thompson-labels",
    "ucb",
    "linucb",
    "winner-counts",
    "ising",
    "ising-exact",
    "ising-no-clamping",
    "ising-no-couplings",
    "ising-no-damping",
    "joint",
    "floor",
]
TABLE_AGENTS = ("epsilon-greedy", "epsilon-greedy-labels", "thompson", "thompson-labels", "ucb")
MAX_TABLE = 4_000_000
MAX_ENUMERATED = 16

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1000)]
Parameter = Annotated[float, Field(ge=-20, le=20)]


class RunConfig(Config):
    """How many runs of how many steps, and how they are batched."""

    num_runs: Count = 200
    """Independent runs a cell; every agent meets the same worlds, so that differences are paired."""

    num_steps: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """Orders routed in each run."""

    num_points: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Points kept of each curve; memory grows with this and with runs, not with steps."""

    batch: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Runs side by side in one task. Part of the fingerprint: a result is a function of the config alone."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of the study; run i has the key folded from (seed, i), whatever the batch."""


class AgentConfig(RunConfig):
    """Settings of the agents; the defaults are the published ones."""

    epsilon: Probability = 0.1
    """Epsilon-greedy: probability of a uniformly random available venue."""

    discount: Annotated[float, Field(gt=0, le=1)] = 0.995
    """Tabular bandits: factor on the whole table each step."""

    linucb_width: Annotated[float, Field(ge=0, le=100)] = 1.0
    """LinUCB: width of the confidence bound, alpha."""

    beta: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Ising router: inverse temperature of its inference and updates."""

    num_warmup: Annotated[int, Field(ge=0, le=1_000_000)] = 50
    """Ising router: Gibbs sweeps before the first sample, in each of the two chains of a step."""

    num_samples: Count = 100
    """Ising router: samples taken by each chain."""

    steps_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Ising router: Gibbs sweeps between samples."""

    forgetting: Annotated[float, Field(gt=0, le=1)] = 0.995
    """Ising router: factor on biases and couplings each step, gamma."""

    learning_rate: Annotated[float, Field(ge=0, le=10)] = 0.05
    """Ising router: step size of the moment matching, eta."""

    propagation: Annotated[float, Field(ge=0, le=10)] = 0.3
    """Ising router: share of the mean-field message to unseen venues, d."""

    window: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Ising router: observations behind the pair statistics, W."""

    counter_sharpness: Positive = 1.0
    """Winner counts: draws come from this multiple of the Dirichlet counts; 1 is Thompson sampling."""

    joint_inference: Literal["auto", "exact", "local"] = "auto"
    """Joint router: enumerate 2^n states, or effective couplings among what is seen; auto enumerates up to 12."""

    joint_width: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Joint router: with its Ising law, standard errors by which a venue's log odds are raised."""

    joint_draw_width: Annotated[float, Field(ge=0, le=100)] = 0.7
    """Joint router: with its exclusive law, factor on the standard deviations of its posterior draws."""

    joint_threshold: Positive = 12.0
    """Joint router: surprise in nats at which it declares a change."""


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


def refuse_agents(config: AgentConfig, agents: tuple[str, ...], n: int, k: int) -> None:
    """Refuse agents that cannot run at this size.

    Raises:
        ValueError: naming the agent, or the setting that makes it too large.
    """
    if len(set(agents)) != len(agents):
        raise refusal("agents", agents, "should name each agent once")
    tables = [agent for agent in agents if agent in TABLE_AGENTS]
    if tables and (2 * n) ** k * n > MAX_TABLE:
        cells = f"a table of (2 x {n})^{k} contexts x {n} venues"
        raise refusal("agents", tables[0], f"needs {cells}; at most {MAX_TABLE:,} cells, leave it out")
    if n > MAX_ENUMERATED:
        if "ising-exact" in agents:
            raise refusal(
                "agents", "ising-exact", f"enumerates: at most {MAX_ENUMERATED} venues, leave it out"
            )
        if config.joint_inference == "exact" and "joint" in agents:
            raise refusal(
                "joint_inference", "exact", f"at most {MAX_ENUMERATED} venues; choose local or auto"
            )
