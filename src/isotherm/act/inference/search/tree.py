"""Monte Carlo tree search: simulations through choices and chance, by mctx."""

from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.inference.inductive import inductive_penalties
from isotherm.act.inference.search.planner import AbstractPlanner, Planned
from isotherm.act.inference.search.problem import Branching, PlanningProblem, beliefs_after, chances, foreseen
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.logits import tilted_logits

LEAST_SPREAD = 0.03
"""Nats: choices whose values are nearer to each other count as less than far apart where visits are shared out."""

EXPLORATION = 2.5
"""Constant of the upper confidence bounds; MuZero's 1.25 leaves what looks bad at first unvisited for too long."""

EXPLORATION_VISITS = 20.0
"""Visits after which exploration grows, as their logarithm."""


@dataclass(frozen=True)
class MonteCarlo(AbstractPlanner):
    """Plans by Monte Carlo tree search: stochastic MuZero's, with nodes of choice and nodes of chance.

    Simulations share visits out: to choices by upper confidence bounds with the prior ``E``, to observations in
    proportion to their probability, without discount. A belief that is new is worth what a plan without observations
    gets, whose choices are the best of each step alone. When all simulations are done, values are backed up once
    more: a choice is worth its step's score and the mean over observations by their probabilities, a belief the best
    of the choices that were tried. So a tree that has been visited as a whole gives exact values. Weights of the
    first choices are ``E exp(gamma value)``; later ones are the best, whatever ``gamma``.

    What is drawn, ties and the noise at the root, follows from ``seed`` and the beliefs alone, so that equal beliefs
    make equal plans and an agent's law needs no key. Needs the package ``mctx``, of the extra ``agents``.

    Attributes:
        num_simulations: at least 1; each costs one inference of states, and some time for each node of the tree.
        horizon: steps, at least 1.
        noise: share of Dirichlet noise in the prior of the root, within 0 .. 1.
        seed: of what is drawn, a whole number at least 0.
        independent_modalities: see :class:`isotherm.act.inference.search.problem.Branching`.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming a setting that is out of range.
        ImportError: if ``mctx`` is not installed.

    References:
        Antonoglou et al., Planning in stochastic environments with a learned model, ICLR (2022).

    >>> from isotherm.act import ActiveInference
    >>> from isotherm.energy import generative_model
    >>> lamp = generative_model(
    ...     A=[[[0.9, 0.1], [0.1, 0.9]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0, 1]]
    ... )  # one choice switches it off, the other one on
    >>> agent = ActiveInference(lamp, planner=MonteCarlo(num_simulations=20, horizon=2))
    >>> plan = jax.jit(lambda agent: agent.plan(agent.init(jax.random.key(0))))(agent)
    >>> [f"{value:.2f}" for value in plan.neg_efe]
    ['1.00', '1.80']
    """

    num_simulations: int = 4096
    horizon: int = 6
    noise: float = 0.0
    seed: int = 0
    independent_modalities: bool = False

    def __post_init__(self) -> None:
        for name in ("num_simulations", "horizon"):
            doors.whole(name, getattr(self, name), 1)
        doors.number("noise", self.noise, least=0, most=1)
        doors.whole("seed", self.seed, 0)
        doors.flag("independent_modalities", self.independent_modalities)
        mctx_module("MonteCarlo")

    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """The plan of :func:`tree_search`, with a key made of the seed and the beliefs."""
        key = key_of_beliefs(self.seed, beliefs)
        branching = Branching(None, None, self.independent_modalities)
        return tree_search(key, problem, beliefs, self.num_simulations, self.horizon, branching, self.noise)


class _Place(NamedTuple):
    """Beliefs before a choice, the steps so far, and how probable what was seen last was; a batch of one."""

    beliefs: Tensors
    step: Int32[Array, " one"]
    probability: Float[Array, " one"]


class _After(NamedTuple):
    """After a choice, before its observation: what is predicted, steps, the step's score, and what may follow."""

    ahead: Tensors
    step: Int32[Array, " one"]
    score: Float[Array, " one"]
    later: Float[Array, " one"]


def tree_search(
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Tensors,
    num_simulations: int,
    horizon: int,
    branching: Branching,
    noise: float = 0.0,
) -> Planned:
    """Search from beliefs by simulations.

    Args:
        key: one JAX key, of ties and of the noise.
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        num_simulations: through the tree (static).
        horizon: steps (static).
        branching: which observations are told apart (static).
        noise: share of Dirichlet noise in the prior of the root (static).

    Returns:
        Values of choices, 0 where never visited; logs of their weights, ``-inf`` there; the mean value.

    Raises:
        ImportError: if ``mctx`` is not installed.
    """
    mctx = mctx_module("tree_search")
    penalties = None
    if problem.worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, problem.worth.moving.reachable, problem.worth.epsilon)
    dtype = beliefs[0].dtype
    prior = jnp.broadcast_to(problem.log_prior, (1, problem.num_choices))

    def later(beliefs: Tensors, step: Int32[Array, " one"]) -> Float[Array, " one"]:
        return _without_observing(problem, beliefs, step, penalties, horizon)

    def choose(_: Any, key: Array, choice: Int32[Array, " one"], place: _Place) -> tuple[Any, _After]:
        found = foreseen(problem, place.beliefs, penalties, place.step[0])
        ahead = tuple(q[0, choice] for q in found.beliefs)
        after = _After(ahead, place.step + 1, found.score[0, choice], later(ahead, place.step + 1))
        probability, _ = chances(problem, tuple(q[0] for q in ahead), branching)
        logits = jnp.log(jnp.maximum(probability, jnp.finfo(dtype).tiny))[None]
        value = after.score + after.later
        return mctx.DecisionRecurrentFnOutput(chance_logits=logits, afterstate_value=value), after

    def see(_: Any, key: Array, outcome: Int32[Array, " one"], after: _After) -> tuple[Any, _Place]:
        ahead = tuple(q[0] for q in after.ahead)
        probability, seen = chances(problem, ahead, branching)
        beliefs = beliefs_after(problem, ahead, tuple(symbols[outcome] for symbols in seen))
        answer = mctx.ChanceRecurrentFnOutput(
            action_logits=prior,
            value=later(beliefs, after.step),
            reward=after.score,
            discount=jnp.ones(1, dtype),
        )
        return answer, _Place(beliefs, after.step, probability[outcome])

    start = _Place(tuple(q[None] for q in beliefs), jnp.zeros(1, jnp.int32), jnp.ones(1, dtype))
    root = mctx.RootFnOutput(prior_logits=prior, value=jnp.zeros(1, dtype), embedding=start)
    # mctx mixes ranks and dtypes; an observation after the last choice changes nothing, so none is drawn
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        found = mctx.stochastic_muzero_policy(
            (),
            key,
            root,
            choose,
            see,
            num_simulations=num_simulations,
            invalid_actions=jnp.isneginf(prior),
            max_depth=2 * horizon - 1,
            dirichlet_fraction=float(noise),
            qtransform=partial(mctx.qtransform_by_parent_and_siblings, epsilon=LEAST_SPREAD),
            pb_c_init=EXPLORATION,
            pb_c_base=EXPLORATION_VISITS,
        )
    tree = jax.tree.map(lambda leaf: leaf[0], found.search_tree.replace(extra_data=None))
    value = _best_values(tree, horizon)
    child = tree.children_index[0]
    is_visited = child >= 0
    neg_efe = jnp.where(is_visited, value[child], 0.0)
    log_q = tilted_logits(jnp.where(is_visited, prior[0], -jnp.inf), neg_efe, problem.gamma)
    return Planned(neg_efe, log_q, (jnp.exp(log_q) * neg_efe).sum())


def _best_values(tree: Any, horizon: int) -> Float[Array, " nodes"]:
    """Of each node, what the best choices that were tried are worth, by the probabilities of what may be seen.

    A simulation averages over what it tried, good or bad; this does not.
    """
    place, after = tree.embeddings.state_embedding, tree.embeddings.afterstate_embedding
    is_choice, count = tree.embeddings.is_decision_node, len(tree.parents)
    is_used = tree.node_visits > 0
    of_choice = jnp.where(is_used & is_choice, tree.parents, -1)  # whose parents are nodes of chance
    of_chance = jnp.where(is_used & ~is_choice, tree.parents, -1)
    unseen = 1 - jax.ops.segment_sum(place.probability, of_choice, count)

    def back(_: Array, value: Array) -> Array:
        follows = jax.ops.segment_sum(place.probability * value, of_choice, count)
        best = jax.ops.segment_max(value, of_chance, count)
        of_choices = jnp.where(jnp.isneginf(best), tree.raw_values, best)
        return jnp.where(is_choice, of_choices, after.score + follows + unseen * after.later)

    return lax.fori_loop(0, 2 * horizon, back, tree.raw_values)


def _without_observing(
    problem: PlanningProblem,
    beliefs: Tensors,
    step: Int32[Array, " one"],
    penalties: Tensors | None,
    horizon: int,
) -> Float[Array, " one"]:
    """What the choices that are best at each step alone would still get, if nothing more were seen."""

    def ahead(carry: tuple[Tensors, Array, Array], _: None) -> tuple[tuple[Tensors, Array, Array], None]:
        beliefs, step, total = carry
        found = foreseen(problem, beliefs, penalties, step[0])
        best = jnp.argmax(jnp.where(jnp.isneginf(problem.log_prior), -jnp.inf, found.score[0]), keepdims=True)
        total = total + jnp.where(step < horizon, found.score[0, best], 0.0)
        return (tuple(q[0, best] for q in found.beliefs), step + 1, total), None

    start = (beliefs, step, jnp.zeros(1, beliefs[0].dtype))
    return lax.scan(ahead, start, None, length=horizon - 1)[0][2]


def key_of_beliefs(seed: int, beliefs: Tensors) -> Key[Array, ""]:
    """A key that depends on the seed and on every bit of the beliefs, in single precision.

    Args:
        seed: at least 0.
        beliefs: of each factor, ``(S_f,)``.
    """
    words = lax.bitcast_convert_type(jnp.concatenate(beliefs).astype(jnp.float32), jnp.uint32)
    odd = 2 * np.arange(len(words), dtype=np.uint32) + 1
    return jax.random.fold_in(
        jax.random.key(seed), jnp.sum(words * (odd * np.uint32(2654435761)), dtype=jnp.uint32)
    )


def mctx_module(who: str) -> ModuleType:
    """The package ``mctx``.

    Args:
        who: what needs it.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        import mctx
    except ImportError:
        raise ImportError(f"{who} needs mctx: pip install 'isotherm[agents]'") from None
    return mctx
