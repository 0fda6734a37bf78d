"""Settings of the routing of swaps over pools."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.studies.routing.agents import LEARNERS, AgentId, refuse_agents
from isotherm.studies.routing.config import AgentConfig

SHIPPED = "eth_1m_2022_uniswap"
"""Prices that come with the package."""

Bps = Annotated[float, Field(ge=0, lt=10_000)]
Tolerance = Annotated[float, Field(gt=0, le=1_000)]
Context = Annotated[int, Field(ge=1, le=8)]
OF_POOLS = ("values", "weights", "swings", "intervals")
"""Fields that hold a number a pool, as many as there are fees."""


class PoolRoutingConfig(AgentConfig):
    """Pools, prices, orders and agents: one market at the centre, others that judge outcomes otherwise.

    Pools are of an asset and its numeraire, and are visited by arbitrageurs at the prices given; an order comes each
    row. The study also has an agent fixed on each pool.
    """

    num_runs: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Independent runs a cell: each begins in a random row; all agents meet the same prices and orders."""

    num_steps: Annotated[int, Field(ge=1, le=10_000_000)] = 3_000
    """Orders routed in each run, one a row of the prices."""

    num_points: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Points kept of each curve."""

    num_warmup: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Ising router: Gibbs sweeps before the first sample, in each of the two chains of a step."""

    steps_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Ising router: Gibbs sweeps between samples."""

    prices: Annotated[str, Field(min_length=1, max_length=4096)] = SHIPPED
    """Prices that come with the package, by name; or a folder of files TICKER_USD.parquet or .csv, or one file."""

    ticker: Annotated[str, Field(min_length=1, max_length=32)] = "ETH"
    """The asset."""

    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 1
    """Minutes between rows of the prices; single missing rows are filled with the close before."""

    fees_bps: Annotated[tuple[Bps, ...], Field(min_length=3, max_length=16)] = (
        1.0, 5.0, 5.0, 30.0, 30.0, 100.0,
    )  # fmt: skip
    """Swap fee of each pool in basis points."""

    values: tuple[Annotated[float, Field(gt=0, le=1e15)], ...] = (1e7, 1e8, 3e7, 1e8, 5e7, 1e8)
    """Value with which each pool opens, in the numeraire."""

    weights: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    """Weight of the asset in each pool."""

    swings: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = (0.0, 0.0, 0.0, 0.0, 0.1, 0.0)
    """Amplitude of the drift of that weight, 0 where it stands still."""

    swing_rows: Annotated[int, Field(ge=2, le=100_000_000)] = 10_080
    """Rows in which a drifting weight comes back, a week of minutes."""

    intervals: tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...] = (1, 1, 1, 1, 10, 10)
    """Rows between visits of arbitrageurs to each pool."""

    order_value: Annotated[float, Field(gt=0, le=1e15)] = 2_000.0
    """Median value of an order, in the numeraire."""

    order_spread: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Standard deviation of the logarithm of that."""

    tolerance_bps: Tolerance = 1.0
    """A pool's outcome is +1 where it pays within so many basis points of the best pool."""

    other_tolerances_bps: tuple[Tolerance, ...] = (3.0, 10.0)
    """Tolerances of further cells."""

    num_context: Context = 1
    """Pools whose outcome is seen for free, K."""

    other_contexts: tuple[Context, ...] = (2,)
    """Numbers of context pools of further cells, with the tolerance above."""

    context_mode: Literal["fixed", "random"] = "random"
    """Context: random pools each order, or the first K."""

    agents: Annotated[tuple[AgentId, ...], Field(min_length=1)] = LEARNERS
    """Agents to compare; an agent fixed on each pool is always there, the floor is a column."""

    @model_validator(mode="after")
    def _fits_together(self) -> "PoolRoutingConfig":
        n, widest = len(self.fees_bps), max((self.num_context, *self.other_contexts))
        for field in OF_POOLS:
            if len(getattr(self, field)) != n:
                raise refusal(field, getattr(self, field), f"should have one value for each of {n} fees_bps")
        for weight, swing in zip(self.weights, self.swings, strict=True):
            if swing >= min(weight, 1 - weight):
                raise refusal("swings", swing, "should leave weights above 0 and below 1")
        if widest > n - 2:
            raise refusal("num_context", widest, f"should leave two of {n} pools or more to choose from")
        if "floor" in self.agents:
            raise refusal("agents", "floor", "is a column here: what the best available pool would have paid")
        refuse_agents(self, self.agents, n, widest)
        return self
