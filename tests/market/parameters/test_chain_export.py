"""What is exported of each rule, against formulas and back from its strings; what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import effective, host
from isotherm.market.parameters.chain import GRADIENTS, convert_parameter_values, one_set, rebuilt
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import QUANTITIES
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.start import initial_values
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.targets import blend_lambda

RUN = Fingerprint(
    tokens=["A", "B"], chunk_period=60, weight_interpolation_period=30, rotation_angle=0.5, alpha=0.5, beta=2.0,
    lam=3.0, initial_memory_length_delta=5.0, initial_k_per_day=8.0, max_memory_days=30.0,
).with_defaults()  # fmt: skip
LIMITS = {"minimum_weight", "maximum_change", "chunk_period", "weight_interpolation_period"}
RAW = st.lists(st.floats(-3, 3), min_size=2, max_size=2).map(np.array)


def first_set(rule: str) -> dict[str, np.ndarray]:
    """Drawn around the first values, and different for each token."""
    params = init_pool_parameters(rule, initial_values(RUN), RUN, 2, 2, "gaussian", 0.5, jax.random.key(2))
    return {key: value[1] for key, value in params.items() if key != "subsidary_params"}


def days_of(raw: np.ndarray, most: float = 30.0) -> np.ndarray:
    return np.minimum(host.lambda_to_memory_days(host.logistic(raw), 60), most)


EXPECTED = {
    "momentum": {"lamb", "memory_days", "k", "initial_weights"},
    "anti_momentum": {"lamb", "memory_days", "k", "initial_weights"},
    "power_channel": {"lamb", "memory_days", "k", "exponents", "pre_exp_scaling", "initial_weights"},
    "mean_reversion_channel": {
        "lamb", "memory_days", "k", "exponents", "pre_exp_scaling", "width", "amplitude", "initial_weights",
    },
    "triple_threat_mean_reversion_channel": {
        *(f"lamb_{name}" for name in GRADIENTS), "lamb_for_ewma", "memory_days", "k", "exponents", "pre_exp_scaling",
        "width", "amplitude", "initial_weights",
    },
    "difference_momentum": {"k", "lamb_1", "memory_days_1", "lamb_2", "memory_days_2", "initial_weights"},
    "min_variance": {"lamb_1", "memory_days_1", "lamb_2", "memory_days_2", "initial_weights"},
    "index_market_cap": {"lamb", "memory_days", "alt_lamb", "alt_memory_days", "initial_weights"},
    "hodling_index_market_cap": {"lamb", "memory_days", "alt_lamb", "alt_memory_days", "initial_weights"},
    "trad_hodling_index_market_cap": {"lamb", "memory_days", "alt_lamb", "alt_memory_days", "initial_weights"},
    "balancer": {"initial_weights"}, "cow": {"initial_weights"}, "hodl": {"initial_weights"},
    "gyroscope": {"phi", "alpha", "beta", "lam"},
    "reclamm": {"price_ratio", "centeredness_margin", "daily_price_shift_base"},
}  # fmt: skip


@pytest.mark.parametrize("rule", QUANTITIES)
def test_d18_each_rule_exports_all_it_reads_and_comes_back_from_strings(rule: str) -> None:
    found = convert_parameter_values(first_set(rule), RUN.replaced(rule=rule))
    assert set(found["values"]) == EXPECTED[rule] | LIMITS
    assert set(found["strings"]) == set(found["values"])
    back = rebuilt(found["strings"])
    for name, value in found["values"].items():
        assert isinstance(value, list)
        np.testing.assert_allclose(back[name], value, rtol=1e-15)


@given(RAW, RAW, RAW, RAW, RAW, RAW)
def test_d18_squareplus_parameters_are_exported(k, lamb, exponents, scaling, amplitude, width) -> None:
    params = {
        "sp_k": k, "logit_lamb": lamb, "sp_exponents": exponents, "sp_pre_exp_scaling": scaling,
        "sp_amplitude": amplitude, "sp_width": width,
    }  # fmt: skip
    days = days_of(lamb)
    expected = {
        "k": host.squareplus(k) * days, "memory_days": days, "exponents": host.squareplus(exponents),
        "pre_exp_scaling": host.squareplus(scaling), "amplitude": host.squareplus(amplitude) * days,
        "width": host.squareplus(width),
        "lamb": np.minimum(host.logistic(lamb), host.memory_days_to_lambda(30.0, 60)),
    }  # fmt: skip
    for rule in (None, "mean_reversion_channel"):
        settings = {key: value for key, value in RUN.items() if key != "rule"} | (
            {"rule": rule} if rule else {}
        )
        found = convert_parameter_values(params, settings)["values"]
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12)
    clipped = convert_parameter_values(params, RUN.replaced(rule="power_channel"))["values"]
    np.testing.assert_allclose(clipped["exponents"], np.maximum(host.squareplus(exponents), 1.0), rtol=1e-12)
    assert "width" not in clipped


def test_d18_lambda_is_capped_and_k_per_day_of_the_cap() -> None:
    params = {"log_k": [1.0, 1.0], "logit_lamb": [20.0, 1.0]}
    found = convert_parameter_values(params, {"chunk_period": 60}, max_memory_days=5.0)["values"]
    np.testing.assert_allclose(
        found["lamb"], [host.memory_days_to_lambda(5.0, 60), host.logistic(1.0)], rtol=1e-12
    )
    assert found["memory_days"][0] == 5.0
    assert found["k"][0] == 10.0
    default = convert_parameter_values(params, {"chunk_period": 60})["values"]
    assert default["memory_days"][0] == 365.0
    given = convert_parameter_values(params, {"chunk_period": 60, "max_memory_days": 7})["values"]
    assert given["memory_days"][0] == 7.0


def test_d18_days_that_are_parameters_are_exported() -> None:
    params = {"k": [2.0, 3.0], "memory_days_1": [10.0, 50.0], "memory_days_2": [20.0, -1.0]}
    for settings in ({"chunk_period": 60, "max_memory_days": 30.0}, RUN.replaced(rule="difference_momentum")):
        found = convert_parameter_values(params, settings)["values"]
        np.testing.assert_allclose(found["lamb_1"], host.memory_days_to_lambda([10.0, 30.0], 60), rtol=1e-12)
        np.testing.assert_allclose(found["lamb_2"], host.memory_days_to_lambda([20.0, 0.0], 60), rtol=1e-12)
        assert found["memory_days_1"] == [10.0, 50.0]
        assert found["memory_days_2"] == [20.0, 0.0]
        assert found["k"] == [40.0, 150.0]
        assert "lamb" not in found


def test_two_memories_in_their_other_encoding() -> None:
    params = {"k": [2.0], "logit_lamb": [1.0, 2.0], "logit_delta_lamb": [0.5, 9.0]}
    found = convert_parameter_values(params, RUN.replaced(rule="difference_momentum"))["values"]
    assert found["lamb_1"] == found["lamb"]
    np.testing.assert_allclose(found["memory_days_2"], days_of(np.array([1.5, 11.0])), rtol=1e-12)
    np.testing.assert_allclose(found["k"], 2 * days_of(np.array([1.0, 2.0])), rtol=1e-12)


def test_a_second_memory_is_exported_where_it_is_used() -> None:
    params = {"k": [2.0], "logit_lamb": [1.0, 2.0], "logit_delta_lamb": [0.5, -0.5]}
    run = RUN.replaced(rule="momentum")
    assert "alt_lamb" not in convert_parameter_values(params, run)["values"]
    found = convert_parameter_values(params, run.replaced(use_alt_lamb=True))["values"]
    np.testing.assert_allclose(found["alt_lamb"], host.logistic([1.5, 1.5]), rtol=1e-12)
    np.testing.assert_allclose(found["alt_memory_days"], days_of(np.array([1.5, 1.5])), rtol=1e-12)


@pytest.mark.parametrize("rule", ["index_market_cap", "trad_hodling_index_market_cap"])
@pytest.mark.parametrize("lambdas", [{}, {"logit_lamb": [0.0], "logit_delta_lamb": [1.0]}])
def test_an_index_exports_the_memory_that_it_plays_with(rule: str, lambdas: dict) -> None:
    """Days, where they are given, whatever decays stand beside them; the cap holds for the decay."""
    params = lambdas | {"memory_days_2": [4.0, 50.0]}
    found = convert_parameter_values(params, RUN.replaced(rule=rule))["values"]
    settings = RuleSettings(chunk_period=60, weight_interpolation_period=30, max_memory_days=30.0)
    with jax.enable_x64(True):
        arrays = {key: jnp.asarray(value) for key, value in params.items()}
        played = blend_lambda(arrays, 2, settings)
    np.testing.assert_allclose(found["alt_lamb"], played, rtol=1e-12)
    np.testing.assert_allclose(found["alt_lamb"], host.memory_days_to_lambda([4.0, 30.0], 60), rtol=1e-12)
    assert found["alt_memory_days"] == [4.0, 50.0]


def test_rules_of_targets_export_the_mixture_of_encodings_that_they_play_with() -> None:
    run = RUN.replaced(rule="min_variance")
    logits = {"logit_lamb": [1.0], "logit_delta_lamb": [0.5]}
    days, decay = host.memory_days_to_lambda([4.0], 60), host.logistic([1.0])
    first = convert_parameter_values(logits | {"memory_days_1": [4.0]}, run)["values"]
    np.testing.assert_allclose(
        first["lamb_1"] + first["lamb_2"], np.append(days, host.logistic([1.5])), rtol=1e-12
    )
    second = convert_parameter_values(logits | {"memory_days_2": [4.0]}, run)["values"]
    np.testing.assert_allclose(second["lamb_1"] + second["lamb_2"], np.append(decay, days), rtol=1e-12)
    np.testing.assert_allclose(second["memory_days_1"], days_of(np.array([1.0])), rtol=1e-12)


def test_absolute_k_needs_no_memory() -> None:
    found = convert_parameter_values({"absolute_k": [3.0], "k": [1.0]}, {"chunk_period": 60})["values"]
    assert found["k"] == [3.0]
    with_memory = {"absolute_k": [3.0], "logit_lamb": [0.0]}
    assert convert_parameter_values(with_memory, {"chunk_period": 60})["values"]["k"] == [3.0]


def test_three_memories() -> None:
    rows = np.array([[0.0, 0.1], [1.0, 1.1], [9.0, 2.1]])
    params = {
        "log_k": [1.0, 2.0], "logit_lamb": rows, "logit_lamb_for_ewma": [2.0, 3.0], "raw_width": [0.0, 1.0],
        "log_amplitude": [0.0, 1.0], "raw_exponents": [0.0, 0.0], "raw_pre_exp_scaling": [0.0, -1.0],
    }  # fmt: skip
    days, most = days_of(np.array([2.0, 3.0])), host.memory_days_to_lambda(30.0, 60)
    for settings in (
        RUN.replaced(rule="triple_threat_mean_reversion_channel"),
        {"chunk_period": 60, "max_memory_days": 30},
    ):
        found = convert_parameter_values(params, settings)["values"]
        for name, row in zip(GRADIENTS, rows, strict=True):
            np.testing.assert_allclose(
                found[f"lamb_{name}"], np.minimum(host.logistic(row), most), rtol=1e-12
            )
        np.testing.assert_allclose(found["k"], np.exp2([1.0, 2.0]) * days, rtol=1e-12)
        np.testing.assert_allclose(found["amplitude"], np.exp2([0.0, 1.0]) * days, rtol=1e-12)
        np.testing.assert_allclose(found["lamb_for_ewma"], host.logistic([2.0, 3.0]), rtol=1e-12)
        assert found["pre_exp_scaling"] == [1.0, 0.5]


def test_d45_foreign_parameters_are_not_exported() -> None:
    params = {
        "k": [1.0],
        "memory_days_1": [1.0],
        "memory_days_2": [2.0],
        "raw_width": [1.0],
        "log_amplitude": [1.0],
    }
    found = convert_parameter_values(params, RUN.replaced(rule="difference_momentum"))["values"]
    assert {"width", "amplitude"}.isdisjoint(found)
    assert "width" in convert_parameter_values(params, {"chunk_period": 60})["values"]


def test_d48_one_set_is_exported_and_chosen_by_name() -> None:
    two = {"k": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "logit_lamb": np.zeros((2, 3))}
    with pytest.raises(
        ValueError, match=r"^k\.shape = \(2, 3\): holds several parameter sets; choose one"
    ) as caught:
        convert_parameter_values(two, {"chunk_period": 60})
    assert "\n" not in str(caught.value)
    days = host.lambda_to_memory_days(0.5, 60)
    found = convert_parameter_values(two, {"chunk_period": 60}, parameter_set=1)["values"]
    np.testing.assert_allclose(found["k"], np.array([4.0, 5.0, 6.0]) * days)
    single = {"k": np.ones((1, 3)), "logit_lamb": np.zeros((1, 3))}
    assert len(convert_parameter_values(single, {"chunk_period": 60})["values"]["k"]) == 3
    with pytest.raises(ValueError, match=r"^parameter_set = 2: must be below 2"):
        convert_parameter_values(two, {"chunk_period": 60}, parameter_set=2)
    with pytest.raises(ValueError, match=r"members of an ensemble; export each by itself"):
        convert_parameter_values({"k": np.ones((1, 2, 3))}, {"chunk_period": 60})
    with pytest.raises(ValueError, match=r"^k\.shape = \(2, 3\): has members"):
        one_set(two, "ensemble__momentum", 0)
    rows = one_set({"logit_lamb": np.zeros((2, 3, 4)), "logit_lamb_for_ewma": np.zeros((2, 4))}, None, 1)
    assert rows["logit_lamb"].shape == (3, 4)
    scalar = one_set({"alpha": np.ones(2), "k": 3.0, "subsidary_params": [], "log_k": None}, "gyroscope", 0)
    assert {key: value.shape for key, value in scalar.items()} == {"alpha": (), "k": (1,)}


def test_guardrails_weights_and_state_go_along() -> None:
    state = {"ewma": np.array([30000.0, 1.5]), "running_a": np.array([-12.5, 0.25]), "rows": np.ones((2, 2))}
    found = convert_parameter_values(
        first_set("momentum"), RUN.replaced(rule="momentum"), final_weights=[0.25, 0.75], state=state
    )
    values, strings = found["values"], found["strings"]
    assert values["minimum_weight"] == [0.05]
    assert values["maximum_change"] == [3e-4]
    assert strings["maximum_change"] == ["300000000000000"]
    assert (values["chunk_period"], values["weight_interpolation_period"]) == ([60.0], [30.0])
    assert values["final_weights"] == [0.25, 0.75]
    assert strings["running_a"] == ["-12500000000000000000", "250000000000000000"]
    assert strings["rows"] == [["1000000000000000000"] * 2] * 2
    back = rebuilt(strings)
    np.testing.assert_array_equal(back["ewma"], state["ewma"])
    assert back["rows"].shape == (2, 2)
    floor = convert_parameter_values({}, {"chunk_period": 60, "minimum_weight": 0.02})["values"]
    assert floor["minimum_weight"] == [0.02]
    assert floor["weight_interpolation_period"] == [60.0]


@pytest.mark.parametrize(
    ("params", "options", "says"),
    [
        ({"logit_lamb": [0.0]}, {"rule": "momentum"}, "must have one of these parameters: sp_k"),
        ({"k": [1.0]}, {"rule": "momentum"}, "logit_lamb"),
        ({"k": [1.0]}, {"rule": "difference_momentum"}, "memory_days_1"),
        ({"memory_days_1": [1.0]}, {"rule": "min_variance"}, "memory_days_2"),
        ({"log_k": [1.0]}, {"rule": "gyroscope"}, "must have this parameter: phi"),
        ({"price_ratio": [4.0]}, {"rule": "reclamm"}, "must have this parameter: centeredness_margin"),
        ({"k": [1.0]}, {}, "must have a memory"),
        ({"absolute_k": [1.0], "log_k": [1.0]}, {}, "must have a memory"),
        ({"absolute_k": [1.0], "log_amplitude": [1.0]}, {}, "must have a memory"),
        (
            {"logit_lamb": [0.0, 0.0, 0.0], "k": [1.0, 2.0]},
            {},
            r"k\.shape = \(2,\): must be \(3,\) or \(1,\)",
        ),
        ({"logit_lamb": [0.0, 0.0, 0.0]}, {"tokens": ["A", "B"]}, r"must be \(2,\) or \(1,\)"),
        ({"logit_lamb": [float("nan")]}, {}, "logit_lamb = nan"),
        ({"logit_lamb": [0.0], "k": [1e60]}, {}, r"k\[0\] = .*below 2\*\*255"),
        ({"logit_lamb": [0.0] * 3}, {"minimum_weight": 0.4, "tokens": ["A", "B"]}, "must be"),
        ({"logit_lamb": [0.0] * 3}, {"minimum_weight": 0.33, "max_memory_days": -1}, "max_memory_days = -1"),
        ({"logit_lamb": [0.0] * 4}, {"minimum_weight": 0.3}, "minimum_weight = 0.3"),
    ],
)
def test_what_cannot_be_exported_is_refused(params: dict, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        convert_parameter_values(params, {"chunk_period": 60, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([0.5, 0.4], "must sum to 1, not to 0.9"),
        ([1.0], r"must be \(2,\)"),
        ([1.5, -0.5], "above 0"),
        ([[0.5, 0.5]], "shape"),
    ],
)
def test_weights_that_are_none_are_refused(weights: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convert_parameter_values({"logit_lamb": [0.0, 0.0]}, {"chunk_period": 60}, final_weights=weights)
    with pytest.raises(ValueError, match=r"^state = 'lamb': is the name of something else"):
        convert_parameter_values({"logit_lamb": [0.0]}, {"chunk_period": 60}, state={"lamb": [1.0]})


def test_values_are_those_that_rules_compute() -> None:
    params = first_set("mean_reversion_channel")
    found = convert_parameter_values(params, RUN.replaced(rule="mean_reversion_channel"))["values"]
    with jax.enable_x64(True):
        arrays = {key: jnp.asarray(value) for key, value in params.items()}
        days = effective.calc_memory_days(arrays, 60, 30.0)
        assert found["k"] == effective.calc_k(arrays, days).tolist()
        assert found["amplitude"] == effective.calc_amplitude(arrays, days).tolist()
        assert found["initial_weights"] == effective.calc_initial_weights(arrays).tolist()
        assert found["pre_exp_scaling"] == effective.calc_pre_exp_scaling(arrays).tolist()
    unused = RUN.replaced(rule="power_channel", use_pre_exp_scaling=False)
    assert convert_parameter_values(first_set("power_channel"), unused)["values"]["pre_exp_scaling"] == [0.5]
