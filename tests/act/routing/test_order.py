"""Nothing depends on the order of venues: ties go evenly, and permuted columns give permuted choices."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from tests.support.stats import assert_frequencies

from isotherm.act import (
    UCB,
    AbstractAgent,
    ActiveRouter,
    EpsilonGreedy,
    Floor,
    IsingRouter,
    JointRouter,
    LinUCB,
    Thompson,
    Transition,
    WinnerCounts,
    rollout,
)
from isotherm.random import run_keys
from isotherm.random.ties import choose_best, is_best
from isotherm.sample.schedule import Schedule
from isotherm.world.routing.context import Context, route
from isotherm.world.routing.replay import replay_world
from isotherm.world.routing.venues import venue_market, win_probabilities

N = 5
MILLION = 1_000_000
ORDER = np.array([3, 0, 4, 1, 2])
"""Column ``i`` of the permuted world is column ``ORDER[i]`` of the first."""

AGENTS: dict[str, AbstractAgent] = {
    "epsilon-greedy": EpsilonGreedy(N),
    "ucb": UCB(N),
    "thompson": Thompson(N),
    "linucb": LinUCB(N),
    "winner-counts": WinnerCounts(N),
    "active-inference": ActiveRouter(N),
    "joint": JointRouter(N),
    "ising-exact": IsingRouter(N, inference="exact"),
    "ising": IsingRouter(
        N, schedule=Schedule(60, 2, 20)
    ),  # how close draws of a sweep differ, its order decides
}
FEW = [pytest.param(name, 10_000 if name == "thompson" else 20_000, id=name) for name in AGENTS]
MANY = [pytest.param(name, MILLION, id=f"{name}, a million", marks=pytest.mark.slow) for name in AGENTS]


@eqx.filter_jit
def actions(agent: AbstractAgent, state: Any, context: Context, count: int) -> jax.Array:
    keys = jax.random.split(jax.random.key(1), count)
    # in batches: draws by rejection repeat until the last of a batch is accepted
    return jax.lax.map(lambda key: agent.act(key, state, context)[0], keys, batch_size=10_000)


def context_of(venue: int, outcome: int) -> Context:
    available = jnp.asarray(np.arange(N) != venue)
    return Context(jnp.array([venue], jnp.int32), jnp.array([outcome], jnp.int8), available)


def learned(agent: AbstractAgent, name_of: np.ndarray) -> Any:
    """The state after a short history, told in columns that are called otherwise."""
    rng = np.random.default_rng(2)
    if isinstance(agent, IsingRouter):  # sampled moments would differ with the order of the draws
        agent = AGENTS["ising-exact"]
    learn = eqx.filter_jit(agent.learn)
    key, state, no = jax.random.key(0), agent.init(jax.random.key(0)), jnp.zeros((), bool)
    for _ in range(8):
        venue, action = name_of[rng.permutation(N)[:2]]
        outcome, reward = rng.choice([-1, 1], 2)
        context = context_of(int(venue), int(outcome))
        seen = (context, jnp.int32(action), jnp.float32(reward), no, no, context)
        state = learn(key, state, Transition(*seen))
    return state


@pytest.mark.parametrize(("name", "draws"), FEW)
def test_venues_of_which_nothing_is_known_are_taken_evenly(name: str, draws: int) -> None:
    agent = AGENTS[name]
    found = actions(agent, agent.init(jax.random.key(0)), context_of(2, 1), draws)
    assert_frequencies(np.asarray(found), np.array([1, 1, 0, 1, 1]) / 4)


@pytest.mark.parametrize(("name", "draws"), FEW + MANY)
def test_permuted_columns_give_permuted_choices(name: str, draws: int) -> None:
    agent = AGENTS[name]
    place_of = np.argsort(ORDER)
    first = actions(agent, learned(agent, np.arange(N)), context_of(4, -1), draws)
    second = actions(agent, learned(agent, place_of), context_of(int(place_of[4]), -1), draws)
    counts = np.array(
        [np.bincount(np.asarray(first), minlength=N), np.bincount(second, minlength=N)[place_of]]
    )
    spread = np.sqrt(np.maximum(counts.sum(axis=0) * (1 - counts.sum(axis=0) / counts.sum()), 1))
    z = (counts[0] - counts[1]) / spread
    assert np.abs(z).max() < stats.norm.isf(1e-4 / (2 * N)), f"z = {z.round(1)}"


def test_the_floor_takes_venues_that_are_alike_evenly() -> None:
    market = venue_market(np.zeros(N), 0.3)
    win = jnp.asarray(win_probabilities(market), jnp.float32)
    keys = jax.random.split(jax.random.key(1), 50_000)

    @eqx.filter_jit
    def act(floor: Floor) -> jax.Array:
        return jax.vmap(lambda key: floor.act(key, jnp.int32(0), context_of(2, 1))[0])(keys)

    for floor in (Floor(market, win), Floor(venue_market(np.zeros(N), 0.3, outcome="own"), None)):
        found = act(floor)
        assert_frequencies(np.asarray(found), np.array([1, 1, 0, 1, 1]) / 4)


@pytest.mark.parametrize("agent", [EpsilonGreedy(N), pytest.param(UCB(N), marks=pytest.mark.slow)])
def test_successes_do_not_hang_on_which_column_is_the_good_one(agent: AbstractAgent) -> None:
    """Half of the choices of forty steps are ties: the first of them being good must not help."""
    rng = np.random.default_rng(4)
    table = np.where(rng.random((40, N)) < np.array([0.9, 0.4, 0.4, 0.4, 0.4]), 1, -1)
    totals = [
        np.asarray(rollout(run_keys(1, 0, 2_000), agent, replay_world(columns), 40, 1).sums["success"])[:, 0]
        for columns in (table, table[:, ::-1])
    ]
    difference = totals[0].mean() - totals[1].mean()
    error = np.hypot(*(total.std(ddof=1) for total in totals)) / np.sqrt(2_000)
    assert abs(difference) < 4 * error, f"{difference:.2f} ± {error:.2f} successes"


@pytest.mark.parametrize("score", [0.0, 0.5, 20.0, 1e7, -1e7, np.inf, -np.inf])
def test_tied_venues_are_taken_evenly_at_any_score(score: float) -> None:
    keys = jax.random.split(jax.random.key(3), 100_000)
    scores, open_to_all = jnp.full(9, score, jnp.float32), jnp.ones(9, bool)
    found = jax.jit(jax.vmap(lambda key: route(key, scores, open_to_all)))(keys)
    assert_frequencies(np.asarray(found), np.full(9, 1 / 9))


def test_what_ties_is_within_the_tolerance_or_a_few_steps_of_the_type() -> None:
    def ties(scores: list[float], tolerance: float, allowed: list[bool] | None = None) -> list[bool]:
        array = jnp.asarray(scores, jnp.float32)
        return is_best(array, jnp.asarray(allowed or [True] * len(scores)), tolerance).tolist()

    assert ties([0.5, 0.5 + 9e-7, 0.5 - 2e-6], 1e-6) == [True, True, False]
    assert ties([1e4, 1e4 + 4e-3, 1e4 - 4e-2], 1e-6) == [True, True, False]
    assert ties([0.5, 0.5 + 6e-8], 0.0) == [False, True]
    assert ties([np.inf, 1e38, np.inf], 1e-6) == [True, False, True]
    assert ties([np.nan, 0.3, np.inf], 1e-6, [True, True, False]) == [False, True, False]
    assert ties([1.0, 2.0], 1e-6, [False, False]) == [False, False]


def test_one_that_may_not_be_taken_never_is() -> None:
    keys = jax.random.split(jax.random.key(6), 1_000)
    scores = jnp.array([np.nan, -np.inf, 9.0], jnp.float32)
    allowed = jnp.array([True, True, False])
    found = jax.vmap(lambda key: choose_best(key, scores, allowed))(keys)
    assert set(np.asarray(found)) == {0, 1}
    assert_frequencies(np.asarray(found), np.array([0.5, 0.5, 0]))
