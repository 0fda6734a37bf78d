"""Ensembles: means of rows before the guardrails, slopes to all members, any rule, streamed as in batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.market.rules.rule_cases import RULES, SETTINGS, raw, supply, walk

from isotherm.market.hooks.averaging import averaged
from isotherm.market.rules.rule import WEIGHT_KEYS
from isotherm.market.rules.weights import calculate_weights, rule_outputs, run_weights

PRICES = walk(66, 3)


def members(name: str) -> tuple[dict, list[dict]]:
    """Parameters of two members together, and one by one."""
    one = {key: np.asarray(value, float) for key, value in raw(name).items()}
    two = {key: value if key in WEIGHT_KEYS else value + 0.1 for key, value in one.items()}
    both = {key: value if key in WEIGHT_KEYS else np.stack([value, two[key]]) for key, value in one.items()}
    return both, [one, two]


@pytest.mark.parametrize("name", ["momentum", "triple_threat_mean_reversion_channel", "min_variance"])
@pytest.mark.parametrize("method", ["vectorized", "scan"])
def test_rows_are_means_over_members(name: str, method: str) -> None:
    both, each = members(name)
    found = rule_outputs(averaged(name, 2), both, PRICES, SETTINGS, method)
    rows = [rule_outputs(name, one, PRICES, SETTINGS).row for one in each]
    np.testing.assert_allclose(found.row, np.mean(rows, axis=0), rtol=1e-9, atol=1e-13)
    assert np.abs(rows[0] - rows[1]).max() > 1e-4
    assert found.readouts == {}


@pytest.mark.parametrize("name", ["momentum", "min_variance", "index_market_cap", "balancer"])
def test_weights_of_an_ensemble_of_equals_are_those_of_one(name: str) -> None:
    _, (one, _) = members(name)
    both = {key: value if key in WEIGHT_KEYS else np.stack([value] * 3) for key, value in one.items()}
    rule = averaged(name, 3)
    weights = calculate_weights(rule, both, PRICES, 6, 33, SETTINGS, "scan", **supply(name))
    alone = calculate_weights(name, one, PRICES, 6, 33, SETTINGS, "scan", **supply(name))
    np.testing.assert_allclose(weights, alone, rtol=0, atol=1e-14)
    assert (rule.is_target, rule.lag) == (RULES[name].is_target, RULES[name].lag)


def test_an_ensemble_goes_on_from_its_state_and_is_made_once() -> None:
    both, _ = members("momentum")
    rule = averaged("momentum", 2)
    assert averaged(RULES["momentum"], 2) is rule
    whole = run_weights(rule, both, PRICES, 6, 25, SETTINGS, "scan")
    part = run_weights(rule, both, PRICES, 6, 13, SETTINGS, "scan")
    rest = run_weights(rule, both, PRICES, 18, 13, SETTINGS, "scan", state=part.state)
    np.testing.assert_array_equal(rest.blocks.start, whole.blocks.start[2:])
    assert part.state.rule.price.shape == (2, 3)


def test_slopes_reach_all_members() -> None:
    both, _ = members("momentum")
    with jax.enable_x64(True):
        params = {key: jnp.asarray(value) for key, value in both.items()}
        rule = averaged("momentum", 2)
        total = lambda p: calculate_weights(rule, p, PRICES, 6, 33, SETTINGS)[-1, 0]  # noqa: E731
        slopes = jax.jit(jax.grad(total))(params)
    assert (np.abs(slopes["log_k"]) > 0).all()
    assert slopes["log_k"].shape == (2, 3)


def test_members_are_counted() -> None:
    both, _ = members("momentum")
    with pytest.raises(ValueError, match=r"logit_lamb.shape = \(2, 3\): must lead with 3"):
        rule_outputs(averaged("momentum", 3), both, PRICES, SETTINGS)
    with pytest.raises(ValueError, match="num_members = 0"):
        averaged("momentum", 0)
    with pytest.raises(ValueError, match="rule = 'none'"):
        averaged("none", 2)
