"""Expected free energy of policies, each shared beginning computed once."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm.act.inference.inductive import inductive_matrix, inductive_penalties, inductive_value
from isotherm.act.inference.information import ambiguities, observation_novelty, state_information_gain
from isotherm.act.inference.policies import Level, PolicyTree
from isotherm.act.inference.settings import Settings
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.learn.counts.dirichlet import novelty_weight

Beliefs = tuple[Float[Array, "nodes _"], ...]


class Worth(eqx.Module):
    """What a plan is scored by; all that depends on the parameters alone, computed once while they stand.

    Tensors have the event axis last here, ``A (*S_parents, O)`` and ``B (*S_parents, U, S)``, so that beliefs meet
    them as the rows of a matrix product, without a transposition at each step.

    Attributes:
        A: laws of observations; where a part of parameters stands by itself, None: another part has them. Likewise B.
        B: laws of transitions.
        C: log-preferences; None: utility does not count.
        ambiguity: entropies of A's columns; None: information about states does not count.
        novelty_A: weights of A's counts; None: information about A does not count.
        novelty_B: of B's.
        reachable: :func:`isotherm.act.inference.inductive.inductive_matrix`; None: no inductive planning.
        epsilon: of inductive planning.
        A_dependencies: parents of each modality (static).
        B_dependencies: parents of each factor (static).
    """

    A: Tensors | None
    B: Tensors | None
    C: Tensors | None
    ambiguity: Tensors | None
    novelty_A: Tensors | None
    novelty_B: Tensors | None
    reachable: Tensors | None
    epsilon: Float[Array, "*batch"] | None
    A_dependencies: Indices = eqx.field(static=True)
    B_dependencies: Indices = eqx.field(static=True)


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


def event_last(tensors: Tensors) -> Tensors:
    """Tensors with their first axis moved to the end, as :class:`Worth` has them."""
    return tuple(jnp.moveaxis(tensor, 0, -1) for tensor in tensors)


def event_first(tensors: Tensors) -> Tensors:
    """The inverse of :func:`event_last`."""
    return tuple(jnp.moveaxis(tensor, -1, 0) for tensor in tensors)


def utility(expected: Sequence[Float[Array, "*batch _"]], C: Tensors, step: int) -> Float[Array, "*batch"]:
    """Expected log-preference, summed over modalities.

    Args:
        expected: of each modality, ``(*batch, O_m)``.
        C: ``(O_m,)``, or a row for each step, of which the last one serves longer plans.
        step: of the plan, from 0 (static).
    """
    rows = [c if c.ndim == 1 else c[min(step, c.shape[0] - 1)] for c in C]
    return sum((law @ row for law, row in zip(expected, rows, strict=True)), start=jnp.zeros(()))


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
    if worth.reachable is not None and worth.epsilon is not None:
        penalties = inductive_penalties(beliefs, worth.reachable, worth.epsilon)
    nodes: Beliefs = tuple(belief[None] for belief in beliefs)
    totals = (zero,) * 4
    for step, level in enumerate(policies.levels):
        nodes, novelty = _grown(worth, level, nodes)
        found = _terms(worth, nodes, novelty, penalties, step)
        totals = tuple(_handed_on(total, level) + term for total, term in zip(totals, found, strict=True))
    terms = [total if policies.last is None else total[policies.last] for total in totals]
    return PolicyScores(sum(terms[1:], start=terms[0]), *terms)


def _grown(
    worth: Worth, level: Level, before: tuple[Float[Array, "before _"], ...]
) -> tuple[Beliefs, Float[Array, " nodes"]]:
    """Beliefs a step later, and what that step tells of B."""
    assert worth.B is not None
    ahead = predicted_states(before, worth.B, worth.B_dependencies)
    grown = tuple(_chosen(law, level, f) for f, law in enumerate(ahead))
    told = jnp.zeros(grown[0].shape[:1], before[0].dtype)
    for f, weights in enumerate(worth.novelty_B or ()):
        gain = (ahead[f] * expectation(weights, before, worth.B_dependencies[f], first=0)).sum(axis=-1)
        told = told + _chosen(gain, level, f)
    return grown, told


def _chosen(
    ahead: Float[Array, "before choices ..."], level: Level, factor: int
) -> Float[Array, "nodes ..."]:
    """Of each node, what its own control of a factor leads to."""
    control = level.controls[:, factor]
    if level.parents is not None:
        return ahead[level.parents, control]
    if not np.array_equal(control, np.arange(ahead.shape[1])):
        ahead = ahead[:, control]
    return ahead.reshape(-1, *ahead.shape[2:])


def _handed_on(total: Float[Array, " before"], level: Level) -> Float[Array, " nodes"]:
    if level.parents is not None:
        return total[level.parents]
    return jnp.repeat(total, len(level.controls))


def _terms(
    worth: Worth,
    nodes: Beliefs,
    novelty_B: Float[Array, " nodes"],
    penalties: Tensors | None,
    step: int,
) -> tuple[Float[Array, " nodes"], ...]:
    """Utility, information about states, about parameters, and inductive cost of each node."""
    zero = jnp.zeros_like(novelty_B)
    assert worth.A is not None
    expected = predicted_observations(nodes, worth.A, worth.A_dependencies)
    of_states, of_parameters = zero, novelty_B
    if worth.ambiguity is not None:
        of_states = state_information_gain(expected, worth.ambiguity, nodes, worth.A_dependencies)
    if worth.novelty_A is not None:
        told = observation_novelty(expected, worth.novelty_A, nodes, worth.A_dependencies)
        of_parameters = of_parameters + told
    preferred = zero if worth.C is None else utility(expected, worth.C, step)
    return (
        preferred,
        of_states,
        of_parameters,
        zero if penalties is None else inductive_value(nodes, penalties),
    )


def worth_of(
    model: GenerativeModel,
    settings: Settings,
    A: Tensors | None,
    B: Tensors | None,
    counts: tuple[Tensors | None, Tensors | None],
    threshold: Float[Array, ""],
) -> Worth:
    """What follows from A, from B, or from both, of :class:`Worth`; neither preferences nor ``epsilon``.

    Args:
        model: goal, and who depends on whom.
        settings: what counts.
        A: laws of observations, event axis first as the model has them, or None.
        B: laws of transitions, likewise.
        counts: of A and of B, each None where there are none.
        threshold: of inductive planning.
    """
    pA, pB = counts if settings.use_param_info_gain else (None, None)
    reachable = None
    if settings.use_inductive and B is not None and model.goal is not None:
        reachable = inductive_matrix(model.goal, B, threshold, settings.inductive_depth)
    weights = lambda counts: event_last(tuple(novelty_weight(c, settings.novelty) for c in counts))  # noqa: E731
    return Worth(
        A=None if A is None else event_last(A),
        B=None if B is None else event_last(B),
        C=None,
        ambiguity=ambiguities(A) if settings.use_states_info_gain and A is not None else None,
        novelty_A=None if pA is None else weights(pA),
        novelty_B=None if pB is None else weights(pB),
        reachable=reachable,
        epsilon=None,
        A_dependencies=model.A_dependencies,
        B_dependencies=model.B_dependencies,
    )
