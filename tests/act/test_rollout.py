"""The loop: deterministic, paired, bounded in memory, compiled once."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import (
    UCB,
    EpsilonGreedy,
    IsingRouter,
    JointRouter,
    LinUCB,
    Thompson,
    WinnerCounts,
    cumulative,
    rollout,
    stretch_ends,
)
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.rollout import _check_memory
from isotherm.doors import memory
from isotherm.sample.schedule import Schedule
from isotherm.world.routing.context import Context
from isotherm.world.routing.replay import replay_world
from isotherm.world.routing.venues import VenueMarket, venue_market
from isotherm.world.world import AbstractWorld, Step

BIASES = np.linspace(0.8, -0.8, 5)
SMALL = Schedule(4, 4, 2)


def agents(n: int) -> dict[str, AbstractAgent]:
    return {
        "epsilon-greedy": EpsilonGreedy(n),
        "thompson": Thompson(n),
        "ucb": UCB(n),
        "linucb": LinUCB(n),
        "winner-counts": WinnerCounts(n),
        "ising": IsingRouter(n, schedule=SMALL),
        "ising-exact": IsingRouter(n, inference="exact"),
        "joint": JointRouter(n),
    }


NAMES = list(agents(2))


def market_of(
    weight: float = 0.4, mode: str = "random", shift: int = 1000, scale: float = 1.0
) -> VenueMarket:
    return venue_market(scale * np.stack([BIASES, -BIASES]), weight, shifts=(shift,), context_mode=mode)


def keys_of(count: int, seed: int = 0) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)


def regret(keys: jax.Array, agent: AbstractAgent, market: VenueMarket) -> np.ndarray:
    return np.asarray(rollout(keys, agent, market, 40, 8).sums["regret"])


class Clerk(AbstractAgent):
    """Goes to the first or to the last available venue, writes down what it sees, and counts its tracings."""

    takes_last: jax.Array
    traces: list[int] = eqx.field(static=True)

    def __init__(self, takes_last: bool) -> None:
        self.takes_last = jnp.asarray(takes_last)
        self.traces = []

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.zeros((), jnp.uint32)

    def act(self, key: jax.Array, state: jax.Array, observation: Context) -> tuple[jax.Array, jax.Array]:
        self.traces.append(1)
        first = jnp.argmax(observation.available)
        last = observation.num_venues - 1 - jnp.argmax(observation.available[::-1])
        return jnp.where(self.takes_last, last, first).astype(jnp.int32), state

    def learn(self, key: jax.Array, state: jax.Array, transition: Transition) -> jax.Array:
        seen = transition.observation
        for number in (*seen.venues, *seen.outcomes):
            state = state * jnp.uint32(31) + number.astype(jnp.uint32)
        return state


class Counted(AbstractAgent):
    """An agent that counts its tracings."""

    inner: AbstractAgent
    traces: list[int] = eqx.field(static=True)

    def init(self, key: jax.Array) -> Any:
        return self.inner.init(key)

    def act(self, key: jax.Array, state: Any, observation: Any) -> Any:
        self.traces.append(1)
        return self.inner.act(key, state, observation)

    def learn(self, key: jax.Array, state: Any, transition: Transition) -> Any:
        return self.inner.learn(key, state, transition)


# ------------------------------------------------------------------------------
# Every agent


@pytest.mark.parametrize("name", NAMES)
def test_keys_decide_everything(name: str) -> None:
    """Same keys, same numbers, whoever else is in a batch of that size; other keys, other numbers."""
    agent, market, keys = agents(5)[name], market_of(), keys_of(8)
    found = regret(keys, agent, market)
    np.testing.assert_array_equal(found, regret(keys, agent, market))
    np.testing.assert_array_equal(found[::-1], regret(keys[::-1], agent, market))
    others = jnp.concatenate([keys[:3], keys_of(5, seed=1)])
    np.testing.assert_array_equal(found[:3], regret(others, agent, market)[:3])
    assert (found[3:] != regret(others, agent, market)[3:]).any()
    assert found.sum() > 0
    # the context always is the best venue: nothing to regret
    assert not regret(keys, agent, market_of(weight=0.0, mode="fixed")).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_single_choice_is_taken(name: str) -> None:
    agent = agents(2)[name]

    def act(key: jax.Array, shown: jax.Array) -> jax.Array:
        context = Context(shown[None], shown[None].astype(jnp.int8) * 2 - 1, jnp.arange(2) != shown)
        return agent.act(key, agent.init(key), context)[0]

    shown = jnp.arange(8) % 2
    np.testing.assert_array_equal(jax.jit(jax.vmap(act))(keys_of(8), shown), 1 - shown)


def test_a_single_choice_costs_nothing() -> None:
    market = venue_market(np.array([0.2, -0.1]), 0.3, context_mode="random")
    state = jax.jit(jax.vmap(lambda key: market.reset(key)[1]))(keys_of(32))
    assert not np.asarray(jnp.where(state.context.available, state.regret, 0.0)).any()


# ------------------------------------------------------------------------------
# The record


def test_worlds_are_the_same_for_every_agent() -> None:
    market = market_of()
    first, last = (rollout(keys_of(8), Clerk(takes), market, 40, 8) for takes in (False, True))
    np.testing.assert_array_equal(first.agent_state, last.agent_state)
    assert (np.asarray(first.sums["regret"]) != np.asarray(last.sums["regret"])).any()
    other = rollout(keys_of(8, seed=1), Clerk(False), market, 40, 8)
    assert (np.asarray(other.agent_state) != np.asarray(first.agent_state)).all()


@pytest.mark.parametrize(("num_steps", "num_points"), [(23, 5), (20, 5), (7, 100), (1, 1)])
def test_stretches_have_equal_lengths_but_the_last(num_steps: int, num_points: int) -> None:
    ends = stretch_ends(num_steps, num_points)
    assert len(ends) <= num_points
    assert ends[-1] == num_steps
    assert len(set(np.diff(ends)[:-1])) <= 1


def test_stretches_add_up() -> None:
    table = np.random.default_rng(0).choice([-1, 1], (17, 4)).astype(np.int8)
    world, clerk, keys = replay_world(table), Clerk(True), keys_of(3)
    every = cumulative(rollout(keys, clerk, world, 23, 23).sums["reward"])
    for num_points in (5, 1):  # five stretches leave a shorter last one
        some = cumulative(rollout(keys, clerk, world, 23, num_points).sums["reward"])
        np.testing.assert_array_equal(some, every[:, stretch_ends(23, num_points) - 1])


def test_a_regime_shifts_at_its_step_in_the_loop() -> None:
    market = market_of(weight=0.0, mode="fixed", shift=13)
    steps = np.asarray(rollout(keys_of(2), Clerk(False), market, 20, 20).sums["regret"])
    np.testing.assert_array_equal(steps[0], [0] * 13 + [2] * 7)


def test_vectors_in_the_record_are_summed_too() -> None:
    table = np.array([[1, -1, 1], [-1, 1, 1], [1, 1, -1]], np.int8)
    sums = rollout(keys_of(2), Clerk(False), replay_world(table, 1, "fixed"), 3, 3).sums
    assert sums["fixed_success"].shape == (2, 3, 3)
    np.testing.assert_array_equal(sums["fixed_success"].sum(axis=1), [[0, 2, 2]] * 2)
    np.testing.assert_array_equal(sums["fixed_chances"].sum(axis=1), [[0, 3, 3]] * 2)


def test_memory_does_not_grow_with_steps() -> None:
    agent, market = Clerk(True), market_of()

    def memory(num_steps: int) -> tuple[int, int]:
        compiled = (
            jax.jit(lambda keys: rollout(keys, agent, market, num_steps, 10)).lower(keys_of(4)).compile()
        )
        found = compiled.memory_analysis()
        assert found is not None
        return found.temp_size_in_bytes, found.output_size_in_bytes

    few, many = memory(1_000), memory(1_000_000)
    assert many[1] == few[1]
    assert many[0] <= few[0]


def test_no_steps_are_refused() -> None:
    for arguments, message in (((0, 1), "num_steps = 0"), ((1, 0), "num_points = 0")):
        with pytest.raises(ValueError, match=message):
            rollout(keys_of(1), Clerk(True), market_of(), *arguments)


class Shelf(AbstractWorld):
    """A world of 20 bytes that shows 12 of them and records 28 a stretch."""

    def reset(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.zeros(3, jnp.int32), jnp.zeros(5, jnp.float32)

    def step(self, key: jax.Array, state: jax.Array, action: jax.Array) -> Step:
        no = jnp.zeros((), bool)
        return Step(jnp.zeros(3, jnp.int32), state, jnp.float32(1), no, no, {"six": jnp.zeros(6)})


class Sitter(AbstractAgent):
    """An agent whose state takes 8 bytes."""

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.zeros(2, jnp.float32)

    def act(self, key: jax.Array, state: jax.Array, observation: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.int32(0), state

    def learn(self, key: jax.Array, state: jax.Array, transition: Transition) -> jax.Array:
        return state


def test_records_and_states_beyond_memory_are_refused_by_the_argument_that_asks(monkeypatch) -> None:
    """Three copies of 28 bytes a run and stretch, then of 40 bytes a run; four fifths of memory may be taken."""

    def check(runs: int, num_steps: int, num_points: int, num_bytes: float) -> None:
        monkeypatch.setattr(memory, "machine_memory", lambda: num_bytes / memory.MEMORY_SHARE)
        _check_memory(keys_of(runs), Sitter(), Shelf(), None, num_steps, num_points)

    record = 3.0 * 100 * 28 * 1000
    check(100, 2000, 1000, record * 1.001)
    with pytest.raises(
        ValueError, match=r"^num_points = 1000: would take 0\.0084 GB .* keep fewer stretches"
    ):
        check(100, 2000, 1000, record * 0.999)
    # no more stretches than steps are kept, whatever is asked for
    check(101, 1000, 5000, 1.01 * record * 1.001)
    with pytest.raises(ValueError, match=r"^num_points = 5000: would take 0\.00848 GB"):
        check(101, 1000, 5000, 1.01 * record * 0.999)
    states = 3.0 * 100_000 * 40
    check(100_000, 1, 1, states * 1.001)
    with pytest.raises(
        ValueError, match=r"^keys = '100000 runs': would take 0\.012 GB .* have fewer at a time"
    ):
        check(100_000, 1, 1, states * 0.999)


def test_what_is_surely_small_is_not_looked_at(monkeypatch) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 1.0)
    for runs, num_steps, num_points in ((99_999, 1, 1), (100, 999, 5000), (100, 5000, 999)):
        _check_memory(keys_of(runs), Sitter(), Shelf(), None, num_steps, num_points)
    for runs, num_steps, num_points in ((100_000, 1, 1), (100, 1000, 5000), (100, 5000, 1000)):
        with pytest.raises(ValueError, match=r"^num_points = "):
            _check_memory(keys_of(runs), Sitter(), Shelf(), None, num_steps, num_points)


# ------------------------------------------------------------------------------
# Compilations


def test_worlds_are_leaves() -> None:
    """Ten markets, fixed and random, with shifts here and there, trace once."""
    clerk = Clerk(True)
    rollout(keys_of(4), clerk, market_of(), 40, 8)
    once = len(clerk.traces)
    for i in range(10):
        market = market_of(0.1 * i, ("fixed", "random")[i % 2], shift=1 + i, scale=1 + 0.1 * i)
        rollout(keys_of(4, seed=i), clerk, market, 40, 8)
    assert len(clerk.traces) == once
    rollout(keys_of(4), clerk, market_of(), 41, 8)
    assert len(clerk.traces) > once, "cannot fail"


def test_a_sweep_over_beta_compiles_once() -> None:
    traces: list[int] = []
    counts = []
    for beta in np.linspace(0.1, 2, 10):
        router = IsingRouter(5, beta=jnp.float32(beta), inference="exact")
        rollout(keys_of(4), Counted(router, traces), market_of(), 10, 1)
        counts.append(len(traces))
    assert counts[0] > 0
    assert len(set(counts)) == 1
