"""First parameters from initial values: formulas, shapes, noise, and what is refused."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import host, start
from isotherm.market.parameters.fingerprint import Fingerprint

VALUES = {
    "initial_k_per_day": 20, "initial_memory_length": 10.0, "initial_memory_length_delta": 5.0,
    "initial_weights_logits": 1.0, "initial_log_amplitude": -1.0, "initial_raw_width": 0.5,
    "initial_raw_exponents": 0.25, "initial_pre_exp_scaling": 0.2,
}  # fmt: skip
KEY = jax.random.key(5)


def test_one_set_by_the_formulas() -> None:
    found = start.init_params_singleton(VALUES, 2, n_subsidary_rules=1, chunk_period=240)
    first, second = (np.log(x / (1 - x)) for x in host.memory_days_to_lambda([10.0, 15.0], 240))
    expected = {
        "log_k": np.log2(20), "logit_lamb": first, "logit_delta_lamb": second - first, "initial_weights_logits": 1.0,
        "log_amplitude": -1.0, "raw_width": 0.5, "raw_exponents": 0.25, "logit_pre_exp_scaling": np.log(0.2 / 0.8),
    }  # fmt: skip
    assert found.pop("subsidary_params") == []
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key].shape == ((1, 3) if key == "logit_pre_exp_scaling" else (3,))
        np.testing.assert_allclose(found[key], value, rtol=1e-9)
    assert start.init_params_singleton(VALUES, 2, log_for_k=False)["k"].tolist() == [20.0, 20.0]


def test_absent_values_are_zero_or_a_half() -> None:
    found = start.init_params_singleton(
        {"initial_k_per_day": 1, "initial_memory_length": 10, "initial_raw_width": None}, 2
    )
    for key in (
        "log_k",
        "logit_delta_lamb",
        "initial_weights_logits",
        "log_amplitude",
        "raw_width",
        "raw_exponents",
    ):
        assert found[key].tolist() == [0.0, 0.0]
    assert found["logit_pre_exp_scaling"].tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("logits", [[0.1, 0.2, 0.3], np.array([0.1, 0.2, 0.3]), (0.1, 0.2, 0.3)])
def test_d08_logits_of_weights_are_one_a_member_in_any_container(logits: object) -> None:
    values = VALUES | {"initial_weights_logits": logits}
    assert start.init_params_singleton(values, 3)["initial_weights_logits"].tolist() == [0.1, 0.2, 0.3]
    several = start.init_params(values, 3, n_parameter_sets=2, noise="none")
    assert several["initial_weights_logits"].tolist() == [[0.1, 0.2, 0.3]] * 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"initial_pre_exp_scaling": 1.0}, "initial_pre_exp_scaling"),
        ({"initial_pre_exp_scaling": 0.0}, "initial_pre_exp_scaling"),
        ({"initial_memory_length": 0.0}, "initial_memory_length"),
        ({"initial_memory_length_delta": -10.0}, r"initial_memory_length \+ initial_memory_length_delta"),
        ({"initial_k_per_day": 0}, "initial_k_per_day"),
        ({"initial_weights_logits": [0.1, 0.2]}, "initial_weights_logits.shape"),
        ({"initial_weights_logits": float("nan")}, "initial_weights_logits"),
        ({"initial_memory_length": None}, "initial_memory_length"),
    ],
)
def test_bad_values_are_refused_by_name(change: dict, field: str) -> None:
    for make in (start.init_params, start.init_params_singleton):
        with pytest.raises(ValueError, match=f"^{field}[ :]"):
            make(VALUES | change, 3)


def test_every_value_is_needed_for_several_sets() -> None:
    for key in VALUES:
        with pytest.raises(ValueError, match=f"^{key}: this initial value is required"):
            start.init_params({k: v for k, v in VALUES.items() if k != key}, 3)
    with pytest.raises(ValueError, match=r"^noise = 'gausian': is unknown; did you mean 'gaussian'"):
        start.init_params(VALUES, 3, noise="gausian")
    with pytest.raises(TypeError, match=r"^key"):
        start.init_params(VALUES, 3, n_parameter_sets=2)
    assert start.init_params(VALUES, 3)["log_k"].shape == (1, 3)


def test_noise_is_normal_in_all_but_the_first_set_and_of_its_own_stream() -> None:
    exact = start.init_params(VALUES, 3, n_parameter_sets=400, noise="none")
    found = start.init_params(VALUES, 3, n_parameter_sets=400, key=KEY)
    again = start.init_params(VALUES, 3, n_parameter_sets=400, key=KEY)
    other = start.init_params(VALUES, 3, n_parameter_sets=400, key=jax.random.key(6))
    draws = []
    for key in exact.keys() - {"subsidary_params"}:
        assert found[key].dtype == np.float64
        np.testing.assert_array_equal(found[key][0], exact[key][0])
        np.testing.assert_array_equal(found[key], again[key])
        assert not np.array_equal(found[key], other[key])
        draws.append((found[key] - exact[key])[1:].ravel())
        assert abs(draws[-1].mean()) < 4 / np.sqrt(draws[-1].size)
        assert abs(draws[-1].std() - 1) < 4 / np.sqrt(2 * draws[-1].size)
    assert np.abs(np.corrcoef(draws) - np.eye(len(draws))).max() < 0.15


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3))
def test_values_of_every_allowed_shape(n: int, sets: int, kind: int) -> None:
    one = np.arange(1.0, n + 1)
    shaped = [2.0, one, np.outer(np.arange(1.0, sets + 1), one), np.array([[3.0]])][kind]
    expected = [np.full((sets, n), 2.0), np.tile(one, (sets, 1)), shaped, np.full((sets, n), 3.0)][kind]
    found = start.process_initial_values({"x": shaped}, "x", n, sets)
    np.testing.assert_array_equal(found, expected)
    listed = shaped.tolist() if isinstance(shaped, np.ndarray) else shaped
    np.testing.assert_array_equal(start.process_initial_values({"x": listed}, "x", n, sets), expected)
    scalar = start.process_initial_values({"x": shaped}, "x", n, sets, force_scalar=True)
    assert scalar.shape == (sets, *np.shape(shaped))
    np.testing.assert_array_equal(scalar, np.broadcast_to(shaped, scalar.shape))


def test_d10_one_row_and_one_number_keep_two_axes() -> None:
    assert start.process_initial_values({"x": [[1.0, 2.0]]}, "x", 2, 1).tolist() == [[1.0, 2.0]]
    assert start.process_initial_values({"x": [5.0]}, "x", 3, 2).shape == (2, 3)
    # a square is sets by tokens, not rows repeated
    assert start.process_initial_values({"x": [[1.0, 2.0], [3.0, 4.0]]}, "x", 2, 2).tolist() == [
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize(
    "value", [[1.0, 2.0, 3.0, 4.0], [[1.0, 2.0, 3.0]] * 4, "x", None, [], [True], [1.0, [2.0]]]
)
def test_values_of_other_shapes_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^x"):
        start.process_initial_values({"x": value}, "x", 3, 2)
    with pytest.raises(ValueError, match=r"^y: this initial value is required"):
        start.process_initial_values({"x": value}, "y", 3, 2)


def test_found_values_are_copies() -> None:
    given = np.ones((2, 3))
    start.process_initial_values({"x": given}, "x", 3, 2)[:] = 0
    assert given.all()


def test_initial_values_of_settings() -> None:
    run = Fingerprint(
        alpha=0.5, initial_k_per_day=3, learnable_bounds_settings={"min_weights_per_asset": [0.1, 0.2, 0.3]}
    ).with_defaults()
    found = start.initial_values(run)
    assert found["initial_k_per_day"] == 3
    assert found["alpha"] == 0.5
    assert found["min_weights_per_asset"] == [0.1, 0.2, 0.3]
    assert "initial_pool_value" not in found
    assert "beta" not in found
    assert set(start.INITIAL_KEYS) <= set(found)


def test_pool_of_pools_gets_parameters_of_each() -> None:
    own = {"log_k": np.ones(2), "subsidary_params": ["old"]}
    subs = [
        {"tokens": ["A", "B", "C"], "initial_memory_length": 5.0, "initial_k_per_day": 2.0},
        {"tokens": ["A", "B"], "initial_memory_length": 50.0, "initial_k_per_day": 8.0},
    ]
    found = start.make_composite_run_params(own, subs, VALUES, 3, KEY)
    found["log_k"][:] = 7
    assert own["log_k"].tolist() == [1.0, 1.0]
    one, two = found["subsidary_params"]
    assert (one["log_k"].shape, two["log_k"].shape) == ((3, 3), (3, 2))
    assert one["log_k"][0].tolist() == [1.0] * 3
    assert two["log_k"][0].tolist() == [3.0] * 2
    np.testing.assert_allclose(two["logit_lamb"][0], host.memory_days_to_logit_lambda(50.0, 60))
    assert not np.allclose(one["log_k"][1, :2] - 1, two["log_k"][1] - 3)
    with pytest.raises(ValueError, match=r"^initial_k_per_day: this initial value is required"):
        start.make_composite_run_params(own, [{"tokens": ["A"], "initial_memory_length": 1.0}], VALUES)
