"""Expected free energy of policies, each shared beginning computed once."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32

from isotherm.act.inference.inductive import inductive_penalties, inductive_value
from isotherm.act.inference.information import observation_novelty, state_information_gain
from isotherm.act.inference.policies import PolicyLevel, PolicyTree
from isotherm.act.inference.worth import Worth
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation

Beliefs = tuple[Float[Array, "nodes _"], ...]


class PolicyScores(NamedTuple):
    """Of each policy, ``(P,)``, in nats: the larger the better.

    Attributes:
        neg_efe: minus the expected free energy, the sum of the terms that count.
        utility: expected log-preference; 0 where it does not count, as below.
        state_info_gain: expected information about hidden states.
        param_info_gain: expected information about A and B.
        inductive: cost of leaving the way to the goal, at most 0.
    """

    neg_efe: Float[Array, " policies"]
    utility: Float[Array, " policies"]
    state_info_gain: Float[Array, " policies"]
    param_info_gain: Float[Array, " policies"]
    inductive: Float[Array, " policies"]


def predicted_states(
    beliefs: Sequence[Float[Array, "*batch _"]], B: Tensors, B_dependencies: Indices
) -> tuple[Float[Array, "..."], ...]:
    """Of each factor, its next state under each of its controls, ``(*batch, U_f, S_f)``; B has the event axis last.

    A factor that depends on others is predicted from the product of their beliefs: a mean field, exact only while
    factors are independent.
    """
    return tuple(
        expectation(tensor, beliefs, parents, first=0)
        for tensor, parents in zip(B, B_dependencies, strict=True)
    )


def predicted_observations(
    beliefs: Sequence[Float[Array, "*batch _"]], A: Tensors, A_dependencies: Indices
) -> tuple[Float[Array, "*batch _"], ...]:
    """Of each modality, the law of its observation, ``(*batch, O_m)``; A has the event axis last."""
    return tuple(
        expectation(tensor, beliefs, parents, first=0)
        for tensor, parents in zip(A, A_dependencies, strict=True)
    )


def utility(
    expected: Sequence[Float[Array, "*batch _"]], C: Tensors, step: int | Int32[Array, ""]
) -> Float[Array, "*batch"]:
    """Expected log-preference, summed over modalities.

    Args:
        expected: of each modality, ``(*batch, O_m)``.
        C: ``(O_m,)``, or a row for each step, of which the last one serves longer plans.
        step: of the plan, from 0; may be traced.
    """
    rows = [c if c.ndim == 1 else _row(c, step) for c in C]
    return sum((law @ row for law, row in zip(expected, rows, strict=True)), start=jnp.zeros(()))


def _row(C: Float[Array, "steps _"], step: int | Int32[Array, ""]) -> Float[Array, " _"]:
    last = C.shape[0] - 1
    return C[min(step, last) if isinstance(step, int) else jnp.minimum(step, last)]


def policy_scores(worth: Worth, policies: PolicyTree, beliefs: Tensors) -> PolicyScores:
    """Expected free energies, by rolling beliefs forward without observing.

    The cost grows with the number of beginnings, not of policies times steps.

    Args:
        worth: what counts.
        policies: to be scored.
        beliefs: of each factor now, ``(S_f,)``.

    References:
        Friston et al., Cogn. Neurosci. 6 (2015) 187; Da Costa et al., J. Math. Psychol. 99 (2020) 102447, section 5.
    """
    zero = jnp.zeros((1,), beliefs[0].dtype)
    penalties = None
    if worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, worth.moving.reachable, worth.epsilon)
    nodes: Beliefs = tuple(belief[None] for belief in beliefs)
    totals = (zero,) * 4
    for step, level in enumerate(policies.levels):
        nodes, novelty = grown(worth, level, nodes)
        found = step_terms(worth, nodes, novelty, penalties, step)
        totals = tuple(_handed_on(total, level) + term for total, term in zip(totals, found, strict=True))
    terms = [total if policies.last is None else total[policies.last] for total in totals]
    return PolicyScores(sum(terms[1:], start=terms[0]), *terms)


def grown(
    worth: Worth, level: PolicyLevel, before: tuple[Float[Array, "before _"], ...]
) -> tuple[Beliefs, Float[Array, " nodes"]]:
    """Beliefs a step later, of each factor ``(nodes, S_f)``, and what that step tells of B, ``(nodes,)``.

    Args:
        worth: laws of transitions, and the weights of their counts.
        level: how beginnings go on.
        before: of each factor, beliefs of the beginnings before, ``(before, S_f)``.
    """
    ahead = predicted_states(before, worth.moving.B, worth.B_dependencies)
    nodes = tuple(_chosen(law, level, f) for f, law in enumerate(ahead))
    told = jnp.zeros(nodes[0].shape[:1], before[0].dtype)
    for f, weights in enumerate(worth.moving.novelty or ()):
        gain = (ahead[f] * expectation(weights, before, worth.B_dependencies[f], first=0)).sum(axis=-1)
        told = told + _chosen(gain, level, f)
    return nodes, told


def followed(
    worth: Worth, before: tuple[Float[Array, "nodes _"], ...], controls: Int32[Array, " factors"]
) -> tuple[Beliefs, Float[Array, " nodes"]]:
    """As :func:`grown`, where every beginning goes on with the same choice, which may be traced.

    Args:
        worth: as there.
        before: of each factor, ``(nodes, S_f)``.
        controls: flat control of each factor, ``(F,)``.
    """
    ahead = predicted_states(before, worth.moving.B, worth.B_dependencies)
    nodes = tuple(law[:, controls[f]] for f, law in enumerate(ahead))
    told = jnp.zeros(nodes[0].shape[:1], before[0].dtype)
    for f, weights in enumerate(worth.moving.novelty or ()):
        of_parents = expectation(weights, before, worth.B_dependencies[f], first=0)[:, controls[f]]
        told = told + (nodes[f] * of_parents).sum(axis=-1)
    return nodes, told


def _chosen(
    ahead: Float[Array, "before choices ..."], level: PolicyLevel, factor: int
) -> Float[Array, "nodes ..."]:
    """Of each node, what its own control of a factor leads to."""
    control = level.controls[:, factor]
    if level.parents is not None:
        return ahead[level.parents, control]
    if not np.array_equal(control, np.arange(ahead.shape[1])):
        ahead = ahead[:, control]
    return ahead.reshape(-1, *ahead.shape[2:])


def _handed_on(total: Float[Array, " before"], level: PolicyLevel) -> Float[Array, " nodes"]:
    if level.parents is not None:
        return total[level.parents]
    return jnp.repeat(total, len(level.controls))


def step_terms(
    worth: Worth,
    nodes: Beliefs,
    novelty_B: Float[Array, " nodes"],
    penalties: Tensors | None,
    step: int | Int32[Array, ""],
) -> tuple[Float[Array, " nodes"], ...]:
    """Utility, information about states, about parameters, and inductive cost of each node, ``(nodes,)``.

    Args:
        worth: what counts.
        nodes: of each factor, beliefs that were predicted, ``(nodes, S_f)``.
        novelty_B: what the step to each tells of B.
        penalties: of inductive planning, anchored where it began; None: it does not count.
        step: of the plan, from 0; may be traced.
    """
    zero = jnp.zeros_like(novelty_B)
    expected = predicted_observations(nodes, worth.observing.A, worth.A_dependencies)
    of_states, of_parameters = zero, novelty_B
    if worth.observing.ambiguity is not None:
        of_states = state_information_gain(expected, worth.observing.ambiguity, nodes, worth.A_dependencies)
    if worth.observing.novelty is not None:
        told = observation_novelty(expected, worth.observing.novelty, nodes, worth.A_dependencies)
        of_parameters = of_parameters + told
    preferred = zero if worth.C is None else utility(expected, worth.C, step)
    return (
        preferred,
        of_states,
        of_parameters,
        zero if penalties is None else inductive_value(nodes, penalties),
    )
