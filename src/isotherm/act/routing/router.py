"""The published Ising router: learn the joint outcome law by moment matching, route by conditional inference."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.energy.dense import Ising
from isotherm.errors import refusal
from isotherm.exact.exact import MAX_SPINS, exact
from isotherm.learn.online.moments import MatchingRates, PairWindow, match_moments, zero_model
from isotherm.random.ties import log_best
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs.gibbs import Moments, gibbs_means, gibbs_moments
from isotherm.sample.schedule import Schedule, checked_schedule
from isotherm.world.routing.context import TOLERANCE, Context, route

Inference = Literal["gibbs", "exact"]


class RouterState(NamedTuple):
    """What the router has learned: its model and the pair statistics of the last observations."""

    model: Ising
    window: PairWindow


class IsingRouter(AbstractChooser):
    """Clamps what the context shows, and routes to the venue most likely to be ``+1`` given it.

    Attributes:
        num_venues: ``n``.
        beta: inverse temperature of inference and of the updates, a number above 0.
        schedule: Gibbs budget of each of the two chains of a step (static).
        inference: ``"gibbs"`` or ``"exact"`` (enumeration, up to some 16 venues).
        window: observations behind the pair statistics, at least 1.
        rates: constants of the moment matching.
        clamps: False ignores the context when choosing (ablation).

    References:
        The published routing study; its equations stand in :mod:`isotherm.learn.online.moments`.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming the setting out of range, or if there are too many venues to enumerate.

    >>> router = IsingRouter(num_venues=3, inference="exact")
    >>> router.init(jax.random.key(0)).model.couplings.shape
    (3, 3)
    """

    num_venues: int
    beta: float | Float[Array, ""] = 1.0
    schedule: Schedule = Schedule()
    inference: Inference = "gibbs"
    window: int = 200
    rates: MatchingRates = MatchingRates()
    clamps: bool = True

    def __check_init__(self) -> None:
        n = doors.whole("num_venues", self.num_venues, 1)
        doors.numbers("beta", self.beta, above=0)
        checked_schedule("schedule", self.schedule)
        doors.choice("inference", self.inference, get_args(Inference))
        window = doors.whole("window", self.window, 1)
        doors.instance("rates", self.rates, MatchingRates, "MatchingRates").checked()
        doors.flag("clamps", self.clamps)
        if self.inference == "exact" and n > MAX_SPINS:
            raise refusal("num_venues", n, f"at most {MAX_SPINS} are enumerated; use inference='gibbs'")
        doors.affordable("num_venues", n, 16.0 * n**2, "the model holds every pair of venues")
        doors.affordable("window", window, 1.0 * n * window, "remember fewer observations")

    def init(self, key: Key[Array, ""]) -> RouterState:
        """All parameters zero, biases ``(n,)`` and couplings ``(n, n)``; nothing seen."""
        del key
        return RouterState(zero_model(self.num_venues), PairWindow.empty(self.num_venues, self.window))

    def act(
        self, key: Key[Array, ""], state: RouterState, observation: Context
    ) -> tuple[Int32[Array, ""], RouterState]:
        """The available venue of the highest conditional probability, an int32 scalar; ties at random."""
        chain_key, tie_key = jax.random.split(key)
        clamp = observation.clamp() if self.clamps else None
        means = self._means(chain_key, state.model, clamp)
        return route(tie_key, (1 + means) / 2, observation.available), state

    def law(self, state: RouterState, observation: Context) -> tuple[Float[Array, " n"], RouterState]:
        """Log probabilities ``(n,)``: even among the venues that are most likely to win.

        Raises:
            ValueError: unless ``inference`` is ``"exact"``: what Gibbs chains choose has no closed law.
        """
        if self.inference != "exact":
            raise refusal("inference", self.inference, "only inference='exact' has a closed law of choice")
        clamp = observation.clamp() if self.clamps else None
        means = exact(state.model, self.beta, clamp).spins
        return log_best((1 + means) / 2, observation.available, TOLERANCE), state

    def learn(self, key: Key[Array, ""], state: RouterState, transition: Transition) -> RouterState:
        """One step of moment matching on the context and the chosen venue."""
        seen = transition.observation.with_action(transition.action, transition.outcome)
        observation = jnp.where(seen.mask, seen.values, 0).astype(jnp.int8)
        moments = self._moments(key, state.model)
        window = state.window.push(observation)
        model = match_moments(state.model, self.beta, observation, window, moments, self.rates)
        return RouterState(model, window)

    def _means(self, key, model: Ising, clamp: Clamp | None) -> Float[Array, " n"]:
        if self.inference == "exact":
            return exact(model, self.beta, clamp).spins
        return gibbs_means(key, model, self.beta, clamp, self.schedule)

    def _moments(self, key, model: Ising) -> Moments:
        if self.inference == "exact":
            law = exact(model, self.beta)
            return Moments(law.spins, law.pairs)
        return gibbs_moments(key, model, self.beta, None, self.schedule)
