"""Settings of the study of tilted policies: the published program's flags, with its names, meanings and defaults."""

import zlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed, Share

if TYPE_CHECKING:
    from isotherm.energy.tilt.levels import TiltParameters

Method = Literal["pc_ula", "pc_mala", "pc_joint_mala"]
Compared = Literal[
    "importance", "independence", "ula", "mala", "whitened_mala", "gibbs", "smc", "ais", "noise_walk"
]
Power = Annotated[float, Field(ge=0, le=100)]
Width = Annotated[float, Field(ge=1e-3, le=1000)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Place = Annotated[float, Field(ge=-1000, le=1000)]
Step = Annotated[float, Field(ge=1e-8, le=10)]
Count = Annotated[int, Field(ge=1, le=1000)]
Runs = Annotated[int, Field(ge=16, le=100_000)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1, max_length=4)]

DEAD = {
    "cs": "changes nothing: a refresh is an exact draw and has no step",
    "sigma_ve_min": "changes nothing: only the width of the first particles, sigma_ve_max, is used",
    "qA": "changes nothing: this study tilts by the reward, not by the action-only value",
    "mu_Q": "changes nothing: this study tilts by the reward, not by the action-only value",
}
"""Flags that the published program takes and never reads."""

VARIANTS = {
    "dimension": ("multivariate",),
    "correlation": ("multivariate",),
    "separation": ("mixture",),
    "compared": ("multivariate", "mixture"),
    "num_chains": ("multivariate", "mixture"),
    "num_samples": ("multivariate", "mixture"),
}
"""Fields that only some policies read."""

NORMAL_ONLY = (
    "final_mala_step", "final_mala_steps", "refresh_L", "kl_runs", "kl_bins", "sweep_max_refresh", "sweep_runs",
    "samplers", "seeds_ula", "seeds_mala", "points_per_seed", "alpha", "d", "mu_eps", "sigma_sprime", "mu_a",
    "sigma_a", "r_wa", "r_ws", "r_a_star", "r_s_star", "s", "sigma_ve_max", "adaptation", "noise",
)  # fmt: skip
"""Fields that only the published policy, ``normal``, reads."""

MAX_NUMBERS = 40_000_000
"""Positions kept of one batch of runs; more would not fit a small machine's memory."""


class TiltConfig(Config):
    """Settings of the study."""

    beta_schedule: Literal["linear", "late_constant", "late_ramp", "tfg_plus_final_mala", "sigma_power"] = (
        "linear"
    )
    """How the tilt grows from the noisiest level to the clean one."""

    lambda_scale: Weight = 1.5
    """Inverse temperature of the tilt at the clean level; multiplies the schedule's fraction."""

    window_alpha_low: Share = 0.0
    """Where the `late_*` schedules begin."""

    window_alpha_high: Share = 1.0
    """Where the `late_*` schedules end."""

    ramp_p: Power = 2.0
    """Exponent of `late_ramp`."""

    tfg_p: Power = 2.0
    """Exponent of `tfg_plus_final_mala`."""

    sigma_p: Power = 2.0
    """Exponent of `sigma_power`."""

    final_mala_step: Step = 0.1
    """Step size of the MALA corrections on the clean target after the last level."""

    final_mala_steps: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """How many of these corrections; `none` is 1 with `tfg_plus_final_mala` and 0 with other schedules."""

    refresh_L: Annotated[int, Field(ge=0, le=1000)] = 3
    """Refreshes of the next states a level (not for the joint sampler). One or more give the same law."""

    action_steps_per_level: Count = 1
    """Steps of the action a level, after the refresh; of both blocks for the joint sampler."""

    ca: Step = 0.08
    """Step size of actions in units of the level's action variance; MALA adapts it from there."""

    cs: float = 0.08
    """Not used; a refresh has no step. Refused if set."""

    K: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Number of levels."""

    alpha_bar_min: Share = 0.05
    """Noisiest level."""

    alpha_bar_max: Share = 1.0
    """Cleanest level."""

    kl_runs: Runs = 7500
    """Independent runs for the final marginals."""

    kl_bins: Annotated[int, Field(ge=2, le=10_000)] = 80
    """Bins of the histogram KL; the sweep always uses 80."""

    sweep_max_refresh: Annotated[int, Field(ge=0, le=100)] = 10
    """The sweep goes over 0 to this many refreshes a level."""

    sweep_runs: Runs = 1500
    """Runs of each setting of the sweep."""

    samplers: Annotated[tuple[Method, ...], Field(min_length=1)] = ("pc_ula", "pc_mala")
    """Which samplers."""

    seeds_ula: Seeds = (0, 1, 2, 3)
    """Runs shown in the animation of `pc_ula`, by number; run i is also the i-th that is measured."""

    seeds_mala: Seeds = (4, 5, 6, 7)
    """Runs shown in the animations of `pc_mala` and `pc_joint_mala`."""

    points_per_seed: Count = 20
    """Particles (next states) of a run."""

    alpha: Place = 1.0
    """How the next state follows the action: `s' ~ N(alpha a + d s + mu_eps, sigma_sprime^2)`."""

    d: Place = 0.0
    """How the next state follows the current state."""

    mu_eps: Place = 0.0
    """Shift of the next state."""

    sigma_sprime: Width = 0.5
    """Standard deviation of the next state."""

    mu_a: Place = 0.0
    """Mean of the base policy."""

    sigma_a: Width = 1.0
    """Standard deviation of the base policy."""

    qA: float = 1.0
    """Not used here; curvature of the action-only value. Refused if set."""

    mu_Q: float = 1.5
    """Not used here; best action of the action-only value. Refused if set."""

    r_wa: Weight = 1.0
    """Reward's weight of the action."""

    r_ws: Weight = 1.0
    """Reward's weight of the next state."""

    r_a_star: Place = 1.5
    """Best action of the reward."""

    r_s_star: Place = 1.0
    """Best next state of the reward."""

    s: Place = 0.0
    """Current state."""

    seed: Seed = 42
    """Seed of everything random."""

    sigma_ve_max: Weight = 3.0
    """Standard deviation of the first particles."""

    sigma_ve_min: float = 0.01
    """Not used. Refused if set."""

    adaptation: Literal["frozen", "shared"] = "frozen"
    """`frozen` adapts MALA's step sizes in warm-up runs that are thrown away, so that measured runs are independent;
    `shared` carries them from measured run to measured run, as published."""

    noise: Literal["independent", "shared"] = "independent"
    """`independent` gives every sampler and setting its own draws; `shared` gives run i the same ones in all, as
    published."""

    policy: Literal["normal", "multivariate", "mixture"] = "normal"
    """The base policy: `normal` is the published study, in one dimension; `multivariate` is a normal law of
    correlated actions, `mixture` one of three normal laws in the plane, and samplers of either are compared."""

    compared: Annotated[tuple[Compared, ...], Field(min_length=1)] | None = None
    """Samplers of the variants; `none` is all that suit the policy."""

    dimension: Annotated[int, Field(ge=1, le=16)] = 4
    """Number of actions, `multivariate` only; there is one next state fewer (one for one action)."""

    correlation: Annotated[float, Field(ge=-0.95, le=0.95)] = 0.8
    """Correlation of neighbouring actions, `multivariate` only; falls as its powers with their distance."""

    separation: Annotated[float, Field(ge=0, le=20)] = 2.0
    """How far the parts of `mixture` are from the origin."""

    num_chains: Annotated[int, Field(ge=16, le=4096)] = 256
    """Independent chains, or replicates of the samplers with weights; errors come from their spread.
    Variants only."""

    num_samples: Annotated[int, Field(ge=8, le=100_000)] = 400
    """Draws of each chain after as many steps of warm-up, or particles of each replicate. Variants only."""

    @model_validator(mode="after")
    def _check(self) -> "TiltConfig":
        self._check_idle()
        if self.policy != "normal":
            self._check_variant()
        if self.alpha_bar_min >= self.alpha_bar_max:
            raise refusal(
                "alpha_bar_min", self.alpha_bar_min, f"should be below alpha_bar_max = {self.alpha_bar_max}"
            )
        if len(set(self.samplers)) < len(self.samplers):
            raise refusal("samplers", self.samplers, "each should be named once")
        if self.policy == "normal" and self.numbers_a_run > MAX_NUMBERS // 16:
            limit = f"gives {self.numbers_a_run:,} numbers a run with these particles and steps, more than"
            raise refusal("K", self.K, f"{limit} {MAX_NUMBERS // 16:,}")
        return self

    def _check_idle(self) -> None:
        """Refuse what is set and would change nothing."""
        idle = dict(DEAD)
        if self.policy != "normal":
            why = f"changes nothing with policy = {self.policy!r}; start from --preset {self.policy}"
            idle |= dict.fromkeys(NORMAL_ONLY, why)
        for name, policies in VARIANTS.items():
            if self.policy not in policies:
                need = " or ".join(map(repr, policies))
                idle[name] = f"changes nothing with policy = {self.policy!r}; needs policy = {need}"
        for name, why in idle.items():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise refusal(name, getattr(self, name), why)

    def _check_variant(self) -> None:
        """Refuse what the variants cannot do."""
        chosen = self.compared or ()
        if len(set(chosen)) < len(chosen):
            raise refusal("compared", chosen, "each should be named once")
        if self.policy == "mixture" and "gibbs" in chosen:
            raise refusal(
                "compared", chosen, "gibbs needs policy = 'multivariate': a mixture has no normal conditional"
            )
        if not self.lambda_scale > 0:
            raise refusal("lambda_scale", self.lambda_scale, f"must be above 0 with policy = {self.policy!r}")
        if self.ca > 1:
            raise refusal(
                "ca", self.ca, f"must be at most 1 with policy = {self.policy!r}, or `ula` is unstable"
            )
        if self.num_chains * self.num_samples * self.actions > MAX_NUMBERS:
            limit = f"gives more than {MAX_NUMBERS:,} numbers with num_chains = {self.num_chains}"
            raise refusal("num_samples", self.num_samples, f"{limit} and {self.actions} actions")

    @property
    def actions(self) -> int:
        """Dimension of the action."""
        return {"normal": 1, "multivariate": self.dimension, "mixture": 2}[self.policy]

    @property
    def clean_steps(self) -> int:
        """Corrections on the clean target after the last level."""
        if self.final_mala_steps is None:
            return int(self.beta_schedule == "tfg_plus_final_mala")
        return self.final_mala_steps

    @property
    def numbers_a_run(self) -> int:
        """How many numbers a run passes through."""
        return self.K * (self.points_per_seed + 3) * self.action_steps_per_level

    @property
    def batch(self) -> int:
        """Runs computed side by side: as many as fit, at most those of a setting of the sweep."""
        return max(16, min(max(self.sweep_runs, 500), self.kl_runs, MAX_NUMBERS // self.numbers_a_run))

    def parameters(self, **changes: int) -> "TiltParameters":
        """The model and its path of levels, with some fields changed."""
        import dataclasses

        from isotherm.energy.tilt.levels import TiltParameters

        names = {field.name for field in dataclasses.fields(TiltParameters)}
        values: dict[str, Any] = {name: value for name, value in self.settings().items() if name in names}
        values |= changes
        return TiltParameters(**values)

    def generator(self, *names: str) -> np.random.Generator:
        """NumPy's generator for one purpose."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    def panel_seeds(self, method: str) -> tuple[int, ...]:
        """Runs that the animation of a sampler shows."""
        return self.seeds_ula if method == "pc_ula" else self.seeds_mala
