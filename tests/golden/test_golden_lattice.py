"""Golden values of lattice models: every case, by the exact oracle."""

from typing import Any

import numpy as np
from tests.golden.cases import Golden

from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.shapes import Lattice
from isotherm.exact.exact import exact
from isotherm.exact.lattice.onsager import onsager


def model_of(case: dict[str, Any]) -> AbstractLatticeModel:
    lattice = Lattice(case["lattice"], tuple(case["shape"]), tuple(case["periodic"]))
    parameters = {"coupling": np.array(case["coupling"], float), "field": np.array(case["field"], float)}
    kind, q = case["model"], case["q"]
    if kind == "potts":
        return LatticePotts(lattice, q, **parameters)
    if kind == "clock":
        return LatticeClock(lattice, q, **parameters)
    return {"ising": LatticeIsing, "xy": LatticeXY}[kind](lattice, **parameters)


def outputs_of(case: dict[str, Any]) -> dict[str, Any]:
    if "inf" not in case["shape"]:
        return dict(exact(model_of(case), case["beta"]).outputs)
    assert (case["model"], case["lattice"], case["field"]) == ("ising", "square", 0.0)
    return onsager(case["beta"], case["coupling"])


def assert_golden(found: dict[str, Any], case: dict[str, Any]) -> None:
    for name, value in case["outputs"].items():
        np.testing.assert_allclose(found[name], value, case["rtol"], case["atol"], err_msg=name)


def test_golden_lattice(lattice_golden: Golden) -> None:
    assert lattice_golden.case["outputs"]
    assert_golden(outputs_of(lattice_golden.case), lattice_golden.case)
