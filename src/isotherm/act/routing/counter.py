"""A counter of winners: all there is to learn where exactly one venue wins."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.learn.counts.dirichlet import dirichlet_mean, updated
from isotherm.world.routing.context import Context, route


class Counts(NamedTuple):
    """Dirichlet counts of winners, shape ``(n,)``, and the CUSUM of surprise, at least 0."""

    winners: Float[Array, " n"]
    surprise: Float[Array, ""]


def possible_winners(transition: Transition) -> Bool[Array, " n"]:
    """Venues that may have won, bool ``(n,)``: those seen to win, or all unseen ones where no win was seen."""
    seen = transition.observation.with_action(transition.action, transition.outcome)
    won = seen.mask & (seen.values > 0)
    return jnp.where(won.any(), won, ~seen.mask)


class WinnerCounts(AbstractAgent):
    """Counts winners, draws from their Dirichlet law, and forgets everything when a CUSUM sees a change.

    A step that only rules out venues is spread over the others in proportion to the present mean. The CUSUM
    compares the predictive likelihood of what was seen with that of uniform winners.

    Attributes:
        num_venues: ``n``.
        prior: count of each venue at the start and after a change, above 0.
        threshold: surprise in nats at which a change is declared, above 0.
        sharpness: the Dirichlet law is drawn from this multiple of the counts, above 0; 1 is Thompson sampling.

    References:
        Page, Biometrika 41 (1954), for the CUSUM; Thompson, Biometrika 25 (1933), for the draw.

    Raises:
        TypeError: if a setting is no number.
        ValueError: naming the setting out of range.

    >>> WinnerCounts(num_venues=3).init(jax.random.key(0)).winners.tolist()
    [0.5, 0.5, 0.5]
    """

    num_venues: int
    prior: float = 0.5
    threshold: float = 12.0
    sharpness: float = 1.0

    def __check_init__(self) -> None:
        n = doors.whole("num_venues", self.num_venues, 1)
        for name in ("prior", "threshold", "sharpness"):
            doors.numbers(name, getattr(self, name), above=0)
        doors.affordable("num_venues", n, 16.0 * n, "have fewer venues")

    def init(self, key: Key[Array, ""]) -> Counts:
        """The prior: float32 counts ``(n,)``, and no surprise."""
        del key
        return Counts(jnp.full(self.num_venues, self.prior, jnp.float32), jnp.zeros((), jnp.float32))

    def act(
        self, key: Key[Array, ""], state: Counts, observation: Context
    ) -> tuple[Int32[Array, ""], Counts]:
        """The available venue of the largest draw, an int32 scalar."""
        draws = jax.random.loggamma(key, self.sharpness * state.winners)
        return route(key, draws, observation.available, tolerance=0.0), state

    def learn(self, key: Key[Array, ""], state: Counts, transition: Transition) -> Counts:
        """Count, a total of one for the step, and start afresh after a change; counts stay of shape ``(n,)``."""
        del key
        possible = possible_winners(transition)
        winners, predictive = count(state.winners, possible)
        surprise = surprise_of_winners(state.surprise, possible, predictive)
        changed = surprise > self.threshold
        return Counts(
            winners=jnp.where(changed, self.prior, winners), surprise=jnp.where(changed, 0.0, surprise)
        )


def count(
    winners: Float[Array, " n"], possible: Bool[Array, " n"]
) -> tuple[Float[Array, " n"], Float[Array, ""]]:
    """Counts after one observation of who may have won, and its predictive probability before.

    Args:
        winners: counts before, shape ``(n,)``, at least 0 and not all zero.
        possible: who may have won, bool, shape ``(n,)``.

    Returns:
        Counts of shape ``(n,)``, and a scalar within 1e-9 .. 1.
    """
    share = jnp.where(possible, dirichlet_mean(winners), 0.0)
    predictive = jnp.maximum(jnp.sum(share), 1e-9)
    return updated(winners, share / predictive), predictive


def surprise_of_winners(
    surprise: Float[Array, ""], possible: Bool[Array, " n"], predictive: Float[Array, ""]
) -> Float[Array, ""]:
    """CUSUM, in nats, of how much better uniform winners predict what was seen than the counts do.

    Args:
        surprise: before, a scalar of at least 0.
        possible: who may have won, bool, shape ``(n,)``; nobody: nothing is added.
        predictive: probability that the counts gave to it, a scalar above 0.

    Returns:
        A scalar of at least 0.

    References:
        Page, Biometrika 41 (1954) 100.
    """
    chance = jnp.mean(possible.astype(jnp.float32))
    gain = jnp.where(possible.any(), jnp.log(jnp.maximum(chance, 1e-9)) - jnp.log(predictive), 0.0)
    return jnp.maximum(0.0, surprise + gain)
