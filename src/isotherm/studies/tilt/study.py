"""Inference-time tilting of a policy by predictor-corrector samplers, against the answer in closed form."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Animation, Figure
from isotherm.studies.tilt import figures as tilt_pictures
from isotherm.studies.tilt import results as tilt_findings
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies import figures as tilt_policies_pictures
from isotherm.studies.tilt.policies import results as tilt_policies_findings
from isotherm.studies.tilt.policies import study as tilt_policies
from isotherm.studies.tilt.policies import tables as tilt_policies_tables
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Table

ALL = ("pc_ula", "pc_mala", "pc_joint_mala")


class Tilt(Study[TiltConfig]):
    """Predictor-corrector samplers of a tilted linear-Gaussian policy."""

    name = "tilt"
    title = "Does a sampler over noise levels end on the tilted policy?"
    summary = (
        "A Gaussian policy and its Gaussian next state are tilted towards reward at inference time. Samplers that "
        "walk from noise to the clean level, one Langevin step a level, are held against the tilted law in closed "
        "form, against their own exact end laws, and against the floor of the histogram divergence they are "
        "usually judged by. The presets multivariate and mixture compare general samplers on richer policies."
    )
    config = TiltConfig
    default_preset = "accurate"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"kl_runs": 400, "sweep_runs": 200, "sweep_max_refresh": 2, "K": 12},
        "accurate": {"samplers": ALL, "kl_runs": 30_000},
        "published": {"adaptation": "shared", "noise": "shared"},
        "late": {"beta_schedule": "late_ramp", "samplers": ALL},
        "late-constant": {"beta_schedule": "late_constant", "samplers": ALL},
        "final-correction": {"beta_schedule": "tfg_plus_final_mala", "final_mala_steps": 50},
        "multivariate": {"policy": "multivariate", "ca": 0.4},
        "mixture": {"policy": "mixture", "ca": 0.4},
    }

    def tasks(self, config: TiltConfig) -> list[Task]:
        """A task for each sampler, and one for what needs none."""
        if config.policy != "normal":
            return tilt_policies.tasks(config)
        runs = [Task(method, {"method": method}, weight=10.0) for method in config.samplers]
        return [*runs, Task("reference")]

    def compute(self, config: TiltConfig, task: Task) -> Arrays:
        """Runs, their numbers ``(value, error)`` and the sweep of one sampler; or levels, targets and floors."""
        if config.policy != "normal":
            return tilt_policies.compute(config, task)
        from isotherm.studies.tilt.runs import reference, runs_and_sweep

        if task.name == "reference":
            return reference(config)
        return runs_and_sweep(config, task.payload["method"])

    def combine(self, config: TiltConfig, results: Mapping[str, Arrays]) -> Result:
        """The published metrics under their own names, and what they lack beside them."""
        arrays = {f"{task}/{name}": value for task, found in results.items() for name, value in found.items()}
        return Result(_said(config).collect(config, results), arrays)

    def tables(self, config: TiltConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Divergences, end moments, mixing and cost."""
        told = tilt_findings if config.policy == "normal" else tilt_policies_tables
        return told.tables(config, metrics)

    def conclusions(self, config: TiltConfig, metrics: Mapping[str, Any]) -> list[str]:
        """How far each sampler ends from the target, and why."""
        return _said(config).conclusions(config, metrics)

    def figures(
        self, config: TiltConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure | Animation]:
        """Animations, final marginals, and sweeps; or draws, moments and normalisers of the variants."""
        drawn = tilt_pictures if config.policy == "normal" else tilt_policies_pictures
        return drawn.pictures(config, metrics, arrays)


def _said(config: TiltConfig) -> ModuleType:
    """What makes metrics and sentences."""
    return tilt_findings if config.policy == "normal" else tilt_policies_findings
