"""Real variables with parabolas and products, alone and beside spins, as factor graphs."""

from typing import Any

import numpy as np
from jax.core import Tracer
from jaxtyping import Array

from isotherm.doors import regular
from isotherm.energy.factor import AbstractFactor, Factor, Quadratic, scope_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.inputs import check_finite, checked_edges, counted, filled, is_zero, shared
from isotherm.energy.variables import real, spin
from isotherm.errors import refusal

MAX_CHECKED = 2000
"""Largest number of real variables whose precision matrix is checked to be positive definite."""


def gaussian(
    edges: Any, diagonal: Any, off_diagonal: Any, biases: Any = 0.0, num_variables: int | None = None
) -> FactorGraph:
    r"""Gaussian graphical model, :math:`E(x) = \tfrac12 x^T A x - h \cdot x`, in the group ``"x"``.

    At ``beta`` its covariance is :math:`A^{-1} / \beta` and its mean :math:`A^{-1} h`.

    Args:
        edges: where ``A`` is not zero, whole numbers, shape ``(num_edges, 2)``, each pair once.
        diagonal: ``A_ii``, shape ``(num_variables,)``, or one number shared by all; positive.
        off_diagonal: ``A_ij`` of each edge, shape ``(num_edges,)``, or one number shared by all; note that a
            positive entry of ``A`` is a negative coupling.
        biases: ``h``, shape ``(num_variables,)``, or one number shared by all; zero leaves no factor behind.
        num_variables: by default one more than the largest index of an edge.

    Returns:
        Factors ``"precisions"``, ``"biases"`` and ``"couplings"`` (weights ``-A_ij``).

    Raises:
        ValueError: naming the edge or number at fault, or if ``A`` is not positive definite (checked for
            concrete values and up to 2,000 variables).

    >>> model = gaussian([[0, 1]], diagonal=2.0, off_diagonal=-1.0)
    >>> model.variables["x"].size, [factor.name for factor in model.factors]
    (2, ['precisions', 'couplings'])

    References:
        Lauritzen, Graphical Models (1996), chapter 5.
    """
    pairs = checked_edges(edges, num_variables, "num_variables")
    n = counted("num_variables", pairs, num_variables)
    entries = shared("off_diagonal", off_diagonal)
    check_finite("off_diagonal", entries)
    if entries.shape not in ((1,), (len(pairs),)):
        allowed = f"must be ({len(pairs)},), one for each of the edges, or () for one number shared by all"
        raise refusal("off_diagonal.shape", entries.shape, allowed)
    weights = -entries
    factors: list[AbstractFactor] = [_parabolas("diagonal", n, diagonal)]
    if not is_zero(biases):
        factors.append(Factor.of("x", np.arange(n), shared("biases", biases), name="biases"))
    if len(pairs):
        factors.append(Factor.of(("x", "x"), pairs, weights, name="couplings"))
    graph = FactorGraph.of({"x": real(n)}, factors)
    _check_definite(n, diagonal, pairs, weights)
    return graph


def spin_gaussian(
    is_spin: Any, edges: Any, couplings: Any, biases: Any = 0.0, precisions: Any = 1.0
) -> FactorGraph:
    r"""Spins and real variables on one graph, the groups ``"s"`` and ``"x"``.

    .. math:: E(z) = -\sum_i b_i z_i - \sum_{(i,j)} J_{ij} z_i z_j + \tfrac12 \sum_{i\ \mathrm{real}} a_i z_i^2

    Node ``i`` becomes the next variable of its group: the third real node is ``x[2]``.

    Args:
        is_spin: of each node, bool, shape ``(n,)``; at least one of each kind.
        edges: pairs of nodes, whole numbers, shape ``(num_edges, 2)``, each once.
        couplings: shape ``(num_edges,)``, or one number for each; positive favours alignment.
        biases: shape ``(n,)``, or one number for each.
        precisions: ``a`` of each real node in order, or one number shared by all; positive.

    Returns:
        Factors ``"precisions"``, ``"s_biases"``, ``"x_biases"``, ``"ss_couplings"``, ``"sx_couplings"`` and
        ``"xx_couplings"``, the couplings where there are any.

    Raises:
        ValueError: naming the edge or number at fault, or if the reals alone have no normalisable law (checked
            for concrete values and up to 2,000 real variables).

    >>> model = spin_gaussian(is_spin=[True, False, True], edges=[[0, 1], [1, 2]], couplings=0.3)
    >>> {name: group.kind for name, group in model.variables.items()}
    {'s': 'spin', 'x': 'real'}
    >>> [factor.name for factor in model.factors]
    ['precisions', 's_biases', 'x_biases', 'sx_couplings']

    References:
        Lauritzen and Wermuth, Graphical models for associations between variables, some of which are qualitative and
        some quantitative, Annals of Statistics 17 (1989), on mixed models; here spins do not change the precisions.
    """
    spins = regular("is_spin", is_spin)
    if spins.dtype != np.bool_:
        raise refusal("is_spin.dtype", str(spins.dtype), "should be bool, one a node")
    if spins.ndim != 1 or spins.all() or not spins.any():
        raise refusal("is_spin", spins.tolist(), "should be one row with at least one spin and one real")
    pairs = checked_edges(edges, len(spins))
    pairs = np.where(spins[pairs[:, :1]], pairs, pairs[:, ::-1])  # a spin comes first where there is one
    weights, own = filled("couplings", couplings, (len(pairs),)), filled("biases", biases, (len(spins),))
    check_finite("couplings", weights)
    check_finite("biases", own)
    place = np.where(spins, np.cumsum(spins), np.cumsum(~spins)) - 1
    num_real = int((~spins).sum())
    factors: list[AbstractFactor] = [_parabolas("precisions", num_real, precisions)]
    for group, nodes in (("s", np.flatnonzero(spins)), ("x", np.flatnonzero(~spins))):
        factors.append(Factor.of(group, place[nodes], own[nodes], name=f"{group}_biases"))
    for groups in (("s", "s"), ("s", "x"), ("x", "x")):
        chosen = np.flatnonzero((spins[pairs] == (np.array(groups) == "s")).all(axis=1))
        if len(chosen):
            name = "".join(groups) + "_couplings"
            factors.append(Factor.of(groups, place[pairs[chosen]], weights[chosen], name=name))
            if groups == ("x", "x"):
                _check_definite(num_real, precisions, place[pairs[chosen]], weights[chosen])
    return FactorGraph.of({"s": spin(len(spins) - num_real), "x": real(num_real)}, factors)


def _parabolas(field: str, n: int, precisions: Any) -> Quadratic:
    values = shared(field, precisions)
    if values.shape not in ((1,), (n,)):
        raise refusal(f"{field}.shape", values.shape, f"must be ({n},), or () for one number shared by all")
    if not isinstance(values, Tracer):
        wrong = np.flatnonzero(~((np.asarray(values) > 0) & (np.asarray(values) < np.inf)))
        if len(wrong):
            raise refusal(f"{field}[{wrong[0]}]", float(values[wrong[0]]), "should be positive and finite")
    scope = scope_of(("x",), np.arange(n), "precisions")
    return Quadratic(precisions=values, scope=scope, name="precisions")


def _check_definite(n: int, precisions: Any, pairs: np.ndarray, weights: Array | np.ndarray) -> None:
    """Refuse a precision matrix that no Gaussian has, where its numbers are known."""
    if n > MAX_CHECKED or isinstance(precisions, Tracer) or isinstance(weights, Tracer):
        return
    matrix = np.diag(np.broadcast_to(np.asarray(precisions, np.float64), n))
    matrix[pairs[:, 0], pairs[:, 1]] = matrix[pairs[:, 1], pairs[:, 0]] = -np.asarray(weights)
    least = float(np.linalg.eigvalsh(matrix)[0])
    if not least > 0:
        raise refusal("smallest eigenvalue of the precision matrix", least, "should be positive")
