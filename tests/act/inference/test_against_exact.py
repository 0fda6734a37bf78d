"""What an agent believes and counts, against the exact law of its window as a factor graph."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.models import chain_model, columns

from isotherm.act import ActiveInference
from isotherm.act.agent import Transition
from isotherm.act.inference.mind import Mind
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.energy.hidden.window import window_graph
from isotherm.exact import exact

RNG = np.random.default_rng(11)
STEPS = 7
SYMBOLS = np.array([0, 3, 1, -1, 2, 2, 0])
ACTIONS = np.array([1, 0, 0, 1, 1, 0])


def with_counts(seed: int) -> GenerativeModel:
    """One factor of three states whose laws are the means of counts."""
    rng = np.random.default_rng(seed)
    pA, pB = [6.0 * columns(rng, 4, 3)], [9.0 * columns(rng, 3, 3, 2)]
    return generative_model(None, None, D=[columns(rng, 3)], pA=pA, pB=pB)


def lived(agent: ActiveInference, symbols: np.ndarray, actions: np.ndarray) -> tuple[list[np.ndarray], Mind]:
    """Beliefs after each observation, and the state before the episode ends."""
    observe, learn = eqx.filter_jit(agent.observed), eqx.filter_jit(agent.learn)
    key, no = jax.random.key(0), jnp.zeros((), bool)
    state, beliefs = agent.init(key), []
    for t, symbol in enumerate(symbols):
        state = observe(state, jnp.int32(symbol))
        beliefs.append(np.asarray(state.beliefs[0]))
        if t < len(actions):
            step = Transition(None, jnp.int32(actions[t]), jnp.float32(0), no, no, None)
            state = learn(key, state, step)
    return beliefs, state


@pytest.mark.parametrize("algorithm", ["exact", "fpi", "ovf"])
def test_beliefs_of_one_factor_are_those_of_every_window_so_far(algorithm: str) -> None:
    model = chain_model(5)
    beliefs, _ = lived(ActiveInference(model, inference_algo=algorithm), SYMBOLS, ACTIONS)
    for t in range(1, STEPS + 1):
        found = exact(window_graph(model, [SYMBOLS[:t]], ACTIONS[: t - 1, None]))
        np.testing.assert_allclose(beliefs[t - 1], found.marginals["s0"][-1], atol=2e-6)


@pytest.mark.parametrize("algorithm", ["vmp", "mmp"])
def test_messages_on_a_window_of_one_step_are_exact(algorithm: str) -> None:
    model = chain_model(5)
    agent = ActiveInference(model, inference_algo=algorithm, inference_horizon=1)
    beliefs, _ = lived(agent, SYMBOLS[:1], ACTIONS[:0])
    found = exact(window_graph(model, [SYMBOLS[:1]]))
    np.testing.assert_allclose(beliefs[0], found.marginals["s0"][0], atol=2e-6)


@pytest.mark.parametrize("algorithm", ["exact", "ovf"])
def test_an_episode_is_counted_by_exact_marginals(algorithm: str) -> None:
    """Offline: of A each seen symbol with its smoothed state, of B each action with its smoothed pair."""
    model = with_counts(3)
    agent = ActiveInference(
        model,
        inference_algo=algorithm,
        learning_mode="offline",
        learn_A=True,
        learn_B=True,
        episode_length=STEPS,
    )
    _, state = lived(agent, SYMBOLS, ACTIONS)
    ended = eqx.filter_jit(agent.end)(jax.random.key(0), state)
    found = exact(window_graph(model, [SYMBOLS], ACTIONS[:, None]))
    A, B = np.zeros((4, 3)), np.zeros((3, 3, 2))
    for t, symbol in enumerate(SYMBOLS):
        if symbol >= 0:
            A[symbol] += found.marginals["s0"][t]
    pairs = found.factor_marginals[[factor.name for factor in found.graph.factors].index("B[0]")]
    for t, action in enumerate(ACTIONS):
        B[..., action] += np.asarray(pairs[t])  # (next, now)
    np.testing.assert_allclose(ended.counts.A[0] - model.pA[0], A, atol=1e-5)
    np.testing.assert_allclose(ended.counts.B[0] - model.pB[0], B, atol=1e-5)


@pytest.mark.parametrize(("rates", "kept"), [({}, 1.0), ({"rate_A": 0.5, "forgetting": 0.8}, 0.8)])
def test_online_counts_of_a_filter_follow_step_by_step(rates: dict[str, Any], kept: float) -> None:
    """A alone, each symbol with the belief of its own step, which the counts so far have made."""
    model = with_counts(4)
    agent = ActiveInference(model, learn_A=True, **rates)
    _, state = lived(agent, SYMBOLS, ACTIONS)
    counts, rate = np.asarray(model.pA[0], np.float64), float(rates.get("rate_A", 1.0))
    base, belief = counts.copy(), np.asarray(model.D[0], np.float64)
    B = np.asarray(model.B[0], np.float64)
    A = counts / counts.sum(0)
    for t, symbol in enumerate(SYMBOLS[:-1]):
        belief = belief * (A[symbol] if symbol >= 0 else 1.0)
        belief = belief / belief.sum()
        seen = np.zeros_like(counts)
        if symbol >= 0:
            seen[symbol] = belief
        counts = base + kept * (counts - base) + rate * seen
        A = counts / counts.sum(0)
        belief = B[..., ACTIONS[t]] @ belief
    np.testing.assert_allclose(state.counts.A[0], counts, atol=1e-4)
