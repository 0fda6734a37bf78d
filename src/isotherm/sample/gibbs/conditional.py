"""Conditionals: from the terms of a variable's energy to a draw of the variable, for many chains at once."""

import functools
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from isotherm.energy.factor import AbstractFactor
from isotherm.sample.gibbs.incidence import Evaluation, Product
from isotherm.sample.gibbs.plan import Indices, Terms

MAX_UNROLLED_DEGREE = 16
"""Most terms whose sum is written out: with four it runs four times faster than a reduction of XLA's."""

Stores = dict[str, Any]
"""States by store, shape ``(places, chains)``; leaves of custom kinds ``(size, ..., chains)``."""


@runtime_checkable
class Conditional(Protocol):
    """How a user draws the variables of one group, given all others; one chain at a time.

    Make it an ``eqx.Module`` if it holds arrays.
    """

    def init(self, values: PyTree) -> PyTree:
        """What the conditional carries from call to call; leaves lead with the group's size, as values do."""
        ...

    def sample(
        self,
        key: Key[Array, ""],
        local_energy: Callable[[PyTree], Float[Array, " width"]],
        values: PyTree,
        carry: PyTree,
    ) -> tuple[PyTree, PyTree]:
        """New values and carry of some variables of the group, none of which interacts with another.

        Args:
            key: a JAX key.
            local_energy: ``beta`` times the energy of the factors of each variable, as a function of the
                values; the law to leave invariant is ``exp(-local_energy)``.
            values: their values now, shape ``(width,)``; leaves that lead with it for a custom kind.
            carry: what they carry.
        """
        ...


def weighted_sum(
    terms: Terms, weights: Float[Array, " weights"], stores: Stores, cardinality: int, width: int
) -> Float[Array, "..."]:
    """Coefficient of each variable: ``(width, chains)``, or ``(cardinality, width, chains)`` for categories.

    The axis of chains has length 1 where nothing differs between them.
    """
    assert isinstance(terms.sort, Product)
    num_spins, num_categories, num_reals = terms.sort
    offset, stride, *rest = (_wide(column, len(terms.shape)) for column in terms.columns)
    spins, rest = rest[:num_spins], rest[num_spins:]
    categories, rest = rest[:num_categories], rest[num_categories:]
    reals, strides = rest[:num_reals], rest[num_reals:]
    at = offset
    for place, step in zip(categories, strides, strict=True):
        at = at + _gather(stores["categorical"], place).astype(jnp.int32) * step
    if cardinality:
        own = jnp.arange(cardinality, dtype=jnp.int32).reshape(-1, *(1,) * at.ndim)
        at = at[None] + own * stride[None]
    product = weights[at]
    for place in spins:
        product = product * _lead(_gather(stores["spin"], place).astype(jnp.float32), product)
    for place in reals:
        product = product * _lead(_gather(stores["real"], place), product)
    shape = (*product.shape[:1], *terms.shape) if cardinality else terms.shape
    return add_up(terms, jnp.broadcast_to(product, (*shape, product.shape[-1])), width)


def add_up(terms: Terms, values: Float[Array, "... chains"], width: int) -> Float[Array, "... width chains"]:
    """Sum of the terms of each variable, from ``(..., *terms.shape, chains)``."""
    if terms.heads is None:
        if terms.shape[0] > MAX_UNROLLED_DEGREE:
            return values.sum(axis=-3)
        return functools.reduce(jnp.add, (values[..., d, :, :] for d in range(terms.shape[0])))
    zeros = jnp.zeros((*values.shape[:-2], width, values.shape[-1]), values.dtype)
    return zeros.at[..., terms.heads, :].add(values)


def energies(
    terms: Terms, factor: AbstractFactor, stores: Stores, own: PyTree, width: int
) -> Float[Array, "width chains"]:
    """Energy of each variable's factors of one sort at the values ``own``, leaves ``(width, ..., chains)``."""
    assert isinstance(terms.sort, Evaluation)
    row, exists, *places = (jnp.broadcast_to(column, terms.shape) for column in terms.columns)
    parameters = jax.tree.map(
        lambda leaf: jnp.asarray(leaf)[row if leaf.shape[0] > 1 else jnp.zeros_like(row)], factor.parameters
    )
    mine = jax.tree.map(lambda leaf: _of_terms(leaf, terms), own)
    argument, *places = places if terms.sort.alike else (None, *places)
    values = [
        jax.tree.map(lambda leaf, at=place: leaf[at], stores[store])
        for store, place in zip(terms.sort.others, places, strict=True)
    ]
    for j in terms.sort.alike:
        values[j] = jax.tree.map(lambda new, old, at=j: _where(argument == at, new, old), mine, values[j])
    if not terms.sort.alike:
        values.insert(terms.sort.argument, mine)
    evaluate = jax.vmap(factor.energy_of, in_axes=(None, *(-1 for _ in values)))
    for _ in terms.shape:
        evaluate = jax.vmap(evaluate)
    found = evaluate(parameters, *values).astype(jnp.float32)
    return add_up(terms, jnp.where(exists[..., None] > 0, found, 0.0), width)


def draw_spins(fields: Float[Array, "width chains"], beta: Array, uniforms: Float[Array, "width chains"]):
    """Up with probability ``σ(2 beta field)``: int8 in the shape ``(width, chains)`` of fields and uniforms."""
    return jnp.where(uniforms * (1 + jnp.exp(-2 * beta * fields)) < 1, 1, -1).astype(jnp.int8)


def draw_categories(
    logits: Float[Array, "values width chains"], now: Array, uniforms: Float[Array, "width chains"]
) -> Array:
    """A value by running sum from one uniform; where all are forbidden, the variable stays as it is.

    Args:
        logits: shape ``(values, width, chains)``; minus infinity forbids.
        now: the values, ``(width, chains)``.
        uniforms: in ``[0, 1)``, ``(width, chains)``.

    Returns:
        ``(width, chains)``, in the dtype of ``now``.
    """
    top = logits.max(axis=0)
    weights = jnp.exp(logits - jnp.where(jnp.isneginf(top), 0.0, top)[None])
    total, levels = jax.lax.scan(_running, jnp.zeros_like(top), weights, unroll=min(len(weights), 16))
    drawn = (levels <= (uniforms * total)[None]).sum(axis=0, dtype=now.dtype)
    return jnp.where(jnp.isneginf(top), now, drawn)


def draw_reals(
    linear: Float[Array, "width chains"],
    precisions: Float[Array, "width 1"],
    beta: Array,
    uniforms: Float[Array, "width chains"],
) -> Float[Array, "width chains"]:
    """Normal with mean ``linear / precision`` and variance ``1 / (beta precision)``.

    Args:
        linear: shape ``(width, chains)``.
        precisions: above 0, shape ``(width, 1)``.
        beta: inverse temperature, above 0, one number or one a chain.
        uniforms: multiples of ``2**-24`` in ``[0, 1)``, shape ``(width, chains)``.

    Returns:
        Shape ``(width, chains)``.
    """
    # uniforms are multiples of 2**-24: half a step, exact in float32, keeps both ends finite
    normal = 2.0**0.5 * jax.lax.erf_inv(2 * uniforms - 1 + 2.0**-24)
    return linear / precisions + normal * jax.lax.rsqrt(beta * precisions)


def _running(total: Array, weight: Array) -> tuple[Array, Array]:
    return total + weight, total + weight


def _wide(column: Indices, rank: int) -> Array:
    column = jnp.asarray(column)
    return column.reshape((1,) * (rank + 1)) if column.ndim == 0 else column[..., None]


def _gather(store: Array, place: Array) -> Array:
    """States at places of shape ``(..., 1)``, as ``(..., chains)``."""
    return store[place[..., 0]]


def _lead(factor: Array, product: Array) -> Array:
    return factor.reshape((1,) * (product.ndim - factor.ndim) + factor.shape)


def _where(is_own: Array, own: Array, old: Array) -> Array:
    """The one or the other, by term; axes after those of terms follow."""
    return jnp.where(is_own.reshape(*is_own.shape, *(1,) * (old.ndim - is_own.ndim)), own, old)


def _of_terms(own: Array, terms: Terms) -> Array:
    """Each term's own value: leaves ``(*terms.shape, ..., chains)``."""
    if terms.heads is not None:
        return own[terms.heads]
    return jnp.broadcast_to(own[None], (terms.shape[0], *own.shape))
