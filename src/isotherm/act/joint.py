"""The joint router: a joint law of all venues' outcomes, its support included, learned by likelihood."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.counter import count, possible_winners
from isotherm.act.router import Inference
from isotherm.energy.ising import Ising
from isotherm.learn.moments import zero_model
from isotherm.sample.clamp import Clamp
from isotherm.sample.exact import exact
from isotherm.sample.gibbs import Moments, Schedule, gibbs_means, gibbs_moments
from isotherm.world.routing import Context, route

LEAST_PROBABILITY = 1e-6
"""Predictive probabilities are kept this far from 0 and 1, so that no single outcome settles anything for ever."""


class Exclusive(NamedTuple):
    """The law on the ``n`` states in which exactly one venue wins, ``p(i) ∝ exp(2 beta b_i)``, as Dirichlet counts.

    Attributes:
        winners: counts since the last change, shape ``(n,)``.
        recent: counts since the CUSUM was last zero: what remains if a change is declared, shape ``(n,)``.
        surprise: CUSUM of predictive likelihood against uniform winners, in nats, at least 0.
    """

    winners: Float[Array, " n"]
    recent: Float[Array, " n"]
    surprise: Float[Array, ""]


class Free(NamedTuple):
    """The Ising law on all ``2^n`` states, and the sums of squared gradients that set its learning rates.

    Attributes:
        model: biases and couplings at ``beta = 1``.
        squares: sums of squared gradients since the last change, as a model.
        surprise: CUSUM of predictive likelihood against a fair coin, in nats, at least 0.
        age: steps since the last change, int32.
    """

    model: Ising
    squares: Ising
    surprise: Float[Array, ""]
    age: Int32[Array, ""]


class JointState(NamedTuple):
    """Both laws, and what has been seen of their worth.

    Attributes:
        exclusive: exactly one venue wins.
        free: any venues may win.
        log_odds: accumulated predictive log-likelihood of the exclusive law less that of the free law.
        time: steps so far, int32.
    """

    exclusive: Exclusive
    free: Free
    log_odds: Float[Array, ""]
    time: Int32[Array, ""]

    @property
    def is_exclusive(self) -> Bool[Array, ""]:
        """The exclusive law has the larger evidence, Schwarz's penalty on the free law's parameters included."""
        n = self.exclusive.winners.shape[-1]
        extra_parameters = n * (n + 1) // 2 - (n - 1)
        return self.log_odds + 0.5 * extra_parameters * jnp.log1p(self.time.astype(jnp.float32)) >= 0


class JointRouter(AbstractAgent):
    """Learns which joint law the venues' outcomes follow, and routes by conditional inference in it.

    Two supports compete: all ``2^n`` states (an Ising model, learned by AdaGrad on the likelihood of what each
    step shows), and the ``n`` states in which exactly one venue wins (the limit of infinitely repelling
    couplings, learned in closed form). The accumulated predictive likelihood of the routed orders' outcomes says
    which to use. A change of regime shows as a CUSUM of predictive likelihood: the exclusive law then keeps the
    counts since the CUSUM last was zero, and the Ising model starts its learning rates again.

    Attributes:
        num_venues: ``n``.
        inference: ``"exact"`` (enumeration, up to some 16 venues) or ``"gibbs"``.
        schedule: Gibbs budget of each chain of a step (static); unused when exact.
        prior: Dirichlet count of each venue, above 0.
        sharpness: exclusive law: draws come from this multiple of the counts, above 0.
        threshold: surprise in nats at which a change is declared, above 0.
        learning_rate: AdaGrad rate, above 0.
        exploration: Ising law: a uniformly random venue with probability ``min(1, exploration / steps)``.

    References:
        Duchi, Hazan and Singer, JMLR 12 (2011), AdaGrad; Page, Biometrika 41 (1954), CUSUM; Dawid, JRSS A 147
        (1984), prequential evidence.
    """

    num_venues: int
    inference: Inference = "exact"
    schedule: Schedule = Schedule()
    prior: float = 0.5
    sharpness: float = 2.0
    threshold: float = 12.0
    learning_rate: float = 0.3
    exploration: float = 10.0

    def init(self, key: Key[Array, ""]) -> JointState:
        """Prior counts, an Ising model of zeros, even odds."""
        del key
        zero = jnp.zeros((), jnp.float32)
        counts = jnp.full(self.num_venues, self.prior, jnp.float32)
        none = zero_model(self.num_venues)
        free = Free(none, none, zero, jnp.zeros((), jnp.int32))
        return JointState(Exclusive(counts, counts, zero), free, zero, jnp.zeros((), jnp.int32))

    def act(
        self, key: Key[Array, ""], state: JointState, observation: Context
    ) -> tuple[Int32[Array, ""], JointState]:
        """The available venue most likely to win, by the law with the larger evidence."""
        draw_key, chain_key, explore_key, tie_key = jax.random.split(key, 4)
        draws = jax.random.loggamma(draw_key, self.sharpness * state.exclusive.winners)
        means = self._means(chain_key, state.free.model, observation.clamp())
        u = jax.random.uniform(explore_key) * (state.free.age + 1).astype(jnp.float32)
        free_scores = jnp.where(u < self.exploration, 0.0, means)
        scores = jnp.where(state.is_exclusive, draws, free_scores)
        return route(tie_key, scores, observation.available), state

    def learn(self, key: Key[Array, ""], state: JointState, transition: Transition) -> JointState:
        """Both laws learn from the context and the outcome; the evidence counts how each predicted it."""
        context, action = transition.observation, transition.action
        won = transition.reward > 0
        seen = context.with_action(action, transition.reward.astype(jnp.int8))
        free_key, held_key, predict_key = jax.random.split(key, 3)
        predicted = (1 + self._means(predict_key, state.free.model, context.clamp())[action]) / 2
        held = self._moments(held_key, state.free.model, seen)
        expected = self._moments(free_key, state.free.model, None)
        gain = _log_probability(win_given(state.exclusive.winners, context)[action], won)
        free_gain = _log_probability(predicted, won)
        return JointState(
            exclusive=self._learn_exclusive(state.exclusive, transition),
            free=self._learn_free(state.free, held, expected, free_gain),
            log_odds=state.log_odds + gain - free_gain,
            time=state.time + 1,
        )

    def _learn_exclusive(self, state: Exclusive, transition: Transition) -> Exclusive:
        possible = possible_winners(transition)
        winners, predictive = count(state.winners, possible)
        recent, _ = count(state.recent, possible)
        chance = jnp.mean(possible.astype(jnp.float32))
        gain = jnp.where(possible.any(), jnp.log(jnp.maximum(chance, 1e-9)) - jnp.log(predictive), 0.0)
        surprise = jnp.maximum(0.0, state.surprise + gain)
        changed = surprise > self.threshold
        winners = jnp.where(changed, recent, winners)
        calm = changed | (surprise == 0)
        return Exclusive(
            winners=winners,
            recent=jnp.where(calm, self.prior, recent),
            surprise=jnp.where(changed, 0.0, surprise),
        )

    def _learn_free(self, state: Free, held: Moments, expected: Moments, log_predictive) -> Free:
        off_diagonal = 1.0 - jnp.eye(self.num_venues, dtype=jnp.float32)
        gradient = Ising(held.spins - expected.spins, (held.pairs - expected.pairs) * off_diagonal)
        squares = jax.tree.map(lambda h, g: h + g**2, state.squares, gradient)
        model = jax.tree.map(
            lambda theta, g, h: theta + self.learning_rate * g / jnp.sqrt(h + 1e-8),
            state.model,
            gradient,
            squares,
        )
        surprise = jnp.maximum(0.0, state.surprise + jnp.log(0.5) - log_predictive)
        changed = surprise > self.threshold
        return Free(
            model=model,
            squares=jax.tree.map(lambda h: jnp.where(changed, 0.0, h), squares),
            surprise=jnp.where(changed, 0.0, surprise),
            age=jnp.where(changed, 0, state.age + 1),
        )

    def _means(self, key, model: Ising, clamp: Clamp) -> Float[Array, " n"]:
        if self.inference == "exact":
            return exact(model, 1.0, clamp).spins
        return gibbs_means(key, model, 1.0, clamp, self.schedule)

    def _moments(self, key, model: Ising, clamp: Clamp | None) -> Moments:
        if self.inference == "exact":
            law = exact(model, 1.0, clamp)
            return Moments(law.spins, law.pairs)
        return gibbs_moments(key, model, 1.0, clamp, self.schedule)


def win_given(winners: Float[Array, " n"], context: Context) -> Float[Array, " n"]:
    """``P(venue wins | context)`` where exactly one venue wins, from its counts."""
    mean = winners / jnp.sum(winners)
    left = jnp.where(context.available, mean, 0.0)
    return jnp.where((context.outcomes > 0).any(), 0.0, left / jnp.maximum(jnp.sum(left), 1e-9))


def _log_probability(p: Float[Array, ""], happened) -> Float[Array, ""]:
    return jnp.log(jnp.clip(jnp.where(happened, p, 1 - p), LEAST_PROBABILITY, 1.0))
