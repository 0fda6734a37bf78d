"""Days of memory and decays: exact values, both ways, in two precisions, and their slopes."""

import decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import host, memory

DAYS = (1e-6, 0.01, 0.5, 10.0, 100.0, 365.0, 1e5)
PERIODS = (1, 60, 240, 1440)


def exact_rest(days: float, period: float) -> float:
    """``1 - lambda`` by bisection in 60 digits."""
    with decimal.localcontext() as context:
        context.prec = 60
        s = (decimal.Decimal(days) * 720 / decimal.Decimal(period)) ** 3 / 6
        low, high = decimal.Decimal(0), decimal.Decimal(1)
        for _ in range(190):
            middle = (low + high) / 2
            low, high = (middle, high) if s * middle**3 + middle < 1 else (low, middle)
        return float(low)


@pytest.mark.parametrize("period", PERIODS)
def test_d02_decays_are_exact_however_long_the_memory(period: int) -> None:
    rests = np.array([exact_rest(days, period) for days in DAYS])
    found = host.memory_days_to_lambda(DAYS, period)
    np.testing.assert_allclose(1 - found, rests, rtol=1e-12, atol=2e-16)
    logits = host.memory_days_to_logit_lambda(DAYS, period)
    np.testing.assert_allclose(1 / (1 + np.exp(logits)), rests, rtol=1e-13)
    with jax.enable_x64(True):
        days = jnp.asarray(DAYS)
        np.testing.assert_allclose(memory.memory_days_to_lambda(days, period), found, rtol=1e-14)
        np.testing.assert_allclose(
            memory.memory_days_to_logit_lambda(days, period), logits, rtol=1e-13, atol=1e-14
        )


@pytest.mark.parametrize("period", PERIODS)
def test_d02_single_precision_is_right_too(period: int) -> None:
    """The radical form gives -inf at (20 d, 60), 1.0233 at (365 d, 1440)."""
    days = np.array([0.01, 1.0, 20.0, 365.0, 2000.0])
    found = memory.memory_days_to_lambda(jnp.asarray(days, jnp.float32), period)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, host.memory_days_to_lambda(days, period), rtol=2e-6, atol=6e-8)
    assert (np.asarray(found) < 1).all()
    logits = memory.memory_days_to_logit_lambda(jnp.asarray(days, jnp.float32), period)
    np.testing.assert_allclose(logits, host.memory_days_to_logit_lambda(days, period), rtol=2e-6, atol=2e-6)


@given(st.floats(0.01, 1e4), st.sampled_from(PERIODS))
def test_days_go_to_a_decay_and_back(days: float, period: int) -> None:
    decay = host.memory_days_to_lambda(days, period)
    # the decay itself has 1e-16, of which little is left of what it lacks to 1
    rtol = 4e-15 + 4e-16 / (1 - decay)
    np.testing.assert_allclose(host.lambda_to_memory_days(decay, period), days, rtol=rtol)
    assert 0 <= decay < 1


@given(st.floats(0.01, 1000.0), st.floats(1.0001, 2.0))
def test_longer_memories_have_larger_decays(days: float, factor: float) -> None:
    assert host.memory_days_to_lambda(days * factor, 60) > host.memory_days_to_lambda(days, 60)
    assert host.memory_days_to_lambda(days, 120) < host.memory_days_to_lambda(days, 60)


def test_no_memory_is_no_decay_exactly() -> None:
    assert host.memory_days_to_lambda(0.0, 60) == 0.0
    assert float(memory.memory_days_to_lambda(0.0, 60)) == 0.0
    assert float(memory.lambda_to_memory_days(0.0, 60)) == 0.0
    assert float(memory.memory_days_to_logit_lambda(0.0, 60)) == -np.inf
    slope = jax.grad(lambda decay: memory.lambda_to_memory(decay))(0.0)
    assert float(slope) == 0.0


def test_unitless_memory_is_the_textbook_formula() -> None:
    decay = np.array([0.1, 0.5, 0.9, 0.985])
    expected = 4 * np.cbrt(6 * decay / (1 - decay) ** 3)
    np.testing.assert_allclose(host.lambda_to_memory(decay), expected, rtol=1e-13)
    np.testing.assert_allclose(host.lambda_to_memory_days(decay, 60), expected * 60 / 2880, rtol=1e-13)
    np.testing.assert_allclose(memory.lambda_to_memory(jnp.asarray(decay)), expected, rtol=2e-5)
    clipped = host.lambda_to_memory_days_clipped(decay, 60, 5.0)
    np.testing.assert_allclose(clipped, np.minimum(expected * 60 / 2880, 5.0), rtol=1e-13)
    np.testing.assert_allclose(
        memory.lambda_to_memory_days_clipped(jnp.asarray(decay), 60, 5.0), clipped, rtol=2e-5
    )


def test_raw_form_of_a_decay_is_its_logit() -> None:
    raw = np.array([-5.0, 0.0, 3.0])
    np.testing.assert_allclose(host.logit_lambda_to_lambda(raw), 1 / (1 + np.exp(-raw)))
    np.testing.assert_allclose(
        memory.logit_lambda_to_lambda(jnp.asarray(raw)), 1 / (1 + np.exp(-raw)), rtol=1e-6
    )


def test_arrays_broadcast() -> None:
    days, periods = np.array([[1.0], [10.0]]), np.array([60.0, 1440.0, 1.0])
    found = host.memory_days_to_lambda(days, periods)
    assert found.shape == (2, 3)
    assert found[1, 1] == host.memory_days_to_lambda(10.0, 1440)


def test_slopes_follow_from_the_equation() -> None:
    r"""``d logit / d ln m = 3 / (1 + 2 lambda)``, and of the second order by differences."""
    with jax.enable_x64(True):
        days = jnp.asarray([1e-4, 0.1, 10.0, 365.0, 1e5])
        decay = host.memory_days_to_lambda(np.asarray(days), 60)
        logit_slope = jax.vmap(jax.grad(lambda m: memory.memory_days_to_logit_lambda(m, 60)))(days)
        np.testing.assert_allclose(logit_slope * days, 3 / (1 + 2 * decay), rtol=1e-12)
        slope = jax.vmap(jax.grad(lambda m: memory.memory_days_to_lambda(m, 60)))
        rest = np.array([exact_rest(float(m), 60) for m in days])
        np.testing.assert_allclose(slope(days) * days, 3 * decay * rest / (1 + 2 * decay), rtol=1e-11)
        curvature = jax.vmap(jax.grad(jax.grad(lambda m: memory.memory_days_to_lambda(m, 60))))(days)
        h = days * 1e-5
        np.testing.assert_allclose(curvature, (slope(days + h) - slope(days - h)) / (2 * h), rtol=1e-6)


def test_clipped_memory_has_no_slope_beyond_and_never_nan() -> None:
    def days(raw: jax.Array) -> jax.Array:
        return memory.lambda_to_memory_days_clipped(memory.logit_lambda_to_lambda(raw), 60, 365.0)

    for raw in (9.0, 20.0, 40.0, 800.0):
        value, slope = jax.value_and_grad(days)(raw)
        assert (float(value), float(slope)) == (365.0, 0.0)
    assert float(jax.grad(days)(3.0)) > 0
    assert float(days(-200.0)) == pytest.approx(0.0, abs=1e-25)
    assert np.isfinite(jax.grad(days)(-200.0))


def test_one_program_serves_every_value() -> None:
    count = 0

    @jax.jit
    def decay(days: jax.Array, period: jax.Array) -> jax.Array:
        nonlocal count
        count += 1
        return memory.memory_days_to_lambda(days, period)

    for days in (1.0, 2.0, 3.0):
        decay(jnp.asarray(days), jnp.asarray(60.0))
    assert count == 1


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: host.memory_days_to_lambda(-1.0, 60), "memory_days"),
        (lambda: host.memory_days_to_lambda(1.0, 0), "chunk_period"),
        (lambda: host.memory_days_to_logit_lambda(0.0, 60), "memory_days"),
        (lambda: host.lambda_to_memory(1.5), "lambda"),
        (lambda: host.lambda_to_memory_days(0.5, -1), "chunk_period"),
        (lambda: host.lambda_to_memory_days_clipped(0.5, 60, -1.0), "max_memory_days"),
        (lambda: host.logit_lambda_to_lambda(np.nan), "logit_lamb"),
    ],
)
def test_refusals_name_the_argument(call, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} = "):
        call()


def test_infinite_memory_and_negative_days() -> None:
    assert host.lambda_to_memory(1.0) == np.inf
    assert host.lambda_to_memory_days_clipped(1.0, 60, 365.0) == 365.0
    assert np.isnan(memory.memory_days_to_lambda(-1.0, 60))
