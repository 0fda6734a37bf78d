"""Lattices too large to enumerate but narrow, and XY models by quadrature: sites summed out one after the other.

The XY model is a clock model of enough angles: the trapezoid rule on periodic analytic functions gains digits
exponentially. The Fourier coefficient ``n`` of what depends on one angle is at most ``I_n(x)`` with ``x`` the sum of
its couplings and field, times beta, so that ``I_M(x) / I_0(x)`` bounds what ``M`` angles leave out.

References:
    Trefethen and Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014).
"""

from collections.abc import Callable

import equinox as eqx
import numpy as np
from scipy.special import ive

from isotherm.energy.lattice.graph import to_graph
from isotherm.energy.lattice.models import (
    MAX_STATES,
    AbstractStates,
    LatticeClock,
    LatticePotts,
    LatticeXY,
    spread,
)
from isotherm.errors import refusal
from isotherm.exact.graph.graph import GraphExact, exact_graph
from isotherm.exact.lattice.sums import Discrete, has_field, num_values

_LEFT_OUT = 1e-14


def eliminate_lattice(model: Discrete, beta: float) -> dict[str, float]:
    """Log Z, energy, heat capacity; with a field the magnetization along it, without one ``magnetization2``.

    What is a derivative of these is a central difference of fourth order, good to about eight digits.
    """
    n, law = model.lattice.num_sites, _law(model, beta)
    found = {
        "log_z": law.log_z,
        "log_z_per_site": law.log_z / n,
        "energy_per_site": _energy(law) / n,
        "heat_capacity_per_site": beta**2 * _energy_variance(model, beta) / n,
    }
    if not has_field(model):
        found["magnetization2"] = _square(model) * _aligned_variance(model, beta) / n**2
    elif not isinstance(model, LatticePotts):
        found["magnetization"] = _aligned(model, law) / n
    return found


def quadrature(model: LatticeXY, beta: float) -> dict[str, float]:
    """The same outputs of an XY model.

    Raises:
        ValueError: if it takes more angles than a clock model has.
    """
    num_angles = angles_needed(model, beta)
    clock = LatticeClock(model.lattice, num_angles, model.coupling, model.field)
    found, n = eliminate_lattice(clock, beta), model.lattice.num_sites
    cell = float(np.log(2 * np.pi / num_angles))
    return found | {
        "log_z": found["log_z"] + n * cell,
        "log_z_per_site": found["log_z_per_site"] + cell,
    }


def angles_needed(model: LatticeXY, beta: float) -> int:
    """Angles after which quadrature has all digits of float64.

    Raises:
        ValueError: if that is more than a clock model has.
    """
    x = abs(beta) * float(_strengths(model).max())
    counts = np.arange(4, MAX_STATES + 1)
    enough = ive(counts, x) < _LEFT_OUT * ive(0, x)
    if not enough.any():
        raise refusal("beta", beta, f"is too large for quadrature with {MAX_STATES} angles; sample instead")
    return int(counts[np.argmax(enough)])


def _strengths(model: LatticeXY) -> np.ndarray:
    """Sum of the sizes of couplings and field of each site."""
    lattice = model.lattice
    found = np.abs(np.array(spread(model.field, lattice.shape), np.float64)).reshape(-1)
    for d, exists in enumerate(lattice.has_bond):
        sizes = np.abs(np.asarray(spread(model.coupling[d], lattice.shape), np.float64))[exists]
        for ends in lattice.bonds_along(d).T:
            np.add.at(found, ends, sizes)
    return found


def _law(model: Discrete, beta: float) -> GraphExact:
    return exact_graph(to_graph(model), beta, method="elimination")


def _energy(law: GraphExact) -> float:
    """Expected energy: parameters times their expected features."""
    pairs = zip(law.graph.factors, law.moments, strict=True)
    return -float(sum(np.sum(np.asarray(factor.parameters, np.float64) * moment) for factor, moment in pairs))


def _energy_variance(model: Discrete, beta: float) -> float:
    step = 5e-4 / max(float(np.abs(model.coupling).max()), float(np.abs(model.field).max()), 1e-3)
    return -_derivative(lambda at: _energy(_law(model, at)), beta, step)


def _aligned(model: Discrete, law: GraphExact) -> float:
    """Expected sum over sites of what the field favours."""
    values = model.site_table if isinstance(model, AbstractStates) else np.array([-1.0, 1.0])
    (marginals,) = law.marginals.values()
    return float((marginals @ values).sum())


def _aligned_variance(model: Discrete, beta: float) -> float:
    """Of the same sum, without field: how its mean answers to one."""
    n = model.lattice.num_sites
    if beta == 0:
        table = model.site_table if isinstance(model, AbstractStates) else np.array([-1.0, 1.0])
        return n * float(table.var())

    def aligned(field: float) -> float:
        tilted = eqx.tree_at(lambda m: m.field, model, np.asarray(field))
        return _aligned(model, _law(tilted, beta))

    return _derivative(aligned, 0.0, 0.01 / n / abs(beta)) / beta


def _square(model: Discrete) -> float:
    """The squared order parameter, in units of the variance of what the field favours."""
    q = num_values(model)
    if isinstance(model, LatticePotts):
        return q**2 / (q - 1)
    return 1.0 if q == 2 else 2.0


def _derivative(f: Callable[[float], float], x: float, h: float) -> float:
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
