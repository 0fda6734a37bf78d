"""Studies by name. A study of one's own is named ``module:Class``."""

import importlib
from typing import Any

from isotherm.errors import refusal
from isotherm.study.base import Study
from isotherm.study.config import unknown_name

STUDIES = {
    "routing": "isotherm.study.routing:Routing",
    "routing-generative": "isotherm.study.routing_generative:RoutingGenerative",
    "routing-ablation": "isotherm.study.routing_ablation:RoutingAblation",
    "routing-budget": "isotherm.study.routing_budget:RoutingBudget",
    "routing-beta": "isotherm.study.routing_beta:RoutingBeta",
    "routing-structure": "isotherm.study.routing_structure:RoutingStructure",
    "routing-replay": "isotherm.study.routing_replay:RoutingReplay",
    "boltzmann": "isotherm.study.boltzmann:Boltzmann",
    "digits": "isotherm.study.digits:Digits",
    "sampler-check": "isotherm.study.sampler_check:SamplerCheck",
    "ising": "isotherm.study.ising:IsingStudy",
    "potts": "isotherm.study.potts:PottsStudy",
    "xy": "isotherm.study.xy:XY",
    "phase-diagrams": "isotherm.study.phase_diagrams:PhaseDiagrams",
    "tilt": "isotherm.study.tilt:Tilt",
}


def find_study(name: str) -> Study[Any]:
    """The study of that name, or of the form ``module:Class``.

    Raises:
        ValueError: if there is none; one line, with the closest name.
    """
    entry = STUDIES.get(name, name)
    if ":" not in entry:
        raise refusal("STUDY", name, f"is not a study; {unknown_name(name, list(STUDIES))}")
    module, _, attribute = entry.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        if name in STUDIES:
            raise
        raise refusal("STUDY", name, f"cannot be imported: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Study)):
        raise refusal("STUDY", name, "is not a subclass of isotherm.study.Study")
    return found()


def public_name(study: Study[Any]) -> str:
    """What to call the study on the command line: its name if it is one of ours, else ``module:Class``."""
    entry = entry_of(study)
    return study.name if STUDIES.get(study.name) == entry else entry


def entry_of(study: Study[Any]) -> str:
    """The ``module:Class`` by which a worker process finds the study."""
    return f"{type(study).__module__}:{type(study).__qualname__}"
