"""How a block of minutes moves from one weight vector to the next.

A block has ``chunk_period`` rows. It starts at ``w``, adds the step ``d`` each minute of the interpolation period,
and stays at ``w + period d`` until its end. The methods differ in the path between the same two ends.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.rules.settings import Interpolation

SHORT_ARC = 1e-8
"""Radians below which an arc is a straight line."""

Ends = Float[Array, "..."]
Minutes = Float[Array, "..."]


def interpolated(
    start: Ends, step: Ends, chunk_period: int, period: int, method: Interpolation | str
) -> Minutes:
    """Weights of each minute of blocks, ``(*blocks, chunk_period, n)``.

    Args:
        start: weights in the first minute, ``(*blocks, n)``.
        step: change a minute, of the same shape.
        chunk_period: minutes of a block.
        period: minutes over which the move is spread, at most ``chunk_period``.
        method: the path; ``"approx_optimal_compat"`` spreads the geometric path over one minute too many.

    References:
        Willetts and Harrington, Optimal rebalancing in dynamic AMMs, arXiv 2403.18737 (2024); of ``"slerp"``,
        Riemannian geometry of rebalancing in dynamic-weight AMMs, arXiv 2603.05326 (2026).

    >>> interpolated(jnp.array([0.5, 0.5]), jnp.array([0.25, -0.25]), 3, 1, "linear").tolist()
    [[0.5, 0.5], [0.75, 0.25], [0.75, 0.25]]
    """
    minute = jnp.arange(chunk_period, dtype=start.dtype).reshape(*[1] * (start.ndim - 1), chunk_period, 1)
    moved = jnp.minimum(minute, float(period))
    start, step = start[..., None, :], step[..., None, :]
    line = start + moved * step
    if method == "linear":
        return line
    end = start + period * step
    if method == "slerp":
        path = _arc(start, end, moved / period, line)
    else:
        path = _mean(start, end, moved / (period + (method == "approx_optimal_compat")), line)
    return jnp.where(minute < period, path, end)


def _mean(start: Ends, end: Ends, share: Minutes, line: Minutes) -> Minutes:
    """The normalised mean of the straight and the geometric path."""
    tiny = float(jnp.finfo(start.dtype).tiny)
    begin, turn = jnp.log(jnp.maximum(start, tiny)), jnp.log(jnp.maximum(end, tiny))
    total = line + jnp.exp(begin + share * (turn - begin))
    return total / total.sum(-1, keepdims=True)


def _arc(start: Ends, end: Ends, share: Minutes, line: Minutes) -> Minutes:
    """Of constant speed on the sphere of square roots."""
    begin, turn = _root(start), _root(end)
    chord = _root(((turn - begin) ** 2).sum(-1, keepdims=True))
    angle = 2 * jnp.arcsin(jnp.minimum(chord / 2, 1.0))
    is_short = angle < SHORT_ARC
    angle = jnp.where(is_short, 1.0, angle)
    place = jnp.sin((1 - share) * angle) * begin + jnp.sin(share * angle) * turn
    return jnp.where(is_short, line, (place / jnp.sin(angle)) ** 2)


def _root(x: Array) -> Array:
    """With slope 0 at 0."""
    is_positive = x > 0
    return jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, x, 1.0)), 0.0)


def geodesic_midpoint(start: Float[Array, " n"], end: Float[Array, " n"]) -> Float[Array, " n"]:
    """Halfway along the arc: also the normalised mean of arithmetic and geometric mean.

    Args:
        start: weights that sum to 1, ``(n,)``.
        end: weights that sum to 1.

    >>> geodesic_midpoint(jnp.array([0.5, 0.5]), jnp.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    """
    mean = (start + end) / 2 + _root(start * end)
    return mean / mean.sum()


def optimal_midpoint(start: Float[Array, " n"], end: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""The one stop between two weight vectors that costs least, for small moves: ``end_i / W(e end_i / start_i)``.

    The cost is :math:`KL(m || w) + KL(w' || m)`; ``W`` is the principal branch of Lambert's function.

    Args:
        start: weights above 0 that sum to 1, ``(n,)``.
        end: weights above 0 that sum to 1.

    References:
        Willetts and Harrington, Optimal rebalancing in dynamic AMMs, arXiv 2403.18737 (2024).

    >>> optimal_midpoint(jnp.array([0.5, 0.5]), jnp.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    """
    stop = end / lambert_of_log(1 + jnp.log(end) - jnp.log(start))
    return stop / stop.sum()


@jax.custom_jvp
def lambert_of_log(log_z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Lambert's function of ``exp(log_z)``, the ``w > 0`` with ``w + ln w = log_z``; shaped as ``log_z``.

    References:
        Corless et al., On the Lambert W function, Advances in Computational Mathematics 5 (1996).

    >>> float(lambert_of_log(jnp.array(1.0)))
    1.0
    """
    is_large = log_z > 1
    above = jnp.where(is_large, log_z, 1.0)
    w = jnp.where(is_large, above - 0.5 * jnp.log(above), jnp.exp(jnp.minimum(log_z, 1.0) - 1))
    for _ in range(6):
        w = w * (1 + log_z - jnp.log(w)) / (1 + w)
    return w


@lambert_of_log.defjvp
def _lambert_slope(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    w = lambert_of_log(*primals)
    return w, tangents[0] * w / (1 + w)
