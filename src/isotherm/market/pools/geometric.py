r"""Geometric-mean pools without fees: values by a sum of logarithms, reserves from values.

From weights and prices ``(w, p)`` to ``(w', p')``, prices first at the old weights, then weights at the new prices:

.. math:: \ln V' - \ln V = \sum_i w_i \ln(p'_i / p_i) - \mathrm{KL}(w' \| w), \qquad R'_i = w'_i V' / p'_i.

References:
    Martinelli and Mushegian, Balancer whitepaper (2019); Willetts and Harrington, arXiv 2403.18737 (2024).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.pools.active import ActiveRows
from isotherm.market.pools.pool import PoolState

Rows = Float[Array, "rows tokens"]


def log_steps(
    first_weights: Float[Array, " tokens"],
    first_prices: Float[Array, " tokens"],
    weights: Rows,
    prices: Rows,
    between: Rows | None = None,
) -> Float[Array, " rows"]:
    """What each row adds to the logarithm of a pool's value, ``(rows,)``.

    Args:
        first_weights: at which the pool is in balance before the first row, ``(tokens,)``.
        first_prices: at which it is.
        weights: of each row, ``(rows, tokens)``.
        prices: of each row.
        between: weights at which a row's prices are arbitraged, where those are not the ones before it.
    """
    total = jnp.zeros_like(weights[:, 0])
    for i in range(weights.shape[1]):  # a token at a time is several times faster than rows of a few tokens
        w, p = (
            jnp.concatenate([x[i : i + 1], y[:, i]])
            for x, y in ((first_weights, weights), (first_prices, prices))
        )
        u = w[:-1] if between is None else between[:, i]
        total = total + (u * jnp.log(p[1:] / p[:-1]) - w[1:] * jnp.log(w[1:] / u))
        if between is not None:
            total = total - u * jnp.log(u / w[:-1])
    return total


def summed(steps: Float[Array, " rows"], start: Float[Array, ""]) -> Float[Array, " rows"]:
    """Running sums from the left, each of the one before, so that a run may be cut anywhere to the last bit.

    Args:
        steps: ``(rows,)``.
        start: a scalar.
    """

    def step(total: Float[Array, ""], more: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        return total + more, total + more

    return jax.lax.scan(step, start, steps)[1]


def log_values(weights: Rows, prices: Rows) -> Float[Array, " rows"]:
    """Logarithm of a pool's value over that of its first row, ``(rows,)``; the training path without fees.

    Args:
        weights: positive, each row sums to 1, ``(rows, tokens)``.
        prices: positive, ``(rows, tokens)``.

    >>> log_values(jnp.array([[0.5, 0.5], [0.5, 0.5]]), jnp.array([[1.0, 1.0], [1.0, 1.0]])).tolist()
    [0.0, 0.0]
    """
    steps = log_steps(weights[0], prices[0], weights, prices)
    return summed(steps, jnp.zeros((), weights.dtype))


def zero_fee_growth(
    active: ActiveRows, weights: Rows, prices: Rows, state: PoolState
) -> tuple[Float[Array, " active"], Float[Array, "active tokens"], Float[Array, "active tokens"]]:
    """Growth of the value after each active row, with the weights and prices of those rows.

    Args:
        active: rows that are played.
        weights: of all rows, ``(rows, tokens)``.
        prices: of all rows, ``(rows, tokens)``.
        state: before them.

    Returns:
        ``(active,)``, ``(active, tokens)``, ``(active, tokens)``.
    """
    w, p = active.taken(weights), active.taken(prices)
    if not active.are_contiguous:
        between = active.before(state.weights, weights)
        steps = log_steps(state.held, state.prices, w, p, between)
        return summed(steps, state.log_growth), w, p
    steps = log_steps(state.weights, state.prices, w, p)
    moved = (
        state.weights * jnp.log(state.weights / state.held)
    ).sum()  # 0, unless rows were passed over before
    return summed(steps, state.log_growth - moved), w, p


def reserve_multipliers(
    last_weights: Float[Array, "*rows tokens"],
    last_prices: Float[Array, "*rows tokens"],
    weights: Float[Array, "*rows tokens"],
    prices: Float[Array, "*rows tokens"],
) -> Float[Array, "*rows tokens"]:
    r"""By how much reserves of each token are multiplied from one row to the next, ``(rows, tokens)``.

    .. math:: a_i = \prod_j c_j^{w_j} / c_i, \quad e_i = d_i / \prod_j d_j^{w'_j}, \quad c = p'/p, \; d = w'/w

    Args:
        last_weights: ``(rows, tokens)``; as all that follow.
        last_prices: before.
        weights: after.
        prices: after.

    References:
        Willetts and Harrington, arXiv 2403.18737 (2024).

    >>> one = jnp.array([[1.0, 1.0]])
    >>> reserve_multipliers(one / 2, one, one / 2, one * 2).tolist()
    [[1.0, 1.0]]
    """
    c, d = jnp.log(prices / last_prices), jnp.log(weights / last_weights)
    along_prices = (last_weights * c).sum(-1, keepdims=True) - c
    along_weights = d - (weights * d).sum(-1, keepdims=True)
    return jnp.exp(along_prices + along_weights)


def rebalanced(
    weights: Float[Array, " tokens"], reserves: Float[Array, " tokens"], prices: Float[Array, " tokens"]
) -> Float[Array, " tokens"]:
    """Reserves after free arbitrage from any reserves, ``R_i prod_j c_j^w_j / c_i`` with ``c_i = p_i R_i / (V w_i)``.

    Args:
        weights: ``(tokens,)``.
        reserves: ``(tokens,)``.
        prices: ``(tokens,)``.

    References:
        Willetts and Harrington, arXiv 2403.18737 (2024).

    >>> rebalanced(jnp.array([0.5, 0.5]), jnp.array([1.0, 4.0]), jnp.array([1.0, 1.0])).tolist()
    [2.0, 2.0]
    """
    value = (reserves * prices).sum()
    c = jnp.log(prices * reserves / (value * weights))
    return reserves * jnp.exp((weights * c).sum() - c)
