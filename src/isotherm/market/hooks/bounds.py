"""Bounds of weights that are learned: raw parameters to bounds of each token, and back. Hook ``bounded``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy import special

from isotherm import doors
from isotherm.market.parameters.effective import Params, required
from isotherm.market.parameters.maps import logistic
from isotherm.market.rules.bounds import WeightBounds, checked_bounds

BOUND_KEYS = ("raw_min_budget", "raw_min_logits", "raw_gap_logits")
"""Raw parameters of the hook."""

TARGET_MIN_SUM = 0.25
"""Sum of least weights where none are given."""

GAP_SHARE = 0.5
"""Share of the room above the least weight that is allowed, where none is given."""

_EDGE = 1e-6
_SMALL = 1e-8


def learned_bounds(params: Params, is_frozen: bool = False) -> WeightBounds:
    r"""Bounds of each token from raw parameters of one set, for ``calculate_weights(..., bounds=...)``.

    .. math:: l = \sigma(\mathrm{budget})\, \mathrm{softmax}(\mathrm{logits}), \quad
        h = (l + (1 - l)\, \sigma(\mathrm{gaps})) \max(1, 1 / (\Sigma + 10^{-6}))

    with :math:`\Sigma` the sum of the first factor. They hold for rules of changes and of targets alike.

    Args:
        params: ``raw_min_budget`` a number or ``(1,)``, ``raw_min_logits`` and ``raw_gap_logits`` ``(n,)``.
        is_frozen: whether gradients stop here.

    Returns:
        ``(n,)`` each.

    Raises:
        ValueError: naming a parameter that is absent.

    >>> bounds = learned_bounds(raw_bounds([0.1, 0.2], [0.7, 0.9]))
    >>> [round(float(low), 4) for low in bounds.low], [round(float(high), 4) for high in bounds.high]
    ([0.1, 0.2], [0.7, 0.9])
    """
    budget, logits, gaps = (required(params, key) for key in BOUND_KEYS)
    low = logistic(budget) * jax.nn.softmax(logits)
    high = low + (1 - low) * logistic(gaps)
    high = high * jnp.maximum(1.0, 1 / (high.sum() + _EDGE))
    bounds = WeightBounds(low, high)
    return jax.lax.stop_gradient(bounds) if is_frozen else bounds


def raw_bounds(low: Any, high: Any) -> dict[str, Float[np.ndarray, " _"]]:
    """Raw parameters whose bounds are the given ones to about 1e-8.

    Args:
        low: least weight of each token, ``(n,)``.
        high: most weight of each.

    Returns:
        ``raw_min_budget`` of shape ``(1,)``, ``raw_min_logits`` and ``raw_gap_logits`` of shape ``(n,)``, float64.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming every bound that is out of range, and sums that no weights can have.

    >>> raw_bounds([0.25, 0.25], [0.75, 0.75])["raw_min_budget"].tolist()
    [0.0]
    """
    checked_bounds(low, high)
    low, high = doors.real_numbers("low", low), doors.real_numbers("high", high)
    total = low.sum()
    gap = np.clip((high - low) / (1 - low + _SMALL), _EDGE, 1 - _EDGE)
    return {
        "raw_min_budget": special.logit(np.clip([total], _EDGE, 1 - _EDGE)),
        "raw_min_logits": np.log(low / (total + _SMALL) + _SMALL),
        "raw_gap_logits": special.logit(gap),
    }


def initial_raw_bounds(
    num_tokens: int, low: Any = None, high: Any = None
) -> dict[str, Float[np.ndarray, " _"]]:
    """Raw parameters to start from: those of given bounds, or of none in particular.

    Without least weights they are equal and sum to 0.25; without most weights half of the room above is allowed.

    Args:
        num_tokens: n, at least 1.
        low: ``min_weights_per_asset``, ``(n,)``, or None.
        high: ``max_weights_per_asset``, ``(n,)``, or None.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as :func:`raw_bounds`, or naming a number of tokens.

    >>> [round(abs(float(gap)), 4) for gap in initial_raw_bounds(2)["raw_gap_logits"]]
    [0.0, 0.0]
    """
    n = doors.whole("num_tokens", num_tokens, least=1)
    low = np.full(n, TARGET_MIN_SUM / n) if low is None else doors.real_numbers("low", low)
    high = low + GAP_SHARE * (1 - low) if high is None else doors.real_numbers("high", high)
    checked_bounds(low, high, n)
    return raw_bounds(low, high)
