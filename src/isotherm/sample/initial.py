"""States to start chains of a factor graph from."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.energy.factor import Factor, Quadratic
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.variables import Variables
from isotherm.errors import refusal
from isotherm.random.keys import named
from isotherm.sample.clamp import Evidence, held_variables, hold
from isotherm.sample.conditional import times_beta

Init = Literal["independent", "hinton", "uniform"]

SHARES = {"independent": 1.0, "hinton": 0.5, "uniform": 0.0}
"""How much of its own factors' log odds a discrete variable starts with."""


def initial_state(
    key: Key[Array, ""],
    graph: FactorGraph,
    beta: Array | float = 1.0,
    clamp: Evidence | None = None,
    init: Init = "independent",
) -> State:
    """A random state, each variable drawn from its own :class:`~isotherm.energy.factor.Factor` alone.

    Args:
        key: a JAX key.
        graph: parameters may be traced.
        beta: inverse temperature.
        clamp: held variables take their values, where it gives any.
        init: for discrete variables ``"independent"`` is the law without interactions, such as ``+1`` with
            probability ``σ(2 beta b_i)``; ``"hinton"`` halves the log odds, ``σ(beta b_i)``, as the reference
            library does; ``"uniform"`` ignores all but what is forbidden. Reals always have the normal law
            without interactions, the standard one where they have no positive precision of their own.

    Raises:
        ValueError: if ``init`` is none of these, the evidence is wrong, or the graph has a custom kind, whose
            states only its owner can draw.

    References:
        Hinton, A practical guide to training restricted Boltzmann machines (2012), section 8.
    """
    if init not in SHARES:
        raise refusal("init", init, f"should be one of {', '.join(SHARES)}")
    held_variables(graph, clamp)
    scale = jnp.asarray(SHARES[init] * beta, jnp.float32)
    state = {}
    for name, group in graph.groups:
        if group.kind == "custom":
            raise refusal("graph.groups", name, "is of a custom kind; give its first state yourself")
        own = _coefficients(graph, name, group)
        stream = named(key, name)
        if group.kind == "real":
            state[name] = _reals(stream, own, _precisions(graph, name, group), jnp.asarray(beta, jnp.float32))
        elif group.kind == "spin":
            up = jax.random.bernoulli(stream, jax.nn.sigmoid(2 * scale * own))
            state[name] = jnp.where(up, 1, -1).astype(jnp.int8)
        else:
            state[name] = jax.random.categorical(stream, times_beta(scale, own)).astype(group.dtype)
    return hold(graph, clamp, state)


def _coefficients(graph: FactorGraph, name: str, group: Variables) -> Float[Array, "size *values"]:
    """Sum of each variable's own weights, with an axis of values for categories."""
    shape = (group.size, group.cardinality) if group.kind == "categorical" else (group.size,)
    return _sum_of(graph, name, Factor, shape)


def _precisions(graph: FactorGraph, name: str, group: Variables) -> Float[Array, " size"]:
    return _sum_of(graph, name, Quadratic, (group.size,))


def _sum_of(graph: FactorGraph, name: str, form: Any, shape: tuple[int, ...]) -> Array:
    total = jnp.zeros(shape, jnp.float32)
    for factor in graph.factors:
        if isinstance(factor, form) and factor.scope.groups == (name,):
            at = factor.scope.variables[:, 0]
            values = jnp.asarray(factor.parameters, jnp.float32)
            total = total.at[at].add(jnp.broadcast_to(values, (len(at), *shape[1:])))
    return total


def _reals(key: Key[Array, ""], linear: Array, precisions: Array, beta: Array) -> Float[Array, " size"]:
    has_law = precisions > 0
    safe = jnp.where(has_law, precisions, 1.0)
    normal = jax.random.normal(key, linear.shape, jnp.float32)
    return jnp.where(has_law, linear / safe + normal * jax.lax.rsqrt(beta * safe), normal)
