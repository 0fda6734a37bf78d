"""The knapsack: its values are those of brute force, and its best subset is the best."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.hidden.controls import all_choices, flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.world import knapsack_model, knapsack_world

RNG = np.random.default_rng(5)
PROBLEMS = [
    (RNG.uniform(0.5, 4, n), RNG.uniform(-0.5, 3, n), c) for n, c in ((1, 0.1), (4, 5.0), (6, 8.0), (5, 0))
]


def values(model: GenerativeModel) -> np.ndarray:
    """Of each subset: log-preferences of what one step leads to for sure."""
    flat = flat_controls(
        jnp.asarray(all_choices(model.num_controls)), model.B_action_dependencies, model.num_controls
    )
    found = np.zeros(len(flat))
    for f, (B, C) in enumerate(zip(model.B, model.C, strict=True)):
        for before in range(2):  # whatever was packed before
            after = np.asarray(B)[:, before, np.asarray(flat)[:, f]]
            assert set(after.ravel()) <= {0.0, 1.0}
            found += 0.5 * np.asarray(C, np.float64) @ after
    return found


@pytest.mark.parametrize(("weights", "rewards", "capacity"), PROBLEMS)
def test_subsets_are_valued_as_by_brute_force(
    weights: np.ndarray, rewards: np.ndarray, capacity: float
) -> None:
    found = values(knapsack_model(weights, rewards, capacity))
    subsets = np.array(list(itertools.product([0, 1], repeat=len(weights))))
    fits = subsets @ weights <= capacity
    worth = subsets @ rewards
    np.testing.assert_allclose(found[fits], worth[fits], atol=1e-6)
    assert found[~fits].max(initial=-1.0) < 0  # worse than nothing at all
    best = np.where(fits, worth, -np.inf).max()
    assert worth[found.argmax()] == pytest.approx(best)
    assert fits[found.argmax()]


def test_a_full_knapsack_is_not_too_heavy() -> None:
    assert values(knapsack_model([2, 3], [1, 1], 5)).argmax() == 3
    assert values(knapsack_model([2, 3], [1, 1], 4.999)).argmax() in (1, 2)


def test_preferences_of_the_published_example_may_mislead() -> None:
    weights, rewards = np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0])
    soft = values(knapsack_model(weights, rewards, 2.0, preferences="softmax"))
    sigmoid = 1 / (1 + np.exp(-rewards))
    subsets = np.array(list(itertools.product([0, 1], repeat=3)))
    expected = subsets @ sigmoid + (1 - subsets) @ (1 - sigmoid) + (subsets @ weights <= 2)
    np.testing.assert_allclose(soft, expected, rtol=1e-6)
    greedy = values(knapsack_model(weights, 9 * rewards, 0.5, preferences="softmax"))
    assert greedy.argmax() == 7  # all three, though none fits
    assert values(knapsack_model(weights, 9 * rewards, 0.5)).argmax() == 0


def test_the_world_pays_what_the_model_values() -> None:
    weights, rewards, capacity = PROBLEMS[1]
    world = knapsack_world(weights, rewards, capacity)
    _, state = world.reset(jax.random.key(0))
    step = jax.jit(jax.vmap(lambda subset: world.step(jax.random.key(0), state, subset)))
    answer = step(jnp.asarray(all_choices([2] * 4)))
    np.testing.assert_allclose(answer.reward, values(world.model), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(np.stack(answer.observation, -1)[:, :4], all_choices([2] * 4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1.0, -1.0]}, r"min\(weights\) = -1.0"),
        ({"weights": [1.0, np.inf]}, "weights = inf"),
        ({"weights": []}, r"weights\.shape = \(0,\)"),
        (
            {"weights": np.ones(25), "rewards": np.ones(25)},
            r"weights\.shape = \(25,\): must be \(items,\), 1 \.\. 24",
        ),
        ({"rewards": [1.0, 1e29]}, "rewards = 1e\\+29: .*at most 1e\\+28"),
        ({"rewards": [1.0]}, r"rewards\.shape = \(1,\): must be \(2,\)"),
        ({"capacity": -1.0}, "capacity = -1.0"),
        ({"penalty": 3.0}, "penalty = 3.0: must be above 3, the sum"),
        ({"preferences": "soft"}, "preferences = 'soft': should be one of exact, softmax"),
        ({"preferences": "softmax", "penalty": 9.0}, "penalty = 9.0: softmax preferences have their own"),
    ],
)
def test_what_is_no_knapsack_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        knapsack_model(**({"weights": [1.0, 2.0], "rewards": [1.0, 2.0], "capacity": 2.0} | change))


def test_a_penalty_above_all_rewards_is_taken() -> None:
    assert knapsack_model([1.0], [2.0], 0.5, penalty=2.5).C[-1].tolist() == [0, -2.5]
    assert knapsack_model([1.0], [-2.0], 0.5).C[-1].tolist() == [0, -1]
