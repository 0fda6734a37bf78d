"""Bandits: outcomes by the arm's law of the trial."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.world.discrete.bandit import bandit

LAWS = np.array([[[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0], [0.1, 0.9, 0.0]]])
DRAWS = 20_000


def test_outcomes_are_as_frequent_as_the_laws_say_and_paid() -> None:
    world = bandit(LAWS, rewards=[-1.0, 0.5, 2.0])
    keys = jax.random.split(jax.random.key(0), DRAWS)
    step = jax.jit(jax.vmap(world.step, in_axes=(0, None, None)))
    for trial, arm in ((0, 0), (1, 1), (3, 1)):  # the third trial is the first one again
        answer = step(keys, jnp.int32(trial), jnp.int32(arm))
        law = LAWS[trial % 2, arm]
        share = np.bincount(answer.observation.outcome, minlength=3) / DRAWS
        assert (np.abs(share - law) <= 4.5 * np.sqrt(law * (1 - law) / DRAWS)).all()
        np.testing.assert_allclose(answer.reward, np.array([-1, 0.5, 2])[answer.observation.outcome])
        assert (answer.state == trial + 1).all()


def test_nothing_is_seen_before_the_first_choice() -> None:
    shown, state = bandit(LAWS[0], [0, 0, 1]).reset(jax.random.key(0))
    assert (int(shown.context), int(shown.outcome), int(state)) == (0, -1, 0)


@pytest.mark.parametrize(
    ("laws", "rewards", "message"),
    [
        ([0.5, 0.5], [0, 1], r"laws\.shape = \(2,\)"),
        (LAWS, [0, 1], r"rewards\.shape = \(2,\): must be \(3,\)"),
        ([[0.5, 0.4]], [0, 1], "must sum to 1"),
        ([[0.5, 0.5]], [0, np.nan], "rewards"),
    ],
)
def test_others_are_refused(laws: object, rewards: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bandit(laws, rewards)
