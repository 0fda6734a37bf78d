"""One parameter set a rule with memories of days, prices, and pools at their first price: what tests here share."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np

from isotherm.market.deployment.bundle import bundle_of
from isotherm.market.deployment.fixed_reading import fixed_pool
from isotherm.market.deployment.replay import FixedMove
from isotherm.market.deployment.state import DeployedState, named_arrays
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.fixed_point import to_units
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.coarse import CoarseRun, CoarseWeights, StrategyState, coarse_weights
from isotherm.market.rules.registry import RULES
from isotherm.market.rules.rule import WeightRule
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.strategy import rule_settings

TOKENS = ["AAA", "BBB", "CCC"]
SUPPLY = np.array([19e6, 120e6, 3e9])
START = np.array([0.5, 0.3, 0.2])
GRADIENT = {"log_k": [4.3, 5.0, 3.5], "logit_lamb": [1.5, 1.0, 0.5]}
CHANNEL = {
    "sp_k": [20.0, 30.0, 15.0], "logit_lamb": [1.5, 1.0, 0.5], "sp_exponents": [0.0, 0.6, 1.2],
    "sp_pre_exp_scaling": [-1.5, -1.0, 0.2],
}  # fmt: skip
PARAMS: dict[str, dict[str, Any]] = {
    "momentum": GRADIENT,
    "anti_momentum": GRADIENT,
    "power_channel": CHANNEL,
    "mean_reversion_channel": CHANNEL | {"sp_amplitude": [-3.0, -2.5, -4.0], "sp_width": [-60.0, -50.0, -80.0]},
    "triple_threat_mean_reversion_channel": {
        "log_k": [4.3, 5.0, 3.5], "logit_lamb": [[1.5, 1.0, 0.5], [0.5, 0.9, 0.4], [1.4, 1.1, 0.7]],
        "logit_lamb_for_ewma": [1.0, 0.8, 1.2], "log_amplitude": [-3.0, -2.0, -4.0], "raw_width": [-6.0, -5.5, -6.2],
        "raw_exponents": [0.0, 0.5, 1.0], "raw_pre_exp_scaling": [-1.0, 0.0, -2.0],
    },
    "difference_momentum": {
        "k": [0.5, 0.8, 0.4], "memory_days_1": [3.0, 5.0, 8.0], "memory_days_2": [10.0, 15.0, 20.0],
    },
    "min_variance": {"memory_days_1": [10.0, 5.0, 15.0], "memory_days_2": [2.0, 3.0, 1.0]},
    "index_market_cap": {"logit_lamb": [0.3], "logit_delta_lamb": [0.1]},
}  # fmt: skip
"""Raw parameters by rule; they push weights to the floor and back."""


def calm(rule: str) -> dict[str, Any]:
    """The same with so little aggressiveness that weights wander and stay away from the floor."""
    weak = {"log_k": [-2.0, -1.5, -2.5], "sp_k": [-4.0, -3.5, -5.0], "k": [0.01, 0.02, 0.015]}
    return PARAMS[rule] | {key: value for key, value in weak.items() if key in PARAMS[rule]}


def walk(chunks: int, minutes: int, seed: int = 7) -> np.ndarray:
    """Geometric Brownian motion, 70 % a year, a row a chunk."""
    deviation = 0.7 * np.sqrt(minutes / (365 * 1440))
    steps = np.random.default_rng(seed).normal(0, deviation, (chunks, 3))
    return np.exp(np.cumsum(steps, axis=0)) * [30000.0, 2000.0, 0.5]


def settings_of(rule: str, period: int, **changes: Any) -> Fingerprint:
    own = {"chunk_period": period, "weight_interpolation_period": period, "max_memory_days": 365.0}
    return Fingerprint(tokens=TOKENS, rule=rule, **{**own, **changes})


def first_state(
    rule: str, params: dict[str, Any], fingerprint: Fingerprint, price: np.ndarray
) -> StrategyState:
    """A strategy that has seen one price."""
    with jax.enable_x64(True):
        values = {"lamb": jnp.zeros((3, 3))}
        inner = RULES[rule].init(values, jnp.asarray(price))
        return StrategyState(jax.tree.map(np.asarray, inner), START)


def bundle_at(
    rule: str, params: dict[str, Any], fingerprint: Fingerprint, state: StrategyState
) -> dict[str, Any]:
    """A bundle of a pool that holds its weights."""
    weights = np.asarray(state.weights, np.float64)
    standing = DeployedState(named_arrays(state.rule), weights, weights, np.zeros(3), 1_700_000_000)
    return bundle_of(params, fingerprint, state=standing)


def both(
    rule: str,
    params: dict[str, Any],
    fingerprint: Fingerprint,
    series: np.ndarray,
    bounds: WeightBounds | None = None,
) -> tuple[list[FixedMove], CoarseWeights]:
    """What whole numbers and floats make of prices, a row a chunk, of which the first is only looked at."""
    settings = rule_settings(fingerprint.with_defaults())
    base = rule.rpartition("__")[2]
    state = first_state(base, params, fingerprint, series[0])
    needs_supply = RULES[base].needs_supply
    supply = SUPPLY if needs_supply else np.ones(3)
    prices = series[1:] * supply
    with jax.enable_x64(True):
        given = jax.tree.map(
            jnp.asarray, ({key: np.array(value) for key, value in params.items()}, prices, bounds, state)
        )
        run = streamed(RULES[base], settings, *given)
    pool, fixed = fixed_pool(bundle_at(rule, params, fingerprint, state))
    units = [tuple(map(to_units, row)) for row in series[1:].tolist()]
    with unchecked():
        moves, _ = pool.run(fixed, units, tuple(map(to_units, SUPPLY.tolist())) if needs_supply else None)
    return moves, jax.tree.map(np.asarray, run.blocks)


@functools.partial(jax.jit, static_argnames=("rule", "settings"))
def streamed(
    rule: WeightRule,
    settings: RuleSettings,
    params: Any,
    prices: Any,
    bounds: WeightBounds | None,
    state: StrategyState,
) -> CoarseRun:
    """The float64 rule, price by price."""
    return coarse_weights(rule, params, prices, 0, len(prices), settings, "scan", bounds, state)


def as_floats(moves: list[FixedMove], name: str) -> np.ndarray:
    return np.array([[unit / 10**18 for unit in getattr(move, name)] for move in moves])


@contextmanager
def unchecked() -> Iterator[None]:
    """Without the checks of annotations, which take longer than long loops of whole numbers do."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
