"""The soft backward recursion against a sum over all sequences, one at a time."""

import itertools
from typing import Any

import jax
import numpy as np
import pytest

from isotherm.exact.hidden.recursion import soft_backward

MOVES = np.array([[1, 0], [2, 0], [2, 1]])
STEPS = 4


def slowly(
    rewards: np.ndarray, start: int, gamma: float, log_prior: np.ndarray
) -> dict[tuple[int, ...], float]:
    """Log weight of each sequence."""
    found = {}
    for choices in itertools.product(range(2), repeat=STEPS):
        state, total = start, 0.0
        for step, choice in enumerate(choices):
            table = rewards if rewards.ndim == 2 else rewards[step]
            total += gamma * table[state, choice] + log_prior[choice]
            state = int(MOVES[state, choice])
        found[choices] = total
    return found


@pytest.mark.parametrize(
    ("shape", "gamma", "prior"), [((3, 2), 2.0, [0.0, 0.0]), ((4, 3, 2), 0.7, [0.0, -1.0])]
)
def test_sum_law_and_best_sequence(shape: tuple[int, ...], gamma: float, prior: list[float]):
    rewards = np.random.default_rng(len(shape)).normal(size=shape)
    weights = slowly(rewards, 1, gamma, np.array(prior))
    with jax.enable_x64(True):
        found = jax.tree.map(
            np.asarray, soft_backward(MOVES, rewards, 1, STEPS, gamma=gamma, log_prior=np.array(prior))
        )
    log_z = np.logaddexp.reduce(list(weights.values()))
    assert found.log_z == pytest.approx(log_z, abs=1e-12)
    assert tuple(found.best) == max(weights, key=weights.__getitem__)
    assert found.best_log_weight == pytest.approx(max(weights.values()), abs=1e-12)
    for choices, weight in weights.items():
        state, log_p = 1, 0.0
        for step, choice in enumerate(choices):
            log_p += found.log_laws[step, state, choice]
            state = MOVES[state, choice]
        assert log_p == pytest.approx(weight - log_z, abs=1e-12)


def test_a_choice_that_is_never_made_and_ties():
    found = soft_backward(MOVES, np.zeros((3, 2)), 0, 3, gamma=0.0, log_prior=[-np.inf, 0.0])
    assert (float(found.log_z), found.best.tolist()) == (0.0, [1, 1, 1])
    even = soft_backward(MOVES, np.zeros((3, 2)), 0, 3)
    assert (round(float(even.log_z), 5), even.best.tolist()) == (round(3 * np.log(2), 5), [0, 0, 0])


def test_it_is_traced_in_everything_but_the_number_of_steps():
    rewards = np.arange(6.0).reshape(3, 2)
    traced = jax.jit(lambda m, r, s, g: soft_backward(m, r, s, 3, gamma=g).log_z)
    assert float(traced(MOVES, rewards, 2, 0.5)) == pytest.approx(
        float(soft_backward(MOVES, rewards, 2, 3, gamma=0.5).log_z)
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"next_states": [[0, 3], [0, 0], [0, 0]]}, "next_states = 3"),
        ({"next_states": [0, 1]}, "next_states.shape"),
        ({"next_states": [[0.0, 1.0]]}, "next_states.dtype"),
        ({"rewards": np.zeros((2, 2))}, "rewards.shape"),
        ({"rewards": np.full((3, 2), np.inf)}, "rewards = "),
        ({"first_state": 3}, "first_state = 3"),
        ({"num_steps": 0}, "num_steps = 0"),
        ({"gamma": -1.0}, "gamma = -1"),
        ({"log_prior": [0.0]}, "log_prior.shape"),
        ({"log_prior": [-np.inf, -np.inf]}, "log_prior = "),
    ],
)
def test_refusals(given: dict[str, Any], message: str):
    arguments: dict[str, Any] = {
        "next_states": MOVES, "rewards": np.zeros((3, 2)), "first_state": 0, "num_steps": 2, **given
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        soft_backward(**arguments)
