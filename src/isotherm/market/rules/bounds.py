"""Least and most weights of tokens, and clips that gradients may pass."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal

Weights = Float[Array, " n"]

TINY = 1e-10
"""What keeps quotients of the definition from 0/0."""

ROUNDING = 1e-12
"""By how much sums of bounds may miss 1."""

LEARNED_SLACK = 1e-3
"""The same for bounds that are learned, whose definition misses 1 by 1e-6 over their sum."""


class WeightBounds(NamedTuple):
    """Least and most weight of each token, ``(n,)`` each."""

    low: Weights
    high: Weights


def passing(x: Array, bounded: Array) -> Array:
    """The second, exactly, with the gradient of the first, of equal shape: a straight-through estimator.

    >>> float(jax.grad(lambda x: passing(x, jnp.clip(x, 0.0, 1.0)))(2.0))
    1.0
    """
    return jax.lax.stop_gradient(bounded) + (x - jax.lax.stop_gradient(x))


def clipped(x: Weights, low: Array | float, high: Array | float, is_passing: bool) -> Weights:
    """Weights ``(n,)`` within bounds, which are numbers or ``(n,)``; gradients pass outside of them if asked."""
    inside = jnp.clip(x, low, high)
    return passing(x, inside) if is_passing else inside


def within_bounds(weights: Weights, bounds: WeightBounds, is_passing: bool = False) -> Weights:
    """Weights clipped to bounds of each token, what is missing or over spread by the room that is left.

    Args:
        weights: sum to 1, ``(n,)``.
        bounds: with sums of at most 1 and at least 1.
        is_passing: whether gradients pass the clips.

    Returns:
        Weights that sum to 1.

    >>> low, high = jnp.array([0.1, 0.1]), jnp.array([0.6, 0.9])
    >>> [round(float(w), 4) for w in within_bounds(jnp.array([0.9, 0.1]), WeightBounds(low, high))]
    [0.6, 0.4]
    """
    low, high = bounds
    held = clipped(weights, low, high, is_passing)
    total = held.sum()
    up, down = high - held, held - low
    raised = held + jnp.maximum(1 - total, 0.0) * up / (up.sum() + TINY)
    moved = raised - jnp.maximum(total - 1, 0.0) * down / (down.sum() + TINY)
    held = clipped(moved, low, high, is_passing)
    return held / held.sum()


def checked_bounds(low: Any, high: Any, num_tokens: int | None = None, slack: float = ROUNDING) -> None:
    """Refuse bounds that no weights can keep, telling all that is wrong.

    Args:
        low: least weight of each token, ``(n,)``.
        high: most weight of each.
        num_tokens: n, if known.
        slack: by how much sums may miss 1.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming every violation in one line.

    >>> checked_bounds([0.5, 0.6], [0.4, 1.1])
    Traceback (most recent call last):
    ValueError: bounds: high[1] = 1.1 is above 1; low[0] = 0.5 is not below high[0] = 0.4; low sums to 1.1, above 1
    """
    low, high = (np.atleast_1d(doors.real_numbers(name, x)) for name, x in (("low", low), ("high", high)))
    wanted = low.size if num_tokens is None else num_tokens
    if low.shape != high.shape or low.shape != (wanted,):
        raise refusal(
            "bounds.shape", (low.shape, high.shape), f"must be ({wanted},), one least and one most a token"
        )
    wrong = [*_outside(low, high), *_sums(low, high, slack)]
    if wrong:
        raise ValueError(f"bounds: {'; '.join(wrong)}")


def _outside(low: np.ndarray, high: np.ndarray) -> list[str]:
    def told(name: str, values: np.ndarray, is_wrong: np.ndarray, what: str) -> list[str]:
        return [f"{name}[{i}] = {values[i]:g} {what}" for i in np.flatnonzero(is_wrong)]

    crossed = [
        f"low[{i}] = {low[i]:g} is not below high[{i}] = {high[i]:g}" for i in np.flatnonzero(~(low < high))
    ]
    return [
        *told("low", low, ~(low >= 0), "is below 0"),
        *told("high", high, ~(high <= 1), "is above 1"),
        *crossed,
    ]


def _sums(low: np.ndarray, high: np.ndarray, slack: float) -> list[str]:
    under = [f"low sums to {low.sum():g}, above 1"] if low.sum() > 1 + slack else []
    over = [f"high sums to {high.sum():g}, below 1"] if high.sum() < 1 - slack else []
    return under + over
