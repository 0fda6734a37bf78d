"""Weights of factors as the engines take them: on the host where they are known."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.doors import is_traced
from isotherm.energy.factor import Factor


def each_weight(factor: Factor) -> Any:
    """One weight for each factor, ``(num_factors, *cardinalities)``, also where all share."""
    shape = (len(factor.scope), *factor.weights.shape[1:])
    xp = jnp if is_traced(factor.weights) else np
    return xp.broadcast_to(factor.weights, shape)


def end_to_end(weights: list[Any]) -> Any:
    """Float32, on the host if concrete."""
    if any(is_traced(w) for w in weights):
        return jnp.concatenate([jnp.asarray(w, jnp.float32) for w in weights])
    if not weights:
        return np.zeros(0, np.float32)
    return np.concatenate([np.asarray(w) for w in weights], dtype=np.float32, casting="same_kind")


def values_at(values: Any, at: np.ndarray) -> Array:
    """Values at these places; zero where a place is -1, which stands for none.

    Args:
        values: on the host or not, float32 ``(num,)``.
        at: whole numbers of any shape ``(...)``, which the result has too.
    """
    xp = jnp if is_traced(values) else np
    return jnp.asarray(xp.concatenate([values, xp.zeros(1, np.float32)])[at])
