"""Settings of the study of ensembles."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from isotherm.settings.kinds import Seed
from isotherm.studies.market.pool_config import PoolConfig, Positive

if TYPE_CHECKING:
    from isotherm.market.ensembles.sampling import Sampling

Beta = Annotated[float, Field(ge=0)]

OPTIMUM = {
    "optimiser": "adam", "base_lr": 0.03, "lr_schedule_type": "cosine", "early_stopping": False,
    "method": "gradient_descent", "use_swa": False,
}  # fmt: skip
"""How the optimum is sought that ensembles are told beside."""


class EnsembleConfig(PoolConfig):
    """Settings of ensembles at several temperatures, beside those of the pool and its prices.

    Draws know the window from ``start`` to ``end``, all of which is fitted; minutes to ``test_end`` are told, and no
    draw knows them. ``params_file`` has the parameters that the prior is centred on.
    """

    objective: str | None = None
    """What draws are tilted towards: daily_log_sharpe, returns_over_hodl, sharpe, ..."""

    betas: Annotated[tuple[Beta, ...], Field(min_length=1, max_length=50)] = (0.0, 1.0, 10.0, 100.0)
    """Inverse temperatures per unit of the objective, increasing; 0 is the prior."""

    method: Literal["mala", "tempering", "smc"] = "mala"
    """Chains at one temperature, ladders that swap, or populations that cool; the prior is always drawn by mala."""

    noise_scale: Positive | None = None
    """Deviation of the normal prior of raw parameters."""

    bout_offset: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """Minutes of room for the starts of windows; 0: the whole window is judged at once."""

    num_windows: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Windows that the objective is averaged over, evenly spaced in that room."""

    force_scalar: bool | None = None
    """Whether all tokens share one value of each parameter."""

    num_chains: Annotated[int, Field(ge=2, le=100_000)] = 8
    """Chains, ladders or populations at each temperature."""

    num_draws: Annotated[int, Field(ge=4, le=10_000_000)] = 400
    """Kept of each."""

    thin: Annotated[int, Field(ge=1, le=1_000_000)] = 8
    """Moves before each draw; of populations, moves at each temperature."""

    num_warmup: Annotated[int, Field(ge=10, le=10_000_000)] = 300
    """Moves in each round of the warm-up."""

    block: Annotated[int, Field(ge=1, le=10_000_000)] = 100
    """Draws of a link, which is the most that a kill can lose."""

    num_rungs: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Rungs of a ladder; none: as many as its barrier asks for."""

    num_played: Annotated[int, Field(ge=2, le=100_000)] = 200
    """Draws at each temperature that are played through the test."""

    num_members: Annotated[int, Field(ge=1, le=1000)] = 16
    """Draws whose rules are averaged within one pool."""

    n_iterations: Annotated[int, Field(ge=0, le=1_000_000)] = 600
    """Iterations of the training whose optimum stands beside; 0: none."""

    num_starts: Annotated[int, Field(ge=1, le=1000)] = 4
    """Starts of that training, of which the best end counts."""

    seed: Seed = 0
    """Of all that is drawn."""

    @field_validator("betas")
    @classmethod
    def _increases(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if list(values) != sorted(set(values)):
            raise ValueError("should increase")
        return values

    def given(self) -> dict[str, Any]:
        """Settings of a fingerprint that are given here, by its names; all of the window is fitted."""
        training = {"val_fraction": 0.0, "early_stopping_metric": "return", "n_parameter_sets": 1}
        training["batch_size"] = self.num_windows  # of which a training would take each step
        for name in ("noise_scale", "force_scalar"):
            if (value := getattr(self, name)) is not None:
                training[name] = value
        found = super().given() | {"bout_offset": self.bout_offset, "optimisation_settings": training}
        return found if self.objective is None else found | {"return_val": self.objective}

    def sampling(self, beta: float) -> "Sampling":
        """How draws at one inverse temperature are made."""
        from isotherm.market.ensembles.sampling import Sampling  # which brings JAX

        return Sampling(
            beta=beta,
            method=self.method if beta > 0 else "mala",
            num_chains=self.num_chains,
            num_draws=self.num_draws,
            thin=self.thin,
            num_warmup=self.num_warmup,
            block=self.block,
            num_rungs=self.num_rungs,
            seed=self.seed,
        )
