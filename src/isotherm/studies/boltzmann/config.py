"""Settings of the study of Boltzmann machines."""

from typing import Annotated

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Count, Seed

DIGITS = "digits"

MODELS = {
    "independent": "Independent spins",
    "logistic": "Logistic, spin after spin",
    "ising": "Ising model (pseudo-likelihood)",
    "rbm": "Restricted machine (persistent chains)",
}

LEARNERS = {
    "exact": "Exact likelihood",
    "pseudo": "Pseudo-likelihood",
    "sampled": "Persistent chains",
    "least": "Least possible (Cramér and Rao)",
}

MACHINES = ("ising", "rbm")

Rate = Annotated[float, Field(gt=0, le=10)]


class BoltzmannConfig(Config):
    """Settings of the study of Boltzmann machines."""

    data: Annotated[str, Field(min_length=1)] = DIGITS
    """CSV, TSV or Parquet file, one row an observation, entries 0, 1 or empty; digits: the shipped 8 x 8 digits."""

    columns: tuple[str, ...] = ()
    """Columns that are spins; empty: all that hold only 0, 1 or nothing (or -1 and 1, or true and false)."""

    num_runs: Annotated[int, Field(ge=1, le=1_000)] = 4
    """Random splits into 70 % to train, 10 % to choose by, and 20 % to test."""

    seed: Seed = 0
    """Seed of the study."""

    num_hidden: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Hidden spins of the restricted machine."""

    ising_epochs: Count = 60
    """Passes over the training rows, Ising model."""

    rbm_epochs: Count = 400
    """Passes over the training rows, restricted machine."""

    ising_rate: Rate = 0.02
    """First learning rate of the Ising model; it falls to nothing along a cosine."""

    rbm_rate: Rate = 0.004
    """First learning rate of the restricted machine; likewise."""

    batch_size: Count = 100
    """Rows a step."""

    num_chains: Count = 500
    """Persistent chains of the restricted machine."""

    l2: Annotated[float, Field(ge=0, le=100)] = 2e-4
    """Penalty on couplings, in nats a row times half the sum of their squares."""

    score_every: Count = 5
    """Epochs between scores on the validation rows, by pseudo-likelihood."""

    patience: Count = 40
    """Stop after so many scores without a better one; ten stopped a machine while its rate was still high."""

    log_z_error: Annotated[float, Field(gt=0, le=10)] = 0.1
    """Wanted standard error of log Z where annealed importance sampling finds it, nats."""

    num_draws: Annotated[int, Field(ge=2, le=100_000)] = 2_000
    """Draws of each model, each the end of a chain of its own."""

    draw_sweeps: Count = 300
    """Gibbs sweeps of each of these chains, from a random start."""

    num_spins: Annotated[int, Field(ge=3, le=14)] = 10
    """Spins of the known models, which are enumerated."""

    coupling_scale: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Standard deviation of their couplings, times the square root of num_spins."""

    recovery_rows: Annotated[tuple[Count, ...], Field(min_length=1)] = (300, 1_000, 3_000, 10_000)
    """Numbers of draws to learn the known models from."""

    recovery_runs: Annotated[int, Field(ge=2, le=1_000)] = 8
    """Known models."""

    recovery_steps: Count = 150
    """Steps of each learner on all draws."""
