"""Contextual bandits: tables of discounted wins and losses, and LinUCB."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.errors import refusal
from isotherm.random.ties import log_best
from isotherm.world.routing.context import TOLERANCE, Context, route


def context_index(context: Context) -> Int32[Array, ""]:
    """Row of a context: the base-``2n`` number of its ``2 venue + [won]``, first venue most significant.

    An int32 scalar within ``0 .. (2n)^k - 1``, of ``k`` context venues among ``n``.
    """
    digits = 2 * context.venues + (context.outcomes > 0).astype(jnp.int32)
    index = jnp.zeros((), jnp.int32)
    for digit in digits:
        index = index * 2 * context.num_venues + digit
    return index


class WinsAndLosses(NamedTuple):
    """Discounted wins and losses of every venue in every context.

    Discounting the whole table each step would cost its whole size; a row is discounted when it is touched.

    Attributes:
        wins: shape ``(contexts, n)``, float32, as of the row's last touch.
        losses: likewise.
        touched: step of each row's last touch, shape ``(contexts,)``, int32.
        time: steps so far, int32.
    """

    wins: Float[Array, "contexts n"]
    losses: Float[Array, "contexts n"]
    touched: Int32[Array, " contexts"]
    time: Int32[Array, ""]

    @classmethod
    def empty(cls, num_venues: int, num_context: int) -> "WinsAndLosses":
        """Zeros for the ``(2n)^k`` contexts of ``k`` context venues among ``n``."""
        contexts = (2 * num_venues) ** num_context
        cells = jnp.zeros((contexts, num_venues), jnp.float32)
        return cls(cells, cells, jnp.zeros(contexts, jnp.int32), jnp.zeros((), jnp.int32))

    def row(self, context: Context, discount: float) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Wins and losses of every venue in a context, discounted up to now.

        Returns:
            float32, shape ``(n,)`` each, at least 0.

        Raises:
            ValueError: if the context is of another size than the table.
        """
        index = self._index(context)
        kept = jnp.float32(discount) ** (self.time - self.touched[index]).astype(jnp.float32)
        return self.wins[index] * kept, self.losses[index] * kept

    def tick(self) -> "WinsAndLosses":
        """One step later: everything is discounted once more."""
        return self._replace(time=self.time + 1)

    def add(
        self, context: Context, venue: Int32[Array, ""], has_won: Bool[Array, ""], discount: float
    ) -> "WinsAndLosses":
        """Count one outcome of ``venue`` in ``context``.

        Args:
            context: of one run.
            venue: an int32 scalar within ``0 .. n - 1``.
            has_won: a bool scalar.
            discount: factor on the row for each step since it was touched, in (0, 1].

        Raises:
            ValueError: if the context is of another size than the table.
        """
        index = self._index(context)
        wins, losses = self.row(context, discount)
        counted = (jnp.arange(context.num_venues) == venue).astype(jnp.float32)
        won = jnp.where(has_won, counted, 0.0)
        return WinsAndLosses(
            wins=self.wins.at[index].set(wins + won),
            losses=self.losses.at[index].set(losses + counted - won),
            touched=self.touched.at[index].set(self.time),
            time=self.time,
        )

    def _index(self, context: Context) -> Int32[Array, ""]:
        """The row of a context; one of another size would be taken for another row without a word."""
        n, k = context.num_venues, context.venues.shape[-1]
        if (2 * n) ** k != len(self.touched):
            contexts = f"contexts of {k} among {n} venues"
            raise refusal("num_context, num_venues", contexts, f"the agent has rows for {len(self.touched)}")
        return context_index(context)


class AbstractTableAgent(AbstractAgent):
    """An agent that keeps a :class:`WinsAndLosses` and differs in how it chooses.

    Attributes:
        num_venues: ``n``.
        num_context: ``k``.
        discount: ``γ``, factor on the table each step, in (0, 1].
        learns_labels: also count each context venue's own outcome, in the context where the chosen venue takes
            its place. The published bandits do not: they learn from one outcome a step, the Ising router from
            ``k + 1``. The extra counts are biased, since the choice followed the context.

    Raises:
        TypeError: if a number is none, or ``learns_labels`` no bool.
        ValueError: naming the setting out of range, or if the table would not fit into memory.
    """

    num_venues: int
    num_context: int
    discount: float
    learns_labels: bool

    def __check_init__(self) -> None:
        n = doors.whole("num_venues", self.num_venues, 1)
        k = doors.whole("num_context", self.num_context, 0, n)
        doors.numbers("discount", self.discount, above=0, most=1)
        doors.flag("learns_labels", self.learns_labels)
        contexts = float(2 * n) ** k
        doors.affordable(
            "num_context", k, 8 * contexts * n, "the table has a row for each of (2n)^k contexts"
        )

    def init(self, key: Key[Array, ""]) -> WinsAndLosses:
        """An empty table: zeros, float32 ``((2n)^k, n)``."""
        del key
        return WinsAndLosses.empty(self.num_venues, self.num_context)

    def learn(self, key: Key[Array, ""], state: WinsAndLosses, transition: Transition) -> WinsAndLosses:
        """Count the outcome of the venue chosen; with ``learns_labels`` those of the context as well.

        The transition is of one run: its action an int32 scalar, its reward above 0 for a success.
        """
        del key
        context, action = transition.observation, transition.action
        has_won = transition.reward > 0
        table = state.tick().add(context, action, has_won, self.discount)
        for k in range(self.num_context if self.learns_labels else 0):
            venues = context.venues.at[k].set(action)
            outcomes = context.outcomes.at[k].set(transition.outcome)
            swapped = context._replace(venues=venues, outcomes=outcomes)
            table = table.add(swapped, context.venues[k], context.outcomes[k] > 0, self.discount)
        return table


class EpsilonGreedy(AbstractTableAgent, AbstractChooser):
    """The best mean so far, or with probability ``epsilon`` a uniformly random available venue.

    Raises:
        TypeError: if ``epsilon`` is no number.
        ValueError: if it is outside [0, 1].

    References:
        Sutton and Barto, Reinforcement Learning (2018), section 2.2.
    """

    num_venues: int
    num_context: int = 1
    discount: float = 0.995
    learns_labels: bool = False
    epsilon: float | Float[Array, ""] = 0.1

    def __check_init__(self) -> None:
        doors.numbers("epsilon", self.epsilon, least=0, most=1)

    def act(
        self, key: Key[Array, ""], state: WinsAndLosses, observation: Context
    ) -> tuple[Int32[Array, ""], WinsAndLosses]:
        """An available venue, an int32 scalar; an unseen one counts as mean one half."""
        explore_key, random_key, tie_key = jax.random.split(key, 3)
        means = self._means(state, observation)
        greedy = route(tie_key, means, observation.available)
        anywhere = route(random_key, jnp.zeros_like(means), observation.available)
        explore = jax.random.uniform(explore_key) < self.epsilon
        return jnp.where(explore, anywhere, greedy), state

    def law(self, state: WinsAndLosses, observation: Context) -> tuple[Float[Array, " n"], WinsAndLosses]:
        """Log probabilities ``(n,)``: epsilon shared by all that are available, the rest by the best means."""
        available, means = observation.available, self._means(state, observation)
        greedy = jnp.exp(log_best(means, available, TOLERANCE))
        anywhere = jnp.exp(log_best(jnp.zeros_like(means), available))
        mixed = (1 - self.epsilon) * greedy + self.epsilon * anywhere
        # a log of 0 would spoil the slope in epsilon
        return jnp.where(available, jnp.log(jnp.where(available, mixed, 1.0)), -jnp.inf), state

    def _means(self, state: WinsAndLosses, observation: Context) -> Float[Array, " n"]:
        wins, losses = state.row(observation, self.discount)
        counts = wins + losses
        return jnp.where(counts > 0, wins / jnp.where(counts > 0, counts, 1.0), 0.5)


class Thompson(AbstractTableAgent):
    """The best of one Beta draw a venue, from wins and losses with a uniform prior.

    References:
        Thompson, Biometrika 25 (1933) 285.

    >>> agent = Thompson(num_venues=5, num_context=1)
    >>> agent.init(jax.random.key(0)).wins.shape  # a row for each of (2n)^k contexts
    (10, 5)
    """

    num_venues: int
    num_context: int = 1
    discount: float = 0.995
    learns_labels: bool = False

    def act(
        self, key: Key[Array, ""], state: WinsAndLosses, observation: Context
    ) -> tuple[Int32[Array, ""], WinsAndLosses]:
        """An available venue, an int32 scalar."""
        wins, losses = state.row(observation, self.discount)
        draws = jax.random.beta(key, 1.0 + wins, 1.0 + losses)
        return route(key, draws, observation.available, tolerance=0.0), state


class UCB(AbstractTableAgent, AbstractChooser):
    """The best upper confidence bound, mean + sqrt(2 ln n_c / n_ca), of discounted counts.

    References:
        Auer, Cesa-Bianchi and Fischer, Machine Learning 47 (2002), UCB1; one table row a context.

    >>> agent = UCB(num_venues=3)
    >>> agent.init(jax.random.key(0)).losses.shape
    (6, 3)
    """

    num_venues: int
    num_context: int = 1
    discount: float = 0.995
    learns_labels: bool = False

    def act(
        self, key: Key[Array, ""], state: WinsAndLosses, observation: Context
    ) -> tuple[Int32[Array, ""], WinsAndLosses]:
        """An available venue, an int32 scalar; those never tried in this context come first, in random order."""
        return route(key, self._bounds(state, observation), observation.available), state

    def law(self, state: WinsAndLosses, observation: Context) -> tuple[Float[Array, " n"], WinsAndLosses]:
        """Log probabilities ``(n,)``: even among the best bounds."""
        return log_best(self._bounds(state, observation), observation.available, TOLERANCE), state

    def _bounds(self, state: WinsAndLosses, observation: Context) -> Float[Array, " n"]:
        wins, losses = state.row(observation, self.discount)
        counts = wins + losses
        tried = counts > 0
        safe = jnp.where(tried, counts, 1.0)
        width = jnp.sqrt(2 * jnp.log(jnp.maximum(jnp.sum(counts), 1.0)) / safe)
        return jnp.where(tried, wins / safe + width, jnp.inf)


class LinUCBState(NamedTuple):
    """Ridge regressions, one a venue: inverse Gram matrices ``(n, d, d)`` and moments ``(n, d)``."""

    inverse: Float[Array, "n d d"]
    moment: Float[Array, "n d"]


class LinUCB(AbstractChooser):
    """A ridge regression of success on context features for each venue, and its upper confidence bound.

    Features: one, and for each venue and outcome whether the context shows it: ``d = 2n + 1``.

    Attributes:
        num_venues: ``n``.
        width: ``α``, widths of the bound in standard errors, at least 0.
        ridge: penalty, above 0.

    References:
        Li, Chu, Langford and Schapire, WWW (2010), algorithm 1.

    Raises:
        TypeError: if a setting is no number.
        ValueError: naming the setting out of range, or if the matrices would not fit into memory.
    """

    num_venues: int
    width: float = 1.0
    ridge: float = 1.0

    def __check_init__(self) -> None:
        n = doors.whole("num_venues", self.num_venues, 1)
        doors.numbers("width", self.width, least=0)
        doors.numbers("ridge", self.ridge, above=0)
        doors.affordable("num_venues", n, 16.0 * n**3, "each venue has a matrix of (2n + 1)^2 numbers")

    def init(self, key: Key[Array, ""]) -> LinUCBState:
        """No data: the ridge alone, inverse matrices ``(n, d, d)`` and zero moments ``(n, d)``, float32."""
        del key
        d = 2 * self.num_venues + 1
        inverse = jnp.broadcast_to(jnp.eye(d, dtype=jnp.float32) / self.ridge, (self.num_venues, d, d))
        return LinUCBState(inverse, jnp.zeros((self.num_venues, d), jnp.float32))

    def act(
        self, key: Key[Array, ""], state: LinUCBState, observation: Context
    ) -> tuple[Int32[Array, ""], LinUCBState]:
        """The available venue of the highest bound, an int32 scalar."""
        return route(key, self._bounds(state, observation), observation.available), state

    def law(self, state: LinUCBState, observation: Context) -> tuple[Float[Array, " n"], LinUCBState]:
        """Log probabilities ``(n,)``: even among the best bounds."""
        return log_best(self._bounds(state, observation), observation.available, TOLERANCE), state

    def _bounds(self, state: LinUCBState, observation: Context) -> Float[Array, " n"]:
        x = self._features(observation)
        solved = state.inverse @ x
        mean = jnp.sum(solved * state.moment, axis=-1)
        return mean + self.width * jnp.sqrt(jnp.maximum(solved @ x, 0.0))

    def learn(self, key: Key[Array, ""], state: LinUCBState, transition: Transition) -> LinUCBState:
        """Rank-one update of the chosen venue: inverse ``(d, d)``, by Sherman and Morrison, and moments ``(d,)``."""
        del key
        x = self._features(transition.observation)
        action = transition.action
        solved = state.inverse[action] @ x
        shrink = jnp.outer(solved, solved) / (1.0 + solved @ x)
        won = (transition.reward > 0).astype(jnp.float32)
        return LinUCBState(state.inverse.at[action].add(-shrink), state.moment.at[action].add(won * x))

    def _features(self, context: Context) -> Float[Array, " d"]:
        shown = 2 * context.venues + (context.outcomes > 0).astype(jnp.int32)
        hits = (shown[:, None] == jnp.arange(2 * self.num_venues)[None]).any(axis=0)
        return jnp.append(hits.astype(jnp.float32), jnp.float32(1.0))
