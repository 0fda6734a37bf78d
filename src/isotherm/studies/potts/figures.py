"""The figures of the study of Potts models."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.studies.ising.figures import LABELS
from isotherm.studies.lattice import drawings as plot
from isotherm.studies.lattice.critical import potts_beta
from isotherm.studies.potts.config import PottsConfig
from isotherm.study.base import Figure

Arrays = Mapping[str, np.ndarray]


def figures(config: PottsConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Iterator[Figure]:
    """See :meth:`PottsStudy.figures`."""
    yield _curves(config, arrays)
    yield _crossings(config, arrays)
    yield _histograms(config, arrays)
    yield _hysteresis(config, metrics, arrays)


def _curves(config: PottsConfig, arrays: Arrays) -> Figure:
    betas = np.array(config.curve_betas)
    present = sorted({*config.states, config.jumping})
    charts = []
    for name, title, label in (
        ("order", "Order parameter", "(q f − 1) / (q − 1)"),
        ("energy", "Energy", "energy per site"),
        ("heat_capacity", "Heat capacity", "C per site"),
    ):
        points = {f"q = {q}": (betas, *arrays[f"curves/{q}/{name}"]) for q in present}
        marks = [potts_beta(q) for q in present] if name == "order" else []
        charts.append(plot.Chart(title, "β", label, points, marks=marks))
    return plot.charts(
        "curves",
        f"Over inverse temperature on {config.curve_size}² sites, f the share of the commonest state; dashed: "
        "ln(1 + √q) for each q.",
        charts,
        is_joined=True,
        exact="ln(1 + √q)",
    )


def _crossings(config: PottsConfig, arrays: Arrays) -> Figure:
    charts = []
    for q in config.states:
        points, lines = {}, {}
        for size in sorted(config.critical_sizes):
            points[f"L = {size}"] = tuple(arrays[f"critical/{q}/{size}/binder"])
            lines[f"L = {size}"] = tuple(arrays[f"critical/{q}/{size}/fit/binder"])
        label = LABELS["binder"][1]
        charts.append(plot.Chart(f"q = {q}", "β", label, points, lines, marks=[potts_beta(q)]))
    return plot.charts(
        "crossings",
        "Binder cumulants of several sizes cross at the critical point; dashed: ln(1 + √q).",
        charts,
        exact="ln(1 + √q)",
    )


def _histograms(config: PottsConfig, arrays: Arrays) -> Figure:
    largest = max(config.critical_sizes)
    steady = {f"q = {q}": tuple(arrays[f"histogram/{q}"]) for q in config.states}
    jumping = {f"L = {size}": tuple(arrays[f"jump/{size}"]) for size in sorted(config.jumping_sizes)}
    return plot.charts(
        "histograms",
        "Energies. Left, nearest to the transition: one peak up to six states, which the lattice is too small to "
        f"split. Right, where both phases weigh about the same: with {config.jumping} states two peaks, which part "
        "more clearly the larger the lattice.",
        [
            plot.Chart(
                f"Up to {max(config.states)} states, L = {largest}", "energy per site", "density", {}, steady
            ),
            plot.Chart(f"{config.jumping} states", "energy per site", "density", {}, jumping),
        ],
    )


def _hysteresis(config: PottsConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    betas = arrays["hysteresis/betas"]
    points = {f"from {name}": (betas, *arrays[f"hysteresis/{name}"]) for name in ("order", "disorder")}
    chart = plot.Chart(
        f"{config.jumping} states, L = {config.curve_size}",
        "β",
        "energy per site",
        points,
        marks=[metrics["jump"]["exact"]],
    )
    return plot.charts(
        "hysteresis",
        f"Energy after {config.hysteresis_sweeps} local sweeps from either start: near the first-order transition "
        "each stays in the phase it came from.",
        [chart],
        is_joined=True,
        exact=f"ln(1 + √{config.jumping})",
    )
