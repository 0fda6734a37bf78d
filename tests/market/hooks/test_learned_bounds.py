"""Learned bounds: there and back, valid for any raw values, of ensembles, frozen; and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isotherm.market.hooks.bounds import BOUND_KEYS, learned_bounds, raw_bounds

LOW, HIGH = np.array([0.1, 0.15, 0.05]), np.array([0.6, 0.55, 0.5])


def bounds(raw, **options) -> tuple[np.ndarray, np.ndarray]:
    with jax.enable_x64(True):
        low, high = learned_bounds({key: jnp.asarray(value) for key, value in raw.items()}, **options)
        return np.asarray(low), np.asarray(high)


def test_bounds_come_back_and_start_where_asked() -> None:
    raw = raw_bounds(LOW, HIGH)
    assert {key: raw[key].shape for key in BOUND_KEYS} == dict(
        zip(BOUND_KEYS, [(1,), (3,), (3,)], strict=True)
    )
    low, high = bounds(raw)
    np.testing.assert_allclose(low, LOW, atol=1e-8)
    np.testing.assert_allclose(high, HIGH, atol=1e-7)
    np.testing.assert_allclose(
        bounds(raw | {"raw_min_budget": raw["raw_min_budget"][0]}), (low, high), rtol=1e-15
    )


@settings(max_examples=30)
@given(
    budget=st.floats(-6, 6),
    logits=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    gaps=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
)
def test_any_raw_values_give_bounds_that_weights_can_keep(budget, logits, gaps) -> None:
    low, high = bounds({"raw_min_budget": [budget], "raw_min_logits": logits, "raw_gap_logits": gaps})
    assert (low > 0).all()
    assert (low < high).all()
    assert low.sum() < 1
    assert high.sum() > 1 - 1e-6 / low.sum()
    share = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(low, share / (1 + np.exp(-budget)), rtol=1e-12)
    wide = low + (1 - low) / (1 + np.exp(-np.array(gaps)))
    np.testing.assert_allclose(high, wide * max(1.0, 1 / (wide.sum() + 1e-6)), rtol=1e-12)


def test_members_are_averaged_and_frozen_bounds_have_no_slope() -> None:
    one, two = raw_bounds(LOW, HIGH), raw_bounds([0.2, 0.1, 0.1], [0.7, 0.4, 0.9])
    both = {key: np.stack([one[key], two[key]]) for key in one}
    np.testing.assert_allclose(bounds(both), (np.array(bounds(one)) + bounds(two)) / 2, rtol=1e-14)
    flat = both | {"raw_min_budget": both["raw_min_budget"][:, 0]}
    np.testing.assert_allclose(bounds(flat), bounds(both), rtol=1e-15)
    with jax.enable_x64(True):
        raw = {key: jnp.asarray(value) for key, value in one.items()}
        slopes = [
            jax.grad(lambda raw, frozen=frozen: learned_bounds(raw, frozen).high[0])(raw)["raw_gap_logits"]
            for frozen in (False, True)
        ]
    assert float(slopes[0][0]) > 0.01
    assert not slopes[1].any()


def test_what_is_missing_or_does_not_fit_is_named() -> None:
    raw = raw_bounds(LOW, HIGH)
    for key in BOUND_KEYS:
        with pytest.raises(ValueError, match=key):
            learned_bounds({other: value for other, value in raw.items() if other != key})
    with pytest.raises(ValueError, match=r"bounds.shape"):
        bounds(raw | {"raw_gap_logits": raw["raw_gap_logits"][:2]})
    with pytest.raises(ValueError, match=r"bounds.shape"):
        bounds(raw | {"raw_min_budget": [0.0, 0.0]})
    with pytest.raises(
        ValueError, match=r"low\[0\] = 0.7 is not below high\[0\] = 0.6; low sums to 1.2, above 1"
    ):
        raw_bounds([0.7, 0.5], [0.6, 0.9])
