"""Hessians of known functions: whole, trace, norm, estimate; excluded keys; records of result files."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.parameters.hessian import (
    hessian,
    hessian_frobenius,
    hessian_trace,
    hutchinson_trace,
    recalculated_hessian_trace,
    with_hessian_penalty,
)  # fmt: skip

A = np.random.default_rng(0).normal(size=(4, 4))
S = A + A.T


def quadratic(params: dict[str, Any]) -> jax.Array:
    """Of four numbers in two parameters, y before z by name, and a third that is cubed."""
    flat = jnp.concatenate([params["y"].ravel(), params["z"]])
    return 0.5 * flat @ jnp.asarray(S, flat.dtype) @ flat + (params["w"] ** 3).sum()


PARAMS = {"z": np.array([0.3, -0.2]), "y": np.array([[1.0, 2.0]]), "w": np.array([0.5])}
WHOLE = np.zeros((5, 5))
WHOLE[0, 0], WHOLE[1:, 1:] = 3.0, S


def arrays() -> dict[str, Any]:
    return {key: jnp.asarray(value) for key, value in PARAMS.items()} | {"subsidary_params": []}


def test_hessian_trace_and_norm_in_the_order_of_names() -> None:
    with jax.enable_x64(True):
        np.testing.assert_allclose(hessian(quadratic, arrays()), WHOLE, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(hessian(quadratic, arrays(), ["w", "y"]), S[2:, 2:], rtol=1e-12)
        np.testing.assert_allclose(hessian_trace(quadratic, arrays()), np.trace(WHOLE), rtol=1e-12)
        np.testing.assert_allclose(hessian_trace(quadratic, arrays(), ["w"]), np.trace(S), rtol=1e-12)
        np.testing.assert_allclose(hessian_frobenius(quadratic, arrays()), np.linalg.norm(WHOLE), rtol=1e-12)


def test_estimate_agrees_with_the_trace_within_its_error_and_has_the_right_one() -> None:
    with jax.enable_x64(True):
        found = hutchinson_trace(quadratic, arrays(), jax.random.key(0), 400)
        assert abs(found.trace - np.trace(WHOLE)) < 4 * found.standard_error
        expected = np.sqrt(2 * (S**2).sum() - 2 * (np.diag(S) ** 2).sum())
        assert float(found.standard_error) == pytest.approx(expected / np.sqrt(400), rel=0.15)
        without = hutchinson_trace(quadratic, arrays(), jax.random.key(0), 400, ["y", "z"])
        np.testing.assert_allclose((without.trace, without.standard_error), (3.0, 0.0), atol=1e-12)


def test_penalty_is_differentiable() -> None:
    with jax.enable_x64(True):
        penalised = with_hessian_penalty(quadratic, weight=0.1)
        np.testing.assert_allclose(
            penalised(arrays()) - quadratic(arrays()), 0.1 * np.trace(WHOLE), rtol=1e-9
        )
        varied = {key: value for key, value in arrays().items() if key != "subsidary_params"}
        slope = jax.jit(jax.grad(penalised))(varied)
        np.testing.assert_allclose(slope["w"], 3 * 0.5**2 + 0.1 * 6, rtol=1e-12)
        default = with_hessian_penalty(quadratic)
        np.testing.assert_allclose(default(arrays()) - quadratic(arrays()), 1e-4 * np.trace(WHOLE), rtol=1e-6)


def test_d19_trace_at_a_record_drops_what_is_no_parameter() -> None:
    record = {key: np.stack([value * 0, value]).tolist() for key, value in PARAMS.items()} | {
        "step": 3, "hessian_trace": 0, "objective": [0.1, 0.2], "train_objective": [{"sharpe": 1.0}] * 2,
        "local_learning_rate": 0.1, "subsidary_params": [], "validation_metrics": None,
    }  # fmt: skip
    assert recalculated_hessian_trace(record, quadratic, 1) == pytest.approx(np.trace(WHOLE), rel=1e-12)
    assert recalculated_hessian_trace(record, quadratic, 0) == pytest.approx(np.trace(S), rel=1e-12)
    assert recalculated_hessian_trace(record, quadratic, 1, ["w", "z"]) == pytest.approx(np.trace(S[:2, :2]))
    with pytest.raises(ValueError, match=r"have a set 2"):
        recalculated_hessian_trace(record, quadratic, 2)


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^exclude = 'x': is no parameter; there are subsidary_params, w, y, z"
    ):
        hessian_trace(quadratic, arrays(), ["x"])
    with pytest.raises(ValueError, match=r"^exclude = .*leaves no parameter"):
        hessian(quadratic, arrays(), ["w", "y", "z"])
    with pytest.raises(ValueError, match=r"^num_probes = 1"):
        hutchinson_trace(quadratic, arrays(), jax.random.key(0), 1)
