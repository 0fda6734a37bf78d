"""Lattice models as factor graphs: a slower but independent way to sample them, and to exact answers."""

import numpy as np

from isotherm.doors import instance
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractStates, LatticeClock, LatticeIsing, LatticePotts, spread
from isotherm.energy.variables import categorical, spin


def to_graph(model: LatticeIsing | LatticePotts | LatticeClock) -> FactorGraph:
    """The same model as a factor graph: group ``"s"`` of spins, or ``"c"`` of categories, in row-major order.

    Raises:
        TypeError: for continuous angles, which a factor graph cannot hold.
    """
    kinds = (LatticeIsing, LatticePotts, LatticeClock)
    instance("model", model, kinds, "an Ising, Potts or clock model on a lattice, which become factor graphs")
    lattice, n = model.lattice, model.lattice.num_sites
    tables = model if isinstance(model, AbstractStates) else None
    name, group = ("c", categorical(n, tables.num_values)) if tables else ("s", spin(n))
    factors = []
    for d, exists in enumerate(lattice.has_bond):
        strengths = spread(model.coupling[d], lattice.shape)[exists]
        if tables:
            strengths = strengths[:, None, None] * tables.pair_table[None].astype(strengths.dtype)
        if len(strengths):
            factors.append(Factor.of((name, name), lattice.bonds_along(d), strengths, name=f"bonds_{d}"))
    fields = spread(model.field, lattice.shape).reshape(-1)
    if tables:
        fields = fields[:, None] * tables.site_table[None].astype(fields.dtype)
    factors.append(Factor.of(name, np.arange(n), fields, name="fields"))
    return FactorGraph.of({name: group}, factors)
