"""Swaps against a geometric-mean pool, by the amount that goes in or by the one that comes out."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.numbers import Numbers, known


def swap_change(
    reserves: Float[Array, "tokens *sets"],
    weights: Float[Array, "tokens *sets"],
    goes_in: Bool[Array, "tokens *sets"],
    comes_out: Bool[Array, "tokens *sets"],
    amount: Float[Array, "*sets"],
    gamma: Float[Array, "*sets"],
) -> Float[Array, "tokens *sets"]:
    """Change of reserves by a swap of an amount in, of every set; the fee stays in the pool.

    Args:
        reserves: positive, ``(tokens, sets)``.
        weights: positive, ``(tokens, sets)``.
        goes_in: marks the token that goes in, ``(tokens, sets)``.
        comes_out: marks the one that comes out, ``(tokens, sets)``.
        amount: of what goes in, at least 0, ``(sets,)``.
        gamma: 1 less the fee, ``(sets,)``.
    """

    def of(values: Array, which: Array) -> Array:
        return jnp.where(which, values, 0.0).sum(0)

    into, out_of = of(reserves, goes_in), of(reserves, comes_out)
    power = of(weights, goes_in) / of(weights, comes_out)
    out = -out_of * jnp.expm1(-power * jnp.log1p(gamma * amount / into))
    return jnp.where(goes_in, amount[None], 0.0) - jnp.where(comes_out, out[None], 0.0)


def swap_out_given_in(
    reserves: Any, weights: Any, token_in: int, token_out: int, amount_in: Any, gamma: Any = 1.0
) -> Float[Numbers, " tokens"]:
    """Change of reserves by a swap of a known amount in: positive into the pool.

    Args:
        reserves: positive, ``(tokens,)``.
        weights: positive, summing to 1, ``(tokens,)``.
        token_in: index of the token that goes in.
        token_out: index of another that comes out.
        amount_in: at least 0, in units of its token.
        gamma: 1 less the swap fee, in (0, 1].

    Returns:
        Shape ``(tokens,)``, float64.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or of another shape.

    References:
        Martinelli and Mushegian, Balancer whitepaper (2019), ``out = R_o (1 - (1 + gamma in / R_i)^(-w_i / w_o))``.

    >>> swap_out_given_in([100.0, 100.0], [0.5, 0.5], 0, 1, 25.0).round(6).tolist()
    [25.0, -20.0]
    """
    reserves, weights = _checked(reserves, weights, token_in, token_out)
    doors.number("amount_in", amount_in, least=0)
    doors.number("gamma", gamma, above=0, most=1)
    with jax.enable_x64(True):
        tokens = jnp.arange(len(reserves))
        R, w, amount, g = (jnp.asarray(x, jnp.float64) for x in (reserves, weights, amount_in, gamma))
        return known(swap_change(R, w, tokens == token_in, tokens == token_out, amount, g))


def swap_in_given_out(
    reserves: Any, weights: Any, token_in: int, token_out: int, amount_out: Any, gamma: Any = 1.0
) -> Float[Numbers, " tokens"]:
    """Change of reserves by a swap of a known amount out: positive into the pool.

    Args:
        reserves: positive, ``(tokens,)``.
        weights: positive, summing to 1, ``(tokens,)``.
        token_in: index of the token that goes in.
        token_out: index of another that comes out.
        amount_out: at least 0 and less than its reserve, in units of its token.
        gamma: 1 less the swap fee, in (0, 1].

    Returns:
        Shape ``(tokens,)``, float64.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or of another shape.

    References:
        Martinelli and Mushegian, Balancer whitepaper (2019), ``in = R_i / gamma ((1 - out / R_o)^(-w_o / w_i) - 1)``.

    >>> swap_in_given_out([100.0, 100.0], [0.5, 0.5], 0, 1, 20.0).round(6).tolist()
    [25.0, -20.0]
    """
    reserves, weights = _checked(reserves, weights, token_in, token_out)
    doors.number("amount_out", amount_out, least=0, below=_known(reserves, token_out))
    doors.number("gamma", gamma, above=0, most=1)
    with jax.enable_x64(True):
        R, w = (jnp.asarray(values, jnp.float64) for values in (reserves, weights))
        out, gamma = (jnp.asarray(number, jnp.float64) for number in (amount_out, gamma))
        tokens = jnp.arange(len(reserves))
        power = w[token_out] / w[token_in]
        amount = R[token_in] / gamma * jnp.expm1(-power * jnp.log1p(-out / R[token_out]))
        return known(jnp.where(tokens == token_in, amount, 0.0) - jnp.where(tokens == token_out, out, 0.0))


def _checked(reserves: Any, weights: Any, token_in: Any, token_out: Any) -> tuple[Any, Any]:
    found = [
        values if doors.is_traced(values) else doors.real_numbers(field, values)
        for field, values in (("reserves", reserves), ("weights", weights))
    ]
    if found[0].ndim != 1 or len(found[0]) < 2:
        raise refusal("reserves.shape", found[0].shape, "must be (tokens,), at least two of them")
    if found[1].shape != found[0].shape:
        raise refusal("weights.shape", found[1].shape, f"must be {found[0].shape}, that of reserves")
    for field, values in (("reserves", found[0]), ("weights", found[1])):
        doors.numbers(field, values, above=0)
    for field, token in (("token_in", token_in), ("token_out", token_out)):
        doors.whole(field, token, least=0, most=len(found[0]) - 1)
    if token_in == token_out:
        raise refusal("token_out", token_out, "must be another token than token_in")
    return found[0], found[1]


def _known(reserves: Any, token: int) -> float | None:
    return None if doors.is_traced(reserves) else float(np.asarray(reserves)[token])
