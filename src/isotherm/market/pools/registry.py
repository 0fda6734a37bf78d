"""Pools by name."""

from collections.abc import Callable
from difflib import get_close_matches
from inspect import signature
from typing import Any

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.pools.batch import BatchPool
from isotherm.market.pools.constant import ConstantPool
from isotherm.market.pools.hold import HodlPool, HoldingIndexPool, StreamingIndexPool
from isotherm.market.pools.pool import AbstractPool
from isotherm.market.pools.weighted import WeightedPool

Maker = Callable[..., AbstractPool]

WEIGHT_RULES = (
    "momentum", "anti_momentum", "power_channel", "mean_reversion_channel", "triple_threat_mean_reversion_channel",
    "difference_momentum", "min_variance", "index_market_cap",
)  # fmt: skip
"""Rules whose weights a plain geometric-mean pool follows."""

_MAKERS: dict[str, Maker] = {
    **dict.fromkeys(WEIGHT_RULES, WeightedPool),
    "balancer": ConstantPool,
    "hodl": HodlPool,
    "cow": BatchPool,
    "hodling_index_market_cap": HoldingIndexPool,
    "trad_hodling_index_market_cap": StreamingIndexPool,
}

TO_COME = ("gyroscope", "reclamm")
"""Pools that have a name but are not there yet."""


def pool_names() -> tuple[str, ...]:
    """Names that :func:`pool` knows."""
    return tuple(_MAKERS)


def pool(name: Any, **settings: Any) -> AbstractPool:
    """The pool of a name.

    Args:
        name: one of :func:`pool_names`.
        settings: of the pool: ``chunk_period`` and ``weight_interpolation_period`` of index pools, ``spread`` and
            ``annual_streaming_fee`` of the one that streams a fee.

    Raises:
        TypeError: if the name is no text, or a setting is of another kind.
        ValueError: naming a pool that is unknown or not there yet, or a setting that it has not, lacks, or has out of
            range.

    >>> pool("balancer")
    ConstantPool()
    """
    doors.text("name", name)
    if name in TO_COME:
        raise refusal("name", name, f"is a pool that is not there yet; there are {', '.join(_MAKERS)}")
    if name not in _MAKERS:
        near = get_close_matches(name, _MAKERS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise refusal("name", name, f"must be one of {', '.join(_MAKERS)}{hint}")
    return _made(name, settings)


def register(name: Any, maker: Maker) -> None:
    """Make a pool known by a name, for as long as the program runs.

    Args:
        name: that no pool has.
        maker: the class of the pool, or a function of its settings.

    Raises:
        TypeError: if the name is no text, or the maker cannot be called.
        ValueError: if the name is taken.

    >>> register("balancer", ConstantPool)
    Traceback (most recent call last):
    ValueError: name = 'balancer': must be a name that no pool has
    """
    doors.text("name", name)
    if not name or name in _MAKERS or name in TO_COME:
        raise refusal("name", name, "must be a name that no pool has")
    if not callable(maker):
        doors.function("maker", maker, "the class of a pool, or a function that makes one")
    _MAKERS[name] = maker


def _made(name: str, settings: dict[str, Any]) -> AbstractPool:
    maker = _MAKERS[name]
    try:
        signature(maker).bind(**settings)
    except TypeError as error:
        raise refusal("settings", sorted(settings), f"do not fit the pool {name!r}: {error}") from None
    return doors.instance("pool", maker(**settings), AbstractPool, "a pool")
