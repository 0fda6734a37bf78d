"""Bounds of weights that are learned: raw parameters to bounds of each token, and back. Hook ``bounded``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.effective import Params, has
from isotherm.market.parameters.maps import floats, logistic
from isotherm.market.parameters.pool_start import bounds_start
from isotherm.market.rules.bounds import WeightBounds, checked_bounds

BOUND_KEYS = ("raw_min_budget", "raw_min_logits", "raw_gap_logits")
"""Raw parameters of the hook."""

EDGE = 1e-6
"""What keeps the sum of most weights from 0."""


def learned_bounds(params: Params, is_frozen: bool = False) -> WeightBounds:
    r"""Bounds of each token from raw parameters of one set, for ``calculate_weights(..., bounds=...)``.

    .. math:: l = \sigma(\mathrm{budget})\, \mathrm{softmax}(\mathrm{logits}), \quad
        h = (l + (1 - l)\, \sigma(\mathrm{gaps})) \max(1, 1 / (\Sigma + 10^{-6}))

    with :math:`\Sigma` the sum of the first factor. They hold for rules of changes and of targets alike.

    Args:
        params: ``raw_min_budget`` ``()`` or ``(1,)``, ``raw_min_logits`` and ``raw_gap_logits`` ``(n,)``. Of an
            ensemble all lead with its members, and bounds are means over them.
        is_frozen: whether gradients stop here.

    Returns:
        ``(n,)`` each.

    Raises:
        ValueError: naming a parameter that is absent, or shapes that do not fit.

    >>> bounds = learned_bounds(raw_bounds([0.1, 0.2], [0.7, 0.9]))
    >>> [round(float(low), 4) for low in bounds.low], [round(float(high), 4) for high in bounds.high]
    ([0.1, 0.2], [0.7, 0.9])
    """
    for key in BOUND_KEYS:
        if not has(params, key):
            raise ValueError(f"params: must have this parameter: {key}")
    budget, logits, gaps = (floats(params[key]) for key in BOUND_KEYS)
    members = logits.shape[:-1]
    if logits.ndim not in (1, 2) or gaps.shape != logits.shape or budget.size != max(1, *members, 1):
        shapes = (budget.shape, logits.shape, gaps.shape)
        raise refusal("bounds.shape", shapes, "must be (1,), (n,) and (n,), or each with members in front")
    low = logistic(budget).reshape(*members, 1) * jax.nn.softmax(logits, axis=-1)
    high = low + (1 - low) * logistic(gaps)
    high = high * jnp.maximum(1.0, 1 / (high.sum(-1, keepdims=True) + EDGE))
    bounds = WeightBounds(*(x.reshape(-1, x.shape[-1]).mean(0) for x in (low, high)))
    return jax.lax.stop_gradient(bounds) if is_frozen else bounds


def raw_bounds(low: Any, high: Any) -> dict[str, Float[np.ndarray, " _"]]:
    """Raw parameters of one set whose bounds are the given ones, to about 1e-8.

    Args:
        low: least weight of each token, ``(n,)``.
        high: most weight of each.

    Returns:
        ``raw_min_budget`` of shape ``(1,)``, ``raw_min_logits`` and ``raw_gap_logits`` of shape ``(n,)``, float64.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming every bound that is out of range, and sums that no weights can have.

    >>> round(float(raw_bounds([0.25, 0.25], [0.75, 0.75])["raw_min_budget"][0]), 4)
    0.0
    """
    checked_bounds(low, high)
    low, high = doors.real_numbers("low", low), doors.real_numbers("high", high)
    given = {"min_weights_per_asset": low, "max_weights_per_asset": high}
    return {key: value.reshape(-1) for key, value in bounds_start(given, low.size, 1).items()}
