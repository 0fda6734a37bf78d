"""Figures of the generative proof: what learners believe of the market, against the truth."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from isotherm.plot.axes import handle, is_first_column, legend, log_numbered, panel_grid, share_y, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, DOT, INK, SOFT, STRONG, Look
from isotherm.plot.style import Number, looks, number, styled
from isotherm.studies.generative.truth import (
    Kind,
    draw_against,
    draw_side_by_side,
    parameter_names,
    title_pad,
)

Named = Sequence[tuple[str, str]]
MEANINGS = {
    "marginals": ("true $P(s_i = +1)$; venues named above", "learned"),
    "correlations": ("true $E[s_i s_j]$; pairs named above", "learned"),
    "parameters": ("bias of each venue, then coupling of each pair", "value"),
}

LOOKS = {
    "published": Look(STRONG, "-", "s", 2.0, 4),
    "averaged": Look(ACCENT, "-", "o", 2.3, 6),
    "untrained": Look("#9aa1a9", DOT, "X", 1.4, 0),
}
"""Of each learner."""


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
    pad = 8.0 if kind == "parameters" else title_pad([arrays[f"{key}/true/{kind}"] for key, _ in scenarios])
    styles = looks([key for key, _ in learners], LOOKS)
    for (scenario, title), (axes,) in zip(scenarios, grid, strict=True):
        true = np.asarray(arrays[f"{scenario}/true/{kind}"], float)
        learned = {key: arrays[f"{scenario}/{key}/{kind}"] for key, _ in learners}
        draw = draw_side_by_side if kind == "parameters" else draw_against
        draw(axes, true, learned, styles, parameter_names(kind, true.size))
        titled(axes, title, pad)
        axes.set_xlabel(MEANINGS[kind][0])
        if is_first_column(axes):
            axes.set_ylabel(MEANINGS[kind][1])
    dashes = "-" if kind == "parameters" else (0, (3, 2))
    truth = Line2D([], [], color=INK, linewidth=1.0, linestyle=dashes, label="truth")
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
    styles = looks([key for key, _ in learners], LOOKS)
    for (scenario, title), (axes,) in zip(scenarios, grid, strict=True):
        for group, kind in enumerate(("marginal", "correlation")):
            for i, (key, _) in enumerate(learners):
                place = group + (i - (len(learners) - 1) / 2) * 0.8 / len(learners)
                _draw_strip(axes, place, arrays[f"{scenario}/{key}/{kind}_error"], styles[key])
        _label_errors(axes)
        titled(axes, title)
        if is_first_column(axes):
            axes.set_ylabel("mean absolute error")
    share_y([axes for (axes,) in grid])
    for (axes,) in grid:
        _draw_tolerances(axes, tolerances, is_last=axes is grid[-1][0])
    legend(figure, [handle(styles[key], label, markers=True) for key, label in learners])
    return Figure(name, caption, figure)


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
    colour = INK if np.ptp(errors) > 0 else look.colour
    axes.hlines(errors.mean(), place - 0.11, place + 0.11, color=colour, linewidth=1.6, zorder=4)


def _label_errors(axes: Axes) -> None:
    log_numbered(axes)
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([0, 1], ["marginals", "correlations"], fontsize=9)
    axes.grid(axis="x", visible=False)


def _draw_tolerances(axes: Axes, tolerances: Mapping[str, Number], *, is_last: bool) -> None:
    """Lines to stay below, named to the right of the last panel."""
    for label, value in tolerances.items():
        axes.axhline(float(value), color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2)
        if is_last:
            text = textwrap.fill(label if number(value) in label else f"{label} {number(value)}", 14)
            axes.annotate(
                text,
                (1, float(value)),
                (5, 0),
                ("axes fraction", "data"),
                "offset points",
                va="center",
                fontsize=7.5,
                color=SOFT,
            )
