"""First parameters of every pool, how sets and members differ, and how records are filled up."""

import jax
import numpy as np
import pytest
from scipy import special

from isotherm.market.parameters import host
from isotherm.market.parameters.fill import (
    fill_in_missing_values_from_init,
    fill_in_missing_values_from_init_singleton,
)  # fmt: skip
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import CREATED, CREATED_BY_BOUNDS, FIXED, QUANTITIES, own_keys
from isotherm.market.parameters.pool_start import bounds_start, init_pool_parameters
from isotherm.market.parameters.samplers import sampled
from isotherm.market.parameters.schema import SCHEMA, schema_of
from isotherm.market.parameters.spread import ensemble_members
from isotherm.market.parameters.start import initial_values

RUN = Fingerprint(
    tokens=["A", "B", "C"], chunk_period=60, weight_interpolation_period=60, rotation_angle=0.5, alpha=0.5, beta=2.0,
    lam=3.0, initial_memory_length_delta=5.0, initial_log_amplitude=-1.0, initial_raw_width=0.5,
    initial_raw_exponents=0.25, initial_k_per_day=8.0, initial_weights_logits=[0.1, 0.2, 0.3], fees=0.003,
).with_defaults()  # fmt: skip
VALUES = initial_values(RUN)
FIRST, SECOND = (float(host.memory_days_to_logit_lambda(days, 60)) for days in (10.0, 15.0))


def isp(y: float) -> float:
    return y - 1 / y


LAMBDAS = {"logit_lamb": FIRST, "logit_delta_lamb": SECOND - FIRST}
WEIGHTS = {"initial_weights_logits": [0.1, 0.2, 0.3]}
POWER = {"sp_k": isp(8.0), **LAMBDAS, "sp_exponents": 0.25, "sp_pre_exp_scaling": isp(0.5), **WEIGHTS}
VARIANCE = {"memory_days_1": 10.0, "memory_days_2": 15.0, **WEIGHTS}
INDEX = {"logit_lamb": FIRST, "logit_delta_lamb": 0.0, **WEIGHTS}
EXPECTED = {
    "momentum": {"log_k": 3.0, **LAMBDAS, **WEIGHTS},
    "anti_momentum": {"log_k": 3.0, **LAMBDAS, **WEIGHTS},
    "power_channel": POWER,
    "mean_reversion_channel": {**POWER, "sp_amplitude": isp(0.5), "sp_width": isp(2**0.5)},
    "triple_threat_mean_reversion_channel": {
        "log_k": 3.0, "logit_lamb": FIRST, "logit_lamb_for_ewma": FIRST, "log_amplitude": -1.0, "raw_width": 0.5,
        "raw_exponents": 0.25, "raw_pre_exp_scaling": -1.0, **WEIGHTS,
    },
    "difference_momentum": {"k": 8.0, **VARIANCE},
    "min_variance": VARIANCE,
    "index_market_cap": INDEX,
    "hodling_index_market_cap": INDEX,
    "trad_hodling_index_market_cap": INDEX,
    "balancer": WEIGHTS,
    "cow": WEIGHTS,
    "hodl": WEIGHTS,
    "gyroscope": {"phi": 0.5, "alpha": 0.5, "beta": 2.0, "lam": 3.0},
    "reclamm": {"price_ratio": 4.0, "centeredness_margin": 0.2, "daily_price_shift_base": 1 - 1 / 124000},
}  # fmt: skip


def shape_of(rule: str, key: str) -> tuple[int, ...]:
    if rule == "gyroscope":
        return (4,)
    if rule == "reclamm":
        return (4, 1)
    return (4, 3, 3) if rule.startswith("triple") and key == "logit_lamb" else (4, 3)


@pytest.mark.parametrize("rule", QUANTITIES)
def test_each_pool_has_its_own_arrays(rule: str) -> None:
    found = init_pool_parameters(rule, VALUES, RUN, 3, 4)
    assert found.pop("subsidary_params") == []
    assert found.keys() == EXPECTED[rule].keys()
    assert set(found) <= set(CREATED[rule])
    assert set(found) <= own_keys(rule)
    for key, value in EXPECTED[rule].items():
        assert found[key].shape == shape_of(rule, key)
        np.testing.assert_allclose(
            found[key], np.broadcast_to(value, found[key].shape), rtol=1e-12, atol=1e-15
        )


def test_geometry_that_is_asked_for() -> None:
    run = RUN.replaced(
        reclamm_use_shift_exponent=True, reclamm_learn_arc_length_speed=True, reclamm_learn_fees=True
    )
    found = init_pool_parameters("reclamm", VALUES, run, 2, 2)
    expected = {
        "price_ratio": 4.0,
        "centeredness_margin": 0.2,
        "shift_exponent": 1.0,
        "arc_length_speed": 1e-4,
    }
    assert {key: found[key].ravel().tolist() for key in expected} == {
        key: [value] * 2 for key, value in expected.items()
    }
    assert found["fees"].tolist() == [[0.003]] * 2
    with pytest.raises(ValueError, match=r"^alpha = .*must be below beta"):
        init_pool_parameters("gyroscope", VALUES | {"alpha": 2.0}, RUN, 2)
    with pytest.raises(ValueError, match=r"^lam = 0.5"):
        init_pool_parameters("gyroscope", VALUES | {"lam": 0.5}, RUN, 2)
    with pytest.raises(ValueError, match=r"^rotation_angle: this initial value is required"):
        init_pool_parameters("gyroscope", VALUES | {"rotation_angle": None}, RUN, 2)


def test_force_scalar_is_one_value_a_set_but_for_weights() -> None:
    run = RUN.replaced(optimisation_settings={"force_scalar": True})
    found = init_pool_parameters("mean_reversion_channel", VALUES, run, 3, 2)
    shapes = {
        key: value.shape
        for key, value in found.items()
        if key not in ("subsidary_params", "initial_weights_logits")
    }
    assert set(shapes.values()) == {(2, 1)}
    assert found["initial_weights_logits"].shape == (2, 3)


@pytest.mark.parametrize("noise", ["gaussian", "sobol", "lhs", "centered_lhs", "grid"])
def test_noise_spares_the_first_set_and_the_weights(noise: str) -> None:
    exact = init_pool_parameters("power_channel", VALUES, RUN, 3, 9)
    found = init_pool_parameters("power_channel", VALUES, RUN, 3, 9, noise, 0.5, jax.random.key(1))
    for key, value in exact.items():
        if key in FIXED:
            np.testing.assert_array_equal(found[key], value)
            continue
        np.testing.assert_array_equal(found[key][0], value[0])
        assert (found[key][1:] != value[1:]).any(axis=1).all() or noise == "grid"


@pytest.mark.parametrize("noise", ["gaussian", "lhs"])
def test_d11_noise_has_the_scale_of_the_settings(noise: str) -> None:
    assert RUN["optimisation_settings"]["noise_scale"] == 0.1
    exact = init_pool_parameters("momentum", VALUES, RUN, 3, 500)
    for scale in (0.1, 1.0):
        found = init_pool_parameters("momentum", VALUES, RUN, 3, 500, noise, scale, jax.random.key(1))
        draws = (found["log_k"] - exact["log_k"])[1:]
        assert draws.std() == pytest.approx(scale, rel=0.08)
        assert abs(draws.mean()) < 0.1 * scale
    told = RUN.replaced(optimisation_settings={"noise_scale": 2.0})
    for settings, scale in ((RUN, 0.1), (told, 2.0), ({"chunk_period": 60}, 0.1)):
        found = init_pool_parameters("momentum", VALUES, settings, 3, 500, noise, key=jax.random.key(1))
        assert (found["logit_lamb"] - found["logit_lamb"][0])[1:].std() == pytest.approx(scale, rel=0.08)
    scales = {"log_k": 3.0}
    found = init_pool_parameters(
        "momentum", VALUES, RUN, 3, 500, noise, 0.1, jax.random.key(1), noise_scales=scales
    )
    assert (found["log_k"] - exact["log_k"])[1:].std() == pytest.approx(3.0, rel=0.08)
    assert (found["logit_lamb"] - exact["logit_lamb"])[1:].std() == pytest.approx(0.1, rel=0.08)


def test_points_are_normal_quantiles_of_a_sample_over_all_numbers() -> None:
    exact = init_pool_parameters("min_variance", VALUES, RUN, 3, 6)
    found = init_pool_parameters("min_variance", VALUES, RUN, 3, 6, "centered_lhs", 0.25, seed=4)
    u = sampled("centered_lhs", 5, 6, 4)
    expected = 0.25 * special.ndtri(u)
    np.testing.assert_allclose(
        (found["memory_days_1"] - exact["memory_days_1"])[1:], expected[:, :3], rtol=1e-9
    )
    np.testing.assert_allclose(
        (found["memory_days_2"] - exact["memory_days_2"])[1:], expected[:, 3:], rtol=1e-9
    )


def test_geometry_moves_within_its_range() -> None:
    found = init_pool_parameters("reclamm", VALUES, RUN, 2, 300, "gaussian", 0.2, jax.random.key(0))
    for key in ("price_ratio", "centeredness_margin", "daily_price_shift_base"):
        low, high, *_ = SCHEMA[key].search_range
        assert found[key].min() >= low * (1 - 1e-12)
        assert found[key].max() <= high * (1 + 1e-12)
        assert found[key].std() > 0.1 * (high - low) * 0.2
    assert found["price_ratio"][0, 0] == 4.0
    slightly = init_pool_parameters("reclamm", VALUES, RUN, 2, 300, "gaussian", 0.01, jax.random.key(0))
    assert slightly["daily_price_shift_base"][1:].std() == pytest.approx(0.01 * 9.9e-5, rel=0.15)
    assert np.log(slightly["price_ratio"][1:] / 4.0).std() == pytest.approx(
        0.01 * np.log(100 / 1.1), rel=0.15
    )
    gyro = init_pool_parameters("gyroscope", VALUES, RUN, 2, 3, "gaussian", 0.2, jax.random.key(0))
    assert gyro["phi"].tolist() == [0.5] * 3


def test_bounds_that_are_learned_start_at_those_given() -> None:
    low, high = np.array([0.1, 0.15, 0.05]), np.array([0.6, 0.55, 0.5])
    raw = bounds_start({"min_weights_per_asset": low.tolist(), "max_weights_per_asset": high.tolist()}, 3, 2)
    assert (raw["raw_min_budget"].shape, raw["raw_gap_logits"].shape) == ((2,), (2, 3))
    back = special.expit(raw["raw_min_budget"][0]) * special.softmax(raw["raw_min_logits"][0])
    np.testing.assert_allclose(back, low, rtol=1e-6)
    np.testing.assert_allclose(back + (1 - back) * special.expit(raw["raw_gap_logits"][0]), high, rtol=1e-6)
    default = bounds_start({}, 3, 1)
    assert special.expit(default["raw_min_budget"]).tolist() == [pytest.approx(0.25)]
    assert not default["raw_min_logits"].any()
    found = init_pool_parameters("bounded__momentum", VALUES, RUN, 3, 2)
    assert set(CREATED_BY_BOUNDS) <= set(found)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        ([0.5, 0.5, 0.5], [0.9] * 3, "sums to 1.5"),
        ([0.1] * 3, [0.2] * 3, "max_weights_per_asset sums to 0.6"),
        ([0.4, 0.1, 0.1], [0.3, 0.9, 0.9], "must be below"),
        ([0.1, 0.1], [0.9] * 3, r"must be \(3,\)"),
        ([-0.1, 0.1, 0.1], [0.9] * 3, "at least 0"),
    ],
)
def test_bounds_that_no_weights_keep_are_refused(low: list, high: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        bounds_start({"min_weights_per_asset": low, "max_weights_per_asset": high}, 3, 1)


@pytest.mark.parametrize("method", ["gaussian", "lhs", "centered_lhs", "sobol", "grid"])
def test_members_of_an_ensemble_have_an_axis_after_that_of_sets(method: str) -> None:
    run = RUN.replaced(n_ensemble_members=5, ensemble_init_method=method)
    one = init_pool_parameters("momentum", VALUES, run, 3, 2, "gaussian", 0.1, jax.random.key(1))
    found = init_pool_parameters("ensemble__momentum", VALUES, run, 3, 2, "gaussian", 0.1, jax.random.key(1))
    assert found["initial_weights_logits"].shape == (2, 3)
    for key in ("log_k", "logit_lamb", "logit_delta_lamb"):
        assert found[key].shape == (2, 5, 3)
        np.testing.assert_array_equal(found[key][:, 0], one[key])
        low, high, *_ = schema_of("momentum")[key].search_range
        others = found[key][:, 1:]
        if method == "gaussian":
            assert (others - one[key][:, None]).std() == pytest.approx(0.5, rel=0.5)
        else:
            assert low <= others.min() <= others.max() <= high


def test_members_without_a_range_are_scaled() -> None:
    settings = {"n_ensemble_members": 4, "ensemble_init_method": "centered_lhs", "ensemble_init_scale": 0.5}
    found = ensemble_members({"unlisted": np.full((1, 1), 2.0)}, settings)["unlisted"][0, :, 0]
    assert found[0] == 2.0
    np.testing.assert_allclose(sorted(found[1:]), 2 * (0.5 + np.array([1 / 6, 1 / 2, 5 / 6])))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: init_pool_parameters("momentun", VALUES, RUN, 3), "did you mean 'momentum'"),
        (lambda: init_pool_parameters("momentum", VALUES, RUN, 3, noise="sobl"), "did you mean 'sobol'"),
        (lambda: init_pool_parameters("momentum", VALUES, {}, 3), "chunk_period"),
        (
            lambda: init_pool_parameters("momentum", VALUES, RUN, 3, 2, "lhs", noise_scales={"k": 1.0}),
            "noise_scales = 'k'",
        ),
        (lambda: init_pool_parameters("momentum", VALUES, RUN, 3, 2, "lhs", -1.0), "noise_scale = -1.0"),
        (lambda: init_pool_parameters("momentum", VALUES, RUN, 0), "n_assets = 0"),
        (
            lambda: init_pool_parameters("momentum", VALUES | {"initial_k_per_day": -1}, RUN, 3),
            "initial_k_per_day",
        ),
        (
            lambda: init_pool_parameters("hodl", VALUES | {"initial_weights_logits": [1.0, 2.0]}, RUN, 3),
            "weights_logits",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
    with pytest.raises(TypeError, match=r"^key"):
        init_pool_parameters("momentum", VALUES, RUN, 3, 2, "gaussian")


@pytest.mark.parametrize("rule", QUANTITIES)
def test_d45_filling_adds_only_the_pools_own_parameters(rule: str) -> None:
    filled = fill_in_missing_values_from_init({}, rule, VALUES, RUN, 3, 2)
    assert set(filled) == set(EXPECTED[rule]) | {"subsidary_params"}
    one = fill_in_missing_values_from_init_singleton({}, rule, VALUES, RUN, 3)
    assert set(one) == set(filled)
    for key in EXPECTED[rule]:
        assert one[key].shape == filled[key].shape[1:]


def test_d45_filling_adds_no_second_encoding() -> None:
    given = {"sp_k": np.ones(3), "logit_lamb": None, "other": np.zeros(1)}
    filled = fill_in_missing_values_from_init_singleton(given, "momentum", VALUES, RUN, 3)
    assert set(filled) == {
        "sp_k",
        "logit_lamb",
        "logit_delta_lamb",
        "initial_weights_logits",
        "other",
        "subsidary_params",
    }
    assert filled["sp_k"] is given["sp_k"]
    assert given["logit_lamb"] is None
    two = fill_in_missing_values_from_init_singleton(
        {"k": np.ones(3), "logit_lamb": np.ones(3), "initial_weights": np.ones(3) / 3},
        "difference_momentum",
        VALUES,
        RUN,
        3,
    )
    assert "memory_days_1" not in two
    assert "initial_weights_logits" not in two
    assert "memory_days_2" in two


def test_filled_values_of_a_record_win() -> None:
    given = {"log_k": np.full((2, 3), 9.0), "subsidary_params": [{}]}
    filled = fill_in_missing_values_from_init(given, "momentum", VALUES, RUN, 3, 2)
    assert filled["log_k"].tolist() == [[9.0] * 3] * 2
    assert filled["subsidary_params"] == [{}]
