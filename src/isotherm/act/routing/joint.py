"""The joint router: learns the joint law of all venues' outcomes, its support included, and conditions on context."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.act.routing.counter import possible_winners, surprise_of_winners
from isotherm.errors import refusal
from isotherm.exact.exact import MAX_SPINS
from isotherm.learn.online import posterior as gaussian
from isotherm.learn.online.exclusive import ExclusivePosterior
from isotherm.learn.online.posterior import IsingPosterior
from isotherm.random.ties import log_best
from isotherm.sample.clamp import Clamp
from isotherm.world.routing.context import TOLERANCE, Context, route

LEAST_PROBABILITY = 1e-6
"""Predictive probabilities stay this far from 0 and 1, so that no single outcome settles anything for ever."""

KEPT_AFTER_CHANGE = 0.1
"""Share of the free law's information that survives a change."""

JointInference = Literal["exact", "local"]


class Exclusive(NamedTuple):
    """The law on the ``n`` states in which exactly one venue wins.

    Attributes:
        posterior: of its log weights.
        surprise: CUSUM of predictive likelihood against uniform winners, a scalar in nats, at least 0.
    """

    posterior: ExclusivePosterior
    surprise: Float[Array, ""]


class Free(NamedTuple):
    """The Ising law on all ``2^n`` states.

    Attributes:
        posterior: of its parameters.
        predicted: ``P(venue wins | context)`` of the present step, shape ``(n,)``.
        surprise: CUSUM of predictive likelihood against a fair coin, in nats, at least 0.
    """

    posterior: IsingPosterior
    predicted: Float[Array, " n"]
    surprise: Float[Array, ""]


class JointState(NamedTuple):
    """Both laws, and what has been seen of their worth.

    Attributes:
        exclusive: exactly one venue wins.
        free: any venues may win.
        log_odds: accumulated predictive log-likelihood of the exclusive law less that of the free law, a scalar in
            nats.
        time: steps so far, an int32 scalar.
    """

    exclusive: Exclusive
    free: Free
    log_odds: Float[Array, ""]
    time: Int32[Array, ""]

    @property
    def is_exclusive(self) -> Bool[Array, ""]:
        """The exclusive law has the larger evidence, by Schwarz's penalty on the free law's parameters.

        A bool scalar.

        References:
            Schwarz, Annals of Statistics 6 (1978) 461.
        """
        n = self.free.predicted.shape[-1]
        extra_parameters = n * (n + 1) // 2 - (n - 1)
        return self.log_odds + 0.5 * extra_parameters * jnp.log1p(self.time.astype(jnp.float32)) >= 0


class JointRouter(AbstractChooser):
    """Learns which joint law the venues' outcomes follow, and routes by conditional inference in it.

    Two supports compete: all ``2^n`` states (an Ising model under a Gaussian posterior, see
    :mod:`isotherm.learn.online.posterior`), and the ``n`` states in which exactly one venue wins (the limit of
    infinitely repelling couplings, likewise, see :mod:`isotherm.learn.online.exclusive`). The accumulated predictive
    likelihood of the routed orders says which to use. Both explore where they are in doubt: the exclusive law by
    a draw from its posterior, the free law by an upper confidence bound. A change of regime shows as a CUSUM of
    predictive likelihood: the exclusive law then starts afresh, the free law keeps a tenth of its information.

    Attributes:
        num_venues: ``n``.
        inference: of the free law: ``"exact"`` (enumeration, up to some 12 venues) or ``"local"`` (effective
            couplings among what is seen; any size) (static).
        width: free law: standard errors by which a venue's log odds are raised, at least 0.
        draw_width: exclusive law: factor on the posterior's standard deviations in a draw, at least 0; 1 is
            Thompson sampling.
        threshold: surprise in nats at which a change is declared, above 0.

    References:
        Page, Biometrika 41 (1954), CUSUM; Dawid, JRSS A 147 (1984), prequential evidence; Schwarz, Annals of
        Statistics 6 (1978).

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming the setting out of range, or if there are too many venues to enumerate or for the
            posterior's matrix.

    >>> from isotherm.world.routing.context import Context
    >>> router = JointRouter(num_venues=3)
    >>> state = router.init(jax.random.key(0))
    >>> shown = Context(jnp.array([0]), jnp.array([1], jnp.int8), jnp.array([False, True, True]))
    >>> int(router.act(jax.random.key(1), state, shown)[0]) in (1, 2)
    True
    """

    num_venues: int
    inference: JointInference = "exact"
    width: float = 1.0
    draw_width: float = 0.7
    threshold: float = 12.0

    def __check_init__(self) -> None:
        n = doors.whole("num_venues", self.num_venues, 1)
        doors.choice("inference", self.inference, get_args(JointInference))
        doors.numbers("width", self.width, least=0)
        doors.numbers("draw_width", self.draw_width, least=0)
        doors.numbers("threshold", self.threshold, above=0)
        if self.inference == "exact" and n > MAX_SPINS:
            raise refusal("num_venues", n, f"at most {MAX_SPINS} are enumerated; use inference='local'")
        doors.affordable(
            "num_venues", n, 2.0 * n**4, "the posterior has a matrix of all parameters, n (n + 1) / 2"
        )

    def init(self, key: Key[Array, ""]) -> JointState:
        """Nothing known, even odds; ``predicted`` is one half, shape ``(n,)``."""
        del key
        n, zero = self.num_venues, jnp.zeros((), jnp.float32)
        free = Free(IsingPosterior.prior(n), jnp.full(n, 0.5, jnp.float32), zero)
        return JointState(Exclusive(ExclusivePosterior.prior(n), zero), free, zero, jnp.zeros((), jnp.int32))

    def act(
        self, key: Key[Array, ""], state: JointState, observation: Context
    ) -> tuple[Int32[Array, ""], JointState]:
        """The available venue most likely to win, in doubt raised, by the law with the larger evidence.

        The action is an int32 scalar; the state keeps what the free law predicted, for :meth:`learn`.
        """
        draw_key, tie_key = jax.random.split(key)
        scores, state = self._scores(draw_key, state, observation)
        return route(tie_key, scores, observation.available), state

    def law(self, state: JointState, observation: Context) -> tuple[Float[Array, " n"], JointState]:
        """Log probabilities ``(n,)``: even among the best scores of the law with the larger evidence.

        Raises:
            ValueError: unless ``draw_width`` is 0: a draw from the exclusive law's posterior has no closed law of
                choice.
        """
        if self.draw_width != 0:
            raise refusal("draw_width", self.draw_width, "only draw_width=0 has a closed law of choice")
        scores, state = self._scores(jax.random.key(0), state, observation)
        return log_best(scores, observation.available, TOLERANCE), state

    def _scores(
        self, key: Key[Array, ""], state: JointState, observation: Context
    ) -> tuple[Float[Array, " n"], JointState]:
        """Of all venues, and the state that remembers what the free law predicted."""
        draws = state.exclusive.posterior.draw(key, self.draw_width)
        context = observation.clamp()
        log_odds = self._log_odds(state.free.posterior, context)
        variance = gaussian.log_odds_variance(state.free.posterior, context)
        bounds = log_odds + self.width * jnp.sqrt(variance)
        free = state.free._replace(predicted=gaussian.moderated(log_odds, variance))
        return jnp.where(state.is_exclusive, draws, bounds), state._replace(free=free)

    def learn(self, key: Key[Array, ""], state: JointState, transition: Transition) -> JointState:
        """Both laws learn from the context and the outcome; the evidence counts how each predicted it."""
        del key
        context, action, won = transition.observation, transition.action, transition.reward > 0
        exclusive_score = _score(win_given(state.exclusive.posterior.win_probability, context)[action], won)
        free_score = _score(state.free.predicted[action], won)
        seen = context.with_action(action, transition.outcome)
        return JointState(
            exclusive=self._learn_exclusive(state.exclusive, transition),
            free=self._learn_free(state.free, seen, free_score),
            log_odds=state.log_odds + exclusive_score - free_score,
            time=state.time + 1,
        )

    def _learn_exclusive(self, state: Exclusive, transition: Transition) -> Exclusive:
        possible = possible_winners(transition)
        predictive = jnp.maximum(state.posterior.predictive(possible), LEAST_PROBABILITY)
        surprise = surprise_of_winners(state.surprise, possible, predictive)
        changed = surprise > self.threshold
        posterior = jax.tree.map(lambda x: jnp.where(changed, 0.0, x), state.posterior.observe(possible))
        return Exclusive(posterior, jnp.where(changed, 0.0, surprise))

    def _learn_free(self, state: Free, seen: Clamp, score: Float[Array, ""]) -> Free:
        observe = gaussian.observe_exact if self.inference == "exact" else gaussian.observe_local
        surprise = jnp.maximum(0.0, state.surprise + jnp.log(0.5) - score)
        changed = surprise > self.threshold
        return Free(
            posterior=observe(state.posterior, seen).keep(jnp.where(changed, KEPT_AFTER_CHANGE, 1.0)),
            predicted=state.predicted,
            surprise=jnp.where(changed, 0.0, surprise),
        )

    def _log_odds(self, posterior: IsingPosterior, context: Clamp) -> Float[Array, " n"]:
        infer = gaussian.log_odds_exact if self.inference == "exact" else gaussian.log_odds_local
        return infer(posterior, context)


def win_given(win_probability: Float[Array, " n"], context: Context) -> Float[Array, " n"]:
    """``P(venue wins | context)`` where exactly one venue wins.

    Args:
        win_probability: without the context, shape ``(n,)``, sums to 1.
        context: of one run.

    Returns:
        Shape ``(n,)``: zero at context venues, and everywhere if one of them has won.
    """
    left = jnp.where(context.clamp().mask, 0.0, win_probability)
    return jnp.where((context.outcomes > 0).any(), 0.0, left / jnp.maximum(jnp.sum(left), 1e-9))


def _score(p: Float[Array, ""], won: Bool[Array, ""]) -> Float[Array, ""]:
    return jnp.log(jnp.clip(jnp.where(won, p, 1 - p), LEAST_PROBABILITY, 1.0))
