"""Figures of the generative proof: what learners believe of the market, against the truth."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isotherm.plot.axes import handle, is_first_column, legend, numbered, panel_grid, share_y, spread
from isotherm.plot.style import INK, SOFT, Look, Number, looks, number, styled
from isotherm.study.base import Figure

Named = Sequence[tuple[str, str]]
Kind = Literal["marginals", "correlations", "parameters"]
MEANINGS = {
    "marginals": ("true $P(s_i = +1)$; venues named above", "learned"),
    "correlations": ("true $E[s_i s_j]$; pairs named above", "learned"),
    "parameters": ("bias of each venue, then coupling of each pair", "value"),
}
_MAX_LABELS = 45


@styled
def learned_against_true(
    name: str,
    caption: str,
    scenarios: Named,
    learners: Named,
    arrays: Mapping[str, np.ndarray],
    *,
    kind: Kind,
) -> Figure:
    """Learned values, mean ± standard deviation over seeds, against the true ones, a panel a scenario.

    Marginals and correlations stand against the truth with the diagonal; each true value is named above the panel.
    Parameters, many of which share one true value, stand side by side with the truth as bars.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        scenarios: key and title of each panel.
        learners: key and label of each learner.
        arrays: ``SCENARIO/true/KIND``, ``(m,)``, and ``SCENARIO/LEARNER/KIND``, ``(seeds, m)``.
        kind: which values.
    """
    figure, grid = panel_grid(len(scenarios), (3.6,) if kind != "parameters" else None)
    pad = 8.0 if kind == "parameters" else _title_pad([arrays[f"{key}/true/{kind}"] for key, _ in scenarios])
    styles = looks([key for key, _ in learners])
    for (scenario, title), (axes,) in zip(scenarios, grid, strict=True):
        true = np.asarray(arrays[f"{scenario}/true/{kind}"], float)
        learned = {key: arrays[f"{scenario}/{key}/{kind}"] for key, _ in learners}
        draw = _draw_side_by_side if kind == "parameters" else _draw_against
        draw(axes, true, learned, styles, _names(kind, true.size))
        axes.set_title(title, pad=pad)
        axes.set_xlabel(MEANINGS[kind][0])
        if is_first_column(axes):
            axes.set_ylabel(MEANINGS[kind][1])
    truth = Line2D([], [], color=INK, linewidth=1.0, linestyle=(0, (3, 2)), label="truth")
    legend(figure, [*(handle(styles[key], label, markers=True) for key, label in learners), truth])
    return Figure(name, caption, figure)


@styled
def error_per_seed(
    name: str,
    caption: str,
    scenarios: Named,
    learners: Named,
    arrays: Mapping[str, np.ndarray],
    *,
    tolerances: Mapping[str, Number],
) -> Figure:
    """Mean absolute error of every seed, its mean over seeds as a bar, on a logarithmic axis.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        scenarios: key and title of each panel.
        learners: key and label of each learner.
        arrays: ``SCENARIO/LEARNER/marginal_error`` and ``SCENARIO/LEARNER/correlation_error``, ``(seeds,)``.
        tolerances: lines to stay below, by their labels.
    """
    figure, grid = panel_grid(len(scenarios), (3.4,))
    styles = looks([key for key, _ in learners])
    for (scenario, title), (axes,) in zip(scenarios, grid, strict=True):
        for group, kind in enumerate(("marginal", "correlation")):
            for i, (key, _) in enumerate(learners):
                place = group + (i - (len(learners) - 1) / 2) * 0.8 / len(learners)
                _draw_strip(axes, place, arrays[f"{scenario}/{key}/{kind}_error"], styles[key])
        _label_errors(axes)
        axes.set_title(title)
        if is_first_column(axes):
            axes.set_ylabel("mean absolute error")
    share_y([axes for (axes,) in grid])
    for (axes,) in grid:
        _draw_tolerances(axes, tolerances, is_last=axes is grid[-1][0])
    legend(figure, [handle(styles[key], label, markers=True) for key, label in learners])
    return Figure(name, caption, figure)


def _names(kind: Kind, size: int) -> list[str]:
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
        markersize=4.5,
        elinewidth=1.1,
        zorder=3 + 0.1 * look.rank,
    )


def _draw_against(
    axes: Axes,
    true: np.ndarray,
    learned: Mapping[str, np.ndarray],
    styles: Mapping[str, Look],
    names: list[str],
) -> None:
    width = _width(true)
    low, high = float(true.min()) - 0.1 * width, float(true.max()) + 0.1 * width
    aside = _places_aside(true)
    for i, (key, values) in enumerate(learned.items()):
        shift = aside * len(learned) + (i - (len(learned) - 1) / 2)
        _draw_points(axes, true + 0.009 * width * shift, values, styles[key])
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


def _title_pad(truths: Sequence[np.ndarray]) -> float:
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


def _draw_side_by_side(
    axes: Axes,
    true: np.ndarray,
    learned: Mapping[str, np.ndarray],
    styles: Mapping[str, Look],
    names: list[str],
) -> None:
    places = np.arange(true.size)
    axes.hlines(true, places - 0.42, places + 0.42, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), zorder=2)
    for i, (key, values) in enumerate(learned.items()):
        shift = (i - (len(learned) - 1) / 2) * 0.6 / len(learned)
        _draw_points(axes, places + shift, values, styles[key])
    axes.set_xticks(places, names, fontsize=7.5)
    axes.grid(axis="x", visible=False)
    numbered(axes, "y")


def _draw_strip(axes: Axes, place: float, errors: np.ndarray, look: Look) -> None:
    """Every seed as a point, scattered evenly, and their mean as a bar."""
    errors = np.ravel(np.asarray(errors, float))
    scatter = (0.5 + 0.618034 * np.arange(errors.size)) % 1 - 0.5
    axes.plot(
        place + 0.16 * scatter,
        errors,
        linestyle="none",
        marker="o",
        markersize=3.2,
        color=look.colour,
        alpha=0.55,
        markeredgewidth=0,
        zorder=3,
    )
    axes.hlines(errors.mean(), place - 0.11, place + 0.11, color=INK, linewidth=1.6, zorder=4)


def _label_errors(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([0, 1], ["marginals", "correlations"], fontsize=9)
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(number))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_tolerances(axes: Axes, tolerances: Mapping[str, Number], *, is_last: bool) -> None:
    """Lines to stay below, named to the right of the last panel."""
    for label, value in tolerances.items():
        axes.axhline(float(value), color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2)
        if is_last:
            axes.annotate(
                "\n".join([*textwrap.wrap(label, 14), number(value)]),
                (1, float(value)),
                (5, 0),
                ("axes fraction", "data"),
                "offset points",
                va="center",
                fontsize=7.5,
                color=SOFT,
            )
