"""From raw weights to the next move: bounds, floor, limit of change. Single rows ``(n,)``; pure and jittable."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.rules.bounds import TINY, WeightBounds, clipped, passing, within_bounds
from isotherm.market.rules.settings import RuleSettings

Weights = Float[Array, " n"]


def floored(weights: Weights, floor: float, is_passing: bool = False) -> Weights:
    """Weights raised to a floor in one pass: the others shrink in proportion, perhaps a little below it.

    Args:
        weights: sum to 1, ``(n,)``.
        floor: in (0, 1/n).
        is_passing: whether gradients pass the clip.
    """
    n = weights.shape[0]
    is_small = weights < floor
    num_small = is_small.sum().astype(weights.dtype)
    held = clipped(weights, floor, 1 - (n - 1) * floor, is_passing)
    large = jnp.where(is_small, 0.0, held).sum()
    has_large = ~is_small.all()
    scale = (1 - num_small * floor) / jnp.where(has_large, large, 1.0)
    return jnp.where(has_large, jnp.where(is_small, held, held * scale), 1 / n)


def euclidean_projection(weights: Weights, floor: float) -> Weights:
    """The nearest weights that are at least ``floor`` and sum to 1.

    Args:
        weights: any numbers, ``(n,)``.
        floor: in (0, 1/n).

    References:
        Held, Wolfe and Crowder, Validation of subgradient optimization, Mathematical Programming 6 (1974).

    >>> euclidean_projection(jnp.array([1.5, -0.5]), 0.25).tolist()
    [0.75, 0.25]
    """
    n = weights.shape[0]
    over = weights - floor
    ordered = jnp.sort(over, descending=True)
    counts = jnp.arange(1, n + 1, dtype=weights.dtype)
    shifts = (jnp.cumsum(ordered) - (1 - n * floor)) / counts
    num_free = (ordered > shifts).sum()
    return floor + jnp.maximum(over - shifts[num_free - 1], 0.0)


def kl_projection(weights: Weights, floor: float) -> Weights:
    """The weights of least divergence from the given ones that are at least ``floor`` and sum to 1.

    Args:
        weights: any numbers, some above 0, ``(n,)``; those below 0 count as 0.
        floor: in (0, 1/n).

    >>> [round(float(w), 4) for w in kl_projection(jnp.array([0.8, 0.15, 0.05]), 0.1)]
    [0.7579, 0.1421, 0.1]
    """
    n = weights.shape[0]
    weights = jnp.maximum(weights, 0.0)
    ordered = jnp.sort(weights, descending=True)
    counts = jnp.arange(1, n + 1, dtype=weights.dtype)
    scales = (1 - (n - counts) * floor) / jnp.cumsum(ordered)
    num_free = (ordered * scales >= floor).sum()
    return jnp.maximum(weights * scales[num_free - 1], floor)


def guarded(
    raw: Weights, weights: Weights, settings: RuleSettings, bounds: WeightBounds | None = None
) -> Weights:
    """The weights to move to: normalised, bounded, floored, and summing to 1 to rounding.

    Args:
        raw: what a rule asks for, ``(n,)``; where it sums to 0 or less the old weights are returned.
        weights: the old ones.
        settings: floor, kind of guardrail, straight-through options.
        bounds: of each token, or None.
    """
    total = raw.sum()
    is_void = total <= 0
    x = jnp.where(is_void, weights, raw) / jnp.where(is_void, 1.0, total)
    x = x if bounds is None else within_bounds(x, bounds, settings.ste_min_max_weight)
    floor = settings.floor(raw.shape[0])
    if settings.guardrail == "clip":
        x = floored(x, floor, settings.ste_min_max_weight)
    else:
        exact = (euclidean_projection if settings.guardrail == "projection" else kl_projection)(x, floor)
        x = passing(x, exact) if settings.ste_min_max_weight else exact
    is_largest = jnp.arange(x.shape[0]) == jnp.argmax(x)
    x = x + jax.lax.stop_gradient(jnp.where(is_largest, 1 - x.sum(), 0.0))
    return jnp.where(is_void, weights, x)


def limited(step: Weights, maximum_change: float, is_passing: bool = False) -> Weights:
    """A step a minute, scaled down so that no token moves faster than ``maximum_change``.

    Args:
        step: change a minute, ``(n,)``.
        maximum_change: above 0.
        is_passing: whether gradients pass the limit.

    >>> limited(jnp.array([-2.0, 2.0]), 1.0).tolist()
    [-1.0, 1.0]
    """
    fastest = jnp.abs(step).max()
    slow = jnp.where(fastest > maximum_change, step * (maximum_change / (fastest + TINY)), step)
    return passing(step, slow) if is_passing else slow
