"""The venue market against enumeration."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from tests.support.stats import assert_frequencies, assert_mean
from tests.support.zoo import brute_force, random_model, state_index

from isotherm.energy.dense import Ising
from isotherm.exact.exact import all_states
from isotherm.world.routing.venues import (
    MarketState,
    VenueMarket,
    grouped_couplings,
    venue_market,
    win_probabilities,
    worth_of_context,
)

BIASES = np.linspace(0.8, -0.8, 5)
PUBLISHED_WINNERS = np.array([0.8671, 0.1022, 0.0307, 0.0, 0.0])


def draws(market: VenueMarket, count: int, seed: int = 0) -> MarketState:
    """Independent market states, in NumPy."""
    keys = jax.random.split(jax.random.key(seed), count)
    return jax.tree.map(np.asarray, jax.jit(jax.vmap(lambda key: market.reset(key)[1]))(keys))


def at_time(market: VenueMarket, times: range, seed: int = 0) -> list[MarketState]:
    """The state of each step of one run."""
    step = jax.jit(lambda key, state: market.step(key, state, jnp.int32(0)).state)
    key = jax.random.key(seed)
    states = [market.reset(key)[1]]
    for time in times[1:]:
        states.append(step(jax.random.fold_in(key, time), states[-1]))
    return states


def winners_by_hand(biases: np.ndarray, couplings: np.ndarray) -> np.ndarray:
    """``P(best = i)`` summed state by state."""
    n, mass = len(biases), np.zeros(len(biases))
    for state in itertools.product((-1, 1), repeat=n):
        s = np.array(state)
        field = [biases[i] + sum(couplings[i, j] * s[j] for j in range(n) if j != i) for i in range(n)]
        weight = np.exp(biases @ s + s @ couplings @ s / 2)
        best = [i for i in range(n) if field[i] > max(field) - 1e-9]
        mass[best] += weight / len(best)
    return mass / mass.sum()


@pytest.fixture(scope="module")
def correlated() -> MarketState:
    return draws(venue_market(BIASES, 0.4, num_context=2, context_mode="random"), 20_000)


def test_labels_are_one_hot(correlated: MarketState) -> None:
    assert set(np.unique(correlated.outcomes)) == {-1, 1}
    assert (correlated.outcomes.sum(axis=1) == 1 - 4).all()


def test_the_context_shows_the_labels_and_is_never_available(correlated: MarketState) -> None:
    context = correlated.context
    np.testing.assert_array_equal(
        np.take_along_axis(correlated.outcomes, context.venues, axis=1), context.outcomes
    )
    assert (context.venues[:, 0] != context.venues[:, 1]).all()
    assert (context.available.sum(axis=1) == 3).all()
    assert not np.take_along_axis(context.available, context.venues, axis=1).any()


def test_regret_is_zero_or_two_and_zero_when_the_context_wins(correlated: MarketState) -> None:
    available = correlated.context.available
    has_winner = (correlated.context.outcomes > 0).any(axis=1)
    expected = np.where(correlated.outcomes > 0, 0.0, 2.0) * ~has_winner[:, None]
    np.testing.assert_array_equal(correlated.regret[available], expected[available])
    assert 0.2 < has_winner.mean() < 0.6  # both kinds occur


def test_random_contexts_are_uniform_subsets_in_random_order(correlated: MarketState) -> None:
    ordered = correlated.context.venues @ np.array([5, 1])
    uniform = np.array([0.0 if i == j else 1 / 20 for i in range(5) for j in range(5)])
    assert_frequencies(ordered, uniform)


def test_contexts_tell_nothing_by_being_chosen(correlated: MarketState) -> None:
    best = correlated.outcomes.argmax(axis=1)
    table = np.zeros((3, 5))
    np.add.at(table, (np.minimum(best, 2), correlated.context.venues[:, 0]), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_winners_follow_the_enumerated_law(correlated: MarketState) -> None:
    exact = winners_by_hand(BIASES, 0.4 * (1 - np.eye(5)))
    np.testing.assert_allclose(exact, PUBLISHED_WINNERS, atol=5e-5)
    found = win_probabilities(venue_market(BIASES, 0.4))
    np.testing.assert_allclose(found, [exact], atol=1e-6)
    assert_frequencies(correlated.outcomes.argmax(axis=1), exact)
    with pytest.raises(AssertionError, match="p = "):
        assert_frequencies(correlated.outcomes.argmax(axis=1), exact + np.array([-0.012, 0.012, 0, 0, 0]))


def test_ties_are_broken_evenly() -> None:
    market = venue_market(np.array([0.3, 0.3, 0.3, -1.0]), 0.0, num_context=1)
    exact = win_probabilities(market)[0]
    np.testing.assert_allclose(exact, [1 / 3, 1 / 3, 1 / 3, 0])
    assert_frequencies(draws(market, 5_000).outcomes.argmax(axis=1), exact)


def test_without_couplings_the_first_venue_always_wins() -> None:
    np.testing.assert_array_equal(win_probabilities(venue_market(BIASES, 0.0)), [[1, 0, 0, 0, 0]])


def test_fixed_contexts_are_the_first_venues() -> None:
    market = venue_market(BIASES, 0.4, num_context=3, context_mode="fixed")
    assert (draws(market, 50).context.venues == [0, 1, 2]).all()


@pytest.mark.parametrize("shifts", [(4,), (1, 3, 7)])
def test_regimes_shift_exactly_at_their_steps(shifts: tuple[int, ...]) -> None:
    phases = [np.roll([3.0, 0.0, 0.0, 0.0, 0.0], p) for p in range(len(shifts) + 1)]  # venue p wins phase p
    market = venue_market(np.stack(phases), 0.0, shifts=shifts)
    best = [int(np.argmax(state.outcomes)) for state in at_time(market, range(10))]
    assert best == [sum(time >= shift for shift in shifts) for time in range(10)]


# ------------------------------------------------------------------------------
# Own outcomes


@pytest.mark.parametrize("k", [1, 2])
def test_regret_of_own_outcomes_is_that_of_the_conditional_law(k: int) -> None:
    model = random_model(3, 4)
    market = venue_market(
        np.asarray(model.biases),
        np.asarray(model.couplings),
        beta=1.3,
        num_context=k,
        context_mode="random",
        outcome="own",
    )
    state = draws(market, 40)
    for run in range(40):
        venues, shown = state.context.venues[run], state.context.outcomes[run]
        held = {int(i): int(value) for i, value in zip(venues, shown, strict=True)}
        success = (1 + brute_force(model, 1.3, held).spins) / 2
        free = np.setdiff1d(np.arange(4), venues)
        expected = 2 * (success[free].max() - success[free])
        np.testing.assert_allclose(state.regret[run][free], expected, atol=1e-5)
        assert state.regret[run][free].min() == pytest.approx(0, abs=1e-6)


def test_own_outcomes_follow_the_model() -> None:
    model = random_model(4, 4)
    market = venue_market(np.asarray(model.biases), np.asarray(model.couplings), outcome="own", beta=0.7)
    assert_frequencies(state_index(draws(market, 20_000).outcomes), brute_force(model, 0.7).probabilities)


@pytest.mark.parametrize(
    ("n", "groups", "inside", "across", "bias", "k", "ignored", "used"),
    [
        (6, 2, 0.5, -0.3, 0.2, 1, 0.6133, 0.9462),
        (9, 3, 0.6, -0.15, 0.3, 1, 0.6468, 0.8312),
        (9, 3, 0.6, -0.15, 0.3, 2, 0.6436, 0.9014),
        (9, 3, 0.6, -0.15, 0.3, 3, 0.6388, 0.9217),
    ],
)
def test_worth_of_context_in_groups(
    n: int, groups: int, inside: float, across: float, bias: float, k: int, ignored: float, used: float
) -> None:
    couplings = grouped_couplings(n, groups, inside, across)
    market = venue_market(np.linspace(bias, -bias, n), couplings, num_context=k, outcome="own")
    assert worth_of_context(market) == pytest.approx((ignored, used), abs=5.1e-5)


def test_context_is_worth_nothing_with_one_coupling_for_all_pairs() -> None:
    market = venue_market(BIASES, 0.4, outcome="own")
    assert worth_of_context(market) == pytest.approx((0.5973, 0.5973), abs=5.1e-5)


# ------------------------------------------------------------------------------
# Many venues: states by Gibbs sweeps


def weak_model(n: int) -> Ising:
    return random_model(n, n, bias=0.4, coupling=0.15)


def winners_in_bulk(model: Ising) -> np.ndarray:
    """As :func:`winners_by_hand`, vectorised; without ties."""
    b, j = np.asarray(model.biases, np.float64), np.asarray(model.couplings, np.float64)
    states = all_states(len(b)).astype(np.float64)
    field = states @ j
    weights = np.exp(states @ b + (states * field).sum(axis=1) / 2)
    return np.bincount((field + b).argmax(axis=1), weights, len(b)) / weights.sum()


def test_thirteen_venues_drawn_by_gibbs_have_exact_moments() -> None:
    model = weak_model(13)
    market = venue_market(np.asarray(model.biases), np.asarray(model.couplings), outcome="own")
    assert market.cumulative is None
    keys = jax.random.split(jax.random.key(1), 4_000)
    spins = jax.jit(jax.vmap(lambda key: market.reset(key)[1].outcomes))(keys)
    s = np.asarray(spins, np.float64)
    law = all_states(13).astype(np.float64)
    assert market.laws is not None
    p = np.asarray(market.laws.probabilities[0], np.float64)
    first, second = np.triu_indices(13, 1)
    exact = np.concatenate([p @ law, p @ (law[:, first] * law[:, second])])
    assert_mean(np.concatenate([s, s[:, first] * s[:, second]], axis=1), exact)


@pytest.mark.parametrize("n", [17, pytest.param(20, marks=pytest.mark.slow)])
def test_winners_among_many_venues(n: int) -> None:
    model = weak_model(n)
    market = venue_market(np.asarray(model.biases), np.asarray(model.couplings))
    exact = winners_in_bulk(model)
    keys = jax.random.split(jax.random.key(2), 4_000)
    best = jax.jit(jax.vmap(lambda key: jnp.argmax(market.reset(key)[1].outcomes)))(keys)
    assert_mean(np.asarray(best)[:, None] == np.arange(n), exact)
    error = np.sqrt(exact * (1 - exact) / 4_096) + 1e-9
    assert (np.abs(win_probabilities(market)[0] - exact) / error).max() < 4.7  # 20 tests at 1e-4 together


# ------------------------------------------------------------------------------
# Symmetry and refusals


def test_permuting_venues_permutes_the_law() -> None:
    model, order = random_model(5, 6), np.array([3, 0, 5, 1, 4, 2])
    b, j = np.asarray(model.biases), np.asarray(model.couplings)
    market, permuted = venue_market(b, j), venue_market(b[order], j[np.ix_(order, order)])
    np.testing.assert_allclose(win_probabilities(permuted)[0], win_probabilities(market)[0][order], atol=1e-6)
    assert market.laws is not None
    assert permuted.laws is not None
    np.testing.assert_allclose(permuted.laws.spins[0], np.asarray(market.laws.spins[0])[order], atol=1e-6)
    best = draws(permuted, 5_000).outcomes.argmax(axis=1)
    assert_mean(best[:, None] == np.arange(6), win_probabilities(market)[0][order])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shifts": (5,)}, r"shifts = \(5,\): should be 0 ascending steps"),
        ({"biases": np.zeros((3, 5)), "shifts": (7, 5)}, r"shifts = \(7, 5\): should be 2 ascending"),
        ({"biases": np.zeros((2, 5)), "shifts": (0,)}, r"shifts\[0\] = 0"),
        ({"num_context": 0}, "num_context = 0: should be within 1 .. 4"),
        ({"num_context": 5}, "num_context = 5: should be within 1 .. 4"),
        ({"context_mode": "often"}, "context_mode = 'often': should be one of fixed, random"),
        ({"outcome": "mine"}, "outcome = 'mine': should be one of winner, own"),
        ({"beta": -1.0}, "beta = -1.0: should be"),
        ({"beta": float("nan")}, "beta = nan: should be"),
        ({"beta": float("inf")}, "beta = inf: should be"),
        ({"biases": np.zeros(17), "outcome": "own"}, "outcome = 'own': .* at most 16 venues, not 17"),
        ({"biases": np.array([0.0, np.nan, 0.0])}, "biases = nan: must be finite"),
        ({"biases": np.zeros((1, 1, 5))}, r"biases.shape = \(1, 1, 5\)"),
        ({"couplings": np.zeros((3, 3))}, r"couplings.shape = \(3, 3\)"),
        ({"couplings": np.triu(np.ones((5, 5)), 1)}, r"couplings\[0, 1\] = 1.0: must equal"),
        ({"couplings": np.eye(5)}, r"couplings\[0, 0\] = 1.0: the diagonal"),
    ],
)
def test_refusals_are_one_line(changes: dict, message: str) -> None:
    arguments = {"biases": BIASES, "couplings": 0.4} | changes
    with pytest.raises(ValueError, match=message) as refused:
        venue_market(**arguments)
    assert "\n" not in str(refused.value)
