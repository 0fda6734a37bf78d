r"""Values without fees of weights that move in straight lines: chunk by chunk in closed form, no minute is walked.

From minute to minute a pool's value changes by ``w . dln p - KL(w' || w)``. Along ``w_t = a + min(t, P) d`` the
first term needs two sums of price moves, which no weight enters, and the second telescopes:

.. math:: \sum_{t<P} \mathrm{KL}(w_{t+1} \| w_t)
    = \sum_i \Big[ w_P \ln w_P - w_0 \ln w_0 - d \sum_{t<P} \ln w_t \Big].

The sum of logarithms is taken term by term where a weight is small against its step, and by the Euler-Maclaurin
formula from there on; no term divides by ``d``.

References:
    Willetts and Harrington, arXiv 2403.18737 (2024), for the identity; Abramowitz and Stegun (1964), 23.1.30.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

Blocks = Float[Array, "blocks tokens"]

DIRECT = 16
"""Terms of a sum of logarithms that are taken one by one: beyond, a step is below 1/16 of the weight."""

EULER_MACLAURIN = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)
"""``B_2k / (2k (2k - 1))`` of the odd powers; what is left out is below 1e-14 of a step."""


class PriceSums(NamedTuple):
    """What straight weights need to know of the prices of each chunk.

    Attributes:
        moves: sum of the moves of ``ln p`` from minute to minute, ``(blocks, tokens)``.
        late: the same with each move times the minutes that weights have moved before it, ``(blocks, tokens)``.
        minutes: over which weights move, ``(blocks, 1)``.
    """

    moves: Blocks
    late: Blocks
    minutes: Float[Array, "blocks 1"]


def price_sums(moves: Float[Array, "moves tokens"], chunk_period: int, period: int) -> PriceSums:
    """Sums over the chunks of a bout, the last of which may be cut short.

    Args:
        moves: of ``ln p`` from each minute of a bout to the next, the first chunk's first; one fewer than rows,
            ``(rows - 1, tokens)``.
        chunk_period: minutes of a chunk.
        period: minutes over which weights move, at most ``chunk_period``.
    """
    steps, tokens = moves.shape
    blocks = steps // chunk_period + 1
    padding = jnp.zeros((blocks * chunk_period - steps, tokens), moves.dtype)
    moves = jnp.concatenate([moves, padding]).reshape(blocks, chunk_period, tokens)
    minute = jnp.minimum(jnp.arange(chunk_period), period).astype(moves.dtype)
    last = jnp.minimum(steps - chunk_period * jnp.arange(blocks), period).astype(moves.dtype)
    return PriceSums(moves.sum(1), jnp.einsum("btn,t->bn", moves, minute), last[:, None])


def straight_log_steps(start: Blocks, step: Blocks, sums: PriceSums) -> Float[Array, " blocks"]:
    """By how much the logarithm of a pool's value grows in each chunk, ``(blocks,)``.

    Equal to the sum of :func:`isotherm.market.pools.geometric.log_steps` over its minutes but for rounding.

    Args:
        start: weights in the first minute of a chunk, positive, ``(blocks, tokens)``.
        step: change a minute, ``(blocks, tokens)``.
        sums: of the prices.

    >>> sums = price_sums(jnp.zeros((2, 2)), 2, 2)
    >>> start, step = jnp.array([[0.5, 0.5], [0.25, 0.75]]), jnp.array([[-0.125, 0.125], [0.0, 0.0]])
    >>> [round(float(x), 4) for x in straight_log_steps(start, step, sums)]  # two moves of 1/8
    [-0.067, 0.0]
    """
    earned = start * sums.moves + step * sums.late
    return (earned - divergence_of_moves(start, step, sums.minutes)).sum(-1)


def divergence_of_moves(start: Blocks, step: Blocks, minutes: Float[Array, "blocks 1"]) -> Blocks:
    """What each token adds to ``sum_t KL(w_(t+1) || w_t)`` of straight moves, ``(blocks, tokens)``.

    Args:
        start: weights before the first, positive, ``(blocks, tokens)``.
        step: change a minute.
        minutes: how many of them, ``(blocks, 1)``.
    """
    end = start + minutes * step
    size = jnp.abs(step)
    least = jnp.where(step < 0, end + size, start)
    logs = jnp.sign(step) * _stepped_logs(least, size, jnp.broadcast_to(minutes, start.shape))
    return xlogy(end, end) - xlogy(start, start) - logs


def _stepped_logs(least: Blocks, size: Blocks, terms: Blocks) -> Blocks:
    """``size * sum_(j < terms) ln(least + j size)``."""
    j = jnp.arange(DIRECT, dtype=least.dtype)[:, None, None]
    each = jnp.where(j < terms[None], jnp.log(least[None] + j * size[None]), 0.0)
    first = least + jnp.minimum(terms, float(DIRECT)) * size
    last = least + terms * size
    between = xlogy(last, last) - last - (xlogy(first, first) - first)
    ends = 0.5 * (jnp.log(first) - jnp.log(last)) + _odd_powers(size / last) - _odd_powers(size / first)
    return between + size * (each.sum(0) + ends)


def _odd_powers(x: Blocks) -> Blocks:
    """The corrections of the Euler-Maclaurin formula at one end."""
    total = jnp.zeros_like(x)
    for coefficient in reversed(EULER_MACLAURIN):
        total = total * x**2 + coefficient
    return total * x
