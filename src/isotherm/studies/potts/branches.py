"""Free energies of the two phases of a first-order transition, by integrating their energies over beta.

The disordered phase is known at ``beta = 0``, the ordered one in the limit of large ``beta``. Chains that stay in the
phase they started from are no trouble here: that is what is wanted of them.

References:
    Borgs and Kotecky, J. Stat. Phys. 61 (1990) 79; Janke and Kappler, Nucl. Phys. B Proc. Suppl. 42 (1995) 876.
"""

import numpy as np

NUM_NODES = 16
"""Of Gauss-Legendre on either side: its error is far below that of the energies."""

FROZEN = 4.0
"""Inverse temperature beyond which single spins out of line are all that happens on the square lattice."""


def nodes(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Inverse temperatures and weights, each ``(NUM_NODES,)``."""
    x, weights = np.polynomial.legendre.leggauss(NUM_NODES)
    half = (high - low) / 2
    return low + half * (x + 1), half * weights


def free_energy_gap(ordered: np.ndarray, disordered: np.ndarray, beta: float, num_states: int) -> np.ndarray:
    """``log Z`` a site of the disordered phase less that of one ordered phase, in an infinite square lattice.

    Args:
        ordered: energies a site at ``nodes(beta, FROZEN)``, ``(..., NUM_NODES)``.
        disordered: energies a site at ``nodes(0, beta)``, likewise.
        beta: between.
        num_states: ``q``, of ``-sum of delta`` over the bonds of the square lattice.
    """
    # one spin out of line, in any of q - 1 ways, breaks four bonds
    frozen = 2 * FROZEN + np.log1p((num_states - 1) * np.exp(-4 * FROZEN))
    of_order = frozen + ordered @ nodes(beta, FROZEN)[1]
    of_disorder = np.log(num_states) - disordered @ nodes(0.0, beta)[1]
    return np.asarray(of_disorder - of_order)
