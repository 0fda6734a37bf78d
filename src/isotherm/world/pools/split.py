"""One order over several pools: the division that brings most."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from isotherm.world.pools.pool_set import PoolSet

NUM_HALVINGS = 40


def best_split(
    pools: PoolSet,
    reserves: Float[Array, "2 n"],
    row: Int32[Array, ""],
    is_buy: Bool[Array, ""],
    amount: Float[Array, ""],
    available: Bool[Array, " n"],
) -> Float[Array, " n"]:
    r"""How much of an order each pool gets so that what comes out in all is most: marginal prices are equal.

    What an amount ``a`` in adds at the margin is :math:`m = m_0 (1 + \gamma a / R_i)^{-1/w_o}`, with
    :math:`m_0 = \gamma R_o w_i / (R_i w_o)` and weights that sum to 1. At a common margin each pool whose first
    margin is above it takes :math:`a = (R_i / \gamma)((m_0 / m)^{w_o} - 1)`; the margin at which they take the whole
    order is found by halving.

    Args:
        pools: of them.
        reserves: ``(2, n)``.
        row: of the prices, an int32 scalar.
        is_buy: whether the order buys the asset for numeraire.
        amount: in all, in units of the token that goes in, above 0.
        available: pools that may get some, ``(n,)``, at least one.

    Returns:
        Amounts of shape ``(n,)``, at least 0, summing to ``amount``.

    References:
        Angeris, Chitra and Evans, arXiv 2204.05238 (2022), on optimal routing.

    >>> from isotherm.world.pools.pool_set import pool_set
    >>> pools = pool_set([30.0, 30.0, 100.0], [1e6, 3e6, 1e6])
    >>> reserves = pools.opened(jnp.int32(0), jnp.float32(2000.0))
    >>> everywhere = jnp.ones(3, bool)
    >>> best_split(pools, reserves, jnp.int32(0), jnp.array(True), jnp.float32(1000.0), everywhere).round(1).tolist()
    [250.0, 750.0, 0.0]
    """
    weights = pools.weights(row)
    into, out_of = jnp.where(is_buy, reserves[::-1], reserves)
    weight_in, weight_out = jnp.where(is_buy, weights[::-1], weights)
    first = jnp.log(pools.gamma) + jnp.log(out_of / into) + jnp.log(weight_in / weight_out)
    # margins relative to the best: small numbers, which float32 tells apart
    best = jnp.max(jnp.where(available, first, -jnp.inf))
    lag = jnp.where(available, first - best, -jnp.inf)
    scale = into / pools.gamma
    alone = lag - jnp.log1p(amount / scale) / weight_out

    def taken(margin: Float[Array, ""]) -> Float[Array, " n"]:
        return scale * jnp.expm1(weight_out * jnp.maximum(lag - margin, 0.0))

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = 0.5 * (low + high)
        is_enough = jnp.sum(taken(middle)) >= amount
        return jnp.where(is_enough, middle, low), jnp.where(is_enough, high, middle)

    ends = jnp.max(alone), jnp.zeros_like(best)
    low, _ = jax.lax.fori_loop(0, NUM_HALVINGS, halve, ends)
    shares = taken(low)
    return amount * shares / jnp.sum(shares)
