"""Bandits against slow twins in plain Python, step by step."""

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats
from tests.support.stats import assert_frequencies

from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.routing.bandit import (
    UCB,
    EpsilonGreedy,
    LinUCB,
    LinUCBState,
    Thompson,
    WinsAndLosses,
    context_index,
)
from isotherm.world.routing.context import Context

N, K, STEPS, DISCOUNT = 4, 2, 300, 0.97


class Log(NamedTuple):
    """A made-up history: contexts, actions and rewards of every step."""

    venues: np.ndarray
    outcomes: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray

    def contexts(self) -> Context:
        available = (self.venues[..., None] != np.arange(N)).all(axis=-2)
        return Context(
            jnp.asarray(self.venues, jnp.int32), jnp.asarray(self.outcomes, jnp.int8), jnp.asarray(available)
        )

    def transitions(self) -> Transition:
        contexts, no = self.contexts(), jnp.zeros(len(self.actions), bool)
        actions, rewards = jnp.asarray(self.actions, jnp.int32), jnp.asarray(self.rewards, jnp.float32)
        return Transition(contexts, actions, rewards, no, no, contexts)


def history(seed: int) -> Log:
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(N) for _ in range(STEPS)])
    signs = rng.choice([-1, 1], (STEPS, K + 1))
    return Log(orders[:, :K], signs[:, :K], orders[:, K], signs[:, K])


def learned(agent: AbstractAgent, log: Log) -> WinsAndLosses | LinUCBState:
    """States after every step."""

    def step(state: WinsAndLosses | LinUCBState, transition: Transition) -> tuple:
        state = agent.learn(jax.random.key(0), state, transition)
        return state, state

    start = agent.init(jax.random.key(0))
    return jax.jit(lambda transitions: jax.lax.scan(step, start, transitions)[1])(log.transitions())


@functools.partial(jax.jit, static_argnums=(0, 3))
def actions(
    agent: AbstractAgent, state: WinsAndLosses | LinUCBState, context: Context, count: int
) -> jax.Array:
    keys = jax.random.split(jax.random.key(1), count)
    return jax.vmap(lambda key: agent.act(key, state, context)[0])(keys)


def row_of(venues: np.ndarray, outcomes: np.ndarray) -> int:
    index = 0
    for venue, outcome in zip(venues, outcomes, strict=True):
        index = index * 2 * N + 2 * venue + (outcome > 0)
    return int(index)


def one_context(venues: tuple[int, ...] = (0,), outcomes: tuple[int, ...] = (1,), n: int = N) -> Context:
    available = [i not in venues for i in range(n)]
    return Context(jnp.asarray(venues, jnp.int32), jnp.asarray(outcomes, jnp.int8), jnp.asarray(available))


def table_of(wins: list[float], losses: list[float]) -> WinsAndLosses:
    """A table of one context venue whose row for venue 0 won holds these."""
    table = WinsAndLosses.empty(N, 1)
    row = row_of(np.array([0]), np.array([1]))
    return table._replace(
        wins=table.wins.at[row].set(jnp.asarray(wins, jnp.float32)),
        losses=table.losses.at[row].set(jnp.asarray(losses, jnp.float32)),
    )


def test_the_context_index_is_the_formula() -> None:
    contexts = [
        (venues, outcomes)
        for venues in itertools.permutations(range(N), K)
        for outcomes in itertools.product((-1, 1), repeat=K)
    ]
    venues, outcomes = (np.array(x) for x in zip(*contexts, strict=True))
    found = jax.vmap(context_index)(Log(venues, outcomes, venues, venues).contexts())
    assert found.tolist() == [row_of(*context) for context in contexts]
    assert len(set(found.tolist())) == len(contexts)
    assert max(found.tolist()) < (2 * N) ** K


@pytest.mark.parametrize("learns_labels", [False, True])
def test_lazy_discounting_is_discounting_the_whole_table_each_step(learns_labels: bool) -> None:
    log = history(0)
    agent = EpsilonGreedy(N, K, DISCOUNT, learns_labels)
    tables = learned(agent, log)
    assert isinstance(tables, WinsAndLosses)
    rows = jax.jit(jax.vmap(lambda table, context: table.row(context, DISCOUNT)))(tables, log.contexts())
    wins, losses = np.zeros(((2 * N) ** K, N)), np.zeros(((2 * N) ** K, N))

    def count(venues: np.ndarray, outcomes: np.ndarray, venue: int, reward: int) -> None:
        (wins if reward > 0 else losses)[row_of(venues, outcomes), venue] += 1

    for t, (venues, outcomes, action, reward) in enumerate(zip(*log, strict=True)):
        wins *= DISCOUNT
        losses *= DISCOUNT
        count(venues, outcomes, action, reward)
        for k in range(K if learns_labels else 0):
            others, shown = venues.copy(), outcomes.copy()
            others[k], shown[k] = action, reward
            count(others, shown, venues[k], outcomes[k])
        here = row_of(venues, outcomes)
        np.testing.assert_allclose(rows[0][t], wins[here], rtol=2e-5, atol=1e-7)
        np.testing.assert_allclose(rows[1][t], losses[here], rtol=2e-5, atol=1e-7)
    kept = DISCOUNT ** (STEPS - np.asarray(tables.touched[-1]))[:, None]
    np.testing.assert_allclose(tables.wins[-1] * kept, wins, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(tables.losses[-1] * kept, losses, rtol=1e-4, atol=1e-7)


# ------------------------------------------------------------------------------
# Choices


def test_greedy_takes_the_best_mean_and_an_unseen_venue_counts_half() -> None:
    agent = EpsilonGreedy(N, epsilon=0.0)
    some = one_context()
    assert (actions(agent, table_of([9, 3, 0, 2], [0, 2, 0, 2]), some, 64) == 1).all()
    assert (actions(agent, table_of([9, 2, 0, 1], [0, 3, 0, 3]), some, 64) == 2).all()


def test_greedy_breaks_ties_evenly() -> None:
    found = actions(EpsilonGreedy(N, epsilon=0.0), WinsAndLosses.empty(N, 1), one_context(), 6_000)
    assert_frequencies(np.asarray(found), np.array([0, 1, 1, 1]) / 3)


def test_epsilon_is_the_probability_of_any_venue() -> None:
    found = actions(
        EpsilonGreedy(N, epsilon=0.3), table_of([0, 3, 1, 1], [0, 0, 1, 1]), one_context(), 20_000
    )
    assert_frequencies(np.asarray(found), np.array([0, 0.8, 0.1, 0.1]))


def test_thompson_chooses_with_the_probability_of_being_best() -> None:
    wins, losses = np.array([50, 3, 5, 1.5]), np.array([0, 2, 4.5, 0.3])
    laws = [stats.beta(1 + w, 1 + x) for w, x in zip(wins, losses, strict=True)][1:]

    def best(i: int) -> float:
        others = [law for j, law in enumerate(laws) if j != i]
        return integrate.quad(lambda p: laws[i].pdf(p) * np.prod([o.cdf(p) for o in others]), 0, 1)[0]

    exact = np.array([0, *(best(i) for i in range(3))])
    assert exact.sum() == pytest.approx(1, abs=1e-6)
    found = actions(Thompson(N), table_of(wins.tolist(), losses.tolist()), one_context(), 20_000)
    assert_frequencies(np.asarray(found), exact)


def test_ucb_takes_the_largest_bound() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        wins, losses = rng.uniform(0, 6, (2, N)).astype(np.float32)
        counts = wins + losses
        bound = wins / counts + np.sqrt(2 * np.log(counts.sum()) / counts)
        found = actions(UCB(N), table_of(wins.tolist(), losses.tolist()), one_context(), 4)
        assert (found == 1 + np.argmax(bound[1:])).all()


def test_ucb_tries_every_venue_first() -> None:
    assert (actions(UCB(N), table_of([9, 9, 0, 9], [0, 0, 0, 0]), one_context(), 16) == 2).all()
    # a count of less than one, discounted, has been tried: of two such venues the one that won is taken
    assert (actions(UCB(N), table_of([9, 0.9, 0, 9], [0, 0, 0.9, 0]), one_context(), 16) == 1).all()


# ------------------------------------------------------------------------------
# LinUCB


def features(venues: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    x = np.zeros(2 * N + 1)
    x[-1] = 1
    for venue, outcome in zip(venues, outcomes, strict=True):
        x[2 * venue + (outcome > 0)] = 1
    return x


def test_linucb_is_a_ridge_regression_a_venue() -> None:
    log, agent = history(5), LinUCB(N, width=0.7, ridge=2.0)
    states = learned(agent, log)
    gram, moment = np.stack([2.0 * np.eye(2 * N + 1)] * N), np.zeros((N, 2 * N + 1))
    act = jax.jit(lambda state, context: agent.act(jax.random.key(0), state, context)[0])
    choices = jax.vmap(act)(states, log.contexts())
    for t, (venues, outcomes, action, reward) in enumerate(zip(*log, strict=True)):
        x = features(venues, outcomes)
        gram[action] += np.outer(x, x)
        moment[action] += x * (reward > 0)
        inverse = np.linalg.inv(gram)
        solved = inverse @ x
        bound = (solved * moment).sum(axis=1) + 0.7 * np.sqrt(solved @ x)
        bound[venues] = -np.inf
        assert bound[int(choices[t])] > bound.max() - 1e-4
    np.testing.assert_allclose(jax.tree.leaves(states)[0][-1], inverse, atol=1e-4)
    np.testing.assert_allclose(jax.tree.leaves(states)[1][-1], moment, atol=1e-5)


def test_one_venue_is_enough_and_none_is_not() -> None:
    for make in (LinUCB, UCB, lambda n: Thompson(n, 0, 1.0, False), lambda n: EpsilonGreedy(n)):
        make(1)
        with pytest.raises(ValueError, match="num_venues = 0: should be at least 1"):
            make(0)
    Thompson(num_venues=3, num_context=3, discount=1.0, learns_labels=False)
    with pytest.raises(ValueError, match=r"num_context = 4: should be within 0 \.\. 3"):
        Thompson(num_venues=3, num_context=4, discount=1.0, learns_labels=False)
