"""Golden operations of state inference."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.act.inference.states.fixed_point import posterior
from isotherm.act.inference.states.likelihood import as_weights, log_likelihoods, log_of
from isotherm.act.inference.states.masked import masked
from isotherm.act.inference.states.messages import Links, links_of, messages, transitions
from isotherm.act.inference.states.variational import FreeEnergy, free_energy
from isotherm.learn.counts.dirichlet import dirichlet_kl

Given = dict[str, Any]

REFERENCE = "reference"


def tensors(values: Any) -> tuple[Any, ...]:
    return tuple(jnp.asarray(value, jnp.float64) for value in values)


def indices(values: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, values))


def logs_of(given: Given) -> tuple[Any, ...]:
    return tuple(log_of(tensor, REFERENCE) for tensor in tensors(given["A"]))


def log_likelihood(given: Given) -> Given:
    return {"per_modality": log_likelihoods(logs_of(given), tensors(given["obs"]))}


def single(given: Given, qs: Any, of: Any) -> FreeEnergy:
    """Free energy of one step."""
    seen = [L[None] for L in log_likelihoods(logs_of(given), tensors(given["obs"]))]
    prior = tensors(given["prior"])
    links = Links(jnp.ones(1, bool), jnp.ones(0, bool), jnp.ones(1, bool))
    B = tuple(jnp.zeros((0, len(p), len(p))) for p in prior)
    own = tuple((f,) for f in range(len(prior)))
    return free_energy([q[None] for q in qs], seen, B, prior, links, of, own, floor=REFERENCE)


def infer(given: Given) -> Given:
    """One step, exactly for one factor."""
    of = indices(given.get("A_dependencies", [[0]] * len(given["A"])))
    prior = tuple(log_of(p, REFERENCE) for p in tensors(given["prior"]))
    seen = log_likelihoods(logs_of(given), tensors(given["obs"]))
    qs = posterior(seen, prior, of, given.get("num_iter", 16))
    found = single(given, qs, of)
    return {
        "qs": qs,
        "vfe": found.total,
        "accuracy": found.accuracy[0],
        "neg_entropy": found.neg_entropy[0],
        "prior_cross_entropy": found.prior_cross_entropy[0],
    }


def infer_masked(given: Given) -> Given:
    A = tensors(given["A"])
    obs = as_weights([jnp.asarray(o) for o in given["obs"]], [a.shape[0] for a in A], jnp.dtype("float64"))
    seen_A, seen = masked(A, obs, jnp.asarray(given["mask"], jnp.float64))
    seen = log_likelihoods(tuple(log_of(a, REFERENCE) for a in seen_A), seen)
    prior = tuple(log_of(p, REFERENCE) for p in tensors(given["D"]))
    return {"qs": posterior(seen, prior, indices(given["A_dependencies"]))}


def window(method: str) -> Callable[[Given], Given]:
    def found(given: Given) -> Given:
        horizon = given["inference_horizon"]
        obs = [o if horizon is None else o[-horizon:] for o in tensors(given["obs"])]
        T = obs[0].shape[0]
        B = tensors(given["B"])
        actions = given["actions"]
        actions = np.zeros((T - 1, len(B))) if actions is None else actions
        actions = jnp.asarray(np.asarray(actions, np.int32).reshape(-1, len(B))[-(T - 1) :][: T - 1])
        links = links_of(actions, given["valid_steps"])
        L = tuple(
            jnp.where(links.valid.reshape(-1, *[1] * (x.ndim - 1)), x, 0.0)
            for x in log_likelihoods(logs_of(given), obs)
        )
        prior = tensors(given["prior"])
        steps = transitions(B, actions)
        of = indices(given["A_dependencies"]), indices(given["B_dependencies"])
        qs = messages(method, L, steps, prior, links, *of, given["num_iter"], REFERENCE)
        energy = free_energy(qs, L, steps, prior, links, *of, floor=REFERENCE)
        return {"qs": qs, "vfe_t": energy.by_step, "vfe": energy.total}

    return found


def vfe_sequence(given: Given) -> Given:
    qs, B = tensors(given["qs"]), tensors(given["B"])
    T = qs[0].shape[0]
    actions = given["actions"]
    actions = np.zeros((T - 1, len(B))) if actions is None else actions
    actions = jnp.asarray(np.asarray(actions, np.int32).reshape(T - 1, len(B)))
    links = links_of(actions)
    joints = None if given["joints"] is None else tensors(given["joints"])
    energy = free_energy(
        qs,
        log_likelihoods(logs_of(given), tensors(given["obs"])),
        transitions(B, actions),
        tensors(given["prior"]),
        links,
        indices(given["A_dependencies"]),
        indices(given["B_dependencies"]),
        joints,
        REFERENCE,
    )
    kl = {
        name: 0.0
        if given[f"q{name}"] is None
        else sum(
            dirichlet_kl(q, p).sum()
            for q, p in zip(tensors(given[f"q{name}"]), tensors(given[f"p{name}"]), strict=True)
        )
        for name in ("A", "B")
    }
    return {
        "vfe_t": energy.by_step,
        "vfe": energy.total + kl["A"] + kl["B"],
        "components": {
            "neg_entropy_t": energy.neg_entropy,
            "prior_cross_entropy_t": energy.prior_cross_entropy,
            "transition_cross_entropy_t": energy.transition_cross_entropy,
            "accuracy_t": energy.accuracy,
            "state_vfe": energy.total,
            "parameter_kl_A": kl["A"],
            "parameter_kl_B": kl["B"],
            "parameter_kl": kl["A"] + kl["B"],
        },
    }


OURS: dict[str, Callable[[Given], Given]] = {
    "log_likelihood": log_likelihood,
    "infer_exact_step": infer,
    "infer_fpi": infer,
    "infer_masked": infer_masked,
    "infer_mmp": window("mmp"),
    "infer_vmp": window("vmp"),
    "vfe_sequence": vfe_sequence,
}
