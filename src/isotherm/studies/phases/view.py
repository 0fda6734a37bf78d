"""What the phase diagrams share: the view of one run, its canvas and its words."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, NamedTuple, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from isotherm.plot.figure import Figure
from isotherm.plot.raster import lattice
from isotherm.plot.style import WIDTH

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


def plus_minus(value: float, error: float) -> str:
    """A value with as many digits as its error has a right to, two of its own."""
    digits = int(np.clip(1 - np.floor(np.log10(max(error, 1e-12))), 2, 5))
    return f"{value:.{digits}f} ± {error:.{digits}f}".replace("-", "−")


def small_title(axes: Axes, text: str) -> None:
    """A quiet title above a still."""
    axes.set_title(text, fontsize=8.5, fontweight="normal", loc="left", pad=4)


HEAD: Mapping[str, Any] = {"x": 0.012, "ha": "left", "fontsize": 12, "fontweight": "bold"}
"""The look of a sheet's title."""


def canvas(height: float) -> Canvas:
    """An empty sheet of the common width; the height in inches."""
    figure = Canvas(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05, wspace=0.03, hspace=0.03)  # pyright: ignore
    return figure


STARTS = {"order": "#ff9f43", "disorder": "#4fa8ff"}
"""Colours of the two starts, on either ground."""


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
