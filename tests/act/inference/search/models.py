"""Models that tests of planners share."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.act.inference.policies import enumerated_policies
from isotherm.act.inference.search.problem import PlanningProblem, planning_problem
from isotherm.act.inference.settings import Settings
from isotherm.act.inference.worth import worth_of
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.world import simplified_t_maze


def in_double(model: GenerativeModel) -> GenerativeModel:
    """With float64 leaves; within ``enable_x64``."""
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model)


def drawn_model(
    seed: int,
    num_states: tuple[int, ...] = (3,),
    num_obs: tuple[int, ...] = (2, 3),
    num_controls: tuple[int, ...] = (2,),
    steps: int | None = None,
    **more: Any,
) -> GenerativeModel:
    """Random laws; preferences with a row a step where ``steps`` are given."""
    rng = np.random.default_rng(seed)
    law = lambda size, *rest: np.moveaxis(rng.dirichlet(np.ones(size), rest), -1, 0)  # noqa: E731
    rows = () if steps is None else (steps,)
    return generative_model(
        [law(size, *num_states) for size in num_obs],
        [law(size, size, choices) for size, choices in zip(num_states, num_controls, strict=True)],
        [rng.normal(size=(*rows, size)) for size in num_obs],
        [law(size) for size in num_states],
        **more,
    )


def cue_model(reward: float = 2.0, punishment: float = 6.0, cue_validity: float = 0.95) -> GenerativeModel:
    """The simplified T-maze: from the centre, of 0 centre, 1 left, 2 right, 3 cue, the cue is the best choice."""
    model = simplified_t_maze(cue_validity=cue_validity, dependent_outcomes=True).model
    C = (jnp.zeros_like(model.C[0]), jnp.array([0.0, reward, -punishment], model.D[0].dtype))
    return replace(model, C=C)


def problem_of(model: GenerativeModel, gamma: float = 1.0, **settings: Any) -> PlanningProblem:
    """What an agent with one-step policies plans with."""
    told, dtype = Settings(**settings), model.D[0].dtype
    policies = enumerated_policies(model.num_controls, model.B_action_dependencies, 1)
    worth = worth_of(model, told, jnp.asarray(0.1, dtype), jnp.asarray(1e-3, dtype))
    return planning_problem(worth, policies, model.E, jnp.asarray(gamma, dtype), told)
