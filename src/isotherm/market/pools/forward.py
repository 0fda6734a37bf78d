"""What training adds to a forward pass: prices with noise, and what trading moves."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

Rows = Float[Array, "rows tokens"]


def noisy_prices(
    prices: Rows, sigma: Float[Array, ""] | float, key: Key[Array, ""], start: Int[Array, ""] | int
) -> Rows:
    """Prices times ``exp(sigma eps)``, ``eps`` normal: what rule and pool see in training, ``(rows, tokens)``.

    Args:
        prices: of the window, positive, ``(rows, tokens)``.
        sigma: deviation of the noise in the logarithm, at least 0, a scalar.
        key: of the run.
        start: first row of the window; equal windows have equal noise.

    >>> prices = jnp.ones((2, 2))
    >>> bool((noisy_prices(prices, 0.0, jax.random.key(0), 0) == prices).all())
    True
    """
    noise = jax.random.normal(jax.random.fold_in(key, start), prices.shape, prices.dtype)
    return prices * jnp.exp(sigma * noise)


def turnover(reserves: Rows, prices: Rows) -> Float[Array, ""]:
    """How much the shares of value move in a row on average, ``mean_t sum_i |delta(R_i p_i / V)|``, a scalar.

    Args:
        reserves: ``(rows, tokens)``, two rows or more.
        prices: ``(rows, tokens)``.

    References:
        The definition of the market's pools (2025), section 2.8.

    >>> float(turnover(jnp.array([[1.0, 1.0], [1.0, 1.0]]), jnp.array([[1.0, 1.0], [3.0, 1.0]])))
    0.5
    """
    worth = reserves * prices
    shares = worth / worth.sum(1, keepdims=True)
    return jnp.abs(jnp.diff(shares, axis=0)).sum(1).mean()
