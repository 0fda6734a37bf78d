r"""The arbitrageur's optimal trade against a geometric-mean pool, in closed form over signatures.

With ``z_i = R_i p_i / w_i``, ``g_i = gamma`` for tokens that go in and 1 for others, ``h_i = ln(z_i / g_i)`` and
``m`` the mean of ``h`` over the signature's tokens weighted by ``w``, the optimum has ``R*_i = R_i exp(m - h_i)``. It
lies on the invariant by construction, so that a trade is valid exactly where ``m - h_i`` has the sign of the
signature. Written in ``d = h - m``, its profit ``M sum w_i (exp(d_i) - 1)`` with ``M = exp(m)`` is a sum of small
numbers, none of which is lost beside the value of the pool: rounding rejects no trade that pays.

No trade of any signature pays unless ``gamma max z > min z``: within that band some price vector between ``gamma p``
and ``p`` supports the reserves as they are. Arbitrage fees ``tau`` on half the traded value, paid outside, narrow the
band by ``(1 - tau/2) / (1 + tau/2)``; gas only asks for more.

References:
    Willetts and Harrington, arXiv 2402.06731 (2024).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from isotherm.market.pools.signatures import (
    Signatures,
    code_of,
    everything,
    sides_of,
    signatures,
)

TOLERANCE = 1e-12
"""How far a token of a signature may go the wrong way, as a share of its reserve."""

Tokens = Float[Array, "tokens #sets"]
PerSet = Float[Array, "#sets"]


class ArbitrageTrade(NamedTuple):
    """A trade of each set.

    Attributes:
        change: of reserves, ``(tokens, sets)``: positive into the pool, fee included.
        profit: of the arbitrageur before gas and outside fees, in the numeraire, ``(sets,)``.
        code: of the signature, ``(sets,)``; see :func:`isotherm.market.pools.signatures.code_of`.
    """

    change: Tokens
    profit: Float[Array, " sets"]
    code: Int[Array, " sets"]


class _Optimum(NamedTuple):
    """Deviations ``d`` of each token of the best signature, zero of others; profit and code as above."""

    excess: Tokens
    profit: Float[Array, " sets"]
    code: Int[Array, " sets"]


def is_open(ratios: Tokens, reserves: Tokens, gamma: PerSet, arb_fees: PerSet) -> Bool[Array, " sets"]:
    """Whether some trade may pay; where it is False none does, whatever gas costs.

    Args:
        ratios: ``p / w``, ``(tokens, sets)``.
        reserves: ``(tokens, sets)``.
        gamma: 1 less the swap fee, ``(sets,)``.
        arb_fees: rate paid outside on half the traded value, ``(sets,)``.
    """
    z = ratios * reserves
    band = gamma * (1 - arb_fees / 2) / (1 + arb_fees / 2)
    return band * z.max(0) > z.min(0)


def best_trade(
    weights: Tokens, prices: Tokens, reserves: Tokens, gamma: PerSet, kind: Signatures, *, may_be_free: bool
) -> ArbitrageTrade:
    """The most profitable valid trade; without a fee the rebalancing of all tokens. Ties take one of them.

    Args:
        weights: positive, ``(tokens, sets)``.
        prices: positive, ``(tokens, sets)``.
        reserves: positive, ``(tokens, sets)``.
        gamma: 1 less the swap fee, in (0, 1], ``(sets,)``.
        kind: of signatures that are tried.
        may_be_free: whether some ``gamma`` may be 1.
    """
    z = prices * reserves / weights
    ratios = z / z[:1]
    excess, profit, code = (_best_pair if kind == "pairs" else _best_of_all)(weights, ratios, gamma)
    if may_be_free:
        free, is_free = _rebalanced(weights, ratios), gamma == 1
        excess = jnp.where(is_free[None], free.excess, excess)
        profit, code = jnp.where(is_free, free.profit, profit), jnp.where(is_free, free.code, code)
    inside = jnp.where(sides_of(code, len(weights))[0], gamma[None], 1.0)
    return ArbitrageTrade(-reserves / inside * excess / (1 + excess), profit * z[0], code)


def trade_of(
    code: Int[Array, " sets"], weights: Tokens, prices: Tokens, reserves: Tokens, gamma: PerSet
) -> ArbitrageTrade:
    """The optimal trade of a signature that is known, differentiable in all but the code.

    Args:
        code: of each set's signature, ``(sets,)``.
        weights: as in :func:`best_trade`, ``(tokens, sets)``.
        prices: as there.
        reserves: as there.
        gamma: as there.
    """
    goes_in, comes_out = sides_of(code, len(weights))
    is_traded = goes_in | comes_out
    z = prices * reserves / weights
    inside = jnp.where(goes_in, gamma[None], 1.0)
    h = jnp.log(z / z[:1]) - jnp.log(inside)
    traded = jnp.where(is_traded, weights, 0.0)
    total = traded.sum(0)
    m = (traded * h).sum(0) / jnp.where(total > 0, total, 1.0)
    change = jnp.where(is_traded, reserves / inside * jnp.expm1(m[None] - h), 0.0)
    return ArbitrageTrade(change, -(change * prices).sum(0), code)


def _best_pair(weights: Tokens, ratios: Tokens, gamma: PerSet) -> _Optimum:
    """Over unordered pairs: only the token of lower ``z`` can go in."""
    n = len(weights)
    first, second = np.triu_indices(n, 1)
    logs = jnp.log(ratios)
    w, v = _rows(weights, first), _rows(weights, second)
    difference = _rows(logs, second) - _rows(logs, first)
    is_up = difference > 0
    gap = jnp.maximum(jnp.abs(difference) + jnp.log(gamma)[None], 0.0)
    goes_in, comes_out = jnp.where(is_up, w, v), jnp.where(is_up, v, w)
    below = jnp.expm1(-gap * comes_out / (w + v))
    above = jnp.expm1(gap * goes_in / (w + v))
    lower = jnp.where(is_up, _rows(ratios, first), _rows(ratios, second))
    profit = lower / gamma[None] / (1 + below) * (goes_in * below + comes_out * above)
    is_best = _one_of_the_best(profit)
    up, down = (code_of(sign * _pair_signs(n))[:, None] for sign in (1, -1))
    code = jnp.where(is_best, jnp.where(is_up, up, down), 0).sum(0, dtype=jnp.int32)
    into, out_of = sides_of(code, n)
    below, above = _chosen(is_best, below)[None], _chosen(is_best, above)[None]
    excess = jnp.where(into, below, jnp.where(out_of, above, 0.0))
    return _Optimum(excess, _chosen(is_best, profit), code)


def _best_of_all(weights: Tokens, ratios: Tokens, gamma: PerSet) -> _Optimum:
    """Over every signature of which each token goes its way."""
    n = len(weights)
    table = signatures("all", n)
    signs = table[:, :, None]
    touched = jnp.where(signs != 0, weights[None], 0.0)
    h = jnp.log(ratios)[None] - jnp.where(signs > 0, jnp.log(gamma)[None, None], 0.0)
    m = (touched * h).sum(1) / touched.sum(1)
    distance = h - m[:, None]
    is_valid = (jnp.where(signs > 0, distance, jnp.where(signs < 0, -distance, 0.0)) <= TOLERANCE).all(1)
    excess = jnp.where(signs == 0, 0.0, jnp.expm1(distance))
    profit = jnp.where(is_valid, jnp.exp(m) * (touched * excess).sum(1), 0.0)
    is_best = _one_of_the_best(profit)
    code = jnp.where(is_best, code_of(table)[:, None], 0).sum(0, dtype=jnp.int32)
    excess = jnp.where(is_best[:, None], excess, 0.0).sum(0)
    return _Optimum(excess, _chosen(is_best, profit), code)


def _rebalanced(weights: Tokens, ratios: Tokens) -> _Optimum:
    """All tokens to market prices, which without a fee is the best trade."""
    logs = jnp.log(ratios)
    m = (weights * logs).sum(0) / weights.sum(0)
    excess = jnp.expm1(logs - m[None])
    profit = jnp.exp(m) * (weights * excess).sum(0)
    return _Optimum(excess, profit, jnp.full(m.shape, everything(len(weights)), jnp.int32))


def _pair_signs(n: int) -> np.ndarray:
    """A row each unordered pair: its first token goes in, its second comes out."""
    first, second = np.triu_indices(n, 1)
    return np.eye(n, dtype=int)[first] - np.eye(n, dtype=int)[second]


def _rows(values: Tokens, index: np.ndarray) -> Float[Array, "pairs #sets"]:
    """As a gather of rows does, several times faster within a loop."""
    return jnp.concatenate([values[i : i + 1] for i in index])


def _one_of_the_best(profit: Float[Array, "choices #sets"]) -> Bool[Array, "choices #sets"]:
    """Marks the first of the largest that are above zero."""
    first = jnp.argmax(profit, axis=0)[None] == jnp.arange(len(profit))[:, None]
    return first & (profit > 0)


def _chosen(
    is_best: Bool[Array, "choices #sets"], values: Float[Array, "choices #sets"]
) -> Float[Array, " sets"]:
    return jnp.where(is_best, values, 0.0).sum(0)
