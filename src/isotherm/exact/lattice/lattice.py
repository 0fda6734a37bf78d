"""Exact answers about lattice models: one call that chooses the way, and says which and why. Float64, on the host."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isotherm.doors import number
from isotherm.energy.inputs import LARGEST
from isotherm.energy.lattice.graph import to_graph
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.shapes import Lattice
from isotherm.errors import refusal
from isotherm.exact.graph.graph import exact_graph
from isotherm.exact.graph.solve import MAX_ENTRIES, Method, TooCostlyError
from isotherm.exact.lattice.elimination import angles_needed, eliminate_lattice, quadrature
from isotherm.exact.lattice.enumeration import MAX_STATES, enumerate_lattice, num_visited
from isotherm.exact.lattice.rotor_chain import rotor_chain
from isotherm.exact.lattice.sums import Discrete, has_field, num_values
from isotherm.exact.lattice.torus import ising_torus

Outputs = Mapping[str, float | np.ndarray]


@dataclass(frozen=True)
class LatticeExact:
    """Exact averages of a lattice model by name, as ``law["energy_per_site"]``.

    Attributes:
        outputs: which there are depends on the method. Always ``log_z``, ``log_z_per_site``, ``energy_per_site`` and
            ``heat_capacity_per_site``. By enumeration also ``correlation_1`` (of the first two sites),
            ``magnetization2`` and ``magnetization4`` (mean square and fourth power of the order parameter); Ising and
            clock: ``abs_magnetization``, and with a field ``magnetization`` along it; Potts: ``largest_fraction``,
            ``order_parameter``; clock: ``helicity_modulus``, and on square lattices ``vortex_density`` and
            ``antivortex_density``, a plaquette. XY chains: ``correlation`` of the first site with each other one,
            ``magnetization2``, ``helicity_modulus``.
        method: ``"enumeration"``, ``"elimination"``, ``"Kaufman"``, ``"Bessel"`` or ``"quadrature"``.
        reason: why this one, with its size.
        model: whose law it is.
        beta: at which inverse temperature.
    """

    outputs: Outputs
    method: str
    reason: str
    model: AbstractLatticeModel
    beta: float

    def __getitem__(self, name: str) -> float | np.ndarray:
        if name not in self.outputs:
            allowed = f"is not known by {self.method}, which gives {', '.join(self.outputs)}"
            raise KeyError(str(refusal("output", name, allowed)))
        return self.outputs[name]

    @property
    def log_z(self) -> float:
        """Log partition function; of continuous angles, of the integral over ``[0, 2 pi)`` each."""
        return float(self.outputs["log_z"])

    @property
    def marginals(self) -> np.ndarray:
        """Probabilities of the values of each site, float64 ``(*shape, values)``, spins as ``-1, +1``.

        Without field all values are alike; with one the sites of the model's graph are summed out.

        Raises:
            ValueError: of continuous angles, or if the lattice is too wide for that.
        """
        model = self.model
        if not isinstance(model, LatticeIsing | LatticePotts | LatticeClock):
            raise refusal("model", type(model).__name__, "has angles, and no probabilities of values")
        shape = (*model.lattice.shape, num_values(model))
        if not has_field(model):
            return np.full(shape, 1 / shape[-1])
        (found,) = exact_graph(to_graph(model), self.beta).marginals.values()
        return found.reshape(shape)

    def __repr__(self) -> str:
        return f"LatticeExact(log_z={self.log_z:.6f}, method={self.method!r}, reason={self.reason!r})"


def exact_lattice(model: AbstractLatticeModel, beta: float, method: Method = "auto") -> LatticeExact:
    """Exact averages, by the way that gives most of them.

    Small Ising, Potts and clock models are enumerated. Larger ones: uniform Ising models without field on square and
    triangular tori by Kaufman's products, others by summing out one site after the other, where they are narrow
    enough. XY models: chains without field by Bessel functions, others by quadrature, where narrow enough.

    Args:
        model: a lattice model with concrete parameters.
        beta: inverse temperature, of either sign, within ±1e30.
        method: ``"auto"``; ``"enumeration"`` or ``"elimination"`` (of XY: quadrature) insist.

    Raises:
        ValueError: if the model is too large (it says how large, and what to use instead), or naming what is out of
            range.
    """
    beta = float(number("beta", beta, least=-LARGEST, most=LARGEST))
    outputs, method_taken, reason = _answered(model, beta, method)
    return LatticeExact(outputs, method_taken, reason, model, beta)


def _answered(model: AbstractLatticeModel, beta: float, method: Method) -> tuple[Outputs, str, str]:
    """Averages, the way that was taken, and why."""
    if isinstance(model, LatticeXY):
        return _rotors(model, beta, method)
    if not isinstance(model, LatticeIsing | LatticePotts | LatticeClock):
        raise TypeError(
            f"model = {type(model).__name__}: must be an Ising, Potts, clock or XY model on a lattice"
        )
    visited = num_visited(model)
    if method == "enumeration" or (method == "auto" and visited <= MAX_STATES):
        return _enumerated(model, beta, visited)
    if method == "auto" and isinstance(model, LatticeIsing) and (couplings := _torus(model)):
        rows, columns = model.lattice.shape
        return ising_torus(rows, columns, beta, couplings), "Kaufman", f"a {rows} x {columns} torus"
    return _eliminated(model, beta, visited)


def _enumerated(model: Discrete, beta: float, visited: int) -> tuple[Outputs, str, str]:
    if visited > MAX_STATES:
        allowed = (
            f"at most {MAX_STATES} are enumerated; sample instead, with `swendsen_wang` or `checkerboard`"
        )
        raise refusal("model", _in_words(visited), allowed)
    return enumerate_lattice(model, beta), "enumeration", _in_words(visited)


def _torus(model: LatticeIsing) -> tuple[float, float, float] | None:
    """Couplings of a torus that Kaufman's products answer, or nothing."""
    lattice = model.lattice
    is_torus = lattice.kind in ("square", "triangular") and lattice.is_periodic
    if not is_torus or np.ndim(model.coupling) > 1 or has_field(model):
        return None
    across, down, *diagonal = (float(j) for j in np.asarray(model.coupling, np.float64))
    return across, down, diagonal[0] if diagonal else 0.0


def _eliminated(model: Discrete, beta: float, visited: int) -> tuple[Outputs, str, str]:
    allowed = (
        "too many to enumerate, and too wide to sum out site by site; `swendsen_wang`, `checkerboard` sample"
    )
    try:
        _check_width(model.lattice, num_values(model))
        found = eliminate_lattice(model, beta)
    except TooCostlyError:
        raise refusal("model", _in_words(visited), allowed) from None
    return found, "elimination", f"{_in_words(visited)}, {model.lattice.shape} sites"


def _check_width(lattice: Lattice, values: int) -> None:
    """Whatever the order, some table holds a cross section of the lattice; half of one where walls are of brick."""
    section = lattice.num_sites // max(lattice.shape)
    if values ** (section // 2 if lattice.kind == "honeycomb" else section) > MAX_ENTRIES:
        raise TooCostlyError(f"{section} sites of a cross section")


def _in_words(states: int) -> str:
    return f"{states} states" if states < 10**8 else f"10^{math.floor(math.log10(states))} states"


def _rotors(model: LatticeXY, beta: float, method: Method) -> tuple[Outputs, str, str]:
    if method == "enumeration":
        raise refusal("method", method, "continuous angles cannot be enumerated; use 'auto' or 'elimination'")
    if method == "auto" and model.lattice.kind == "chain" and not np.any(np.asarray(model.field)):
        return rotor_chain(model, beta), "Bessel", "a chain without field"
    num_angles = angles_needed(model, beta)
    try:
        _check_width(model.lattice, num_angles)
        return quadrature(model, beta), "quadrature", f"{num_angles} angles a site"
    except TooCostlyError:
        allowed = (
            f"too wide for quadrature with {num_angles} angles a site; `checkerboard`, `swendsen_wang` sample"
        )
        raise refusal("model", f"LatticeXY of {model.lattice.shape}", allowed) from None
