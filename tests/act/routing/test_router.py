"""The published Ising router: it chooses by conditional marginals and learns by the equations."""

import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean
from tests.support.zoo import brute_force, random_model, venues

from isotherm.act.agent import Transition
from isotherm.act.routing.router import IsingRouter, RouterState
from isotherm.doors import memory
from isotherm.energy.dense import Ising
from isotherm.exact.exact import exact
from isotherm.learn.online.moments import MatchingRates, PairWindow
from isotherm.sample.gibbs.gibbs import gibbs_means, gibbs_moments
from isotherm.sample.schedule import Schedule
from isotherm.world.routing.context import Context

N = 4


def context_of(shown: dict[int, int], n: int = N) -> Context:
    at, values = list(shown), list(shown.values())
    available = [i not in shown for i in range(n)]
    return Context(jnp.asarray(at, jnp.int32), jnp.asarray(values, jnp.int8), jnp.asarray(available))


def knowing(model: Ising) -> RouterState:
    return RouterState(model, PairWindow.empty(model.num_spins, 5))


def conditional(model: Ising, shown: dict[int, int], beta: float) -> np.ndarray:
    """``P(s_i = +1 | shown)``, -1 where shown."""
    success = (1 + brute_force(model, beta, shown).spins) / 2
    success[list(shown)] = -1
    return success


CONTEXTS = [
    dict(zip(at, values, strict=True))
    for at in itertools.permutations(range(N), 2)
    for values in itertools.product((-1, 1), repeat=2)
]


@functools.partial(jax.jit, static_argnums=(0,))
def choose(inference: str, beta: jax.Array, state: RouterState, context: Context) -> jax.Array:
    router = IsingRouter(N, beta=beta, inference=inference, schedule=Schedule(20, 400, 1))
    return router.act(jax.random.key(0), state, context)[0]


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_exact_inference_chooses_the_best_conditional_marginal(beta: float) -> None:
    model = random_model(1, N)
    for shown in CONTEXTS:
        success = conditional(model, shown, beta)
        action = int(choose("exact", jnp.float32(beta), knowing(model), context_of(shown)))
        assert success[action] == pytest.approx(success.max(), abs=1e-5)


def test_gibbs_inference_chooses_the_best_conditional_marginal_where_it_is_clear() -> None:
    model = random_model(2, N, coupling=0.8)
    clear = 0
    for shown in CONTEXTS:
        success = conditional(model, shown, 1.0)
        second, best = np.sort(success)[-2:]
        if best - second > 0.25:  # some ten standard errors of 400 samples
            clear += 1
            action = int(choose("gibbs", jnp.float32(1), knowing(model), context_of(shown)))
            assert action == np.argmax(success)
    assert clear > 5


@pytest.mark.parametrize("shown", [{2: 1}, {1: -1, 3: 1}])
def test_selection_moments_are_the_conditional_ones(shown: dict[int, int]) -> None:
    model, clamp = random_model(3, N), context_of(shown).clamp()
    keys = jax.random.split(jax.random.key(0), 500)
    means = jax.jit(jax.vmap(lambda key: gibbs_means(key, model, 1.0, clamp)))(keys)
    assert_mean(np.asarray(means), brute_force(model, 1.0, shown).spins)


def test_without_clamping_the_context_is_ignored() -> None:
    model = Ising.checked(
        [0.0, 0.2, 0.1, 0.0], np.array([[0, -1, 1, 0], [-1, 0, 0, 0], [1, 0, 0, 0], [0] * 4])
    )
    state, context = knowing(model), context_of({0: 1})
    key = jax.random.key(0)
    clamped = IsingRouter(N, inference="exact").act(key, state, context)[0]
    free = IsingRouter(N, inference="exact", clamps=False).act(key, state, context)[0]
    assert (int(clamped), int(free)) == (2, 1)


# ------------------------------------------------------------------------------
# Learning

STEPS, WINDOW = 150, 12


def history(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Context venue, then chosen venue, of each step; outcomes of all venues."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(N)[:2] for _ in range(STEPS)]), rng.choice(
        [-1, 1], (STEPS, N), p=[0.4, 0.6]
    )


def transitions(pairs: np.ndarray, outcomes: np.ndarray, n: int = N) -> Transition:
    at = jnp.asarray(pairs[:, :1], jnp.int32)
    seen = jnp.asarray(np.take_along_axis(outcomes, pairs, axis=1), jnp.int8)
    context = Context(at, seen[:, :1], at != jnp.arange(n, dtype=jnp.int32)[None])
    no = jnp.zeros(len(pairs), bool)
    return Transition(
        context, jnp.asarray(pairs[:, 1], jnp.int32), seen[:, 1].astype(jnp.float32), no, no, context
    )


@functools.partial(jax.jit, static_argnames=("couples", "damping"))
def learned(data: Transition, couples: bool = True, damping: float = 0.3) -> Ising:
    """Models after every step, exact inference."""
    rates = MatchingRates(propagation=damping, couplings=float(couples))
    router = IsingRouter(N, beta=1.2, inference="exact", window=WINDOW, rates=rates)

    def step(state: RouterState, now: Transition) -> tuple[RouterState, Ising]:
        state = router.learn(jax.random.key(0), state, now)
        return state, state.model

    return jax.lax.scan(step, router.init(jax.random.key(0)), data)[1]


@pytest.mark.parametrize(("couples", "damping"), [(True, 0.3), (True, 0.0), (False, 0.3)])
def test_learning_agrees_with_a_slow_router(couples: bool, damping: float) -> None:
    pairs, outcomes = history(0)
    found = learned(transitions(pairs, outcomes), couples, damping)
    b, w = np.zeros(N), np.zeros((N, N))
    seen: list[np.ndarray] = []
    for t in range(STEPS):
        m = np.isin(np.arange(N), pairs[t]).astype(float)
        o = outcomes[t] * m
        seen = [*seen, o][-WINDOW:]
        c = sum(np.outer(x, x) for x in seen)
        n = sum(np.outer(x != 0, x != 0).astype(float) for x in seen)
        # the twin follows the router's own parameters, so that rounding does not grow
        law = brute_force(Ising.checked(b.astype(np.float32), w.astype(np.float32)), 1.2)
        b = 0.995 * b + 0.05 * 1.2 * (o - law.spins * m) + damping * 0.05 * 1.2 * (w @ o) * (1 - m)
        if couples:
            w = 0.995 * w + (n > 0) * 1.2 * 0.05 * (c / np.maximum(n, 1) - law.pairs) * (1 - np.eye(N))
        np.testing.assert_allclose(found.biases[t], b, atol=1e-5)
        np.testing.assert_allclose(found.couplings[t], w, atol=1e-5)
        b, w = np.asarray(found.biases[t], np.float64), np.asarray(found.couplings[t], np.float64)
    assert couples == bool(w.any())


def test_a_window_of_one_remembers_the_last_observation_alone() -> None:
    """A pair seen a step ago is forgotten with the rest; two observations would still move it."""
    pairs, outcomes = np.array([[0, 1], [1, 2]]), np.array([[1, -1, 0], [0, 1, 1]])
    for window, first in ((1, 0.995 * -0.06), (2, 0.995 * -0.06 + 0.06 * (-1 - SMALL_PAIR))):
        router = IsingRouter(3, beta=1.2, inference="exact", window=window)
        state, learn = router.init(jax.random.key(0)), eqx.filter_jit(router.learn)
        assert state.window.recent.shape == (window, 3)
        for t in range(2):
            now = jax.tree.map(lambda x, t=t: x[t], transitions(pairs, outcomes, 3))
            state = learn(jax.random.key(0), state, now)
        assert float(state.model.couplings[0, 1]) == pytest.approx(first, abs=1e-6)
        assert float(state.model.couplings[1, 2]) == pytest.approx(0.06, abs=1e-6)
    for wrong, message in (({"window": 0}, "window = 0"), ({"num_venues": 0}, "num_venues = 0")):
        with pytest.raises(ValueError, match=message):
            IsingRouter(**{"num_venues": 3} | wrong)
    assert IsingRouter(1).init(jax.random.key(0)).model.biases.shape == (1,)


SMALL_PAIR = float(np.tanh(1.2 * -0.06 + np.arctanh(np.tanh(1.2 * 0.06) * np.tanh(1.2 * -0.06))))
"""``E[s_0 s_1]`` after one step from nothing: biases ``±η β``, coupling ``-η β``, read at ``β = 1.2``."""


def test_published_settings_are_the_defaults() -> None:
    router = IsingRouter(5)
    assert (router.beta, router.inference, router.window, router.clamps) == (1.0, "gibbs", 200, True)
    assert router.rates == (0.05, 0.995, 0.3, 1.0)


def test_routers_beyond_memory_are_refused_by_the_setting_that_asks_for_it(monkeypatch) -> None:
    """Of 1,000 bytes 800 may be taken: 16 a pair of venues, one a venue and observation."""
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000.0)
    IsingRouter(7, window=1)
    with pytest.raises(ValueError, match="num_venues = 8: would take"):
        IsingRouter(8, window=1)
    IsingRouter(4, window=200)
    with pytest.raises(ValueError, match="window = 201: would take"):
        IsingRouter(4, window=201)


def test_permuting_venues_permutes_everything() -> None:
    pairs, outcomes = history(1)
    order = np.array([2, 0, 3, 1])  # the venue that is called i is called order[i] in the other world
    renamed = np.empty_like(outcomes)
    renamed[:, order] = outcomes
    model = learned(transitions(pairs, outcomes))
    other = learned(transitions(order[pairs], renamed))
    np.testing.assert_allclose(np.asarray(other.biases)[:, order], model.biases, atol=1e-5)
    np.testing.assert_allclose(np.asarray(other.couplings)[:, order][:, :, order], model.couplings, atol=1e-5)
    last, last_other = (jax.tree.map(lambda x: x[-1], m) for m in (model, other))
    for shown in CONTEXTS:
        there = {int(order[i]): value for i, value in shown.items()}
        action = choose("exact", jnp.float32(1), knowing(last), context_of(shown))
        action_there = choose("exact", jnp.float32(1), knowing(last_other), context_of(there))
        assert order[int(action)] == int(action_there)


# ------------------------------------------------------------------------------
# The budget


def budgeted(model: Ising, num_chains: int) -> np.ndarray:
    def moments(key: jax.Array) -> jax.Array:
        found = gibbs_moments(key, model)
        return jnp.concatenate([found.spins, found.pairs[np.triu_indices(5, 1)]])

    keys = jax.random.split(jax.random.key(11), num_chains)
    return np.asarray(jax.jit(jax.vmap(moments))(keys))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_fifty_warmup_sweeps_leave_no_visible_bias(seed: int | None) -> None:
    """10^5 chains at the published budget, the market's couplings and random ones of at most one."""
    model = venues(0.4)
    if seed is not None:
        random = random_model(seed, 5, coupling=0.6)
        model = Ising(random.biases, jnp.clip(random.couplings, -1, 1))
    law = exact(model)
    assert_mean(budgeted(model, 100_000), np.concatenate([law.spins, law.pairs[np.triu_indices(5, 1)]]))
