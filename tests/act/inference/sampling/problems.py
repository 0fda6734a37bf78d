"""Planning problems whose policies can be enumerated, and grids on which dynamic programming plans."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tests.act.inference.models import chain_model, two_factor_model
from tests.act.inference.search.models import problem_of

from isotherm.act.inference.free_energy import policy_scores
from isotherm.act.inference.policies import enumerated_policies
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.exact.hidden.recursion import SoftBackward, soft_backward
from isotherm.world.discrete.grid import grid_world


class Case(NamedTuple):
    """A problem, its policies' length, and their law by enumeration, float64."""

    problem: PlanningProblem
    model: GenerativeModel
    policy_len: int
    neg_efe: np.ndarray
    log_weights: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.problem.num_choices,) * self.policy_len

    @property
    def log_z(self) -> float:
        return float(np.logaddexp.reduce(self.log_weights))

    def law(self, factor: float = 1.0) -> np.ndarray:
        """Probabilities of all policies, at ``factor`` times the inverse temperature."""
        extra = (factor - 1) * float(self.problem.gamma) * self.neg_efe
        logs = self.log_weights + extra
        return np.exp(logs - np.logaddexp.reduce(logs))


def enumerated(
    model: GenerativeModel, policy_len: int, gamma: float, log_prior: Any = None, **settings: Any
) -> Case:
    problem = problem_of(model, gamma, **settings)
    if log_prior is not None:
        problem = replace(problem, log_prior=jnp.asarray(log_prior, jnp.float32))
    tree = enumerated_policies(model.num_controls, model.B_action_dependencies, policy_len)
    scores = jax.jit(policy_scores, static_argnums=1)(problem.worth, tree, model.D)
    neg_efe = np.asarray(scores.neg_efe, np.float64)
    shape = (problem.num_choices,) * policy_len
    prior = np.asarray(problem.log_prior, np.float64)[np.indices(shape).reshape(policy_len, -1)].sum(0)
    return Case(problem, model, policy_len, neg_efe, gamma * neg_efe + prior)


def seeking() -> Case:
    """64 policies: utility and information about states."""
    model = chain_model(0, states=4, symbols=4, moves=4, C=[np.array([0.0, 1.0, 2.0, -1.0])])
    return enumerated(model, 3, 12.0)


def two_factors() -> Case:
    """216 policies of two controls."""
    model = two_factor_model(1, C=[np.array([0.0, 2.0, -1.0]), np.array([1.0, 0.0])])
    return enumerated(model, 3, 16.0)


def curious() -> Case:
    """512 policies: information about A and B too."""
    rng = np.random.default_rng(2)
    counts = {"pA": [rng.gamma(2.0, size=(4, 3))], "pB": [rng.gamma(2.0, size=(3, 3, 2))]}
    model = chain_model(2, C=[np.array([0.0, 1.0, 0.0, -2.0])], **counts)
    return enumerated(model, 9, 8.0, use_param_info_gain=True)


def habitual() -> Case:
    """1,024 policies, of which a prior that forbids one choice of four leaves 243."""
    model = chain_model(3, states=3, symbols=3, moves=4, C=[np.array([0.0, 3.0, -1.0])])
    return enumerated(model, 5, 4.0, [-0.7, -1.6, -np.inf, -1.2])


def in_time() -> Case:
    """4,096 policies: preferences that change in time, and a goal."""
    rng = np.random.default_rng(4)
    goal = [np.array([0.0, 0.0, 1.0])]
    model = chain_model(4, states=3, symbols=3, moves=4, C=[rng.normal(size=(6, 3))], goal=goal)
    return enumerated(model, 6, 1.5, use_inductive=True, inductive_depth=3)


CASES = {case.__name__: case for case in (seeking, two_factors, curious, habitual, in_time)}


class Grid(NamedTuple):
    """A grid that is known, where utility alone counts."""

    problem: PlanningProblem
    model: GenerativeModel
    moves: np.ndarray
    utility: np.ndarray

    def exact(self, policy_len: int) -> SoftBackward:
        """By the recursion, in float64."""
        with jax.enable_x64(True):
            gamma = float(self.problem.gamma)
            return jax.tree.map(
                np.asarray, soft_backward(self.moves, self.utility[self.moves], 0, policy_len, gamma=gamma)
            )


def grid(gamma: float) -> Grid:
    """Four rows and columns with a wall, from a corner."""
    world = grid_world((4, 4), walls=[(1, 1)], initial_position=(0, 0), include_stay=False)
    utility = np.random.default_rng(5).normal(size=16).round(3)
    A, B, D = (
        [np.asarray(tensor) for tensor in tensors]
        for tensors in (world.model.A, world.model.B, world.model.D)
    )
    model = generative_model(A, B, [utility], D)
    return Grid(problem_of(model, gamma, use_states_info_gain=False), model, B[0].argmax(0), utility)
