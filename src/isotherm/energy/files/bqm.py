"""Binary quadratic models, from and to dimod.

dimod's energies have no minus sign: ``E = sum_i h_i s_i + sum_ij J_ij s_i s_j + offset``. Ours favour alignment
where a coupling is positive, so that both change sign on the way. Variables of 0 and 1 become spins of -1 and +1.
"""

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from isotherm.doors import choice
from isotherm.energy.factor import Factor
from isotherm.energy.files.networks import Labelled
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.energy.models import ising
from isotherm.errors import refusal, wrong_kind

if TYPE_CHECKING:
    import dimod

Vartype = Literal["SPIN", "BINARY"]


class Quadratics(NamedTuple):
    """A binary quadratic model as arrays, in dimod's sign.

    Attributes:
        linear: biases, shape ``(n,)``, float64.
        pairs: numbers of two different variables each, shape ``(num_pairs, 2)``.
        quadratic: their couplings, shape ``(num_pairs,)``, float64.
        offset: added to every energy.
        vartype: ``"SPIN"`` or ``"BINARY"``.
        labels: name of each variable.
    """

    linear: np.ndarray
    pairs: np.ndarray
    quadratic: np.ndarray
    offset: float
    vartype: Vartype
    labels: tuple[Hashable, ...]


def from_dimod(model: "dimod.BinaryQuadraticModel") -> Labelled:
    """A binary quadratic model as a factor graph of spins.

    Args:
        model: of spins or of binary variables; its labels are kept, and so is its offset.

    Raises:
        ValueError: if ``model`` is no binary quadratic model or has no variable; naming what a factor graph
            cannot hold.
    """
    if not hasattr(model, "to_numpy_vectors") or isinstance(model, type):
        raise wrong_kind("model", model, "a dimod.BinaryQuadraticModel")
    labels = tuple(model.variables)
    if not labels:
        raise refusal("model", "no variables", "at least one variable is needed")
    vectors = model.to_numpy_vectors(variable_order=list(labels))
    pairs = np.stack([vectors.quadratic.row_indices, vectors.quadratic.col_indices], axis=1)
    vartype: Vartype = "SPIN" if model.vartype.name == "SPIN" else "BINARY"
    return to_graph(
        Quadratics(
            vectors.linear_biases, pairs, vectors.quadratic.biases, float(model.offset), vartype, labels
        )
    )


def to_dimod(model: Labelled | FactorGraph, vartype: Vartype = "SPIN") -> "dimod.BinaryQuadraticModel":
    """A factor graph of spins with factors of one and two variables as a binary quadratic model.

    Args:
        model: a graph, whose variables are then called by their flat numbers; or one with labels.
        vartype: of the result; energies agree in either.

    Raises:
        ValueError: if ``vartype`` is none of these; naming the factor that a binary quadratic model cannot hold.
        ImportError: if dimod is not installed.
    """
    choice("vartype", vartype, get_args(Vartype))
    try:
        import dimod
    except ImportError:
        raise ImportError("to_dimod needs dimod: pip install 'isotherm[dwave]'") from None
    bqm = from_graph(model, vartype)
    result = dimod.BinaryQuadraticModel(bqm.vartype)
    result.add_linear_from(zip(bqm.labels, bqm.linear.tolist(), strict=True))
    ends = ((bqm.labels[i], bqm.labels[j]) for i, j in bqm.pairs.tolist())
    result.add_quadratic_from((u, v, q) for (u, v), q in zip(ends, bqm.quadratic.tolist(), strict=True))
    result.offset += bqm.offset
    return result


def to_graph(bqm: Quadratics) -> Labelled:
    """The factor graph of spins with the same energies.

    Raises:
        ValueError: naming the number that is not finite.
    """
    spins = _as_spins(bqm) if bqm.vartype == "BINARY" else bqm
    n = len(spins.labels)
    graph = ising(spins.pairs.astype(np.int32), -spins.quadratic, -spins.linear, n)
    return Labelled(graph, spins.labels, spins.offset)


def from_graph(model: Labelled | FactorGraph, vartype: Vartype) -> Quadratics:
    """The arrays of a graph of spins; each pair once, in order, the smaller number first.

    Raises:
        ValueError: naming the factor that a binary quadratic model cannot hold.
    """
    choice("vartype", vartype, get_args(Vartype))
    graph = factor_graph("model", model.graph if isinstance(model, Labelled) else model)
    n = graph.num_variables
    labels, offset = model[1:] if isinstance(model, Labelled) else (tuple(range(n)), 0.0)
    linear = np.zeros(n)
    pairs, quadratic = [np.zeros((0, 2), np.int32)], [np.zeros(0)]
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        kinds = {graph.variables[name].kind for name in factor.scope.groups}
        if not isinstance(factor, Factor) or kinds != {"spin"} or scope.shape[1] > 2:
            raise refusal(
                factor.name, factor.scope.groups, "only biases and couplings of spins are quadratic"
            )
        weights = np.broadcast_to(np.asarray(factor.weights, np.float64), len(scope))
        if scope.shape[1] == 1:
            np.add.at(linear, scope[:, 0], -weights)
        else:
            pairs.append(scope)
            quadratic.append(-weights)
    spins = Quadratics(linear, np.concatenate(pairs), np.concatenate(quadratic), offset, "SPIN", labels)
    return _summed(spins if vartype == "SPIN" else _as_binary(spins))


def _as_spins(bqm: Quadratics) -> Quadratics:
    """``x = (1 + s) / 2``."""
    linear = bqm.linear / 2
    np.add.at(linear, bqm.pairs, bqm.quadratic[:, None] / 4)
    offset = bqm.offset + math.fsum(bqm.linear) / 2 + math.fsum(bqm.quadratic) / 4
    return bqm._replace(linear=linear, quadratic=bqm.quadratic / 4, offset=offset, vartype="SPIN")


def _as_binary(bqm: Quadratics) -> Quadratics:
    """``s = 2 x - 1``."""
    linear = 2 * bqm.linear
    np.add.at(linear, bqm.pairs, -2 * bqm.quadratic[:, None])
    offset = bqm.offset - math.fsum(bqm.linear) + math.fsum(bqm.quadratic)
    return bqm._replace(linear=linear, quadratic=4 * bqm.quadratic, offset=offset, vartype="BINARY")


def _summed(bqm: Quadratics) -> Quadratics:
    pairs, places = np.unique(np.sort(bqm.pairs, axis=1), axis=0, return_inverse=True)
    return bqm._replace(
        pairs=pairs, quadratic=np.bincount(places.reshape(-1), bqm.quadratic, minlength=len(pairs))
    )
