"""What a scenario computes: blocks of exploring and learning, all agents and alphas in one program; and replays."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import digamma, gammaln
from jaxtyping import Array, Float, Int, Int32, Key

from isotherm.act.agent import Transition
from isotherm.act.episodes import Episodes, episodes
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.mind import Mind
from isotherm.act.rollout import Moment
from isotherm.random import named, run_keys
from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.scenarios import (
    SCENARIOS,
    TRUTH_COUNTS,
    TRUTH_LEAST,
    agent_of,
    counts_of_moves,
    model_of,
    the_world,
    truth_of,
)
from isotherm.world.discrete.world import HiddenWorld

SHOWN = 5
"""Agents whose maps are kept."""


class Divergence(NamedTuple):
    """``KL[Dir(agent) || Dir(truth)]``, with what depends on the truth alone worked out in float64.

    Attributes:
        truth: counts, event axis first.
        constant: of each column.
        num_columns: that the sum is divided by: the cells from which moves are made.
    """

    truth: np.ndarray
    constant: np.ndarray
    num_columns: int

    def __call__(self, counts: Float[Array, "..."]) -> Float[Array, ""]:
        """Mean over cells, summed over moves, in nats."""
        total = counts.sum(axis=0)
        gap = digamma(counts) - digamma(total)[None]
        own = (
            gammaln(total) - gammaln(counts).sum(axis=0) + ((counts - self._truth(counts)) * gap).sum(axis=0)
        )
        return (own + jnp.asarray(self.constant, counts.dtype)).sum() / self.num_columns

    def _truth(self, counts: Array) -> Array:
        return jnp.asarray(self.truth, counts.dtype)


def divergence(learned: str) -> Divergence:
    """From the truth of A, or of B."""
    from scipy.special import gammaln as log_gamma

    truth = TRUTH_COUNTS * truth_of(learned) + TRUTH_LEAST
    constant = log_gamma(truth).sum(axis=0) - log_gamma(truth.sum(axis=0))
    return Divergence(truth, constant, truth.shape[1])


class Ended(NamedTuple):
    """Of a block, after its update.

    Attributes:
        kl: divergence of the learned counts from the truth, in nats.
        tv: mean total variation of the expected law from the truth.
    """

    kl: Float[Array, "*runs"]
    tv: Float[Array, "*runs"]


class Stepped(NamedTuple):
    """Of a step.

    Attributes:
        action: int8.
        cell: int8, before the action.
        entropy: of the law of policies, in nats.
    """

    action: Array
    cell: Array
    entropy: Array


def compute(config: GridworldConfig, scenario: int) -> dict[str, np.ndarray]:
    """All blocks of all agents of a scenario.

    Returns:
        ``kl``, ``tv``, ``visited``, ``entropy``: ``(alphas, agents, blocks)``; ``action``, ``cell``: int8, of each
        step, ``(alphas, agents, blocks, steps)``; ``learned``: expected laws of the first agents at the end.
    """
    learned = SCENARIOS[scenario].learned
    agent, world, away = agent_of(scenario, config), the_world(), divergence(learned)
    truth = truth_of(learned)
    keys = run_keys(config.seed, 0, config.num_agents)
    keys = jax.vmap(lambda key: named(key, f"scenario-{scenario}"))(keys)

    def end(mind: Mind) -> Ended:
        counts = _counts(mind, learned)
        law = counts / counts.sum(axis=0, keepdims=True)
        return Ended(away(counts), 0.5 * jnp.abs(law - truth.astype(law.dtype)).sum(axis=0).mean())

    def step(moment: Moment) -> Stepped:
        log_q = moment.agent_state.plan.log_q
        entropy = -(jnp.exp(log_q) * log_q).sum()
        action, cell = moment.transition.action, moment.world_state.states[0]
        return Stepped(action.astype(jnp.int8), cell.astype(jnp.int8), entropy)

    found = every_alpha(
        keys,
        agent,
        jnp.asarray(config.alphas, jnp.float32),
        world,
        config.blocks(scenario),
        config.num_steps,
        step,
        end,
    )
    counts = jax.tree.map(lambda leaf: leaf[:, :SHOWN], _counts(found.agent_state, learned))
    return {
        "kl": np.asarray(found.ends.kl),
        "tv": np.asarray(found.ends.tv),
        "visited": np.asarray(found.sums["new_cell"]),
        "entropy": np.asarray(found.kept.entropy.mean(axis=-1)),
        "action": np.asarray(found.kept.action),
        "cell": np.asarray(found.kept.cell),
        "learned": np.asarray(counts / counts.sum(axis=2, keepdims=True)),
    }


@eqx.filter_jit
def every_alpha(
    keys: Key[Array, " runs"],
    agent: ActiveInference,
    alphas: Float[Array, " alphas"],
    world: HiddenWorld,
    num_blocks: int,
    num_steps: int,
    keep: Callable[[Moment], Any] | None = None,
    keep_end: Callable[[Mind], Any] | None = None,
) -> Episodes:
    """Episodes of one agent at several precisions, with the same keys, in one program: leaves lead with alphas."""

    def of(alpha: Array) -> Episodes:
        sharpened = agent.with_alpha(alpha)
        return episodes(keys, sharpened, world, num_blocks, num_steps, keep=keep, keep_end=keep_end)

    return jax.vmap(of)(alphas)


class Replayed(NamedTuple):
    """Of recorded actions.

    Attributes:
        cell: before each action, int32 ``(blocks, steps)``.
        beliefs: at each step, ``(blocks, steps, cells)``.
        neg_efe: of all policies at each step, ``(blocks, steps, policies)``.
        counts: of what is learned, after each block, ``(blocks, ...)``.
    """

    cell: Int32[Array, "blocks steps"]
    beliefs: Float[Array, "blocks steps cells"]
    neg_efe: Float[Array, "blocks steps policies"]
    counts: Float[Array, "blocks ..."]


def replay(config: GridworldConfig, scenario: int, actions: Int[np.ndarray, "blocks steps"]) -> Replayed:
    """What an agent believes, plans and learns where its actions are given."""
    agent, world, learned = agent_of(scenario, config), the_world(), SCENARIOS[scenario].learned
    key = jax.random.key(0)  # the world is sure, and so is all else

    def step(carry: Any, action: Array) -> Any:
        mind, state, observation = carry
        _, mind = agent.law(mind, observation)
        answer = world.step(key, state, action)
        transition = Transition(
            observation, action, answer.reward, answer.terminated, answer.truncated, answer.observation
        )
        kept = state.states[0], mind.beliefs[0], mind.plan.neg_efe
        return (agent.learn(key, mind, transition), answer.state, answer.observation), kept

    @jax.jit
    def block(mind: Mind, actions: Array) -> Any:
        observation, state = world.reset(key)
        (mind, *_), kept = lax.scan(step, (mind, state, observation), actions)
        mind = agent.end(key, mind)
        return mind, (*kept, _counts(mind, learned))

    found, mind = [], agent.init(key)
    for row in np.asarray(actions, np.int32):
        mind, kept = block(mind, jnp.asarray(row))
        found.append(kept)
    return Replayed(*(jnp.stack(part) for part in zip(*found, strict=True)))


def replayed_exactly(
    config: GridworldConfig, scenario: int, actions: Int[np.ndarray, "blocks steps"]
) -> dict[str, np.ndarray]:
    """A replay in float64, clipped as the reference is: ``cell``, ``neg_efe``, and ``kl`` after each block."""
    with jax.enable_x64(True):
        found = replay(config.model_copy(update={"floor": "reference"}), scenario, actions)
        away = divergence(SCENARIOS[scenario].learned)
        kl = np.array([float(away(counts)) for counts in found.counts])
        return {"cell": np.asarray(found.cell), "neg_efe": np.asarray(found.neg_efe), "kl": kl}


def filmed(config: GridworldConfig, scenario: int, found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first agent of the last alpha in its first, an early and its last block, from its own actions."""
    actions = found["action"][-1, 0]
    again = replay(config, scenario, actions)
    last = len(actions) - 1
    blocks = np.unique([0, min(2, last), last])
    counts = np.asarray(again.counts)
    prior = np.asarray(prior_counts(scenario))
    before = np.stack([prior if block == 0 else counts[block - 1] for block in blocks])
    laws = before / before.sum(axis=1, keepdims=True)
    return {
        "film_block": blocks,
        "film_belief": np.asarray(again.beliefs)[blocks],
        "film_cell": np.asarray(again.cell)[blocks],
        "film_action": actions[blocks],
        "film_law": laws if laws.ndim == 3 else laws.mean(axis=3),
    }


def prior_counts(scenario: int) -> np.ndarray:
    """Of what is learned."""
    model = model_of(scenario)
    counts = model.pA if SCENARIOS[scenario].learned == "A" else model.pB
    assert counts is not None
    return np.asarray(counts[0])


def fixed_moves(scenario: int) -> np.ndarray:
    """Expected B of an agent that does not learn it, ``(49, 49, 4)``."""
    counts = counts_of_moves(SCENARIOS[scenario].moves)
    return counts / counts.sum(axis=0)


def divergence_of_fixed_moves(scenario: int) -> float:
    """Of its B from the truth, in nats."""
    return float(divergence("B")(jnp.asarray(counts_of_moves(SCENARIOS[scenario].moves), jnp.float32)))


def _counts(mind: Mind, learned: str) -> Array:
    counts = mind.counts.A if learned == "A" else mind.counts.B
    assert counts is not None
    return counts[0]
