"""Figures of the study of the XY model."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from isotherm.estimate.kosterlitz import KNOWN_TEMPERATURE
from isotherm.plot.axes import handle, legend, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, Look
from isotherm.plot.style import looks, styled

SIX = (0.70, 0.90)
"""Where the literature sees the two transitions of six angles, about."""


MARKED: Mapping[str, Any] = {"color": SOFT, "linewidth": 0.9, "linestyle": (0, (3, 2)), "zorder": 1.5}
"""The look of a line at a transition."""


class Data(NamedTuple):
    """What the figures are drawn from: the study's extents, arrays and metrics."""

    sizes: tuple[int, ...]
    curve_sizes: tuple[int, ...]
    six_sizes: tuple[int, ...]
    arrays: Mapping[str, np.ndarray]
    metrics: Mapping[str, Any]

    def line(self, cell: str, quantity: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Temperatures, values and errors."""
        part = cell.partition(".")[0]
        found = self.arrays[f"{cell}/{quantity}"], self.arrays[f"{cell}/{quantity}/error"]
        return self.arrays[f"{part}/temperatures"], *found


@styled
def helicity(data: Data) -> Figure:
    """Helicity modulus over temperature, all of it and around the transition."""
    figure, ((wide,), (near,)) = panel_grid(2, (3.5,))
    curves(wide, data, "curve", data.curve_sizes, "helicity_modulus")
    curves(near, data, "critical", data.sizes, "helicity_modulus")
    for axes, text in ((wide, "2T/π"), (near, "")):
        low, high = axes.get_xlim()
        ends = np.array([max(low, 0.0), min(high, 1.35)])
        axes.plot(ends, 2 * ends / np.pi, color=INK, linewidth=1.0, linestyle=(0, (3, 2)))
        if text:
            axes.text(1.37, 2 * 1.35 / np.pi, text, fontsize=9, va="center", color=INK)
        axes.set_xlim(low, high)
        _mark(axes)
    span = np.linspace(0, 0.7, 2)
    wide.plot(span, 1 - span / 4, color=ACCENT, linewidth=1.2)
    wide.set_xlim(0, None)
    wide.text(0.06, 0.8, "1 − T/4", color=ACCENT, fontsize=9)
    titled(wide, "Stiffness of the spins")
    titled(near, "Around its jump")
    wide.set_ylabel("helicity modulus Υ")
    wide.set_ylim(-0.03, 1.06)
    legend_of_sizes(figure, (*data.curve_sizes, *data.sizes), data)
    return Figure(
        "helicity",
        "Helicity modulus over temperature. On an infinite lattice it falls from 2T/π to nothing at the transition; "
        "on finite ones it crosses the line late, by an amount that dies out only with the logarithm of the size.",
        figure,
    )


@styled
def transition(data: Data) -> Figure:
    """Crossings against the size, and the fits."""
    found = data.metrics["transition"]
    figure, ((axes,), (fits,)) = panel_grid(2, (3.1,))
    rows = found["crossings"]
    sizes = np.array([row["size"] for row in rows])
    for name, look in (("plain", Look(SOFT, "-", "o")), ("corrected", Look(ACCENT, "-", "s"))):
        values, errors = np.array([row[name] or (np.nan, np.nan) for row in rows]).T
        axes.errorbar(
            1 / np.log(sizes) ** 2, values, errors, fmt=look.marker, color=look.colour, markersize=5
        )
    size = np.geomspace(min(sizes), 1e9, 200)
    for fit in found["fits"]:
        if fit["name"] == "plain crossings":
            shift = found["amplitude"] / (np.log(size) + fit["constant"]) ** 2
            axes.plot(1 / np.log(size) ** 2, fit["temperature"] + shift, color=SOFT, linewidth=1.0)
    axes.axhline(KNOWN_TEMPERATURE, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.set_xlim(0, None)
    axes.set_xlabel("1 / (ln L)²")
    axes.set_ylabel("temperature of the crossing")
    titled(axes, "Crossings, one a size")
    names = [row["name"] for row in found["fits"]]
    for place, row in enumerate(found["fits"]):
        fits.errorbar(row["temperature"], -place, xerr=row["error"], fmt="o", color=INK, markersize=5)
    low, high = found["temperature"] - found["error"], found["temperature"] + found["error"]
    fits.axvspan(low, high, color=ACCENT, alpha=0.14, linewidth=0)
    fits.axvline(KNOWN_TEMPERATURE, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
    fits.set_yticks([-place for place in range(len(names))], names)
    fits.set_ylim(0.6 - len(names), 0.6)
    fits.set_xlabel("T of the transition")
    titled(fits, f"Fits; quoted {found['temperature']:.4f} ± {found['error']:.4f}")
    numbered(fits, "x")
    series = [
        handle(Look(SOFT, "-", "o"), "crossing with 2T/π, and its fit", markers=True),
        handle(Look(ACCENT, "-", "s"), "with the logarithmic correction", markers=True),
        handle(Look(INK, (0, (3, 2))), f"known, {KNOWN_TEMPERATURE}"),
    ]
    legend(figure, series)
    return Figure(
        "transition",
        "Where the helicity modulus meets 2T/π, and where it meets the line with the fitted logarithmic correction; "
        "temperatures of the transition by fit, with statistical errors, and the band that is quoted.",
        figure,
    )


@styled
def thermodynamics(data: Data) -> Figure:
    """Energy, heat capacity, vortices and magnetization over temperature."""
    figure, ((energy,), (heat,), (pairs,), (order,)) = panel_grid(4, (2.9,))
    labels = {
        energy: ("energy", "energy a site"),
        heat: ("heat_capacity", "heat capacity a site"),
        pairs: ("vortex_density", "vortices a plaquette"),
        order: ("abs_magnetization", "⟨|m|⟩"),
    }
    for axes, (quantity, label) in labels.items():
        curves(axes, data, "curve", data.curve_sizes, quantity)
        axes.set_ylabel(label)
        _mark(axes)
    span = np.linspace(0, 0.8, 2)
    energy.plot(span, -2 + span / 2, color=ACCENT, linewidth=1.2)
    energy.text(0.45, -1.9, "−2 + T/2", color=ACCENT, fontsize=9, va="top")
    titled(energy, "Energy: smooth")
    titled(heat, "Heat capacity: its peak is not the transition")
    titled(pairs, "Vortices: in pairs below the transition")
    titled(order, "Magnetization: vanishes with the size")
    pairs.set_yscale("log")
    smallest = data.line(f"curve.{data.curve_sizes[-1]}", "vortex_density")[1]
    pairs.set_ylim(0.3 * smallest[smallest > 0].min(), 0.5)
    legend_of_sizes(figure, data.curve_sizes, data)
    return Figure(
        "thermodynamics",
        "Energy with its first term at low temperature, heat capacity, vortex density and mean magnetization over "
        "temperature. The dashed line is the transition: energy and heat capacity show nothing there.",
        figure,
    )


@styled
def decay(data: Data) -> Figure:
    """The exponent of correlations, against spin waves and against the helicity modulus."""
    figure, ((axes,),) = panel_grid(1, (3.6,))
    for part, look in (("curve", Look(INK, "-", "o")), ("critical", Look("#1e8b53", "-", "s"))):
        temperatures, values, errors = (
            data.arrays[f"{part}/{end}"] for end in ("temperatures", "eta", "eta/error")
        )
        shown = temperatures < 1.1
        axes.errorbar(
            temperatures[shown],
            values[shown],
            errors[shown],
            fmt=look.marker,
            color=look.colour,
            markersize=4.5,
        )
    span = np.linspace(0, KNOWN_TEMPERATURE, 2)
    axes.plot(span, span / (2 * np.pi), color=ACCENT, linewidth=1.2)
    temperatures, stiffness, _ = data.line(f"curve.{data.curve_sizes[-1]}", "helicity_modulus")
    below = temperatures < KNOWN_TEMPERATURE
    axes.plot(
        temperatures[below],
        temperatures[below] / (2 * np.pi * stiffness[below]),
        color="#1f5a96",
        linewidth=1.2,
    )
    axes.axhline(0.25, color=SOFT, linewidth=0.8, linestyle=(0, (1.2, 1.2)))
    axes.text(0.02, 0.258, "1/4", fontsize=9, color=SOFT)
    axes.set(xlim=(0, 1.1), ylim=(0, 0.6))
    axes.set_xlabel("temperature")
    axes.set_ylabel("η")
    _mark(axes)
    titled(axes, "Below it correlations fall as $r^{-\\eta}$")
    series = [
        handle(Look(INK, "-", "o"), "⟨m²⟩ ~ $L^{-\\eta}$, curves", markers=True),
        handle(Look("#1e8b53", "-", "s"), "the same, sizes of the fit", markers=True),
        handle(Look("#1f5a96"), f"T / 2πΥ, Υ at L = {data.curve_sizes[-1]}"),
        handle(Look(ACCENT), "T / 2π, spin waves"),
    ]
    legend(figure, series)
    return Figure(
        "decay",
        "Exponent of correlations from the squared magnetization of several sizes, with what spin waves say at low "
        "temperature and what the measured helicity modulus says. It reaches 1/4 at the transition.",
        figure,
    )


def curves(axes: Axes, data: Data, part: str, sizes: tuple[int, ...], quantity: str) -> None:
    """One line a size, with error bars."""
    styles = styles_of(data)
    for size in sizes:
        temperatures, values, errors = data.line(f"{part}.{size}", quantity)
        look = styles[size]
        axes.errorbar(
            temperatures, values, errors, color=look.colour, marker=look.marker, markersize=3.6, linewidth=1.1
        )
    axes.set_xlabel("temperature")


def styles_of(data: Data) -> dict[int, Look]:
    """A look for each extent, the same in all figures."""
    sizes = sorted({*data.sizes, *data.curve_sizes, *data.six_sizes})
    return dict(zip(sizes, looks([f"L = {size}" for size in sizes]).values(), strict=True))


def legend_of_sizes(figure: Any, sizes: tuple[int, ...], data: Data) -> None:
    """Markers and extents under the panels."""
    styles = styles_of(data)
    legend(figure, [handle(styles[size], f"L = {size}", markers=True) for size in sorted(set(sizes))])


def _mark(axes: Axes) -> None:
    """A dashed line at the transition, named at the foot of the panel."""
    axes.axvline(KNOWN_TEMPERATURE, **MARKED)
    axes.text(
        KNOWN_TEMPERATURE,
        0.03,
        " $T_{KT}$",
        transform=axes.get_xaxis_transform(),
        fontsize=8,
        color=SOFT,
        ha="left",
        va="bottom",
    )
