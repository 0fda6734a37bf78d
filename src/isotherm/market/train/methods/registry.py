"""The ways to train, by their name in settings; each begins, goes on and ends through the same doors."""

from collections.abc import Mapping
from types import MappingProxyType

from isotherm.market.train.methods import ascent, newton, search, trials
from isotherm.market.train.methods.method import Method
from isotherm.market.train.problem import TrainingProblem

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradient_descent": ascent.METHOD,
        "bfgs": newton.METHOD,
        "cma_es": search.METHOD,
        "optuna": trials.METHOD,
    }
)


def method_of(problem: TrainingProblem) -> Method:
    """The method that the settings of a training name."""
    return METHODS[problem.training["method"]]
