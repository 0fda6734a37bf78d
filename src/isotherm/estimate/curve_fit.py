"""Curves over temperature, where they cross, and laws over size; with rows, and from points with errors.

References:
    Binder, Z. Phys. B 43, 119 (1981); Ferrenberg and Landau, Phys. Rev. B 44, 5081 (1991); Newman and Barkema,
    Monte Carlo Methods in Statistical Physics (1999), chapters 3 and 8.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from isotherm.estimate.bootstrap import Rows, errors


def weighted_fit(design: np.ndarray, rows: Rows, sigma: np.ndarray) -> Rows:
    """Linear least squares of each row.

    Args:
        design: ``(points, terms)``.
        rows: ``(rows, points)``.
        sigma: standard errors of the points, above 0.

    Returns:
        Coefficients ``(rows, terms)``.
    """
    return (rows / sigma) @ np.linalg.pinv(design / sigma[:, None]).T


class SizeCurve(NamedTuple):
    """A quantity of one size over temperature, as a polynomial in ``(T - centre) / width``.

    Attributes:
        centre: of the temperatures.
        width: half their range.
        coefficients: ascending, ``(rows, degree + 1)``.
        chi2: of row 0, by the degrees of freedom.
    """

    centre: float
    width: float
    coefficients: Rows
    chi2: float

    def at(self, temperatures: np.ndarray | float) -> Rows:
        """Values ``(rows,)`` at one temperature, or at one a row."""
        return (self.coefficients * self._powers(temperatures)).sum(-1)

    def over(self, temperatures: np.ndarray) -> Rows:
        """Values ``(rows, points)`` at the same temperatures in all rows."""
        return self.coefficients @ self._powers(temperatures).T

    def slope(self, temperatures: np.ndarray | float) -> Rows:
        """Derivative by the temperature, ``(rows,)``, at one temperature or at one a row."""
        inner = self.coefficients[:, 1:] * np.arange(1, self.coefficients.shape[1]) / self.width
        return (inner * self._powers(temperatures)[..., :-1]).sum(-1)

    def _powers(self, temperatures: np.ndarray | float) -> np.ndarray:
        x = (np.asarray(temperatures, float) - self.centre) / self.width
        return x[..., None] ** np.arange(self.coefficients.shape[1])


def fit_curve(temperatures: np.ndarray, rows: Rows, degree: int = 3) -> SizeCurve:
    """Weighted least squares of each row.

    Args:
        temperatures: more than ``degree`` of them.
        rows: the quantity, ``(rows, temperatures)``.
        degree: of the polynomial.
    """
    centre, width = (temperatures.max() + temperatures.min()) / 2, np.ptp(temperatures) / 2
    sigma = errors(rows)
    design = ((temperatures - centre) / width)[:, None] ** np.arange(degree + 1)
    coefficients = weighted_fit(design, rows, sigma)
    residual = (rows[0] - design @ coefficients[0]) / sigma
    dof = max(len(temperatures) - degree - 1, 1)
    return SizeCurve(float(centre), float(width), coefficients, float(residual @ residual / dof))


def crossing(small: SizeCurve, large: SizeCurve, low: float, high: float) -> Rows:
    """Temperature at which two curves cross, for each row; NaN where they do not between ``low`` and ``high``."""
    grid = np.linspace(low, high, 65)
    return np.array([_root(grid, difference) for difference in small.over(grid) - large.over(grid)])


def _root(grid: np.ndarray, values: np.ndarray) -> float:
    """Zero nearest the middle, by a parabola through the points around the change of sign."""
    changes = np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:]))
    if not len(changes):
        return float("nan")
    i = int(changes[np.argmin(np.abs(changes - len(grid) / 2))])
    lo = min(max(i - 1, 0), len(grid) - 3)
    roots = np.roots(np.polyfit(grid[lo : lo + 3] - grid[i], values[lo : lo + 3], 2))
    inside = [
        r.real for r in roots if abs(r.imag) < 1e-12 and -1e-9 <= r.real <= grid[i + 1] - grid[i] + 1e-9
    ]
    linear = -values[i] * (grid[i + 1] - grid[i]) / (values[i + 1] - values[i])
    return float(grid[i] + (inside[0] if inside else linear))


class PowerLaw(NamedTuple):
    """``value = amplitude · size ** exponent``, with corrections where asked for.

    Attributes:
        exponent: of each row.
        amplitude: of each row.
        correction: of each row, zero if none was asked for.
        power: ``ω`` of the correction.
        chi2: of row 0, by the degrees of freedom; NaN if there are none.
    """

    exponent: Rows
    amplitude: Rows
    correction: Rows
    power: float
    chi2: float

    def at(self, sizes: np.ndarray) -> Rows:
        """Values ``(rows, sizes)``."""
        logs = np.log(self.amplitude)[:, None] + self.exponent[:, None] * np.log(sizes)
        return np.exp(logs + self.correction[:, None] * sizes**-self.power)


def power_law(sizes: Sequence[int], rows: Rows, correction: float | None = None) -> PowerLaw:
    """Straight line through the logarithms, weighted by their errors.

    Args:
        sizes: two or more; three or more with a correction.
        rows: ``(rows, sizes)``.
        correction: a power ``ω`` adds ``correction · size ** -ω`` to the logarithm.
    """
    sigma = errors(np.log(rows))
    columns = [np.log(sizes), np.ones(len(sizes))]
    if correction is not None:
        columns.append(np.asarray(sizes, float) ** -correction)
    design = np.stack(columns, axis=1)
    found = weighted_fit(design, np.log(rows), sigma)
    residual = (np.log(rows[0]) - design @ found[0]) / sigma
    dof = len(sizes) - len(columns)
    chi2 = float(residual @ residual / dof) if dof > 0 else float("nan")
    corrections = found[:, 2] if correction is not None else np.zeros(len(found))
    return PowerLaw(found[:, 0], np.exp(found[:, 1]), corrections, correction or 0.0, chi2)


def drift(sizes: Sequence[int], rows: Rows, power: float) -> Rows:
    """Limit of crossings at infinite size: ``T(L) = T_c + a L ** -power`` by weighted least squares.

    Args:
        sizes: of the crossings, the smaller of each pair.
        rows: crossings ``(rows, pairs)``; at least two pairs.
        power: of the drift, ``1/ν + ω``.

    Returns:
        ``T_c`` of each row.
    """
    sigma = errors(rows)
    design = np.stack([np.ones(len(sizes)), np.asarray(sizes, float) ** -power], axis=1)
    return weighted_fit(design, rows, sigma)[:, 0]
