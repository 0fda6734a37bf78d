"""The counter of winners against a twin in plain Python, and the law of its draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from tests.support.stats import assert_frequencies

from isotherm.act.agent import Transition
from isotherm.act.routing.counter import Counts, WinnerCounts
from isotherm.world.routing.context import Context

N = 4


def log_of(seed: int, steps: int, is_one_hot: bool) -> tuple[np.ndarray, np.ndarray]:
    """Context venue and action of each step, and all outcomes; the likely winner changes twice."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.permutation(N)[:2] for _ in range(steps)])
    if not is_one_hot:
        return pairs, rng.choice([-1, 1], (steps, N))
    likely = np.array([0, 3, 1])[3 * np.arange(steps) // steps]
    best = np.where(rng.random(steps) < 0.85, likely, rng.integers(0, N, steps))
    return pairs, np.where(np.arange(N) == best[:, None], 1, -1)


def learned(agent: WinnerCounts, pairs: np.ndarray, outcomes: np.ndarray) -> Counts:
    venues = jnp.asarray(pairs[:, :1], jnp.int32)
    seen = jnp.asarray(np.take_along_axis(outcomes, pairs, axis=1), jnp.int8)
    context = Context(venues, seen[:, :1], venues != jnp.arange(N, dtype=jnp.int32)[None])
    no = jnp.zeros(len(pairs), bool)
    rewards = seen[:, 1].astype(jnp.float32)
    transitions = Transition(context, jnp.asarray(pairs[:, 1], jnp.int32), rewards, no, no, context)

    def step(state: Counts, transition: Transition) -> tuple[Counts, Counts]:
        state = agent.learn(jax.random.key(0), state, transition)
        return state, state

    start = agent.init(jax.random.key(0))
    return jax.jit(lambda t: jax.lax.scan(step, start, t)[1])(transitions)


@pytest.mark.parametrize("is_one_hot", [True, False])
def test_every_step_agrees_with_the_twin(is_one_hot: bool) -> None:
    pairs, outcomes = log_of(0, 450, is_one_hot)
    agent = WinnerCounts(N, prior=0.5, threshold=6.0)
    found = learned(agent, pairs, outcomes)
    counts, surprise, changes = np.full(N, 0.5), 0.0, 0
    for t, ((shown, chosen), row) in enumerate(zip(pairs, outcomes, strict=True)):
        won = [i for i in (shown, chosen) if row[i] > 0]
        possible = won or [i for i in range(N) if i not in (shown, chosen)]
        mean = counts / counts.sum()
        share = mean[possible].sum()
        surprise = max(0.0, surprise + np.log(len(possible) / N) - np.log(share))
        counts[possible] += mean[possible] / share
        if surprise > 6.0:
            counts, surprise, changes = np.full(N, 0.5), 0.0, changes + 1
        np.testing.assert_allclose(found.winners[t], counts, rtol=1e-4)
        np.testing.assert_allclose(found.surprise[t], surprise, atol=2e-4)
    if is_one_hot:
        assert changes == 2


def test_counts_find_the_law_of_winners() -> None:
    """Hidden winners are spread by the present mean: with all shown in turn the counts are unbiased."""
    rng = np.random.default_rng(1)
    law = np.array([0.6, 0.25, 0.1, 0.05])
    best = rng.choice(N, 20_000, p=law)
    pairs = np.array([rng.permutation(N)[:2] for _ in best])
    outcomes = np.where(np.arange(N) == best[:, None], 1, -1)
    winners = np.asarray(learned(WinnerCounts(N), pairs, outcomes).winners[-1], np.float64)
    assert winners.sum() == pytest.approx(20_002, rel=1e-5)
    # half of the winners are seen, so the error is at most that of half the draws; 4.1: four tests at 1e-4
    assert np.abs(winners / winners.sum() - law).max() < 4.1 * np.sqrt(0.25 / 10_000)


@pytest.mark.parametrize("sharpness", [1.0, 2.0])
def test_draws_follow_the_dirichlet_law(sharpness: float) -> None:
    agent = WinnerCounts(3, sharpness=sharpness)
    state = Counts(jnp.asarray([7.0, 2.0, 1.2]), jnp.zeros(()))
    context = Context(jnp.asarray([0]), jnp.asarray([-1], jnp.int8), jnp.asarray([False, True, True]))
    keys = jax.random.split(jax.random.key(0), 20_000)
    found = jax.jit(jax.vmap(lambda key: agent.act(key, state, context)[0]))(keys)
    first = stats.beta(sharpness * 2.0, sharpness * 1.2).sf(
        0.5
    )  # of two gammas, how often the first is larger
    assert_frequencies(np.asarray(found), np.array([0.0, first, 1 - first]))
