"""What the doors of weights ask of their arguments, and float64 of them all."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.rules import coarse
from isotherm.market.rules.bounds import LEARNED_SLACK, WeightBounds, checked_bounds
from isotherm.market.rules.coarse import Start, StrategyState
from isotherm.market.rules.registry import rule_named
from isotherm.market.rules.rule import WEIGHT_KEYS, WeightRule
from isotherm.market.rules.settings import Method, RuleSettings


def checked_bout(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    start_index: Start,
    bout_length: int,
    settings: RuleSettings,
    method: Method | str,
    supply: Any,
    bounds: WeightBounds | None,
    state: StrategyState | None,
) -> dict[str, Any]:
    """What doors of bouts read, checked, in float64.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument.
    """
    given = checked_inputs(rule, params, prices, settings, method, supply)
    checked_state(state)
    bout_length = doors.whole("bout_length", bout_length, least=2)
    chunks, tokens = given["series"].shape
    first_chunk = checked_start(start_index, bout_length, chunks, np.shape(prices)[0], settings.chunk_period)
    return given | {
        "first_chunk": first_chunk,
        "bout_length": bout_length,
        "bounds": bounds_as_float64(bounds, tokens),
        "state": state,
    }


def checked_start(
    start_index: Start, bout_length: int, chunks: int, minutes: int, chunk_period: int
) -> Int[Array, ""]:
    """The chunk that a bout starts in, a scalar; of a start that is traced nothing can be refused.

    Raises:
        TypeError: if the start is no whole number.
        ValueError: naming a start below 0, or prices that end before the last update shown.
    """
    if not doors.is_traced(start_index):
        start_index = doors.whole("start_index", start_index, least=0)
        last = start_index // chunk_period + coarse.num_blocks(bout_length, chunk_period) - 1
        if last >= chunks:
            allowed = (
                f"must be {last * chunk_period + 1} or more, to reach the last update that the bout shows"
            )
            raise refusal("len(prices)", minutes, allowed)
    with jax.enable_x64(True):
        return jnp.asarray(start_index // chunk_period)


def checked_inputs(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    settings: RuleSettings,
    method: Method | str,
    supply: Any,
) -> dict[str, Any]:
    """What every door of weights reads, with prices at the starts of chunks.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument.
    """
    rule = rule_named(rule)
    doors.instance("settings", settings, RuleSettings, "a RuleSettings")
    form = rule.form(method)
    prices, supply = checked_prices(rule, prices, supply, settings)
    with jax.enable_x64(True):
        series = coarse.chunk_series(prices, supply, settings.chunk_period)
        raw = raw_params(params, (*rule.keys, *WEIGHT_KEYS))
    return {"rule": rule, "params": raw, "series": series, "settings": settings, "form": form}


def checked_prices(
    rule: WeightRule, prices: Any, supply: Any, settings: RuleSettings
) -> tuple[Float[Array, "rows tokens"], Float[Array, "..."] | None]:
    """Prices, ``(rows, tokens)``, and the supply that a rule of capitalisation needs, ``(tokens,)`` or as prices.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming what is not above 0 or of another shape, or a supply that is lacking or not looked at.
    """
    prices = positive("prices", prices, (2,))
    tokens = prices.shape[1]
    settings.check_tokens(tokens)
    if rule.needs_supply != (supply is not None):
        allowed = (
            "must be given to this rule" if rule.needs_supply else "must be None: this rule reads prices only"
        )
        raise refusal("supply", None if supply is None else "given", f"{allowed} ({rule.name})")
    if supply is not None:
        supply = positive("supply", supply, (1, 2))
        if supply.shape not in ((tokens,), prices.shape):
            raise refusal(
                "supply.shape", supply.shape, f"must be ({tokens},) or shaped as prices, {prices.shape}"
            )
    return prices, supply


def checked_state(state: Any, is_needed: bool = False) -> None:
    """Refuse what is no state of a strategy; None passes, unless one is needed."""
    if state is not None or is_needed:
        doors.instance("state", state, StrategyState, "the state of a strategy", "warm_state makes one")


def raw_params(params: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Array]:
    """Those of some parameters that are given, in float64, of their own shapes.

    Raises:
        TypeError: naming ``params`` if it is no mapping, or a key whose value is no array of numbers.
    """
    doors.mapping("params", params, "a mapping of raw parameters by key")
    with jax.enable_x64(True):
        return {key: as_float64(key, params[key]) for key in keys if params.get(key) is not None}


def positive(field: str, values: Any, dimensions: tuple[int, ...]) -> Float[Array, "..."]:
    """Prices, or the like, in float64, of their own shape.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming ``field``, if empty, of other dimensions, or not above 0 and finite.
    """
    if not doors.is_traced(values):
        known = doors.real_array(field, values)
        if known.size and not (known.min() > 0 and known.max() < np.inf):
            where = tuple(int(i) for i in np.argwhere(~((known > 0) & (known < np.inf)))[0])
            raise refusal(f"{field}{list(where)}", float(known[where]), "must be above 0 and finite")
        values = values if isinstance(values, jax.Array) else known
    if values.ndim not in dimensions or 0 in values.shape:
        words = " or ".join(f"{number}-dimensional" for number in dimensions)
        raise refusal(f"{field}.shape", values.shape, f"must be {words} and not empty")
    with jax.enable_x64(True):
        return as_float64(field, values)


def as_float64(field: str, value: Any) -> Float[Array, "..."]:
    """An array in float64, of its own shape.

    Raises:
        TypeError: naming ``field``, if it is no array of numbers.
        ValueError: naming ``field``, if it holds no real numbers.
    """
    if not doors.is_traced(value) and not isinstance(value, jax.Array):
        value = doors.real_numbers(field, value)
    return jnp.asarray(value, jnp.float64)


def bounds_as_float64(bounds: WeightBounds | None, num_tokens: int) -> WeightBounds | None:
    """Bounds in float64, refused where no weights of ``n`` tokens can keep them."""
    if bounds is None:
        return None
    low, high = doors.instance("bounds", bounds, WeightBounds, "WeightBounds, or None")
    if not (doors.is_traced(low) or doors.is_traced(high)):
        checked_bounds(low, high, num_tokens, LEARNED_SLACK)
    with jax.enable_x64(True):
        return WeightBounds(as_float64("low", low), as_float64("high", high))
