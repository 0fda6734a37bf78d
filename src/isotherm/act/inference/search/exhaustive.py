"""Sophisticated inference without pruning: every choice, every observation, to a fixed depth."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.act.inference.inductive import inductive_penalties
from isotherm.act.inference.search.planner import AbstractPlanner, Planned
from isotherm.act.inference.search.problem import (
    Branching,
    PlanningProblem,
    average,
    foreseen,
    num_outcomes,
    outcomes,
)
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.logits import tilted_logits

EVERYTHING = Branching()


@dataclass(frozen=True)
class Exhaustive(AbstractPlanner):
    """Plans by the whole tree of choices and observations: exact, for short horizons.

    The cost grows as ``(P K) ** (horizon - 1)`` with ``P`` choices and ``K`` combinations of observations. It is what
    :class:`isotherm.act.inference.search.sophisticated.Sophisticated` tends to as nothing is pruned.

    Attributes:
        horizon: steps, at least 1.
        independent_modalities: see :class:`isotherm.act.inference.search.problem.Branching`.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: if the horizon is below 1, or the tree does not fit into memory.

    >>> from isotherm.act import ActiveInference
    >>> from isotherm.energy import generative_model
    >>> lamp = generative_model(
    ...     A=[[[0.9, 0.1], [0.1, 0.9]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0, 1]]
    ... )  # one choice switches it off, the other one on
    >>> agent = ActiveInference(lamp, planner=Exhaustive(horizon=2), gamma=1e3)
    >>> plan = jax.jit(lambda agent: agent.plan(agent.init(jax.random.key(0))))(agent)
    >>> [f"{value:.2f}" for value in plan.neg_efe]
    ['1.00', '1.80']
    """

    horizon: int = 2
    independent_modalities: bool = False

    def __post_init__(self) -> None:
        doors.whole("horizon", self.horizon, 1)
        doors.flag("independent_modalities", self.independent_modalities)

    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """Exact values, and ``ln q`` of ``q = E exp(gamma value) / Z``; see :func:`exhaustive`."""
        return exhaustive(problem, beliefs, self.horizon, Branching(None, None, self.independent_modalities))


def exhaustive(
    problem: PlanningProblem, beliefs: Tensors, horizon: int, branching: Branching = EVERYTHING
) -> Planned:
    """Expected free energy of each choice, all observations told apart, to a depth.

    Args:
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        horizon: steps (static), at least 1.
        branching: which observations are told apart.

    Raises:
        ValueError: if the tree does not fit into memory.

    References:
        Friston et al., Sophisticated inference, Neural Comput. 33 (2021) 713.
    """
    grow = problem.num_choices * num_outcomes(problem, branching)
    itemsize = 4 * beliefs[0].dtype.itemsize
    mend = "plan a shorter horizon, or with Sophisticated or MonteCarlo"
    doors.affordable("horizon", horizon, float(grow) ** horizon * itemsize, mend)
    penalties = None
    if problem.worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, problem.worth.moving.reachable, problem.worth.epsilon)
    nodes: Tensors = tuple(belief[None] for belief in beliefs)
    scores: list[Float[Array, "nodes policies"]] = []
    weights: list[Float[Array, "nodes policies outcomes"]] = []
    for step in range(horizon):
        ahead = foreseen(problem, nodes, penalties, step)
        scores.append(ahead.score)
        if step < horizon - 1:
            see = jax.vmap(jax.vmap(lambda q: outcomes(problem, q, branching)))
            probability, after = see(ahead.beliefs)
            weights.append(probability)
            nodes = tuple(q.reshape(-1, q.shape[-1]) for q in after)
    value = scores[-1]
    for score, probability in zip(scores[-2::-1], weights[::-1], strict=True):
        value = score + (probability * average(value, problem).reshape(probability.shape)).sum(-1)
    neg_efe = value[0]
    log_q = tilted_logits(problem.log_prior, neg_efe, problem.gamma)
    return Planned(neg_efe, log_q, (jnp.exp(log_q) * neg_efe).sum())
