"""The published pictures of lattices: stills in equilibrium, with what is measured of them."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Concatenate, NamedTuple, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from isotherm.plot import lattice
from isotherm.plot.axes import numbered
from isotherm.plot.figure import Figure
from isotherm.plot.style import WIDTH, number

P = ParamSpec("P")
SYMBOLS = {"ising": "$T_c$", "potts": "$T_c$", "xy": "$T_{KT}$"}
ORDERS = {"ising": "abs_magnetization", "potts": "largest_fraction", "xy": "abs_magnetization"}
TITLES = {"ising": "Ising", "potts": "Potts", "xy": "Planar spins"}


class View(NamedTuple):
    """What the figures are drawn from.

    Attributes:
        ground: of all pictures.
        palette: of angles.
        wheres: size and boundary of each model that was run, in words.
        num_states: of Potts.
        num_angles: of the clock.
        metrics: of the study.
        arrays: of the study.
    """

    ground: lattice.GroundName
    palette: str
    wheres: Mapping[str, str]
    num_states: int
    num_angles: int
    metrics: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    @property
    def look(self) -> lattice.Ground:
        """Colours of the ground."""
        return lattice.GROUNDS[self.ground]

    def line(self, model: str, start: str, quantity: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Temperatures, values and errors of the diagram; ``start`` is ``all``, ``order`` or ``disorder``."""
        values = self.arrays[f"{model}/{start}/{quantity}"], self.arrays[f"{model}/{start}/{quantity}/error"]
        return self.arrays[f"{model}/temperatures"], *values


def on_ground(draw: Callable[Concatenate[View, P], Figure]) -> Callable[Concatenate[View, P], Figure]:
    """Run a drawing function under the settings of its view's ground."""

    @functools.wraps(draw)
    def wrapped(view: View, *args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(lattice.settings(view.ground)):  # pyright: ignore[reportArgumentType]
            return draw(view, *args, **kwargs)

    return wrapped


def figures(view: View) -> Iterator[Figure]:
    """All pictures and diagrams of the models that were run, and the sheets made of them."""
    from isotherm.plot import phase_diagrams_curves as curves
    from isotherm.plot import phase_diagrams_sheets as sheets

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
    figure = _canvas(7.4)
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
    figure = _canvas(4.5)
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


def headed(view: View, title: str, *models: str) -> str:
    """A title, and below it which of the models shown are not in equilibrium."""
    apart = [TITLES[model] for model in models if _is_apart(view, model)]
    return f"{title}\nNOT IN EQUILIBRIUM, starts disagree: {', '.join(apart)}" if apart else title


def settled(view: View, model: str) -> str:
    """Whether a model is in equilibrium, for a caption."""
    return "not in equilibrium (starts disagree)" if _is_apart(view, model) else "in equilibrium"


def _is_apart(view: View, model: str) -> bool:
    starts = view.metrics[model]["starts"]
    return starts["worst_z"] > starts["bound"]


def at(view: View, model: str, temperature: float) -> str:
    """The temperature against that of the transition, in words."""
    critical = view.metrics[model]["critical_temperature"]
    name = SYMBOLS[model]
    side = "below" if temperature < critical else "above"
    return f"T = {number(round(temperature, 3))}, {side} {name} = {critical:.3f} (β = {1 / temperature:.3g})"


def plus_minus(value: float, error: float) -> str:
    """A value with as many digits as its error has a right to, two of its own."""
    digits = int(np.clip(1 - np.floor(np.log10(max(error, 1e-12))), 2, 5))
    return f"{value:.{digits}f} ± {error:.{digits}f}".replace("-", "−")


def small_title(axes: Axes, text: str) -> None:
    """A quiet title above a still."""
    axes.set_title(text, fontsize=8.5, fontweight="normal", loc="left", pad=4)


HEAD: Mapping[str, Any] = {"x": 0.012, "ha": "left", "fontsize": 12, "fontweight": "bold"}
"""The look of a sheet's title."""


def _canvas(height: float) -> Canvas:
    figure = Canvas(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05, wspace=0.03, hspace=0.03)  # pyright: ignore
    return figure


canvas = _canvas


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


STARTS = {"order": "#ff9f43", "disorder": "#4fa8ff"}
"""Colours of the two starts, on either ground."""


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
