"""The computation behind the study of the XY model: sweeps over temperatures, and how fast each kernel forgets."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.energy.lattice.models import LatticeClock, LatticeXY
from isotherm.energy.lattice.shapes import square
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.studies.lattice.sweep import SweepPlan, sweep
from isotherm.studies.xy.config import XYConfig


def sweep_of(config: XYConfig, payload: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Mean observables of each chain, ``(starts, temperatures, chains)`` by name.

    Args:
        config: how long to run.
        payload: ``size``, ``angles`` (0: the XY model) and ``temperatures``.
    """
    lattice = square(payload["size"])
    model = LatticeClock(lattice, payload["angles"]) if payload["angles"] else LatticeXY(lattice)
    plan = SweepPlan(
        method=config.method,
        num_chains=config.num_chains,
        num_warmup=config.num_warmup,
        num_blocks=-(-config.num_samples // config.block_length),
        block_length=config.block_length,
        over_relaxation=0 if payload["angles"] or config.method != "heat-bath" else config.over_relaxation,
    )
    key = named(seeded(config.seed), f"{payload['angles']}/{payload['size']}")
    found = sweep(key, model, 1 / np.asarray(payload["temperatures"]), plan)
    return {name: value.mean(-1) for name, value in found.means.items()}
