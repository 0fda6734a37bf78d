"""What we find for golden operations of learning, smoothing and labelled models."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.energy.hidden.description import compile_model
from isotherm.energy.hidden.labels import LabelledTensor
from isotherm.energy.hidden.logs import Floor, log_floored
from isotherm.exact.hidden.chain import HiddenChain, hidden_chain
from isotherm.exact.hidden.smoothing import SmoothingFloor, smooth, transitions_of
from isotherm.learn.counts.dirichlet import (
    dirichlet_mean,
    first_state_counts,
    observation_counts,
    transition_counts,
    updated,
    valid_transitions,
)

Given = dict[str, Any]

FLOOR: Floor = "reference"


def arrays(values: list) -> list[Array]:
    return [jnp.asarray(value, jnp.float64) for value in values]


def learned_a(given: Given) -> Given:
    beliefs, counts = arrays(given["qs"]), []
    modalities = zip(arrays(given["pA"]), arrays(given["obs"]), given["A_dependencies"], strict=True)
    for before, obs, parents in modalities:
        counts.append(updated(before, observation_counts(obs, beliefs, parents), rate=given["lr"]))
    return {"pA": counts, "A": [dirichlet_mean(count, floor=FLOOR) for count in counts]}


def learned_b(given: Given) -> Given:
    counts, actions = arrays(given["pB"]), np.asarray(given["actions"])
    learned = given["factors_to_update"]
    for f in range(len(counts)) if learned == "all" else learned:
        is_whole = given["joints"] is not None
        joints = jnp.asarray(given["joints"][f]) if is_whole else arrays(given["joint_factors"][f])
        added = transition_counts(
            joints, actions[:, f], counts[f].shape[-1], valid=valid_transitions(actions)
        )
        counts[f] = updated(counts[f], added, rate=given["lr"])
    return {"pB": counts, "B": [dirichlet_mean(count, floor=FLOOR) for count in counts]}


def learned_d(given: Given) -> Given:
    pairs = zip(arrays(given["pD"]), arrays(given["qs0"]), strict=True)
    return {"pD": [first_state_counts(counts, belief, given["lr"]) for counts, belief in pairs]}


def hmm_scan(given: Given) -> Given:
    return told(hidden_chain(given["pi"], given["B_seq"], given["log_likelihoods"], parallel=True))


def hmm_wrapper(given: Given) -> Given:
    """Soft observations of one factor, with the reference's floor under A."""
    logs = sum(
        jnp.einsum("to,os->ts", obs, log_floored(A))
        for obs, A in zip(arrays(given["obs"]), arrays(given["A"]), strict=True)
    )
    transitions = transitions_of(arrays(given["B"])[0], np.asarray(given["actions"], np.int32).reshape(-1))
    return told(hidden_chain(given["prior"][0], transitions, logs))


def told(chain: HiddenChain) -> Given:
    return chain._asdict() | {"marginal_log_likelihood": chain.log_likelihood}


def smoothed(floor: SmoothingFloor) -> Callable[[Given], Given]:
    def found(given: Given) -> Given:
        actions = np.asarray(given["actions"], np.int32)
        factors = enumerate(zip(arrays(given["filtered"]), arrays(given["B"]), strict=True))
        each = [smooth(q, transitions_of(B, actions[:, f]), floor) for f, (q, B) in factors]
        return {"marginals": [one.marginals for one in each], "joints": [one.joints for one in each]}

    return found


def compiled(given: Given) -> Given:
    model = compile_model(given["config"])
    shapes = {f"{name}_shapes": [list(tensor.shape) for tensor in model[name]] for name in "ABC"}
    lists = {name: list(map(list, value)) for name, value in model.items() if name.endswith("dependencies")}
    first_states = [tensor.values for tensor in model.D]
    return shapes | lists | {"D": first_states, "num_controls": list(model.num_controls)}


def selected(given: Given) -> Given:
    tensor = LabelledTensor(given["event"], given["batch"])
    tensor.values[...] = np.arange(tensor.values.size, dtype=float).reshape(tensor.shape)
    selection = given["sel_event"], given["sel_batch"]
    return {"block": tensor[selection], "points": tensor.points[selection]}


OURS: dict[str, Callable[[Given], Given]] = {
    "learn_A": learned_a,
    "learn_B": learned_b,
    "learn_D": learned_d,
    "hmm_scan": hmm_scan,
    "hmm_wrapper": hmm_wrapper,
    "smooth_ovf": smoothed("ovf"),
    "smooth_exact": smoothed("reference"),
    "compile_model": compiled,
    "labelled_indexing": selected,
}
"""What we find for golden operations."""
