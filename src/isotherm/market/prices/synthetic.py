"""Made-up prices for tests and training: geometric Brownian motion, sinusoids, a step, several paths. Explicit keys.

All are float64 and drawn on the device; a table's rows are minutes. Section 8.4.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64

from isotherm.doors import number, random_key, real_numbers, whole, words
from isotherm.errors import refusal
from isotherm.files.content import digest
from isotherm.market.prices.clock import MINUTE_MS, unix_ms
from isotherm.market.prices.table import PriceReport, PriceTable

MINUTES_PER_YEAR = 365 * 1440
STEP_PRICE = 10.0
START = "2023-01-01 00:00:00"


def brownian_prices(
    key: Any,
    num_minutes: int,
    start_prices: Any,
    drift: Any = 0.0,
    volatility: Any = 0.5,
    correlation: Any = None,
) -> Float64[np.ndarray, "minutes tokens"]:
    r"""Geometric Brownian motion by the minute, :math:`d \ln p = (\mu - \sigma^2/2) dt + \sigma dW`.

    Args:
        key: of JAX; equal keys give equal prices.
        num_minutes: rows, at least 1.
        start_prices: of the first row, above 0, shape ``(n,)``.
        drift: a year, a number or shape ``(n,)``.
        volatility: a year, at least 0, a number or shape ``(n,)``.
        correlation: of the tokens' moves, shape ``(n, n)``, symmetric, positive definite; None for none.

    Returns:
        Shape ``(minutes, n)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument that does not fit.

    References:
        F. Black and M. Scholes, J. Political Economy 81 (1973).

    >>> brownian_prices(jax.random.key(0), 3, [10.0, 1.0], volatility=0.0).tolist()
    [[10.0, 1.0], [10.0, 1.0], [10.0, 1.0]]
    """
    return brownian_paths(key, 1, num_minutes, start_prices, drift, volatility, correlation)[..., 0]


def brownian_paths(
    key: Any,
    num_versions: int,
    num_minutes: int,
    start_prices: Any,
    drift: Any = 0.0,
    volatility: Any = 0.5,
    correlation: Any = None,
) -> Float64[np.ndarray, "minutes tokens versions"]:
    """Independent paths of :func:`brownian_prices` for Monte-Carlo training.

    Args:
        key: of JAX; path ``v`` comes from ``fold_in(key, v)``, whatever the number of versions.
        num_versions: at least 1.
        num_minutes: rows, at least 1.
        start_prices: of the first row, above 0, shape ``(n,)``.
        drift: a year, a number or shape ``(n,)``.
        volatility: a year, at least 0, a number or shape ``(n,)``.
        correlation: of the tokens' moves, shape ``(n, n)``, or None.

    Returns:
        Shape ``(minutes, n, versions)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument that does not fit.

    References:
        F. Black and M. Scholes, J. Political Economy 81 (1973).
    """
    key = random_key("key", key)
    whole("num_versions", num_versions, 1)
    whole("num_minutes", num_minutes, 1)
    start = _vector("start_prices", start_prices, None)
    if not (np.isfinite(start) & (start > 0)).all():
        raise refusal("start_prices", start.tolist(), "should be finite and above 0")
    mu, sigma = _vector("drift", drift, len(start)), _vector("volatility", volatility, len(start))
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all() and (sigma >= 0).all()):
        raise refusal(
            "volatility", sigma.tolist(), "should be finite and at least 0, as drift should be finite"
        )
    factor = _factor(correlation, len(start))
    with jax.enable_x64(True):
        logs = [
            _brownian(jax.random.fold_in(key, v), num_minutes, mu, sigma, factor) for v in range(num_versions)
        ]
    return start[:, None] * np.exp(np.stack([np.asarray(one) for one in logs], axis=-1))


def _brownian(
    key: Any, num_minutes: int, mu: np.ndarray, sigma: np.ndarray, factor: np.ndarray
) -> Float[Array, "m n"]:
    dt = 1.0 / MINUTES_PER_YEAR
    moves = jax.random.normal(key, (num_minutes - 1, len(mu)), jnp.float64) @ jnp.asarray(factor.T)
    steps = jnp.asarray((mu - sigma**2 / 2) * dt)[None] + jnp.asarray(sigma * np.sqrt(dt))[None] * moves
    return jnp.concatenate([jnp.zeros((1, len(mu))), jnp.cumsum(steps, axis=0)])


def _factor(correlation: Any, n: int) -> np.ndarray:
    if correlation is None:
        return np.eye(n)
    found = real_numbers("correlation", correlation)
    is_fitting = found.shape == (n, n) and np.allclose(found, found.T) and np.allclose(np.diag(found), 1.0)
    if not is_fitting:
        raise refusal(
            "correlation", found.tolist(), f"should be symmetric with ones on its diagonal, shape {(n, n)}"
        )
    try:
        return np.linalg.cholesky(found)
    except np.linalg.LinAlgError:
        raise refusal("correlation", found.tolist(), "should be positive definite") from None


def sinusoidal_prices(
    num_minutes: int,
    start_prices: Any,
    amplitude: Any,
    period_minutes: Any,
    phase: Any = 0.0,
    drift: Any = 0.0,
) -> Float64[np.ndarray, "minutes tokens"]:
    """Prices ``p0 exp(a sin(2 pi t / P + phase) + d t)`` at minutes ``t = 0, 1, ...``, smooth and known.

    Args:
        num_minutes: rows, at least 1.
        start_prices: p0, above 0, shape ``(n,)``.
        amplitude: a, of the logarithm, a number or shape ``(n,)``.
        period_minutes: P, above 0, a number or shape ``(n,)``.
        phase: in radians, a number or shape ``(n,)``.
        drift: d, of the logarithm a minute, a number or shape ``(n,)``.

    Returns:
        Shape ``(minutes, n)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument that does not fit.

    >>> sinusoidal_prices(3, [2.0], 0.0, 10.0).tolist()
    [[2.0], [2.0], [2.0]]
    """
    whole("num_minutes", num_minutes, 1)
    start = _vector("start_prices", start_prices, None)
    periods = _vector("period_minutes", period_minutes, len(start))
    for name, values in (("start_prices", start), ("period_minutes", periods)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise refusal(name, values.tolist(), "should be finite and above 0")
    a, shift, slope = (
        _vector(name, values, len(start))
        for name, values in (("amplitude", amplitude), ("phase", phase), ("drift", drift))
    )
    t = np.arange(num_minutes, dtype=np.float64)[:, None]
    return start * np.exp(a * np.sin(2 * np.pi * t / periods + shift) + slope * t)


def step_prices(
    num_minutes: int, num_tokens: int, step_at: int | None = None
) -> Float64[np.ndarray, "minutes tokens"]:
    """Ones, but the first token is 10 from the middle on, or from ``step_at`` on; shape ``(minutes, n)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range.

    >>> step_prices(4, 2).tolist()
    [[1.0, 1.0], [1.0, 1.0], [10.0, 1.0], [10.0, 1.0]]
    """
    whole("num_minutes", num_minutes, 1)
    whole("num_tokens", num_tokens, 1)
    first = num_minutes // 2 if step_at is None else whole("step_at", step_at, 0, num_minutes)
    prices = np.ones((num_minutes, num_tokens))
    prices[first:, 0] = STEP_PRICE
    return prices


def synthetic_table(prices: Any, tickers: Sequence[str], start: str = START) -> PriceTable:
    """Made-up prices as a table, so that they go wherever loaded ones do.

    Args:
        prices: shape ``(minutes, n)``, above 0; columns in the order of ``tickers``.
        tickers: names; the table has them sorted.
        start: date of the first row.

    Raises:
        ValueError: naming a shape, a price or a date that does not fit.

    >>> synthetic_table(step_prices(4, 2), ["B", "A"]).closes[-1].tolist()
    [1.0, 10.0]
    """
    closes, tickers = real_numbers("prices", prices), words("tickers", tickers)
    if closes.ndim != 2 or closes.shape[1] != len(tickers):
        raise refusal("prices.shape", closes.shape, f"must be (minutes, {len(tickers)}), as tickers")
    if not (np.isfinite(closes) & (closes > 0)).all():
        raise refusal("prices", "entries", "should be finite and above 0")
    order = sorted(range(len(tickers)), key=lambda i: tickers[i])
    unix = unix_ms("start", start) + MINUTE_MS * np.arange(len(closes), dtype=np.int64)
    ordered = np.ascontiguousarray(closes[:, order])
    digests = {"synthetic": digest(unix.tobytes() + ordered.tobytes())}
    names = tuple(tickers[i] for i in order)
    return PriceTable(unix, names, ordered, digests, PriceReport(("made up, not recorded",)))


def _vector(field: str, values: Any, n: int | None) -> Float64[np.ndarray, " n"]:
    found = real_numbers(field, values)
    if found.ndim == 0 and n is not None:
        return np.full(n, number(field, float(found)))
    if found.ndim != 1 or not found.size or (n is not None and len(found) != n):
        wanted = "(tokens,), at least one" if n is None else f"a number or ({n},), as start_prices"
        raise refusal(f"{field}.shape", found.shape, f"must be {wanted}")
    return found
