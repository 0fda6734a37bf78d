"""What is sampled: energies as immutable pytrees."""

from isotherm.energy.base import AbstractEnergy as AbstractEnergy
from isotherm.energy.ising import Ising as Ising
