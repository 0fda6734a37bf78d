"""Agents of the study, from parameters by name, and the priors of those."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from isotherm.act.choices.priors import Prior, positive, real, unit
from isotherm.act.choices.target import Build
from isotherm.act.chooser import AbstractChooser
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.build import active_inference
from isotherm.act.inference.by_trial import ByTrial
from isotherm.act.trials.habit import Habit
from isotherm.act.trials.softmax_q import SoftmaxQ
from isotherm.act.trials.stay import Chance, Stay

Parameters = Mapping[str, Any]

PRIORS = {
    "alpha gamma": positive(5.0, 0.8),
    "loss": positive(1.0, 0.7),
    "rate": positive(1.0, 0.7),
    "forgetting": unit(0.9, 0.8),
}
"""Of simulated subjects: they are drawn from these, and fitted with them."""

MOST_POINTS = 9


class Contender(NamedTuple):
    """A way to foretell choices.

    Attributes:
        label: in tables and figures.
        build: the agent at given parameters.
        priors: of each parameter; empty where nothing is fitted.
    """

    label: str
    build: Build
    priors: dict[str, Prior]


def counting_agent(
    num_arms: int, preferences: Any, *, gamma: Any, rate: Any, forgetting: Any, is_curious: bool = False
) -> ByTrial:
    """Active inference on a bandit: counts outcomes by arm, with forgetting.

    Args:
        num_arms: at least 1.
        preferences: of outcomes, in nats, ``(outcomes,)``.
        gamma: inverse temperature, at ``alpha = 1``.
        rate: what an outcome adds to its count.
        forgetting: what remains of counts beyond 1 at each trial.
        is_curious: information about A counts as well.
    """
    states = num_arms + 1
    moves = np.zeros((states, states, num_arms), np.float32)
    for arm in range(num_arms):
        moves[arm + 1, :, arm] = 1
    start = np.eye(states, dtype=np.float32)[0]
    agent = active_inference(
        pA=[np.ones((preferences.shape[0], states), np.float32)],
        B=[moves],
        C=[preferences],
        D=[start],
        gamma=gamma,
        rate_A=rate,
        forgetting=forgetting,
        learn_A=True,
        inference_algo="exact",
        inference_horizon=2,
        action_selection="stochastic",
        use_states_info_gain=False,
        use_param_info_gain=is_curious,
        preprocess=_outcome,
    )
    return ByTrial(agent)


def simulated_agent(num_arms: int, parameters: Parameters, alpha: Any = None) -> ByTrial:
    """A subject of the recovery: outcomes are a loss, nothing, a win.

    Args:
        num_arms: of its bandit.
        parameters: those of :data:`PRIORS`.
        alpha: precision of choice, at which ``gamma`` is ``alpha gamma`` over it; 1 by default.
    """
    loss = jnp.asarray(parameters["loss"])
    zero = jnp.zeros_like(loss)
    agent = counting_agent(
        num_arms,
        jnp.stack([-loss, zero, zero + 1]),
        gamma=parameters["alpha gamma"] if alpha is None else parameters["alpha gamma"] / alpha,
        rate=parameters["rate"],
        forgetting=parameters["forgetting"],
    )
    return agent if alpha is None else ByTrial(agent.agent.with_alpha(alpha))


def reversal_agent(parameters: Parameters) -> ActiveInference:
    """Active inference on two answers, one of which is likelier for a while.

    Args:
        parameters: ``precision``; ``hazard`` of a change; ``reliability``, 0 for none, 1 for certainty.
    """
    hazard, right = jnp.asarray(parameters["hazard"]), 0.5 + 0.5 * jnp.asarray(parameters["reliability"])
    stays = jnp.stack([jnp.stack([1 - hazard, hazard]), jnp.stack([hazard, 1 - hazard])])
    answers = jnp.broadcast_to(jnp.eye(2, dtype=stays.dtype)[:, None, :], (2, 2, 2))  # new, old, control
    moves = jnp.einsum("ij,abu->iajbu", stays, answers).reshape(4, 4, 2)
    is_right = jnp.eye(2, dtype=bool).reshape(4)
    paid = jnp.where(is_right, right, 1 - right)
    return active_inference(
        A=[jnp.stack([1 - paid, paid])],
        B=[moves],
        C=[jnp.array([0.0, 1.0])],
        gamma=parameters["precision"],
        inference_algo="exact",
        action_selection="stochastic",
        use_states_info_gain=False,
        preprocess=_outcome,
    )


def contenders(task: str) -> tuple[Contender, ...]:
    """Who foretells the choices of a task, active inference first and chance last."""
    return _FOR_PREDICTION if task == "prediction" else _FOR_TWO_STEP


def _outcome(trial: Any) -> Any:
    return (trial.outcome,)


def _habitual(agent: AbstractChooser, parameters: Parameters) -> Habit:
    return Habit(agent, parameters["habit"])


def _planets(p: Parameters) -> Habit:
    points = jnp.linspace(0.0, 1.0, MOST_POINTS + 1) * p["preference"]
    agent = counting_agent(
        2, points, gamma=p["precision"], rate=p["rate"], forgetting=p["forgetting"], is_curious=True
    )
    return _habitual(agent, p)


def _softmax_q(**settings: Any) -> Build:
    def build(p: Parameters) -> Habit:
        q = SoftmaxQ(2, learning_rate=p["rate"], inverse_temperature=p["precision"], initial=0.5, **settings)
        return _habitual(q, p)

    return build


def _stay(p: Parameters) -> Stay:
    return Stay(2, after_win=p["after win"], after_loss=p["after loss"], win_above=0.5)


def _chance(_: Parameters) -> Chance:
    return Chance(2)


_HABIT = {"habit": real(0.0, 1.0)}
_Q = {"rate": unit(0.3, 1.5), "precision": positive(3.0, 1.0), **_HABIT}
_STAY = Contender("stay rule", _stay, {"after win": unit(0.7, 1.5), "after loss": unit(0.5, 1.5)})
_CHANCE = Contender("chance", _chance, {})
_FOR_PREDICTION = (
    Contender(
        "active inference",
        lambda p: _habitual(reversal_agent(p), p),
        {
            "precision": positive(3.0, 1.0),
            "hazard": unit(0.1, 1.0),
            "reliability": unit(0.6, 1.0),
            **_HABIT,
        },
    ),
    Contender("softmax-Q", _softmax_q(is_fictitious=True), _Q),
    _STAY,
    _CHANCE,
)
_FOR_TWO_STEP = (
    Contender(
        "active inference",
        _planets,
        {
            "precision": positive(1.5, 1.0),
            "preference": positive(4.0, 1.0),
            "rate": positive(1.0, 1.0),
            "forgetting": unit(0.9, 1.0),
            **_HABIT,
        },
    ),
    Contender("softmax-Q, planets", _softmax_q(), _Q),
    Contender("softmax-Q, ships", _softmax_q(num_contexts=2), _Q),
    _STAY,
    _CHANCE,
)
