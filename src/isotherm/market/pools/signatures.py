"""Signatures of arbitrage: which tokens go into a pool, which come out, which stay."""

import itertools
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Array, Bool, Int

from isotherm import doors
from isotherm.errors import refusal

Signatures = Literal["pairs", "all"]
"""``"pairs"``: one token in, one out. ``"all"``: every set in against every set out."""

MAX_TOKENS = 15
"""A signature is stored as two bits a token, in int32."""

MAX_ALL = 8
"""Tokens of which all signatures are tried: 6,050 of eight."""


def signatures(kind: str, n: int) -> Int[np.ndarray, "signatures tokens"]:
    """Signatures of a kind, a row each: 1 for in, -1 for out, 0 for untouched.

    Args:
        kind: ``"pairs"``, the n(n-1) vectors with one 1 and one -1; or ``"all"``, the 3^n - 2^(n+1) + 1 with at least
            one of each. In the order of the Cartesian product of (1, 0, -1) over tokens.
        n: tokens, 2 to 15, for ``"all"`` to 8.

    Returns:
        Shape ``(signatures, n)``.

    Raises:
        TypeError: if ``n`` is no whole number.
        ValueError: naming another kind, or a number of tokens out of range.

    References:
        Willetts and Harrington, arXiv 2402.06731 (2024), section 3.

    >>> signatures("pairs", 2).tolist()
    [[1, -1], [-1, 1]]
    >>> len(signatures("all", 3))
    12
    """
    check_signatures(kind, n)
    if kind == "pairs":
        return np.array([_pair(n, i, j) for i, j in sorted(itertools.permutations(range(n), 2), key=_before)])
    product = np.array(list(itertools.product((1, 0, -1), repeat=n)))
    return product[(product == 1).any(1) & (product == -1).any(1)]


def check_signatures(kind: Any, n: Any) -> None:
    """Refuse a kind of signatures that is none, or too many tokens for it.

    Raises:
        TypeError: if ``n`` is no whole number.
        ValueError: naming another kind, or a number of tokens out of range.
    """
    doors.choice("signatures", kind, get_args(Signatures))
    doors.whole("n", n, least=2, most=MAX_TOKENS)
    if kind == "all" and n > MAX_ALL:
        raise refusal("n", n, f"must be at most {MAX_ALL} for all signatures; pass signatures='pairs'")


def _pair(n: int, i: int, j: int) -> np.ndarray:
    row = np.zeros(n, int)
    row[i], row[j] = 1, -1
    return row


def _before(pair: tuple[int, int]) -> tuple[int, ...]:
    """Sorts pairs as the product of (1, 0, -1) over tokens does."""
    i, j = pair
    return (0, i, -j) if i < j else (1, -j, i)


def code_of(signature: Int[np.ndarray, "signatures tokens"]) -> Int[np.ndarray, " signatures"]:
    """A number whose lower 15 bits mark the tokens that go in, the next 15 those that come out; 0: no trade."""
    bits = 1 << np.arange(signature.shape[-1])
    return ((signature > 0) @ bits + ((signature < 0) @ bits << MAX_TOKENS)).astype(np.int32)


def everything(n: int) -> int:
    """The code of the free rebalancing of all tokens, which is no signature of arbitrage with a fee."""
    return (1 << n) - 1


def sides_of(
    code: Int[Array, " sets"], n: int
) -> tuple[Bool[Array, "tokens sets"], Bool[Array, "tokens sets"]]:
    """Which tokens go in and which come out by each set's code, ``(n, sets)`` each."""
    bits = np.array([1 << i for i in range(n)], np.int32)[:, None]
    return (code[None] & bits) != 0, (code[None] & (bits << MAX_TOKENS)) != 0
