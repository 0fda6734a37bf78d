"""The tree of sophisticated inference: beliefs in order of depth, grown leaf by leaf, backed up as a whole."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int32

from isotherm.act.inference.search.problem import (
    Branching,
    PlanningProblem,
    foreseen,
    num_outcomes,
    outcomes,
)
from isotherm.act.inference.states.likelihood import log_of
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.logits import tilted_logits

CHUNK = 512
"""Children that are computed at once, about: as many fill a vector loop, and waste little on a small level."""


class Tree(NamedTuple):
    """``N`` beliefs, of which the first ``size`` are in use, the shallow ones first; the root is number 0.

    Attributes:
        beliefs: of each factor, ``(N, S_f)``.
        depth: observations since the root, int32 ``(N,)``.
        origin: the choice that led here, ``P`` times the number of the belief before plus its own, int32 ``(N,)``.
        probability: of the observations that led here, given the choice, ``(N,)``.
        score: minus the expected free energy of each choice's own step, ``(N, P)``.
        is_open: whether a choice has a child and has not been dropped, ``(N, P)``.
        is_alive: whether all choices on the way here are open, ``(N,)``.
        size: beliefs, int32.
        num_nodes: beliefs and choices that were expanded, int32; what has been dropped counts too.
    """

    beliefs: Tensors
    depth: Int32[Array, " N"]
    origin: Int32[Array, " N"]
    probability: Float[Array, " N"]
    score: Float[Array, "N policies"]
    is_open: Bool[Array, "N policies"]
    is_alive: Bool[Array, " N"]
    size: Int32[Array, ""]
    num_nodes: Int32[Array, ""]


class Limits(NamedTuple):
    """How far a tree grows: numbers that may be traced, beside ``kl`` which is None where it does not count.

    Attributes:
        horizon: steps at most, an int32 scalar.
        nodes: beliefs and choices at most, int32.
        policy: choices are expanded above this weight, and dropped below; 0: all are.
        observation: observations are foreseen above this probability.
        entropy: of the choice at the root, in nats, from which on it is sure enough.
        neg_efe: value of the root that is good enough, in nats.
        penalty: minus the value of a choice that is closed.
        kl: in nats; a belief as near to a living one that is no deeper than its parent is no new child.
    """

    horizon: Int32[Array, ""]
    nodes: Int32[Array, ""]
    policy: Float[Array, ""]
    observation: Float[Array, ""]
    entropy: Float[Array, ""]
    neg_efe: Float[Array, ""]
    penalty: Float[Array, ""]
    kl: Float[Array, ""] | None


def planted(problem: PlanningProblem, beliefs: Tensors, room: int, branching: Branching) -> Tree:
    """A root alone, with room for beliefs and for what is computed at once.

    Args:
        problem: tells how many choices there are.
        beliefs: of the root, of each factor ``(S_f,)``.
        room: beliefs, at least as many as nodes are allowed (static).
        branching: which observations are told apart.
    """
    dtype = beliefs[0].dtype
    width = leaves_at_once(problem, branching)
    room += width * (1 + problem.num_choices * num_outcomes(problem, branching))
    zeros = jnp.zeros(room, jnp.int32)
    by_choice = (room, problem.num_choices)
    return Tree(
        tuple(jnp.zeros((room, *q.shape), dtype).at[0].set(q) for q in beliefs),
        depth=zeros,
        origin=zeros,
        probability=jnp.ones(room, dtype),
        score=jnp.zeros(by_choice, dtype),
        is_open=jnp.zeros(by_choice, bool),
        is_alive=zeros == jnp.arange(room, dtype=jnp.int32),
        size=jnp.int32(1),
        num_nodes=jnp.int32(1),
    )


def leaves_at_once(problem: PlanningProblem, branching: Branching) -> int:
    """Leaves that are expanded at once."""
    return max(1, min(64, CHUNK // (problem.num_choices * num_outcomes(problem, branching))))


def grown_by_a_level(
    problem: PlanningProblem,
    tree: Tree,
    penalties: Tensors | None,
    limits: Limits,
    branching: Branching,
) -> Tree:
    """All deepest beliefs that are alive expanded; unless they do not fit: then some, and too many nodes.

    Args:
        problem: what is planned with.
        tree: whose beliefs that are deepest have not been expanded.
        penalties: of inductive planning.
        limits: what is expanded and kept, and how many nodes there may be.
        branching: which observations are told apart.
    """
    width = leaves_at_once(problem, branching)
    number = jnp.arange(len(tree.depth), dtype=jnp.int32)
    end, depth = tree.size, tree.depth[tree.size - 1]
    begin = jnp.sum((tree.depth < depth) & (number < end), dtype=jnp.int32)

    def is_left(carry: tuple[Int32[Array, ""], Tree]) -> Bool[Array, ""]:
        at, now = carry
        return (at < end) & (now.num_nodes <= limits.nodes)

    def expand(carry: tuple[Int32[Array, ""], Tree]) -> tuple[Int32[Array, ""], Tree]:
        at, now = carry
        is_leaf = lax.dynamic_slice_in_dim(tree.is_alive, at, width) & (
            at + np.arange(width, dtype=np.int32) < end
        )
        return at + width, _expanded(problem, now, at, is_leaf, depth, penalties, limits, branching)

    tree = lax.while_loop(is_left, expand, (begin, tree))[1]
    is_new = (number >= end) & (number < tree.size)
    return tree._replace(depth=jnp.where(is_new, depth + 1, tree.depth), is_alive=tree.is_alive | is_new)


def _expanded(
    problem: PlanningProblem,
    tree: Tree,
    at: Int32[Array, ""],
    is_leaf: Bool[Array, " leaves"],
    depth: Int32[Array, ""],
    penalties: Tensors | None,
    limits: Limits,
    branching: Branching,
) -> Tree:
    """The leaves from number ``at`` on with their children, which are not yet alive."""
    leaves = tuple(lax.dynamic_slice_in_dim(q, at, len(is_leaf)) for q in tree.beliefs)
    ahead = foreseen(problem, leaves, penalties, depth)
    q = jnp.exp(tilted_logits(_prior_like(problem, ahead.score), ahead.score, problem.gamma))
    is_expanded = ((q > limits.policy) | (limits.policy <= 0)) & is_leaf[
        :, None
    ]  # 0 prunes none, even at q = 0
    see = jax.vmap(jax.vmap(lambda belief: outcomes(problem, belief, branching)))
    probability, after = see(ahead.beliefs)
    is_kept = (probability > limits.observation) & is_expanded[..., None]
    if limits.kl is not None:
        is_kept &= ~_came_before(tree, after, limits.kl)
    flat = is_kept.reshape(-1)
    kept = jnp.nonzero(flat, size=len(flat), fill_value=0)[0].astype(jnp.int32)  # those in use come first

    def append(old: Array, new: Array) -> Array:
        rows = new.reshape(-1, *old.shape[1:])[kept]
        return lax.dynamic_update_slice_in_dim(old, rows, tree.size, 0)

    put = lambda old, new: lax.dynamic_update_slice_in_dim(old, new, at, 0)  # noqa: E731
    return tree._replace(
        beliefs=tuple(map(append, tree.beliefs, after)),
        origin=lax.dynamic_update_slice_in_dim(
            tree.origin, at * problem.num_choices + kept // probability.shape[-1], tree.size, 0
        ),
        probability=append(tree.probability, probability),
        score=put(tree.score, ahead.score),
        is_open=put(tree.is_open, is_kept.any(-1)),
        size=tree.size + flat.sum(dtype=jnp.int32),
        num_nodes=tree.num_nodes + flat.sum(dtype=jnp.int32) + is_expanded.sum(dtype=jnp.int32),
    )


def _prior_like(problem: PlanningProblem, value: Float[Array, "N policies"]) -> Float[Array, "N policies"]:
    return jnp.broadcast_to(problem.log_prior, value.shape)


def _came_before(tree: Tree, after: Tensors, kl: Float[Array, ""]) -> Bool[Array, "leaves policies outcomes"]:
    """Whether a child is within ``kl`` of a living belief that is shallower."""
    total = jnp.zeros((*after[0].shape[:-1], len(tree.depth)), after[0].dtype)
    for child, before in zip(after, tree.beliefs, strict=True):
        total = total + (child * log_of(child)).sum(-1)[..., None] - child @ log_of(before).T
    return ((total <= kl) & tree.is_alive[None, None, None]).any(-1)


def backed_up(
    problem: PlanningProblem, tree: Tree, depth: Int32[Array, ""], penalty: Float[Array, ""], num_slots: int
) -> tuple[Float[Array, "N policies"], Float[Array, "N policies"], Float[Array, " N"]]:
    """Of every belief that was expanded, values and weights of its choices, and its own value.

    Args:
        problem: prior and inverse temperature of choices.
        tree: grown to ``depth``.
        depth: of the deepest beliefs that were expanded.
        penalty: minus the value of a choice that is not open.
        num_slots: choices that a belief has room for (static); empty ones weigh as the closed ones do.

    Returns:
        Values ``(N, P)``; weights ``(N, P)``, summing to 1 with those of empty slots; values of beliefs ``(N,)``.
    """
    capacity, num_choices = tree.score.shape
    place = jnp.where(tree.is_alive & (tree.depth > 0), tree.origin, -1)

    def level(values: Float[Array, " N"]) -> tuple[Array, Array, Array]:
        ahead = jax.ops.segment_sum(tree.probability * values, place, capacity * num_choices)
        value = jnp.where(tree.is_open, tree.score + ahead.reshape(capacity, num_choices), -penalty)
        return value, *slot_average(problem, value, penalty, num_slots)

    def step(_: Array, values: Float[Array, " N"]) -> Float[Array, " N"]:
        return jnp.where(tree.depth <= depth, level(values)[2], 0.0)

    return level(lax.fori_loop(0, depth, step, jnp.zeros(capacity, tree.score.dtype)))


def slot_average(
    problem: PlanningProblem,
    value: Float[Array, "N policies"],
    penalty: Float[Array, ""],
    num_slots: int,
) -> tuple[Float[Array, "N policies"], Float[Array, " N"]]:
    """Weights of choices among ``num_slots`` slots, and the value that they give together."""
    empty = num_slots - value.shape[1]
    prior = _prior_like(problem, value)
    if empty:
        rest = jnp.full((len(value), 1), jnp.log(float(empty)), value.dtype)
        value = jnp.concatenate([value, jnp.broadcast_to(-penalty, rest.shape)], 1)
        prior = jnp.concatenate([prior, rest], 1)
    weight = jnp.exp(tilted_logits(prior, value, problem.gamma))
    return weight[:, : problem.num_choices], (weight * value).sum(-1)


def pruned(tree: Tree, weight: Float[Array, "N policies"], threshold: Float[Array, ""]) -> Tree:
    """Choices of little weight dropped, and all beliefs that they led to.

    Args:
        tree: grown.
        weight: of choices, of every belief that was expanded.
        threshold: those below are dropped.
    """
    is_open = tree.is_open & (weight >= threshold)

    def is_reached(alive: Bool[Array, " N"]) -> Bool[Array, " N"]:
        led = (is_open & alive[:, None]).reshape(-1)[tree.origin]
        return tree.is_alive & ((tree.depth == 0) | led)

    def spread(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        return carry[1], is_reached(carry[1])

    start = (tree.is_alive, is_reached(tree.is_alive))
    _, alive = lax.while_loop(lambda carry: (carry[0] != carry[1]).any(), spread, start)
    return tree._replace(is_open=is_open, is_alive=alive)
