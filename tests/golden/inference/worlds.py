"""What we find for golden operations on worlds."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.energy.hidden.controls import all_choices, decoded_controls, flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.world import (
    cue_chain,
    cue_maze,
    graph_world,
    grid_world,
    knapsack_model,
    simplified_t_maze,
    t_maze,
)

Given = dict[str, Any]


def env_gridworld(given: Given) -> Given:
    names = ("shape", "walls", "initial_position", "include_stay", "success_prob")
    model = grid_world(**{name: given[name] for name in names}).model
    return {"B": model.B[0], "D": model.D[0]}


def env_tmaze(given: Given) -> Given:
    make = {"classic": t_maze, "simplified": simplified_t_maze}[given["variant"]]
    return parts(make(**{name: given[name] for name in given if name not in ("variant", "outputs")}).model)


def env_graph(given: Given) -> Given:
    names = ("num_nodes", "edges", "object_location", "agent_location")
    model = graph_world(**{name: given[name] for name in names}).model
    return {"A": model.A, "B_location": model.B[0], "D": model.D}


def env_cue_chaining(given: Given) -> Given:
    settings = {name: given[name] for name in given if name not in ("grid_shape", "outputs")}
    return parts(cue_chain(given["grid_shape"], **settings).model)


def env_generalized_tmaze(given: Given) -> Given:
    model = cue_maze(given["maze"], given["reward_locations"]).model
    return parts(model) | {
        "num_cues": len(model.B) - 1,
        "next_state_by_action": jnp.argmax(model.B[0], axis=0),
    }


def parts(model: GenerativeModel) -> Given:
    return {
        "A": model.A,
        "B": model.B,
        "D": model.D,
        "A_dependencies": model.A_dependencies,
        "B_dependencies": model.B_dependencies,
    }


def complex_actions(given: Given) -> Given:
    sizes, controls = tuple(given["num_controls"]), tuple(map(tuple, given["B_action_dependencies"]))
    flat = flat_controls(jnp.asarray(all_choices(sizes)), controls, sizes)
    return {"flat": flat, "decoded": decoded_controls(flat, controls, sizes)}


def knapsack(given: Given) -> Given:
    """Expected utility of one step, subset by subset."""
    model = knapsack_model(given["weights"], given["rewards"], given["capacity"], preferences="softmax")
    subsets = all_choices(model.num_controls)
    flat = flat_controls(jnp.asarray(subsets), model.B_action_dependencies, model.num_controls)
    scores = sum(
        jnp.einsum("o,on,ncu,c->u", C, A, B[..., flat[:, f]], D)
        for f, (A, B, C, D) in enumerate(zip(model.A, model.B, model.C, model.D, strict=True))
    )
    return {"neg_efe": scores, "best_multi_action": subsets[int(np.argmax(scores))], "flat_policies": flat}


OURS: dict[str, Callable[[Given], Given]] = {
    one.__name__: one
    for one in (
        env_gridworld, env_tmaze, env_graph, env_cue_chaining, env_generalized_tmaze, complex_actions, knapsack,
    )
}  # fmt: skip
"""What we find for golden operations."""
