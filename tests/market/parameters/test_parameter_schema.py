"""What pools declare, where first values are looked for, and ranges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.names import CREATED, QUANTITIES
from isotherm.market.parameters.schema import (
    SCHEMA,
    SearchRange,
    initial_value,
    sample_in_range,
    schema_of,
    trainable_keys,
)  # fmt: skip


def test_ranges_are_those_of_the_table() -> None:
    ranges = {
        "log_k": (-6.6, 12), "sp_k": (-1, 100), "logit_lamb": (-4, 8), "logit_delta_lamb": (-5, 5),
        "sp_exponents": (-2, 4), "sp_pre_exp_scaling": (-3, 2), "sp_amplitude": (-3, 4), "sp_width": (-3, 3),
        "initial_weights_logits": (-10, 10),
    }  # fmt: skip
    assert {key: SCHEMA[key].search_range[:2] for key in ranges} == ranges
    assert not SCHEMA["initial_weights_logits"].trainable
    assert all(entry.search_range.low < entry.search_range.high for entry in SCHEMA.values())
    assert all(
        entry.search_range.low <= entry.initial <= entry.search_range.high for entry in SCHEMA.values()
    )
    assert all(entry.search_range.low > 0 for entry in SCHEMA.values() if entry.search_range.log_scale)


@pytest.mark.parametrize("rule", QUANTITIES)
def test_pools_declare_what_their_first_sets_have(rule: str) -> None:
    declared = schema_of(rule)
    assert set(declared) == set(CREATED[rule]) - set(CREATED["gyroscope"])
    assert set(trainable_keys(rule)) == set(declared) - {"initial_weights_logits"}
    assert set(schema_of(f"bounded__{rule}")) - set(declared) == {
        "raw_min_budget",
        "raw_min_logits",
        "raw_gap_logits",
    }


def test_first_values_are_looked_for_in_order() -> None:
    sources = [
        ({"initial_log_k": 1.0, "log_k": 2.0}, {"initial_log_k": 3.0, "log_k": 4.0}, 1.0),
        ({"log_k": 2.0}, {"initial_log_k": 3.0, "log_k": 4.0}, 2.0),
        ({"log_k": None}, {"initial_log_k": 3.0, "log_k": 4.0}, 3.0),
        ({}, {"log_k": 4.0}, 4.0),
        ({}, {}, np.log2(20)),
    ]
    for values, settings, expected in sources:
        assert initial_value("log_k", values, settings) == expected
    with pytest.raises(ValueError, match=r"^logk: this parameter has no initial value"):
        initial_value("logk", {}, {})


@given(st.floats(0, 1), st.floats(1e-3, 10), st.floats(0.1, 100))
def test_points_lie_in_the_range_by_its_scale(u: float, low: float, length: float) -> None:
    high = low + length
    np.testing.assert_allclose(sample_in_range(u, SearchRange(low, high)), low + u * length, rtol=1e-9)
    found = sample_in_range(u, SearchRange(low, high, log_scale=True))
    np.testing.assert_allclose(found, low * (high / low) ** u, rtol=1e-9)


@pytest.mark.parametrize(
    ("u", "ends", "field"),
    [
        (1.5, (0, 1), "u"),
        ([-0.1], (0, 1), "u"),
        (0.5, (1, 1), "search_range"),
        (0.5, (0, 1, True), "low"),
    ],
)
def test_points_and_ranges_that_do_not_fit_are_refused(u: object, ends: tuple, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} = "):
        sample_in_range(u, SearchRange(*ends))
