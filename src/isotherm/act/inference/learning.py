"""What a window of experience adds to the counts of A and B."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int32

from isotherm.act.inference.history import Experience
from isotherm.act.inference.settings import Settings
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.logs import EPS, Floor
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.learn.counts.dirichlet import observation_counts, transition_counts

Weights = Float[Array, " steps"]


class Backward(NamedTuple):
    """Filtered beliefs of one factor, smoothed; pairs of steps in a form that needs no joint tables.

    The joint belief of a state ``c`` and the next one ``n`` is ``B[n, c, u] ratio[n] q[c] + stray[n] q[c]``.

    Attributes:
        beliefs: given the whole window, ``(T, S)``.
        ratio: smoothed over predicted belief of each next state, ``(T - 1, S)``.
        stray: smoothed belief in next states that were predicted to be impossible, ``(T - 1, S)``.
    """

    beliefs: Float[Array, "steps states"]
    ratio: Float[Array, "links states"]
    stray: Float[Array, "links states"]


def backward(
    filtered: Float[Array, "steps states"],
    B: Float[Array, "states controls states"],
    controls: Int32[Array, " links"],
    floor: Floor | None = None,
    is_exact: bool = True,
) -> Backward:
    """Smooth filtered beliefs of a factor that depends on itself alone.

    :func:`isotherm.exact.hidden.smoothing.smooth` finds the same with a table of each pair of steps, which thousands
    of agents have no room for.

    Args:
        filtered: beliefs given the past, ``(T, S)``.
        B: law of transitions, event axis last, ``(S, U, S)``.
        controls: from each step to the next, ``(T - 1,)``; ``-1``: the state stays.
        floor: None loses nothing: what was predicted to be impossible is believed to come from the filtered belief.
            ``"reference"`` loses it, and clips predictions at its epsilon.
        is_exact: which of the reference's two smoothers, the exact one's, or that of each factor.

    References:
        Rauch, Tung and Striebel, AIAA J. 3 (1965) 1445; Särkkä, Bayesian filtering and smoothing (2013), chapter 8.
    """
    used = jax.nn.one_hot(controls, B.shape[1], dtype=B.dtype)
    stays = (controls < 0)[:, None]
    ahead = jnp.einsum("ts,sun,tu->tn", filtered[:-1], B, used)
    predicted = jnp.where(stays, filtered[:-1], ahead)
    least = EPS if floor == "reference" else 0.0
    is_possible = predicted > (least if is_exact else 0.0)
    divisor = jnp.where(is_possible, predicted, EPS if floor == "reference" else 1.0)

    def back(late: Array, link: tuple[Array, ...]) -> tuple[Array, Array]:
        q, divided, possible, control, stayed = link
        ratio = late / divided if floor == "reference" else jnp.where(possible, late / divided, 0.0)
        early = q * jnp.where(stayed, ratio, jnp.einsum("sun,n,u->s", B, ratio, control))
        if floor is None:
            early = early + q * jnp.where(possible, 0.0, late).sum()
        return early, early

    links = filtered[:-1], divisor, is_possible, used, stays
    _, early = lax.scan(back, filtered[-1], links, reverse=True)
    beliefs = jnp.concatenate([early, filtered[-1:]])
    if floor == "reference" and is_exact:
        beliefs = beliefs / jnp.maximum(beliefs.sum(axis=1, keepdims=True), EPS)
    late = beliefs[1:]
    stray = jnp.where(is_possible, 0.0, late)
    if floor == "reference":
        return Backward(beliefs, late / divisor, jnp.zeros_like(stray))
    return Backward(beliefs, jnp.where(is_possible, late / divisor, 0.0), stray)


def smoothed(settings: Settings, window: Experience, B: Tensors) -> tuple[Backward, ...] | None:
    """Of each factor, beliefs given the whole window, where the algorithm smooths; else None.

    Args:
        settings: algorithm and floor.
        window: with filtered beliefs.
        B: laws of transitions, event axis last.
    """
    if not settings.smooths:
        return None
    is_exact = settings.inference_algo == "exact"
    links = window.links
    found = [
        backward(filtered, B[f], links[:, f], settings.clip, is_exact)
        for f, filtered in enumerate(window.beliefs)
    ]
    any_valid = (links >= 0).all(axis=1).any()
    return tuple(
        one._replace(beliefs=jnp.where(any_valid, one.beliefs, filtered))
        for one, filtered in zip(found, window.beliefs, strict=True)
    )


def observation_counts_of(
    model: GenerativeModel, window: Experience, beliefs: Tensors, keep_zeros: bool
) -> Tensors:
    """Of each modality, what a window adds to its counts; a total of 1 for each step that was observed.

    Args:
        model: whose counts; what has none is never counted, with ``keep_zeros``.
        window: observations.
        beliefs: to learn from.
        keep_zeros: whether a count is given to what can be, only.
    """
    assert model.pA is not None
    return tuple(
        observation_counts(seen, beliefs, parents, counts > 0 if keep_zeros else None)
        for seen, parents, counts in zip(window.observation, model.A_dependencies, model.pA, strict=True)
    )


def transition_counts_of(
    model: GenerativeModel,
    window: Experience,
    pairs: tuple[Backward, ...] | None,
    B: Tensors,
    weights: Float[Array, " links"],
    keep_zeros: bool,
) -> Tensors:
    """Of each factor, what a window adds to its counts; each transition by a valid action its weight.

    Args:
        model: whose counts.
        window: actions, and beliefs that are taken to be independent where there are no pairs.
        pairs: smoothed beliefs of each factor.
        B: the laws by which they were smoothed, event axis last.
        weights: of each transition, ``(T - 1,)``.
        keep_zeros: as for :func:`observation_counts_of`.
    """
    assert model.pB is not None
    weights = jnp.where((window.links >= 0).all(axis=1), weights, 0.0)
    found = []
    for f, (counts, parents) in enumerate(zip(model.pB, model.B_dependencies, strict=True)):
        used, support = window.links[:, f], counts > 0 if keep_zeros else None
        if pairs is not None:
            found.append(_pair_counts(pairs[f], window.beliefs[f], B[f], used, weights, support))
        else:
            late = window.beliefs[f][1:] * weights[:, None]
            factors = [late, *(window.beliefs[g][:-1] for g in parents)]
            found.append(transition_counts(factors, used, counts.shape[-1], weights > 0, support))
    return tuple(found)


def _pair_counts(
    pairs: Backward,
    filtered: Float[Array, "steps states"],
    B: Float[Array, "states controls states"],
    controls: Int32[Array, " links"],
    weights: Float[Array, " links"],
    support: Bool[Array, "states states controls"] | None,
) -> Float[Array, "states states controls"]:
    """Sums of joint beliefs by control, ``(next, S, U)``, without a table a step."""
    early = filtered[:-1]
    used = jax.nn.one_hot(controls, B.shape[1], dtype=B.dtype)
    if support is not None:  # what strays outside it goes to the rest of the step
        inside = jnp.einsum("ncu,tc,tn,tu->t", support.astype(B.dtype), early, pairs.stray, used)
        mass = pairs.beliefs[1:].sum(axis=1) - pairs.stray.sum(axis=1) + inside
        weights = jnp.where(mass > 0, weights / jnp.where(mass > 0, mass, 1.0), 0.0)
    weighted = used * weights[:, None]
    known = jnp.einsum("tn,tc,tu->ncu", pairs.ratio, early, weighted) * jnp.moveaxis(B, 2, 0)
    strays = jnp.einsum("tn,tc,tu->ncu", pairs.stray, early, weighted)
    return known + (strays if support is None else jnp.where(support, strays, 0.0))
