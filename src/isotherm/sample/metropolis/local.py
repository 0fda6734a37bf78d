"""What every value of every variable weighs, given all the others: local differences of energy at once."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32

from isotherm.energy.graph import FactorGraph
from isotherm.energy.limbs import limbs_of, splitting, stacked, value
from isotherm.sample.flat import cardinalities
from isotherm.sample.log_tables import FORBIDDEN, table_near_zero
from isotherm.sample.rounding.coarseness import loses_digits

DENSE_BELOW = 16
"""A product with the whole matrix beats gathers where it has at most this many entries a table's entry."""

_PRECISION = jax.lax.Precision.HIGHEST


class LocalWeights(eqx.Module):
    """Tables of all factors, ready to be conditioned; made by :func:`local_weights`.

    Attributes:
        tables: ``-E`` of each factor at all values, ``(num_factors or 1, *cardinalities)``, by kind of factor.
        scopes: the variables of each, flat numbering, int32 ``(num_factors, arity)``.
        single: sums of the tables of one variable, ``(n, q)``, :data:`FORBIDDEN` beyond a variable's cardinality.
        matrix: all tables of two variables as one symmetric matrix over (variable, value), ``(n q, n q)``, where that
            is faster; else None. ``tables`` are then empty.
        exact: the same in limbs, where float32 would lose what tells states apart; None for most graphs.
    """

    tables: tuple[Array, ...]
    scopes: tuple[Int32[Array, "_ _"], ...]
    single: Float[Array, "n q"]
    matrix: Float[Array, "nq nq"] | None
    exact: "ExactLocal | None" = None

    def __call__(self, values: Int32[Array, " n"]) -> tuple[Float[Array, "n q"], Array]:
        """``-E`` of each variable at each value, the others as they are, and ``-E`` of the whole state.

        Both up to a constant: with :attr:`exact` the first is zero at the values themselves, and the second in limbs.
        """
        weights, total = self._rounded(values)
        if self.exact is None:
            return weights, total
        found = [part._rounded(values) for part in self.exact.parts]
        own = jnp.take_along_axis(weights, values[:, None], axis=1)
        whole = stacked([part for part, _ in found])
        beside = jnp.take_along_axis(whole, values[None, :, None], axis=2)
        differences = self.exact.value(whole - beside)
        is_lost = (weights <= FORBIDDEN / 2) | (own <= FORBIDDEN / 2)
        return jnp.where(is_lost, jnp.maximum(weights - own, FORBIDDEN), differences), jnp.concatenate(
            [total[None], stacked([part for _, part in found]).astype(jnp.float32)]
        )

    def rise(self, new: Array, old: Array) -> Float[Array, ""]:
        """How much more one state weighs than another: a scalar, of what :meth:`__call__` says of whole ones."""
        if self.exact is None:
            return new - old
        is_lost = (new[0] <= FORBIDDEN / 2) | (old[0] <= FORBIDDEN / 2)
        whole = new[1:].astype(jnp.int32) - old[1:].astype(jnp.int32)
        return jnp.where(is_lost, new[0] - old[0], self.exact.value(whole))

    def _rounded(self, values: Int32[Array, " n"]) -> tuple[Float[Array, "n q"], Float[Array, ""]]:
        n, q = self.single.shape
        at = values[:, None]
        own = jnp.take_along_axis(self.single, at, axis=1).sum()
        if self.matrix is not None:
            one_hot = jax.nn.one_hot(values, q, dtype=self.matrix.dtype).reshape(-1)
            pairs = jnp.matmul(one_hot, self.matrix, precision=_PRECISION).reshape(n, q)
            return self.single + pairs, own + jnp.take_along_axis(pairs, at, axis=1).sum() / 2
        weights, total = self.single, own
        for table, scope in zip(self.tables, self.scopes, strict=True):
            now = [values[column] for column in scope.T]
            row = jnp.arange(len(scope)) if len(table) > 1 else jnp.zeros(len(scope), jnp.int32)
            total += table[row, *now].sum()
            for k, column in enumerate(scope.T):
                moved = jnp.moveaxis(table, k + 1, -1)[row, *(x for j, x in enumerate(now) if j != k)]
                weights = weights.at[column, : moved.shape[1]].add(moved)
        return weights, total


class ExactLocal(eqx.Module):
    """Tables in limbs of whole numbers, the lowest first; see :mod:`isotherm.energy.limbs`.

    Attributes:
        parts: the tables of each limb.
        quantum: of which entries are multiples, a scalar.
        bits: of a limb (static).
    """

    parts: tuple[LocalWeights, ...]
    quantum: Float[Array, ""]
    bits: int = eqx.field(static=True)

    def value(self, sums: Int32[Array, "limbs *shape"]) -> Float[Array, "*shape"]:
        """Sums of limbs, int32 ``(limbs, *shape)``, as numbers, float32 ``(*shape,)``."""
        return value(sums, self.quantum, self.bits)


def local_weights(graph: FactorGraph, beta: Any = 1.0) -> LocalWeights:
    """Prepare a discrete graph with factors of any form and order.

    Args:
        graph: concrete tables are evaluated in float64 and moved near zero, traced ones are taken as they are.
        beta: inverse temperatures at which differences will count.

    Raises:
        ValueError: naming the factor that joins real or custom variables.
    """
    tables = [table_near_zero(graph, factor)[0] for factor in graph.factors]
    scopes = graph.flat_scopes()
    rounded = [jnp.maximum(jnp.asarray(table, jnp.float32), FORBIDDEN) for table in tables]
    found = _prepared(graph, rounded, scopes, FORBIDDEN, True)
    if any(not isinstance(table, np.ndarray) for table in tables):
        return found
    known = [np.where(np.isfinite(table), table, 0.0) for table in tables]
    sizes = [np.abs(table).reshape(len(table), -1).max(1) for table in known]
    total = float(sum(np.broadcast_to(s, len(scope)).sum() for s, scope in zip(sizes, scopes, strict=True)))
    if not loses_digits(known, total, beta):
        return found
    by = splitting(max(float(size.max()) for size in sizes), sum(map(len, scopes)), 24)
    limbs = [limbs_of(table, by) for table in known]
    parts = tuple(
        _prepared(graph, [jnp.asarray(table[at]) for table in limbs], scopes, 0.0, False)
        for at in range(by.num_limbs)
    )
    exact = ExactLocal(parts, jnp.asarray(by.quantum, jnp.float32), by.bits)
    return LocalWeights(found.tables, found.scopes, found.single, found.matrix, exact)


def _prepared(
    graph: FactorGraph, tables: list[Array], scopes: list[np.ndarray], beyond: float, may_join: bool
) -> LocalWeights:
    counts = cardinalities(graph)
    n, q = len(counts), int(counts.max())
    single = jnp.zeros((n, q))
    larger, joined = [], []
    for table, scope in zip(tables, scopes, strict=True):
        if scope.shape[1] == 1:
            single = single.at[scope[:, 0], : table.shape[1]].add(
                jnp.broadcast_to(table, (len(scope), table.shape[1]))
            )
        else:
            larger.append(table)
            joined.append(scope)
    single = jnp.where(np.arange(q)[None] >= counts[:, None], beyond, single)
    entries = sum(len(scope) * math.prod(t.shape[1:]) for t, scope in zip(larger, joined, strict=True))
    is_dense = all(scope.shape[1] == 2 for scope in joined) and (n * q) ** 2 <= DENSE_BELOW * entries
    if is_dense and may_join:
        return LocalWeights((), (), single, _matrix(larger, joined, n, q))
    return LocalWeights(tuple(larger), tuple(jnp.asarray(s) for s in joined), single, None)


def _matrix(tables: list[Array], scopes: list[np.ndarray], n: int, q: int) -> Float[Array, "nq nq"]:
    matrix = jnp.zeros((n, q, n, q))
    for table, scope in zip(tables, scopes, strict=True):
        full = jnp.broadcast_to(table, (len(scope), *table.shape[1:]))
        first, second = scope.T
        a, b = np.ogrid[: table.shape[1], : table.shape[2]]
        at = (first[:, None, None], a[None], second[:, None, None], b[None])
        matrix = matrix.at[at].add(full)
        matrix = matrix.at[at[2], at[3], at[0], at[1]].add(full)
    return matrix.reshape(n * q, n * q)
