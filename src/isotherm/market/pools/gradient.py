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
from jaxtyping import Array, Int

from isotherm.market.pools.step import (
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

Codes = Int[Array, "rows 2 sets"]


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
def _forward(rules: StepRules) -> Callable[[Tokens, RowInputs], tuple[Outcome, Codes]]:
    def path(reserves: Tokens, rows: RowInputs) -> tuple[Outcome, Codes]:
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
    def path(before: Tokens, rows: RowInputs, codes: Codes, given: Outcome) -> tuple[Tokens, RowInputs]:
        moving, row_of = _parted(rows)
        sets = before.shape[-1]

        def step(
            carry: tuple[Tokens, Moving], inputs: tuple[Tokens, Moving, Codes, Outcome]
        ) -> tuple[tuple[Tokens, Moving], Moving]:
            (adjoint, total), (reserves, at, codes, given) = carry, inputs
            row = jax.tree.map(lambda x: jnp.broadcast_to(x, (*x.shape[:-1], sets)), row_of(at))
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
    batched = custom_vmap(path)

    @batched.def_vmap
    def _rule(size: int, is_batched: Sequence[Any], *arguments: Any) -> tuple[Any, Any]:
        sets = max(leaf.shape[-1] for leaf in jax.tree.leaves(arguments))

        def merged(x: Array, has_axis: bool) -> Array:
            if not has_axis and x.shape[-1] == 1:
                return x
            x = jnp.moveaxis(x, 0, -2) if has_axis else x[..., None, :]
            wide = jnp.broadcast_to(x, (*x.shape[:-2], size, sets))
            return wide.reshape(*x.shape[:-2], size * sets)

        def parted(x: Array) -> Array:
            return jnp.moveaxis(x.reshape(*x.shape[:-1], size, sets), -2, 0)

        found = batched(*_widened(jax.tree.map(merged, arguments, tuple(is_batched)), size * sets))
        return jax.tree.map(parted, found), jax.tree.map(lambda _: True, found)

    return batched


def _widened(arguments: tuple[Any, ...], sets: int) -> tuple[Any, ...]:
    """The first argument, reserves, with all sets: it tells their number."""
    first = arguments[0]
    return (jnp.broadcast_to(first, (*first.shape[:-1], sets)), *arguments[1:])
