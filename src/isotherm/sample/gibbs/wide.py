r"""Heat bath on plain tables in float64, for energies whose last place in float32 would matter.

Sites are visited in blocks that do not interact; then some pairs of variables move together, by exchanging their
values or by turning both, so that states which a penalty or a zero keeps apart are reached. Everything
works on values counted from zero, chains last; temperature and penalties are traced.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from isotherm.energy.tables import Tables

MAX_ENTRIES = 2_000_000
"""Most entries of the incidence of variables and tables, padded to the largest degree."""

MAX_ROWS = 64
"""Variables updated together."""

MAX_PAIRS = 32
"""Pairs that move together in a sweep."""


class WideTables(NamedTuple):
    """Tables of two variables or more, and where each variable finds its own; all arrays may be traced.

    Attributes:
        entries: log weights of all tables end to end, then one zero.
        forbidden: which of them are minus infinity; their entry is what counts before the penalty.
        families: of each family of like tables: first entry ``(num,)``, strides and variables ``(num, arity)``.
        first: first entry of each table of each variable, ``(n, degree)``; spare places hold the last zero.
        own: stride of the variable itself, ``(n, degree)``.
        others: the other variables, ``(n, degree, arity - 1)``.
        strides: and their strides.
        pairs: variables that share a table, ``(num, 2)``.
        blocks: variables that do not interact, ``(num, rows)``; spare places hold ``n``.
    """

    entries: Float[Array | np.ndarray, " entries"]
    forbidden: Bool[Array | np.ndarray, " entries"]
    families: tuple[tuple[Array | np.ndarray, ...], ...]
    first: Int[Array | np.ndarray, "n degree"]
    own: Int[Array | np.ndarray, "n degree"]
    others: Int[Array | np.ndarray, "n degree others"]
    strides: Int[Array | np.ndarray, "n degree others"]
    pairs: Int[Array | np.ndarray, "pairs 2"]
    blocks: Int[Array | np.ndarray, "blocks rows"]

    def softened(self, penalty: Float[Array, ""]) -> Float[Array, " entries"]:
        """Entries whose zeros are ``penalty``, a scalar in nats, below the rest; shape ``(entries,)``."""
        return jnp.where(self.forbidden, -penalty, self.entries)

    def log_weight(
        self, entries: Float[Array, " entries"], values: Int[Array, "n chains"]
    ) -> Float[Array, " chains"]:
        """Sum of one entry of every table, ``(chains,)``.

        Args:
            entries: any numbers in the places of :attr:`entries`, shape ``(entries,)``.
            values: counted from zero, shape ``(n, chains)``.
        """
        total = jnp.zeros(values.shape[1], entries.dtype)
        for first, strides, variables in self.families:
            at = first[:, None] + (strides[:, :, None] * values[variables]).sum(1, dtype=jnp.int32)
            total = total + entries[at].sum(0)
        return total


class WideLaw(NamedTuple):
    """What a sweep leaves as it is: ``log p = single + t * (tables)``.

    Attributes:
        entries: of the tables, softened.
        single: log weight of each value of each variable, minus infinity where there is none, ``(n, values)``.
        t: weight of the tables.
    """

    entries: Float[Array, " entries"]
    single: Float[Array, "n values"]
    t: Float[Array, ""]


def is_affordable(tables: Tables, num_chains: int) -> bool:
    """Whether the padded incidence fits, and a sweep of all chains takes no more than about a tenth of a second."""
    degrees = np.zeros(tables.num_variables, np.int64)
    for scopes in tables.scopes:
        np.add.at(degrees, scopes.ravel(), 1)
    arity = max((scopes.shape[1] for scopes in tables.scopes), default=1)
    padded = tables.num_variables * int(degrees.max(initial=0)) * arity
    updates = padded * num_chains * int(tables.cardinalities.max())
    return padded <= MAX_ENTRIES and updates <= 1e7 and sum(logs.size for logs in tables.logs) <= 1e7


def wide_tables(tables: Tables, blocks: list[np.ndarray]) -> WideTables:
    """Lay tables out for sweeps.

    Args:
        tables: joining two variables or more each; log weights, minus infinity forbids.
        blocks: flat numbers of variables that do not interact, int ``(num,)`` each.
    """
    n = tables.num_variables
    families, incidence, start = [], [[] for _ in range(n)], 0
    zero = sum(logs.size for logs in tables.logs)
    for scopes, logs in zip(tables.scopes, tables.logs, strict=True):
        shape = logs.shape[1:]
        steps = np.array([math.prod(shape[axis + 1 :]) for axis in range(len(shape))])
        at = np.arange(len(scopes)) if len(logs) > 1 else np.zeros(len(scopes), np.int64)
        first = start + at * math.prod(shape)
        strides = np.broadcast_to(steps, scopes.shape)
        families.append(tuple(each.astype(np.int32) for each in (first, strides, scopes)))
        for row, scope in zip(first.tolist(), scopes.tolist(), strict=True):
            for axis, variable in enumerate(scope):
                rest = [
                    (v, s) for k, (v, s) in enumerate(zip(scope, steps.tolist(), strict=True)) if k != axis
                ]
                incidence[variable].append((row, int(steps[axis]), rest))
        start += logs.size
    entries = np.concatenate([*(logs.ravel() for logs in tables.logs), [0.0]])
    first, own, others, strides = _padded(incidence, zero)
    return WideTables(
        entries=np.where(np.isneginf(entries), 0.0, entries),
        forbidden=np.isneginf(entries),
        families=tuple(families),
        first=first,
        own=own,
        others=others,
        strides=strides,
        pairs=_neighbours(tables),
        blocks=_rows(blocks, n),
    )


def _padded(
    incidence: list[list[tuple[int, int, list[tuple[int, int]]]]], zero: int
) -> tuple[np.ndarray, ...]:
    n, degree = len(incidence), max(1, *map(len, incidence), 1)
    width = max((len(rest) for each in incidence for _, _, rest in each), default=1)
    first, own = np.full((n, degree), zero, np.int32), np.zeros((n, degree), np.int32)
    others, strides = np.zeros((2, n, degree, width), np.int32)
    for v, each in enumerate(incidence):
        for d, (row, stride, rest) in enumerate(each):
            first[v, d], own[v, d] = row, stride
            for k, (other, step) in enumerate(rest):
                others[v, d, k], strides[v, d, k] = other, step
    return first, own, others, strides


def _neighbours(tables: Tables) -> np.ndarray:
    """Pairs that share a table, each once; any pair where there are no tables."""
    found = [scopes[:, [j, k]] for scopes in tables.scopes for j in range(scopes.shape[1]) for k in range(j)]
    if not found:
        return np.zeros((1, 2), np.int32)
    return np.unique(np.sort(np.concatenate(found).astype(np.int32), axis=1), axis=0)


def _rows(blocks: list[np.ndarray], n: int) -> np.ndarray:
    """Blocks cut and padded to one length."""
    length = min(MAX_ROWS, max((len(block) for block in blocks), default=1))
    cut = [block[at : at + length] for block in blocks for at in range(0, len(block), length)]
    found = np.full((max(len(cut), 1), length), n, np.int32)
    for row, part in enumerate(cut):
        found[row, : len(part)] = part
    return found


def sweep(
    key: Key[Array, ""],
    wide: WideTables,
    law: WideLaw,
    values: Int[Array, "n chains"],
    is_backwards: Bool[Array, ""],
) -> Int[Array, "n chains"]:
    """All blocks in turn, then pairs; backwards, pairs first and blocks from the last, which is its time reversal.

    Args:
        key: a JAX key.
        wide: the tables.
        law: left as it is.
        values: of all chains, counted from zero, ``(n, chains)``, as the result is.
        is_backwards: the order, a bool scalar.
    """
    key_blocks, key_pairs = jax.random.split(key)
    pairs = _pairs(law.t, wide, len(values))
    num_blocks, num_pairs = len(wide.blocks), len(pairs)

    def visit(at: Array, values: Array) -> Array:
        block = jnp.asarray(wide.blocks)[jnp.where(is_backwards, num_blocks - 1 - at, at)]
        uniforms = jax.random.uniform(jax.random.fold_in(key_blocks, at), (len(block), values.shape[1]))
        drawn = _draw(_local(wide, law, values, block), uniforms)
        return values.at[block].set(drawn.astype(values.dtype), mode="drop")

    def move(at: Array, values: Array) -> Array:
        pair = pairs[jnp.where(is_backwards, num_pairs - 1 - at, at)]
        return _move_pair(jax.random.fold_in(key_pairs, at), wide, law, values, pair)

    values = lax.fori_loop(0, jnp.where(is_backwards, 0, num_blocks), visit, values)
    if num_pairs:
        values = lax.fori_loop(0, num_pairs, move, values)
    return lax.fori_loop(0, jnp.where(is_backwards, num_blocks, 0), visit, values)


def _local(
    wide: WideTables, law: WideLaw, values: Int[Array, "n chains"], at: Int[Array, " rows"]
) -> Float[Array, "values rows chains"]:
    """Log weight of every value of some variables, given all others."""
    first, own, others, strides = (
        jnp.asarray(found)[at] for found in (wide.first, wide.own, wide.others, wide.strides)
    )
    base = first[..., None] + (strides[..., None] * values[others]).sum(2, dtype=jnp.int32)
    single = law.single[at]
    found = [
        law.t * law.entries[base + own[..., None] * value].sum(1) + single[:, value, None]
        for value in range(law.single.shape[1])
    ]
    return jnp.stack(found)


def _draw(logits: Float[Array, "values rows chains"], uniforms: Float[Array, "rows chains"]) -> Array:
    """Values with probabilities in proportion to ``exp(logits)``; of none, the first."""
    weights = jnp.exp(logits - logits.max(0, keepdims=True))
    sums = jnp.cumsum(weights, axis=0)
    return (uniforms[None] * sums[-1:] >= sums[:-1]).sum(0)


def _pairs(t: Float[Array, ""], wide: WideTables, n: int) -> Int[Array, "pairs 2"]:
    """Some variables that share a table, and some that may not: the same at the same ``t``.

    Were they drawn, all chains would share them, and no longer be independent of each other; and a backward run
    has to undo the very moves of a forward one.
    """
    low, high = lax.bitcast_convert_type(t, jnp.uint32)
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(0), low), high)
    count = min(MAX_PAIRS, n // 2)
    near = jax.random.choice(key, jnp.asarray(wide.pairs), (count - count // 2,))
    if count < 2:
        return near
    key_one, key_step = jax.random.split(jax.random.fold_in(key, 1))
    one = jax.random.randint(key_one, (count // 2,), 0, n, near.dtype)
    step = jax.random.randint(key_step, (count // 2,), 1, n, near.dtype)
    return jnp.concatenate([near, jnp.stack([one, (one + step) % n], axis=1)])


def _move_pair(
    key: Key[Array, ""],
    wide: WideTables,
    law: WideLaw,
    values: Int[Array, "n chains"],
    pair: Int[Array, " 2"],
) -> Array:
    """Metropolis: exchange two values that differ, turn both by as much where they are equal.

    Whether values differ is the same after as before, so that the proposal is its own inverse in law.
    """
    key_turn, key_accept = jax.random.split(key)
    chains = values.shape[1]
    one, two = values[pair[0]], values[pair[1]]
    most = law.single.shape[1]
    turn = 1 + (jax.random.uniform(key_turn, (chains,)) * (most - 1)).astype(values.dtype)
    is_equal = one == two
    new_one = jnp.where(is_equal, (one + turn) % most, two)
    new_two = jnp.where(is_equal, (two + turn) % most, one)
    gained, moved = jnp.zeros(chains), values
    for at, new in ((pair[0], new_one), (pair[1], new_two)):
        logits = _local(wide, law, moved, at[None])[:, 0]
        every = jnp.arange(chains)
        gained = gained + logits[new, every] - logits[moved[at], every]
        moved = moved.at[at].set(new)
    is_accepted = jax.random.uniform(key_accept, (chains,)) < jnp.exp(jnp.minimum(gained, 0.0))
    return jnp.where(is_accepted[None], moved, values)
