"""Settings of a training, which every study that trains a pool shares."""

from typing import Annotated, Any, Literal

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed
from isotherm.studies.market.pool_config import PoolConfig, Positive

Share = Annotated[float, Field(ge=0, lt=1)]
AtLeast0 = Annotated[float, Field(ge=0)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Metric = Literal[
    "sharpe", "daily_log_sharpe", "return", "returns_over_hodl", "returns_over_uniform_hodl", "calmar", "sterling",
    "ulcer",
]  # fmt: skip

OF_FINGERPRINTS = {"objective": "return_val"} | {
    name: name for name in ("bout_offset", "turnover_penalty", "price_noise_sigma", "n_ensemble_members")
}
"""Fields here that are settings of the run, by their name in a fingerprint."""

NOT_OF_TRAINING = ("decay_to", "periods")
RENAMED_TRAINING = {"seed": "initial_random_key"}


class PeriodsConfig(Config):
    """Periods of the whole window, each judged by itself, in the place of sampled windows."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many; 0: windows are sampled."""

    overlap: Share = 0.0
    """Share of a period that the next one repeats."""

    aggregation: Literal["mean", "min", "sum", "softmin"] = "mean"
    """What is made of their objectives."""

    temperature: Positive = 1.0
    """Of ``softmin``, in units of the objective."""


class TrainingConfig(PoolConfig):
    """Settings of a training, beside those of the pool and its prices.

    What is none here is as in the file that ``fingerprint_file`` names, in its table ``optimisation_settings``, or
    else the default of fingerprints. Training goes from ``start`` to ``end``; minutes to ``test_end`` are told,
    and never decide. ``params_file`` has the parameters to begin with.
    """

    objective: str | None = None
    """What is climbed: daily_log_sharpe, returns_over_hodl, sharpe, calmar, ulcer, ..."""

    method: Literal["gradient_descent", "bfgs", "cma_es", "optuna"] | None = None
    """How it is climbed; tables ``bfgs_settings``, ``cma_es_settings`` and ``optuna_settings`` stand in the file."""

    n_iterations: Steps | None = None
    """Number of the last iteration; the first is 0."""

    n_parameter_sets: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Sets that are trained side by side, each from its own start."""

    batch_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Windows of an iteration."""

    bout_offset: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    """Minutes of room for the starts of windows: a window is so much shorter than the fitted minutes."""

    sample_method: Literal["uniform", "exponential", "stratified"] | None = None
    """How starts are drawn."""

    align_starts: bool | None = None
    """Whether windows start at updates of weights only."""

    val_fraction: Share | None = None
    """Share of the window at its end that is held back for choosing."""

    early_stopping: bool | None = None
    """Whether training ends when nothing was better for long."""

    early_stopping_patience: Steps | None = None
    """Iterations without a better pair of iteration and set until it ends."""

    early_stopping_metric: Metric | None = None
    """By which iteration and set are chosen."""

    evaluation_interval: Steps | None = None
    """Iterations between two that are judged."""

    iterations_per_print: Steps | None = None
    """Iterations of a link, which is the most that a kill can lose."""

    optimiser: Literal["adam", "adamw", "sgd"] | None = None
    """Of the gradient."""

    base_lr: Positive | None = None
    """Learning rate."""

    lr_schedule_type: Literal["constant", "cosine", "exponential", "warmup_cosine"] | None = None
    """How the rate goes down."""

    lr_decay_ratio: Positive | None = None
    """The first rate over the least."""

    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Iterations in which ``warmup_cosine`` rises."""

    weight_decay: AtLeast0 | None = None
    """Of ``adamw``, a step."""

    decay_to: Literal["zero", "start"] = "zero"
    """What decay pulls raw parameters to: 0, or their first values."""

    decay_lr_ratio: Annotated[float, Field(gt=0, le=1)] | None = None
    """Factor of the rate on a plateau."""

    decay_lr_plateau: Steps | None = None
    """Iterations without improvement that are a plateau."""

    use_plateau_decay: bool | None = None
    """Whether ``adam`` and ``adamw`` slow down on plateaus."""

    use_gradient_clipping: bool | None = None
    """Whether long gradients are cut."""

    clip_norm: Positive | None = None
    """To which length."""

    parameter_init_method: Literal["gaussian", "sobol", "lhs", "centered_lhs", "grid", "none"] | None = None
    """How sets after the first are spread."""

    noise_scale: AtLeast0 | None = None
    """Scale of that spread, in raw parameters."""

    force_scalar: bool | None = None
    """Whether all tokens share one value of each parameter."""

    use_swa: bool | None = None
    """Whether the mean of late iterations is chosen, stochastic weight averaging."""

    swa_start_frac: Annotated[float, Field(ge=0, le=1)] | None = None
    """From which share of the iterations on."""

    swa_freq: Steps | None = None
    """Every how many."""

    track_checkpoints: bool | None = None
    """Whether daily returns of many iterations are kept, for the Rademacher haircut."""

    checkpoint_interval: Steps | None = None
    """Iterations between two of them."""

    turnover_penalty: AtLeast0 | None = None
    """Weight of turnover in the objective."""

    price_noise_sigma: AtLeast0 | None = None
    """Noise of logarithmic prices in training, so that nothing is learned by heart."""

    n_ensemble_members: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Rules whose outputs are averaged within a pool."""

    seed: Seed | None = None
    """Of starts, windows and noise."""

    periods: PeriodsConfig = PeriodsConfig()
    """Periods in the place of sampled windows."""

    def given(self) -> dict[str, Any]:
        """Settings of a fingerprint that are given here, by its names, with ``optimisation_settings`` in it."""
        found, training = super().given(), {}
        for name in TrainingConfig.model_fields:
            value = getattr(self, name)
            if name in PoolConfig.model_fields or name in NOT_OF_TRAINING or value is None:
                continue
            if name in OF_FINGERPRINTS:
                found[OF_FINGERPRINTS[name]] = value
            else:
                training[RENAMED_TRAINING.get(name, name)] = value
        return found | ({"optimisation_settings": training} if training else {})
