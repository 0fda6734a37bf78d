"""Curvature of an objective at raw parameters: the Hessian, its trace and norm, and an estimate of the trace."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.encoding import NESTED
from isotherm.market.parameters.restore import set_of, split_record
from isotherm.random.keys import KeyOrSeed

Params = Mapping[str, Any]
Objective = Callable[[Any], Float[Array, ""]]
Scalar = Float[Array, ""]

MOST_EXACT = 64
"""Numbers in a set from which on an estimate of the trace costs less than the trace."""

PENALTY = 1e-4
"""Weight of the trace where training uses it."""


class TraceEstimate(NamedTuple):
    """An estimate and its error.

    Attributes:
        trace: mean over probes.
        standard_error: of the mean.
    """

    trace: Scalar
    standard_error: Scalar


def hessian(objective: Objective, params: Params, exclude: Collection[str] = ()) -> Float[Array, "D D"]:
    """Second derivatives of an objective by every number of a set, by forward over reverse.

    Args:
        objective: of a parameter set to a scalar; twice differentiable.
        params: arrays of one set, any shapes; ``subsidary_params`` is held.
        exclude: keys that are held too.

    Returns:
        Shape ``(D, D)``, parameters in the order of their names.

    Raises:
        ValueError: naming an excluded key that is not there, or that nothing is left.

    >>> hessian(lambda p: (p["x"] ** 2).sum() * p["y"], {"x": jnp.ones(2), "y": jnp.array(3.0)}, ["y"]).tolist()
    [[6.0, 0.0], [0.0, 6.0]]
    """
    flat, function = _flat(objective, params, exclude)
    return jax.jacfwd(jax.grad(function))(flat)


def hessian_trace(objective: Objective, params: Params, exclude: Collection[str] = ()) -> Scalar:
    """Trace of :func:`hessian`, of which only the diagonal is kept.

    Raises:
        ValueError: as :func:`hessian`.

    >>> float(hessian_trace(lambda p: (p["x"] ** 2).sum(), {"x": jnp.ones(3)}))
    6.0
    """
    flat, function = _flat(objective, params, exclude)
    slope = jax.grad(function)

    def curvature(total: Scalar, index: Array) -> tuple[Scalar, None]:
        direction = jnp.zeros_like(flat).at[index].set(1.0)
        return total + jax.jvp(slope, (flat,), (direction,))[1][index], None

    return jax.lax.scan(curvature, jnp.zeros((), flat.dtype), jnp.arange(flat.size))[0]


def hessian_frobenius(objective: Objective, params: Params, exclude: Collection[str] = ()) -> Scalar:
    """Root of the sum of squares of :func:`hessian`.

    Raises:
        ValueError: as :func:`hessian`.

    >>> float(hessian_frobenius(lambda p: 1.5 * (p["x"] ** 2).sum(), {"x": jnp.ones(4)}))
    6.0
    """
    return jnp.sqrt(jnp.square(hessian(objective, params, exclude)).sum())


def hutchinson_trace(
    objective: Objective,
    params: Params,
    key: KeyOrSeed,
    num_probes: int = 64,
    exclude: Collection[str] = (),
) -> TraceEstimate:
    r"""Estimate of the trace, the mean of :math:`v^T H v` over random signs :math:`v`, without any matrix.

    Unbiased, with variance :math:`2 \sum_{i \ne j} H_{ij}^2` a probe: exact for a diagonal Hessian.

    Args:
        objective: as for :func:`hessian`.
        params: as for :func:`hessian`.
        key: a JAX key.
        num_probes: 2 or more.
        exclude: keys that are held.

    Raises:
        TypeError: if ``key`` is no JAX key.
        ValueError: as :func:`hessian`, or naming a number of probes.

    References:
        Hutchinson, Communications in Statistics 19 (1990).

    >>> found = hutchinson_trace(lambda p: (p["x"] ** 2).sum(), {"x": jnp.ones(100)}, jax.random.key(0))
    >>> float(found.trace), float(found.standard_error)
    (200.0, 0.0)
    """
    key = doors.random_key("key", key)
    doors.whole("num_probes", num_probes, 2)
    flat, function = _flat(objective, params, exclude)
    slope = jax.grad(function)

    def probe(key: Key[Array, ""]) -> Scalar:
        signs = jax.random.rademacher(key, flat.shape, flat.dtype)
        return signs @ jax.jvp(slope, (flat,), (signs,))[1]

    found = jax.lax.map(probe, jax.random.split(key, num_probes))
    return TraceEstimate(found.mean(), found.std(ddof=1) / jnp.sqrt(jnp.asarray(num_probes, flat.dtype)))


def with_hessian_penalty(
    objective: Objective, exclude: Collection[str] = (), weight: float | int = PENALTY
) -> Objective:
    """An objective plus ``weight`` times its trace, as ``train_on_hessian_trace`` asks for; differentiable.

    >>> penalised = with_hessian_penalty(lambda p: (p["x"] ** 2).sum(), weight=0.5)
    >>> float(penalised({"x": jnp.ones(3)}))
    6.0
    """
    return lambda params: objective(params) + weight * hessian_trace(objective, params, exclude)


def recalculated_hessian_trace(
    record: Mapping[str, Any], objective: Objective, chosen: int, exclude: Collection[str] = ()
) -> float:
    """Trace at the parameters of a step's record, in float64.

    Args:
        record: of a result file; what is no parameter in it is dropped.
        objective: of one parameter set to a scalar.
        chosen: index of the set.
        exclude: keys that are held.

    Raises:
        ValueError: naming a set that is not there, or as :func:`hessian`.
    """
    params = set_of(split_record(record)[0], chosen)
    with jax.enable_x64(True):
        arrays = {key: value if key == NESTED else jnp.asarray(value) for key, value in params.items()}
        return float(hessian_trace(objective, arrays, exclude))


def _flat(
    objective: Objective, params: Params, exclude: Collection[str]
) -> tuple[Array, Callable[[Array], Scalar]]:
    """Numbers that are varied, and the objective of them."""
    for key in exclude:
        if key not in params:
            raise refusal("exclude", key, f"is no parameter; there are {', '.join(sorted(params))}")
    held = {key: value for key, value in params.items() if key in (*exclude, NESTED)}
    varied = {key: jnp.asarray(value) for key, value in params.items() if key not in held}
    flat, restored = ravel_pytree(varied)
    if flat.size == 0:
        raise refusal("exclude", sorted(exclude), "leaves no parameter")
    return flat, lambda x: objective({**restored(x), **held})
