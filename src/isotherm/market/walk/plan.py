"""A walk forward before its first cycle: settings, prices and cycles, checked and laid out. Section 7.9."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.backtest import of_tokens
from isotherm.market.parameters.effective import calc_initial_weights
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.start import Parameters
from isotherm.market.prices.clock import MINUTES_PER_DAY
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.start import first_sets, with_weights
from isotherm.market.walk.cycles import WalkCycle, walk_cycles
from isotherm.random.keys import seeded


class CarriedOn(NamedTuple):
    """What a cycle begins with.

    Attributes:
        params: raw, ``(n,)`` each; None before the first cycle, where nobody gave any.
        weights: of the pool, ``(n,)``.
    """

    params: Parameters | None
    weights: Float64[np.ndarray, " tokens"]


@dataclass(frozen=True, eq=False)
class Walk:
    """A walk forward before its first cycle.

    Attributes:
        settings: of all cycles, defaults filled in.
        prices: of its tokens, on a grid that divides a day.
        cycles: in order.
        start: what the first one begins with.
        keeps_start: whether all trainings begin at the first one's start.
        supply: circulating, of rules of capitalisation; None: none.
        spread: bid-ask spread of each token; None: none.
    """

    settings: Fingerprint
    prices: PriceTable
    cycles: tuple[WalkCycle, ...]
    start: CarriedOn
    keeps_start: bool
    supply: Any
    spread: Any


def walk_of(
    fingerprint: Fingerprint,
    prices: PriceTable,
    *,
    n_cycles: int | None = None,
    keep_fixed_start: bool = False,
    purge_days: int = 0,
    embargo_days: int = 0,
    are_equal: bool = True,
    params: Mapping[str, Any] | None = None,
    initial_weights: Any = None,
    supply: Any = None,
    spread: Any = None,
) -> Walk:
    """Lay out a walk forward over the whole span of a fingerprint, its test window included.

    Prices may lie on a grid coarser than minutes, as by the day: minutes are made of them for one cycle at a time, so
    that decades take no more memory than the days of a cycle.

    Cycles look back ``max_memory_days`` as far as there are prices: with so many before the start all cycles are
    alike, and one compiled program serves them all.

    Args:
        fingerprint: settings; cycles lie between its start and the end of its test, or of its training if it has
            none.
        prices: a row every so many minutes, a column for each of its tokens; one must be at the end of the last test.
        n_cycles: how many; None: as the settings of training say.
        keep_fixed_start: whether all trainings begin at the start.
        purge_days: between each training and its test; see :func:`isotherm.market.walk.cycles.walk_cycles`.
        embargo_days: at the begin of each training; see there.
        are_equal: whether all stretches have the same number of days; the days left over come first.
        params: raw parameters that the first cycle begins with, of one set ``(n,)``; None: those of the settings.
        initial_weights: of the pool in the first cycle, ``(n,)``; None: those of ``params``, or of the settings.
        supply: circulating, of rules of capitalisation, ``(n,)`` or a row for each row of ``prices``.
        spread: bid-ask spread of each token, of pools that pay it, ``(n,)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting, a date, a token, a parameter or an argument that does not fit.

    References:
        R. Pardo, The Evaluation and Optimization of Trading Strategies (2008), chapter 11.

    >>> from isotherm.market.prices.synthetic import synthetic_table
    >>> table = synthetic_table(np.ones((33 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> run = Fingerprint(tokens=["AAA", "BBB"], startDateString="2024-01-02 00:00:00",
    ...                   endDateString="2024-02-01 00:00:00")
    >>> [cycle.test_start[:10] for cycle in walk_of(run, table, n_cycles=2).cycles]
    ['2024-01-12', '2024-01-22']
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    doors.instance("prices", prices, PriceTable, "a PriceTable", "load_prices reads one")
    if params is not None:
        doors.mapping("params", params, "a mapping of raw parameters by key")
    settings = fingerprint.with_defaults()
    training = settings["optimisation_settings"]
    table = of_tokens(prices, settings["tokens"])
    if MINUTES_PER_DAY % table.interval_minutes:
        raise refusal("prices", f"{table.interval_minutes} min between rows", "must divide a day")
    for name, given in (("supply", supply), ("spread", spread)):
        if given is not None:
            doors.real_numbers(name, given)
    if np.ndim(supply) == 2 and len(supply) != len(table.unix):
        raise refusal("len(supply)", len(supply), f"must be {len(table.unix)}: the rows of prices")
    has_test = settings["endTestDateString"] is not None
    cycles = walk_cycles(
        settings["startDateString"],
        settings["endTestDateString" if has_test else "endDateString"],
        training["n_cycles"] if n_cycles is None else n_cycles,
        keep_fixed_start=keep_fixed_start,
        purge_days=purge_days,
        embargo_days=embargo_days,
        are_equal=are_equal,
    )
    table.row("start", cycles[0].train_start)
    table.row("test_end" if has_test else "end", cycles[-1].test_end)
    start = CarriedOn(without_weights(params), _first_weights(settings, params, initial_weights))
    return Walk(settings, table, cycles, start, keep_fixed_start, supply, spread)


def without_weights(params: Mapping[str, Any] | None) -> Parameters | None:
    """Parameters without those of initial weights; None of none."""
    if params is None:
        return None
    return {name: value for name, value in params.items() if not name.startswith("initial_weights")}


def _first_weights(
    settings: Fingerprint, params: Mapping[str, Any] | None, weights: Any
) -> Float64[np.ndarray, " tokens"]:
    """As given, or of the first set."""
    sets, key = settings["optimisation_settings"]["n_parameter_sets"], seeded(0)
    first = with_weights(first_sets(settings, sets, key, "none", params), weights)
    own = {name: value[0] for name, value in first.items() if name.startswith("initial_weights")}
    with jax.enable_x64(True):
        return np.asarray(calc_initial_weights({name: jnp.asarray(value) for name, value in own.items()}))
