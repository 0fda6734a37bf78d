"""Lines with bands over the orders routed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import Panel, Series, label_ends, mark_steps, numbered, say_zero
from isotherm.plot.look import Look
from isotherm.studies.routing.drawings.looks import looks

STEPS = "orders routed"


class Curve(NamedTuple):
    """A line and the half width of its band, zeros where there is none."""

    series: Series
    x: np.ndarray
    y: np.ndarray
    half: np.ndarray


def read_curves(
    panel: Panel,
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    centre: str,
    band: str,
    factor: float,
) -> list[Curve]:
    """The curves that a panel has, from the first order on, where everything is zero.

    Args:
        panel: where.
        series: of which agents; one without arrays in this panel is left out.
        arrays: the study's arrays.
        centre: last part of the name of the curves' arrays.
        band: last part of the name of the arrays of their spread or error.
        factor: half width of the band in units of these.
    """
    steps = np.asarray(arrays[f"{panel.cell}/steps"], float)
    found = []
    for one in series:
        key = f"{panel.cell}/{one.name}/"
        if key + centre in arrays:
            mean = np.asarray(arrays[key + centre], float)
            half = factor * np.nan_to_num(np.asarray(arrays.get(key + band, np.zeros_like(mean)), float))
            found.append(Curve(one, *(np.concatenate([[0.0], values]) for values in (steps, mean, half))))
    return found


def whole_run(panel: Panel, arrays: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """From the first order to the last."""
    return 0.0, float(arrays[f"{panel.cell}/steps"][-1])


def is_zero(curves: Sequence[Curve]) -> bool:
    """Whether there is nothing but zeros to show."""
    return not any(np.any(np.abs(curve.y) > 1e-9) for curve in curves)


def draw_curves(
    axes: Axes,
    panel: Panel,
    curves: Sequence[Curve],
    *,
    span: tuple[float, float],
    mark_text: str = "biases reverse",
    is_broken: bool = False,
) -> None:
    """Lines with their bands over a span of steps, and the panel's marks, at which lines may be broken."""
    styles = looks([curve.series.name for curve in curves])
    for curve in curves:
        _draw_curve(axes, curve, styles[curve.series.name], panel.marks if is_broken else ())
    axes.set_xlim(*span)
    numbered(axes)
    mark_steps(axes, panel.marks, mark_text)
    if is_zero(curves):
        say_zero(axes, "every agent: 0" if curves else "nothing recorded here")


def _draw_curve(axes: Axes, curve: Curve, look: Look, breaks: Sequence[int]) -> None:
    """A line with its band; a lone point as a marker."""
    axes.plot(
        *_broken(curve, breaks),
        color=look.colour,
        linestyle=look.line,
        linewidth=look.width,
        marker=look.marker if curve.x.size == 1 else "none",
        zorder=3 + 0.1 * look.rank,
    )
    if np.any(curve.half > 0):
        low, high = curve.y - curve.half, curve.y + curve.half
        alpha = 0.18 if look.rank > 2 else 0.13
        axes.fill_between(curve.x, low, high, color=look.colour, alpha=alpha, linewidth=0, zorder=2)


def _broken(curve: Curve, breaks: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The line's points, with none to join those on either side of a break."""
    breaks = [step for step in breaks if curve.x[0] < step < curve.x[-1]]
    places = np.searchsorted(curve.x, breaks)
    return np.insert(curve.x, places, breaks), np.insert(curve.y, places, np.nan)


def end_labels(axes: Axes, curves: Sequence[Curve], height: float) -> None:
    """Name the curves where they end."""
    styles = looks([curve.series.name for curve in curves])
    ends: list[tuple[float, float, str, Look]] = [
        (float(c.x[-1]), float(c.y[-1]), c.series.label, styles[c.series.name]) for c in curves
    ]
    label_ends(axes, ends, height)
