"""Energy-based models: sample them, learn them, and act with them, at an explicit inverse temperature.

``import isotherm as iso`` gives the rooms, each loaded at its first use: ``iso.energy.ising``, ``iso.sample.gibbs``;
and of any model ``iso.run`` (sample it until its averages are precise), ``iso.save`` and ``iso.load``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isotherm import act as act
    from isotherm import energy as energy
    from isotherm import estimate as estimate
    from isotherm import exact as exact
    from isotherm import infer as infer
    from isotherm import learn as learn
    from isotherm import market as market
    from isotherm import plot as plot
    from isotherm import random as random
    from isotherm import sample as sample
    from isotherm import study as study
    from isotherm import world as world
    from isotherm.energy.files.saved import load as load
    from isotherm.energy.files.saved import save as save
    from isotherm.sample.until import run as run

ROOMS = (
    "act",
    "energy",
    "estimate",
    "exact",
    "infer",
    "learn",
    "market",
    "plot",
    "random",
    "sample",
    "study",
    "world",
)
"""What is public; JAX is not imported before one of them needs it."""


FUNCTIONS = {
    "load": "isotherm.energy.files.saved",
    "run": "isotherm.sample.until",
    "save": "isotherm.energy.files.saved",
}
"""What is done so often that it is found here, and where it is."""


def __getattr__(name: str) -> Any:
    if name in ROOMS:
        return importlib.import_module(f"isotherm.{name}")
    if name in FUNCTIONS:
        return getattr(importlib.import_module(FUNCTIONS[name]), name)
    raise AttributeError(f"module 'isotherm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *ROOMS, *FUNCTIONS])
