"""The integer replay from exported strings follows the float64 rule for 90 days, whatever the rule."""

import numpy as np
import pytest

from isotherm.market.deployment.bundle import bundle_of
from isotherm.market.deployment.fixed_reading import fixed_pool
from isotherm.market.deployment.state import DeployedState, named_arrays
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.fixed_point import to_units
from isotherm.market.rules.registry import RULES
from isotherm.market.rules.weights import run_weights, warm_state
from isotherm.market.strategy import rule_settings

BOUND = 1e-12
DAYS, WARM = 90, 30
TOKENS = ["AAA", "BBB", "CCC"]
SUPPLY = np.array([19e6, 120e6, 3e9])
START = {"initial_weights_logits": [0.0, 0.3, -0.4]}
GRADIENT = {"log_k": [4.3, 5.0, 3.5], "logit_lamb": [1.5, 1.0, 0.5]}
CHANNEL = {
    "sp_k": [20.0, 30.0, 15.0], "logit_lamb": [1.5, 1.0, 0.5], "sp_exponents": [0.0, 0.6, 1.2],
    "sp_pre_exp_scaling": [-1.5, -1.0, 0.2],
}  # fmt: skip
PARAMS = {
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


def walk(chunks: int, days: float, seed: int) -> np.ndarray:
    """Geometric Brownian motion, 70 % a year, a row a chunk."""
    steps = np.random.default_rng(seed).normal(0, 0.7 * np.sqrt(days / 365), (chunks, 3))
    return np.exp(np.cumsum(steps, axis=0)) * [30000.0, 2000.0, 0.5]


def followed(rule: str, period: int, **changes: object) -> float:
    """Largest difference of weights in any minute of 90 days."""
    fingerprint = Fingerprint(
        tokens=TOKENS, rule=rule, chunk_period=period, weight_interpolation_period=period, max_memory_days=365.0, **changes
    )
    settings = rule_settings(fingerprint.with_defaults())
    params = START | PARAMS[rule]
    a_day = 1440 // period
    series = walk((DAYS + WARM) * a_day, period / 1440, 7)
    supply = {"supply": SUPPLY} if RULES[rule].needs_supply else {}
    spread = lambda rows: np.repeat(rows, period, axis=0)
    before, after = series[: WARM * a_day], series[WARM * a_day :]
    start = warm_state(rule, params, spread(before), settings, **supply)
    run = run_weights(rule, params, spread(after), 0, DAYS * 1440, settings, "scan", state=start, **supply)
    weights = np.asarray(start.weights)
    state = DeployedState(named_arrays(start.rule), weights, weights, np.zeros(3), 0)
    pool, fixed = fixed_pool(bundle_of(params, fingerprint, state=state))
    prices = [tuple(map(to_units, row)) for row in after.tolist()]
    moves, _ = pool.run(fixed, prices, tuple(map(to_units, SUPPLY.tolist())) if supply else None)
    worst = 0.0
    for name in ("start", "target"):
        exact = np.array([getattr(move, name) for move in moves], dtype=object) / 10**18
        found = getattr(run.blocks, name)[: len(moves)]
        worst = max(worst, float(np.abs(exact.astype(float) - found).max()))
    print(rule, period, worst, float(np.abs(np.diff(run.blocks.start,axis=0)).max()), run.blocks.start.min(), run.blocks.start.max())
    return worst


@pytest.mark.parametrize("period", [1440, 60])
@pytest.mark.parametrize("rule", sorted(PARAMS))
def test_weights_of_ninety_days(rule: str, period: int) -> None:
    assert followed(rule, period) < BOUND
