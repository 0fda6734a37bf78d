"""The active-inference router against a filter in plain NumPy, counts of winners that were all seen, and bandits."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import ActiveRouter, Thompson, WinnerCounts, rollout, venue_model
from isotherm.act.agent import Transition
from isotherm.act.inference.mind import Mind
from isotherm.random import run_keys
from isotherm.world.routing.context import Context
from isotherm.world.routing.venues import venue_market

BIASES = np.linspace(0.8, -0.8, 5)


def context(winner: int, venues: np.ndarray, n: int) -> Context:
    outcomes = jnp.asarray(np.where(venues == winner, 1, -1), jnp.int8)
    available = ~np.isin(np.arange(n), venues)
    return Context(jnp.asarray(venues, jnp.int32), outcomes, jnp.asarray(available))


def follow(
    router: ActiveRouter, winners: np.ndarray, venues: np.ndarray, actions: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray], Mind]:
    """Laws of choice, beliefs after each outcome, and what is known at the end."""
    n = router.num_venues
    law, learn = eqx.filter_jit(router.law), eqx.filter_jit(router.learn)
    key, no = jax.random.key(0), jnp.zeros((), bool)
    state, laws, beliefs = router.init(key), [], []
    for winner, seen, action in zip(winners, venues, actions, strict=True):
        shown = context(int(winner), seen, n)
        log_law, state = law(state, shown)
        reward = jnp.float32(1.0 if action == winner else -1.0)
        state = learn(key, state, Transition(shown, jnp.int32(action), reward, no, no, shown))
        laws.append(np.exp(np.asarray(log_law)))
        beliefs.append(np.asarray(state.beliefs[0], np.float64))
    return laws, beliefs, state


def orders(seed: int, n: int, k: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Winners that stay three times of four, context venues, and a venue that is routed to."""
    rng = np.random.default_rng(seed)
    winners = [0]
    for _ in range(count - 1):
        winners.append(winners[-1] if rng.random() < 0.75 else int(rng.integers(n)))
    drawn = np.array([rng.permutation(n)[: k + 1] for _ in range(count)])
    return np.array(winners), drawn[:, :k], drawn[:, k]


@pytest.mark.parametrize(("n", "k"), [(3, 1), (5, 1), (5, 3)])
def test_a_router_that_learns_nothing_filters_the_winner_and_takes_the_likeliest(n: int, k: int) -> None:
    hazard = 0.25
    router = ActiveRouter(n, k, hazard=hazard, prior=1e9)
    winners, venues, actions = orders(n + k, n, k, 12)
    laws, beliefs, _ = follow(router, winners, venues, actions)
    p = np.full(n, 1 / n)
    for winner, seen, action, law, belief in zip(winners, venues, actions, laws, beliefs, strict=True):
        for venue in seen:
            p = np.where(np.arange(n) == venue, p * (winner == venue), p * (winner != venue))
        p = p / p.sum()
        free = np.where(np.isin(np.arange(n), seen), -1.0, p)
        best = free >= free.max() - 1e-6
        np.testing.assert_allclose(law, best / best.sum(), atol=1e-6)
        p = np.where(np.arange(n) == action, p * (winner == action), p * (winner != action))
        p = p / p.sum()
        np.testing.assert_allclose(belief, p, atol=1e-5)
        p = (1 - hazard) * p + hazard / n


def test_of_three_venues_all_winners_are_seen_and_counted_in_pairs() -> None:
    winners, venues, actions = orders(2, 3, 1, 30)
    router = ActiveRouter(3, prior=2.0)
    *_, state = follow(router, winners, venues, actions)
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (winners[1:], winners[:-1]), 1.0)
    counts = np.asarray(state.counts.B[0])
    np.testing.assert_allclose(counts[..., 0], 2.0 / 3 + pairs, atol=1e-4)
    moving = np.asarray(state.moving.B[0])  # event axis last
    np.testing.assert_allclose(moving[:, 1:], np.broadcast_to(np.eye(3)[:, None], (3, 3, 3)), atol=1e-6)


def test_each_order_adds_one_to_the_counts_and_forgetting_takes_its_share() -> None:
    winners, venues, actions = orders(3, 5, 1, 40)
    *_, kept = follow(ActiveRouter(5), winners, venues, actions)
    assert np.asarray(kept.counts.B[0])[..., 0].sum() == pytest.approx(5 + 39, rel=1e-5)
    *_, faded = follow(ActiveRouter(5, forgetting=0.9), winners, venues, actions)
    total = float(np.asarray(faded.counts.B[0])[..., 0].sum())
    assert 5 + 0.9 / 0.1 - 1 < total < 5 + 1 / 0.1 + 1


def regrets(agent: Any, runs: int = 40, **market: Any) -> np.ndarray:
    world = venue_market(BIASES, 0.4, context_mode="random", **market)
    return np.asarray(rollout(run_keys(7, 0, runs), agent, world, 1500, 1).sums["regret"])[:, 0]


def test_it_beats_a_bandit_run_by_run_and_stays_near_the_counter() -> None:
    active = regrets(ActiveRouter(5))
    better = regrets(Thompson(5)) - active
    assert better.mean() > 10 * better.std(ddof=1) / len(better) ** 0.5
    away = (active - regrets(WinnerCounts(5))) / active.mean()
    assert abs(away.mean()) < 0.1


def test_outcomes_that_no_single_winner_explains_leave_numbers() -> None:
    world = venue_market(BIASES, 0.4, outcome="own", num_context=3, context_mode="random")
    found = rollout(run_keys(0, 0, 4), ActiveRouter(5, 3), world, 50, 1)
    assert np.isfinite(np.asarray(found.sums["regret"])).all()
    beliefs, counts = found.agent_state.beliefs[0], found.agent_state.counts.B[0]
    np.testing.assert_allclose(np.asarray(beliefs).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(np.asarray(counts)[..., 0].sum((1, 2)), 5 + 49, rtol=1e-4)


def test_its_worth_of_a_venue_is_preference_and_information() -> None:
    """``c p + h(p)`` of a venue that wins with probability p: information is the entropy of a sure outcome."""
    router = ActiveRouter(3, preference=1.5)
    state = router.agent.observed(router.init(jax.random.key(0)), (jnp.int32(0), jnp.int32(0)))
    p = np.array([0.0, 0.3, 0.7])
    state = state._replace(beliefs=(jnp.asarray(p, jnp.float32), state.beliefs[1]))
    found = np.asarray(router.agent.scores(state).neg_efe, np.float64)
    entropy = np.array([0.0, *-(p[1:] * np.log(p[1:]) + (1 - p[1:]) * np.log(1 - p[1:]))])
    wanted = 1.5 * p + entropy
    np.testing.assert_allclose(found[1:] - found[1], wanted - wanted[0], atol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_venues": 1}, "num_venues = 1"),
        ({"num_context": 3}, "num_context = 3"),
        ({"hazard": 1.5}, "hazard = 1.5"),
        ({"preference": np.nan}, "preference = nan"),
        ({"prior": 0.0}, "prior = 0.0"),
        ({"forgetting": 0.0}, "forgetting = 0.0"),
    ],
)
def test_refusals(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActiveRouter(**{"num_venues": 3, **given})
    if "forgetting" not in given:
        with pytest.raises(ValueError, match=message):
            venue_model(**{"num_venues": 3, **given})
