"""Dirichlet means, divergences and novelty against formulas in float64, and where float32 loses digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from isotherm.energy.hidden.logs import EPS
from isotherm.learn.counts.dirichlet import dirichlet_kl, dirichlet_mean, novelty_weight, updated

COUNTS = np.random.default_rng(0).gamma(0.7, size=(4, 3, 2)) + 0.01
OTHER = np.random.default_rng(1).gamma(2.0, size=(4, 3, 2)) + 0.01


def test_means_keep_zeros_and_are_uniform_where_nothing_was_counted() -> None:
    counts = np.array([[3.0, 0.0, 0.0], [1.0, 0.0, 2.0]], np.float32)
    np.testing.assert_allclose(dirichlet_mean(counts), [[0.75, 0.5, 0.0], [0.25, 0.5, 1.0]])
    np.testing.assert_allclose(dirichlet_mean(counts.T, axis=1), dirichlet_mean(counts).T)
    floored = np.asarray(dirichlet_mean(counts, floor="reference"), np.float64)
    np.testing.assert_allclose(floored[:, 2], [EPS / 2, 1.0], rtol=1e-6)
    np.testing.assert_allclose(floored[:, 1], 0.5)
    slopes = jax.grad(lambda a: dirichlet_mean(a)[0].sum())(jnp.asarray(counts))
    np.testing.assert_allclose(slopes, [[1 / 16, 0.0, 0.5], [-3 / 16, 0.0, 0.0]], rtol=1e-6)
    assert dirichlet_mean(np.ones((1, 1, 2), np.float32)).shape == (1, 1, 2)


def test_divergence_is_the_expected_log_ratio_of_densities() -> None:
    """Against draws: the mean of ``ln Dir(x; q) - ln Dir(x; p)`` under ``q``."""
    with jax.enable_x64(True):
        found = np.asarray(dirichlet_kl(COUNTS, OTHER))
        assert found.shape == (3, 2)
        np.testing.assert_allclose(dirichlet_kl(COUNTS, COUNTS), 0.0, atol=1e-12)
    q, p = COUNTS[:, 0, 0] + 0.5, OTHER[:, 0, 0]
    x = np.random.default_rng(2).dirichlet(q, 40_000).T
    ratios = stats.dirichlet.logpdf(x, q) - stats.dirichlet.logpdf(x, p)
    error = ratios.std() / np.sqrt(ratios.size)
    assert abs(dirichlet_kl(q, p) - ratios.mean()) < 4 * error
    assert abs(dirichlet_kl(p, q) - ratios.mean()) > 10 * error
    assert float(dirichlet_kl(np.array([1.0, 0.0]), np.array([1.0, 1.0]))) > 1e10  # a zero is 2.2e-16


def exact_weight(counts: np.ndarray) -> np.ndarray:
    """In float64, with the next terms of the series of large counts."""

    def excess(x: np.ndarray) -> np.ndarray:
        large = 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6)
        return np.where(x > 1e3, large, special.digamma(x + 1) - np.log(x))

    return excess(counts) - excess(counts.sum(0, keepdims=True))


def test_novelty_keeps_its_digits_from_tiny_to_huge_counts() -> None:
    scales = np.logspace(-12, 12, 97)
    counts = np.array([1.0, 3.0, 0.5])[:, None] * scales
    found = np.asarray(novelty_weight(counts.astype(np.float32)), np.float64)
    np.testing.assert_allclose(found, exact_weight(counts), rtol=3e-5)
    assert (found > 0).all()
    assert (np.diff(found[:, 48:], axis=1) < 0).all()
    with jax.enable_x64(True):
        np.testing.assert_allclose(novelty_weight(counts), exact_weight(counts), rtol=1e-11)


def test_novelty_is_zero_where_nothing_was_counted_and_its_gradient_finite() -> None:
    counts = jnp.array([[1.0, 0.0, 1e-12, 1e12], [3.0, 0.0, 0.0, 1e12]])
    for form in ("exact", "legacy"):
        found = novelty_weight(counts, form)
        np.testing.assert_array_equal(found == 0, counts == 0)
        assert np.isfinite(jax.grad(lambda a, form=form: novelty_weight(a, form).sum())(counts)).all()
    expected = [0.5 * (1 - 0.25), 0.5 * (1 / 3 - 0.25)]
    np.testing.assert_allclose(novelty_weight(counts, "legacy")[:, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(
        novelty_weight(np.full((1, 2), 3.0, np.float32)), 0.0
    )  # one event teaches nothing


def test_gradient_of_novelty_agrees_with_finite_differences() -> None:
    with jax.enable_x64(True):
        counts = jnp.array([0.3, 15.9, 16.1, 200.0])
        slopes = jax.jacfwd(novelty_weight)(counts)
        step = 1e-5
        for i in range(4):
            up, down = (novelty_weight(counts.at[i].add(sign * step)) for sign in (1, -1))
            np.testing.assert_allclose(slopes[:, i], (up - down) / (2 * step), rtol=1e-6, atol=1e-9)


def test_forgetting_ends_at_the_total_that_is_told() -> None:
    base, added = jnp.array([1.0, 2.0]), jnp.array([0.75, 0.25])
    counts = base
    for _ in range(200):
        counts = updated(counts, added, rate=0.5, forgetting=0.9, base=base)
    np.testing.assert_allclose(counts.sum(), 3.0 + 0.5 * 1.0 / (1 - 0.9), rtol=1e-5)
    np.testing.assert_allclose(counts, base + 5 * added, rtol=1e-5)
    once = updated(counts, added, rate=0.5, forgetting=0.9, base=base)
    np.testing.assert_allclose(once, base + 0.9 * (counts - base) + 0.5 * added, rtol=1e-6)


def test_without_forgetting_counts_only_add_up() -> None:
    counts, added = jnp.array([0.1, 1e7]), jnp.array([0.3, 1.0])
    np.testing.assert_array_equal(updated(counts, added), counts + added)
    np.testing.assert_array_equal(updated(counts, added, base=jnp.array([0.1, 3.0])), counts + added)
    masked = updated(counts, added, support=jnp.array([True, False]))
    np.testing.assert_array_equal(masked, counts + jnp.array([0.3, 0.0]))
    np.testing.assert_allclose(updated(counts, added, forgetting=0.5), [0.35, 5e6 + 1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dirichlet_mean([1.0, -0.5]), "counts = -0.5: should be finite numbers, at least 0"),
        (lambda: dirichlet_mean(1.0), r"counts.shape = \(\): must lead with the axis of events"),
        (lambda: dirichlet_mean(np.zeros((0, 2))), r"counts.shape = \(0, 2\)"),
        (lambda: dirichlet_mean([1.0], axis=1), "axis = 1: should be within -1 .. 0"),
        (lambda: dirichlet_kl([1.0], [1.0, 2.0]), r"p.shape = \(2,\): must be \(1,\)"),
        (lambda: dirichlet_kl([np.nan], [1.0]), "q = nan"),
    ],
)
def test_bad_arguments_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
