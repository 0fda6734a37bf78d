"""What becomes of numbers, arrays and settings in JSON, and of parameter sets between kinds of arrays."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import encoding

NESTED = [{"log_k": [1.0]}]


def test_numbers_and_arrays_of_every_kind_become_json() -> None:
    given = {
        "int": np.int64(3), "float": np.float32(0.5), "flag": np.bool_(True), "rows": np.arange(4).reshape(2, 2),
        "jax": jnp.ones(2), "tuple": (1, np.float64(2.5)), "none": None, "text": "a", "scalar": jnp.asarray(2),
    }  # fmt: skip
    expected = {
        "int": 3, "float": 0.5, "flag": True, "rows": [[0, 1], [2, 3]], "jax": [1.0, 1.0], "tuple": [1, 2.5],
        "none": None, "text": "a", "scalar": 2,
    }  # fmt: skip
    assert encoding.plain(given) == expected
    assert type(encoding.plain(given)["int"]) is int
    assert json.loads(json.dumps(given, default=encoding.as_json)) == expected


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, np.datetime64("2023-01-01")])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    for convert in (encoding.plain, encoding.as_json, encoding.hashable, encoding.json_line):
        if convert is encoding.hashable and not isinstance(value, set):
            continue
        if convert is encoding.as_json and isinstance(value, np.datetime64):
            continue
        with pytest.raises(TypeError, match=r"should be"):
            convert({"a": value} if convert is not encoding.as_json else value)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), st.lists, max_leaves=6))
def test_lines_hold_no_bare_nan_and_numbers_come_back(value: object) -> None:
    line = encoding.json_line({"a": value})
    assert "\n" not in line
    back = json.loads(line, parse_constant=lambda name: pytest.fail(f"bare {name}"))
    if isinstance(value, float):
        np.testing.assert_equal(encoding.numeric("a", back["a"]), np.float64(value))


def test_numeric_reads_words_and_nothing_else() -> None:
    np.testing.assert_equal(
        encoding.numeric("a", [[1, None], ["inf", "-inf"]]), [[1.0, math.nan], [math.inf, -math.inf]]
    )
    assert encoding.numeric("a", 2).shape == ()
    for wrong in ([[1.0], [1.0, 2.0]], "x", [True], {"a": 1.0}):
        with pytest.raises(ValueError, match=r"^a = .*must be numbers, in rows of equal lengths"):
            encoding.numeric("a", wrong)


def test_equal_settings_hash_equally_and_arrays_are_refused() -> None:
    one, other = {"b": {"y": [1, 2], "x": 0.5}, "a": None}, {"a": None, "b": {"x": 0.5, "y": (1, 2)}}
    assert encoding.hashable(one) == encoding.hashable(other)
    assert hash(encoding.hashable(one)) == hash(encoding.hashable(other))
    assert encoding.hashable(one) != encoding.hashable(one | {"a": 1})
    for array in (np.ones(2), jnp.ones(2), np.float64(1.0)):
        with pytest.raises(TypeError, match=r"no array"):
            encoding.hashable({"a": array})


def test_d07_conversions_leave_what_they_are_given() -> None:
    params = {"log_k": np.array([1.0, 2.0]), "subsidary_params": NESTED}
    kept = dict(params)
    with jax.enable_x64(True):
        to_jax = encoding.dict_of_np_to_jnp(params)
        assert isinstance(to_jax["log_k"], jax.Array)
        assert to_jax["log_k"].dtype == jnp.float64
    back = encoding.dict_of_jnp_to_np(to_jax)
    lists = encoding.dict_of_jnp_to_list(to_jax)
    assert isinstance(back["log_k"], np.ndarray)
    assert lists == {"log_k": [1.0, 2.0], "subsidary_params": NESTED}
    assert params.keys() == kept.keys()
    assert all(params[key] is kept[key] for key in kept)
    for found in (to_jax, back, lists):
        assert found["subsidary_params"] is NESTED
