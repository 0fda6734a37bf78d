"""Energy-based models: sample them, learn them, and act with them, at an explicit inverse temperature.

``import isotherm as iso`` gives the rooms, each loaded at its first use: ``iso.energy.ising``, ``iso.sample.gibbs``.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

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


def __getattr__(name: str) -> ModuleType:
    if name in ROOMS:
        return importlib.import_module(f"isotherm.{name}")
    raise AttributeError(f"module 'isotherm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *ROOMS])
