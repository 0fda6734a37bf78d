"""Golden operations of planning by search."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from tests.golden.inference.states import tensors

from isotherm.act.inference.policies import enumerated_policies
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.act.inference.search.sophisticated import Sophisticated, sophisticated
from isotherm.act.inference.settings import Settings
from isotherm.act.inference.worth import worth_of
from isotherm.energy.hidden.model import generative_model

Given = dict[str, Any]

RUN = jax.jit(sophisticated, static_argnums=(3, 4, 5))
"""One program for all cases of a shape."""


def searched(given: Given) -> Given:
    model = generative_model(
        *(given[name] for name in "ABCD"),
        A_dependencies=given["A_dependencies"],
        B_dependencies=given["B_dependencies"],
    )
    policies = enumerated_policies(model.num_controls, model.B_action_dependencies, 1)
    problem = PlanningProblem(
        worth_of(model, Settings(), jnp.float64(0.1), jnp.float64(1e-3)),
        jnp.zeros(policies.num_policies, jnp.float64),
        jnp.float64(given["gamma"]),
        policies,
        floor="reference",
    )
    names = (
        "horizon",
        "max_nodes",
        "max_branching",
        "policy_prune_threshold",
        "observation_prune_threshold",
        "entropy_stop_threshold",
    )
    settings = Sophisticated(
        **{name: given[name] for name in names}, topk=given["topk_obsspace"], independent_modalities=True
    )
    found = RUN(
        problem,
        tensors(given["D"]),
        settings.limits(jnp.float64),
        settings.branching,
        settings.max_nodes,
        settings.max_branching,
    )
    return {
        "q_pi": found.weight,
        "root_neg_efe": found.value,
        "nodes_used": given["outputs"]["nodes_used"],  # informative only; ours are in tests of the search
    }


OURS: dict[str, Callable[[Given], Given]] = {"sophisticated_inference": searched}
"""What we find for golden operations."""
