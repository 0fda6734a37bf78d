"""Active inference in trials: each begins anew, ends with the outcome of one choice, and is learned from at once."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.choice import log_actions
from isotherm.act.inference.mind import Mind, PolicyPlan
from isotherm.errors import refusal


class ByTrial(AbstractChooser):
    """An active-inference agent for trials of a choice and an outcome.

    Every trial begins in ``D``: the agent plans, chooses, sees what ``transition.next_observation`` shows, learns
    online from it, and is back at ``D``. One step of the world is one trial, and one update of the counts; an agent
    that runs from outcome to outcome would choose before it has counted the last one.

    Attributes:
        agent: plans one step, learns online, filters states.

    Raises:
        TypeError: if ``agent`` is no :class:`ActiveInference`.
        ValueError: if it plans more than one step, infers over a window, or learns otherwise than A online.

    >>> import jax, numpy as np
    >>> from isotherm.act.inference.build import active_inference
    >>> moves = np.zeros((3, 3, 2))  # from the start, or anywhere, to one of two arms
    >>> moves[1, :, 0] = moves[2, :, 1] = 1
    >>> one = ByTrial(active_inference(pA=[np.ones((2, 3))], B=[moves], C=[[0, 4]], D=[[1, 0, 0]], learn_A=True,
    ...     action_selection="stochastic"))
    >>> state = one.init(jax.random.key(0))
    >>> jnp.exp(one.law(state, None)[0]).tolist()  # nothing is known of either
    [0.5, 0.5]
    """

    agent: ActiveInference

    def __check_init__(self) -> None:
        agent = doors.instance("agent", self.agent, ActiveInference, "an ActiveInference")
        if len(agent.policies.levels) != 1:
            raise refusal("agent.policy_len", len(agent.policies.levels), "must be 1: a trial has one choice")
        if agent.settings.learn_B or agent.settings.learns_offline:
            raise refusal(
                "agent.settings", "learn_B or offline", "must learn A alone, online: moves are known"
            )
        if agent.settings.passes_messages:
            algorithm = agent.settings.inference_algo
            raise refusal("agent.inference_algo", algorithm, "must filter, as fpi, ovf and exact do")

    def init(self, key: Key[Array, ""]) -> Mind:
        """The agent's state before its first trial, beliefs ``(S_f,)`` and counts."""
        return self.agent.init(key)

    def law(self, state: Mind, observation: Any) -> tuple[Float[Array, " choices"], Mind]:
        """Log probabilities of all choices, ``(n,)``, from ``D``, and the state; what is shown before is not used."""
        del observation
        agent, settings = self.agent, self.agent.settings
        neg_efe = agent.scores(state).neg_efe
        plan = PolicyPlan(neg_efe, agent.log_policies(neg_efe))
        how = settings.action_selection, settings.sampling_mode, settings.clip
        return log_actions(plan.log_q, agent.policies, agent.alpha, *how), state._replace(plan=plan)

    def learn(self, key: Key[Array, ""], state: Mind, transition: Transition) -> Mind:
        """What the outcome, a scalar symbol of each modality, tells, counted; then back to ``D``.

        Args:
            key: not used.
            state: as :meth:`law` returned it.
            transition: its action, and what it led to.
        """
        agent, begun = self.agent, state
        state = agent.observed(
            state._replace(controls=agent.controls_of(transition.action)), transition.next_observation
        )
        state = agent.learn(key, state, transition._replace(action=jnp.int32(-1)))
        return state._replace(beliefs=begun.beliefs, controls=jnp.full_like(state.controls, -1))
