"""Settings of runs and of agents, shared by the studies of routing."""

from typing import Annotated, Literal

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Count, Seed, Share, Sweeps

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

    seed: Seed = 0
    """Seed of the study; run i has the key folded from (seed, i), whatever the batch."""


class AgentConfig(RunConfig):
    """Settings of the agents; the defaults are the published ones."""

    epsilon: Share = 0.1
    """Epsilon-greedy: probability of a uniformly random available venue."""

    discount: Annotated[float, Field(gt=0, le=1)] = 0.995
    """Tabular bandits: factor on the whole table each step."""

    linucb_width: Annotated[float, Field(ge=0, le=100)] = 1.0
    """LinUCB: width of the confidence bound, alpha."""

    beta: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Ising router: inverse temperature of its inference and updates."""

    num_warmup: Sweeps = 50
    """Ising router: Gibbs sweeps before the first sample, in each of the two chains of a step."""

    num_samples: Count = 100
    """Ising router: samples taken by each chain."""

    steps_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Ising router: Gibbs sweeps between samples."""

    forgetting: Annotated[float, Field(gt=0, le=1)] = 0.995
    """Ising router: factor on biases and couplings each step, gamma. Active inference: factor on its counts."""

    learning_rate: Annotated[float, Field(ge=0, le=10)] = 0.05
    """Ising router: step size of the moment matching, eta."""

    propagation: Annotated[float, Field(ge=0, le=10)] = 0.3
    """Ising router: share of the mean-field message to unseen venues, d."""

    window: Count = 200
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
