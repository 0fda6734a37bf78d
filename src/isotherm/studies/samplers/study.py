"""Every sampler against exact answers, on a grid of models and temperatures."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.estimate.scores import score_bound
from isotherm.files.content import finite
from isotherm.studies.samplers.config import APPLIES, FALSE_ALARM, MODELS, SAMPLERS, SamplerCheckConfig
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Table


class SamplerCheck(Study[SamplerCheckConfig]):
    """All first and second moments of every sampler, in units of their own error."""

    name = "sampler-check"
    title = "Is every sampler right, and how fast does it mix?"
    summary = (
        "Every sampler of the package runs on small models whose answers are known exactly. All first and second "
        "moments are compared in units of their own Monte Carlo error, at several temperatures; R-hat, effective "
        "samples a step and effective samples a second say how well each mixes."
    )
    config = SamplerCheckConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "models": ("potts", "mixed"),
            "betas": (0.7,),
            "num_chains": 32,
            "num_warmup": 50,
            "num_samples": 100,
        },
        "published": {},
    }

    def check(self, config: SamplerCheckConfig) -> None:
        """Refuse a grid without any sampler that applies to its models."""
        from isotherm.errors import refusal

        if not self.tasks(config):
            raise refusal("samplers", config.samplers, f"none of them applies to the models {config.models}")

    def tasks(self, config: SamplerCheckConfig) -> list[Task]:
        """A task for each model and sampler that applies to it."""
        return [
            Task(f"{model}.{sampler}", {"model": model, "sampler": sampler})
            for model in config.models
            for sampler in config.samplers
            if sampler in APPLIES[model]
        ]

    def compute(self, config: SamplerCheckConfig, task: Task) -> Arrays:
        """z-scores ``(betas, moments)``, and of the energy R-hat, ESS and the seconds they took, ``(betas,)``."""
        from isotherm.studies.samplers.trials import trial

        return trial(task.payload["model"], task.payload["sampler"], config)

    def combine(self, config: SamplerCheckConfig, results: Mapping[str, Arrays]) -> Result:
        """Worst z, its bound and mixing, by model, sampler and temperature."""
        metrics: dict[str, Any] = {"seconds_are_measured": True, "cells": []}
        arrays: Arrays = {}
        steps = config.num_chains * config.num_samples * config.thin
        for task in self.tasks(config):
            found = results[task.name]
            arrays |= {f"{task.name}/{name}": value for name, value in found.items()}
            for i, beta in enumerate(config.betas):
                z = found["z"][i][np.isfinite(found["z"][i])]
                cell = {
                    "model": task.payload["model"],
                    "sampler": task.payload["sampler"],
                    "beta": beta,
                    "worst_z": float(np.abs(z).max()),
                    "bound": score_bound(len(z), config.num_chains - 1, FALSE_ALARM),
                    "num_moments": len(z),
                    "constant_error": float(found["constant_error"][i]),
                    "rhat": finite(found["rhat"][i]),
                    "ess_per_step": finite(found["ess"][i] / steps),
                    "ess_per_second": finite(found["ess"][i] / found["seconds"][i]),
                }
                metrics["cells"].append(cell)
        return Result(metrics, arrays)

    def tables(self, config: SamplerCheckConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Worst z-scores over temperatures, then mixing at the coldest."""
        coldest = max(config.betas)
        return [
            Table(
                "Worst z-score over all moments and temperatures",
                ("model: sampler", "moments", "worst z", "bound", "within"),
                tuple(_worst_row(cells) for cells in _grouped(metrics["cells"])),
                f"first and second moments; {config.num_chains} chains; a true sampler passes each bound with "
                f"probability {1 - FALSE_ALARM:g}",
            ),
            Table(
                f"Mixing of the energy at beta = {coldest:g}",
                ("model: sampler", "R-hat", "ESS a step", "ESS a second"),
                tuple(_mixing_row(cell) for cell in metrics["cells"] if cell["beta"] == coldest),
                f"{config.num_chains} chains × {config.num_samples:,} draws, {config.thin} steps apart; "
                "seconds of the compiled loop as measured, other workers running",
            ),
        ]

    def conclusions(self, config: SamplerCheckConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Whether all pass, and the largest deviations."""
        cells = metrics["cells"]
        failed = [cell for cell in cells if not _passes(cell)]
        worst = max(cells, key=lambda cell: cell["worst_z"] / cell["bound"])
        where = f"{SAMPLERS[worst['sampler']]} on {MODELS[worst['model']]} at beta = {worst['beta']:g}"
        verdict = (
            f"**All {len(cells)} combinations** of model, sampler and temperature agree with the exact answer"
            if not failed
            else f"**{len(failed)} of {len(cells)} combinations disagree** with the exact answer: "
            + ", ".join(f"{cell['model']}/{cell['sampler']}/{cell['beta']:g}" for cell in failed)
        )
        total = sum(cell["num_moments"] for cell in cells)
        return [
            f"{verdict}; {total:,} moments compared.",
            f"Closest to its bound: {where}, worst |z| = {worst['worst_z']:.2f} of {worst['bound']:.2f} allowed.",
        ]

    def figures(
        self, config: SamplerCheckConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """z-scores against their law, and mixing over temperature."""
        from isotherm.studies.samplers import drawings as plot

        present = [
            sampler for sampler in config.samplers if any(c["sampler"] == sampler for c in metrics["cells"])
        ]
        scores = {
            sampler: np.concatenate(
                [value.ravel() for name, value in arrays.items() if name.endswith(f".{sampler}/z")]
            )
            for sampler in present
        }
        yield plot.scores_against_normal(
            "z-scores",
            "Sorted z-scores of all moments, models and temperatures against the quantiles of Student's t: a true "
            "sampler stays within the band around the diagonal.",
            {SAMPLERS[sampler]: scores[sampler] for sampler in present},
            degrees=config.num_chains - 1,
        )
        yield plot.mixing(
            "mixing",
            "Effective samples of the energy a second (compiled loop, as measured) over inverse temperature.",
            {MODELS[model]: _curves(metrics["cells"], model) for model in config.models},
        )


def _passes(cell: Mapping[str, Any]) -> bool:
    return cell["worst_z"] <= cell["bound"] and cell["constant_error"] < 1e-5


def _grouped(cells: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        groups.setdefault((cell["model"], cell["sampler"]), []).append(cell)
    return list(groups.values())


def _label(cell: Mapping[str, Any]) -> str:
    return f"{MODELS[cell['model']]}: {SAMPLERS[cell['sampler']]}"


def _worst_row(cells: list[Mapping[str, Any]]) -> tuple[Any, ...]:
    worst = max(cells, key=lambda cell: cell["worst_z"] / cell["bound"])
    moments = sum(cell["num_moments"] for cell in cells)
    passed = "yes" if all(map(_passes, cells)) else "NO"
    return (_label(worst), moments, f"{worst['worst_z']:.2f}", f"{worst['bound']:.2f}", passed)


def _mixing_row(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    rhat, step, second = (cell[name] for name in ("rhat", "ess_per_step", "ess_per_second"))
    return (
        _label(cell),
        "n/a" if rhat is None else f"{rhat:.4f}",
        "n/a" if step is None else f"{step:.3f}",
        "n/a" if second is None else f"{second:,.0f}",
    )


def _curves(cells: list[Mapping[str, Any]], model: str) -> dict[str, tuple[list[float], list[float]]]:
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for cell in cells:
        if cell["model"] == model and cell["ess_per_second"] is not None:
            betas, values = curves.setdefault(SAMPLERS[cell["sampler"]], ([], []))
            betas.append(cell["beta"])
            values.append(cell["ess_per_second"])
    return curves
