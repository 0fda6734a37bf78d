"""Inductive planning: penalise states from which a goal can no longer be reached in the steps that are left."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from isotherm.energy.hidden.checks import Tensors


def inductive_matrix(goal: Tensors, B: Tensors, threshold: Float[Array, ""] | float, depth: int) -> Tensors:
    """Of each factor, from which states its goal can be reached, ``(depth, S_f)`` of 0 and 1.

    Row 0 is the goal; row ``i`` has the states from which it can be reached in exactly ``i`` steps, each step some
    control's with a probability above the threshold.

    Args:
        goal: of each factor, ``(S_f,)`` of 0 and 1.
        B: of each factor, ``(S_f, S_f, U_f)``: factors that depend on themselves alone.
        threshold: within 0 .. 1.
        depth: rows, at least 1 (static).

    References:
        Friston et al., Active inference and intentional behaviour, Neural Comput. 37 (2025) 666.
    """

    def of_factor(reached: Array, law: Array) -> Array:
        can = (law > threshold).any(axis=-1)

        def back(row: Array, _: None) -> tuple[Array, Array]:
            return ((row > 0)[:, None] & can).any(axis=0).astype(row.dtype), row

        return lax.scan(back, reached, None, length=depth)[1]

    return tuple(map(of_factor, goal, B))


def inductive_penalties(beliefs: Tensors, reachable: Tensors, epsilon: Float[Array, ""] | float) -> Tensors:
    """Of each factor, what each state costs, ``(S_f,)``: ``ln epsilon`` off the path to the goal, else 0.

    Args:
        beliefs: of each factor where planning begins, ``(S_f,)``; the likeliest state counts.
        reachable: of each factor, :func:`inductive_matrix`.
        epsilon: above 0, at most 1.
    """
    found = []
    for belief, rows in zip(beliefs, reachable, strict=True):
        here = rows[:, jnp.argmax(belief)] > 0
        ahead = jnp.maximum(jnp.argmax(here) - 1, 0)
        cost = (1 - rows[ahead]) * jnp.log(epsilon).astype(rows.dtype)
        found.append(jnp.where(here.any(), cost, 0.0))
    return tuple(found)


def inductive_value(
    beliefs: Sequence[Float[Array, "*batch _"]], penalties: Tensors
) -> Float[Array, "*batch"]:
    """Expected cost of predicted beliefs, at most 0, summed over factors.

    Args:
        beliefs: of each factor, ``(*batch, S_f)``.
        penalties: :func:`inductive_penalties` at the beliefs where planning began.
    """
    return sum((q @ cost for q, cost in zip(beliefs, penalties, strict=True)), start=jnp.zeros(()))
