"""Beliefs about a whole window: variational and marginal message passing."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int32

from isotherm.act.inference.states.likelihood import EPS, Floor, evidence_of, log_of
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation
from isotherm.energy.tilt.logits import tilted_logits

Beliefs = tuple[Float[Array, "steps _"], ...]
Message = Callable[..., Array]


class Links(NamedTuple):
    """Which steps of a window count, and which follow from the one before.

    Attributes:
        valid: bool ``(T,)``; the rest is padding.
        linked: bool ``(T - 1,)``: the step after follows by a known action.
        starts: bool ``(T,)``: steps that follow from none; padding too.
    """

    valid: Bool[Array, " steps"]
    linked: Bool[Array, " links"]
    starts: Bool[Array, " steps"]


def links_of(
    actions: Int32[Array, "links factors"], num_valid: Int32[Array, ""] | int | None = None
) -> Links:
    """Links of a window of ``T`` steps, of which the last ``num_valid`` count (all by default).

    Args:
        actions: flat controls ``(T - 1, F)``; ``-1`` in any factor: no valid action.
        num_valid: within ``1 .. T``.
    """
    num_steps = actions.shape[0] + 1
    first = 0 if num_valid is None else num_steps - num_valid
    valid = jnp.arange(num_steps, dtype=jnp.int32) >= first
    linked = valid[:-1] & valid[1:] & (actions >= 0).all(axis=1)
    return Links(valid, linked, jnp.concatenate([jnp.ones(1, bool), ~linked]))


def transitions(B: Tensors, actions: Int32[Array, "links factors"]) -> Tensors:
    """Of each factor, its law of transitions at each link, ``(T - 1, S_f, *S_parents)``.

    Where there is no valid action the first control stands, of no meaning.
    """
    return tuple(
        jnp.moveaxis(jnp.take(tensor, jnp.maximum(actions[:, f], 0), axis=-1), -1, 0)
        for f, tensor in enumerate(B)
    )


def messages(
    method: Literal["vmp", "mmp"],
    log_likelihood: Sequence[Float[Array, "steps ..."]],
    B: Tensors,
    prior: Tensors,
    links: Links,
    A_dependencies: Indices,
    B_dependencies: Indices,
    num_iter: int = 16,
    floor: Floor = None,
) -> Beliefs:
    """Beliefs at every step of a window, all updated at once ``num_iter`` times from uniform ones.

    Args:
        method: ``"vmp"``, expectations of logarithms; ``"mmp"``, logarithms of expectations, with half the weight
            of messages forth and back.
        log_likelihood: of each modality, ``(T, *S_parents)``, in nats.
        B: of each factor, by link: :func:`transitions`.
        prior: of each factor, ``(S_f,)``, at steps that follow from none.
        links: of the window.
        A_dependencies: parents of each modality.
        B_dependencies: parents of each factor.
        num_iter: sweeps (static).
        floor: see :func:`isotherm.act.inference.states.likelihood.log_of`.

    Returns:
        Of each factor, ``(T, S_f)``; the prior at steps of padding.

    References:
        Winn and Bishop, JMLR 6 (2005) 661; Parr et al., Neuronal message passing using mean-field, Bethe, and
        marginal approximations, Sci. Rep. 9 (2019) 1889.
    """
    say = _variational if method == "vmp" else _marginal
    seen = tuple(jnp.where(links.valid.reshape(-1, *[1] * (L.ndim - 1)), L, 0.0) for L in log_likelihood)
    log_prior = [log_of(p, floor) for p in prior]
    log_B = tuple(log_of(tensor, floor) for tensor in B)
    tables = log_B if method == "vmp" else B
    num_steps = links.valid.shape[0]

    def sweep(beliefs: Beliefs, _: None) -> tuple[Beliefs, None]:
        evidence = [
            jax.vmap(lambda L, q, f=f: evidence_of(f, L, q, A_dependencies))(seen, beliefs)
            for f in range(len(prior))
        ]
        told = [say(f, tables, beliefs, B_dependencies, floor) for f in range(len(prior))]
        return tuple(
            jnp.exp(tilted_logits(_join(forward, backward, log_prior[f], links, method), evidence[f]))
            for f, (forward, backward) in enumerate(told)
        ), None

    start = tuple(jnp.full((num_steps, *p.shape), 1.0 / p.shape[0], p.dtype) for p in prior)
    beliefs, _ = lax.scan(sweep, start, None, length=num_iter)
    return beliefs


def _join(
    forward: Float[Array, "links states"],
    backward: Float[Array, "links states"],
    log_prior: Float[Array, " states"],
    links: Links,
    method: str,
) -> Float[Array, "steps states"]:
    """Messages that reach each step: from the one before, or the prior, and from the one after."""
    first = log_prior[None]
    before = jnp.where(links.starts[:, None], first, jnp.concatenate([first, forward]))
    goes_on = jnp.append(links.linked, False)[:, None]
    after = jnp.where(goes_on, jnp.concatenate([backward, jnp.zeros_like(first)]), 0.0)
    if method == "mmp":
        before = jnp.where(goes_on, 0.5 * before, before)
    return before + after


def _variational(
    factor: int, log_B: Tensors, beliefs: Beliefs, parents: Indices, floor: Floor
) -> tuple[Array, Array]:
    """Forward and backward messages of a factor, ``(T - 1, S_f)``: expectations of ``ln B``."""
    del floor
    early, late = tuple(q[:-1] for q in beliefs), tuple(q[1:] for q in beliefs)
    forward = jax.vmap(lambda table, q: expectation(table, q, parents[factor]))(log_B[factor], early)
    backward = jnp.zeros_like(forward)
    for child, of in enumerate(parents):
        if factor in of:
            inner = _towards(factor, log_B[child], early, of)
            backward = backward + jnp.einsum("tn,tns->ts", late[child], inner)
    return forward, backward


def _marginal(
    factor: int, B: Tensors, beliefs: Beliefs, parents: Indices, floor: Floor
) -> tuple[Array, Array]:
    """As :func:`_variational`, but logarithms of expectations; the backward one of half the weight."""
    early, late = tuple(q[:-1] for q in beliefs), tuple(q[1:] for q in beliefs)
    mean = jax.vmap(lambda table, q: expectation(table, q, parents[factor]))(B[factor], early)
    forward = log_of(mean, floor)
    backward = jnp.zeros_like(forward)
    for child, of in enumerate(parents):
        if factor in of:
            inner = _towards(factor, B[child], early, of)
            total = inner.sum(axis=2, keepdims=True)
            least = EPS if floor == "reference" else 0.0
            law = inner / jnp.where(total > least, total, EPS if floor == "reference" else 1.0)
            backward = backward + 0.5 * log_of(jnp.einsum("tn,tns->ts", late[child], law), floor)
    return forward, backward


def _towards(factor: int, table: Array, early: Beliefs, parents: tuple[int, ...]) -> Array:
    """A child's table, ``(T - 1, next, S_f)``: in the mean over its other parents."""
    return jax.vmap(lambda one, q: expectation(one, q, parents, keep=(factor,)))(table, early)
