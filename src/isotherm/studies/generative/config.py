"""Settings of the study of generative learning, and the published numbers it is held against."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Count, Seed, Sweeps
from isotherm.studies.routing.config import Parameter, Positive

SCENARIOS = {"iid": "IID", "correlated": "Correlated"}

LEARNERS = {"published": "Published learner", "averaged": "Averaged estimator (new)"}

UNTRAINED = {"untrained": "Untrained (all zero)"}

MOMENTS = ("marginals", "correlations")

PUBLISHED: Mapping[tuple[str, str], Mapping[str, tuple[float, float]]] = {
    ("iid", "published"): {"marginals": (0.0433, 0.0145), "correlations": (0.0703, 0.0195)},
    ("correlated", "published"): {"marginals": (0.1097, 0.0737), "correlations": (0.0514, 0.0172)},
}
"""Mean absolute error by the sampled protocol, mean and standard deviation over 64 seeds."""

PUBLISHED_BIASES = {
    "iid": (0.8654, 0.4644, -0.0321, -0.4531, -0.9048),
    "correlated": (0.8627, 0.4522, -0.0154, -0.4356, -0.89),
}

PUBLISHED_SEEDS = 64


class GenerativeConfig(Config):
    """Settings of the generative proof."""

    num_runs: Count = 64
    """Seeds: independent streams of observations, each learned from scratch."""

    num_steps: Count = 10_000
    """Observations of all venues, each seen once."""

    batch: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Seeds side by side in one task; part of the fingerprint."""

    seed: Seed = 0
    """Seed of the study."""

    num_venues: Annotated[int, Field(ge=2, le=12)] = 5
    """Venues, N; the evaluation enumerates their states."""

    bias: Parameter = 0.8
    """Bias of the first venue; the last has its negative, evenly spaced between."""

    correlation_weight: Parameter = 0.4
    """Coupling of every pair in the correlated scenario."""

    tolerance: Positive = 0.08
    """Largest mean absolute error that passes."""

    learning_rate: Annotated[float, Field(ge=0, le=10)] = 0.05
    """Published learner: step size, eta; it does not forget here (gamma = 1)."""

    window: Count = 200
    """Published learner: observations behind the pair statistics."""

    num_warmup: Sweeps = 50
    """Published learner: Gibbs sweeps before the first sample of each step."""

    num_samples: Count = 100
    """Published learner: Gibbs samples of each step."""

    steps_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Published learner: Gibbs sweeps between samples."""

    evaluation_samples: Count = 1500
    """Sampled protocol of the evaluation: samples, after 200 sweeps, steps_per_sample sweeps apart."""
