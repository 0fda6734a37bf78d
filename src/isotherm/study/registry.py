"""Studies by name: those of the package, and those that installed packages add.

A package adds a study by an entry point of the group ``isotherm.studies``: its name is the study's, its value
``module:Class``. Any other study of one's own is named ``module:Class``, and imported only when somebody asks
for it by that name; what a file of a run says is looked up here, never imported.
"""

import importlib
import operator
import re
from collections.abc import Mapping
from typing import Any

from isotherm.doors import text
from isotherm.errors import refusal
from isotherm.settings.config import Config, is_study_name, unknown_name
from isotherm.study.base import Study

STUDIES = {
    "routing": "isotherm.studies.routing.comparison:Routing",
    "routing-generative": "isotherm.studies.generative.study:RoutingGenerative",
    "routing-ablation": "isotherm.studies.routing.ablation:RoutingAblation",
    "routing-budget": "isotherm.studies.routing.budget:RoutingBudget",
    "routing-beta": "isotherm.studies.routing.beta:RoutingBeta",
    "routing-structure": "isotherm.studies.routing.structure:RoutingStructure",
    "routing-replay": "isotherm.studies.routing.replay:RoutingReplay",
    "boltzmann": "isotherm.studies.boltzmann.study:Boltzmann",
    "digits": "isotherm.studies.digits.study:DigitsStudy",
    "sampler-check": "isotherm.studies.samplers.study:SamplerCheck",
    "ising": "isotherm.studies.ising.study:IsingStudy",
    "potts": "isotherm.studies.potts.study:PottsStudy",
    "xy": "isotherm.studies.xy.study:XY",
    "phase-diagrams": "isotherm.studies.phases.study:PhaseDiagrams",
    "tilt": "isotherm.studies.tilt.study:Tilt",
    "gridworld": "isotherm.studies.gridworld.study:Gridworld",
    "choices": "isotherm.studies.choices.study:Choices",
    "pool-routing": "isotherm.studies.pools.study:PoolRouting",
    "backtest": "isotherm.studies.market.study:BacktestStudy",
    "train": "isotherm.studies.train.study:TrainStudy",
    "walk-forward": "isotherm.studies.walk.study:WalkStudy",
    "tune": "isotherm.studies.tune.study:TuneStudy",
    "ensemble": "isotherm.studies.ensemble.study:EnsembleStudy",
    "pool-flow": "isotherm.studies.flow.study:PoolFlow",
}

FORMER = {
    "isotherm.study.routing:Routing": "routing",
    "isotherm.study.routing_generative:RoutingGenerative": "routing-generative",
    "isotherm.study.routing_ablation:RoutingAblation": "routing-ablation",
    "isotherm.study.routing_budget:RoutingBudget": "routing-budget",
    "isotherm.study.routing_beta:RoutingBeta": "routing-beta",
    "isotherm.study.routing_structure:RoutingStructure": "routing-structure",
    "isotherm.study.routing_replay:RoutingReplay": "routing-replay",
    "isotherm.study.boltzmann:Boltzmann": "boltzmann",
    "isotherm.study.digits:Digits": "digits",
    "isotherm.study.sampler_check:SamplerCheck": "sampler-check",
    "isotherm.study.ising:IsingStudy": "ising",
    "isotherm.study.potts:PottsStudy": "potts",
    "isotherm.study.xy:XY": "xy",
    "isotherm.study.phase_diagrams:PhaseDiagrams": "phase-diagrams",
    "isotherm.study.tilt:Tilt": "tilt",
}
"""What runs of earlier versions call the package's studies: by the modules in which those then lay."""

GROUP = "isotherm.studies"


def registered() -> dict[str, str]:
    """``module:Class`` of every registered study by name; a name of the package is not to be taken by others."""
    from importlib.metadata import entry_points

    added = {point.name: point.value for point in entry_points(group=GROUP)}
    return STUDIES | {name: entry for name, entry in added.items() if name not in STUDIES}


def find_registered(name: str, entry: str) -> Study[Any] | None:
    """The registered study of that name, if ``entry`` is what its runs say; else ``None``, and nothing is imported.

    Raises:
        ValueError: if it is registered by an installed package and cannot be imported.
    """
    if name in STUDIES:
        return find_study(name) if lasting_entry(entry) == name else None
    return find_study(name) if registered().get(name) == entry else None


def lasting_entry(entry: str) -> str:
    """What runs say now of the study that ``entry`` stands for: of ours the name, wherever its module lay or lies."""
    ours = FORMER | {place: name for name, place in STUDIES.items()}
    return ours.get(entry, entry)


def find_study(name: str) -> Study[Any]:
    """The study of that name, or of the form ``module:Class``.

    Raises:
        ValueError: if there is none; one line, with the closest name.
    """
    name = lasting_entry(text("name", name))
    entry = STUDIES.get(name) or (name if ":" in name else registered().get(name, ""))
    if not entry:
        raise refusal("STUDY", name, f"is not a study; {unknown_name(name, list(registered()))}")
    if name in STUDIES:
        module, _, attribute = entry.partition(":")
        return getattr(importlib.import_module(module), attribute)()
    return _of_others(name, entry)


def _of_others(name: str, entry: str) -> Study[Any]:
    """A study that is not the package's: whatever is wrong with its code is told in one line."""
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", entry):
        raise refusal("STUDY", name, "should be module:Class, as in mine:Coins for a class in mine.py")
    module, _, attribute = entry.partition(":")
    try:
        found = operator.attrgetter(attribute)(importlib.import_module(module))
    except (Exception, SystemExit) as error:  # the code of others may raise anything
        raise refusal("STUDY", name, f"cannot be imported: {_told(error)}") from None
    if not (isinstance(found, type) and issubclass(found, Study)):
        raise refusal("STUDY", name, "is not a subclass of isotherm.study.Study")
    fault = _class_fault(found)
    if fault:
        raise refusal("STUDY", name, fault)
    try:
        return found()
    except Exception as error:
        raise refusal("STUDY", name, f"cannot be made without arguments: {_told(error)}") from None


def _class_fault(found: type[Study[Any]]) -> str:
    """What a class of others lacks to be a study; empty if nothing."""
    if found.__abstractmethods__:
        return f"lacks {', '.join(sorted(found.__abstractmethods__))}, that a study must define"
    lacking = [name for name in ("name", "title", "summary", "config", "presets") if not hasattr(found, name)]
    if lacking:
        return f"lacks {', '.join(lacking)}, that a study must set"
    texts = (found.name, found.title, found.summary, found.default_preset)
    if not all(isinstance(text, str) for text in texts) or not is_study_name(found.name):
        return (
            "its name, title, summary and default_preset should be texts, its name of letters, digits, - _ ."
        )
    if not (isinstance(found.config, type) and issubclass(found.config, Config)):
        return "its config should be a subclass of isotherm.study.Config"
    needed = {"smoke", "published", found.default_preset}
    if not isinstance(found.presets, Mapping) or not needed <= set(found.presets):
        return f"its presets should map names to changes, {', '.join(sorted(needed))} among them"
    return ""


def _told(error: BaseException) -> str:
    """An error in one line, as Python writes it where the kind says more than the message."""
    message = " ".join(str(error).split())[:200]
    if isinstance(error, ModuleNotFoundError | AttributeError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def public_name(study: Study[Any]) -> str:
    """What to call the study on the command line: its name if it is registered, else ``module:Class``."""
    entry = entry_of(study)
    return study.name if entry == study.name or registered().get(study.name) == entry else entry


def entry_of(study: Study[Any]) -> str:
    """How runs find the study: by name if it is the package's, else by ``module:Class``."""
    return lasting_entry(place_of(study))


def place_of(study: Study[Any]) -> str:
    """The ``module:Class`` in which a worker process finds the study."""
    return f"{type(study).__module__}:{type(study).__qualname__}"
