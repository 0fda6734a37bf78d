"""Steps of an optimiser up the gradient of windows that are drawn anew. Sections 7.3 and 7.5."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.learn.descend import DescentState, descend, first_state
from isotherm.learn.steps import Inputs, step_keys
from isotherm.market.train.judge import Judge
from isotherm.market.train.methods.method import Method
from isotherm.market.train.optimiser import rate_of
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.rates import plateau_factors


def _begun(problem: TrainingProblem) -> DescentState:
    return first_state(problem.params, problem.climber.transformation(), set_axis=0)


def _advanced(
    problem: TrainingProblem, state: DescentState, last: int, judge: Judge | None
) -> list[DescentState]:
    state = _with_factors(problem, state)
    climber = problem.climber.transformation()
    return descended(problem, state, last, judge, problem.gradient, climber, problem.draws)


def descended(
    problem: TrainingProblem,
    state: DescentState,
    last: int,
    judge: Judge | None,
    gradient: Any,
    optimizer: Any,
    inputs: Inputs = step_keys,
) -> list[DescentState]:
    """States after each step of the package's descent loop.

    Args:
        problem: of the training.
        state: to go on from.
        last: steps in all, those of ``state`` included.
        judge: of the last step; None: it is not judged.
        gradient: as of :func:`isotherm.learn.descend`.
        optimizer: as there.
        inputs: as there.
    """
    seen: list[DescentState] = []
    descend(
        problem.key,
        problem.params,
        gradient,
        optimizer,
        num_steps=last,
        inputs=inputs,
        trained=problem.trained,
        set_axis=0,
        score=judge,
        score_every=problem.num_steps,
        callback=seen.append,
        state=state,
    )
    return seen


def _with_factors(problem: TrainingProblem, state: DescentState) -> DescentState:
    """SGD takes smaller steps in sets whose score has not risen for long."""
    training = problem.training
    if training["optimiser"] != "sgd" or not len(state.scores):
        return state
    patience, ratio = training["decay_lr_plateau"], training["decay_lr_ratio"]
    factors = plateau_factors(state.scores, state.scored_at, patience, ratio)
    return state._replace(optimizer=state.optimizer._replace(factor=jnp.asarray(factors)))


def _rate(problem: TrainingProblem, state: DescentState) -> float:
    """The largest of all sets."""
    rules, optimizer = problem.climber.rules, state.optimizer
    rates = np.asarray(rate_of(rules, int(state.step) - 1, optimizer.factor))
    if rules.plateau is not None:
        rates = rates * np.asarray(optimizer.inner[-1].scale)
    return float(np.max(rates))


METHOD = Method(_begun, _advanced, rate=_rate)
"""Gradient descent, as files call it."""
