"""Well-known discrete models as thin constructors of :class:`~isotherm.energy.graph.FactorGraph`.

Couplings and biases may be traced; edges and sizes are structure and may not.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.energy.factor import Factor, scope_of
from isotherm.energy.graph import FactorGraph, check_scope
from isotherm.energy.inputs import (
    LARGEST,
    check_indices,
    checked_edges,
    counted,
    filled,
    floating,
    is_zero,
    shared,
)
from isotherm.energy.kinds import dense_model, factor_graph
from isotherm.energy.variables import categorical, spin
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed


def ising(edges: Any, couplings: Any, biases: Any = 0.0, num_spins: int | None = None) -> FactorGraph:
    r"""Spins on any graph, :math:`E(s) = -\sum_i b_i s_i - \sum_{(i,j)} J_{ij} s_i s_j`, in the group ``"s"``.

    Args:
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        couplings: shape ``(num_edges,)``, or one number shared by all; positive favours alignment.
        biases: shape ``(num_spins,)``, or one number shared by all; zero leaves no factor behind.
        num_spins: by default one more than the largest index of an edge.

    Returns:
        Factors ``"biases"`` and ``"couplings"``.

    Raises:
        ValueError: naming the edge, coupling or bias at fault.

    >>> model = ising([[0, 1], [1, 2]], couplings=[1.0, -1.0], biases=0.5)
    >>> model.variables["s"].size, [factor.name for factor in model.factors]
    (3, ['biases', 'couplings'])

    References:
        Ising, Zeitschrift für Physik 31 (1925) 253.
    """
    return p_spin(checked_edges(edges, num_spins, "num_spins"), couplings, biases, num_spins)


def p_spin(scopes: Any, couplings: Any, biases: Any = 0.0, num_spins: int | None = None) -> FactorGraph:
    r"""Products of ``p`` spins, :math:`E(s) = -\sum_i b_i s_i - \sum_a J_a \prod_{i \in a} s_i`, in ``"s"``.

    Args:
        scopes: whole numbers, shape ``(num_factors, p)``; three columns make cubic factors.
        couplings: shape ``(num_factors,)``, or one number shared by all.
        biases: shape ``(num_spins,)``, or one number shared by all; zero leaves no factor behind.
        num_spins: by default one more than the largest index of a scope.

    Returns:
        Factors ``"biases"`` and ``"couplings"``.

    Raises:
        ValueError: naming the factor, coupling or bias at fault.

    >>> import jax.numpy as jnp
    >>> model = p_spin([[0, 1, 2], [1, 2, 3]], couplings=1.0)
    >>> float(model.energy({"s": jnp.array([1, -1, -1, 1], jnp.int8)}))
    -2.0

    References:
        Derrida, Random-energy model, Phys. Rev. Lett. 45 (1980) 79, which takes ``p`` to infinity.
    """
    scopes = doors.regular("scopes", scopes)
    if scopes.size:
        check_indices("scopes", scopes)
        if scopes.ndim != 2:
            raise refusal("scopes.shape", scopes.shape, "must be (num_factors, p)")
    n = counted("num_spins", scopes, num_spins)
    factors = []
    if not is_zero(biases) or not len(scopes):
        factors.append(Factor.of("s", np.arange(n), shared("biases", biases), name="biases"))
    if len(scopes):
        scope = scope_of(("s",) * scopes.shape[1], scopes, "scopes")
        check_scope({"s": spin(n)}, scope, "scopes")
        factors.append(Factor(weights=shared("couplings", couplings), scope=scope, name="couplings"))
    return FactorGraph.of({"s": spin(n)}, factors)


def potts(
    edges: Any, cardinality: int, couplings: Any, fields: Any = 0.0, num_variables: int | None = None
) -> FactorGraph:
    r"""Potts model, :math:`E(c) = -\sum_{(i,j)} J_{ij} [c_i = c_j] - \sum_i h_i(c_i)`, in the group ``"c"``.

    Args:
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        cardinality: number of values, at least 2.
        couplings: shape ``(num_edges,)``, or one number shared by all; positive favours equal neighbours.
        fields: shape ``(num_variables, cardinality)``, or ``(cardinality,)`` shared by all; zero leaves no
            factor behind.
        num_variables: by default one more than the largest index of an edge.

    Returns:
        Factors ``"fields"`` and ``"couplings"``.

    Raises:
        ValueError: naming the edge, coupling or field at fault.

    >>> import jax.numpy as jnp
    >>> model = potts([[0, 1], [1, 2]], cardinality=3, couplings=1.0)
    >>> float(model.energy({"c": jnp.array([2, 2, 0], jnp.uint8)}))
    -1.0

    References:
        Potts, Proc. Camb. Phil. Soc. 48 (1952) 106.
    """
    pairs = checked_edges(edges, num_variables, "num_variables")
    n = counted("num_variables", pairs, num_variables)
    variables = {"c": categorical(n, cardinality)}
    factors = []
    if not is_zero(fields) or not len(pairs):
        rows = floating("fields", fields)
        rows = filled("fields", rows, (cardinality,))[None] if rows.ndim < 2 else rows
        factors.append(Factor.of("c", np.arange(n), rows, name="fields"))
    if len(pairs):
        strengths = shared("couplings", couplings)
        same = np.eye(cardinality, dtype=strengths.dtype)[None]
        tables = strengths.reshape(*strengths.shape, 1, 1) * same
        factors.append(Factor.of(("c", "c"), pairs, tables, name="couplings"))
    return FactorGraph.of(variables, factors)


def random_field_ising(
    key: KeyOrSeed,
    edges: Any,
    couplings: Any = 1.0,
    strength: float | Float[Array, ""] = 1.0,
    num_spins: int | None = None,
) -> FactorGraph:
    """An Ising model whose biases are independent normal numbers.

    Args:
        key: one JAX key, or a seed; ``vmap`` over keys gives an ensemble of disorder on one graph.
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        couplings: shape ``(num_edges,)``, or one number shared by all.
        strength: standard deviation of the biases.
        num_spins: by default one more than the largest index of an edge.

    Raises:
        ValueError: naming the edge or coupling at fault.
    """
    n = counted("num_spins", checked_edges(edges, num_spins, "num_spins"), num_spins)
    drawn = jax.random.normal(doors.random_key("key", key), (n,), jnp.float32)
    return ising(edges, couplings, doors.number("strength", strength, least=0, most=LARGEST) * drawn, n)


def random_field_potts(
    key: KeyOrSeed,
    edges: Any,
    cardinality: int,
    couplings: Any = 1.0,
    strength: float | Float[Array, ""] = 1.0,
    num_variables: int | None = None,
) -> FactorGraph:
    """A Potts model with an independent normal field for each value of each variable.

    Args:
        key: one JAX key, or a seed; ``vmap`` over keys gives an ensemble of disorder on one graph.
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        cardinality: number of values, at least 2.
        couplings: shape ``(num_edges,)``, or one number shared by all.
        strength: standard deviation of the fields.
        num_variables: by default one more than the largest index of an edge.

    Raises:
        ValueError: naming the edge or coupling at fault.

    References:
        Blankschtein, Shapir and Aharony, Potts models in random fields, Physical Review B 29 (1984).
    """
    n = counted("num_variables", checked_edges(edges, num_variables, "num_variables"), num_variables)
    cardinality = categorical(n, cardinality).cardinality
    doors.affordable(
        "cardinality", cardinality, 12.0 * n * cardinality, "have fewer values, or fewer variables"
    )
    drawn = jax.random.normal(doors.random_key("key", key), (n, cardinality), jnp.float32)
    return potts(
        edges, cardinality, couplings, doors.number("strength", strength, least=0, most=LARGEST) * drawn, n
    )


def from_dense(model: Ising) -> FactorGraph:
    """A dense Ising model as a factor graph in the group ``"s"``, with a coupling for every pair."""
    n = dense_model("model", model).num_spins
    rows, columns = np.triu_indices(n, 1)
    return ising(np.stack([rows, columns], axis=1), model.couplings[rows, columns], model.biases, n)


def to_dense(graph: FactorGraph) -> Ising:
    """Any graph of spins with factors of one and two variables as a dense Ising model, in flat numbering.

    Raises:
        ValueError: naming the factor that is not a bias or a coupling of spins.
    """
    n = factor_graph("graph", graph).num_variables
    doors.affordable("graph", f"{n} spins", 12.0 * n**2, "a dense model holds every pair; keep the graph")
    biases, couplings = jnp.zeros(n, jnp.float32), jnp.zeros((n, n), jnp.float32)
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        kinds = [graph.variables[name].kind for name in factor.scope.groups]
        if not isinstance(factor, Factor) or set(kinds) != {"spin"} or len(kinds) > 2:
            raise refusal(
                factor.name, factor.scope.groups, "only biases and couplings of spins are dense Ising"
            )
        weights = jnp.asarray(factor.weights, jnp.float32)
        if len(kinds) == 1:
            biases = biases.at[scope[:, 0]].add(weights)
        else:
            couplings = couplings.at[scope[:, 0], scope[:, 1]].add(weights)
            couplings = couplings.at[scope[:, 1], scope[:, 0]].add(weights)
    return Ising(biases=biases, couplings=couplings)
