"""The router's moment matching against a plain twin of its equations."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.dense import Ising
from isotherm.learn.online.moments import MatchingRates, PairWindow, match_moments, zero_model
from isotherm.sample.gibbs.gibbs import Moments

N, WINDOW, STEPS = 4, 20, 300


class Stream(NamedTuple):
    """Masked observations, and made-up model moments, for every step."""

    observations: np.ndarray
    spins: np.ndarray
    pairs: np.ndarray


def stream(seed: int) -> Stream:
    rng = np.random.default_rng(seed)
    seen = rng.random((STEPS, N)) < 0.5
    seen[:40, :2] = False  # the first pair stays unseen for longer than the window
    pairs = rng.uniform(-1, 1, (STEPS, N, N))
    pairs = (pairs + np.swapaxes(pairs, 1, 2)) / 2
    return Stream(
        (rng.choice([-1, 1], (STEPS, N)) * seen).astype(np.int8),
        rng.uniform(-1, 1, (STEPS, N)).astype(np.float32),
        pairs.astype(np.float32),
    )


def rates_of(**changes: float) -> MatchingRates:
    values = MatchingRates()._asdict() | changes
    return MatchingRates(**{name: jnp.float32(value) for name, value in values.items()})


@jax.jit
def learn(
    data: Stream, start: Ising, beta: jax.Array, rates: MatchingRates
) -> tuple[Ising, jax.Array, jax.Array]:
    """Parameters, products and counts after every step."""

    def step(carry: tuple[Ising, PairWindow], now: Stream) -> tuple[tuple[Ising, PairWindow], tuple]:
        model, window = carry
        window = window.push(now.observations)
        model = match_moments(model, beta, now.observations, window, Moments(now.spins, now.pairs), rates)
        return (model, window), (model, window.products, window.counts)

    carry = (start, PairWindow.empty(N, WINDOW))
    return jax.lax.scan(step, carry, jax.tree.map(jnp.asarray, data))[1]


def twin(
    data: Stream, start: Ising, beta: float, rate: float, gamma: float, damping: float, learns_pairs: bool
) -> tuple[list, list, list, list]:
    """Section 2 of the routing study, written out with loops."""
    b, w = np.asarray(start.biases, np.float64), np.asarray(start.couplings, np.float64)
    history: list[np.ndarray] = []
    out: tuple[list, list, list, list] = ([], [], [], [])
    for o, s, ss in zip(*data, strict=True):
        m = (o != 0).astype(float)
        history = [*history, o.astype(float)][-WINDOW:]
        c = sum(np.outer(x, x) for x in history)
        n = sum(np.outer(x != 0, x != 0).astype(float) for x in history)
        new_b, new_w = np.zeros(N), np.zeros((N, N))
        for i in range(N):
            heard = sum(w[i, j] * o[j] for j in range(N))
            new_b[i] = gamma * b[i] + rate * beta * (o[i] - s[i] * m[i])
            new_b[i] += damping * rate * beta * heard * (1 - m[i])
            for j in range(N):
                if i != j:
                    new_w[i, j] = gamma * w[i, j]
                    if n[i, j] > 0 and learns_pairs:
                        new_w[i, j] += beta * rate * (c[i, j] / n[i, j] - ss[i, j])
        b, w = new_b, new_w
        for kept, value in zip(out, (b, w, c, n), strict=True):
            kept.append(value)
    return out


START = Ising.checked([0.3, -0.2, 0.0, 0.5], 0.1)


@pytest.mark.parametrize(
    ("beta", "changes"),
    [
        (1.0, {}),
        (2.0, {"learning_rate": 0.1}),
        (1.0, {"forgetting": 1.0}),
        (1.0, {"propagation": 0.0}),
        (0.5, {"couplings": 0.0}),
    ],
)
def test_every_step_follows_the_equations(beta: float, changes: dict[str, float]) -> None:
    data, rates = stream(0), rates_of(**changes)
    model, products, counts = learn(data, START, jnp.float32(beta), rates)
    eta, gamma, damping, learns = (float(x) for x in rates)
    b, w, c, n = twin(data, START, beta, eta, gamma, damping, bool(learns))
    np.testing.assert_array_equal(products, c)
    np.testing.assert_array_equal(counts, n)
    np.testing.assert_allclose(model.biases, b, atol=2e-5)
    np.testing.assert_allclose(model.couplings, w, atol=2e-5)


def test_the_twin_would_notice_a_window_one_step_off() -> None:
    data = stream(0)
    model, _, _ = learn(data, START, jnp.float32(1), rates_of())
    late = data._replace(observations=np.roll(data.observations, 1, axis=0))
    _, w, _, _ = twin(late, START, 1.0, 0.05, 0.995, 0.3, True)
    assert np.abs(np.asarray(model.couplings) - w).max() > 0.01


def test_couplings_stay_symmetric_with_zero_diagonal() -> None:
    couplings = np.asarray(learn(stream(1), START, jnp.float32(1), rates_of())[0].couplings)
    np.testing.assert_array_equal(couplings, np.swapaxes(couplings, 1, 2))
    assert not np.diagonal(couplings, axis1=1, axis2=2).any()


def test_without_couplings_they_stay_exactly_zero() -> None:
    model, _, _ = learn(stream(2), zero_model(N), jnp.float32(1), rates_of(couplings=0.0))
    assert not np.asarray(model.couplings).any()
    assert np.asarray(model.biases).any()


def test_without_propagation_unseen_biases_only_fade() -> None:
    data = stream(3)
    biases = np.asarray(learn(data, START, jnp.float32(1), rates_of(propagation=0.0))[0].biases)
    unseen = data.observations[1:] == 0
    np.testing.assert_array_equal(biases[1:][unseen], (np.float32(0.995) * biases[:-1])[unseen])


def test_a_pair_never_seen_together_only_fades() -> None:
    couplings = np.asarray(learn(stream(4), START, jnp.float32(1), rates_of())[0].couplings)
    np.testing.assert_allclose(couplings[:40, 0, 1], 0.1 * 0.995 ** np.arange(1, 41), rtol=1e-5)


def test_forgetting_and_window_meet_their_fixed_point() -> None:
    """With constant data and moments, ``w -> eta beta (C / n - <ss>) / (1 - gamma)``."""
    observations = np.ones((3000, 2), np.int8)
    moments = Moments(jnp.zeros(2), jnp.asarray([[1.0, 0.6], [0.6, 1.0]]))

    def step(carry: tuple[Ising, PairWindow], o: jax.Array) -> tuple[tuple[Ising, PairWindow], None]:
        window = carry[1].push(o)
        return (match_moments(carry[0], 1.0, o, window, moments), window), None

    start = (zero_model(2), PairWindow.empty(2, 5))
    (model, window), _ = jax.jit(lambda o: jax.lax.scan(step, start, o))(jnp.asarray(observations))
    assert int(window.counts[0, 1]) == 5
    assert float(model.couplings[0, 1]) == pytest.approx(0.05 * 0.4 / 0.005, rel=1e-3)
    assert float(model.biases[0]) == pytest.approx(0.05 / 0.005, rel=1e-3)
