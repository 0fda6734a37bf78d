"""What is sampled: energies as immutable pytrees."""

from isotherm.energy.base import AbstractEnergy as AbstractEnergy
from isotherm.energy.dense import Ising as Ising
from isotherm.energy.factor import AbstractFactor as AbstractFactor
from isotherm.energy.factor import Factor as Factor
from isotherm.energy.factor import Quadratic as Quadratic
from isotherm.energy.factor import Scope as Scope
from isotherm.energy.graph import FactorGraph as FactorGraph
from isotherm.energy.models import ising as ising
from isotherm.energy.models import potts as potts
from isotherm.energy.variables import Variables as Variables
from isotherm.energy.variables import categorical as categorical
from isotherm.energy.variables import custom as custom
from isotherm.energy.variables import real as real
from isotherm.energy.variables import spin as spin
