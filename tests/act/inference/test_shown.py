"""Observations and actions that an agent refuses, before it computes anything."""

import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import ActiveInference
from isotherm.act.agent import Transition
from isotherm.act.inference.inputs import checked_action, checked_observation
from isotherm.energy import generative_model
from isotherm.world import grid_world

GRID = grid_world((7, 7))
"""49 cells, five moves."""

AGENT = ActiveInference(GRID.model)


@pytest.mark.parametrize(
    ("observation", "message"),
    [
        (49, "observation[0] = 49: must be within 0 .. 48, or -1 for none"),
        (-2, "observation[0] = -2: must be within 0 .. 48, or -1 for none"),
        (1.5, "observation[0] = 1.5: must be whole"),
        ((0, 0), "len(observation) = 2: must be 1, one for each modality"),
        (np.zeros(1, int), "observation[0].shape = (1,): must be (), a symbol"),
        (
            np.full(49, 1 / 49),
            "observation[0].shape = (49,): must be (), a symbol; weights need categorical_obs",
        ),
    ],
)
def test_observations(observation: Any, message: str) -> None:
    state = AGENT.init(jax.random.key(0))
    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        AGENT.law(state, observation)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (5, "action = 5: must be within 0 .. 4, or -1 for none"),
        (-2, "action = -2: must be within 0 .. 4, or -1 for none"),
        (np.zeros(2, int), "action.shape = (2,): must be () or (1,), one choice for each control"),
        (np.zeros((1, 1), int), "action.shape = (1, 1): must be () or (1,)"),
        (0.5, "action = 0.5: must be whole"),
    ],
)
def test_actions(action: Any, message: str) -> None:
    state, no = AGENT.init(jax.random.key(0)), jnp.zeros((), bool)
    step = Transition(0, action, jnp.float32(0), no, no, 0)
    with pytest.raises(ValueError, match=re.escape(message)):
        AGENT.learn(jax.random.key(0), state, step)


def test_edges_are_accepted_and_kept() -> None:
    assert [int(seen) for seen in checked_observation((48, -1), (49, 3), False)] == [48, -1]
    weights = checked_observation([np.array([0.25, 0.75])], (2,), True)
    assert weights[0].tolist() == [0.25, 0.75]
    assert int(checked_action(5, (2, 3))) == 5, "the number of a joint choice"
    assert checked_action([1, -1], (2, 3)).tolist() == [1, -1]
    with pytest.raises(ValueError, match=re.escape("action = 3: must be within 0 .. 2")):
        checked_action([1, 3], (2, 3))
    with pytest.raises(ValueError, match=re.escape("action = 2: must be within 0 .. 1")):
        checked_action([2, 2], (2, 3))


def test_weights_that_are_none() -> None:
    agent = ActiveInference(GRID.model, categorical_obs=True)
    state = agent.init(jax.random.key(0))
    for wrong, message in (
        (np.full(49, -1.0), "observation[0]"),
        (np.full(48, 1 / 48), "observation[0].shape = (48,): must be (49,), a weight for each symbol"),
        (3, "observation[0].shape = (): must be (49,)"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            agent.law(state, wrong)


def test_shapes_are_looked_at_in_compiled_programs_too() -> None:
    two = generative_model([np.eye(2)] * 2, [np.eye(2)[:, :, None]])
    agent = ActiveInference(two)
    state = agent.init(jax.random.key(0))
    with pytest.raises(ValueError, match=re.escape("len(observation) = 1: must be 2")):
        eqx.filter_jit(agent.law)(state, jnp.int32(0))
    log_law, _ = eqx.filter_jit(agent.law)(state, (jnp.int32(0), jnp.int32(1)))
    assert np.asarray(log_law).tolist() == [0.0]
