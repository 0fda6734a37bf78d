"""The constants that studies draw, written without JAX, against the formulas of the models."""

import pytest

from isotherm.energy import critical_beta
from isotherm.energy.lattice.critical import XY_BETA
from isotherm.energy.lattice.models import LatticeIsing, LatticePotts
from isotherm.energy.lattice.shapes import square
from isotherm.estimate.kosterlitz import KNOWN_ERROR, KNOWN_TEMPERATURE
from isotherm.studies.lattice.critical import ISING_TEMPERATURE, potts_beta


def test_constants_of_studies_are_those_of_the_models() -> None:
    assert pytest.approx(critical_beta(LatticeIsing(square(4))), rel=1e-12) == 1 / ISING_TEMPERATURE
    for q in (2, 3, 10):
        assert potts_beta(q) == pytest.approx(critical_beta(LatticePotts(square(4), q)), rel=1e-12)
    assert abs(1 / XY_BETA - KNOWN_TEMPERATURE) < KNOWN_ERROR
