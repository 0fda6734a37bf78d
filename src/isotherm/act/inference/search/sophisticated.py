"""Sophisticated inference: a tree of choices and observations, deepened step by step and pruned as it grows."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int32

from isotherm import doors
from isotherm.act.inference.inductive import inductive_penalties
from isotherm.act.inference.policies import PolicyTree
from isotherm.act.inference.search.growth import (
    Limits,
    Tree,
    backed_up,
    grown_by_a_level,
    planted,
    pruned,
)
from isotherm.act.inference.search.planner import AbstractPlanner, Planned
from isotherm.act.inference.search.problem import Branching, PlanningProblem
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.logits import tilted_logits
from isotherm.errors import refusal

TINY = 1e-37
"""Below every weight that counts, and above 0 in either precision."""


class SophisticatedPlan(NamedTuple):
    """What the tree says of the choices at its root.

    Attributes:
        neg_efe: of each choice, minus its expected free energy, ``(P,)``; minus the penalty where it was pruned.
        weight: of each choice, ``(P,)``; 0 where it was dropped last, so that they may sum to less than 1.
        value: of the root, the mean of ``neg_efe``.
        num_nodes: beliefs and choices of the tree, int32; those that were dropped count too.
        depth: to which the tree was searched, int32.
    """

    neg_efe: Float[Array, " policies"]
    weight: Float[Array, " policies"]
    value: Float[Array, ""]
    num_nodes: Int32[Array, ""]
    depth: Int32[Array, ""]


@dataclass(frozen=True)
class Sophisticated(AbstractPlanner):
    """Plans by sophisticated inference: what an action will let it see counts, as it will act on what it has seen.

    The tree alternates choices and observations. All leaves of a depth are expanded, except by choices of little
    weight and for observations of little probability; values are backed up, a belief being worth the mean of its
    choices under ``E exp(gamma value)``; then choices of little weight are dropped, and the next depth begins. The
    agent's terms of expected free energy and its ``E`` count, which the reference ignores. One agent is one program
    without a loop over agents, so that a batch is one ``vmap``.

    Attributes:
        horizon: steps at most, at least 1.
        max_nodes: choices and beliefs of the tree at most; if a depth would exceed it, the tree before that counts.
        max_branching: choices that a belief has room for, at least as many as there are; and combinations of
            observations, the likeliest ones, that are told apart after a choice.
        policy_prune_threshold: choices of a weight up to it are not expanded, below it dropped; at least 0, and less
            than one in the number of choices.
        observation_prune_threshold: observations of a probability up to it are not foreseen, within 0 .. 1. A choice
            of which none is left is worth minus ``prune_penalty``.
        entropy_stop_threshold: in nats; the search ends where the choice at the root is as sure.
        neg_efe_stop_threshold: or where the root is worth as much; None: never.
        prune_penalty: at least 0.
        kl_threshold: a belief within this divergence, in nats, of a shallower one is no new child; None: it is.
        topk: symbols of each modality that are told apart, the likeliest ones, renormalised; None: all.
        independent_modalities: see :class:`isotherm.act.inference.search.problem.Branching`; True is the reference's.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming a setting that is out of range.

    References:
        Friston et al., Sophisticated inference, Neural Comput. 33 (2021) 713.

    >>> Sophisticated(horizon=3).max_nodes
    5000
    """

    horizon: int = 5
    max_nodes: int = 5000
    max_branching: int = 10
    policy_prune_threshold: float = 1 / 16
    observation_prune_threshold: float = 1 / 16
    entropy_stop_threshold: float = 0.5
    neg_efe_stop_threshold: float | None = None
    prune_penalty: float = 512.0
    kl_threshold: float | None = None
    topk: int | None = None
    independent_modalities: bool = False

    def __post_init__(self) -> None:
        for name in ("horizon", "max_nodes", "max_branching"):
            doors.whole(name, getattr(self, name), 1)
        doors.number("policy_prune_threshold", self.policy_prune_threshold, least=0, below=1)
        doors.number("observation_prune_threshold", self.observation_prune_threshold, least=0, below=1)
        doors.number("entropy_stop_threshold", self.entropy_stop_threshold)
        doors.number("prune_penalty", self.prune_penalty, least=0)
        if self.neg_efe_stop_threshold is not None:
            doors.number("neg_efe_stop_threshold", self.neg_efe_stop_threshold)
        if self.kl_threshold is not None:
            doors.number("kl_threshold", self.kl_threshold, least=0)
        if self.topk is not None:
            doors.whole("topk", self.topk, 1)
        doors.flag("independent_modalities", self.independent_modalities)

    def check_fits(self, policies: PolicyTree) -> None:
        """Refuse more choices than ``max_branching``, and a threshold that might prune all.

        Raises:
            ValueError: also if policies have more than one step.
        """
        super().check_fits(policies)
        count = policies.num_policies
        if count > self.max_branching:
            raise refusal("max_branching", self.max_branching, f"must be at least {count}, a slot a choice")
        if self.policy_prune_threshold * count >= 1:
            allowed = f"must be below 1 / {count}, as no choice of {count} alike would be expanded"
            raise refusal("policy_prune_threshold", self.policy_prune_threshold, allowed)

    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """The plan of :func:`sophisticated`, its weights normalised."""
        found = sophisticated(
            problem,
            beliefs,
            self.limits(beliefs[0].dtype),
            self.branching,
            self.max_nodes,
            self.max_branching,
        )
        log_weight = jnp.where(found.weight > 0, jnp.log(jnp.maximum(found.weight, TINY)), -jnp.inf)
        log_q = tilted_logits(log_weight, jnp.zeros_like(log_weight))
        return Planned(found.neg_efe, log_q, found.value)

    def limits(self, dtype: Any) -> Limits:
        """Numbers of the search, scalars of ``dtype``."""
        number = lambda value: jnp.asarray(value, dtype)  # noqa: E731
        return Limits(
            jnp.int32(self.horizon),
            jnp.int32(self.max_nodes),
            number(self.policy_prune_threshold),
            number(self.observation_prune_threshold),
            number(self.entropy_stop_threshold),
            number(jnp.inf if self.neg_efe_stop_threshold is None else self.neg_efe_stop_threshold),
            number(self.prune_penalty),
            None if self.kl_threshold is None else number(self.kl_threshold),
        )

    @property
    def branching(self) -> Branching:
        """Which observations are told apart."""
        return Branching(self.topk, self.max_branching, self.independent_modalities)


class _Search(NamedTuple):
    """The tree so far, and what the last one that fits says."""

    tree: Tree
    plan: SophisticatedPlan
    is_done: Bool[Array, ""]


def sophisticated(
    problem: PlanningProblem,
    beliefs: Tensors,
    limits: Limits,
    branching: Branching,
    room: int = 5000,
    max_branching: int = 10,
) -> SophisticatedPlan:
    """Search from beliefs.

    Args:
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        limits: how far; may be traced.
        branching: which observations are told apart (static).
        room: beliefs that memory is taken for, at least as many as nodes are allowed (static).
        max_branching: choices that a belief has room for (static).

    Returns:
        Of the deepest tree within the limits; if none does, the prior.

    References:
        Friston et al., Sophisticated inference, Neural Comput. 33 (2021) 713.
    """
    dtype = beliefs[0].dtype
    penalties = None
    if problem.worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, problem.worth.moving.reachable, problem.worth.epsilon)

    def is_going_on(search: _Search) -> Bool[Array, ""]:
        return (search.plan.depth < limits.horizon) & ~search.is_done

    def deepen(search: _Search) -> _Search:
        depth = search.plan.depth
        tree = grown_by_a_level(problem, search.tree, penalties, limits, branching)
        is_too_large = tree.num_nodes > limits.nodes
        value, weight, mean = backed_up(problem, tree, depth, limits.penalty, max_branching)
        tree = pruned(tree, weight, limits.policy)
        kept = jnp.where(weight[0] >= limits.policy, weight[0], 0.0)
        found = SophisticatedPlan(value[0], kept, mean[0], tree.num_nodes, depth + 1)
        plan = jax.tree.map(lambda old, new: jnp.where(is_too_large, old, new), search.plan, found)
        return _Search(tree, plan, is_too_large | _is_settled(found, limits))

    root = jnp.zeros(problem.num_choices, dtype)
    prior = jnp.exp(tilted_logits(problem.log_prior, root))
    plan = SophisticatedPlan(root, prior, jnp.zeros((), dtype), jnp.int32(1), jnp.int32(0))
    start = _Search(planted(problem, beliefs, room, branching), plan, jnp.zeros((), bool))
    return lax.while_loop(is_going_on, deepen, start).plan


def _is_settled(plan: SophisticatedPlan, limits: Limits) -> Bool[Array, ""]:
    """Whether a deeper tree is not asked for."""
    entropy = -(plan.weight * jnp.log(jnp.maximum(plan.weight, TINY))).sum()
    return (entropy <= limits.entropy) | (plan.value >= limits.neg_efe)
