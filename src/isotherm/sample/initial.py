"""States to start chains from."""

import functools
from typing import Any, Literal, NamedTuple, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int8

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.energy.factor import Factor, Quadratic
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.kinds import dense_model
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.variables import Variables
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed, named
from isotherm.sample.betas import times_beta
from isotherm.sample.clamp import (
    Clamp,
    Evidence,
    Values,
    checked_evidence,
    dense_clamp,
    held_variables,
    hold,
)
from isotherm.sample.rounding.temperature import sampling_beta

Init = Literal["independent", "hinton", "uniform"]

SHARES = {"independent": 1.0, "hinton": 0.5, "uniform": 0.0}
"""How much of its own factors' log odds a discrete variable starts with."""


@overload
def initial_state(
    key: KeyOrSeed,
    model: FactorGraph,
    beta: Array | float = 1.0,
    clamp: Evidence | None = None,
    init: Init = "independent",
) -> State: ...


@overload
def initial_state(
    key: KeyOrSeed,
    model: Ising | AbstractLatticeModel,
    beta: Array | float = 1.0,
    clamp: Clamp | Values | None = None,
    init: Init = "independent",
) -> Array: ...


def initial_state(
    key: KeyOrSeed,
    model: Ising | FactorGraph | AbstractLatticeModel,
    beta: Array | float = 1.0,
    clamp: Clamp | Values | Evidence | None = None,
    init: Init = "independent",
) -> State | Array:
    """A random state of any model, each variable drawn from its own :class:`~isotherm.energy.factor.Factor` alone.

    Args:
        key: a JAX key.
        model: parameters may be traced.
        beta: inverse temperature.
        clamp: held variables take their values, where it gives any: as :func:`~isotherm.sample.gibbs.gibbs.gibbs`
            takes it.
        init: for discrete variables ``"independent"`` is the law without interactions, such as ``+1`` with
            probability ``σ(2 beta b_i)``; ``"hinton"`` halves the log odds, ``σ(beta b_i)``, as the reference
            library does; ``"uniform"`` ignores all but what is forbidden. Reals always have the normal law
            without interactions, the standard one where they have no positive precision of their own. Sites of
            lattices are uniform, whatever it says.

    Returns:
        Of a graph an array of shape ``(size,)`` a group, in the dtype of its kind, reals float32; of a dense model
        int8 ``(n,)``; of a lattice an array of its shape.

    Raises:
        TypeError: if ``model`` is none.
        ValueError: if ``init`` is none of these, the evidence is wrong, or the graph has a custom kind, whose
            states only its owner can draw.

    References:
        Hinton, A practical guide to training restricted Boltzmann machines (2012), section 8.

    >>> from isotherm.energy import ising
    >>> state = initial_state(jax.random.key(0), ising([[0, 1]], 1.0, biases=100.0))
    >>> state["s"].tolist()  # such biases leave no choice
    [1, 1]
    """
    kinds = (Ising, FactorGraph, AbstractLatticeModel)
    doors.instance("model", model, kinds, "an Ising model, a FactorGraph or a lattice model")
    if isinstance(model, Ising):
        return initial_spins(key, model, beta, clamp, init)
    key = doors.random_key("key", key)
    doors.choice("init", init, SHARES)
    if isinstance(model, AbstractLatticeModel):
        if clamp is not None:
            raise refusal("clamp", clamp, "lattice models hold nothing; pass to_graph(model)")
        return model.random_state(key)
    held = checked_evidence(model, clamp)
    held_variables(model, held)
    for name, group in model.groups:
        if group.kind == "custom":
            raise refusal("model.groups", name, "is of a custom kind; give its first state yourself")
    beta = sampling_beta(beta, model)
    return hold(model, held, _drawn(model.groups, key, _own(model), SHARES[init] * beta, beta))


def initial_spins(
    key: KeyOrSeed,
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Any = None,
    init: Init = "independent",
) -> Int8[Array, " n"]:
    """Random spins to start a chain from.

    Args:
        key: a JAX key.
        model: dense Ising model of ``n`` spins.
        beta: inverse temperature.
        clamp: held spins take their values.
        init: ``"independent"`` draws ``+1`` with probability ``σ(2 beta b_i)``, the law without couplings;
            ``"hinton"`` with ``σ(beta b_i)`` as the reference library does; ``"uniform"`` with one half.

    Returns:
        int8, shape ``(n,)``.

    Raises:
        ValueError: if ``init`` is none of these, or a clamp is of another number of spins.

    >>> model = Ising.checked(biases=[100.0, -100.0], couplings=0.5)
    >>> initial_spins(jax.random.key(0), model).tolist()  # such biases leave no choice
    [1, -1]
    """
    key = doors.random_key("key", key)
    num_spins = dense_model("model", model).num_spins
    clamp = None if clamp is None else dense_clamp(num_spins, clamp)
    beta = sampling_beta(beta, model).astype(model.biases.dtype)
    doors.choice("init", init, SHARES)
    up = jax.random.bernoulli(key, jax.nn.sigmoid(2 * SHARES[init] * beta * model.biases))
    spins = jnp.where(up, 1, -1).astype(jnp.int8)
    if clamp is None:
        return spins
    return jnp.where(clamp.mask, clamp.values, spins).astype(spins.dtype)


class _Own(NamedTuple):
    """Sums of each variable's own factors: weights, with an axis of values for categories; precisions of reals."""

    weights: dict[str, Any]
    precisions: dict[str, Any]


def _own(graph: FactorGraph) -> _Own:
    weights = {
        name: _sum_of(graph, name, Factor, (group.cardinality,) if group.kind == "categorical" else ())
        for name, group in graph.groups
    }
    reals = [name for name, group in graph.groups if group.kind == "real"]
    return _Own(weights, {name: _sum_of(graph, name, Quadratic, ()) for name in reals})


def _sum_of(graph: FactorGraph, name: str, form: Any, table: tuple[int, ...]) -> Any:
    """On the host as far as parameters are concrete: dispatching each of many factors takes longer."""
    concrete = np.zeros((graph.variables[name].size, *table))
    traced = []
    for factor in graph.factors:
        if isinstance(factor, form) and factor.scope.groups == (name,):
            if isinstance(factor.parameters, Tracer):
                traced.append(factor)
            else:
                at = factor.scope.variables[:, 0]
                np.add.at(concrete, at, np.broadcast_to(factor.parameters, (len(at), *table)))
    total = concrete.astype(np.float32)
    for factor in traced:
        at = factor.scope.variables[:, 0]
        values = jnp.broadcast_to(factor.parameters.astype(jnp.float32), (len(at), *table))
        total = jnp.asarray(total).at[at].add(values)
    return total


@functools.partial(jax.jit, static_argnums=0)
def _drawn(
    groups: tuple[tuple[str, Variables], ...], key: KeyOrSeed, own: _Own, scale: Array, beta: Array
) -> State:
    state = {}
    for name, group in groups:
        stream, weights = named(key, name), own.weights[name]
        if group.kind == "real":
            state[name] = _reals(stream, weights, own.precisions[name], beta)
        elif group.kind == "spin":
            up = jax.random.bernoulli(stream, jax.nn.sigmoid(2 * scale * weights))
            state[name] = jnp.where(up, 1, -1).astype(jnp.int8)
        else:
            state[name] = jax.random.categorical(stream, times_beta(scale, weights)).astype(group.dtype)
    return state


def _reals(key: KeyOrSeed, linear: Array, precisions: Array, beta: Array) -> Float[Array, " size"]:
    has_law = precisions > 0
    safe = jnp.where(has_law, precisions, 1.0)
    normal = jax.random.normal(key, linear.shape, jnp.float32)
    return jnp.where(has_law, linear / safe + normal * jax.lax.rsqrt(beta * safe), normal)
