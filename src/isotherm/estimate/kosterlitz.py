"""Fits at the transition of Kosterlitz and Thouless: where the helicity modulus jumps, and how spins decay below it.

NumPy and SciPy only; every number comes with its standard error.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

JUMP = 2 / math.pi
"""Helicity modulus over temperature at the transition (Nelson and Kosterlitz, Phys. Rev. Lett. 39, 1201, 1977)."""

KNOWN_TEMPERATURE, KNOWN_ERROR = 0.89294, 0.00008
"""Of the transition on the square lattice: M. Hasenbusch, J. Phys. A 38, 5869 (2005)."""

CENTRE = 0.92
"""Temperature around which curves are expanded."""


class HelicityCurve(NamedTuple):
    """A weighted polynomial through a curve over temperature, around :data:`CENTRE`.

    Attributes:
        coefficients: lowest power first, ``(powers,)``.
        covariance: of the coefficients.
        chi2: weighted squared misfit.
        dof: temperatures less powers.
        span: lowest and highest temperature.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    chi2: float
    dof: int
    span: tuple[float, float]

    def at(self, temperature: float) -> tuple[float, float]:
        """Value and standard error."""
        powers = (temperature - CENTRE) ** np.arange(len(self.coefficients))
        return float(powers @ self.coefficients), math.sqrt(powers @ self.covariance @ powers)


class FittedTransition(NamedTuple):
    """A temperature of transition fitted to several sizes.

    Attributes:
        temperature: the estimate.
        error: its standard error, statistical.
        constant: what stands beside ``ln L``.
        constant_error: its standard error.
        chi2: weighted squared misfit.
        dof: sizes less unknowns.
        sizes: fitted.
    """

    temperature: float
    error: float
    constant: float
    constant_error: float
    chi2: float
    dof: int
    sizes: tuple[int, ...]


def smooth(
    temperatures: np.ndarray, values: np.ndarray, errors: np.ndarray, degree: int = 3
) -> HelicityCurve:
    """Fit a polynomial to a curve whose points are independent.

    Args:
        temperatures: ``(points,)``, more than ``degree``.
        values: ``(points,)``.
        errors: standard errors, above 0.
        degree: of the polynomial.
    """
    design = (np.asarray(temperatures)[:, None] - CENTRE) ** np.arange(degree + 1) / errors[:, None]
    covariance = np.linalg.inv(design.T @ design)
    coefficients = covariance @ design.T @ (values / errors)
    misfit = values / errors - design @ coefficients
    span = (float(np.min(temperatures)), float(np.max(temperatures)))
    return HelicityCurve(coefficients, covariance, float(misfit @ misfit), len(values) - degree - 1, span)


def helicity_at_transition(temperature: float, size: int, constant: float) -> float:
    """``(2T/π) (1 + 1 / (2 (ln L + C)))`` (Weber and Minnhagen, Phys. Rev. B 37, 5986, 1988)."""
    return JUMP * temperature * (1 + 0.5 / (math.log(size) + constant))


def crossing(curve: HelicityCurve, size: int, constant: float = math.inf) -> tuple[float, float] | None:
    """Temperature at which a curve meets :func:`helicity_at_transition`, and its standard error.

    An infinite constant means the plain line ``2T/π``.

    Returns:
        None if they do not meet within the curve's temperatures or close to them.
    """
    from scipy.optimize import root_scalar

    def gap(temperature: float) -> float:
        return curve.at(temperature)[0] - helicity_at_transition(temperature, size, constant)

    low, high = curve.span[0] - 0.05, curve.span[1] + 0.05
    if gap(low) * gap(high) > 0:
        return None
    found = float(root_scalar(gap, bracket=(low, high), xtol=1e-10).root)
    slope = (gap(found + 1e-5) - gap(found - 1e-5)) / 2e-5
    return found, curve.at(found)[1] / abs(slope)


def fit_helicity(curves: Sequence[HelicityCurve], sizes: Sequence[int]) -> FittedTransition:
    """The temperature at which the helicity modulus of all sizes follows :func:`helicity_at_transition`.

    Args:
        curves: of the helicity modulus, one a size.
        sizes: linear extents, at least three.
    """

    def residuals(unknown: np.ndarray) -> np.ndarray:
        temperature, constant = unknown
        pairs = [curve.at(temperature) for curve in curves]
        wanted = [helicity_at_transition(temperature, size, constant) for size in sizes]
        return np.array([(value - want) / error for (value, error), want in zip(pairs, wanted, strict=True)])

    return _fitted(residuals, (0.9, 1.0), tuple(sizes))[0]


def fit_crossings(
    temperatures: Sequence[float], errors: Sequence[float], sizes: Sequence[int]
) -> tuple[FittedTransition, float]:
    """Extrapolate crossings with the plain line ``2T/π``: ``T*(L) = T + A / (ln L + c)²``, ``A`` free.

    Renormalized couplings take ``ln L = b / (2 √t)`` to flow down to the line at reduced temperature ``t``, where the
    correlation length is ``exp(b / √t)``; so ``A = T b² / 4``, and ``b`` is not universal.

    Args:
        temperatures: of the crossings, one a size.
        errors: their standard errors.
        sizes: linear extents, at least four.

    Returns:
        The transition and ``A``.

    References:
        J. M. Kosterlitz, J. Phys. C 7, 1046 (1974).
    """
    wanted, scale = np.asarray(temperatures), np.asarray(errors)

    def residuals(unknown: np.ndarray) -> np.ndarray:
        temperature, constant, amplitude = unknown
        return (temperature + amplitude / (np.log(sizes) + constant) ** 2 - wanted) / scale

    return _fitted(residuals, (0.9, 0.5, 0.5), tuple(sizes))


def power_law(
    sizes: Sequence[int], values: np.ndarray, errors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exponents of ``value ~ L^-x``, by weighted straight lines through logarithms.

    Args:
        sizes: ``(sizes,)``, at least two.
        values: ``(sizes, points)``, above 0.
        errors: standard errors of the values.

    Returns:
        The exponents ``x``, their standard errors and the squared misfits, ``(points,)`` each.
    """
    x, y, weights = -np.log(sizes)[:, None], np.log(values), (values / errors) ** 2
    x_mean, y_mean = ((weights * part).sum(0) / weights.sum(0) for part in (x + 0 * y, y))
    spread = (weights * (x - x_mean) ** 2).sum(0)
    slope = (weights * (x - x_mean) * (y - y_mean)).sum(0) / spread
    misfit = (weights * (y - y_mean - slope * (x - x_mean)) ** 2).sum(0)
    return slope, 1 / np.sqrt(spread), misfit


def reached(
    temperatures: np.ndarray, values: np.ndarray, errors: np.ndarray, level: float
) -> tuple[float, float] | None:
    """Where a rising curve first reaches a level, by a straight line through the two points around it.

    Args:
        temperatures: ascending, shape ``(points,)``.
        values: of the curve, shape ``(points,)``.
        errors: standard errors of the values, shape ``(points,)``.
        level: to be reached.

    Returns:
        Temperature and standard error; None if the curve does not reach it.
    """
    above = np.flatnonzero(values >= level)
    if not len(above) or above[0] == 0:
        return None
    i = above[0] - 1
    (low, high), (a, b) = temperatures[i : i + 2], values[i : i + 2]
    share = (level - a) / (b - a)
    error = math.hypot((1 - share) * errors[i], share * errors[i + 1]) * (high - low) / (b - a)
    return float(low + share * (high - low)), float(error)


def _fitted(
    residuals: Callable[[np.ndarray], np.ndarray], start: tuple[float, ...], sizes: tuple[int, ...]
) -> tuple[FittedTransition, float]:
    """The transition, and the last of the unknowns."""
    from scipy.optimize import least_squares

    low = (0.3, 0.05 - math.log(min(sizes)), 0.0)[: len(start)]
    high = (1.5, 60.0, 1e4)[: len(start)]
    found = least_squares(residuals, start, bounds=(np.array(low), np.array(high)), xtol=1e-12, ftol=1e-12)
    errors = np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    transition = FittedTransition(
        temperature=float(found.x[0]),
        error=float(errors[0]),
        constant=float(found.x[1]),
        constant_error=float(errors[1]),
        chi2=float(2 * found.cost),
        dof=len(sizes) - len(start),
        sizes=sizes,
    )
    return transition, float(found.x[-1])
