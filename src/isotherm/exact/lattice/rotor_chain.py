r"""XY chains and rings without field, exactly, by modified Bessel functions.

With :math:`e^{x\cos\theta} = \sum_n I_n(x) e^{in\theta}`, summing out the angles leaves one whole number ``n`` around
a ring, :math:`Z = (2\pi)^N \sum_n \prod_b I_n(\beta J_b)`, and ``n = 0`` alone along an open chain.

References:
    Joyce, Classical Heisenberg model, Phys. Rev. 155 (1967) 478; Mattis, Transfer matrix in plane-rotator model,
    Phys. Lett. A 104 (1984) 357.
"""

import numpy as np
from scipy.special import ive

from isotherm.energy.lattice.models import LatticeXY, spread
from isotherm.errors import refusal

_CANCELLED = 1e-7
"""Below this share of the largest term a sum of terms of both signs has too few digits left."""


def rotor_chain(model: LatticeXY, beta: float) -> dict[str, float | np.ndarray]:
    r"""Outputs of a chain of any length, with any couplings, without field.

    ``correlation`` has :math:`\langle\cos(\theta_0 - \theta_r)\rangle` for ``r = 1 .. N - 1``, shape ``(N - 1,)``;
    ``magnetization2`` is made of the correlations of all pairs. All others are numbers.
    """
    lattice, n = model.lattice, model.lattice.num_sites
    couplings = np.asarray(spread(model.coupling[0], lattice.shape), np.float64)[lattice.has_bond[0]]
    modes = _modes(beta * couplings) if lattice.is_periodic else np.zeros(1, int)
    logs, signs, slopes, curvatures = _terms(modes, couplings, beta)
    top = float(logs.max())
    weights = signs * np.exp(logs - top)
    z = _positive(weights, beta)
    mean = float(weights @ slopes) / z
    variance = float(weights @ (curvatures + (slopes - mean) ** 2)) / z
    log_z = n * np.log(2 * np.pi) + float(np.abs(beta * couplings).sum()) + top + np.log(z)
    pairs = _correlations(modes, beta * couplings, n, top, z)
    found = {
        "log_z": float(log_z),
        "log_z_per_site": float(log_z / n),
        "energy_per_site": -mean / n,
        "heat_capacity_per_site": beta**2 * variance / n,
        "magnetization2": float(pairs.mean()),
        "helicity_modulus": n * float(weights @ modes**2) / z / beta if beta else 0.0,
    }
    return found | ({"correlation": pairs[0, 1:], "correlation_1": float(pairs[0, 1])} if n > 1 else {})


def _modes(x: np.ndarray) -> np.ndarray:
    """Whole numbers whose Bessel functions count, both signs."""
    last = 20 + int(10 * np.sqrt(np.abs(x).max()))
    return np.arange(-last, last + 1)


def _scaled(order: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``I_n(x) exp(-|x|)`` for whole ``n`` of any sign, broadcast."""
    odd = (x < 0) & (order % 2 == 1)
    return np.where(odd, -1.0, 1.0) * ive(np.abs(order), np.abs(x))


def _terms(
    modes: np.ndarray, couplings: np.ndarray, beta: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Logarithm and sign of each mode's product, and first two derivatives of the logarithm by beta."""
    x, order = (beta * couplings)[None], modes[:, None]
    two, one, here, up, twice = (_scaled(order + shift, x) for shift in (-2, -1, 0, 1, 2))
    exists = (here != 0).all(axis=1)
    safe = np.where(exists[:, None], here, 1.0)
    first = (one + up) / 2 / safe
    second = (two + 2 * here + twice) / 4 / safe
    logs = np.where(exists, np.log(np.abs(safe)).sum(axis=1), -np.inf)
    slopes = (couplings * first).sum(axis=1)
    curvatures = (couplings**2 * (second - first**2)).sum(axis=1)
    return (
        logs,
        np.prod(np.sign(safe), axis=1),
        np.where(exists, slopes, 0.0),
        np.where(exists, curvatures, 0.0),
    )


def _positive(weights: np.ndarray, beta: float) -> float:
    z = float(weights.sum())
    if z < _CANCELLED:
        raise refusal("beta", beta, "is too large for a frustrated ring: its terms cancel")
    return z


def _correlations(modes: np.ndarray, x: np.ndarray, n: int, top: float, z: float) -> np.ndarray:
    """Cosines of all differences, ``(n, n)``: bonds between the two sites carry one more turn."""
    here, up = (_scaled(modes[:, None] + shift, x[None]) for shift in (0, 1))
    before, after = _cumulative(here, 0), _cumulative(here[:, ::-1], 0)[:, ::-1]
    found = np.eye(n)
    for i in range(n - 1):
        logs, signs = _cumulative(up[:, i:], 1)[:, : n - 1 - i].transpose(2, 0, 1)
        logs = logs + before[:, i, None, 0] + after[:, i + 1 : n, 0] - top
        signs = signs * before[:, i, None, 1] * after[:, i + 1 : n, 1]
        found[i, i + 1 :] = found[i + 1 :, i] = (signs * np.exp(logs)).sum(0) / z
    return found


def _cumulative(factors: np.ndarray, first: int) -> np.ndarray:
    """Logarithm and sign of the products of the first factors of each row, from ``first`` of them to all."""
    with np.errstate(divide="ignore"):
        logs = np.cumsum(np.log(np.abs(factors)), axis=1)
    signs = np.cumprod(np.where(factors < 0, -1.0, 1.0), axis=1)
    found = np.stack([logs, signs], axis=-1)
    if first == 0:
        nothing = np.broadcast_to(np.array([0.0, 1.0]), (len(factors), 1, 2))
        found = np.concatenate([nothing, found], axis=1)
    return found
