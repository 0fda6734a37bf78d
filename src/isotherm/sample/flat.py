"""All discrete variables of a state as one array of values counted from zero, in flat numbering."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32, Key

from isotherm.energy.graph import FactorGraph, stored
from isotherm.errors import refusal


def cardinalities(graph: FactorGraph) -> Int32[np.ndarray, " n"]:
    """Number of values of each variable, int32 ``(n,)``; 0 for reals and custom kinds."""
    sizes = [group.size for _, group in graph.groups]
    return np.repeat([group.cardinality for _, group in graph.groups], sizes).astype(np.int32)


def to_values(graph: FactorGraph, position: Mapping[str, Any]) -> Int32[Array, " n"]:
    """Values of all variables, int32 ``(n,)``: 0 for spin down and 1 for up, categories as they are."""
    states = [(group.kind, stored(group, position[name]).astype(jnp.int32)) for name, group in graph.groups]
    return jnp.concatenate([(state + 1) // 2 if kind == "spin" else state for kind, state in states])


def from_values(graph: FactorGraph, values: Int32[Array, " n"]) -> dict[str, Array]:
    """The state of each group, ``(size,)`` in its own dtype, from values of all variables, int32 ``(n,)``."""
    cuts = np.cumsum([group.size for _, group in graph.groups])[:-1]
    parts = zip(graph.groups, jnp.split(values, cuts), strict=True)
    return {
        name: (2 * part - 1 if group.kind == "spin" else part).astype(group.dtype)
        for (name, group), part in parts
    }


def random_values(key: Key[Array, ""], graph: FactorGraph, num_chains: int) -> Int32[Array, "chains n"]:
    """Values of all variables of many chains, uniform and independent, int32 ``(num_chains, n)``.

    Raises:
        ValueError: naming the group that is not discrete.
    """
    for name, group in graph.groups:
        if not group.is_discrete:
            raise refusal(name, group.kind, "should be discrete; pass the first positions")
    counts = cardinalities(graph)
    return jax.random.randint(key, (num_chains, len(counts)), 0, counts[None])
