"""A penalty that asks for some number of ones, ``P (Σ x - k)² + c·x``, with its exact log Z by a polynomial."""

from typing import NamedTuple

import numpy as np

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical

SIZE = 12
PAIRS = [[i, j] for i in range(SIZE) for j in range(i)]


class Choice(NamedTuple):
    """One such model on :data:`SIZE` variables, those beyond ``num_chosen_from`` free: all compile alike."""

    graph: FactorGraph
    log_z: float


def choice(num_chosen_from: int, wanted: float, penalty: float, costs: np.ndarray) -> Choice:
    """States with ``m`` ones weigh ``e_m(exp(-c)) exp(-P (m - k)²)``, ``e_m`` the symmetric polynomials."""
    free = np.arange(SIZE) >= num_chosen_from
    symmetric = np.array([1.0])
    for cost in costs:
        symmetric = np.append(symmetric, 0.0) + np.exp(-cost) * np.append(0.0, symmetric)
    ones = np.arange(num_chosen_from + 1)
    exact = np.logaddexp.reduce(np.log(symmetric) - penalty * (ones - wanted) ** 2) + free.sum() * np.log(2)
    single = np.zeros((SIZE, 2))
    single[:num_chosen_from, 1] = -(penalty * (1 - 2 * wanted) + costs)
    single[0] -= penalty * wanted**2
    pairs = np.zeros((len(PAIRS), 2, 2))
    pairs[:, 1, 1] = [0.0 if free[i] or free[j] else -2 * penalty for i, j in PAIRS]
    factors = [Factor.of(("x", "x"), PAIRS, pairs), Factor.of("x", np.arange(SIZE), single)]
    return Choice(FactorGraph.of({"x": categorical(SIZE, 2)}, factors), float(exact))


def random_choice(seed: int) -> Choice:
    """Any size, number and penalty; numbers between two whole ones leave two of them equally good."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, SIZE + 1))
    wanted = float(rng.integers(0, n + 1)) if rng.random() < 0.7 else rng.integers(0, n) + 0.5
    return choice(n, wanted, 10 ** rng.uniform(-1, 5), rng.uniform(0, 2, n))
