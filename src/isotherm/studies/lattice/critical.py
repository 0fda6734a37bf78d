"""Where the models of the studies order on the infinite square lattice; without JAX, for tables and figures.

:func:`isotherm.energy.critical_beta` tells the same of any uniform lattice model.
"""

import math

ISING_TEMPERATURE = 2 / math.log(1 + math.sqrt(2))
"""Onsager, Phys. Rev. 65 (1944) 117."""


def potts_beta(num_states: int) -> float:
    """Critical inverse temperature ``ln(1 + √q)`` of the Potts model (Wu, Rev. Mod. Phys. 54 (1982) 235)."""
    return math.log1p(math.sqrt(num_states))
