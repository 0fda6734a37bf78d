"""The agent that learns nothing: always to one venue."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.world.routing.context import Context, route


class FixedRoute(AbstractAgent):
    """Routes to one venue wherever it is available, else to the first that is.

    Attributes:
        venue: its index, at least 0, a whole number or an int32 scalar, which sweeps without compiling anew.

    Raises:
        TypeError: if ``venue`` is no number.
        ValueError: if it is below 0.

    >>> import jax
    >>> shown = Context(jnp.array([0]), jnp.array([1], jnp.int8), jnp.array([False, True, True]))
    >>> int(FixedRoute(2).act(jax.random.key(0), (), shown)[0])
    2
    """

    venue: int | Int32[Array, ""]

    def __check_init__(self) -> None:
        doors.numbers("venue", self.venue, least=0, most=doors.MAX_COUNT)

    def init(self, key: Key[Array, ""]) -> tuple[()]:
        """Nothing to remember."""
        del key
        return ()

    def act(self, key: Key[Array, ""], state: Any, observation: Context) -> tuple[Int32[Array, ""], Any]:
        """The venue, an int32 scalar."""
        venues = jnp.arange(observation.num_venues)
        scores = jnp.where(venues == self.venue, 1.0, -venues.astype(jnp.float32))
        return route(key, scores, observation.available), state

    def learn(self, key: Key[Array, ""], state: Any, transition: Transition) -> Any:
        """Nothing to learn."""
        del key, transition
        return state
