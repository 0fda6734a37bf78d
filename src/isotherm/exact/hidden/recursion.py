"""Sums over all sequences of choices where moves are sure: a soft backward recursion, and the best path."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int32

from isotherm import doors
from isotherm.energy.inputs import floating
from isotherm.errors import refusal


class SoftBackward(NamedTuple):
    """The law of sequences of choices from one state.

    Attributes:
        log_z: log of the sum of all weights, a scalar.
        log_laws: of each choice at each step in each state, given all that happened, ``(steps, states, choices)``:
            sequences are drawn step by step.
        best: the sequence of the largest weight, the first of those that tie, int32 ``(steps,)``.
        best_log_weight: its log weight, a scalar.
    """

    log_z: Float[Array, ""]
    log_laws: Float[Array, "steps states choices"]
    best: Int32[Array, " steps"]
    best_log_weight: Float[Array, ""]


def soft_backward(
    next_states: Any,
    rewards: Any,
    first_state: Any,
    num_steps: int,
    *,
    gamma: Any = 1.0,
    log_prior: Any = None,
) -> SoftBackward:
    """Sequences of choices with weights ``E exp(gamma reward)``, summed and maximised by dynamic programming.

    ``V_t(s) = ln Σ_u E(u) exp(gamma r_t(s, u) + V_{t+1}(s'(s, u)))``, and the same with a maximum. It takes
    ``steps states choices`` additions however many sequences there are, but needs to know where each choice leads:
    beliefs that spread do not move so. Pure and traced.

    Args:
        next_states: state that each choice leads to, whole numbers ``(states, choices)``.
        rewards: of each choice in each state, ``(states, choices)``, or ``(steps, states, choices)``; finite.
        first_state: its number; may be traced.
        num_steps: length of sequences, at least 1.
        gamma: inverse temperature of rewards, at least 0; may be traced.
        log_prior: ``ln E`` of each choice, ``(choices,)``, ``-inf`` where it is never made; zeros by default.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape that does not fit, or a number out of range.

    References:
        Todorov, Efficient computation of optimal actions, PNAS 106 (2009) 11478; Levine, arXiv:1805.00909.

    >>> found = soft_backward([[0, 1], [0, 1]], [[0.0, 1.0], [0.0, 1.0]], first_state=0, num_steps=3)
    >>> round(float(found.log_z), 4), found.best.tolist()  # 3 ln(1 + e)
    (3.9398, [1, 1, 1])
    """
    num_steps = doors.whole("num_steps", num_steps, 1)
    moves, rewards = _checked_moves(next_states), floating("rewards", rewards)
    if np.shape(rewards) not in (moves.shape, (num_steps, *moves.shape)):
        allowed = f"must be {moves.shape}, or {(num_steps, *moves.shape)}"
        raise refusal("rewards.shape", np.shape(rewards), allowed)
    if not doors.is_traced(rewards) and not np.isfinite(np.asarray(rewards)).all():
        raise refusal("rewards", "holds NaN or infinity", "must be finite numbers")
    if not doors.is_traced(first_state):
        first_state = doors.whole("first_state", first_state, 0, len(moves) - 1)
    doors.number("gamma", gamma, least=0)
    worth = jnp.asarray(rewards)
    prior = _checked_prior(log_prior, moves.shape[1])
    every = jnp.broadcast_to(worth, (num_steps, *moves.shape))
    weighed = jnp.asarray(gamma, worth.dtype) * every + prior.astype(worth.dtype)[None, None]
    return _solved(moves, weighed, jnp.asarray(first_state, jnp.int32))


@jax.jit
def _solved(
    moves: Int32[Array, "states choices"],
    weighed: Float[Array, "steps states choices"],
    start: Int32[Array, ""],
) -> SoftBackward:
    def back(ahead: tuple[Array, Array], step: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        soft, hard = (step + value[moves] for value in ahead)
        total = jax.nn.logsumexp(soft, axis=1)
        return (total, hard.max(1)), (soft - total[:, None], jnp.argmax(hard, axis=1).astype(jnp.int32))

    def follow(state: Array, best: Array) -> tuple[Array, Array]:
        return moves[state, best[state]], best[state]

    nothing = jnp.zeros(len(moves), weighed.dtype)
    (total, most), (log_laws, best) = lax.scan(back, (nothing, nothing), weighed, reverse=True)
    path = lax.scan(follow, start, best)[1]
    return SoftBackward(total[start], log_laws, path, most[start])


def _checked_moves(next_states: Any) -> Int32[Array, "states choices"]:
    found = next_states if doors.is_traced(next_states) else doors.regular("next_states", next_states)
    if found.ndim != 2 or 0 in found.shape:
        raise refusal("next_states.shape", found.shape, "must be (states, choices)")
    if not jnp.issubdtype(found.dtype, jnp.integer):
        raise refusal("next_states.dtype", str(found.dtype), "must be whole numbers")
    if not doors.is_traced(found) and ((found < 0) | (found >= len(found))).any():
        wrong = found[(found < 0) | (found >= len(found))]
        raise refusal("next_states", int(wrong.flat[0]), f"must be within 0 .. {len(found) - 1}")
    return jnp.asarray(found, jnp.int32)


def _checked_prior(log_prior: Any, num_choices: int) -> Float[Array, " choices"]:
    if log_prior is None:
        return jnp.zeros(num_choices)
    prior = floating("log_prior", log_prior)
    if np.shape(prior) != (num_choices,):
        raise refusal("log_prior.shape", np.shape(prior), f"must be ({num_choices},), one for each choice")
    if not doors.is_traced(prior) and not -np.inf < np.asarray(prior).max() < np.inf:
        raise refusal("log_prior", np.asarray(prior).tolist(), "must be numbers, or -inf for some")
    return jnp.asarray(prior)
