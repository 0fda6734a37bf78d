"""What we find for golden operations of logarithms and Dirichlet counts."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.energy.hidden.logs import cross_entropy, entropy, log_floored
from isotherm.learn.counts.dirichlet import dirichlet_kl, dirichlet_mean, novelty_weight
from isotherm.learn.counts.reduction import reduced

Given = dict[str, Any]


def log_stable(given: Given) -> Given:
    return {"y": log_floored(jnp.asarray(given["x"]))}


def entropy_of(given: Given) -> Given:
    return {"value": entropy(jnp.asarray(given["p"]))}


def cross_entropy_of(given: Given) -> Given:
    return {"value": cross_entropy(jnp.asarray(given["p"]), jnp.asarray(given["q"]), "reference")}


def mean(given: Given) -> Given:
    return {"mean": dirichlet_mean(given["alpha"], given["event_dim"], "reference")}


def kl(given: Given) -> Given:
    per_column = dirichlet_kl(given["q"], given["p"])
    return {"per_column": per_column, "total": per_column.sum()}


def novelty(given: Given) -> Given:
    """With the signs and the factor of the reference."""
    alpha = np.asarray(given["alpha"])
    return {
        "neg_weight_exact": -novelty_weight(alpha),
        "neg_weight_legacy": -2 * novelty_weight(alpha, "legacy"),
    }


def reduction(given: Given) -> Given:
    found = reduced(given["q"], given["p"], given["r"])
    return {"delta_F": found.delta_F, "reduced_posterior": found.posterior}


OURS: dict[str, Callable[[Given], Given]] = {
    "log_stable": log_stable,
    "entropy": entropy_of,
    "cross_entropy": cross_entropy_of,
    "dirichlet_mean": mean,
    "dirichlet_kl": kl,
    "novelty_weight": novelty,
    "bayesian_model_reduction": reduction,
}
"""What we find for golden operations."""
