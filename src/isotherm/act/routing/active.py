"""The active-inference agent in a market of venues: which venue wins now, and what routing there would show."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.mind import Mind
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.random.ties import log_best
from isotherm.world.routing.context import TOLERANCE, Context

NEXT = 0
"""The control that waits for the next order; the control ``j + 1`` routes to venue ``j``."""

NONE, LOST, WON = 0, 1, 2

MAX_PRIOR = 1e12
"""Orders that the prior may weigh."""


def venue_model(
    num_venues: int, num_context: int = 1, *, hazard: Any = 1.0, preference: Any = 4.0, prior: Any = 1.0
) -> GenerativeModel:
    """Orders in a market in which one venue wins, as a hidden process of two steps an order.

    Factors: the *winner*, ``n`` states, and the *choice*, ``n + 1``: none, or a venue. One control drives both: to
    wait for the next order, before which the winner stays with probability ``1 - hazard`` and else is any; or to
    route, under which the winner stays. Modalities: each *context* venue with its outcome, symbol ``2 j`` if ``j``
    lost and ``2 j + 1`` if it won, and the *outcome* of the order: none, lost or won.

    Args:
        num_venues: ``n``, at least 2.
        num_context: ``K``, how many venues are seen before an order is routed, below ``n``.
        hazard: probability that the winner is drawn anew between orders, within 0 .. 1; a number.
        preference: log-preference in nats for a won order over a lost one; a number.
        prior: weight of that law of winners, as a number of orders seen after each, above 0, at most 1e12.

    Raises:
        TypeError: if an argument is no number.
        ValueError: naming the argument out of range.

    >>> venue_model(3).num_states, venue_model(3, num_context=2).num_obs
    ((3, 4), (6, 6, 3))
    """
    n = doors.whole("num_venues", num_venues, 2)
    num_context = doors.whole("num_context", num_context, 1, n - 1)
    hazard = doors.number("hazard", hazard, least=0, most=1)
    preference = doors.number("preference", preference)
    prior = doors.number("prior", prior, above=0, most=MAX_PRIOR)
    doors.affordable("num_venues", n, 64.0 * n**2 * (n + 1), "have fewer venues")
    won = np.eye(n)
    context = np.stack([1 - won, won], axis=1).reshape(2 * n, n) / n
    outcome = np.zeros((3, n, n + 1))
    outcome[NONE, :, 0] = 1.0
    outcome[LOST, :, 1:], outcome[WON, :, 1:] = 1 - won, won
    moves = np.full((n, n), hazard / n) + (1 - hazard) * won
    winner = np.stack([moves, *[won] * n], axis=-1)
    choice = np.stack([np.broadcast_to(np.eye(n + 1)[:, [u]], (n + 1, n + 1)) for u in range(n + 1)], axis=-1)
    return generative_model(
        A=[*[context] * num_context, outcome],
        B=[winner, choice],
        C=[*[np.zeros(2 * n)] * num_context, np.array([0.0, 0.0, preference])],
        D=[np.full(n, 1 / n), np.eye(n + 1)[0]],
        pB=[prior * winner, choice],
        A_dependencies=[*[[0]] * num_context, [0, 1]],
        B_action_dependencies=[[0], [0]],
    )


class ActiveRouter(AbstractChooser):
    """Infers the winner of each order, routes by expected free energy, and learns how winners follow each other.

    Each order is two steps of :func:`venue_model`: the context is seen and an order routed; its outcome is seen and
    the next order awaited. Only the transitions between orders are learned; the joint belief in two winners in a row
    is counted, see ``inference_algo="ovf"``. Venues that are not available are policies of prior probability 0.

    Attributes:
        agent: the active-inference agent, made from the other settings.
        num_venues: ``n`` (static).
        num_context: ``K`` (static).

    Args:
        num_venues: ``n``, at least 2.
        num_context: ``K``, at least 1 and below ``n``.
        hazard: see :func:`venue_model`.
        preference: likewise.
        prior: likewise.
        forgetting: share of the learned counts that each order leaves, above 0 and at most 1.

    References:
        Friston et al., Active inference: a process theory, Neural Comput. 29 (2017) 1.

    Raises:
        TypeError: if a setting is no number.
        ValueError: naming the setting out of range.

    >>> import jax
    >>> router = ActiveRouter(num_venues=3)
    >>> state = router.init(jax.random.key(0))
    >>> lost = Context(jnp.array([0]), jnp.array([-1], jnp.int8), jnp.array([False, True, True]))
    >>> log_law, _ = router.law(state, lost)
    >>> jnp.exp(log_law).round(3).tolist()
    [0.0, 0.5, 0.5]
    """

    agent: ActiveInference
    num_venues: int = eqx.field(static=True)
    num_context: int = eqx.field(static=True)

    def __init__(
        self,
        num_venues: int,
        num_context: int = 1,
        *,
        hazard: Any = 1.0,
        preference: Any = 4.0,
        prior: Any = 1.0,
        forgetting: Any = 1.0,
    ) -> None:
        forgetting = doors.number("forgetting", forgetting, above=0, most=1)
        model = venue_model(num_venues, num_context, hazard=hazard, preference=preference, prior=prior)
        self.num_venues, self.num_context = num_venues, num_context
        self.agent = ActiveInference(
            model,
            inference_algo="ovf",
            inference_horizon=3,  # an order, and the outcome before it
            num_iter=2,  # the choice is certain, so that the mean field is exact
            learn_B=True,
            forgetting=forgetting**0.5,  # an order is two steps
        )

    def init(self, key: Key[Array, ""]) -> Mind:
        """Beliefs in winners ``(n,)`` and choices ``(n + 1,)``; counts of the prior."""
        return self.agent.init(key)

    def law(self, state: Mind, observation: Context) -> tuple[Float[Array, " n"], Mind]:
        """Log probabilities ``(n,)``: even among the available venues of the lowest expected free energy.

        Args:
            state: of one run.
            observation: the context of an order.
        """
        venues, outcomes = observation.venues, observation.outcomes
        symbols = 2 * venues + (outcomes > 0).astype(jnp.int32)
        state = self.agent.observed(state, (*symbols, jnp.int32(NONE)))
        neg_efe = self.agent.scores(state).neg_efe[NEXT + 1 :]
        return log_best(neg_efe, observation.available, TOLERANCE), state

    def learn(self, key: Key[Array, ""], state: Mind, transition: Transition) -> Mind:
        """See the outcome of the order, and await the next one."""
        route: Int32[Array, ""] = transition.action.astype(jnp.int32) + 1
        state = self.agent.learn(key, state, transition._replace(action=route))
        unseen = [jnp.int32(-1)] * self.num_context
        outcome = jnp.where(transition.outcome > 0, WON, LOST).astype(jnp.int32)
        state = self.agent.observed(state, (*unseen, outcome))
        return self.agent.learn(key, state, transition._replace(action=jnp.int32(NEXT)))
