"""What judges the steps of a training: a run of all sets through the whole window, without gradients. Section 7.5."""

import jax
import numpy as np
from jaxtyping import Array, Float64

from isotherm.market.train.evaluation import Evaluated, evaluated, selection_scores
from isotherm.market.train.problem import TrainingProblem


class Judge:
    """Scores of all sets by the minutes that choose; what it last found stays with it.

    Args:
        problem: of the training.
    """

    def __init__(self, problem: TrainingProblem) -> None:
        self._problem = problem
        self.found: Evaluated | None = None

    def __call__(self, params: dict[str, Array]) -> Float64[np.ndarray, " sets"]:
        """Of raw parameters ``(sets, ...)``, ``(sets,)``: higher is better, never by the test."""
        found = jax.tree.map(np.asarray, evaluated(self._problem.whole, params))
        self.found = found
        metric = self._problem.training["early_stopping_metric"]
        return selection_scores(found, self._problem.split.judged, metric)
