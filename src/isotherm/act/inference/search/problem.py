"""What planners that foresee observations share: a step ahead, and the beliefs that observations would leave."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int32

from isotherm.act.inference.choice import log_prior
from isotherm.act.inference.free_energy import grown, predicted_observations, step_terms
from isotherm.act.inference.policies import PolicyLevel, PolicyTree
from isotherm.act.inference.settings import Settings
from isotherm.act.inference.states.fixed_point import posterior
from isotherm.act.inference.states.likelihood import log_of
from isotherm.act.inference.worth import Worth, event_first
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.controls import all_choices
from isotherm.energy.hidden.logs import Floor
from isotherm.energy.tilt.logits import tilted_logits


class PlanningProblem(eqx.Module):
    """What a planner looks ahead with.

    Attributes:
        worth: what a step is scored by.
        log_prior: ``ln E`` of the choices up to a constant, ``(P,)``; zeros where all are alike.
        gamma: inverse temperature of choices, at least 0.
        policies: the choices of one step: policies of length 1 (static).
        num_iter: sweeps of mean-field inference (static).
        floor: of logarithms (static).
    """

    worth: Worth
    log_prior: Float[Array, " policies"]
    gamma: Float[Array, ""]
    policies: PolicyTree = eqx.field(static=True)
    num_iter: int = eqx.field(static=True, default=16)
    floor: Floor | None = eqx.field(static=True, default=None)

    @property
    def num_choices(self) -> int:
        """``P``."""
        return self.policies.num_policies


def planning_problem(
    worth: Worth,
    policies: PolicyTree,
    E: Float[Array, " policies"] | None,
    gamma: Float[Array, ""],
    settings: Settings,
) -> PlanningProblem:
    """What an agent plans with.

    Args:
        worth: what counts.
        policies: of length 1.
        E: their weights, ``(P,)``, summing to 1; None: all alike.
        gamma: inverse temperature.
        settings: tell how states are inferred.
    """
    count = policies.num_policies
    prior = log_prior(E, count, gamma.dtype)  # that of equal weights is 0, with E and without
    prior = prior if E is None else prior + jnp.log(float(count)).astype(gamma.dtype)
    return PlanningProblem(worth, prior, gamma, policies, settings.num_iter, settings.clip)


class Foreseen(NamedTuple):
    """A step ahead of ``n`` beliefs.

    Attributes:
        beliefs: of each factor, what is predicted after each choice, ``(n, P, S_f)``.
        score: minus the expected free energy of the step, ``(n, P)``, in nats.
    """

    beliefs: Tensors
    score: Float[Array, "n policies"]


class Branching(NamedTuple):
    """Which observations a planner tells apart (static).

    Attributes:
        topk: symbols of each modality, the likeliest ones, whose probabilities are then normalised; None: all.
        most: combinations of symbols, the likeliest ones, not normalised; None: all.
        independent_modalities: the probability of a combination is the product over modalities, as the reference has
            it, and gives some to combinations that cannot occur; else it is the mean of the product over states.
    """

    topk: int | None = None
    most: int | None = None
    independent_modalities: bool = False


def num_outcomes(problem: PlanningProblem, branching: Branching) -> int:
    """Combinations of symbols that are told apart, ``K``."""
    sizes = _sizes(problem, branching)
    count = 1
    for size in sizes:
        count *= size
    return count if branching.most is None else min(count, branching.most)


def foreseen(
    problem: PlanningProblem,
    beliefs: tuple[Float[Array, "n _"], ...],
    penalties: Tensors | None = None,
    step: int | Int32[Array, ""] = 0,
) -> Foreseen:
    """What each choice leads to, and its score.

    Args:
        problem: what counts.
        beliefs: of each factor, ``(n, S_f)``.
        penalties: of inductive planning, anchored where planning began; None: it does not count.
        step: of the plan, from 0: the row of preferences that change in time; may be traced.
    """
    count = beliefs[0].shape[0]
    level = PolicyLevel(problem.policies.controls[:, 0])
    nodes, novelty = grown(problem.worth, level, beliefs)
    terms = step_terms(problem.worth, nodes, novelty, penalties, step)
    shape = (count, problem.num_choices)
    ahead = tuple(q.reshape(*shape, q.shape[-1]) for q in nodes)
    return Foreseen(ahead, sum(terms[1:], start=terms[0]).reshape(shape))


def outcomes(
    problem: PlanningProblem, ahead: Tensors, branching: Branching
) -> tuple[Float[Array, " K"], Tensors]:
    """Probabilities of combinations of observations, and the beliefs that each would leave.

    Args:
        problem: laws of observations, and how states are inferred.
        ahead: of each factor, what is predicted, ``(S_f,)``.
        branching: which combinations.

    Returns:
        Probabilities ``(K,)``; of each factor, beliefs ``(K, S_f)``.
    """
    probability, seen = chances(problem, ahead, branching)
    return probability, beliefs_after(problem, ahead, seen)


def chances(
    problem: PlanningProblem, ahead: Tensors, branching: Branching
) -> tuple[Float[Array, " K"], tuple[Int32[Array, " K"], ...]]:
    """Probabilities of combinations of observations, and the combinations.

    Args:
        problem: laws of observations.
        ahead: of each factor, what is predicted, ``(S_f,)``.
        branching: which combinations.

    Returns:
        Probabilities ``(K,)``, summing to 1 unless :attr:`Branching.most` leaves some out; of each modality, symbols
        ``(K,)``.
    """
    laws, symbols = [], []
    expected = predicted_observations(ahead, problem.worth.observing.A, problem.worth.A_dependencies)
    for law, size in zip(expected, _sizes(problem, branching), strict=True):
        is_all = size == len(law)
        found, kept = (law, jnp.arange(size, dtype=jnp.int32)) if is_all else lax.top_k(law, size)
        laws.append(found if is_all else found / found.sum())
        symbols.append(kept)
    slots = all_choices([len(law) for law in laws])
    if branching.independent_modalities:
        probability = jnp.ones(len(slots), laws[0].dtype)
        for law, slot in zip(laws, slots.T, strict=True):
            probability = probability * law[slot]
    else:
        probability = _joint(problem, ahead, symbols)
        probability = probability if branching.topk is None else probability / probability.sum()
    if branching.most is None or branching.most >= len(slots):
        return probability, tuple(kept[slot] for kept, slot in zip(symbols, slots.T, strict=True))
    probability, rows = lax.top_k(probability, branching.most)
    return probability, tuple(
        kept[slot] for kept, slot in zip(symbols, jnp.asarray(slots)[rows].T, strict=True)
    )


def beliefs_after(problem: PlanningProblem, ahead: Tensors, seen: tuple[Int32[Array, " K"], ...]) -> Tensors:
    """Of each factor, the beliefs that each combination of symbols would leave, ``(K, S_f)``.

    Args:
        problem: laws of observations, and how states are inferred.
        ahead: of each factor, what is predicted, ``(S_f,)``.
        seen: of each modality, symbols ``(K,)``.
    """
    log_A = tuple(log_of(law, problem.floor) for law in event_first(problem.worth.observing.A))
    log_priors = tuple(log_of(belief, problem.floor) for belief in ahead)
    likelihood = tuple(table[symbol] for table, symbol in zip(log_A, seen, strict=True))
    infer = lambda L: posterior(L, log_priors, problem.worth.A_dependencies, problem.num_iter)  # noqa: E731
    return jax.vmap(infer)(likelihood)


def average(value: Float[Array, "*batch policies"], problem: PlanningProblem) -> Float[Array, "*batch"]:
    """Value of a belief, shape ``(*batch,)``: the mean of its choices under ``E exp(gamma value)``."""
    log_q = tilted_logits(jnp.broadcast_to(problem.log_prior, value.shape), value, problem.gamma)
    return (jnp.exp(log_q) * value).sum(-1)


def _sizes(problem: PlanningProblem, branching: Branching) -> list[int]:
    full = [tensor.shape[-1] for tensor in problem.worth.observing.A]
    return full if branching.topk is None else [min(size, branching.topk) for size in full]


def _joint(problem: PlanningProblem, ahead: Tensors, symbols: list[Array]) -> Float[Array, " K"]:
    """Of each combination of symbols, the mean over states of the product over modalities."""
    num_factors = len(ahead)
    operands: list = []
    for factor, belief in enumerate(ahead):
        operands += [belief, [factor]]
    for m, (law, parents) in enumerate(
        zip(problem.worth.observing.A, problem.worth.A_dependencies, strict=True)
    ):
        operands += [law[..., symbols[m]], [*parents, num_factors + m]]
    return jnp.einsum(*operands, [num_factors + m for m in range(len(symbols))]).reshape(-1)
