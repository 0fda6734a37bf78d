"""Policies as states of a factor graph: one factor that joins all their choices."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from isotherm.act.inference.free_energy import followed, step_terms
from isotherm.act.inference.inductive import inductive_penalties
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.factor import AbstractFactor, Scope
from isotherm.energy.graph import FactorGraph
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.variables import categorical

GROUP = "choices"
"""The one group of a policy graph: the choice of each step."""


class Outlook(eqx.Module):
    """What policies are scored with, from given beliefs on.

    Attributes:
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        penalties: of inductive planning, anchored at those; None: it does not count.
    """

    problem: PlanningProblem
    beliefs: Tensors
    penalties: Tensors | None


def outlook_of(problem: PlanningProblem, beliefs: Tensors) -> Outlook:
    """The outlook from beliefs of each factor, ``(S_f,)``."""
    worth, penalties = problem.worth, None
    if worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, worth.moving.reachable, worth.epsilon)
    return Outlook(problem, beliefs, penalties)


def policy_energy(outlook: Outlook, choices: Int[Array, " steps"]) -> Float[Array, ""]:
    """Expected free energy of one policy, in nats, by rolling beliefs forward: the cost grows with its steps.

    Args:
        outlook: what counts, and from where; :func:`outlook_of`.
        choices: number of the joint choice at each step, ``(H,)``, rows of ``problem.policies``.
    """
    worth = outlook.problem.worth
    controls = jnp.asarray(outlook.problem.policies.controls[:, 0])[choices]
    steps = jnp.arange(len(choices), dtype=jnp.int32)
    dtype = outlook.beliefs[0].dtype

    def step(carry: tuple[Tensors, Array], at: tuple[Array, Array]) -> tuple[tuple[Tensors, Array], None]:
        (nodes, total), (control, time) = carry, at
        nodes, novelty = followed(worth, nodes, control)
        terms = step_terms(worth, nodes, novelty, outlook.penalties, time)
        return (nodes, total + sum(terms[1:], start=terms[0])[0].astype(dtype)), None

    start = (tuple(belief[None] for belief in outlook.beliefs), jnp.zeros((), dtype))
    return -lax.scan(step, start, (controls, steps))[0][1]


class PolicyEnergy(AbstractFactor):
    """The factor of a policy's choices: their energy at inverse temperature 1 is that of ``E exp(-gamma EFE)``.

    Attributes:
        outlook: its leaves lead with an axis of 1, as parameters of factors do.
        scope: the choice of each step (static).
        name: what refusals call it (static).
    """

    outlook: Outlook
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="policy energy")

    @property
    def parameters(self) -> PyTree:
        """The outlook."""
        return self.outlook

    def energy_of(self, parameters: Outlook, *values: Any) -> Float[Array, ""]:
        """``gamma EFE - ln E`` of one policy.

        Args:
            parameters: an outlook.
            values: the choice of each step, scalars.
        """
        problem = parameters.problem
        choices = jnp.stack(values).astype(jnp.int32)
        prior = log_prior_of(problem)[choices].sum()
        known = jnp.minimum(choices, problem.num_choices - 1)
        return problem.gamma * policy_energy(parameters, known) - prior


def log_prior_of(problem: PlanningProblem) -> Float[Array, " values"]:
    """``ln E`` of the values that a choice may take, ``(values,)``: of a single one two, the second never taken."""
    short = max(2 - problem.num_choices, 0)
    return jnp.pad(problem.log_prior, (0, short), constant_values=-jnp.inf)


def policy_graph(problem: PlanningProblem, beliefs: Tensors, policy_len: int) -> FactorGraph:
    """Policies as states of a factor graph, whose law at inverse temperature 1 is ``E exp(-gamma EFE) / Z``.

    Its one group ``"choices"`` has the number of the joint choice at each step; its one factor joins them all. Any
    sampler of discrete graphs applies that makes no table of a factor: ``gibbs``, ``tempering``, ``anneal``. The
    prior of a policy is the product of its choices' own, ``problem.log_prior``. Other beliefs and parameters are
    other leaves, and compile nothing anew.

    Args:
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps, at least 1 (static).
    """
    outlook = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], outlook_of(problem, beliefs))
    scope = Scope((GROUP,) * policy_len, np.arange(policy_len, dtype=np.int32)[None])
    group = categorical(policy_len, max(problem.num_choices, 2))
    return FactorGraph(groups=((GROUP, group),), factors=(PolicyEnergy(outlook=outlook, scope=scope),))
