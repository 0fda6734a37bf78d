"""The path of a pool with a fee as one scan, its reverse scan, and both over sets of parameters.

Arrays have rows first and sets last; a set axis of 1 serves all sets. A row is solved only where some set may trade,
which ``vmap`` keeps: it adds to the axis of sets instead of turning the condition into a choice between both sides.
Going back, a row with trades is differentiated with their signatures as they were taken, and a row without has
nothing to do; what is kept for it are reserves and signatures.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Float, Int

from isotherm.market.pools.step import (
    Codes,
    Outcome,
    RowInputs,
    StepRules,
    advanced,
    idle,
    may_trade,
    replayed,
    supplied,
)
from isotherm.market.pools.trade import Tokens

RowTokens = Float[Array, "rows tokens #sets"]
RowCodes = Int[Array, "rows 2 sets"]


def scanned(rules: StepRules, reserves: Tokens, rows: RowInputs) -> Outcome:
    """Reserves after each row, fees and trades of each, with rows leading.

    Args:
        rules: what the step is made for.
        reserves: before the first row, ``(tokens, sets)``.
        rows: inputs, each with rows, or 1, leading and sets, or 1, last.
    """
    return _differentiable(rules, reserves, rows)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _differentiable(rules: StepRules, reserves: Tokens, rows: RowInputs) -> Any:
    return _forward(rules)(reserves, rows)[0]


def _kept(rules: StepRules, reserves: Tokens, rows: RowInputs) -> tuple[Outcome, Any]:
    outcome, codes = _forward(rules)(reserves, rows)
    return outcome, (reserves, rows, outcome.reserves, codes)


def _back(rules: StepRules, kept: Any, cotangents: Outcome) -> tuple[Tokens, RowInputs]:
    reserves, rows, after, codes = kept
    before = jnp.concatenate([reserves[None], after[:-1]])
    of_reserves, of_rows = _backward(rules)(before, rows, codes, cotangents)
    return of_reserves, jax.tree.map(_shared, of_rows, rows)


_differentiable.defvjp(_kept, _back)


def _shared(cotangent: Array, value: Array) -> Array:
    """Summed over sets where one value served them all."""
    return cotangent if cotangent.shape == value.shape else cotangent.sum(-1, keepdims=True)


@functools.cache
def _forward(rules: StepRules) -> Callable[[Tokens, RowInputs], tuple[Outcome, RowCodes]]:
    def path(reserves: Tokens, rows: RowInputs) -> tuple[Outcome, RowCodes]:
        moving, row_of = _parted(rows)
        ratios = tuple(rows.prices / w for w in (rows.before, rows.weights)[: 1 + rules.moves])

        def step(reserves: Tokens, inputs: tuple[Moving, tuple[Tokens, ...]]) -> tuple[Tokens, Any]:
            row = row_of(inputs[0])
            found = jax.lax.cond(
                may_trade(rules, supplied(reserves, row), row, inputs[1]),
                lambda: advanced(rules, reserves, row),
                lambda: idle(rules, reserves, row),
            )
            return found[0].reserves, found

        return jax.lax.scan(step, reserves, (moving, ratios))[1]

    return _over_sets(path)


@functools.cache
def _backward(rules: StepRules) -> Callable[..., tuple[Tokens, RowInputs]]:
    def path(before: RowTokens, rows: RowInputs, codes: RowCodes, given: Outcome) -> tuple[Tokens, RowInputs]:
        moving, row_of = _parted(rows)
        sets = before.shape[-1]

        def step(
            carry: tuple[Tokens, Moving], inputs: tuple[Tokens, Moving, Codes, Outcome]
        ) -> tuple[tuple[Tokens, Moving], Moving]:
            (adjoint, total), (reserves, at, codes, given) = carry, inputs
            row, codes, given = jax.tree.map(
                lambda x: jnp.broadcast_to(x, (*x.shape[:-1], sets)), (row_of(at), codes, given)
            )
            given = given._replace(reserves=given.reserves + adjoint)
            has_traded = (codes != 0).any()
            if row.swap is not None:
                has_traded = has_traded | (row.swap[2] > 0).any()

            def through(play: Callable[[Tokens, RowInputs], Outcome]) -> tuple[Tokens, RowInputs]:
                return jax.vjp(play, reserves, row)[1](given)

            adjoint, of_row = jax.lax.cond(
                has_traded,
                lambda: through(functools.partial(replayed, rules, codes)),
                lambda: through(lambda reserves, row: idle(rules, reserves, row)[0]),
            )
            of_row = jax.tree.leaves(of_row)
            total = [t if x is not None else t + o for t, x, o in zip(total, at, of_row, strict=True)]
            return (adjoint, total), [o if x is not None else None for x, o in zip(at, of_row, strict=True)]

        zeros: Moving = [
            jnp.zeros((), leaf.dtype) if x is not None else jnp.zeros((*leaf.shape[1:-1], sets), leaf.dtype)
            for x, leaf in zip(moving, jax.tree.leaves(rows), strict=True)
        ]
        start = (jnp.zeros_like(before[0]), zeros)
        (adjoint, total), each = jax.lax.scan(step, start, (before, moving, codes, given), reverse=True)
        of_rows = [t[None] if e is None and t is not None else e for t, e in zip(total, each, strict=True)]
        return adjoint, jax.tree.unflatten(jax.tree.structure(rows), of_rows)

    return _over_sets(path)


Moving = list[Array | None]
"""Leaves of inputs that differ from row to row, None in the place of others."""


def _parted(rows: RowInputs) -> tuple[Moving, Callable[[Moving], RowInputs]]:
    """What a scan reads row by row, and how a row is made of it: what all rows share stays outside, twice as fast."""
    leaves, structure = jax.tree.flatten(rows)
    is_moving = [len(leaf) == len(rows.weights) for leaf in leaves]

    def row_of(moving: Moving) -> RowInputs:
        return jax.tree.unflatten(
            structure, [leaf[0] if x is None else x for x, leaf in zip(moving, leaves, strict=True)]
        )

    return [leaf if moves else None for leaf, moves in zip(leaves, is_moving, strict=True)], row_of


def _over_sets(path: Callable[..., Any]) -> Callable[..., Any]:
    """The path, with ``vmap`` merged into the last axis of all arguments and results."""

    @functools.cache
    def of_leaves(structure: Any) -> Callable[..., Any]:
        """For arguments of one structure, told leaf by leaf: JAX derives no batched rule where one holds None."""

        @custom_vmap
        def batched(*leaves: Array) -> Any:
            return path(*jax.tree.unflatten(structure, leaves))

        @batched.def_vmap
        def _rule(size: int, is_batched: Sequence[bool], *leaves: Array) -> tuple[Any, Any]:
            if not any(is_batched):  # of tangents alone, in a forward derivative; to merge them would not end
                found = path(*jax.tree.unflatten(structure, leaves))
                return found, jax.tree.map(lambda _: False, found)
            sets = max(leaf.shape[-1] for leaf in leaves)
            first, *others = (_merged(x, has, size, sets) for x, has in zip(leaves, is_batched, strict=True))
            # reserves come first, and tell a path how many sets there are
            found = batched(jnp.broadcast_to(first, (*first.shape[:-1], size * sets)), *others)
            apart = jax.tree.map(lambda x: x.reshape(*x.shape[:-1], size, sets), found)
            leading = jax.tree.map(lambda x: jnp.moveaxis(x, -2, 0), apart)
            return leading, jax.tree.map(lambda _: True, found)

        return batched

    def over_sets(*arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        return of_leaves(structure)(*leaves)

    return over_sets


def _merged(x: Array, has_axis: bool, size: int, sets: int) -> Array:
    """A leaf with a new axis of sets, or for all of them, in its last axis; what serves all sets stays as it is."""
    if not has_axis and x.shape[-1] == 1:
        return x
    x = jnp.moveaxis(x, 0, -2) if has_axis else x[..., None, :]
    wide = jnp.broadcast_to(x, (*x.shape[:-2], size, sets))
    return wide.reshape(*x.shape[:-2], size * sets)
