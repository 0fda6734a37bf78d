"""What the diagrams tell: curves with errors, agreement of starts, what was stuck; NumPy and SciPy only."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.kosterlitz import KNOWN_TEMPERATURE
from isotherm.estimate.scores import worst_score
from isotherm.studies.lattice.critical import ISING_TEMPERATURE, potts_beta
from isotherm.studies.lattice.estimates import disagreement, estimates
from isotherm.studies.phases.config import ModelId, PhaseDiagramsConfig
from isotherm.study.base import Arrays

COMPARED = ("energy", "abs_magnetization", "magnetization2")
STUCK = 0.9
"""A chain counts as stuck whose order is below this share of that in equilibrium."""


def critical_temperature(config: PhaseDiagramsConfig, name: ModelId) -> float:
    """Of the infinite square lattice."""
    if name == "potts":
        return 1 / potts_beta(config.potts.num_states)
    return ISING_TEMPERATURE if name == "ising" else KNOWN_TEMPERATURE


def order_name(name: ModelId) -> str:
    """The published order parameter among the estimates."""
    return "largest_fraction" if name == "potts" else "abs_magnetization"


def temperatures(config: PhaseDiagramsConfig, name: ModelId) -> tuple[np.ndarray, np.ndarray]:
    """Those of the pictures and those of the diagram, in the order in which arrays hold them."""
    if name == "ising":
        found = np.array(config.ising.temperatures)
        return found, found
    part = getattr(config, name)
    return 1 / np.array(part.betas), 1 / np.array(sorted({*part.betas, *part.more_betas}))


def findings(config: PhaseDiagramsConfig, results: Mapping[str, Arrays]) -> tuple[dict[str, Any], Arrays]:
    """Metrics and arrays, see :class:`isotherm.study.base.Result`."""
    metrics: dict[str, Any] = {}
    arrays: Arrays = {}
    for name in config.models:
        metrics[name] = _of(config, name, results, arrays)
    if "ising" in config.models:
        span = np.linspace(min(config.ising.temperatures), max(config.ising.temperatures), 600)
        arrays |= {"ising/exact/temperatures": span, "ising/exact/order": spontaneous_magnetization(span)}
    return metrics, arrays


def spontaneous_magnetization(temperature: np.ndarray) -> np.ndarray:
    """Yang's ``(1 - sinh⁻⁴ 2β)^(1/8)`` of the infinite square lattice, zero above the transition."""
    return np.maximum(1 - np.sinh(2 / temperature) ** -4, 0) ** 0.125


def _of(
    config: PhaseDiagramsConfig, name: ModelId, results: Mapping[str, Arrays], arrays: Arrays
) -> dict[str, Any]:
    found, size = results[name], getattr(config, name).size
    pictured, all_temperatures = temperatures(config, name)
    means = {what.removeprefix("mean/"): v for what, v in found.items() if what.startswith("mean/")}
    means |= {what.removeprefix("stiff/"): v for what, v in found.items() if what.startswith("stiff/")}
    told = estimates(means, 1 / all_temperatures, size)
    parts = {"all": told}
    for index, start in enumerate(("order", "disorder")):
        parts[start] = estimates({k: v[[index]] for k, v in means.items()}, 1 / all_temperatures, size)
    for start, one in parts.items():
        for what, pair in one.items():
            arrays[f"{name}/{start}/{what}"], arrays[f"{name}/{start}/{what}/error"] = pair
    arrays |= {f"{name}/temperatures": all_temperatures, f"{name}/pictured": pictured}
    arrays |= {
        f"{name}/{what}": value for what, value in found.items() if not what.startswith(("mean/", "stiff/"))
    }
    scores = disagreement(means, 1 / all_temperatures, size)
    at = [int(np.argmin(np.abs(all_temperatures - one))) for one in pictured]
    return {
        "critical_temperature": critical_temperature(config, name),
        "starts": worst_score(np.stack([scores[what] for what in COMPARED]), 2 * (config.num_chains - 1)),
        "rows": [_row(told, i, all_temperatures[i]) for i in at],
        "local": _stuck(
            found["local/orders"],
            told[order_name(name)].value[at],
            pictured,
            critical_temperature(config, name),
        ),
    }


def _row(told: Mapping[str, WithError], i: int, at: float) -> dict[str, Any]:
    found = {what: {"value": float(one.value[i]), "error": float(one.error[i])} for what, one in told.items()}
    return {"temperature": float(at)} | found


def _stuck(
    orders: np.ndarray, equilibrium: np.ndarray, pictured: np.ndarray, critical: float
) -> list[dict[str, Any]]:
    """What the chains of the local run reach, one row a temperature.

    How many are stuck is told below the transition only: above it the order of a finite lattice is chance.
    """
    return [
        {
            "temperature": float(temperature),
            "lowest": float(chains.min()),
            "mean": float(chains.mean()),
            "equilibrium": float(level),
            "num_stuck": int((chains < STUCK * level).sum()) if temperature < critical else None,
            "num_chains": len(chains),
        }
        for chains, level, temperature in zip(orders, equilibrium, pictured, strict=True)
    ]
