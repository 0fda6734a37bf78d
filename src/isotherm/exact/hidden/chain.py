"""Hidden Markov chains: evidence, filter and smoother, step after step or by an associative scan."""

import functools
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.hidden.checks import check_laws
from isotherm.energy.inputs import floating
from isotherm.errors import refusal
from isotherm.exact.hidden.scaled import Scaled, scaled, scaled_exp

Orientation = Literal["columns", "rows"]


class HiddenChain(NamedTuple):
    """The law of a hidden path ``s_0 .. s_{T-1}`` given observations ``o_0 .. o_{T-1}``.

    Where no path agrees with the observations, ``log_likelihood`` is ``-inf``, and laws given all of them are zeros.

    Attributes:
        log_likelihood: ``ln p(o)``, a scalar.
        filtered: ``p(s_t | o_0 .. o_t)``, ``(steps, states)``.
        predicted: ``p(s_t | o_0 .. o_{t-1})``, ``(steps, states)``; the first is ``pi``.
        smoothed: ``p(s_t | o)``, ``(steps, states)``.
        pair_curr_next: ``p(s_t, s_{t+1} | o)``, ``(steps - 1, curr, next)``.
        cond_curr_given_next: ``p(s_t | s_{t+1}, o)``, ``(steps - 1, next, curr)``; zeros for a next state that cannot
            be reached.
    """

    log_likelihood: Float[Array, ""]
    filtered: Float[Array, "steps states"]
    predicted: Float[Array, "steps states"]
    smoothed: Float[Array, "steps states"]
    pair_curr_next: Float[Array, "transitions states states"]
    cond_curr_given_next: Float[Array, "transitions states states"]


def hidden_chain(
    pi: Any,
    transitions: Any,
    log_likelihoods: Any,
    *,
    orientation: Orientation = "columns",
    parallel: bool = False,
) -> HiddenChain:
    """Exact filter and smoother of a hidden Markov chain.

    Pure and traced: ``jit``, ``vmap`` and ``grad`` go through it, derivatives by entries that are zero included.
    Zeros stay zeros, and nothing is lost that a float's logarithm can tell apart.

    Args:
        pi: law of the first state, ``(states,)``.
        transitions: ``(states, states)``, or ``(steps - 1, states, states)`` for one a step.
        log_likelihoods: ``ln p(o_t | s_t)``, ``(steps, states)``, at least one step; ``-inf`` rules a state out.
        orientation: ``"columns"``: transitions are ``[next, curr]``, columns sum to 1; ``"rows"``: ``[curr, next]``.
        parallel: by an associative scan, of depth ``log(steps)`` and with ``states**3`` work a step; else step after
            step, with ``states**2``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape that does not fit, a law that does not sum to 1, or a log-likelihood that is NaN or
            plus infinity.

    References:
        Rabiner, Proceedings of the IEEE 77 (1989) 257; Särkkä and García-Fernández, IEEE Transactions on Automatic
        Control 66 (2021) 299, for the scan.

    >>> chain = hidden_chain([0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]], [[0.0, -1.0], [-1.0, 0.0], [0.0, 0.0]])
    >>> round(float(chain.log_likelihood), 4), [round(float(p), 4) for p in chain.smoothed[0]]
    (-0.9471, [0.5557, 0.4443])
    """
    doors.choice("orientation", orientation, get_args(Orientation))
    is_parallel = doors.flag("parallel", parallel)
    return _solved(*_checked(pi, transitions, log_likelihoods, orientation), is_parallel)


@functools.partial(jax.jit, static_argnums=3)
def _solved(
    pi: Float[Array, " states"],
    transitions: Float[Array, "transitions states states"],
    logs: Float[Array, "steps states"],
    is_parallel: bool,
) -> HiddenChain:
    forward = _forward_scan if is_parallel else _forward_steps
    backward = _backward_scan if is_parallel else _backward_steps
    moves, evidence = scaled(transitions), scaled_exp(logs)
    seen_moves = moves.times(evidence[1:, :, None])
    ahead, log_likelihood = forward(scaled(pi).times(evidence[0]), seen_moves)
    behind = backward(seen_moves, logs.shape[1])
    joint = ahead[:-1, None, :].times(moves)
    return HiddenChain(
        log_likelihood=log_likelihood,
        filtered=ahead.shares(1),
        predicted=jnp.concatenate([pi[None], joint.sum(2).shares(1)]),
        smoothed=ahead.times(behind).shares(1),
        pair_curr_next=joint.times(evidence[1:].times(behind[1:])[:, :, None]).shares(1, 2).swapaxes(1, 2),
        cond_curr_given_next=joint.shares(2),
    )


Forward = tuple[Scaled, Float[Array, ""]]
"""Weights of states at each step, each step's divided by a power of e; and the log of the sum of the last."""


def _forward_steps(first: Scaled, moves: Scaled) -> Forward:
    def step(carry: Forward, move: Scaled) -> tuple[Forward, Scaled]:
        weights, log_scale = carry
        weights, shift = move.times(weights[None]).sum(1).centred()
        return (weights, log_scale + shift), weights

    first, log_scale = first.centred()
    (last, log_scale), later = jax.lax.scan(step, (first, log_scale), moves)
    return _joined(first, later), last.sum(0).log() + log_scale


def _backward_steps(moves: Scaled, num_states: int) -> Scaled:
    def step(weights: Scaled, move: Scaled) -> tuple[Scaled, Scaled]:
        weights, _ = move.times(weights[:, None]).sum(0).centred()
        return weights, weights

    last = scaled(jnp.ones(num_states, moves.mantissa.dtype))
    _, earlier = jax.lax.scan(step, last, moves, reverse=True)
    return _joined(earlier, last)


def _forward_scan(first: Scaled, moves: Scaled) -> Forward:
    first, log_scale = first.centred()
    start = jax.vmap(Scaled.centred)(moves)
    products, log_scales = jax.lax.associative_scan(lambda early, late: _product(late, early), start)
    later, shifts = jax.vmap(lambda product: product.times(first[None]).sum(1).centred())(products)
    weights = _joined(first, later)
    total = jnp.concatenate([jnp.zeros_like(shifts, shape=1), log_scales + shifts])[-1]
    return weights, weights[-1].sum(0).log() + log_scale + total


def _backward_scan(moves: Scaled, num_states: int) -> Scaled:
    start = jax.vmap(Scaled.centred)(moves)
    products, _ = jax.lax.associative_scan(_product, start, reverse=True)
    last = scaled(jnp.ones(num_states, moves.mantissa.dtype))
    return _joined(products.sum(1), last)


def _product(
    late: tuple[Scaled, Float[Array, "..."]], early: tuple[Scaled, Float[Array, "..."]]
) -> tuple[Scaled, Float[Array, "..."]]:
    """Products of matrices ``(..., next, curr)``, and the exponents that they were divided by."""
    raw = late[0][..., :, :, None].times(early[0][..., None, :, :]).sum(-2)
    product, shift = jax.vmap(Scaled.centred)(raw)
    return product, late[1] + early[1] + shift


def _joined(first: Scaled, last: Scaled) -> Scaled:
    """One step, and many, in a row."""
    parts = [part if part.mantissa.ndim == 2 else part[None] for part in (first, last)]
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *parts)


def _checked(
    pi: Any, transitions: Any, log_likelihoods: Any, orientation: Orientation
) -> tuple[Float[Array, " states"], Float[Array, "transitions states states"], Float[Array, "steps states"]]:
    """In one dtype, transitions as ``[next, curr]``, one a step."""
    logs = floating("log_likelihoods", log_likelihoods)
    if logs.ndim != 2 or 0 in logs.shape:
        raise refusal("log_likelihoods.shape", logs.shape, "must be (steps, states), at least one of each")
    steps, n = logs.shape
    if not doors.is_traced(logs) and not (np.asarray(logs) < np.inf).all():
        raise refusal("log_likelihoods", "holds NaN or plus infinity", "must be numbers or -inf")
    pi, transitions = floating("pi", pi), floating("transitions", transitions)
    if pi.shape != (n,):
        raise refusal("pi.shape", pi.shape, f"must be ({n},), as log_likelihoods has states")
    if transitions.shape not in ((n, n), (steps - 1, n, n)):
        raise refusal("transitions.shape", transitions.shape, f"must be {(n, n)} or {(steps - 1, n, n)}")
    pi, transitions, logs = map(jnp.asarray, (pi, transitions, logs))
    check_laws("pi", pi)
    check_laws("transitions", transitions, -2 if orientation == "columns" else -1)
    dtype = np.result_type(pi.dtype, transitions.dtype, logs.dtype)
    pi, transitions, logs = (x.astype(dtype) for x in (pi, transitions, logs))
    columns = transitions if orientation == "columns" else transitions.swapaxes(-1, -2)
    return pi, jnp.broadcast_to(columns, (steps - 1, n, n)), logs
