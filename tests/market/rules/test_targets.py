"""How much of the old weights stays under rules that give targets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.parameters import host
from isotherm.market.rules.recurrences import kernel_rows
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.targets import blend_lambda, toward

SETTINGS = RuleSettings(chunk_period=60, max_memory_days=2.0)


def blend(params: dict) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(
            blend_lambda({key: jnp.asarray(value) for key, value in params.items()}, 3, SETTINGS)
        )


def test_what_stays_is_of_days_or_else_of_the_alternative_decay() -> None:
    days = np.array([0.5, 1.0, 9.0])
    expected = host.memory_days_to_lambda(np.minimum(days, 2.0), 60)
    np.testing.assert_allclose(blend({"memory_days_2": days}), expected, rtol=1e-12)
    logits = {"logit_lamb": [0.4], "logit_delta_lamb": [0.3, -0.2, 0.1]}
    np.testing.assert_allclose(blend(logits), host.logistic(np.array([0.7, 0.2, 0.5])), rtol=1e-12)
    np.testing.assert_allclose(blend(logits | {"memory_days_2": days}), expected, rtol=1e-12)
    assert blend({"memory_days_2": [0.0]}).tolist() == [0.0] * 3
    for params, words in (({}, "memory_days_2"), ({"logit_lamb": [0.4]}, "logit_delta_lamb")):
        with pytest.raises(ValueError, match=words):
            blend(params)


def test_slopes_pass_the_cap() -> None:
    with jax.enable_x64(True):
        slope = jax.grad(lambda days: blend_lambda({"memory_days_2": days}, 3, SETTINGS).sum())(
            jnp.array([0.5, 1.0, 9.0])
        )
        free = jax.grad(
            lambda days: blend_lambda({"memory_days_2": days}, 3, RuleSettings(chunk_period=60)).sum()
        )(jnp.array([0.5, 1.0, 9.0]))
    assert (np.asarray(slope) > 0).all()
    np.testing.assert_allclose(slope, free, rtol=1e-12)


def test_mixtures_and_lengths_of_kernels() -> None:
    mixed = toward(jnp.array([1.0, 0.0]), jnp.array([0.2, 0.8]), jnp.array([0.25, 0.5]))
    np.testing.assert_allclose(mixed, [0.8, 0.4], rtol=1e-6)
    assert (kernel_rows(365.0, 1440), kernel_rows(1.0, 1000, 2.0)) == (1825, 2)
