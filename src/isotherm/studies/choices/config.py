"""Settings of the study of choices."""

from typing import Annotated

from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed

RECOVERED = ("alpha gamma", "loss", "rate", "forgetting")
"""Parameters of the simulated subjects, in the order of arrays."""

LEAST_R = 0.9
"""Correlation asked for between the true and the recovered ``alpha gamma``."""

LEAST_P = 0.01
"""Of the chi-square test of ranks."""

ENOUGH = 100
"""Simulated subjects from which on a run fails where those are missed."""

TASKS = {"prediction": "which of two outcomes comes", "two-step": "two-step task"}
"""Sets of recorded choices, in words."""


class ChoicesConfig(Config):
    """Settings of the study; the defaults are the published ones.

    **Recovery.** Simulated subjects play a bandit whose arms lose, give nothing or win, with laws that drift from
    trial to trial. Each is an active-inference agent: one factor of states (a start, and one for each arm,
    reached for sure by choosing it), one modality of three outcomes, Dirichlet counts of A that start at 1, grow
    by ``rate`` at each outcome and fall back to 1 by ``forgetting``. It prefers a win by 1 nat to nothing, and
    nothing by ``loss`` to a loss, and draws its choice at inverse temperature ``alpha gamma``. Parameters come
    from the priors that the fit has.

    **Prediction.** Which of two outcomes will come, with the answer marked right or wrong. The active-inference
    agent has hidden states (the outcome that is likelier now, the answer given): the likelier one changes with
    probability ``hazard``, and comes with probability ``reliability``; it prefers to be right by 1 nat, and a
    habit of repeating itself is its prior over policies. Softmax-Q learns from both answers, and has the same
    habit.

    **Two-step task.** Two ships lead from each of two starts to the same two planets, which pay 0 to 9 points.
    The active-inference agent counts points by planet, with forgetting, and is curious: information about A
    counts in nats beside points worth ``preference`` nats; the habit is that of repeating the planet. Softmax-Q
    learns values of planets, or of ships: that one does not know that ships share planets.

    The stay rule repeats its last answer, or planet, with a probability after a win and another one after a loss.
    """

    num_subjects: Annotated[int, Field(ge=4, le=10_000)] = 100
    """Simulated subjects, drawn from the priors."""

    num_trials: Annotated[int, Field(ge=10, le=10_000)] = 250
    """Choices of each simulated subject."""

    num_arms: Annotated[int, Field(ge=2, le=20)] = 4
    """Arms of the simulated bandit."""

    batch: Annotated[int, Field(ge=2, le=10_000)] = 50
    """Simulated subjects in one task."""

    num_warmup: Annotated[int, Field(ge=20, le=10_000)] = 150
    """Steps of NUTS' window adaptation."""

    num_samples: Annotated[int, Field(ge=4, le=10_000)] = 100
    """Draws of each of the chains."""

    num_chains: Annotated[int, Field(ge=2, le=100)] = 4
    """Chains of each subject."""

    thin: Annotated[int, Field(ge=1, le=1000)] = 4
    """Every so many draws are ranked, so that they are nearly independent."""

    num_folds: Annotated[int, Field(ge=2, le=20)] = 5
    """Stretches of each person's trials; each is held out once, while agents learn from all that came before."""

    stretch: Annotated[int, Field(ge=5, le=1000)] = 20
    """Trials of a stretch, over which errors are taken where there is a single person."""

    two_step: Annotated[str, Field(max_length=4096)] = ""
    """Path of the two-step task, CSV or Parquet with columns subject, trial, start_state, choice, planet, points."""

    num_people: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """Use the first so many people of the two-step task; all by default."""

    seed: Seed = 0
    """Seed of the study."""

    @model_validator(mode="after")
    def _fits(self):
        if self.num_subjects % self.batch:
            raise refusal("batch", self.batch, f"should divide num_subjects, {self.num_subjects}")
        if self.num_chains * self.num_samples < 2 * self.thin:
            raise refusal("thin", self.thin, "should leave at least two draws")
        return self

    @property
    def num_ranked(self) -> int:
        """Draws of each subject among which the truth is ranked."""
        return self.num_chains * len(range(0, self.num_samples, self.thin))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Sets of recorded choices."""
        return ("prediction", "two-step") if self.two_step else ("prediction",)
