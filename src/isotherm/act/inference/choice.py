"""From scores of policies to laws of policies and of actions: tilts at ``gamma`` and at ``alpha gamma``."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm.act.inference.policies import PolicyTree
from isotherm.energy.hidden.controls import all_choices
from isotherm.energy.hidden.logs import EPS, Floor
from isotherm.energy.tilt.bases import DiscretePolicy
from isotherm.energy.tilt.logits import tilted_logits
from isotherm.energy.tilt.tilted import TableReward, Tilted

Scalar = Float[Array, ""] | float
ActionSelection = Literal["deterministic", "stochastic"]
SamplingMode = Literal["full", "marginal"]

ALIKE = {"float64": 1e-9, "float32": 1e-5}
"""Nats by which log probabilities may differ and yet tie: what rounding alone makes of equal ones."""


def log_prior(
    E: Float[Array, " policies"] | None, num_policies: int, dtype: jnp.dtype
) -> Float[Array, " policies"]:
    """``ln E``, shape ``(P,)``, ``-inf`` where a policy is never taken; zeros where all are alike."""
    return jnp.zeros(num_policies, dtype) if E is None else jnp.log(E)


def log_policies(
    neg_efe: Float[Array, " policies"], log_E: Float[Array, " policies"], gamma: Scalar
) -> Float[Array, " policies"]:
    """Log posterior of policies, shape ``(P,)``: ``ln q(pi)`` of ``q = E exp(-gamma EFE) / Z``, in nats.

    References:
        Friston et al., Active inference: a process theory, Neural Comput. 29 (2017) 1.
    """
    return tilted_logits(log_E, neg_efe, gamma)


def policy_law(neg_efe: Float[Array, " policies"], log_E: Float[Array, " policies"] | None = None) -> Tilted:
    """Policies, scores ``(P,)``, as a law to be tilted: base ``E``, reward ``neg_efe``, ``beta = gamma``.

    The law of policies drawn at a precision ``alpha`` is the same one at ``beta = alpha gamma``, where E is uniform.

    >>> from isotherm.exact import tilted_law
    >>> tilted_law(policy_law(jnp.array([0.0, 1.0])), beta=2.0).probabilities.round(4).tolist()
    [0.1192, 0.8808]
    """
    base = jnp.zeros_like(neg_efe) if log_E is None else log_E
    return Tilted(DiscretePolicy(base), TableReward(neg_efe))


def log_actions(
    log_q: Float[Array, " policies"],
    policies: PolicyTree,
    alpha: Scalar = 1.0,
    selection: str = "deterministic",
    mode: str = "full",
    floor: Floor | None = None,
) -> Float[Array, " choices"]:
    """The law by which a joint choice of all controls is made, in nats; ``-inf`` where it never is.

    Args:
        log_q: of policies, ``(P,)``.
        policies: their first choices.
        alpha: precision of stochastic choice, at least 0; of policies (``full``) or of each control's marginal.
        selection: the largest, lowest number among those that tie; or a draw.
        mode: choose a whole policy and execute its first choice; or each control by itself.
        floor: ``"reference"`` clips probabilities at its epsilon before their logarithm.

    Returns:
        Of every joint choice in lexicographic order, shape ``(prod(num_controls),)``.
    """
    if mode == "marginal":
        every = all_choices(policies.num_controls)
        total = jnp.zeros(len(every), log_q.dtype)
        for control, law in enumerate(log_marginals(log_q, policies)):
            total = total + _selected(law, alpha, selection, floor)[every[:, control]]
        return total
    chosen = _selected(log_q, alpha, selection, floor)
    return log_sums(chosen, policies.actions, policies.num_choices)


def log_marginals(log_q: Float[Array, " policies"], policies: PolicyTree) -> tuple[Float[Array, " _"], ...]:
    """Of each control, the log probability of each of its choices at the first step, ``(U,)``."""
    first = all_choices(policies.num_controls)[policies.actions]
    return tuple(
        log_sums(log_q, first[:, control], size) for control, size in enumerate(policies.num_controls)
    )


def log_sums(
    logs: Float[Array, " n"], groups: Int[np.ndarray, " n"], num_groups: int
) -> Float[Array, " groups"]:
    """Logarithm of the sum of exponentials of each group, ``(num_groups,)``; ``-inf`` of empty ones."""
    if len(groups) % num_groups == 0 and np.array_equal(
        groups, np.repeat(np.arange(num_groups), len(groups) // num_groups)
    ):
        return jax.nn.logsumexp(logs.reshape(num_groups, -1), axis=1)
    most = jax.ops.segment_max(logs, groups, num_groups)
    safe = jnp.where(jnp.isfinite(most), most, 0.0)
    return jnp.log(jax.ops.segment_sum(jnp.exp(logs - safe[groups]), groups, num_groups)) + safe


def _selected(
    log_law: Float[Array, " n"], alpha: Scalar, selection: str, floor: Floor | None
) -> Float[Array, " n"]:
    """The law sharpened: to its largest entry, or to the power ``alpha``."""
    if selection == "deterministic":
        is_largest = log_law >= log_law.max() - ALIKE[log_law.dtype.name]
        chosen = jax.nn.one_hot(jnp.argmax(is_largest), len(log_law), dtype=bool)
        return jnp.where(chosen, 0.0, -jnp.inf).astype(log_law.dtype)
    if floor == "reference":
        log_law = jnp.maximum(log_law, jnp.log(EPS).astype(log_law.dtype))
    possible = log_law > -jnp.inf
    base = jnp.where(possible, 0.0, -jnp.inf).astype(log_law.dtype)
    return tilted_logits(base, jnp.where(possible, log_law, 0.0), alpha)
