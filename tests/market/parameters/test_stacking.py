"""Parameter sets put together and taken apart, nested ones too; axes for vmap."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.stacking import (
    combine_param_combinations,
    make_vmap_in_axes,
    split_param_combinations,
)  # fmt: skip


def single(seed: int, depth: int = 2) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    nested = [single(seed + 10 * (i + 1), depth - 1) for i in range(2)] if depth else []
    return {
        "log_k": rng.normal(size=3), "rows": rng.normal(size=(2, 3)), "price_ratio": np.asarray(rng.normal()),
        "subsidary_params": nested, "rule_outputs_dict": {"a": rng.normal(size=2)}, "none": None,
    }  # fmt: skip


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif expected is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, expected)


@given(st.integers(1, 7), st.integers(1, 4))
def test_d16_d47_nested_sets_come_back(count: int, sets: int) -> None:
    every = [single(seed) for seed in range(count)]
    combined = combine_param_combinations(every, sets)
    assert len(combined) == -(-count // sets)
    assert combined[0]["log_k"].shape == (min(sets, count), 3)
    assert combined[0]["subsidary_params"][1]["rows"].shape == (min(sets, count), 2, 3)
    assert_same(split_param_combinations(combined), every)


def test_d16_an_empty_nested_list_stays_empty() -> None:
    found = split_param_combinations([{"log_k": np.ones((2, 3)), "subsidary_params": []}])
    assert [one["subsidary_params"] for one in found] == [[], []]
    combined = combine_param_combinations([{"log_k": np.ones(3), "subsidary_params": []}], 3)
    assert combined[0]["subsidary_params"] == []


def test_arrays_stay_of_their_kind() -> None:
    combined = combine_param_combinations([{"k": jnp.ones(2)}, {"k": jnp.zeros(2)}], 2)
    assert isinstance(combined[0]["k"], jax.Array)
    lists = combine_param_combinations([{"k": [1.0, 2.0]}, {"k": [3.0, 4.0]}], 2)
    assert lists[0]["k"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([{"a": np.ones(2)}, {"b": np.ones(2)}], r"^params = .*must have the keys of the first, a"),
        ([{"a": np.ones(2)}, {"a": np.ones(3)}], r"^a\.shape"),
        ([{"s": [{"a": 1.0}]}, {"s": []}], r"^s = 1: must hold as many sets"),
        ([{"s": [{"a": 1.0}]}, {"s": [{"b": 1.0}]}], r"^s\[0\] = "),
    ],
)
def test_sets_that_do_not_match_are_refused(sets: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        combine_param_combinations(sets, 2)
    with pytest.raises(ValueError, match=r"^sets = 0"):
        combine_param_combinations(sets, 0)


def test_groups_of_unequal_lengths_are_refused() -> None:
    for other in (np.ones((3, 2)), np.asarray(1.0)):
        with pytest.raises(ValueError, match=r"^b\.shape = .*leading axis of 2 sets"):
            split_param_combinations([{"a": np.ones((2, 2)), "b": other}])
    assert split_param_combinations([]) == []


def test_axes_of_a_strategy_pool_map_its_sets() -> None:
    params = {"log_k": jnp.ones((4, 3)), "k": jnp.ones((4, 3)), "subsidary_params": []}
    axes = make_vmap_in_axes(params, unmapped_keys=["subsidary_params"])
    assert axes == {"log_k": 0, "k": 0, "subsidary_params": None}
    found = jax.vmap(lambda one: one["log_k"].sum(), in_axes=(axes,))(params)
    assert found.shape == (4,)
    assert make_vmap_in_axes(params, 1)["k"] == 1


def test_axes_of_nested_sets_are_separate_copies() -> None:
    params = {"k": 0, "subsidary_params": []}
    axes = make_vmap_in_axes(params, recurse_keys=["subsidary_params"], n_repeats=2)
    assert axes == {"k": 0, "subsidary_params": [{"k": 0, "subsidary_params": None}] * 2}
    axes["subsidary_params"][0]["k"] = 9
    assert axes["subsidary_params"][1]["k"] == 0
    assert make_vmap_in_axes(params, recurse_keys=["subsidary_params"])["subsidary_params"] == []
