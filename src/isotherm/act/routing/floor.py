"""The floor: an agent that knows the true model."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, Key

from isotherm.act.agent import AbstractAgent, Transition
from isotherm.doors import instance, numbers
from isotherm.errors import refusal
from isotherm.world.routing.context import Context, route
from isotherm.world.routing.venues import VenueMarket


class Floor(AbstractAgent):
    """Routes by the truth: no agent does better on average, whatever it learns.

    Attributes:
        market: the world it is put into.
        win_probability: ``P(best = i)`` of each phase for the winner rule, shape ``(phases, n)``; for the own
            rule None, since the market's conditional success rates depend on the context.

    Raises:
        TypeError: if ``market`` is no :class:`VenueMarket`, or probabilities are no numbers.
        ValueError: if probabilities are missing for the winner rule, out of range, or of another shape.
    """

    market: VenueMarket
    win_probability: Float[Array, "phases n"] | None

    def __check_init__(self) -> None:
        market = instance(
            "market", self.market, VenueMarket, "a VenueMarket", "venue_market(biases, couplings)"
        )
        if self.win_probability is not None:
            numbers("win_probability", self.win_probability, least=0, most=1.0 + 1e-5)
            if np.shape(self.win_probability) != market.models.biases.shape:
                allowed = f"must be {market.models.biases.shape}, a row a phase, or None for the own rule"
                raise refusal("win_probability.shape", np.shape(self.win_probability), allowed)
        elif market.outcome == "winner":
            raise refusal(
                "win_probability", None, "is needed for the winner rule; see win_probabilities(market)"
            )

    def init(self, key: Key[Array, ""]) -> Int32[Array, ""]:
        """The clock, which tells the phase: an int32 scalar."""
        del key
        return jnp.zeros((), jnp.int32)

    def act(
        self, key: Key[Array, ""], state: Int32[Array, ""], observation: Context
    ) -> tuple[Int32[Array, ""], Int32[Array, ""]]:
        """The available venue most likely to succeed, an int32 scalar, and the clock as it was."""
        if self.win_probability is None:
            scores = self.market.success(state, observation)
        else:
            scores = self.win_probability[self.market.phase(state)]
        return route(key, scores, observation.available), state

    def learn(self, key: Key[Array, ""], state: Int32[Array, ""], transition: Transition) -> Int32[Array, ""]:
        """Nothing to learn but the time: an int32 scalar, one more."""
        del key, transition
        return state + 1
