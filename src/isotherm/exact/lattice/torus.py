r"""Ising models without field on square and triangular tori of any size, exactly.

The partition function is the sum of four products over wave numbers, one for each choice of periodic or antiperiodic
fermions along the two dimensions. With :math:`c_d = \cosh 2\beta J_d` and :math:`s_d = \sinh 2\beta J_d`,

.. math::

    Z = 2^{N-1} \left(-P_{00} + P_{01} + P_{10} + P_{11}\right), \quad
    P^2 = \prod_{\theta, \varphi} \left(c_1 c_2 c_3 + s_1 s_2 s_3 - s_1 \cos\theta - s_2 \cos\varphi
    - s_3 \cos(\theta + \varphi)\right),

where :math:`J_3 = 0` for the square lattice. The four factors with :math:`\theta, \varphi \in \{0, \pi\}` are
squares, and what they are squares of has a sign, which tells the phases apart.

References:
    Kaufman, Crystal statistics II, Phys. Rev. 76 (1949) 1232; Houtappel, Order-disorder in hexagonal lattices,
    Physica 16 (1950) 425; McCoy and Wu, The Two-Dimensional Ising Model (1973), chapter IV.
"""

from typing import Any, NamedTuple

import numpy as np

from isotherm.errors import refusal

_CANCELLED = 1e-7
"""Below this share of the largest product their sum has too few digits left."""


class _Series(NamedTuple):
    """A function of beta with its first two derivatives."""

    value: Any
    slope: Any
    curvature: Any


def ising_torus(
    rows: int, columns: int, beta: float, couplings: tuple[float, float, float]
) -> dict[str, float]:
    """Log Z, energy and heat capacity, in total and per site as their names say.

    Args:
        rows: extent of the first dimension, at least 3.
        columns: extent of the last dimension, at least 3.
        beta: inverse temperature.
        couplings: along the last dimension, along the first, and along the diagonal (0 for the square lattice), of
            any sign.

    Raises:
        ValueError: if the four products cancel, as on a frustrated torus in the cold.
    """
    n = rows * columns
    signs = {(0, 0): -1, (0, 1): 1, (1, 0): 1, (1, 1): 1}
    sectors = [(sign, *_sector(rows, columns, *twist, beta, couplings)) for twist, sign in signs.items()]
    top = max((log for _, log, _ in sectors), key=lambda log: log.value)
    z = slope = curvature = largest = 0.0
    for sign, log, p in sectors:
        scale, rate = sign * np.exp(log.value - top.value), log.slope - top.slope
        z += scale * p.value
        slope += scale * (p.slope + rate * p.value)
        curvature += scale * (p.curvature + 2 * rate * p.slope + (log.curvature + rate**2) * p.value)
        largest = max(largest, abs(scale * p.value))
    if z < _CANCELLED * largest:
        allowed = (
            "is too large: the four products of a frustrated torus cancel; enumerate a smaller one, or sample"
        )
        raise refusal("beta", beta, allowed)
    log_z, mean = (n - 1) * np.log(2) + top.value + np.log(z), slope / z
    return {
        "log_z": float(log_z),
        "log_z_per_site": float(log_z / n),
        "energy_per_site": float(-(top.slope + mean) / n),
        "heat_capacity_per_site": float(beta**2 * (curvature / z - mean**2) / n),
    }


def _sector(
    rows: int, columns: int, twist_rows: int, twist_columns: int, beta: float, couplings: tuple[float, ...]
) -> tuple[_Series, _Series]:
    """One of the four products, as the logarithm of its positive factors and the product of those with a sign."""
    halves_across, halves_down = 2 * np.arange(columns) + twist_columns, 2 * np.arange(rows) + twist_rows
    theta, phi = np.pi * halves_across / columns, (np.pi * halves_down / rows)[:, None]
    is_real = (halves_across % columns == 0) & (halves_down % rows == 0)[:, None]
    theta, phi = np.broadcast_arrays(theta, phi)
    factors, rate = _factors(theta[~is_real], phi[~is_real], beta, couplings)
    ratio = factors.slope / factors.value
    log = _Series(
        (np.log(factors.value) + beta * rate).sum() / 2,
        (ratio + rate).sum() / 2,
        (factors.curvature / factors.value - ratio**2).sum() / 2,
    )
    product = _Series(1.0, 0.0, 0.0)
    for across, down in zip(np.cos(theta[is_real]), np.cos(phi[is_real]), strict=True):
        root, rate = _root(round(across), round(down), beta, couplings)
        product = _times(product, root)
        log = _Series(log.value + beta * rate, log.slope + rate, log.curvature)
    return log, product


def _factors(
    theta: np.ndarray, phi: np.ndarray, beta: float, couplings: tuple[float, ...]
) -> tuple[_Series, float]:
    """The factors of ``P^2`` at wave numbers, as :func:`_exponentials` gives them."""
    a, b, c = (2 * j for j in couplings)
    exponents = [a + b + c, a - b - c, b - a - c, c - a - b, a, -a, b, -b, c, -c]
    weights = [np.full(theta.shape, 0.25)] * 4
    for cosine in (np.cos(theta), np.cos(phi), np.cos(theta + phi)):
        weights += [-cosine / 2, cosine / 2]
    return _exponentials(np.stack(weights, axis=-1), exponents, beta)


def _root(across: int, down: int, beta: float, couplings: tuple[float, ...]) -> tuple[_Series, float]:
    """Square root of a factor whose cosines are +1 or -1, positive at ``beta = 0``."""
    a, b, c = across * couplings[0], down * couplings[1], across * down * couplings[2]
    exponents = [a - b - c, b - a - c, c - a - b, a + b + c]
    return _exponentials(np.array([0.5, 0.5, 0.5, -0.5]), exponents, beta)


def _exponentials(weights: np.ndarray, exponents: list[float], beta: float) -> tuple[_Series, float]:
    """``sum(weights * exp(beta * exponents))`` divided by its largest exponential, and the exponent of that one."""
    rates = np.array(exponents)
    top = float(rates[np.argmax(beta * rates)])
    terms, rates = weights * np.exp(beta * (rates - top)), rates - top
    return _Series(terms.sum(-1), terms @ rates, terms @ rates**2), top


def _times(f: _Series, g: _Series) -> _Series:
    curvature = f.curvature * g.value + 2 * f.slope * g.slope + f.value * g.curvature
    return _Series(f.value * g.value, f.slope * g.value + f.value * g.slope, curvature)
