"""The joint router: both its laws against twins, and its judgement between them."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.zoo import random_model

from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.rollout import rollout
from isotherm.act.routing.joint import JointRouter, JointState
from isotherm.energy.dense import Ising
from isotherm.exact.exact import exact
from isotherm.learn.online.posterior import IsingPosterior
from isotherm.world.routing.context import Context
from isotherm.world.routing.venues import VenueMarket, grouped_couplings, venue_market

N = 4


def transition_of(shown: dict[int, int], action: int, reward: int) -> Transition:
    available = [i not in shown for i in range(N)]
    at, values = jnp.asarray(list(shown), jnp.int32), jnp.asarray(list(shown.values()), jnp.int8)
    context, no = Context(at, values, jnp.asarray(available)), jnp.zeros((), bool)
    return Transition(context, jnp.int32(action), jnp.float32(reward), no, no, context)


@functools.partial(jax.jit, static_argnums=0)
def after(router: JointRouter, state: JointState, transition: Transition) -> JointState:
    """Act, for an agent may predict then what it learns from, and learn."""
    _, state = router.act(jax.random.key(1), state, transition.observation)
    return router.learn(jax.random.key(2), state, transition)


class Watched(AbstractAgent):
    """A joint router that also counts the steps after which it thought the exclusive law the better one."""

    inner: JointRouter

    def init(self, key: jax.Array) -> Any:
        return self.inner.init(key), jnp.int32(0)

    def act(self, key: jax.Array, state: Any, observation: Context) -> Any:
        action, inner = self.inner.act(key, state[0], observation)
        return action, (inner, state[1])

    def learn(self, key: jax.Array, state: Any, transition: Transition) -> Any:
        inner = self.inner.learn(key, state[0], transition)
        return inner, state[1] + inner.is_exclusive.astype(jnp.int32)


def watched(market: VenueMarket, num_steps: int) -> tuple[JointState, np.ndarray]:
    keys = jax.random.split(jax.random.key(0), 16)
    state, count = rollout(keys, Watched(JointRouter(market.num_venues)), market, num_steps, 1).agent_state
    return state, np.asarray(count)


def test_where_one_venue_wins_the_exclusive_law_holds_throughout() -> None:
    market = venue_market(np.linspace(0.8, -0.8, 5), 0.4, context_mode="random")
    state, count = watched(market, 300)
    assert (count == 300).all()
    assert (np.argmax(state.exclusive.posterior.information, axis=1) == 0).all()


def test_own_outcomes_refute_it() -> None:
    market = venue_market(
        np.linspace(0.2, -0.2, 6),
        grouped_couplings(6, 2, 0.5, -0.3),
        context_mode="random",
        outcome="own",
    )
    state, count = watched(market, 300)
    assert not jax.vmap(lambda run: run.is_exclusive)(state).any()
    assert (count < 200).all()


def winner_stream(seed: int, steps: int) -> list[Transition]:
    """One-hot outcomes whose likely winner changes halfway."""
    rng = np.random.default_rng(seed)
    stream = []
    for t in range(steps):
        likely = 0 if t < steps // 2 else 3
        best = likely if rng.random() < 0.9 else int(rng.integers(N))
        shown, action = (int(i) for i in rng.permutation(N)[:2])
        stream.append(transition_of({shown: 2 * (shown == best) - 1}, action, 2 * (action == best) - 1))
    return stream


def test_the_exclusive_law_follows_its_twin_and_starts_afresh_after_a_change() -> None:
    router = JointRouter(N, threshold=6.0)
    state = router.init(jax.random.key(0))
    information, curvature, surprise, changes = np.zeros(N), np.zeros(N), 0.0, 0
    for transition in winner_stream(0, 160):
        state = after(router, state, transition)
        seen = {int(transition.observation.venues[0]): int(transition.observation.outcomes[0])}
        seen[int(transition.action)] = int(transition.reward)
        possible = [i for i in seen if seen[i] > 0] or [i for i in range(N) if i not in seen]
        theta = information / (curvature + 0.5)
        p = np.exp(theta) / np.exp(theta).sum()
        q = np.where(np.isin(np.arange(N), possible), p, 0.0) / p[possible].sum()
        surprise = max(0.0, surprise + np.log(len(possible) / N) - np.log(p[possible].sum()))
        h = np.maximum(0.0, p * (1 - p) - q * (1 - q))
        information, curvature = information + q - p + h * theta, curvature + h
        if surprise > 6.0:
            information, curvature, surprise, changes = np.zeros(N), np.zeros(N), 0.0, changes + 1
        found = state.exclusive
        np.testing.assert_allclose(found.posterior.information, information, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.posterior.curvature, curvature, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.surprise, surprise, rtol=1e-3, atol=1e-3)
    assert changes == 1
    assert information[3] / (curvature[3] + 0.5) > information[0] / (curvature[0] + 0.5)


def log_likelihood(model: Ising, transition: Transition) -> jax.Array:
    """``log P(what the step showed)`` under the Ising law."""
    seen = transition.observation.with_action(transition.action, transition.reward.astype(jnp.int8))
    return exact(model, 1.0, seen).log_z - exact(model, 1.0).log_z


def in_doubt(model: Ising) -> IsingPosterior:
    """A posterior whose mean is this model."""
    n = model.num_spins
    posterior = IsingPosterior.prior(n)._replace(curvature=Ising(jnp.full(n, 3.0), jnp.full((n, n), 2.0)))
    return posterior._replace(information=jax.tree.map(jnp.divide, model, posterior.variance))


def knowing(router: JointRouter, model: Ising) -> JointState:
    state = router.init(jax.random.key(0))
    return state._replace(free=state.free._replace(posterior=in_doubt(model)))


@pytest.mark.parametrize("shown", [{0: 1}, {1: -1}, {2: 1, 0: -1}])
def test_the_ising_law_climbs_the_gradient_of_the_observed_likelihood(shown: dict[int, int]) -> None:
    router, transition, model = JointRouter(N), transition_of(shown, 3, 1), random_model(0, N)
    before = knowing(router, model)
    found, old = after(router, before, transition).free.posterior, before.free.posterior
    gradient = jax.jit(jax.grad(log_likelihood))(model, transition)
    pairs = np.asarray(gradient.couplings + gradient.couplings.T) * (1 - np.eye(N))
    for g, theta, now, then, h_now, h_then in (
        (
            np.asarray(gradient.biases),
            model.biases,
            found.information.biases,
            old.information.biases,
            found.curvature.biases,
            old.curvature.biases,
        ),
        (
            pairs,
            model.couplings,
            found.information.couplings,
            old.information.couplings,
            found.curvature.couplings,
            old.curvature.couplings,
        ),
    ):
        assert np.abs(g).max() > 0.05
        np.testing.assert_allclose(h_now - h_then, g**2, atol=1e-5)
        np.testing.assert_allclose(now - then, g + g**2 * np.asarray(theta), atol=5e-5)


def test_a_surprised_ising_law_keeps_a_tenth_of_its_information() -> None:
    router = JointRouter(N, threshold=1.5)
    state = knowing(router, Ising.checked(np.full(N, 2.0), 0.0))  # thinks that every venue nearly always wins
    expected = after(router, state, transition_of({0: 1}, 1, 1)).free
    surprised = after(router, state, transition_of({0: 1}, 1, -1)).free
    before = float(state.free.posterior.curvature.biases[2])
    assert float(expected.posterior.curvature.biases[2]) >= before
    assert float(surprised.posterior.curvature.biases[2]) == pytest.approx(before / 10, rel=0.05)
    assert float(surprised.surprise) == 0
