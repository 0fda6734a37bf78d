"""Metropolis and Hastings' choice between a proposal and what was before."""

from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

StateT = TypeVar("StateT")


class AcceptanceInfo(NamedTuple):
    """What became of a proposal; scalars.

    Attributes:
        acceptance_rate: probability with which it was accepted, in ``[0, 1]``; 1 for moves that always are.
        is_accepted: whether it was.
    """

    acceptance_rate: Float[Array, ""]
    is_accepted: Bool[Array, ""]


def accept(
    key: Key[Array, ""], log_ratio: Float[Array, ""], after: StateT, before: StateT
) -> tuple[StateT, AcceptanceInfo]:
    """The proposal with probability ``min(1, exp(log_ratio))``, else what was before; never where it is NaN.

    Args:
        key: one JAX key.
        log_ratio: of the two, a scalar in nats.
        after: the proposal, a pytree.
        before: likewise, of the same shapes.

    References:
        Hastings, Biometrika 57 (1970) 97.
    """
    log_ratio = jnp.where(jnp.isnan(log_ratio), -jnp.inf, log_ratio)
    accepted = jnp.log(jax.random.uniform(key, (), log_ratio.dtype)) < log_ratio
    chosen = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), after, before)
    return chosen, AcceptanceInfo(jnp.exp(jnp.minimum(log_ratio, 0)), accepted)
