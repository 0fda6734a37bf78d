"""Filter and smoother of hidden chains against the sum over all paths."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.exact.hidden.chain import HiddenChain, hidden_chain

T, K = 4, 3
RNG = np.random.default_rng(0)


def laws(*shape: int) -> np.ndarray:
    """Random laws over the last axis; a third of the entries zero, never a whole law."""
    found = RNG.gamma(0.7, size=shape) * (RNG.random(shape) < 0.65)
    found[..., -1] += found.sum(-1) == 0
    return found / found.sum(-1, keepdims=True)


def instances(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First laws, transitions ``[curr, next]``, log-likelihoods of which some are ``-inf``."""
    logs = RNG.normal(0, 3, (count, T, K))
    logs[RNG.random((count, T, K)) < 0.15] = -np.inf
    return laws(count, K), laws(count, T - 1, K, K), logs


def enumerated(pi: np.ndarray, rows: np.ndarray, logs: np.ndarray) -> dict[str, np.ndarray]:
    """Every path's probability, summed over what is not asked for."""
    steps, n = logs.shape
    weight, prior = np.zeros((n,) * steps), np.zeros((n,) * steps)
    for path in itertools.product(range(n), repeat=steps):
        moves = [rows[t, path[t], path[t + 1]] for t in range(steps - 1)]
        prior[path] = pi[path[0]] * np.prod(moves)
        weight[path] = prior[path] * np.prod([np.exp(logs[t, s]) for t, s in enumerate(path)])
    seen = [prior * _evidence(logs[: t + 1], steps) for t in range(-1, steps)]
    return {
        "log_likelihood": np.log(weight.sum()) if weight.sum() > 0 else -np.inf,
        "predicted": np.stack([_law(_onto(seen[t], t)) for t in range(steps)]),
        "filtered": np.stack([_law(_onto(seen[t + 1], t)) for t in range(steps)]),
        "smoothed": np.stack([_law(_onto(weight, t)) for t in range(steps)]),
        "pair_curr_next": np.stack([_law(_onto(weight, t, t + 1)) for t in range(steps - 1)]),
        "cond_curr_given_next": np.stack([_rows(_onto(seen[t + 1], t, t + 1).T) for t in range(steps - 1)]),
    }


def _evidence(logs: np.ndarray, steps: int) -> np.ndarray:
    found = np.ones(())
    for t, log in enumerate(logs):
        found = found * np.exp(log).reshape([-1 if axis == t else 1 for axis in range(steps)])
    return found


def _onto(weight: np.ndarray, *kept: int) -> np.ndarray:
    return weight.sum(tuple(axis for axis in range(weight.ndim) if axis not in kept))


def _law(weight: np.ndarray) -> np.ndarray:
    return weight / weight.sum() if weight.sum() > 0 else 0 * weight


def _rows(weight: np.ndarray) -> np.ndarray:
    return np.stack([_law(row) for row in weight])


@functools.cache
def many(parallel: bool):
    """Compiled once for each dtype, over a batch."""
    return jax.jit(jax.vmap(functools.partial(hidden_chain, orientation="rows", parallel=parallel)))


@pytest.mark.parametrize("parallel", [False, True])
def test_chains_agree_with_enumeration(parallel: bool) -> None:
    pi, rows, logs = instances(300)
    truths = [enumerated(*one) for one in zip(pi, rows, logs, strict=True)]
    impossible = np.array([not np.isfinite(truth["log_likelihood"]) for truth in truths])
    assert 10 < impossible.sum() < 200
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-6)):
        with jax.enable_x64(dtype == np.float64):
            found = many(parallel)(*(jnp.asarray(x, dtype) for x in (pi, rows, logs)))
        for name, values in found._asdict().items():
            expected = np.stack([truth[name] for truth in truths])
            assert values.dtype == dtype
            np.testing.assert_allclose(values, expected, rtol=10 * tolerance, atol=tolerance, err_msg=name)


def test_columns_are_rows_transposed_and_one_matrix_serves_all_steps() -> None:
    pi, rows, logs = (x[0] for x in instances(1))
    logs = np.maximum(logs, -5)
    one = hidden_chain(pi, rows[0], logs, orientation="rows")
    other = hidden_chain(pi, np.stack([rows[0].T] * (T - 1)), logs)
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("parallel", [False, True])
def test_one_step_has_no_pairs(parallel: bool) -> None:
    found = hidden_chain([0.25, 0.75], np.eye(2), [[0.0, np.log(3.0)]], parallel=parallel)
    assert found.pair_curr_next.shape == found.cond_curr_given_next.shape == (0, 2, 2)
    np.testing.assert_allclose(found.log_likelihood, np.log(0.25 + 2.25), rtol=1e-6)
    np.testing.assert_allclose(found.filtered, [[0.1, 0.9]], rtol=1e-6)
    np.testing.assert_array_equal(found.smoothed, found.filtered)
    lone = hidden_chain([1.0], np.ones((3, 1, 1)), np.full((4, 1), -2.0), parallel=parallel)
    assert lone.pair_curr_next.shape == (3, 1, 1)
    np.testing.assert_allclose(lone.log_likelihood, -8.0)


@pytest.mark.parametrize("parallel", [False, True])
def test_float32_keeps_what_lies_beyond_its_range(parallel: bool) -> None:
    """A path of probability 1e-60 that later evidence demands, and evidence of e^-400 a step."""
    move = np.array([[1.0, 0.0, 0.0], [1e-20, 1.0, 0.0], [0.0, 1e-20, 1.0]])  # columns
    logs = np.full((6, 3), -400.0)
    logs[4:] = [-1000.0, -1000.0, -400.0]
    found = hidden_chain([1.0, 0.0, 0.0], move.astype(np.float32), logs, parallel=parallel)
    # two moves within the first four transitions: 4 choose 2 ways
    log_ways = np.log(6.0) + 2 * np.log(np.float64(np.float32(1e-20)))
    stay = np.logaddexp(-1000 - 1000 + 800, log_ways)
    np.testing.assert_allclose(found.log_likelihood, -400 * 6 + stay, rtol=1e-6)
    np.testing.assert_allclose(found.smoothed[4], [0.0, 0.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(found.smoothed[1], [0.5, 0.5, 0.0], atol=1e-5)
    np.testing.assert_allclose(found.smoothed.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(found.pair_curr_next.sum((1, 2)), 1, rtol=1e-6)


def test_a_long_chain_is_the_same_both_ways() -> None:
    pi, rows = laws(K), laws(K, K) * 0.9 + 0.1 / K
    logs = RNG.normal(-50, 5, (300, K))
    with jax.enable_x64(True):
        slow, fast = (
            hidden_chain(pi, rows, logs, orientation="rows", parallel=parallel) for parallel in (False, True)
        )
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), slow, fast)
        alpha, total = pi * np.exp(logs[0]), 0.0
        for log in logs[1:]:
            total += np.log(alpha.sum())
            alpha = rows.T @ (alpha / alpha.sum()) * np.exp(log)
        np.testing.assert_allclose(slow.log_likelihood, total + np.log(alpha.sum()), rtol=1e-12)


def scalars(chain: HiddenChain) -> jax.Array:
    """Something of every output."""
    weights = [jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape) for leaf in chain]
    return jnp.stack([(leaf * weight).sum() for leaf, weight in zip(chain, weights, strict=True)])


@pytest.mark.parametrize("parallel", [False, True])
def test_derivatives_agree_with_differences_where_entries_are_zero_too(parallel: bool) -> None:
    """One-sided differences: a zero can only grow."""
    pi = np.array([0.6, 0.4, 0.0])
    move = np.stack([[[0.5, 0.0, 0.2], [0.5, 1.0, 0.3], [0.0, 0.0, 0.5]]] * 3)
    logs = RNG.normal(0, 1, (T, K))
    logs[1, 0] = -np.inf
    away = (RNG.random(K), RNG.random((3, K, K)), np.where(np.isinf(logs), 0, RNG.normal(size=logs.shape)))
    with jax.enable_x64(True):

        def along(step: jax.Array) -> jax.Array:
            moved = [
                jnp.asarray(x) + step * jnp.asarray(d) for x, d in zip((pi, move, logs), away, strict=True)
            ]
            return scalars(hidden_chain(*moved, parallel=parallel))

        h = 1e-5
        start, one, two = (jax.jit(along)(k * h) for k in (0.0, 1.0, 2.0))
        slopes = jax.jit(jax.jacfwd(along))(0.0)
        # the last, given a next state that could not be reached, jumps where it can be
        differences = (4 * one - 3 * start - two) / (2 * h)
        np.testing.assert_allclose(slopes[:5], differences[:5], rtol=1e-4, atol=1e-6)


def test_contradictory_evidence_has_no_law_and_no_nan() -> None:
    logs = np.zeros((T, K))
    logs[2] = -np.inf
    for parallel in (False, True):

        def loss(pi: jax.Array, move: jax.Array, logs: jax.Array, parallel: bool = parallel) -> jax.Array:
            return scalars(hidden_chain(pi, move, logs, parallel=parallel))[1:].sum()

        arguments = [jnp.asarray(x, jnp.float32) for x in (laws(K), laws(3, K, K).swapaxes(1, 2), logs)]
        found = hidden_chain(*arguments, parallel=parallel)
        assert found.log_likelihood == -np.inf
        for leaf in found[1:]:
            assert np.isfinite(leaf).all()
        np.testing.assert_array_equal(found.smoothed, 0.0)
        np.testing.assert_allclose(found.filtered.sum(1), [1, 1, 0, 0], rtol=1e-6)
        slopes = jax.grad(loss, argnums=(0, 1, 2))(*arguments)
        assert all(np.isfinite(slope).all() for slope in slopes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pi": [0.5, 0.2, 0.2]}, r"sum\(pi\) = 0.9"),
        ({"pi": [0.5, 0.5]}, r"pi.shape = \(2,\): must be \(3,\)"),
        ({"transitions": np.eye(2)}, r"transitions.shape = \(2, 2\)"),
        ({"transitions": np.ones((3, 3)) / 2}, r"sum\(transitions\[:, 0\]\) = 1.5"),
        ({"log_likelihoods": np.zeros(3)}, r"log_likelihoods.shape = \(3,\)"),
        ({"log_likelihoods": np.zeros((0, 3))}, r"log_likelihoods.shape = \(0, 3\)"),
        ({"log_likelihoods": [[0.0, np.nan, 0.0]]}, "log_likelihoods = 'holds NaN or plus infinity'"),
        ({"log_likelihoods": [[0.0, np.inf, 0.0]]}, "log_likelihoods = 'holds NaN or plus infinity'"),
    ],
)
def test_bad_arguments_are_refused(change: dict, words: str) -> None:
    good = {"pi": [0.5, 0.25, 0.25], "transitions": np.eye(3), "log_likelihoods": np.zeros((1, 3))}
    with pytest.raises(ValueError, match=words):
        hidden_chain(**good | change)
