"""True values, what learners make of them, and their names, on one axes."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import numbered, spread
from isotherm.plot.look import INK, PAPER, SOFT, Look

Kind = Literal["marginals", "correlations", "parameters"]
_MAX_LABELS = 45


def parameter_names(kind: Kind, size: int) -> list[str]:
    """Venue ``i`` as ``i``, pair ``i, j`` as ``ij``; parameters are all biases, then all couplings."""
    if kind == "marginals":
        return [str(i) for i in range(size)]
    sign = 1 if kind == "parameters" else -1
    venues = round((np.sqrt(1 + 8 * size) - sign) / 2)
    gap = "" if venues <= 10 else ","
    pairs = [f"{i}{gap}{j}" for i, j in combinations(range(venues), 2)]
    return [*map(str, range(venues)), *pairs] if kind == "parameters" else pairs


def _mean_and_spread(learned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    learned = np.atleast_2d(np.asarray(learned, float))
    return learned.mean(axis=0), learned.std(axis=0, ddof=min(1, len(learned) - 1))


def _draw_points(axes: Axes, x: np.ndarray, learned: np.ndarray, look: Look) -> None:
    mean, sd = _mean_and_spread(learned)
    axes.errorbar(
        x,
        mean,
        yerr=sd if np.any(sd > 0) else None,
        color=look.colour,
        linestyle="none",
        marker=look.marker,
        markersize=4.8,
        markeredgecolor=PAPER,
        markeredgewidth=0.0 if look.marker in "X+x" else 0.5,
        elinewidth=1.1,
        zorder=3 + 0.1 * look.rank,
    )


def draw_against(
    axes: Axes,
    true: np.ndarray,
    learned: Mapping[str, np.ndarray],
    styles: Mapping[str, Look],
    names: list[str],
) -> None:
    """Learned mean ± sd against the truth, side by side where several share a true value; the diagonal."""
    width = _width(true)
    low, high = float(true.min()) - 0.1 * width, float(true.max()) + 0.1 * width
    aside = _places_aside(true)
    for i, (key, values) in enumerate(learned.items()):
        shift = aside + i - (len(learned) - 1) / 2
        _draw_points(axes, true + 0.008 * width * shift, values, styles[key])
    axes.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle=(0, (3, 2)), zorder=2)
    axes.set_xlim(low, high)
    numbered(axes)
    if true.size <= _MAX_LABELS:
        _name_above(axes, true, names)


def _places_aside(true: np.ndarray) -> np.ndarray:
    """Places of points beside each other where they share a true value: 0, or -0.5 and 0.5, and so on."""
    aside = np.zeros(true.size)
    for group in _groups(true, _tolerance(true)):
        aside[group] = np.arange(len(group)) - (len(group) - 1) / 2
    return aside


def _groups(true: np.ndarray, tolerance: float) -> list[list[int]]:
    """Indices of points that share a true value, from left to right."""
    groups: list[list[int]] = []
    for index in np.argsort(true, kind="stable"):
        if groups and true[index] - true[groups[-1][0]] <= tolerance:
            groups[-1].append(int(index))
        else:
            groups.append([int(index)])
    return [sorted(group) for group in groups]


def title_pad(truths: Sequence[np.ndarray]) -> float:
    """Points between a panel and its title, with room for the tallest stack of names."""
    truths = [np.asarray(true, float) for true in truths if true.size <= _MAX_LABELS]
    tallest = max((len(group) for true in truths for group in _groups(true, _tolerance(true))), default=0)
    return 14.0 + 8.5 * tallest


def _tolerance(true: np.ndarray) -> float:
    """Values nearer to each other than this stand at one place."""
    return 0.004 * _width(true)


def _width(true: np.ndarray) -> float:
    return max(float(np.ptp(true)), 0.1)


def _name_above(axes: Axes, true: np.ndarray, names: list[str]) -> None:
    """Names above the panel, led to their true values, those that share a value stacked."""
    low, high = axes.get_xlim()
    groups = _groups(true, _tolerance(true))
    wanted = [(true[group].mean() - low) / (high - low) for group in groups]
    for group, x, place in zip(groups, wanted, spread(wanted, 0.055, 0.0, 1.0), strict=True):
        axes.annotate(
            "\n".join(names[i] for i in group),
            xy=(float(x), 1.0),
            xytext=(float(place), 1.035),
            xycoords="axes fraction",
            textcoords="axes fraction",
            ha="center",
            va="bottom",
            fontsize=7.5,
            linespacing=0.95,
            color=SOFT,
            arrowprops={
                "arrowstyle": "-",
                "color": SOFT,
                "linewidth": 0.6,
                "relpos": (0.5, 0),
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


def draw_side_by_side(
    axes: Axes,
    true: np.ndarray,
    learned: Mapping[str, np.ndarray],
    styles: Mapping[str, Look],
    names: list[str],
) -> None:
    """Learned mean ± sd in a column for each value, with the truth as a bar across it."""
    places = np.arange(true.size)
    axes.hlines(true, places - 0.42, places + 0.42, color=INK, linewidth=1.1, zorder=2)
    for i, (key, values) in enumerate(learned.items()):
        shift = (i - (len(learned) - 1) / 2) * 0.6 / len(learned)
        _draw_points(axes, places + shift, values, styles[key])
    if true.size <= _MAX_LABELS:
        axes.set_xticks(places, names, fontsize=7.5)
    else:
        axes.set_xticks([])
    axes.grid(axis="x", visible=False)
    numbered(axes, "y")
