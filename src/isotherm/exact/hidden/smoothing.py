"""Backward smoothing of filtered beliefs, as agents do it: consistent by default, or as the references have it."""

import functools
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm import doors
from isotherm.energy.hidden.checks import check_laws
from isotherm.energy.hidden.logs import EPS
from isotherm.energy.inputs import floating
from isotherm.errors import refusal
from isotherm.exact.hidden.scaled import scaled

SmoothingFloor = Literal["reference", "ovf"]
"""``"reference"``: predicted mass is raised to 2.2e-16, marginals are normalised once, at the end, joints never.
``"ovf"``: a row without predicted mass is zero, and nothing is normalised. Both lose mass."""


class Smoothed(eqx.Module):
    """Beliefs of one factor that look back from the end of a window.

    Attributes:
        marginals: of each step, ``(steps, states)``.
        joints: of consecutive steps, ``(steps - 1, next, curr)``.
        floor: what was put under predicted mass, None for nothing (static).
    """

    marginals: Float[Array, "steps states"]
    joints: Float[Array, "transitions states states"]
    floor: SmoothingFloor | None = eqx.field(static=True)


def smooth(filtered: Any, transitions: Any, floor: SmoothingFloor | None = None) -> Smoothed:
    """Smooth filtered beliefs of a factor whose next state depends on itself alone.

    By default mass is conserved: each marginal and each joint sums to 1, and a joint's sums are the marginals of its
    steps. Where a state that carries mass could not have been reached, which contradictory evidence, an approximate
    filter or a floored one bring about, the filtered belief stands for the step before.

    Args:
        filtered: a law a step, ``(steps, states)``, one step or more.
        transitions: p(next | curr), ``(steps - 1, next, curr)``; :func:`transitions_of` makes them.
        floor: None, or a reference's way.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape that does not fit, a law that does not sum to 1, or another word for ``floor``.

    References:
        Särkkä, Bayesian Filtering and Smoothing (2013), section 8.1.

    >>> filtered = jnp.array([[0.5, 0.5], [1.0, 0.0]])
    >>> found = smooth(filtered, jnp.array([[[0.75, 0.25], [0.25, 0.75]]]))
    >>> [round(float(p), 4) for p in found.marginals[0]]
    [0.75, 0.25]
    """
    if floor is not None:
        doors.choice("floor", floor, get_args(SmoothingFloor))
    return _smoothed(*_checked(filtered, transitions), floor)


def _checked(filtered: Any, transitions: Any) -> tuple[Array, Array]:
    """In one dtype."""
    filtered, transitions = floating("filtered", filtered), floating("transitions", transitions)
    if filtered.ndim != 2 or 0 in filtered.shape:
        raise refusal("filtered.shape", filtered.shape, "must be (steps, states), at least one of each")
    steps, n = filtered.shape
    if transitions.shape != (steps - 1, n, n):
        raise refusal("transitions.shape", transitions.shape, f"must be {(steps - 1, n, n)}")
    filtered, transitions = jnp.asarray(filtered), jnp.asarray(transitions)
    check_laws("filtered", filtered, 1)
    check_laws("transitions", transitions, 1)
    dtype = np.result_type(filtered.dtype, transitions.dtype)
    return filtered.astype(dtype), transitions.astype(dtype)


@functools.partial(jax.jit, static_argnums=2)
def _smoothed(
    filtered: Float[Array, "steps states"],
    transitions: Float[Array, "transitions states states"],
    floor: SmoothingFloor | None,
) -> Smoothed:
    backward = {None: _consistent, "reference": _with_floor, "ovf": _without_empty_rows}[floor]
    conditionals = backward(filtered[:-1], transitions)

    def step(belief: Float[Array, " states"], rows: Float[Array, "states states"]) -> tuple:
        earlier = (rows * belief[:, None]).sum(0)
        return earlier, earlier

    _, earlier = jax.lax.scan(step, filtered[-1], conditionals, reverse=True)
    marginals = jnp.concatenate([earlier, filtered[-1:]])
    if floor == "reference":
        marginals = marginals / jnp.maximum(marginals.sum(1, keepdims=True), EPS)
    return Smoothed(marginals, conditionals * marginals[1:, :, None], floor)


def transitions_of(
    B: Float[Array, "states states controls"], actions: Int[Array | np.ndarray, " transitions"]
) -> Float[Array, "transitions states states"]:
    """Transitions of one factor under the controls that were used, the identity where one is -1.

    Args:
        B: ``(next, curr, controls)``.
        actions: flat control of each transition.

    Returns:
        Shape ``(transitions, next, curr)``.
    """
    actions = jnp.asarray(actions)
    used = jnp.moveaxis(B, -1, 0)[jnp.maximum(actions, 0)]
    return jnp.where(actions[:, None, None] < 0, jnp.eye(B.shape[0], dtype=B.dtype)[None], used)


Pairs = Float[Array, "transitions states states"]


def _consistent(filtered: Float[Array, "transitions states"], transitions: Pairs) -> Pairs:
    """p(curr | next), each row a law."""
    before = scaled(filtered)
    rows = scaled(transitions).times(before[:, None, :]).shares(2)
    is_reached = rows.any(2, keepdims=True)
    return jnp.where(is_reached, rows, before.shares(1)[:, None, :])


def _with_floor(filtered: Float[Array, "transitions states"], transitions: Pairs) -> Pairs:
    joint = transitions * filtered[:, None, :]
    return joint / jnp.maximum(joint.sum(2, keepdims=True), EPS)


def _without_empty_rows(filtered: Float[Array, "transitions states"], transitions: Pairs) -> Pairs:
    joint = transitions * filtered[:, None, :]
    mass = joint.sum(2, keepdims=True)
    return joint / jnp.where(mass == 0, EPS, mass)
