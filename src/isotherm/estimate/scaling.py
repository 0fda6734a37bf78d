"""One scaling function for all sizes: critical temperature and exponent from a joint fit."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from isotherm.estimate.bootstrap import Rows, errors


class Scaling(NamedTuple):
    """What :func:`fit_scaling` found.

    Attributes:
        temperature: ``T_c`` of each row.
        inverse_nu: ``1/ν`` of each row.
        limits: each quantity at ``T_c`` in the limit of large sizes, ``(rows, quantities)``.
        chi2: of row 0, by the degrees of freedom.
    """

    temperature: Rows
    inverse_nu: Rows
    limits: Rows
    chi2: float


class _Points(NamedTuple):
    """All sizes in one list of points: ``values`` and ``weights`` are ``(rows, points)`` and ``(points,)`` each."""

    sizes: np.ndarray
    temperatures: np.ndarray
    values: list[Rows]
    weights: list[np.ndarray]
    degree: int
    correction: float | None

    def design(self, shared: np.ndarray) -> np.ndarray:
        """Columns of the linear part at ``T_c`` and ``1/ν``, ``(points, terms)``."""
        x = (self.temperatures / shared[0] - 1) * self.sizes ** shared[1]
        columns = x[:, None] ** np.arange(self.degree + 1)
        if self.correction is None:
            return columns
        return np.column_stack([columns, columns[:, :2] * self.sizes[:, None] ** -self.correction])

    def solve(self, shared: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Weighted residuals of all quantities, and their values at the critical point."""
        matrix, limits, residuals = self.design(shared), [], []
        for value, weight in zip(self.values, self.weights, strict=True):
            scaled = matrix * weight[:, None]
            found = np.linalg.lstsq(scaled, value[row] * weight, rcond=None)[0]
            limits.append(found[0])
            residuals.append(value[row] * weight - scaled @ found)
        return np.concatenate(residuals), np.array(limits)


def fit_scaling(
    data: Mapping[int, tuple[np.ndarray, Sequence[Rows]]],
    guess: tuple[float, float],
    degree: int = 4,
    correction: float | None = 2.0,
    max_rows: int | None = None,
) -> Scaling:
    """Fit ``R(T, L) = Σ_k a_k x^k + (b + c x) L^-ω`` with ``x = (T/T_c - 1) L^(1/ν)`` to all sizes and quantities.

    ``T_c`` and ``1/ν`` are shared; ``a``, ``b`` and ``c`` belong to a quantity. Given ``T_c`` and ``1/ν`` these are a
    linear fit, so that only two numbers are searched for. Points are weighted by their own errors; that quantities
    of one run are correlated is left to the rows, which resample them together.

    Args:
        data: by size the temperatures, and the dimensionless quantities ``(rows, temperatures)``.
        guess: of ``T_c`` and ``1/ν``.
        degree: of the scaling functions.
        correction: ``ω``, or None for no correction.
        max_rows: fit only the first rows; 1 for an estimate without error.

    References:
        Fisher and Barber, Scaling theory for finite-size effects in the critical region, Phys. Rev. Lett. 28 (1972)
        1516.
    """
    points = _points(data, degree, correction)
    unit, start = np.array([guess[0] * 1e-4, 1e-2]), np.zeros(2)
    shared, limits, chi2 = [], [], float("nan")
    for row in range(len(points.values[0]))[:max_rows]:
        best = least_squares(
            lambda s, row=row: points.solve(np.array(guess) + unit * s, row)[0], start, method="lm"
        )
        if row == 0:
            num_terms = degree + 1 + 2 * (correction is not None)
            dof = best.fun.size - len(points.values) * num_terms - 2
            start, chi2 = best.x, float(best.fun @ best.fun / max(dof, 1))
        shared.append(np.array(guess) + unit * best.x)
        limits.append(points.solve(shared[-1], row)[1])
    found = np.array(shared)
    return Scaling(found[:, 0], found[:, 1], np.array(limits), chi2)


def _points(
    data: Mapping[int, tuple[np.ndarray, Sequence[Rows]]], degree: int, correction: float | None
) -> _Points:
    sizes = np.concatenate([np.full(len(t), size, float) for size, (t, _) in data.items()])
    temperatures = np.concatenate([t for t, _ in data.values()])
    values = [np.concatenate(same, axis=1) for same in zip(*(q for _, q in data.values()), strict=True)]
    weights = [1 / errors(value) for value in values]
    return _Points(sizes, temperatures, values, weights, degree, correction)
