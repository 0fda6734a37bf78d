"""Settings of the study of digits."""

from typing import Annotated

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config
from isotherm.settings.kinds import Count, Seed, Sweeps

BETTER = {
    "num_epochs": 6,
    "learning_rate": 0.02,
    "decay": True,
    "averaging": 0.95,
    "reach": (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18),
    "persistent": True,
    "negative_chains": 50,
    "positive_warmup": 20,
    "positive_samples": 10,
    "positive_thin": 2,
    "negative_warmup": 20,
    "negative_samples": 10,
    "negative_thin": 2,
    "label_warmup": 100,
    "label_thin": 4,
}
"""Four times the ties, persistent chains, short phases, a falling rate, a running mean of the parameters."""


class DigitsConfig(Config):
    """Settings of the study; the defaults are those of the reference library's test."""

    digits: Annotated[tuple[Annotated[int, Field(ge=0, le=9)], ...], Field(min_length=2)] = (0, 3, 4)
    """Digits to tell apart."""

    num_runs: Annotated[int, Field(ge=1, le=1000)] = 2
    """Trainings from scratch, each with its own places of the visible spins and its own chains."""

    num_epochs: Annotated[int, Field(ge=1, le=1000)] = 4
    """Passes over the training images."""

    num_training: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    """Use at most this many training images, spread evenly over the digits."""

    num_test: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    """Use at most this many test images, spread evenly over the digits."""

    batch: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Images a gradient step, one positive chain each."""

    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    """Step size of Adam."""

    decay: bool = False
    """Let the step size fall to a tenth along a cosine."""

    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Judge a running mean of the parameters that keeps this share at each step; 0 judges the last ones."""

    torus: Annotated[int, Field(ge=29, le=1000)] = 40
    """Side of each of the two tori."""

    reach: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = (1, 4, 15)
    """An upper spin is tied to the lower one beneath and to those so many sites away in four directions."""

    label_repeats: Annotated[int, Field(ge=1, le=1000)] = 10
    """Spins for each digit in the one-hot label."""

    positive_warmup: Sweeps = 200
    """Positive phase: sweeps before the first sample."""

    positive_samples: Count = 20
    """Positive phase: samples an image."""

    positive_thin: Count = 10
    """Positive phase: sweeps between samples."""

    negative_chains: Count = 25
    """Negative phase: chains."""

    negative_warmup: Sweeps = 200
    """Negative phase: sweeps before the first sample."""

    negative_samples: Count = 40
    """Negative phase: samples a chain."""

    negative_thin: Count = 5
    """Negative phase: sweeps between samples."""

    persistent: bool = False
    """Let the negative chains run on from batch to batch instead of starting afresh."""

    label_warmup: Sweeps = 400
    """Asking for a label: sweeps before the first sample."""

    label_samples: Count = 40
    """Asking for a label: samples of the label spins that are averaged."""

    label_thin: Count = 10
    """Asking for a label: sweeps between samples."""

    seed: Seed = 0
    """Seed of the study."""

    @model_validator(mode="after")
    def _fits(self):
        if len(set(self.digits)) != len(self.digits):
            raise refusal("digits", self.digits, "should name each digit once")
        visible = 784 + self.label_repeats * len(self.digits)
        if visible > self.torus**2:
            raise refusal(
                "torus", self.torus, f"its {self.torus**2} spins should hold the {visible} visible ones"
            )
        if max(self.reach, default=0) >= self.torus // 2:
            raise refusal("reach", self.reach, f"should stay below half the side, {self.torus // 2}")
        return self
