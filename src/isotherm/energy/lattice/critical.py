"""Where uniform lattice models order: exact where known, else the best published number."""

import math
from collections.abc import Callable
from typing import cast

import numpy as np

from isotherm.doors import whole
from isotherm.energy.kinds import lattice_model
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.shapes import Kind
from isotherm.errors import refusal

CUBIC_ISING_BETA = 0.22165463
"""Ferrenberg, Xu and Landau, Phys. Rev. E 97 (2018) 043301: 0.221654626(5)."""

XY_BETA = 1.1199
"""Square lattice, 1.1199(1): Hasenbusch, J. Phys. A 38 (2005) 5869."""

CRITICAL_BINDER = 0.61069
"""Binder cumulant of the Ising model on a periodic square at its critical point: Kamieniarz and Blote (1993)."""

CUBIC_BINDER = 0.4655
"""The same for a periodic cube: Ferrenberg, Xu and Landau (2018)."""


def critical_beta(model: AbstractLatticeModel) -> float:
    r"""Inverse temperature of the transition of a ferromagnetic model without field or disorder.

    Ising on square, triangular, honeycomb (exact) and cubic lattices (published number); Potts on square lattices,
    any ``q``; clock models of 2, 3 and 4 angles, which are Ising and Potts models; XY on square lattices. The square
    and the triangular Ising model and the square Potts model may be anisotropic.

    Raises:
        ValueError: if the model has a field, couplings that are not positive, or no single known transition.

    References:
        Onsager, Phys. Rev. 65 (1944) 117; Houtappel, Physica 16 (1950) 425; Potts, Proc. Camb. Phil. Soc. 48 (1952)
        106.
    """
    couplings = _uniform(lattice_model("model", model))
    kind = model.lattice.kind
    if isinstance(model, LatticeIsing) and kind in _ISING:
        return _ISING[kind](couplings)
    if isinstance(model, LatticePotts) and kind == "square":
        return _square_potts(couplings, model.num_states)
    if isinstance(model, LatticeClock) and kind == "square" and model.num_angles in _CLOCK:
        factor, num_states = _CLOCK[model.num_angles]
        return _square_potts(factor * couplings, num_states)
    if isinstance(model, LatticeXY) and kind == "square":
        return XY_BETA / _isotropic(couplings)
    name = type(model).__name__
    raise refusal(
        "model", f"{name} on a {kind} lattice", "has no transition whose place is known, or more than one"
    )


def potts_critical_energy(num_states: int) -> float:
    """Energy per site of the square Potts model at its transition, in units of ``J``; mean of both phases above 4.

    References:
        Wu, The Potts model, Rev. Mod. Phys. 54 (1982) 235.
    """
    return -(1 + 1 / math.sqrt(_states(num_states, 2)))


def potts_latent_heat(num_states: int) -> float:
    r"""Latent heat per site of the square Potts model, in units of ``J``; 0 up to four states.

    .. math:: 2 (1 + q^{-1/2}) \tanh(\Theta/2) \prod_{n \ge 1} \tanh^2 n\Theta, \quad 2 \cosh\Theta = \sqrt q

    References:
        Baxter, Potts model at the critical temperature, J. Phys. C 6 (1973) L445.
    """
    if _states(num_states, 2) <= 4:
        return 0.0
    theta = math.acosh(math.sqrt(num_states) / 2)
    n = np.arange(1, math.ceil(20 / theta) + 2)
    product = float(np.exp(2 * np.log(np.tanh(n * theta)).sum()))
    return -2 * potts_critical_energy(num_states) * math.tanh(theta / 2) * product


def _states(num_states: int, least: int) -> int:
    return whole("num_states", num_states, least)


def _uniform(model: AbstractLatticeModel) -> np.ndarray:
    """Couplings by direction, float64."""
    if not model.is_uniform or float(model.field) != 0:
        raise refusal(
            "model", type(model).__name__, "needs one coupling a direction and no field to be critical"
        )
    couplings = np.asarray(model.coupling, np.float64)
    if not (couplings > 0).all():
        raise refusal("model.coupling", couplings.tolist(), "must be positive")
    return couplings


def _isotropic(couplings: np.ndarray) -> float:
    if not np.allclose(couplings, couplings[0], rtol=1e-6):
        raise refusal("model.coupling", couplings.tolist(), "must be the same in all directions here")
    return float(couplings[0])


def _square_ising(couplings: np.ndarray) -> float:
    if couplings[0] == couplings[1]:
        return math.log(1 + math.sqrt(2)) / 2 / couplings[0]
    return _root(lambda beta: float(np.prod(np.sinh(2 * beta * couplings))) - 1, couplings)


def _triangular_ising(couplings: np.ndarray) -> float:
    """Where the products of two of the three ``sinh 2 beta J`` add up to 1."""
    if (couplings == couplings[0]).all():
        return math.log(3) / 4 / couplings[0]

    def excess(beta: float) -> float:
        a, b, c = np.sinh(2 * beta * couplings)
        return a * b + b * c + c * a - 1

    return _root(excess, couplings)


def _square_potts(couplings: np.ndarray, num_states: int) -> float:
    if couplings[0] == couplings[1]:
        return math.log(1 + math.sqrt(num_states)) / couplings[0]
    return _root(lambda beta: float(np.prod(np.expm1(beta * couplings))) - num_states, couplings)


def _root(excess: Callable[[float], float], couplings: np.ndarray) -> float:
    """The zero of a growing function of beta."""
    from scipy.optimize import brentq  # half as long to import as JAX: only when it is needed

    above = 1 / float(couplings.max())
    while excess(above) < 0:
        above *= 2
    return cast("float", brentq(excess, 0.0, above, xtol=1e-15))


_ISING: dict[Kind, Callable[[np.ndarray], float]] = {
    "square": _square_ising,
    "triangular": _triangular_ising,
    "honeycomb": lambda couplings: math.log(2 + math.sqrt(3)) / 2 / _isotropic(couplings),
    "cubic": lambda couplings: CUBIC_ISING_BETA / _isotropic(couplings),
}

_CLOCK = {2: (2.0, 2), 3: (1.5, 3), 4: (1.0, 2)}
"""Clock models that are Potts models: what their coupling is multiplied by, and ``q`` (four: two Ising models)."""
