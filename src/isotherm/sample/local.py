"""What every value of every variable weighs, given all the others: local differences of energy at once."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32

from isotherm.energy.graph import FactorGraph
from isotherm.sample.single import log_table
from isotherm.sample.values import cardinalities

FORBIDDEN = -1e9
"""Stands for minus infinity, so that differences stay finite."""

DENSE_BELOW = 16
"""A product with the whole matrix beats gathers where it has at most this many entries a table's entry."""

_PRECISION = jax.lax.Precision.HIGHEST


class LocalWeights(eqx.Module):
    """Tables of all factors, ready to be conditioned; made by :func:`local_weights`.

    Attributes:
        tables: ``-E`` of each factor at all values, an entry a kind of factor.
        scopes: the variables of each, flat numbering.
        single: sums of the tables of one variable, :data:`FORBIDDEN` beyond a variable's cardinality.
        matrix: all tables of two variables as one symmetric matrix over (variable, value), where that is
            faster; else None. ``tables`` are then empty.
    """

    tables: tuple[Array, ...]
    scopes: tuple[Int32[Array, "_ _"], ...]
    single: Float[Array, "n q"]
    matrix: Float[Array, "nq nq"] | None

    def __call__(self, values: Int32[Array, " n"]) -> tuple[Float[Array, "n q"], Float[Array, ""]]:
        """``-E`` of each variable at each value, the others as they are, and ``-E`` of the whole state."""
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


def local_weights(graph: FactorGraph) -> LocalWeights:
    """Prepare a discrete graph with factors of any form and order.

    Raises:
        ValueError: naming the factor that joins real or custom variables.
    """
    counts = cardinalities(graph)
    n, q = len(counts), int(counts.max())
    single = jnp.zeros((n, q))
    tables, scopes = [], []
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        table = jnp.maximum(log_table(graph, factor), FORBIDDEN)
        if scope.shape[1] == 1:
            single = single.at[scope[:, 0], : table.shape[1]].add(
                jnp.broadcast_to(table, (len(scope), table.shape[1]))
            )
        else:
            tables.append(table)
            scopes.append(scope)
    single = jnp.where(np.arange(q)[None] >= counts[:, None], FORBIDDEN, single)
    entries = sum(len(scope) * math.prod(t.shape[1:]) for t, scope in zip(tables, scopes, strict=True))
    if all(scope.shape[1] == 2 for scope in scopes) and (n * q) ** 2 <= DENSE_BELOW * entries:
        return LocalWeights((), (), single, _matrix(tables, scopes, n, q))
    return LocalWeights(tuple(tables), tuple(jnp.asarray(s) for s in scopes), single, None)


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
