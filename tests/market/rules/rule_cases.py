"""One parameter set a rule, prices, and a slow twin of weights: what tests of this folder share."""

from typing import Any

import numpy as np

from isotherm.market.rules.registry import RULES
from isotherm.market.rules.settings import RuleSettings

Raw = dict[str, Any]

START = {"initial_weights_logits": [0.0, 0.2, -0.1]}
GRADIENT = {"log_k": [8.0, 9.0, 7.5], "logit_lamb": [1.0, 0.5, 1.5]}
POWER = {
    "sp_k": [300.0, 400.0, 250.0],
    "logit_lamb": [1.0, 0.5, 1.5],
    "sp_exponents": [0.0, 0.6, -1.0],
    "sp_pre_exp_scaling": [-1.5, -1.0, 0.2],
}
PARAMS: dict[str, Raw] = {
    "momentum": GRADIENT,
    "anti_momentum": GRADIENT,
    "power_channel": POWER,
    "mean_reversion_channel": POWER
    | {
        "sp_exponents": [0.0, 0.6, 0.3],
        "sp_amplitude": [-4.0, -3.0, -5.0],
        "sp_width": [-200.0, -150.0, -300.0],
    },
    "triple_threat_mean_reversion_channel": {
        "log_k": [8.0, 9.0, 7.5],
        "logit_lamb": [[1.0, 0.5, 1.5], [0.2, 0.9, 0.4], [1.4, 1.1, 0.7]],
        "logit_lamb_for_ewma": [1.0, 0.8, 1.2],
        "log_amplitude": [-8.0, -7.0, -9.0],
        "raw_width": [-8.0, -7.5, -8.2],
        "raw_exponents": [0.0, 0.5, 1.0],
        "raw_pre_exp_scaling": [-1.0, 0.0, -2.0],
    },
    "difference_momentum": {
        "k": [300.0, 200.0, 400.0],
        "memory_days_1": [0.2, 0.25, 0.3],
        "memory_days_2": [0.5, 0.6, 0.7],
    },
    "min_variance": {"memory_days_1": [0.3, 0.2, 0.4], "memory_days_2": [0.02, 0.03, 0.01]},
    "index_market_cap": {"logit_lamb": [0.3], "logit_delta_lamb": [0.0]},
    "balancer": {},
    "hodl": {},
}
"""Raw parameters of three tokens by rule, but for the initial weights."""

NAMES = sorted(RULES)
MOVING = [name for name in NAMES if name not in ("balancer", "hodl")]
SUPPLY = np.array([2.0, 30.0, 1100.0])
PERIOD = 6
SETTINGS = RuleSettings(chunk_period=PERIOD, max_memory_days=0.75, maximum_change=0.01)


def raw(name: str) -> Raw:
    """With initial weights."""
    return START | PARAMS[name]


def supply(name: str) -> dict[str, Any]:
    """What a rule of capitalisation is called with."""
    return {"supply": SUPPLY} if RULES[name].needs_supply else {}


def walk(minutes: int, seed: int = 0, tokens: int = 3) -> np.ndarray:
    """Prices of a geometric random walk, a row a minute."""
    steps = np.random.default_rng(seed).normal(0, 4e-3, (minutes, tokens))
    return np.exp(np.cumsum(steps, axis=0)) * [30000.0, 2000.0, 50.0][:tokens]


def slow_weights(
    rows: np.ndarray,
    initial: np.ndarray,
    first: int,
    bout_length: int,
    settings: RuleSettings,
) -> np.ndarray:
    """Weights of a rule of changes, minute by minute, in plain Python; ``rows`` as the rule gives them."""
    cp, wip, n = settings.chunk_period, settings.period, rows.shape[1]
    eps = settings.floor(n)
    shown, weights = [initial] * cp, initial
    for row in rows[first // cp :]:
        x = weights + row
        x = x / x.sum()
        small = x < eps
        x = np.clip(x, eps, 1 - (n - 1) * eps)
        if not small.all():
            x[~small] *= (1 - small.sum() * eps) / x[~small].sum()
        x[x.argmax()] += 1 - x.sum()
        step = (x - weights) / wip
        fastest = np.abs(step).max()
        if fastest > settings.maximum_change:
            step = step * settings.maximum_change / (fastest + 1e-10)
        shown += [weights + min(j, wip) * step for j in range(cp)]
        weights = weights + wip * step
    return np.array(shown[: bout_length - 1])
