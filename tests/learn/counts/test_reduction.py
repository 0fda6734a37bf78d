"""Model reduction against evidence that is summed event by event, knowing nothing of gamma functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.learn.counts.reduction import reduced

DATA = [0, 2, 2, 1, 2, 0, 2]


def log_evidence(prior: np.ndarray, data: list[int]) -> float:
    """Sum of log predictive probabilities, each from the counts so far."""
    counts, total = np.array(prior, float), 0.0
    for event in data:
        total += np.log(counts[event] / counts.sum())
        counts[event] += 1
    return total


def counted(prior: np.ndarray, data: list[int]) -> np.ndarray:
    return np.asarray(prior) + np.bincount(data, minlength=len(prior))


def test_evidence_of_the_other_prior_is_found_from_the_posterior() -> None:
    rng = np.random.default_rng(0)
    full, other = rng.gamma(1.0, size=(3, 5)) + 0.05, rng.gamma(1.0, size=(3, 5)) + 0.05
    data = [rng.integers(0, 3, 6).tolist() for _ in range(5)]
    q = np.stack([counted(p, d) for p, d in zip(full.T, data, strict=True)], 1)
    with jax.enable_x64(True):
        found = reduced(q, full, other)
    expected = [
        log_evidence(p, d) - log_evidence(r, d) for p, r, d in zip(full.T, other.T, data, strict=True)
    ]
    np.testing.assert_allclose(found.delta_F, expected, rtol=1e-9)
    posteriors = np.stack([counted(r, d) for r, d in zip(other.T, data, strict=True)], 1)
    np.testing.assert_allclose(found.posterior, posteriors, rtol=1e-12)


def test_ruling_out_what_never_came_is_favoured() -> None:
    full, other = np.ones(4), np.array([1.0, 1.0, 1.0, 0.0])
    with jax.enable_x64(True):
        found = reduced(counted(full, DATA), full, other)
    np.testing.assert_allclose(
        found.delta_F, log_evidence(full, DATA) - log_evidence(other[:3], DATA), rtol=1e-9
    )
    assert float(found.delta_F) < 0
    assert np.asarray(found.posterior)[3] == 0


def test_what_came_cannot_be_ruled_out_nor_in() -> None:
    ones, without = np.ones(3), np.array([1.0, 1.0, 0.0])
    assert reduced(counted(ones, DATA), ones, without).delta_F == np.inf
    assert reduced(counted(without, DATA), without, ones).delta_F == -np.inf
    assert reduced(counted(ones, []), ones, without).delta_F == 0
    zeros = np.zeros(3)
    assert reduced(ones, ones, zeros).delta_F == 0


def test_gradients_are_finite_and_the_same_prior_changes_nothing() -> None:
    q, p = jnp.asarray(counted(np.ones(3), DATA), jnp.float32), jnp.ones(3)
    np.testing.assert_array_equal(reduced(q, p, p).delta_F, 0.0)
    slopes = jax.grad(lambda r: reduced(q, p, r).delta_F)(jnp.array([1.0, 0.5, 2.0]))
    assert np.isfinite(slopes).all()
    impossible = jax.jit(reduced)(jnp.array([1.0, 5.0]), jnp.array([3.0, 1.0]), jnp.ones(2))
    assert np.isnan(impossible.delta_F)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"q = 1.0: must nowhere be below p - r"):
        reduced([5.0, 1.0], [3.0, 3.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"r.shape = \(3,\): must be \(2,\)"):
        reduced([5.0, 1.0], [1.0, 1.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="p = -1"):
        reduced([5.0, 1.0], [1.0, -1.0], [1.0, 1.0])
