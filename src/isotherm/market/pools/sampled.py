"""Values without fees at the first row of every so many, from weights that are made chunk by chunk and let go again.

The path of training on daily values: nothing of the size of a year of minutes is kept for going back.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.pools.geometric import log_steps

Checkpoint = Literal["none", "vmap", "scan"]
"""``"none"`` keeps all weights for going back; the others make them anew, all chunks at once or one after another."""

Block = Callable[[Any], Float[Array, "minutes tokens"]]


class SampledValues(NamedTuple):
    """Values of a pool without fees, over that of its first row.

    Attributes:
        log_values: at rows 0, ``every``, 2 ``every``, ..., ``(samples,)``.
        last: at the last row, a scalar.
        last_weights: of that row, ``(tokens,)``; reserves there are ``w V / p``.
    """

    log_values: Float[Array, " samples"]
    last: Float[Array, ""]
    last_weights: Float[Array, " tokens"]


def sampled_log_values(
    block: Block,
    coarse: Any,
    prices: Float[Array, "rows tokens"],
    chunk_period: int,
    every: int = 1440,
    checkpoint: str = "scan",
) -> SampledValues:
    """Logarithms of values at the first row of every so many, and at the last row of all.

    Equal to those of :func:`isotherm.market.pools.geometric.log_values` at these rows but for rounding.

    Args:
        block: weights of a chunk's minutes, ``(chunk_period, tokens)``, from its entry of ``coarse``.
        coarse: what they are made of, arrays that lead with chunks, at least ``ceil(rows / chunk_period)``.
        prices: ``(rows, tokens)``, from the first minute of the first chunk on.
        chunk_period: minutes of a chunk.
        every: rows from one value to the next, a multiple of ``chunk_period``.
        checkpoint: what is kept for going back.

    Raises:
        TypeError: if a number of rows is no whole number.
        ValueError: naming another word for ``checkpoint``, or ``every`` if it is no multiple of ``chunk_period``.

    >>> weights = jnp.array([[0.5, 0.5], [0.25, 0.75]])
    >>> held = lambda start: jnp.broadcast_to(start, (2, 2))
    >>> found = sampled_log_values(held, weights, jnp.ones((4, 2)), chunk_period=2, every=2)
    >>> [round(float(x), 4) for x in found.log_values]
    [0.0, -0.1308]
    """
    doors.choice("checkpoint", checkpoint, get_args(Checkpoint))
    cp = doors.whole("chunk_period", chunk_period, least=1)
    if doors.whole("every", every, least=1) % cp:
        raise refusal("every", every, f"must be a multiple of chunk_period = {cp}")
    rows, n = prices.shape
    num_chunks = -(-rows // cp)
    coarse = jax.tree.map(lambda x: x[:num_chunks], coarse)
    firsts = jax.vmap(lambda one: block(one)[0])(coarse)
    padded = jnp.concatenate([prices, jnp.broadcast_to(prices[-1], (num_chunks * cp - rows + 1, n))])
    is_step = (jnp.arange(num_chunks * cp) + 1 < rows).reshape(num_chunks, cp)
    chunks = (
        coarse,
        jnp.concatenate([firsts[1:], firsts[-1:]]),
        padded[:-1].reshape(num_chunks, cp, n),
        padded[cp::cp],
        is_step,
    )

    def total(chunk: Any) -> Float[Array, ""]:
        one, next_weights, p, next_prices, counts = chunk
        w = block(one)
        after = [jnp.concatenate([x[1:], y[None]]) for x, y in ((w, next_weights), (p, next_prices))]
        return jnp.where(counts, log_steps(w[0], p[0], after[0], after[1]), 0.0).sum()

    kept = total if checkpoint == "none" else jax.checkpoint(total)
    if checkpoint == "scan":
        totals = jax.lax.scan(lambda _, chunk: (None, kept(chunk)), None, chunks)[1]
    else:
        totals = jax.vmap(kept)(chunks)
    sums = jnp.concatenate([jnp.zeros_like(totals[:1]), jnp.cumsum(totals)])
    last_block = block(jax.tree.map(lambda x: x[-1], coarse))
    return SampledValues(sums[:-1][:: every // cp], sums[-1], last_block[(rows - 1) % cp])
