"""Formulas of update rules: what estimates ask weights to change by, or to become. Elementwise in rows.

Estimates are ``(n,)`` or lead with rows; what belongs to tokens (``k``, exponents, ...) is ``(n,)`` and broadcast.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Rows = Float[Array, "*rows n"]
Tokens = Float[Array, "n"]

TROUGH = 0.5415
"""Scale of the cubic of a channel."""

CAP_ROUNDS = 10
CAP_TOLERANCE = 1e-6


def zero_sum(x: Rows, k: Tokens) -> Rows:
    r"""Changes that sum to zero, :math:`k_i (x_i - \sum_j k_j x_j / \sum_j k_j)`; 0 where ``k`` sums to 0.

    Args:
        x: signal, ``(n,)`` or rows of it.
        k: aggressiveness, ``(n,)``.

    References:
        QuantAMM, Temporal-function market making litepaper (2024), on update rules.

    >>> zero_sum(jnp.array([2.0, 0.0]), jnp.array([1.0, 3.0])).tolist()
    [1.5, -1.5]
    """
    k = jnp.broadcast_to(k, x.shape)
    total = k.sum(-1, keepdims=True)
    is_none = total == 0
    center = (k * x).sum(-1, keepdims=True) / jnp.where(is_none, 1.0, total)
    return jnp.where(is_none, 0.0, k * (x - center))


def signed_power(x: Rows, exponent: Tokens) -> Rows:
    """``sign(x) |x|**exponent`` with finite slopes at 0.

    Args:
        x: ``(n,)`` or rows of it.
        exponent: above 0, ``(n,)``.

    >>> signed_power(jnp.array([-4.0, 0.0]), jnp.array([0.5, 0.5])).tolist()
    [-2.0, 0.0]
    """
    is_zero = x == 0
    size = jnp.where(is_zero, 1.0, jnp.abs(x)) ** jnp.broadcast_to(exponent, x.shape)
    return jnp.where(is_zero, 0.0, jnp.sign(x) * size)


def channel_signal(
    gradients: tuple[Rows, Rows, Rows],
    width: Tokens,
    amplitude: Tokens,
    exponent: Tokens,
    scaling: Tokens,
) -> Rows:
    r"""Reversion inside a channel of gradients, trend outside.

    .. math:: -A E \frac{y - y^3/6}{0.5415} + (1 - E)\,\mathrm{sign}(g) \left|\frac{g}{2h}\right|^q, \quad
        y = \frac{\pi g}{3 w}, \quad E = e^{-g^2 / 2 w^2}

    Args:
        gradients: that of the channel, of the trend and of the envelope; one rule has all three the same.
        width: ``w``, above 0, ``(n,)`` as all that follow.
        amplitude: ``A``.
        exponent: ``q``, above 0.
        scaling: ``h``, above 0.

    References:
        QuantAMM, Temporal-function market making litepaper (2024), on update rules.
    """
    channel, trend, outer = gradients
    width, amplitude, scaling = (jnp.broadcast_to(x, channel.shape) for x in (width, amplitude, scaling))
    envelope = jnp.exp(-(outer**2) / (2 * width**2))
    y = math.pi * channel / (3 * width)
    return -amplitude * envelope * (y - y**3 / 6) / TROUGH + (1 - envelope) * signed_power(
        trend / (2 * scaling), exponent
    )


def inverse_shares(variance: Rows) -> Rows:
    """Weights in inverse proportion to variances; tokens without any share all weight among them.

    Args:
        variance: at least 0, ``(n,)`` or rows of it.

    >>> inverse_shares(jnp.array([1.0, 3.0])).tolist()
    [0.75, 0.25]
    """
    least = variance.min(-1, keepdims=True)
    is_positive = variance > 0
    inverse = jnp.where(is_positive, least / jnp.where(is_positive, variance, 1.0), 1.0)
    return inverse / inverse.sum(-1, keepdims=True)


def capped_shares(shares: Rows, cap: Float[Array, "..."] | float) -> Rows:
    """Weights of which none is above a cap, what is above it given to the others in proportion.

    Repeated at most ten times, until none is above by more than 1e-6, then normalised.

    Args:
        shares: sum to 1, ``(n,)`` or rows of it.
        cap: one number or ``(n,)``, in all at least 1.

    >>> [round(float(w), 4) for w in capped_shares(jnp.array([0.5, 0.25, 0.25]), 0.4)]
    [0.4, 0.3, 0.3]
    """
    cap = jnp.broadcast_to(jnp.asarray(cap, shares.dtype), shares.shape)

    def spread(_: Array, shares: Rows) -> Rows:
        excess = jnp.maximum(shares - cap, 0.0).sum(-1, keepdims=True)
        free = jnp.where(shares < cap, shares, 0.0)
        room = free.sum(-1, keepdims=True)
        more = jnp.minimum(shares, cap) + excess * free / jnp.where(room > 0, room, 1.0)
        is_done = (shares <= cap + CAP_TOLERANCE).all(-1, keepdims=True)
        return jnp.where(is_done, shares, more)

    shares = jax.lax.fori_loop(0, CAP_ROUNDS, spread, shares)
    return shares / shares.sum(-1, keepdims=True)
