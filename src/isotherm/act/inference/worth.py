"""What a plan is scored by: the parameters, and what planning needs of them, computed once while they stand."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.act.inference.inductive import inductive_matrix
from isotherm.act.inference.information import ambiguities
from isotherm.act.inference.settings import Settings
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.learn.counts.dirichlet import dirichlet_mean, novelty_weight


class Observing(eqx.Module):
    """Laws of observations, the event axis last: beliefs meet them as the rows of a matrix product.

    Attributes:
        A: of each modality, ``(*S_parents, O_m)``.
        ambiguity: of each modality, entropy of its columns, ``(*S_parents)``; None: information about states does
            not count.
        novelty: of each modality, weights of its counts, ``(*S_parents, O_m)``; None: information about A does not
            count.
    """

    A: Tensors
    ambiguity: Tensors | None
    novelty: Tensors | None


class Moving(eqx.Module):
    """Laws of transitions, the event axis last.

    Attributes:
        B: of each factor, ``(*S_parents, U_f, S_f)``.
        novelty: of each factor, weights of its counts, of B's shape; None: information about B does not count.
        reachable: of each factor, from where its goal can be reached, ``(depth, S_f)``; None: no inductive planning.
    """

    B: Tensors
    novelty: Tensors | None
    reachable: Tensors | None


class Worth(eqx.Module):
    """What a plan is scored by.

    Attributes:
        observing: laws of observations.
        moving: laws of transitions.
        C: of each modality, log-preferences; None: utility does not count.
        epsilon: of inductive planning, a scalar.
        A_dependencies: parents of each modality (static).
        B_dependencies: parents of each factor (static).
    """

    observing: Observing
    moving: Moving
    C: Tensors | None
    epsilon: Float[Array, "*batch"]
    A_dependencies: Indices = eqx.field(static=True)
    B_dependencies: Indices = eqx.field(static=True)


def observing(A: Tensors, pA: Tensors | None, settings: Settings) -> Observing:
    """From laws, and the counts whose information gain may count; both with the event axis first."""
    return Observing(
        event_last(A),
        ambiguities(A) if settings.use_states_info_gain else None,
        _novelty(pA, settings),
    )


def moving(
    B: Tensors,
    pB: Tensors | None,
    settings: Settings,
    goal: Tensors | None = None,
    threshold: Float[Array, ""] | float = 0.1,
) -> Moving:
    """From laws, counts, ``(S_f, *S_parents, U_f)`` each, and the goal of inductive planning; event axes first."""
    reachable = None
    if settings.use_inductive and goal is not None:
        reachable = inductive_matrix(goal, B, threshold, settings.inductive_depth)
    return Moving(event_last(B), _novelty(pB, settings), reachable)


def worth_of(
    model: GenerativeModel, settings: Settings, threshold: Float[Array, ""], epsilon: Float[Array, ""]
) -> Worth:
    """Of a model as it stands before anything is learned.

    Args:
        model: of one agent.
        settings: what counts.
        threshold: of inductive planning, a scalar: the probability above which a move is possible.
        epsilon: of inductive planning: what a state off the way counts for.
    """
    return Worth(
        observing(model.A, model.pA, settings),
        moving(model.B, model.pB, settings, model.goal, threshold),
        model.C if settings.use_utility else None,
        epsilon,
        model.A_dependencies,
        model.B_dependencies,
    )


def means(counts: Tensors, settings: Settings) -> Tensors:
    """Expected laws; with ``keep_zeros`` what has no count stays impossible."""
    floor = None if settings.keep_zeros else "reference"
    return tuple(dirichlet_mean(tensor, floor=floor) for tensor in counts)


def event_last(tensors: Tensors) -> Tensors:
    """Tensors with their first axis moved to the end."""
    return tuple(jnp.moveaxis(tensor, 0, -1) for tensor in tensors)


def event_first(tensors: Tensors) -> Tensors:
    """The inverse of :func:`event_last`."""
    return tuple(jnp.moveaxis(tensor, -1, 0) for tensor in tensors)


def _novelty(counts: Tensors | None, settings: Settings) -> Tensors | None:
    if counts is None or not settings.use_param_info_gain:
        return None
    form = "legacy" if settings.novelty == "legacy" else "exact"
    return event_last(tuple(novelty_weight(tensor, form) for tensor in counts))
