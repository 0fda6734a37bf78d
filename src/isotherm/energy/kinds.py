"""Which kind of model an argument should be; refusals say how one of another kind becomes it."""

from typing import Any

from isotherm.doors import instance, sequence, whole
from isotherm.energy.dense import Ising
from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.lattice.shapes import Lattice
from isotherm.energy.tilt.bases import LinearGaussian
from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import wrong_kind


def factor_graph(field: str, value: Any) -> FactorGraph:
    """A factor graph.

    Raises:
        TypeError: naming ``field``.
    """
    return instance(field, value, FactorGraph, "a FactorGraph", _to_graph(value))


def graph_or_dense(field: str, value: Any, sampler: str = "") -> FactorGraph | Ising:
    """A factor graph, or a dense Ising model.

    Args:
        field: what refusals call it.
        value: anything.
        sampler: what serves lattice models instead.

    Raises:
        TypeError: naming ``field``.
    """
    return instance(
        field, value, (FactorGraph, Ising), "a FactorGraph or an Ising model", _to_graph(value, sampler)
    )


def dense_model(field: str, value: Any) -> Ising:
    """A dense Ising model.

    Raises:
        TypeError: naming ``field``.
    """
    mend = "to_dense(graph) makes one of spins in pairs" if isinstance(value, FactorGraph) else ""
    return instance(field, value, Ising, "a dense Ising model", mend)


def lattice_model(field: str, value: Any, mend: str = "") -> AbstractLatticeModel:
    """A model on a lattice.

    Raises:
        TypeError: naming ``field``.
    """
    mend = "LatticeIsing(lattice) makes one" if isinstance(value, Lattice) else mend
    return instance(field, value, AbstractLatticeModel, "a lattice model, such as LatticeIsing", mend)


def tilted_policy(field: str, value: Any) -> Tilted:
    """A tilted policy.

    Raises:
        TypeError: naming ``field``.
    """
    return instance(field, value, Tilted, "a Tilted policy", "Tilted(base, reward) makes one")


def next_states(field: str, value: Any) -> LinearGaussian:
    """A law of next states.

    Raises:
        TypeError: naming ``field``.
    """
    return instance(field, value, LinearGaussian, "a LinearGaussian transition")


def group_and_index(field: str, value: Any, least: int | None = None) -> tuple[str, int]:
    """One variable of a factor graph, by its group and the index there; whether there is one is not looked at.

    Raises:
        TypeError: naming ``field``.
        ValueError: naming ``field``, if the index is below ``least``.
    """
    wanted = "a group and an index, such as ('s', 0)"
    found = sequence(field, value, wanted)
    if len(found) != 2 or not isinstance(found[0], str):
        raise wrong_kind(field, value, wanted)
    return found[0], whole(field, found[1], least)


def _to_graph(value: Any, sampler: str = "") -> str:
    if isinstance(value, AbstractLatticeModel):
        return f"use {sampler}, or to_graph(model)" if sampler else "to_graph(model) makes one"
    if isinstance(value, Ising):
        return "from_dense(model) makes one"
    if isinstance(getattr(value, "graph", None), FactorGraph):
        return "its .graph is one"
    if isinstance(value, AbstractFactor):
        return "FactorGraph.of(variables, factors) makes one"
    return ""
