"""Worlds behind gymnasium's interface: its checker is silent, seeds are keys, the draws are the rollout's."""

import sys
import warnings
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from isotherm.energy.hidden.model import generative_model
from isotherm.world import (
    TWO_CUE_MAZE,
    HiddenWorld,
    cue_chain,
    cue_maze,
    graph_world,
    grid_world,
    hidden_world,
    knapsack_world,
    simplified_t_maze,
    t_maze,
    to_gymnasium,
)
from isotherm.world.keys import reset_key, step_key

WORLDS = {
    "grid": grid_world(success_prob=0.5),
    "t-maze": t_maze(),
    "simplified": simplified_t_maze(ends_on=[[], [1, 2]]),
    "maze": cue_maze(TWO_CUE_MAZE),
    "graph": graph_world(3, [(0, 1), (1, 2)]),
    "cues": cue_chain(),
    "knapsack": knapsack_world([1.0, 2.0], [1.0, 1.0], 2.0),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_checker_of_gymnasium_says_nothing(name: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(to_gymnasium(WORLDS[name]))
    assert [str(one.message) for one in said] == []


def test_spaces_are_those_of_modalities_and_controls() -> None:
    assert to_gymnasium(WORLDS["t-maze"]).observation_space == spaces.Tuple(
        [spaces.Discrete(5), spaces.Discrete(3), spaces.Discrete(3)]
    )
    assert to_gymnasium(WORLDS["t-maze"]).action_space == spaces.Discrete(5)  # the side has no choice
    assert to_gymnasium(WORLDS["knapsack"]).action_space == spaces.MultiDiscrete([2, 2])
    drifting = generative_model(A=[np.eye(2)], B=[np.eye(2)], B_action_dependencies=[[]])
    assert to_gymnasium(hidden_world(drifting)).action_space == spaces.Discrete(1)


def run_by_hand(world: HiddenWorld, key: jax.Array, actions: list[int]) -> list[Any]:
    """Observations of a run whose keys are a rollout's."""
    observation, state = world.reset(reset_key(key))
    found = [[int(o) for o in observation]]
    for time, action in enumerate(actions):
        answer = world.step(step_key(key, time), state, action)
        state = answer.state
        found.append([int(o) for o in answer.observation])
    return found


def test_a_seed_is_a_key_and_so_is_an_option() -> None:
    world, actions = WORLDS["grid"], [1, 2, 0, 3, 1, 1, 2]
    environment = to_gymnasium(world)

    def play(**given: Any) -> list[Any]:
        observation, info = environment.reset(**given)
        assert info == {}
        found = [list(map(int, observation))]
        for action in actions:
            observation, reward, *_ = environment.step(action)
            assert type(reward) is float
            found.append(list(map(int, observation)))
        return found

    for seed in (0, 7, 2**32 - 1):
        assert play(seed=seed) == run_by_hand(world, jax.random.key(seed), actions)
    key = jax.random.split(jax.random.key(3))[1]
    assert play(options={"key": key}) == run_by_hand(world, key, actions)
    first = [play(seed=5), play(), play()]
    assert [play(seed=5), play(), play()] == first
    assert first[1] != first[2]


def test_a_step_tells_rewards_ends_and_records() -> None:
    environment = to_gymnasium(grid_world((1, 2), initial_position=(0, 0), rewards=[[0, 2]], ends_on=[[1]]))
    environment.reset(seed=0)
    assert environment.step(4) == ((0,), 0.0, False, False, {"new_cell": 1.0})
    observation, *rest = environment.step(np.int64(1))
    assert (observation, rest) == ((1,), [2.0, True, False, {"new_cell": 0.0}])
    assert type(observation[0]) is np.int64


def test_actions_may_be_choices_of_all_controls_too() -> None:
    environment = to_gymnasium(t_maze())
    environment.reset(seed=0)
    assert int(environment.step(np.array([3, 0]))[0][0]) == 3
    assert int(environment.step(jnp.array([0, 0]))[0][0]) == 0


def test_it_is_made_anew_from_its_spec_and_cut_by_a_wrapper() -> None:
    environment = to_gymnasium(WORLDS["t-maze"])
    assert environment.spec is not None
    again = gymnasium.wrappers.TimeLimit(environment.spec.make(), 2)
    again.reset(seed=1)
    assert [again.step(0)[3] for _ in range(2)] == [False, True]


def test_what_cannot_be_played_is_refused() -> None:
    environment = to_gymnasium(WORLDS["t-maze"])
    with pytest.raises(ResetNeeded, match="reset the environment before"):
        environment.step(0)
    for given, message in (
        ({"seed": -1}, "seed = -1: should be within"),
        ({"seed": 2**32}, "seed = 4294967296"),
        ({"options": {"state": 3}}, "options = 'state': only 'key' is known"),
        ({"options": {"key": "3"}}, r"options\['key'\] = '3': should be a seed or a JAX key"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            environment.reset(**given)
    environment.reset(seed=0)
    for action in (5, -2, [0, 0, 0], 0.5):
        with pytest.raises((TypeError, ValueError), match="action"):
            environment.step(action)
    worlds = hidden_world(generative_model(A=[np.eye(2)], B=[np.eye(2)[:, :, None]], batch_size=2))
    with pytest.raises(ValueError, match=r"world\.model\.batch_size = 2"):
        to_gymnasium(worlds)
    with pytest.raises(ValueError, match="render_mode = 'human'"):
        type(environment)(WORLDS["grid"], render_mode="human")


def test_without_gymnasium_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(ImportError, match=r"to_gymnasium needs gymnasium: pip install 'isotherm\[agents\]'"):
        to_gymnasium(WORLDS["grid"])
