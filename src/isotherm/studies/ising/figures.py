"""The figures of the study of the Ising model."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.studies.ising.config import IsingConfig
from isotherm.studies.ising.tables import METHODS, plus_minus
from isotherm.studies.lattice import drawings as plot
from isotherm.studies.lattice.critical import ISING_TEMPERATURE
from isotherm.study.base import Figure

Arrays = Mapping[str, np.ndarray]
LABELS = {
    "energy": ("Energy", "energy per site"),
    "heat_capacity": ("Heat capacity", "C per site"),
    "magnetization": ("Magnetization", "⟨|m|⟩"),
    "connected": ("Susceptibility", "χ per site"),
    "binder": ("Binder cumulant", "U"),
    "correlation_ratio": ("Correlation length over size", "ξ / L"),
}
LARGEST_RATIO = 2.0
"""Of correlation length and size, in the figure: beyond it the lattice is ordered throughout."""

LAWS = {
    "beta_over_nu": ("Magnetization", "β/ν", "⟨|m|⟩ at $T_c$", -0.125),
    "gamma_over_nu": ("Susceptibility", "γ/ν", "βN⟨m²⟩ at $T_c$", 1.75),
    "inverse_nu_of_binder": ("Slope of U", "1/ν", "|dU/dT| at $T_c$", 1.0),
    "inverse_nu_of_correlation_ratio": ("Slope of ξ/L", "1/ν", "|d(ξ/L)/dT| at $T_c$", 1.0),
}


def figures(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Iterator[Figure]:
    """See :meth:`IsingStudy.figures`."""
    yield _curves(config, arrays)
    yield _crossings(config, metrics, arrays)
    yield _collapse(config, metrics, arrays)
    yield _laws(config, metrics, arrays)
    yield _relaxation(config, metrics, arrays)
    yield _quench(config, metrics, arrays)


def _size(size: int) -> str:
    return f"L = {size}"


def _curves(config: IsingConfig, arrays: Arrays) -> Figure:
    temperatures = np.array(config.temperatures)
    charts = []
    for name, (title, label) in LABELS.items():
        points = {}
        for n in sorted(config.sizes):
            value, error = arrays[f"curves/{n}/{name}"]
            shown = value < LARGEST_RATIO if name == "correlation_ratio" else np.isfinite(value)
            points[_size(n)] = (temperatures[shown], value[shown], error[shown])
        exact = [
            (arrays["exact/temperature"], arrays[key])
            for key in (f"exact/{n}/{name}" for n in ("limit", *config.sizes))
            if key in arrays
        ]
        charts.append(
            plot.Chart(title, "temperature T", label, points, exact=exact, marks=[ISING_TEMPERATURE])
        )
    return plot.charts(
        "curves",
        "Over temperature: symbols with error bars are chains from order and from disorder together. Dashed lines "
        "are exact: energy and heat capacity of each finite lattice by Kaufman's formula, the magnetization of the "
        f"infinite one, and the critical temperature. ξ/L is shown up to {LARGEST_RATIO:g}.",
        charts,
        is_joined=True,
    )


def _crossings(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    charts = []
    for name in ("binder", "correlation_ratio"):
        points = {
            _size(n): (arrays[f"critical/{n}/temperature"], *arrays[f"critical/{n}/{name}"])
            for n in sorted(config.critical_sizes)
        }
        lines = {_size(n): tuple(arrays[f"critical/{n}/fit/{name}"]) for n in sorted(config.critical_sizes)}
        title, label = LABELS[name]
        charts.append(plot.Chart(title, "temperature T", label, points, lines, marks=[ISING_TEMPERATURE]))
    crossings = metrics["crossings"]
    found = {
        label: tuple(
            np.array([pair[key] for pair in crossings[name]["pairs"]]) for key in ("size", "value", "error")
        )
        for name, label in (("binder", "crossings of U"), ("correlation_ratio", "crossings of ξ/L"))
    }
    t_c, largest = metrics["temperature"], max(config.critical_sizes)
    found["joint fit"] = tuple(np.array([x]) for x in (largest, t_c["value"], t_c["error"]))
    return plot.charts(
        "crossings",
        "Curves of different sizes cross at the critical temperature: symbols and fitted parabolas. Third panel: "
        "where those of L and 2L cross, over L, and the temperature of the joint fit to all sizes. Dashed: exact.",
        [
            *charts,
            plot.Chart(
                "Crossings of L and 2L", "smaller size L", "temperature T", found, level=ISING_TEMPERATURE
            ),
        ],
    )


def _collapse(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    t_c, exponents = metrics["temperature"]["value"], metrics["exponents"]
    inverse_nu = exponents["inverse_nu"]["value"]
    scaled = {
        "binder": ("Binder cumulant", "U", 0.0),
        "magnetization": ("Magnetization", r"⟨|m|⟩ $L^{\beta/\nu}$", exponents["beta_over_nu"]["value"]),
        "susceptibility": (
            "Susceptibility",
            r"βN⟨m²⟩ $L^{-\gamma/\nu}$",
            -exponents["gamma_over_nu"]["value"],
        ),
    }
    charts = []
    for name, (title, label, power) in scaled.items():
        points = {}
        for n in sorted(config.critical_sizes):
            x = (arrays[f"critical/{n}/temperature"] / t_c - 1) * n**inverse_nu
            points[_size(n)] = (x, *(arrays[f"critical/{n}/{name}"] * n**power))
        charts.append(plot.Chart(title, r"$(T / T_c - 1)\, L^{1/\nu}$", label, points))
    return plot.charts(
        "collapse",
        "With the measured temperature and exponents, all sizes fall on one curve.",
        charts,
    )


def _laws(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    charts = []
    sizes = sorted(config.critical_sizes)
    for key, (title, symbol, label, exact) in LAWS.items():
        law = metrics["exponents"][key]
        x, y, error, line = arrays[f"law/{key}"]
        reference = (x, y[0] * (x / x[0]) ** exact)
        charts.append(
            plot.Chart(
                f"{title}, {symbol} = {plus_minus(law)}",
                "size L",
                label,
                {"measured": (x, y, error)},
                {"measured": (x, line)},
                [reference],
                is_log=True,
                ticks=sizes,
            )
        )
    return plot.charts(
        "exponents",
        "Power laws over size, with a correction, at the measured critical temperature, and lines of the exact "
        "exponents through the smallest size.",
        charts,
        exact="exact exponent",
    )


def _relaxation(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    points, lines, title = {}, {}, []
    for method, label in METHODS.items():
        found = metrics["dynamics"][method]
        x, y, error = arrays[f"relaxation/{method}"]
        points[label] = (x, y, error)
        lines[label] = (x, found["amplitude"] * x ** found["z"]["value"])
        title.append(f"{label}: z = {plus_minus(found['z'])}")
    chart = plot.Chart(
        "; ".join(title),
        "size L",
        "autocorrelation time, steps",
        points,
        lines,
        is_log=True,
        ticks=config.dynamic_sizes,
    )
    return plot.charts(
        "relaxation",
        "Integrated autocorrelation time at the critical point over size. Local moves slow down as L^2.17; clusters "
        "hardly do.",
        [chart],
    )


def _quench(config: IsingConfig, metrics: Mapping[str, Any], arrays: Arrays) -> Figure:
    times, length, error = arrays["quench/length"]
    growth = metrics["quench"]["growth"]
    law, label = None, ""
    if growth is not None:
        free = (times >= 5) & (length < config.quench_size / 6)
        law = (times[free], growth["amplitude"] * times[free] ** growth["value"])
        label = f"$t^{{{growth['value']:.2f}}}$"
    states = arrays["quench/states"]
    titles = [f"|m| = {abs(state.mean(dtype=float)):.2f}" for state in states]
    return plot.quench(
        "quench",
        f"Above: {len(states)} of {config.num_quenches} lattices after {config.quench_sweeps:,} local sweeps at "
        f"T = {config.quench_temperature:g} from random states, from the least ordered to the most. Below: domain "
        "size, one over the walls a site beyond those of equilibrium.",
        states,
        titles,
        (times, length, error),
        law,
        label,
    )
