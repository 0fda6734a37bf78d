"""The published pictures of lattices: stills in equilibrium, with what is measured of them."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import numbered
from isotherm.plot.figure import Figure
from isotherm.plot.raster import lattice
from isotherm.plot.style import number
from isotherm.studies.phases.view import (
    HEAD,
    STARTS,
    SYMBOLS,
    View,
    canvas,
    headed,
    on_ground,
    plus_minus,
    settled,
    small_title,
)


def figures(view: View) -> Iterator[Figure]:
    """All pictures and diagrams of the models that were run, and the sheets made of them."""
    from isotherm.studies.phases import curves as curves
    from isotherm.studies.phases import sheets as sheets

    if "ising" in view.wheres:
        yield curves.ising_transition(view)
    if "potts" in view.wheres:
        for index in range(len(view.arrays["potts/pictured"])):
            yield potts_picture(view, index)
        yield curves.potts_diagram(view)
    if "xy" in view.wheres:
        for index in range(len(view.arrays["xy/pictured"])):
            yield xy_picture(view, index)
        yield curves.xy_diagram(view)
    if {"ising", "potts"} & set(view.wheres):
        yield sheets.stuck(view)
    yield sheets.showcase(view)
    yield sheets.side_by_side(view)
    yield sheets.summary(view)


@on_ground
def potts_picture(view: View, index: int) -> Figure:
    """States of Potts chains at one temperature, and the laws of energy and order."""
    temperature = float(view.arrays["potts/pictured"][index])
    figure = canvas(7.4)
    title = f"Potts, q = {view.num_states}, {view.wheres['potts']}: {at(view, 'potts', temperature)}"
    figure.suptitle(headed(view, title, "potts"), **HEAD)
    grid = figure.add_gridspec(4, 4, height_ratios=(1, 1, 0.28, 0.95))
    states = view.arrays["potts/states"][index]
    shown = [(states[0, 0, i], f"one chain, sample {i + 1}") for i in range(4)]
    shown += [
        (states[start, c, -1], f"a chain from {name}") for start, name in enumerate(STARTS) for c in (1, 2)
    ]
    for place, (state, text) in enumerate(shown):
        axes = figure.add_subplot(grid[place // 4, place % 4])
        lattice.draw_states(axes, state, view.num_states)
        small_title(axes, text)
    lattice.draw_key(figure.add_subplot(grid[2, 1:3]), view.num_states, ground=view.ground)
    row = int(np.argmin(np.abs(view.arrays["potts/temperatures"] - temperature)))
    for side, (what, label) in enumerate((("energies", "energy a site"), ("orders", "largest fraction"))):
        axes = figure.add_subplot(grid[3, 2 * side : 2 * side + 2])
        _histogram(view, axes, view.arrays[f"potts/{what}"][:, row])
        axes.set_xlabel(label)
    return Figure(
        f"potts-beta-{1 / temperature:.2f}",
        f"Potts model of {view.num_states} states {settled(view, 'potts')} at beta = {1 / temperature:.3g}: four "
        "samples of one chain, "
        "the last of four chains, two from order and two from disorder, and the laws of energy and order from both.",
        figure,
    )


@on_ground
def xy_picture(view: View, index: int) -> Figure:
    """Arrows, hues with vortices, what is measured, and the wheel of colours."""
    temperature = float(view.arrays["xy/pictured"][index])
    state = view.arrays["xy/states"][index, 0, 0, -1]
    angles = state * (2 * np.pi / view.num_angles)
    charges = view.arrays["xy/charges"][index]
    figure = canvas(4.5)
    title = f"Planar spins, {view.num_angles} angles, {view.wheres['xy']}: {at(view, 'xy', temperature)}"
    figure.suptitle(headed(view, title, "xy"), **HEAD)
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 0.58), height_ratios=(0.8, 1.0))
    arrows, hues = (figure.add_subplot(grid[:, side]) for side in range(2))
    lattice.draw_arrows(arrows, angles, max(1, angles.shape[0] // 32), palette=view.palette)
    lattice.draw_angles(hues, angles, view.palette)
    lattice.draw_vortices(hues, charges, angles.shape, view.ground, radius=max(0.5, max(angles.shape) / 80))
    small_title(arrows, "spins")
    small_title(hues, "angles; ○ vortices, × antivortices")
    lattice.draw_wheel(figure.add_subplot(grid[0, 2]), view.palette, view.ground)
    _statistics(view, figure.add_subplot(grid[1, 2]), index, charges)
    return Figure(
        f"xy-beta-{1 / temperature:.2f}",
        f"Planar spins {settled(view, 'xy')} at beta = {1 / temperature:.3g}: arrows, and angles as hues with "
        "vortices (circles) and antivortices (crosses). Averages are of the whole run, counts of this picture.",
        figure,
    )


def at(view: View, model: str, temperature: float) -> str:
    """The temperature against that of the transition, in words."""
    critical = view.metrics[model]["critical_temperature"]
    name = SYMBOLS[model]
    side = "below" if temperature < critical else "above"
    return f"T = {number(round(temperature, 3))}, {side} {name} = {critical:.3f} (β = {1 / temperature:.3g})"


def _histogram(view: View, axes: Axes, samples: np.ndarray) -> None:
    """Of the chains from order and of those from disorder; ``(starts, chains, samples)``."""
    low, high = float(samples.min()), float(samples.max())
    pad = max(0.02 * (high - low), 1e-3)
    edges = np.linspace(low - pad, high + pad, 40).tolist()
    for chains, name, colour in zip(samples, ("from order", "from disorder"), STARTS.values(), strict=True):
        axes.hist(
            chains.ravel(), edges, density=True, histtype="step", linewidth=1.5, color=colour, label=name
        )
    axes.set_yticks([])
    numbered(axes, "x")
    axes.legend(fontsize=8, labelcolor=view.look.ink)


def _statistics(view: View, axes: Axes, index: int, charges: np.ndarray) -> None:
    """What is measured, one line each, in axes of its own."""
    row = view.metrics["xy"]["rows"][index]
    names = {
        "energy": "energy",
        "abs_magnetization": "⟨|m|⟩",
        "helicity_modulus": "helicity",
        "vortex_density": "vortices",
    }
    axes.set_axis_off()
    place = 0.97
    for what, label in names.items():
        value, error = row[what]["value"], row[what]["error"]
        axes.text(0.0, place, label, fontsize=8.5, color=view.look.soft, va="top", transform=axes.transAxes)
        text = plus_minus(value, error)
        axes.text(1.0, place, text, fontsize=8.5, va="top", ha="right", transform=axes.transAxes)
        place -= 0.13
    counts = f"in this picture: ○ {int((charges > 0).sum())}, × {int((charges < 0).sum())}"
    axes.text(0.0, place - 0.06, counts, fontsize=8.5, va="top", transform=axes.transAxes)
    is_bound = row["temperature"] < view.metrics["xy"]["critical_temperature"]
    said = (
        "below $T_{KT}$: the few\nvortices are bound in pairs"
        if is_bound
        else "above $T_{KT}$:\nvortices are free"
    )
    axes.text(0.0, place - 0.22, said, fontsize=8.5, color=view.look.soft, va="top", transform=axes.transAxes)
