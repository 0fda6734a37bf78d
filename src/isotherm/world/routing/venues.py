"""The venue market: outcomes of trading venues drawn from an Ising model, possibly shifting in time."""

import itertools
from typing import Any, Literal, NamedTuple, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int8, Int32, Key

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.errors import refusal
from isotherm.exact.exact import Exact, all_states, exact
from isotherm.random.keys import named
from isotherm.random.ties import ROUNDING_STEPS, choose_best
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import initial_spins
from isotherm.world.routing.context import Context, choose_context, is_random_mode
from isotherm.world.world import AbstractWorld, Step

Outcome = Literal["winner", "own"]

MAX_EXACT = 12
"""Up to this many venues market states are exact draws from a table; above, by Gibbs sweeps."""

MAX_ORACLE = 16
"""Up to this many venues the best route is known by enumeration."""

TIE_TOLERANCE = 1e-5
"""Local fields this close tie for the best venue."""

NUM_WARMUP = 100


class MarketState(NamedTuple):
    """State of a :class:`VenueMarket`.

    Attributes:
        time: steps taken so far, an int32 scalar.
        context: what the agent sees now.
        outcomes: this step's outcome of every venue, ``+1`` or ``-1``, int8, shape ``(n,)``.
        regret: what an order to each venue would cost now, at least 0, float32, shape ``(n,)``.
    """

    time: Int32[Array, ""]
    context: Context
    outcomes: Int8[Array, " n"]
    regret: Float[Array, " n"]


class VenueMarket(AbstractWorld):
    r"""A market of ``n`` venues whose states follow :math:`p(s) \propto \exp(-\beta E(s))`, drawn anew each step.

    Outcome rule ``"winner"``: the venue of the highest local field (ties broken at random) has ``+1``, all others
    ``-1``; regret is ``r[best available] - r[action]``, 0 or 2. Rule ``"own"``: ``r = s``; regret is
    ``2 (max_j P(s_j = +1 | context) - P(s_action = +1 | context))`` under the truth, over available venues.

    Build with :func:`venue_market`, which checks its arguments.

    Attributes:
        models: the truth, one Ising model a phase, batched on the first axis.
        shifts: steps at which the next phase begins, ascending, one fewer than phases, int32 ``(phases - 1,)``.
        beta: inverse temperature of the market, a scalar.
        num_context: venues seen for free, ``k`` (static).
        is_random: contexts are random; else venues ``0 .. k-1``.
        outcome: ``"winner"`` or ``"own"`` (static).
        laws: exact law of each phase, or None above :data:`MAX_ORACLE` venues.
        cumulative: distribution function over states of each phase, ``(phases, 2^n)``, or None above
            :data:`MAX_EXACT` venues.

    References:
        The published routing study; see ``docs`` under *The routing study*.
    """

    models: Ising
    shifts: Int32[Array, " shifts"]
    beta: Float[Array, ""]
    laws: Exact | None
    cumulative: Float[Array, "phases states"] | None
    is_random: Bool[Array, ""]
    num_context: int
    outcome: Outcome

    @property
    def num_venues(self) -> int:
        """Number of venues ``n``."""
        return self.models.num_spins

    def phase(self, time: Int32[Array, ""]) -> Int32[Array, ""]:
        """Index of the model in force at ``time``: an int32 scalar."""
        return jnp.sum(time >= self.shifts, dtype=jnp.int32)

    def success(self, time: Int32[Array, ""], context: Context) -> Float[Array, " n"]:
        """``P(s_j = +1 | context)`` under the truth, for up to :data:`MAX_ORACLE` venues; float32, shape ``(n,)``.

        Needs :attr:`laws`, which markets of more venues have not.
        """
        assert self.laws is not None
        law = jax.tree.map(lambda leaf: leaf[self.phase(time)], self.laws)
        return law.condition(context.clamp()).marginals

    def reset(self, key: Key[Array, ""]) -> tuple[Context, MarketState]:
        """Draw the first market state and its context."""
        state = self._draw(key, jnp.int32(0))
        return state.context, state

    def step(self, key: Key[Array, ""], state: MarketState, action: Int32[Array, ""]) -> Step:
        """Reward ``r[action]``; ``info["regret"]`` says what the choice cost, ``info["success"]`` if it won.

        Args:
            key: of the next market state.
            state: of one run.
            action: the venue, an int32 scalar within ``0 .. n - 1``.
        """
        chosen = jnp.arange(self.num_venues) == action
        reward = jnp.sum(jnp.where(chosen, state.outcomes, 0)).astype(jnp.float32)
        regret = jnp.sum(jnp.where(chosen, state.regret, 0.0))
        info = {"regret": regret, "success": (reward > 0).astype(jnp.float32)}
        following = self._draw(key, state.time + 1)
        no = jnp.zeros((), bool)
        return Step(following.context, following, reward, no, no, info)

    def _draw(self, key: Key[Array, ""], time: Int32[Array, ""]) -> MarketState:
        phase = self.phase(time)
        spins = self._spins(named(key, "spins"), phase)
        everyone = jnp.ones(self.num_venues, bool)
        venues = choose_context(named(key, "context"), everyone, self.num_context, self.is_random)
        is_context = (venues[:, None] == jnp.arange(self.num_venues)[None]).any(axis=0)
        if self.outcome == "own":
            outcomes, context = self._context(spins, venues, is_context)
            worth = 2.0 * self.success(time, context)
            best = jnp.max(jnp.where(is_context, -jnp.inf, worth))
            return MarketState(time, context, outcomes, jnp.maximum(0.0, best - worth))
        best = choose_best(named(key, "tie"), self._field(spins, phase), everyone, TIE_TOLERANCE)
        labels = _one_hot_sign(best, self.num_venues)
        outcomes, context = self._context(labels, venues, is_context)
        best_label = jnp.max(jnp.where(is_context, -1, outcomes))
        return MarketState(time, context, outcomes, (best_label - outcomes).astype(jnp.float32))

    def _context(self, outcomes, venues, is_context):
        seen = jnp.sum(
            jnp.where(venues[:, None] == jnp.arange(self.num_venues)[None], outcomes[None], 0),
            axis=1,
            dtype=jnp.int8,
        )
        return outcomes, Context(venues, seen, ~is_context)

    def _field(self, spins, phase):
        s = spins.astype(jnp.float32)
        return self.models.biases[phase] + jnp.sum(self.models.couplings[phase] * s[None], axis=-1)

    def _spins(self, key: Key[Array, ""], phase: Int32[Array, ""]) -> Int8[Array, " n"]:
        n = self.num_venues
        if self.cumulative is not None:
            u = jax.random.uniform(key)
            index = jnp.sum(self.cumulative[phase, :-1] <= u, dtype=jnp.int32)
            return (2 * ((index >> jnp.arange(n - 1, -1, -1)) & 1) - 1).astype(jnp.int8)
        model = jax.tree.map(lambda leaf: leaf[phase], self.models)
        start = initial_spins(named(key, "start"), model, self.beta)
        kernel = gibbs(model, self.beta, num_sweeps=NUM_WARMUP + 1)
        return kernel.step(named(key, "sweeps"), kernel.init(start))[0].position


def _one_hot_sign(best: Int32[Array, ""], n: int) -> Int8[Array, " n"]:
    return jnp.where(jnp.arange(n) == best, 1, -1).astype(jnp.int8)


def venue_market(
    biases: np.ndarray,
    couplings: np.ndarray | float,
    *,
    shifts: tuple[int, ...] = (),
    beta: float = 1.0,
    num_context: int = 1,
    context_mode: str = "fixed",
    outcome: str = "winner",
) -> VenueMarket:
    """A checked :class:`VenueMarket`.

    Args:
        biases: shape ``(n,)``, or ``(phases, n)`` with one row a phase.
        couplings: a scalar for every pair, ``(n, n)``, or ``(phases, n, n)``.
        shifts: ascending steps at which the next phase begins, one fewer than phases.
        beta: inverse temperature of the market, at least 0.
        num_context: venues seen for free, ``1 <= k <= n - 1``.
        context_mode: ``"fixed"`` or ``"random"``.
        outcome: ``"winner"`` or ``"own"``.

    Raises:
        ValueError: naming the argument out of range, or if ``outcome="own"`` with more than 16 venues, whose
            regret is not enumerable.

    >>> market = venue_market(np.array([0.2, 0.0, -0.1]), couplings=0.3)
    >>> market.num_venues, market.models.couplings.shape
    (3, (1, 3, 3))
    """
    b = np.atleast_2d(doors.real_numbers("biases", biases))
    if b.ndim != 2 or b.shape[1] < 2:
        raise refusal("biases.shape", b.shape, "should be (n,) or (phases, n) with n at least 2")
    phases, n = b.shape
    doors.affordable("biases", f"{n} venues", 64.0 * phases * n**2, "a market holds every pair of venues")
    j = doors.real_numbers("couplings", couplings)
    if j.shape not in ((), (n, n), (phases, n, n)):
        raise refusal("couplings.shape", j.shape, f"should be ({n}, {n}), ({phases}, {n}, {n}), or a scalar")
    j = np.broadcast_to(j * (1.0 - np.eye(n)) if j.ndim == 0 else j, (phases, n, n))
    given = doors.sequence("shifts", shifts, "a tuple of steps")
    steps = [doors.whole(f"shifts[{at}]", step, 1) for at, step in enumerate(given)]
    if len(steps) != phases - 1 or steps != sorted(set(steps)):
        allowed = f"should be {phases - 1} ascending steps of at least 1, one fewer than biases have phases"
        raise refusal("shifts", tuple(steps), allowed)
    num_context = doors.whole("num_context", num_context, 1, n - 1)
    is_random = is_random_mode(context_mode)
    doors.choice("outcome", outcome, get_args(Outcome))
    beta = float(doors.number("beta", beta, least=0))
    if outcome == "own" and n > MAX_ORACLE:
        raise refusal("outcome", outcome, f"its regret is enumerated: at most {MAX_ORACLE} venues, not {n}")
    models = _stack([Ising.checked(b[p], j[p]) for p in range(phases)])
    laws = _laws(models, jnp.float32(beta)) if n <= MAX_ORACLE else None
    return VenueMarket(
        models=models,
        shifts=jnp.asarray(steps, jnp.int32),
        beta=jnp.float32(beta),
        laws=laws,
        cumulative=_cumulative(laws) if laws is not None and n <= MAX_EXACT else None,
        num_context=num_context,
        is_random=is_random,
        outcome=cast("Outcome", outcome),
    )


def _stack(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *trees)


@jax.jit
def _laws(models: Ising, beta: Float[Array, ""]) -> Exact:
    return jax.vmap(exact, in_axes=(0, None))(models, beta)


def _cumulative(laws: Exact) -> Float[Array, "phases states"]:
    weights = np.asarray(laws.log_weights, np.float64)
    levels = np.cumsum(np.exp(weights - weights.max(axis=1, keepdims=True)), axis=1)
    return jnp.asarray(levels / levels[:, -1:], jnp.float32)


def win_probabilities(market: VenueMarket) -> Float[np.ndarray, "phases n"]:
    """``P(best = i)`` of the winner rule in each phase, ties split evenly: float64, shape ``(phases, n)``.

    Rows sum to 1. By enumeration up to :data:`MAX_ORACLE` venues, above from 4,096 Gibbs draws (error below 0.008).

    Raises:
        TypeError: if ``market`` is none.
    """
    _check_market(market)
    phases = range(market.models.biases.shape[0])
    models = [jax.tree.map(lambda leaf, phase=phase: leaf[phase], market.models) for phase in phases]
    return np.stack([_win_probabilities(model, market.beta) for model in models])


def _check_market(market: Any) -> None:
    doors.instance(
        "market", market, VenueMarket, "a VenueMarket", "venue_market(biases, couplings) makes one"
    )


def _win_probabilities(model: Ising, beta: Float[Array, ""]) -> Float[np.ndarray, " n"]:
    b, j = np.asarray(model.biases, np.float64), np.asarray(model.couplings, np.float64)
    if model.num_spins > MAX_ORACLE:
        states = np.asarray(_gibbs_draws(model, beta), np.float64)
        weights = np.ones(len(states))
    else:
        states = all_states(len(b)).astype(np.float64)
        log_weights = float(beta) * (states @ b + 0.5 * np.sum((states @ j) * states, axis=1))
        weights = np.exp(log_weights - log_weights.max())
    field = states @ j + b
    best = field.max(axis=1, keepdims=True)
    # the market compares fields in float32, where large ones tie sooner
    rounding = ROUNDING_STEPS * float(np.finfo(np.float32).eps)
    is_best = field >= best - np.maximum(TIE_TOLERANCE, rounding * np.abs(best))
    return (weights / weights.sum()) @ (is_best / is_best.sum(axis=1, keepdims=True))


def _gibbs_draws(model: Ising, beta: Float[Array, ""], num_draws: int = 4_096) -> Int8[Array, "draws n"]:
    kernel = gibbs(model, beta, num_sweeps=NUM_WARMUP + 1)

    def draw(key):
        start_key, sweep_key = jax.random.split(key)
        start = kernel.init(initial_spins(start_key, model, beta))
        return kernel.step(sweep_key, start)[0].position

    return jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), num_draws))


def grouped_couplings(n: int, num_groups: int, inside: float, across: float) -> Float[np.ndarray, "n n"]:
    """Couplings of the scenario *Groups*: venue ``i`` belongs to group ``i mod num_groups``.

    Returns:
        float64, shape ``(n, n)``, symmetric with zero diagonal: ``inside`` within a group, ``across`` between two.

    Raises:
        TypeError: naming the argument that is no number.
        ValueError: naming the one out of range.

    >>> grouped_couplings(3, 2, inside=1.0, across=0.5).tolist()
    [[0.0, 0.5, 1.0], [0.5, 0.0, 0.5], [1.0, 0.5, 0.0]]
    """
    doors.whole("n", n, 1)
    doors.whole("num_groups", num_groups, 1)
    doors.number("inside", inside)
    doors.number("across", across)
    doors.affordable("n", n, 32.0 * n**2, "couplings are of every pair of venues")
    group = np.arange(n) % num_groups
    return np.where(group[:, None] == group, inside, across) * (1.0 - np.eye(n))


def worth_of_context(market: VenueMarket) -> tuple[float, float]:
    """Success rate of the best action without and with the context, for random contexts and the own rule.

    By enumeration of the first phase: every subset of ``k`` venues, every outcome of it.

    Returns:
        ``(ignored, used)``, each in [0, 1].

    Raises:
        TypeError: if ``market`` is none.
        ValueError: if it has too many venues to be enumerated.
    """
    _check_market(market)
    if market.laws is None:
        raise refusal("market", f"{market.num_venues} venues", "has too many to be enumerated")
    n, k = market.num_venues, market.num_context
    states = all_states(n)
    p = np.asarray(market.laws.probabilities[0], np.float64)
    ignored, used = [], []
    for subset in itertools.combinations(range(n), k):
        others = [i for i in range(n) if i not in subset]
        wins = p[:, None] * (states[:, others] > 0)
        index = (states[:, subset] > 0) @ (1 << np.arange(k))
        by_context = np.stack([wins[index == value].sum(axis=0) for value in range(2**k)])
        used.append(by_context.max(axis=1).sum())
        ignored.append(wins.sum(axis=0).max())
    return float(np.mean(ignored)), float(np.mean(used))
