"""Hooks, guardrails and options in whole numbers as in floats; and what is refused on the way from strings."""

import copy
from typing import Any

import jax
import numpy as np
import pytest
from tests.market.deployment.deployed_cases import (
    GRADIENT,
    PARAMS,
    START,
    as_floats,
    both,
    bundle_at,
    calm,
    first_state,
    settings_of,
    unchecked,
    walk,
)

from isotherm.market.deployment.bundle import bundle_of
from isotherm.market.deployment.fixed_math import ONE
from isotherm.market.deployment.fixed_reading import fixed_pool
from isotherm.market.hooks.bounds import learned_bounds
from isotherm.market.parameters.fixed_point import LIMIT, to_units
from isotherm.market.rules.bounds import WeightBounds

BOUNDS = {
    "raw_min_budget": np.array([0.5]),
    "raw_min_logits": np.array([0.3, 0.0, -0.5]),
    "raw_gap_logits": np.array([0.1, 0.4, 0.2]),
}
VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "second memory": ("momentum", {"logit_delta_lamb": [0.3, -0.2, 0.4]}, {"use_alt_lamb": True}),
    "short period": ("momentum", {}, {"weight_interpolation_period": 100, "maximum_change": 2e-3}),
    "floor": ("power_channel", {}, {"minimum_weight": 0.2}),
    "projection": ("momentum", {}, {"guardrail": "projection", "minimum_weight": 0.1}),
    "kl projection": ("momentum", {}, {"guardrail": "kl_projection", "minimum_weight": 0.1}),
    "no scaling": ("power_channel", {}, {"use_pre_exp_scaling": False}),
    "caps": ("index_market_cap", {}, {"cap_weights": [0.4, 0.5, 0.3]}),
    "one cap": ("index_market_cap", {}, {"cap_weights": 0.4}),
    "days of an index": ("index_market_cap", {"memory_days_2": [2.0, 5.0, 9.0]}, {}),
    "small lambda": ("momentum", {"logit_lamb": [-40.0, 0.0, -21.0]}, {}),
    "one for all": ("min_variance", {"memory_days_1": [5.0], "memory_days_2": [1.0]}, {}),
}  # fmt: skip


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_options_are_those_of_floats(variant: str) -> None:
    rule, params, changes = VARIANTS[variant]
    moves, blocks = both(rule, PARAMS[rule] | params, settings_of(rule, 720, **changes), walk(61, 720))
    bound = 1e-8 if variant == "small lambda" else 1e-12  # 1e-18 / (1e-9 * 0.5) of a gradient, times k
    for name in ("start", "target"):
        np.testing.assert_allclose(as_floats(moves, name), getattr(blocks, name), rtol=0, atol=bound)
    assert np.ptp(blocks.start, axis=0).max() > 0.005


def test_bounds_of_tokens_are_those_of_floats() -> None:
    params = GRADIENT | BOUNDS
    settings = settings_of("bounded__momentum", 720)
    with jax.enable_x64(True):
        low, high = (np.asarray(one) for one in learned_bounds(BOUNDS))
    moves, blocks = both("bounded__momentum", params, settings, walk(61, 720), WeightBounds(low, high))
    np.testing.assert_allclose(as_floats(moves, "target"), blocks.target, rtol=0, atol=1e-12)
    targets = as_floats(moves, "target")
    assert (targets > low - 1e-6).all()
    assert (targets < high + 1e-6).all()


def test_estimates_die_out_where_prices_stand_still() -> None:
    """Weights come to rest: whole numbers do not get stuck at a unit that would push for ever."""
    settings = settings_of("momentum", 1440)
    state = first_state("momentum", calm("momentum"), settings, np.array([30000.0, 2000.0, 0.5]))
    pool, fixed = fixed_pool(bundle_at("momentum", calm("momentum"), settings, state))
    moving, still = walk(20, 1440), np.tile(walk(20, 1440)[-1], (600, 1))
    with unchecked():
        _, fixed = pool.run(fixed, [tuple(map(to_units, row)) for row in moving.tolist()])
        moves, fixed = pool.run(fixed, [tuple(map(to_units, row)) for row in still.tolist()])
    assert set(fixed.rule["deviation"]) == set(fixed.rule["running_a"]) == {0}
    assert moves[-1].step == (0, 0, 0)
    assert moves[0].step != (0, 0, 0)


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    settings = settings_of("mean_reversion_channel", 1440)
    state = first_state("mean_reversion_channel", {}, settings, np.array([30000.0, 2000.0, 0.5]))
    return bundle_at("mean_reversion_channel", PARAMS["mean_reversion_channel"], settings, state)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (["rule"], "momentun", "rule = 'momentun': is unknown; did you mean 'momentum'"),
        (["rule"], "gyroscope", "rule = 'gyroscope': is unknown"),
        (["state"], None, "state = None: must be in the bundle"),
        (["guardrails", "weight_interpolation_method"], "slerp", "weight_interpolation_method = .*: must be linear"),
        (["guardrails", "kind"], "clop", "guardrail = 'clop': is unknown; did you mean 'clip'"),
        (["guardrails", "strings", "minimum_weight"], [str(ONE)], "minimum_weight = .*: must be at most 3333"),
        (["guardrails", "strings", "maximum_change"], ["0"], r"maximum_change = \(0,\): must be above 0"),
        (["guardrails", "strings", "maximum_change"], ["1", "2"], r"maximum_change = .*: must be 1 whole numbers"),
        (["parameters", "strings", "k"], ["1", "2"], r"k = \(1, 2\): must be 3 whole numbers in units of 1e-18"),
        (["parameters", "strings", "k"], ["1", "2", str(LIMIT)], r"k\[2\] = .*: must be decimal digits"),
        (["parameters", "strings", "lamb"], [str(ONE)], "lamb = .*: must be at least 0 and below one"),
        (["parameters", "strings", "lamb"], ["-1"], "lamb = .*: must be at least 0 and below one"),
        (["parameters", "strings", "width"], ["0"], "width = .*: must be above 0"),
        (["state", "strings", "price"], ["0", "1", "1"], r"price = \(0, 1, 1\): must be above 0"),
        (["state", "strings", "running_a"], ["0", "1"], r"running_a = \(0, 1\): must be 3 whole numbers"),
        (["state", "strings", "final_weights"], ["5", "4", "3"], r"final_weights = \(5, 4, 3\): must sum to one"),
    ],
)  # fmt: skip
def test_strings_that_do_not_fit_are_refused(sound, path: list[str], value: Any, line: str) -> None:
    bundle = copy.deepcopy(sound)
    inner = bundle
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match=f"^{line}"):
        fixed_pool(bundle)


def test_what_is_missing_is_named(sound) -> None:
    for part, key, line in (("parameters", "width", "parameters = .*: must hold width"),
                            ("state", "running_a", "state = .*: must hold running_a")):  # fmt: skip
        bundle = copy.deepcopy(sound)
        del bundle[part]["strings"][key]
        with pytest.raises(ValueError, match=f"^{line}"):
            fixed_pool(bundle)


def test_the_start_is_exactly_one_and_prices_must_be_whole_numbers(sound) -> None:
    pool, state = fixed_pool(sound)
    assert sum(state.weights) == ONE
    assert [weight / 1e18 for weight in state.weights] == START.tolist()
    with unchecked():
        for price in ((ONE, ONE), (ONE, ONE, 0), (ONE, ONE, 1.5), [ONE] * 3, (ONE, ONE, True)):
            with pytest.raises(ValueError, match=r"^price = .*: must be (above 0|3 whole numbers)"):
                pool.updated(state, price)
    settings = settings_of("index_market_cap", 1440)
    start = first_state("index_market_cap", {}, settings, START)
    index, state = fixed_pool(bundle_at("index_market_cap", PARAMS["index_market_cap"], settings, start))
    with pytest.raises(ValueError, match=r"^supply = None: must be 3 whole numbers"):
        index.updated(state, (ONE, ONE, ONE))


def test_a_bundle_without_state_has_nothing_to_go_on_from() -> None:
    with pytest.raises(ValueError, match=r"^state = None: must be in the bundle, to go on from"):
        fixed_pool(bundle_of(GRADIENT, settings_of("momentum", 60)))
