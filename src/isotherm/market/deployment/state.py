"""Where a pool stands when it is deployed: all that its next update needs, by name, and the move it is in."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.backtest import Backtest
from isotherm.market.prices.clock import MINUTE_MS
from isotherm.market.rules.coarse import StrategyState
from isotherm.market.rules.estimators import AverageState, GradientState, VarianceState
from isotherm.market.rules.weights import next_block
from isotherm.market.strategy import strategy_of

Arrays = dict[str, np.ndarray]
Weights = Float64[np.ndarray, " tokens"]

READINGS = ("ewma", "alt_ewma")
"""Averages: written for people, since price and deviation say the same without cancelling."""


class DeployedState(NamedTuple):
    """State of a pool after its last update.

    Attributes:
        arrays: the rule's estimator by name, ``(n,)`` each, with three gradients ``(3, n)``; of two averages those
            end in ``_1`` and ``_2``; empty if the rule remembers nothing.
        weights: where the last move ends, and the next update starts, ``(n,)``.
        start: weights at the last update.
        step: change a minute since.
        start_s: of the last update, seconds of Unix.
    """

    arrays: Arrays
    weights: Weights
    start: Weights
    step: Weights
    start_s: int


def deployed_state(
    backtest: Backtest, params: Mapping[str, Any], parameter_set: int | None = None
) -> DeployedState:
    """The state in which a backtest ends.

    Every update up to the last minute that was played has been made: the next is due ``chunk_period`` minutes after
    ``start_s``.

    Args:
        backtest: of a pool whose weights follow a rule, at least up to its first update.
        params: raw parameters that it was played with.
        parameter_set: which of several sets.

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: if the pool has no such rule, averages an ensemble, or was played too short.

    >>> from isotherm.market.backtest import simulate
    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> from isotherm.market.prices.synthetic import synthetic_table
    >>> table = synthetic_table(np.ones((7 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> run = Fingerprint(
    ...     tokens=["AAA", "BBB"], rule="momentum", max_memory_days=3,
    ...     startDateString="2024-01-04 00:00:00", endDateString="2024-01-06 00:00:00",
    ... )
    >>> params = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights_logits": [0.0, 0.0]}
    >>> found = deployed_state(simulate(run, params, table), params)
    >>> sorted(found.arrays), found.weights.tolist()
    (['alt_deviation', 'deviation', 'price', 'running_a'], [0.5, 0.5])
    """
    doors.instance("backtest", backtest, Backtest, "a Backtest", "simulate gives one")
    settings = backtest.settings.replaced(max_memory_days=backtest.memory_days)
    strategy = strategy_of(settings, spread=np.zeros(len(backtest.tokens)))
    if "ensemble" in strategy.name.hooks:
        raise refusal("rule", settings["rule"], "averages an ensemble, which is not deployed as one pool")
    if strategy.rule is None or backtest.run is None:
        raise refusal(
            "rule", settings["rule"], "must be a pool whose weights follow a rule, and were not given"
        )
    if backtest.run.state is None:
        raise refusal(
            "backtest", f"{len(backtest.value)} minutes", "must be long enough for an update of weights"
        )
    period = settings["chunk_period"]
    blocks, shown = backtest.run.blocks, (len(backtest.value) - 1) // period
    inner = backtest.run.state.rule
    if shown == blocks.start.shape[0] - 1 and jax.tree.leaves(inner):
        own = strategy.one_set(params, parameter_set)
        price = backtest.prices[shown * period]
        inner = next_block(strategy.rule, own, backtest.run.state, price, strategy.settings)[1].rule
    start, step = (np.array(rows[shown], np.float64) for rows in (blocks.start, blocks.step))
    return DeployedState(
        named_arrays(inner),
        start + strategy.settings.period * step,
        start,
        step,
        int(backtest.unix[0] + shown * period * MINUTE_MS) // 1000,
    )


def named_arrays(state: Any) -> Arrays:
    """Arrays of a rule's state by name, float64.

    Args:
        state: as ``init`` and ``step`` of a rule of the package give it.

    >>> sorted(named_arrays((AverageState(np.ones(2), np.zeros(2)), AverageState(np.ones(2), np.zeros(2)))))
    ['deviation_1', 'deviation_2', 'price_1', 'price_2']
    """
    parts = [("", state)] if hasattr(state, "_fields") else [(f"_{i}", one) for i, one in enumerate(state, 1)]
    return {
        name + end: np.array(value, np.float64)
        for end, part in parts
        for name, value in part._asdict().items()
    }


def strategy_state(arrays: Mapping[str, Any], weights: Any) -> StrategyState:
    """What :func:`.next_block` goes on from, of what :func:`named_arrays` gave.

    Args:
        arrays: by name; readings such as ``ewma`` are passed over.
        weights: where the next update starts, ``(n,)``.

    Raises:
        ValueError: if the names are those of no rule's state.

    >>> strategy_state({"price": [1.0], "deviation": [0.0]}, [1.0]).rule.ewma.tolist()
    [1.0]
    """
    own: dict[str, Any] = {
        key: np.asarray(value, np.float64) for key, value in arrays.items() if not key.startswith(READINGS)
    }
    held: Any = np.asarray(weights, np.float64)
    return StrategyState(_rule_state(own), held)


def _rule_state(arrays: dict[str, Any]) -> Any:
    if not arrays:
        return ()
    if set(arrays) == set(VarianceState._fields):
        return VarianceState(**arrays | {"has_change": arrays["has_change"] != 0})
    for kind in (GradientState, AverageState):
        if set(arrays) == set(kind._fields):
            return kind(**arrays)
    if set(arrays) == {f"{name}_{i}" for name in AverageState._fields for i in (1, 2)}:
        return tuple(AverageState(arrays[f"price_{i}"], arrays[f"deviation_{i}"]) for i in (1, 2))
    raise refusal("state", sorted(arrays), "is that of no rule")
