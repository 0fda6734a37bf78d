"""The square Ising model without field: infinite (Onsager, Yang), and on tori of any size (Kaufman)."""

import math
from typing import Any

from scipy.special import ellipe, ellipkm1

from isotherm.doors import affordable, is_number, number, sequence, whole
from isotherm.energy.inputs import LARGEST
from isotherm.errors import refusal
from isotherm.exact.lattice.torus import ising_torus

_SERIES_BELOW = 0.02
"""Below this ``beta J`` the closed forms cancel, and four terms of the high-temperature series are exact."""


def kaufman(
    rows: int, columns: int, beta: float, coupling: float | tuple[float, float] = 1.0
) -> dict[str, float]:
    """Square Ising torus of any size, exactly, in float64.

    Args:
        rows: at least 3.
        columns: at least 3.
        beta: inverse temperature, at least 0.
        coupling: ``J``, any sign; or along rows' direction (the last axis) and along columns.

    Returns:
        ``log_z``, ``log_z_per_site``, ``energy_per_site``, ``heat_capacity_per_site``.

    Raises:
        ValueError: naming what is out of range.

    References:
        Kaufman, Crystal statistics II, Phys. Rev. 76 (1949) 1232.

    >>> round(kaufman(128, 128, 0.44)["energy_per_site"], 6)
    -1.409996
    """
    rows, columns = whole("rows", rows, 3), whole("columns", columns, 3)
    affordable("rows, columns", (rows, columns), 64.0 * (rows + columns), "make the torus smaller")
    pair: Any = (
        (coupling, coupling) if is_number(coupling) else sequence("coupling", coupling, "a number, or two")
    )
    if len(pair) != 2:
        raise refusal("coupling", coupling, "must be one number, or two")
    across, down = pair
    couplings = (_finite("coupling", across), _finite("coupling", down), 0.0)
    return ising_torus(rows, columns, _checked("beta", beta), couplings)


def onsager(beta: float, coupling: float = 1.0) -> dict[str, float]:
    r"""Infinite square Ising lattice, exactly, in float64.

    Args:
        beta: inverse temperature, at least 0.
        coupling: ``J``, any sign.

    Returns:
        ``log_z_per_site``, ``energy_per_site``, ``heat_capacity_per_site`` (infinite at the critical point) and
        ``spontaneous_magnetization``.

    Raises:
        ValueError: naming what is out of range.

    References:
        Onsager, Crystal statistics I, Phys. Rev. 65 (1944) 117.
    """
    strength = abs(
        _finite("coupling", coupling)
    )  # turning every second spin changes the sign of the coupling
    k = _checked("beta", beta) * strength
    energy, capacity = _series(k) if k < _SERIES_BELOW else _closed(k)
    return {
        "log_z_per_site": _log_z(k),
        "energy_per_site": strength * energy,
        "heat_capacity_per_site": capacity,
        "spontaneous_magnetization": spontaneous_magnetization(beta, coupling),
    }


def spontaneous_magnetization(beta: float, coupling: float = 1.0) -> float:
    r"""Magnetization of the infinite square lattice in a vanishing field, :math:`(1 - \sinh^{-4} 2\beta J)^{1/8}`.

    References:
        Yang, The spontaneous magnetization of a two-dimensional Ising model, Phys. Rev. 85 (1952) 808.

    >>> round(spontaneous_magnetization(0.5), 6)
    0.911319
    """
    k = _checked("beta", beta) * _finite("coupling", coupling)
    if k <= math.asinh(1) / 2:
        return 0.0
    return (1 - math.sinh(2 * min(k, 100.0)) ** -4) ** 0.125


def _log_z(k: float) -> float:
    """Onsager's integral, with ``kappa = 2 sinh 2K / cosh^2 2K``."""
    from scipy.integrate import quad  # slow to import

    kappa2 = 1 - _complement(k) ** 2

    def integrand(phi: float) -> float:
        return math.log((1 + math.sqrt(max(1 - kappa2 * math.sin(phi) ** 2, 0.0))) / 2)

    integral = quad(integrand, 0, math.pi / 2, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
    return 2 * k + math.log1p(math.exp(-4 * k)) + integral / math.pi


def _complement(k: float) -> float:
    """``2 tanh^2 2K - 1``, whose square is ``1 - kappa^2``; zero at the critical point."""
    return 2 * math.tanh(2 * k) ** 2 - 1


def _closed(k: float) -> tuple[float, float]:
    """Energy in units of the coupling, and heat capacity, by complete elliptic integrals."""
    prime, tanh = _complement(k), math.tanh(2 * k)
    first = float(ellipkm1(prime**2))
    product = prime * first if prime else 0.0
    energy = -(1 + 2 / math.pi * product) / tanh
    bracket = first - float(ellipe(1 - prime**2)) - (1 - tanh**2) * (math.pi / 2 + product)
    return energy, 4 / math.pi * (k / tanh) ** 2 * bracket


def _series(k: float) -> tuple[float, float]:
    """The same by the series ``log z = 2 log cosh K + log 2 + t^4 + 2 t^6 + 9/2 t^8``, ``t = tanh K``."""
    t = math.tanh(k)
    slope, curvature = 4 * t**3 + 12 * t**5 + 36 * t**7, 12 * t**2 + 60 * t**4 + 252 * t**6
    energy = -2 * t - slope * (1 - t**2)
    second = 2 * (1 - t**2) + curvature * (1 - t**2) ** 2 - 2 * t * slope * (1 - t**2)
    return energy, k**2 * second


def _checked(name: str, value: float) -> float:
    return float(number(name, value, least=0, most=LARGEST))


def _finite(name: str, value: Any) -> float:
    return float(number(name, value, least=-LARGEST, most=LARGEST))
