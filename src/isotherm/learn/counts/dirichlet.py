"""Dirichlet laws of columns of probabilities: mean, divergence and novelty; what a window of steps adds to counts.

Events are along the first axis, the other axes number columns, each with a law of its own. There is no axis of
agents: ``jax.vmap`` adds one.

A step counts with the total of its own beliefs, which is 1 where they are laws. A support says which entries may have
a count: what falls outside is spread over the support in proportion, so that the step's total stays; a step that has
nothing on the support is not counted. Padded steps, rows of zeros, count nothing.
"""

from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln
from jaxtyping import Array, Bool, Float, Int

from isotherm import doors
from isotherm.energy.hidden.logs import EPS, Floor, is_floored
from isotherm.learn.counts.checks import check_shape, checked_counts

Form = Literal["exact", "legacy"]
Support = Bool[Array | np.ndarray, "..."]

_SERIES = (1 / 2, -1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760)
"""Of ``digamma(x + 1) - ln x`` in ``1/x, 1/x**2, 1/x**4, ...``."""


def dirichlet_mean(counts: Any, axis: int = 0, floor: Floor | None = None) -> Float[Array, "..."]:
    """Mean of a Dirichlet law: counts over their sum.

    Args:
        counts: array-like, at least 0, ``(events, *columns)`` for axis 0.
        axis: of events.
        floor: ``"reference"`` raises counts to 2.2e-16 before, which reopens entries that are zero.

    Returns:
        Shaped as ``counts``. A column without any count is uniform, zeros of others stay.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a count below 0, an axis that is not there, or another word for ``floor``.

    >>> dirichlet_mean(jnp.array([[3.0, 0.0], [1.0, 0.0]])).tolist()
    [[0.75, 0.5], [0.25, 0.5]]
    """
    counts = checked_counts("counts", counts)
    axis = doors.whole("axis", axis, -counts.ndim, counts.ndim - 1)
    counts = jnp.maximum(counts, EPS) if is_floored(floor) else counts
    total = counts.sum(axis, keepdims=True)
    is_empty = total == 0
    return jnp.where(is_empty, 1.0 / counts.shape[axis], counts / jnp.where(is_empty, 1.0, total))


def dirichlet_kl(q: Any, p: Any) -> Float[Array, "..."]:
    r"""Divergence of each column, :math:`KL[Dir(q) || Dir(p)] = \sum_i` of closed form, in nats.

    Counts are raised to 2.2e-16 where they are below. Of large counts float32 keeps few digits.

    Args:
        q: counts, shape ``(events, *columns)``.
        p: counts, of the same shape.

    Returns:
        Shape ``(*columns,)``, at least 0.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a count below 0, or a shape.

    References:
        Penny, Kullback-Leibler divergences of normal, gamma, Dirichlet and Wishart densities (2001).

    >>> round(float(dirichlet_kl([1.0, 3.0], [2.0, 2.0])), 4)
    0.8069
    """
    q, p = checked_counts("q", q), checked_counts("p", p)
    check_shape("p", p.shape, q.shape)
    q, p = jnp.maximum(q, EPS), jnp.maximum(p, EPS)
    total = q.sum(0)
    slope = digamma(q) - digamma(total)[None]
    inner = gammaln(p) - gammaln(q) + (q - p) * slope
    return gammaln(total) - gammaln(p.sum(0)) + inner.sum(0)


def novelty_weight(counts: Any, form: Form = "exact") -> Float[Array, "events *columns"]:
    r"""What seeing an event once more is expected to teach of its column, at least 0 up to rounding, in nats.

    .. math:: w = \ln \alpha_0 - \ln \alpha + \psi(\alpha + 1) - \psi(\alpha_0 + 1)

    Evaluated so that float32 keeps its digits for counts from 1e-12 to 1e12.

    Args:
        counts: shape ``(events, *columns)``, at least 0.
        form: ``"exact"``, or ``"legacy"`` for the large-count limit ``(1/alpha - 1/alpha_0) / 2``.

    Returns:
        Shaped as ``counts``; 0 where a count is 0. Gradients are finite.

    Raises:
        TypeError: if ``counts`` are no numbers.
        ValueError: naming a count below 0, or another form.

    References:
        Friston et al., Active inference, curiosity and insight, Neural Computation 29 (2017).

    >>> [round(float(w), 4) for w in novelty_weight([1.0, 3.0])]
    [0.303, 0.0377]
    """
    counts = checked_counts("counts", counts)
    doors.choice("form", form, ("exact", "legacy"))
    alpha = jnp.maximum(counts, EPS)
    total = alpha.sum(0, keepdims=True)
    term = _excess if form == "exact" else lambda x: 0.5 / x
    return jnp.where(counts > 0, term(alpha) - term(total), 0.0)


def _excess(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """``digamma(x + 1) - ln x``, without the difference of large numbers."""
    start = 16.0 if x.dtype == jnp.float64 else 4.0  # where the next term of the series is below rounding
    is_large = x > start
    small, inverse = jnp.where(is_large, 1.0, x), 1.0 / jnp.where(is_large, x, start)
    series = jnp.zeros_like(x)
    for coefficient in _SERIES[:0:-1]:
        series = (series + coefficient) * inverse * inverse
    return jnp.where(is_large, series + _SERIES[0] * inverse, digamma(small + 1.0) - jnp.log(small))


def updated(
    counts: Float[Array, "*shape"],
    added: Float[Array, "*shape"],
    *,
    rate: Float[Array, ""] | float = 1.0,
    forgetting: Float[Array, ""] | float = 1.0,
    base: Float[Array, "*shape"] | None = None,
    support: Bool[Array | np.ndarray, "*shape"] | None = None,
) -> Float[Array, "*shape"]:
    """Counts after an update, ``base + forgetting (counts - base) + rate added``.

    Where every update adds a total of ``n``, totals approach that of ``base`` plus ``rate n / (1 - forgetting)``.

    Args:
        counts: before, any shape ``(*shape,)``.
        added: what was counted, of the same shape.
        rate: learning rate, at least 0.
        forgetting: share that stays, within 0 .. 1; 1 forgets nothing.
        base: counts that are never forgotten, of the same shape; None: 0.
        support: where anything may be added, of the same shape; None: everywhere.
    """
    added = added if support is None else jnp.where(support, added, 0.0)
    kept = 0.0 if base is None else (1.0 - forgetting) * base
    return forgetting * counts + kept + rate * added


def observation_counts(
    obs: Float[Array, "steps events"],
    beliefs: Sequence[Float[Array, "steps _"]],
    parents: Sequence[int],
    support: Support | None = None,
) -> Float[Array, "..."]:
    """Counts of an observation law ``A``: the sum over steps of observations times beliefs of the parents.

    Args:
        obs: probabilities of symbols, a row a step; a row of zeros for a step without observation.
        beliefs: of every factor, ``(steps, S_f)``.
        parents: factors that the modality depends on, in the order of A's axes.
        support: shaped as the result, True where a count may be; None: everywhere.

    Returns:
        Shape ``(events, *S_parents)``.

    >>> row, certain = jnp.array([[0.0, 1.0]]), jnp.array([[1.0, 0.0]])
    >>> observation_counts(row, [certain], [0]).tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    return _summed([obs, *(beliefs[factor] for factor in parents)], support)


def transition_counts(
    joints: Float[Array, "steps ..."] | Sequence[Float[Array, "steps _"]],
    actions: Int[Array | np.ndarray, " steps"],
    num_controls: int,
    valid: Bool[Array | np.ndarray, " steps"] | None = None,
    support: Support | None = None,
) -> Float[Array, "..."]:
    """Counts of a transition law ``B``: the sum over steps of the joint belief, under the control that was used.

    Args:
        joints: p(next, parents), ``(steps, S_next, *S_parents)``; or a list of beliefs, ``(steps, S)`` of the next
            state and of each parent, whose outer product it is.
        actions: flat control of the factor; -1, like any number outside ``0 .. num_controls - 1``, counts nothing.
        num_controls: of the factor, 1 or more.
        valid: False for steps that count nothing, see :func:`valid_transitions`; None: all are.
        support: shaped as the result, True where a count may be; None: everywhere.

    Returns:
        Shape ``(S_next, *S_parents, num_controls)``.

    >>> joint = jnp.array([[[0.5, 0.0], [0.0, 0.5]]])
    >>> transition_counts(joint, jnp.array([1]), 2).tolist()
    [[[0.0, 0.5], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.5]]]
    """
    parts = [joints] if isinstance(joints, jax.Array) else list(joints)
    used = jax.nn.one_hot(jnp.asarray(actions), num_controls, dtype=parts[0].dtype)
    if valid is not None:
        used = jnp.where(jnp.asarray(valid)[:, None], used, 0.0)
    return _summed([*parts, used], support)


def valid_transitions(actions: Int[Array | np.ndarray, "steps factors"]) -> Bool[Array, " steps"]:
    """Whether each step's transition counts, ``(steps,)``: not if the action of any factor is -1."""
    return (jnp.asarray(actions) >= 0).all(-1)


def first_state_counts(
    counts: Float[Array, " states"], belief: Float[Array, " states"], rate: Float[Array, ""] | float = 1.0
) -> Float[Array, " states"]:
    """Counts of the first state after an episode, ``(states,)``: its belief is added where a count is above 0."""
    return jnp.where(counts > 0, counts + rate * belief, counts)


def _summed(parts: list[Float[Array, "steps ..."]], support: Support | None) -> Float[Array, "..."]:
    """Sum over the first axis of outer products over the others; each step keeps its total on the support."""
    operands, axes = _labelled(parts)
    if support is None:
        return jnp.einsum(*operands, axes)
    inside = jnp.asarray(support).astype(parts[0].dtype)
    mass = jnp.einsum(inside, axes, *operands, [0])
    total = jnp.stack([part.sum(range(1, part.ndim)) for part in parts]).prod(0)
    # Below, the quotient would leave the floats.
    is_there = mass >= jnp.finfo(mass.dtype).tiny
    scale = jnp.where(is_there, total / jnp.where(is_there, mass, 1.0), 0.0)
    return inside * jnp.einsum(scale, [0], *operands, axes)


def _labelled(parts: list[Float[Array, "steps ..."]]) -> tuple[list, list[int]]:
    """Operands of ``einsum`` that share their first axis, number 0; and the numbers of all others."""
    operands: list = []
    count = 0
    for part in parts:
        own = range(count + 1, count + part.ndim)
        operands += [part, [0, *own]]
        count += part.ndim - 1
    return operands, list(range(1, count + 1))
