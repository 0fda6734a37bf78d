"""Golden operations of planning and of choice."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tests.golden.inference.states import indices, tensors

from isotherm.act.agent import Transition
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.choice import log_actions, log_marginals, log_policies
from isotherm.act.inference.free_energy import (
    PolicyScores,
    event_last,
    policy_scores,
    predicted_observations,
    predicted_states,
    utility,
    worth_of,
)
from isotherm.act.inference.inductive import inductive_matrix, inductive_penalties, inductive_value
from isotherm.act.inference.information import ambiguities, observation_novelty, state_information_gain
from isotherm.act.inference.policies import enumerated_policies, given_policies
from isotherm.act.inference.settings import Settings
from isotherm.energy.hidden.model import generative_model
from isotherm.learn.counts.dirichlet import novelty_weight

Given = dict[str, Any]

KEY = jax.random.key(0)


def own(num: int) -> list[list[int]]:
    return [[f] for f in range(num)]


def expected_state(given: Given) -> Given:
    B = event_last(tensors(given["B"]))
    ahead = predicted_states(tensors(given["qs"]), B, indices(given["B_dependencies"]))
    return {"qs_next": [law[u] for law, u in zip(ahead, given["action"], strict=True)]}


def expected_obs(given: Given) -> Given:
    of = indices(given["A_dependencies"])
    return {"qo": predicted_observations(tensors(given["qs"]), event_last(tensors(given["A"])), of)}


def gain(given: Given) -> Given:
    qs, A, of = tensors(given["qs"]), tensors(given["A"]), indices(given["A_dependencies"])
    qo = predicted_observations(qs, event_last(A), of)
    return {"value": state_information_gain(qo, ambiguities(A), qs, of)}


def novelty_of_A(given: Given) -> Given:
    qs, A, of = tensors(given["qs"]), tensors(given["A"]), indices(given["A_dependencies"])
    weights = event_last(tuple(map(novelty_weight, tensors(given["pA"]))))
    return {"info_gain": observation_novelty(predicted_observations(qs, event_last(A), of), weights, qs, of)}


def scores(given: Given, **which: Any) -> PolicyScores:
    A, B = tensors(given["A"]), tensors(given["B"])
    counts = [None if given.get(p) is None else tensors(given[p]) for p in ("pA", "pB")]
    model = generative_model(
        A,
        B,
        tensors(given["C"]) if "C" in given else None,
        E=given.get("E"),
        A_dependencies=given["A_dependencies"],
        B_dependencies=given["B_dependencies"],
    )
    wanted = {key: given.get(key, True) for key in ("use_utility", "use_states_info_gain")} | which
    novel = given.get("use_param_info_gain", False)
    settings = Settings(use_states_info_gain=wanted["use_states_info_gain"], use_param_info_gain=novel)
    worth = worth_of(model, settings, A, B, tuple(counts), jnp.float64(0))
    reachable = tensors(given["I"]) if "I" in given else None
    epsilon = jnp.float64(given.get("epsilon", 1e-3))
    C = model.C if wanted["use_utility"] else None
    worth = replace(worth, C=C, reachable=reachable, epsilon=epsilon)
    tree = given_policies(given["policies"], model.num_controls, own(len(B)))
    return policy_scores(worth, tree, tensors(given["qs"]))


def novelty_of_B(given: Given) -> Given:
    qs = tensors(given["qs_prev"])
    A = [np.full((1, len(qs[0])), 1.0)]
    case = given | {"qs": given["qs_prev"], "A": A, "A_dependencies": [[0]], "use_param_info_gain": True}
    return {"info_gain": scores(case | {"policies": [[given["action"]]]}).param_info_gain[0]}


def posterior_of(given: Given, neg_efe: Any) -> Any:
    E = given.get("E")
    log_E = (
        jnp.zeros_like(neg_efe) if E is None else jnp.log(jnp.maximum(jnp.asarray(E), 2.220446049250313e-16))
    )
    return jnp.exp(log_policies(neg_efe, log_E, given["gamma"]))


def scored(given: Given) -> Given:
    found = scores(given)
    alone = scores(
        given
        | {
            "use_utility": True,
            "use_states_info_gain": True,
            "use_param_info_gain": bool(given.get("pA") or given.get("pB")),
        }
    )
    return {
        "q_pi": posterior_of(given, found.neg_efe),
        "neg_efe": found.neg_efe,
        "utility": alone.utility,
        "state_info_gain": alone.state_info_gain,
        "param_info_gain": alone.param_info_gain,
    }


def policies(given: Given) -> Given:
    sizes = given["num_controls"]
    return {"policies": enumerated_policies(sizes, own(len(sizes)), given["policy_len"]).controls}


def selection(given: Given) -> Given:
    sizes = given["num_controls"]
    tree = given_policies(given["policies"], sizes, own(len(sizes)))
    log_q = jnp.log(jnp.asarray(given["q_pi"]))
    marginals = [jnp.exp(law) for law in log_marginals(log_q, tree)]
    floor, alpha = "reference", given["alpha"]

    def chosen(mode: str) -> Any:
        return np.unravel_index(
            int(jnp.argmax(log_actions(log_q, tree, alpha, "deterministic", mode))), sizes
        )

    drawn = lambda logs, tree: jnp.exp(log_actions(logs, tree, alpha, "stochastic", "full", floor))  # noqa: E731
    # a policy drawn is a choice drawn where each policy is the only one of its choice
    one_each = given_policies(np.arange(len(log_q))[:, None, None], [len(log_q)], [[0]])
    each = [
        drawn(jnp.log(law), given_policies(np.arange(len(law))[:, None, None], [len(law)], [[0]]))
        for law in marginals
    ]
    joint = np.exp(np.asarray(log_actions(log_q, tree, alpha, "stochastic", "marginal", floor))).reshape(
        sizes
    )
    for factor, law in enumerate(each):  # the joint law of controls is their product
        rest = tuple(other for other in range(len(sizes)) if other != factor)
        np.testing.assert_allclose(joint.sum(axis=rest), law, rtol=1e-12)
    return {
        "marginals": marginals,
        "marginal_argmax": np.array(chosen("marginal")),
        "full_argmax": np.array(chosen("full")),
        "full_sampling_probs": drawn(log_q, one_each),
        "marginal_sampling_probs": each,
    }


def agent_step(given: Given) -> Given:
    model = generative_model(
        *(given[name] for name in "ABCD"),
        E=given["E"],
        A_dependencies=given["A_dependencies"],
        B_dependencies=given["B_dependencies"],
    )
    settings = {key: given[key] for key in ("policy_len", "gamma", "alpha", "num_iter")}
    agent = ActiveInference(model, floor="reference", **settings)
    mind = agent.observed(agent.init(KEY), [jnp.int32(o) for o in given["obs"]])
    found = agent.scores(mind)
    log_q = agent.log_policies(found)
    law, _ = agent.law(agent.init(KEY), [jnp.int32(o) for o in given["obs"]])
    action = int(jnp.argmax(law))
    no = jnp.zeros((), bool)
    mind = agent.learn(KEY, mind, Transition(None, jnp.int32(action), jnp.float32(0), no, no, None))
    return {
        "qs": mind.beliefs,
        "q_pi": jnp.exp(log_q),
        "neg_efe": found.neg_efe,
        "action": np.array(np.unravel_index(action, model.num_controls)),
        "empirical_prior": agent.empirical_prior(mind),
        "multiaction_probabilities": jnp.exp(log_actions(log_q, agent.policies, 1.0, "stochastic")),
    }


def reachable(given: Given) -> Given:
    return {
        "I": inductive_matrix(tensors(given["H"]), tensors(given["B"]), given["threshold"], given["depth"])
    }


def induced(given: Given) -> Given:
    costs = inductive_penalties(tensors(given["qs"]), tensors(given["I"]), jnp.float64(given["epsilon"]))
    return {"value": inductive_value(tensors(given["qs_next"]), costs)}


OURS: dict[str, Callable[[Given], Given]] = {
    "policies": policies,
    "expected_state": expected_state,
    "expected_obs": expected_obs,
    "state_info_gain": gain,
    "utility": lambda given: {"value": utility(tensors(given["qo"]), tensors(given["C"]), given["t"])},
    "novelty_A": novelty_of_A,
    "novelty_B": novelty_of_B,
    "policy_scores": scored,
    "inductive_matrix": reachable,
    "inductive_value": induced,
    "inductive_policy_scores": scored,
    "action_selection": selection,
    "agent_step": agent_step,
}
