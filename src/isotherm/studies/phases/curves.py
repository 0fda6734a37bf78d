"""The published phase diagrams: curves from both starts, with errors."""

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import numbered
from isotherm.plot.figure import Figure
from isotherm.plot.raster import lattice
from isotherm.studies.phases.view import (
    HEAD,
    STARTS,
    SYMBOLS,
    View,
    canvas,
    headed,
    on_ground,
    settled,
    small_title,
)

HINTS = {"order": ("o", 5.5, "from order"), "disorder": ("x", 5.0, "from disorder")}
"""Marker, size and words of each start."""


@on_ground
def ising_transition(view: View) -> Figure:
    """Three mean configurations, magnetization and susceptibility, and a strip of states."""
    temperatures = view.arrays["ising/pictured"]
    critical = view.metrics["ising"]["critical_temperature"]
    figure = canvas(7.6)
    figure.suptitle(headed(view, f"Ising transition, {view.wheres['ising']}", "ising"), **HEAD)
    rows = figure.add_gridspec(3, 1, height_ratios=(1.25, 1.15, 0.42))
    three = rows[0].subgridspec(1, 3)
    places = (0, int(np.argmin(np.abs(temperatures - critical))), len(temperatures) - 1)
    images = []
    for side, place in enumerate(places):
        axes = figure.add_subplot(three[side])
        images.append(lattice.draw_spins(axes, view.arrays["ising/averages"][place]))
        small_title(
            axes, f"mean spin at T = {temperatures[place]:.2f}, {_side(temperatures[place], critical)}"
        )
    bar = figure.colorbar(images[0], ax=figure.axes, shrink=0.8, ticks=[-1, 0, 1], aspect=14)
    bar.ax.set_ylim(-1, 1)
    order, response = (figure.add_subplot(one) for one in rows[1].subgridspec(1, 2))
    order.plot(
        view.arrays["ising/exact/temperatures"], view.arrays["ising/exact/order"], color=view.look.soft
    )
    both(view, order, "ising", "abs_magnetization", "⟨|m|⟩")
    both(view, response, "ising", "susceptibility", "χ = βN(⟨m²⟩ − ⟨|m|⟩²)")
    response.set_yscale("log")
    order.legend(fontsize=8, labelcolor=view.look.ink, loc="lower left")
    for axes in (order, response):
        mark(view, axes, critical, SYMBOLS["potts"])
    strip = rows[2].subgridspec(1, len(temperatures), wspace=0.02)
    for place, temperature in enumerate(temperatures):
        axes = figure.add_subplot(strip[place])
        lattice.draw_spins(axes, view.arrays["ising/states"][place, 0, 0, -1])
        axes.set_xlabel(f"{temperature:.2f}", fontsize=7, labelpad=2)
    return Figure(
        "ising-transition",
        f"Ising model: mean spin over a run of single-site sweeps that begins {settled(view, 'ising')}, mean "
        "magnetization with the exact "
        "curve of the infinite lattice, susceptibility, and a state at each temperature.",
        figure,
    )


@on_ground
def potts_diagram(view: View) -> Figure:
    """Largest fraction and energy over temperature."""
    figure = canvas(3.7)
    title = f"Potts phase diagram, q = {view.num_states}, {view.wheres['potts']}"
    figure.suptitle(headed(view, title, "potts"), **HEAD)
    order, energy = figure.subplots(1, 2)
    both(view, order, "potts", "largest_fraction", "largest fraction f")
    both(view, energy, "potts", "energy", "energy a site")
    order.axhline(1 / view.num_states, color=view.look.soft, linewidth=0.9, linestyle=(0, (1.2, 1.2)))
    order.text(
        order.get_xlim()[0],
        1 / view.num_states,
        " 1/q",
        va="bottom",
        color=view.look.soft,
        fontsize=8.5,
    )
    for axes in (order, energy):
        mark(view, axes, view.metrics["potts"]["critical_temperature"], SYMBOLS["potts"])
    order.legend(fontsize=8, labelcolor=view.look.ink)
    return Figure(
        "potts-diagram",
        f"Potts model of {view.num_states} states: fraction of the commonest state and energy "
        f"{settled(view, 'potts')}, from both starts. "
        "The transition is weakly first order, with a correlation length of some 2,500 sites: none of that "
        "can show here.",
        figure,
    )


@on_ground
def xy_diagram(view: View) -> Figure:
    """Magnetization, energy, helicity modulus and vortices over temperature."""
    figure = canvas(6.4)
    title = f"Planar spins, {view.num_angles} angles, {view.wheres['xy']}"
    figure.suptitle(headed(view, title, "xy"), **HEAD)
    (order, energy), (stiff, pairs) = figure.subplots(2, 2)
    both(view, order, "xy", "abs_magnetization", "⟨|m|⟩: vanishes as the lattice grows")
    both(view, energy, "xy", "energy", "energy a site")
    both(view, stiff, "xy", "helicity_modulus", "helicity modulus Υ, edges joined")
    both(view, pairs, "xy", "vortex_density", "vortices a plaquette")
    span = np.array([0, min(1.5, stiff.get_xlim()[1])])
    stiff.plot(span, 2 * span / np.pi, color=view.look.soft, linewidth=1.0)
    stiff.text(span[1], 2 * span[1] / np.pi, " 2T/π", color=view.look.soft, fontsize=8.5, va="center")
    pairs.set_yscale("log")
    for axes in (order, energy, stiff, pairs):
        mark(view, axes, view.metrics["xy"]["critical_temperature"], SYMBOLS["xy"])
    order.legend(fontsize=8, labelcolor=view.look.ink)
    return Figure(
        "xy-diagram",
        f"Planar spins {settled(view, 'xy')}, from both starts. Below T_KT vortices bind in pairs and the lattice is "
        "stiff; the "
        "magnetization of a finite lattice is no order parameter. Sixteen angles lock in a transition of "
        "their own near T = 0.1, below what is drawn.",
        figure,
    )


def both(view: View, axes: Axes, model: str, quantity: str, label: str) -> None:
    """A curve from order and one from disorder, with error bars."""
    for start, (marker, size, name) in HINTS.items():
        temperatures, values, errors = view.line(model, start, quantity)
        axes.errorbar(
            temperatures,
            values,
            errors,
            fmt=marker,
            color=STARTS[start],
            markerfacecolor="none",
            markersize=size,
            markeredgewidth=1.3,
            label=name,
        )
    axes.set_xlabel("temperature")
    axes.set_ylabel(label)
    numbered(axes)


def mark(view: View, axes: Axes, temperature: float, text: str) -> None:
    """A dashed line at the transition, named above the panel."""
    axes.axvline(temperature, color=view.look.soft, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1.5)
    above = axes.get_xaxis_transform()
    axes.text(
        temperature,
        1.015,
        text,
        transform=above,
        ha="center",
        va="bottom",
        fontsize=8.5,
        color=view.look.soft,
    )


def _side(temperature: float, critical: float) -> str:
    if abs(temperature / critical - 1) < 0.05:
        return "near $T_c$"
    return "below $T_c$" if temperature < critical else "above $T_c$"
