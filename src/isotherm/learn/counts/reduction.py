"""Bayesian model reduction: evidence and posterior of another prior, from the posterior under the first one."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.learn.counts.checks import check_shape, checked_counts


class Reduction(NamedTuple):
    """What another prior would have made of the same data.

    Attributes:
        delta_F: ``ln p(data | full) - ln p(data | reduced)`` of each column, ``(*columns,)``, in nats: below 0, the
            data speak for the reduced prior; infinite, they rule it out.
        posterior: counts under the reduced prior, ``(events, *columns)``.
    """

    delta_F: Float[Array, "*columns"]
    posterior: Float[Array, "events *columns"]


def reduced(q: Any, p: Any, r: Any) -> Reduction:
    """Compare two Dirichlet priors of the same columns, without the data that were counted.

    Sum ``delta_F`` over the columns that are changed together. Log gamma functions of large counts are subtracted:
    compute in float64 where counts exceed a few hundred.

    Args:
        q: posterior counts, array-like of shape ``(events, *columns)``, nowhere below ``p - r``.
        p: prior counts that they came from, of the same shape.
        r: counts of the other prior, of the same shape; 0 rules an event out.

    Returns:
        Of a posterior that would be negative, which no data can give, ``delta_F`` is NaN.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a count below 0, a shape, or ``q`` where it is below ``p - r``.

    References:
        Friston, Parr and Zeidman, Bayesian model reduction, arXiv:1805.07092 (2018).

    >>> found = reduced([2.0, 5.0], p=[1.0, 1.0], r=[0.1, 1.0])
    >>> round(float(found.delta_F), 3), [round(float(s), 3) for s in found.posterior]
    (0.732, [1.1, 5.0])
    """
    q, p, r = (checked_counts(field, values) for field, values in (("q", q), ("p", p), ("r", r)))
    for field, found in (("p", p), ("r", r)):
        check_shape(field, found.shape, q.shape)
    posterior = r + (q - p)  # exactly r where nothing was counted
    if not doors.is_traced(posterior) and bool((posterior < 0).any()):
        raise refusal("q", float(q[posterior < 0][0]), "must nowhere be below p - r")
    gained = _log_norm_ratio(q, p) - _log_norm_ratio(posterior, r)
    return Reduction(jnp.where((posterior < 0).any(0), jnp.nan, gained), posterior)


def _log_norm_ratio(after: Float[Array, "..."], before: Float[Array, "..."]) -> Float[Array, "..."]:
    """``ln B(after) - ln B(before)``, the log evidence; events that both rule out are left out."""
    is_out = before <= 0
    known = gammaln(jnp.where(after > 0, after, 1.0)) - gammaln(jnp.where(is_out, 1.0, before))
    per_event = jnp.where(is_out, jnp.where(after > 0, -jnp.inf, 0.0), known)
    return per_event.sum(0) - _log_gamma_of_total(after) + _log_gamma_of_total(before)


def _log_gamma_of_total(counts: Float[Array, "..."]) -> Float[Array, "..."]:
    total = counts.sum(0)
    return jnp.where(total > 0, gammaln(jnp.where(total > 0, total, 1.0)), 0.0)
