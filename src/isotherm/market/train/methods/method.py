"""What a way to train is made of, so that one loop runs them all."""

from collections.abc import Callable
from typing import NamedTuple

from isotherm.learn.descend import DescentState
from isotherm.market.train.judge import Judge
from isotherm.market.train.problem import TrainingProblem


def evaluation_interval(problem: TrainingProblem) -> int:
    """Iterations from one that is judged to the next, by the settings."""
    return problem.training["evaluation_interval"]


def never(problem: TrainingProblem, state: DescentState) -> bool:
    """Of methods that only their number of iterations ends."""
    return False


def no_rate(problem: TrainingProblem, state: DescentState) -> float:
    """Of methods whose steps have no rate: 0."""
    return 0.0


def is_judged(state: DescentState) -> bool:
    """Whether the state was judged as it is; a method may end there, however its iterations are cut into links."""
    return len(state.scored_at) > 0 and int(state.scored_at[-1]) == int(state.step)


class Method(NamedTuple):
    """A way to train.

    Attributes:
        begin: the state before the first iteration.
        advance: iterations from a state up to a number of them, one state each; a judge scores the last.
        is_settled: whether no further iteration would change anything, or none is wanted.
        rate: that the last iteration was taken with.
        interval: iterations from one that is judged to the next.
        waits: whether ``early_stopping`` counts.
    """

    begin: Callable[[TrainingProblem], DescentState]
    advance: Callable[[TrainingProblem, DescentState, int, Judge | None], list[DescentState]]
    is_settled: Callable[[TrainingProblem, DescentState], bool] = never
    rate: Callable[[TrainingProblem, DescentState], float] = no_rate
    interval: Callable[[TrainingProblem], int] = evaluation_interval
    waits: bool = True
