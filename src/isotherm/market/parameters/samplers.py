"""Points that fill the unit cube evenly, for starts of parameter sets. NumPy, from a seed."""

import math

import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.market.parameters.names import known_word

Points = Float[np.ndarray, "samples dims"]

_MOST_CELLS = 2**62


def latin_hypercube(n_samples: int, n_dims: int, seed: int) -> Points:
    """One uniform point in each of ``n`` strata of every dimension, ``(n_samples, n_dims)`` in (0, 1).

    Raises:
        TypeError: naming an argument that is no whole number.
        ValueError: naming an argument out of range.

    References:
        McKay, Beckman and Conover, Technometrics 21 (1979).

    >>> sorted((latin_hypercube(4, 2, 0)[:, 1] * 4).astype(int).tolist())
    [0, 1, 2, 3]
    """
    return _stratified(n_samples, n_dims, seed, is_centered=False)


def centered_latin_hypercube(n_samples: int, n_dims: int, seed: int) -> Points:
    """The middle of one of ``n`` strata of every dimension, ``(n_samples, n_dims)`` in (0, 1).

    Raises:
        TypeError: naming an argument that is no whole number.
        ValueError: naming an argument out of range.

    >>> sorted(centered_latin_hypercube(4, 2, 0)[:, 1].tolist())
    [0.125, 0.375, 0.625, 0.875]
    """
    return _stratified(n_samples, n_dims, seed, is_centered=True)


def sobol(n_samples: int, n_dims: int, seed: int) -> Points:
    """Owen-scrambled points of Sobol's sequence without the first, ``(n_samples, n_dims)`` within 0 .. 1.

    Raises:
        TypeError: naming an argument that is no whole number.
        ValueError: naming an argument out of range; there are 21,201 dimensions at most.

    References:
        Joe and Kuo, SIAM Journal on Scientific Computing 30 (2008).

    >>> sobol(5, 3, seed=0).shape
    (5, 3)
    """
    from scipy.stats import qmc  # loads slowly

    rng = _checked(n_samples, n_dims, seed, most_dims=qmc.Sobol.MAXDIM)
    power = math.ceil(math.log2(n_samples + 1))
    return qmc.Sobol(n_dims, scramble=True, rng=rng).random_base2(power)[1 : n_samples + 1]


def grid(n_samples: int, n_dims: int, seed: int) -> Points:
    """Different nodes, at random, of a grid over 0.1 .. 0.9, ``(n_samples, n_dims)``.

    The grid has the fewest nodes a dimension that give ``n_samples`` or more, and the middle where that is one.

    Raises:
        TypeError: naming an argument that is no whole number.
        ValueError: naming an argument out of range.

    >>> sorted(grid(4, 2, seed=0).round(1).tolist())
    [[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]]
    """
    rng = _checked(n_samples, n_dims, seed)
    side = max(1, math.floor(n_samples ** (1 / n_dims)))
    side += side**n_dims < n_samples
    nodes = np.linspace(0.1, 0.9, side) if side > 1 else np.array([0.5])
    if side**n_dims < _MOST_CELLS:
        cells = rng.choice(side**n_dims, n_samples, replace=False)
        digits = np.stack([cells // side**d % side for d in range(n_dims)], axis=1)
    else:  # two of so many cells are as good as never the same
        digits = rng.integers(0, side, (n_samples, n_dims))
    return nodes[digits]


SAMPLERS = {"sobol": sobol, "lhs": latin_hypercube, "centered_lhs": centered_latin_hypercube, "grid": grid}
"""By the name that settings have for them."""


def sampled(method: str, n_samples: int, n_dims: int, seed: int) -> Points:
    """Points of one of :data:`SAMPLERS`, ``(n_samples, n_dims)``.

    Raises:
        TypeError: naming a number that is no whole one.
        ValueError: naming another method, or a number out of range.
    """
    return SAMPLERS[known_word("method", method, SAMPLERS)](n_samples, n_dims, seed)


def _stratified(n_samples: int, n_dims: int, seed: int, is_centered: bool) -> Points:
    rng = _checked(n_samples, n_dims, seed)
    points = np.empty((n_samples, n_dims))
    for column in points.T:
        strata = np.arange(n_samples)
        rng.shuffle(strata)
        column[:] = (strata + (0.5 if is_centered else rng.random(n_samples))) / n_samples
    return points


def _checked(n_samples: int, n_dims: int, seed: int, most_dims: int = 10**6) -> np.random.Generator:
    doors.whole("n_samples", n_samples, 1, 2**24)
    doors.whole("n_dims", n_dims, 1, most_dims)
    doors.affordable("n_samples", n_samples, 16.0 * n_samples * n_dims, "draw fewer points")
    return np.random.default_rng(doors.whole("seed", seed, 0))
