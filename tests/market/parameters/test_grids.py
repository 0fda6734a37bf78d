"""Grids: order, copies, and what is refused."""

import math

import numpy as np
import pytest

from isotherm.market.parameters.grids import (
    generate_params_combinations,
    log_range_with_zero,
    product_of_arrays,
    product_of_linspaces,
    run_fingerprint_combinations,
)  # fmt: skip


def test_last_key_varies_fastest_and_nothing_is_shared() -> None:
    base = {"c": {"inner": [1]}}
    found = product_of_linspaces(base, {"x": (0.0, 1.0), "y": (5, 7)}, {"x": 2, "y": 3}, {"y": lambda y: -y})
    assert [(one["x"], one["y"]) for one in found] == [(x, -y) for x in (0.0, 1.0) for y in (5.0, 6.0, 7.0)]
    found[0]["c"]["inner"].append(2)
    assert base == {"c": {"inner": [1]}}
    assert found[1]["c"] == {"inner": [1]}
    assert len(product_of_linspaces({}, {"x": (0.0, 1.0)})) == 10
    arrays = product_of_arrays(base, {"u": np.array([1, 2]), "v": [None, "a"]})
    assert [(one["u"], one["v"]) for one in arrays] == [(1, None), (1, "a"), (2, None), (2, "a")]
    arrays[0]["c"]["inner"].append(2)
    assert arrays[1]["c"] == base["c"]
    assert product_of_arrays(base, {}) == [base]


def test_settings_by_default_over_the_frequency_of_arbitrage() -> None:
    found = run_fingerprint_combinations({"fees": 0.1})
    assert [one["arb_frequency"] for one in found] == [
        round(math.exp(x)) for x in np.linspace(0, math.log(100), 10)
    ]
    assert all(type(one["arb_frequency"]) is int and one["fees"] == 0.1 for one in found)
    own = run_fingerprint_combinations({}, {"fees": (0.0, 0.1)}, {"fees": 2})
    assert own == [{"fees": 0.0}, {"fees": 0.1}]
    few = run_fingerprint_combinations({}, num_points={"arb_frequency": 3})
    assert [one["arb_frequency"] for one in few] == [1, 10, 100]


def test_d15_number_of_sets_is_no_argument_and_k_is_a_logarithm_unless_told() -> None:
    params, values = generate_params_combinations({}, 2, (1.0, 4.0), (5.0, 15.0), 1, 1440, 2, 3)
    assert [(one["initial_k_per_day"], one["initial_memory_length"]) for one in values] == [
        (k, m) for k in (1.0, 4.0) for m in (5.0, 10.0, 15.0)
    ]
    assert all("log_k" in one and one["log_k"].shape == (3,) for one in params)
    assert params[3]["log_k"].tolist() == [2.0] * 3
    linear, _ = generate_params_combinations(
        {}, 2, (1.0, 4.0), (5.0, 15.0), num_k=1, num_memory=1, log_for_k=False
    )
    assert linear[0]["k"].tolist() == [1.0, 1.0]
    with pytest.raises(TypeError):
        generate_params_combinations({}, 2, (1.0, 4.0), (5.0, 15.0), n_parameter_sets=0)
    assert len(generate_params_combinations({}, 1, (1.0, 4.0), (5.0, 15.0))[0]) == 100


def test_a_range_of_logarithms_with_nothing() -> None:
    assert log_range_with_zero(0.0) == 0.0
    assert log_range_with_zero(-0.5) == math.exp(-0.5)
    with pytest.raises(ValueError, match=r"^x = nan"):
        log_range_with_zero(float("nan"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (({}, {"x": (0.0, 1.0, 2.0)}), r"^x = .*a first and a last value"),
        (({}, {"x": (0.0, float("inf"))}), r"^x = inf"),
        (({}, {"x": (0.0, 1.0)}, {"x": 0}), r"^num_points\.x = 0"),
        (({}, {"x": (0.0, 1.0)}, {"y": 2}), r"^y = 'y': must have a range"),
        (({}, {"x": (0.0, 1.0)}, None, {"y": abs}), r"^y = 'y': must have a range"),
    ],
)
def test_ranges_that_are_none_are_refused(arguments: tuple, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        product_of_linspaces(*arguments)
