"""Figures of the study of choices: recovered against true, ranks, nats by contender."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from isotherm.plot.axes import panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT
from isotherm.plot.style import WIDTH, styled
from isotherm.study.symbols import greek


@styled
def recovered(
    name: str, caption: str, panels: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> Figure:
    """Posterior means with their standard deviations against true values.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: by parameter: truth, mean, standard deviation, ``(subjects,)`` each, on the scale of the prior.
    """
    figure, stacks = panel_grid(len(panels))
    for (axes,), (title, (truth, mean, sd)) in zip(stacks, panels.items(), strict=True):
        both = np.concatenate([truth, mean])
        ends = [both.min() - 0.2, both.max() + 0.2]
        axes.plot(ends, ends, color=SOFT, linewidth=1.0, zorder=1)
        axes.errorbar(truth, mean, sd, fmt="none", ecolor=SOFT, elinewidth=0.6, zorder=2)
        axes.plot(truth, mean, "o", color=ACCENT, markersize=3, markeredgewidth=0, zorder=3)
        axes.set_xlabel("true, in prior SDs")
        axes.set_ylabel("posterior mean")
        titled(axes, greek(title))
    return Figure(name, caption, figure)


@styled
def ranks(name: str, caption: str, panels: Mapping[str, tuple[np.ndarray, np.ndarray, float]]) -> Figure:
    """Histograms of ranks, with the counts that chance allows around the expected ones.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: by parameter: counts and expected counts of bins, ``(bins,)``, and p.
    """
    figure, stacks = panel_grid(len(panels))
    for (axes,), (title, (counts, expected, p)) in zip(stacks, panels.items(), strict=True):
        place = np.arange(len(counts))
        width = 1.96 * np.sqrt(expected * (1 - expected / expected.sum()))
        edges = np.arange(len(counts) + 1) - 0.5
        low, high, middle = (
            np.append(values, values[-1])
            for values in (np.maximum(expected - width, 0), expected + width, expected)
        )
        axes.fill_between(edges, low, high, color=SOFT, alpha=0.3, step="post", linewidth=0)
        axes.bar(place, counts, width=0.8, color=ACCENT, zorder=2)
        axes.plot(edges, middle, color=INK, linewidth=1.0, zorder=3, drawstyle="steps-post")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("rank of the truth, in bins")
        axes.set_ylabel("subjects")
        axes.set_xticks([])
        titled(axes, f"{greek(title)}, p = {p:.2f}")
    return Figure(name, caption, figure)


@styled
def nats(name: str, caption: str, labels: Sequence[str], units: np.ndarray, unit: str) -> Figure:
    """Nats a choice, a thin line a person (or stretch), thick the mean with its error.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        labels: of the contenders.
        units: ``(contenders, people)``.
        unit: what a thin line is.
    """
    figure = Canvas(figsize=(WIDTH, 3.8), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(labels))
    axes.plot(place, units, color=SOFT, linewidth=0.6, alpha=0.6, zorder=1)
    spread = units.std(axis=1, ddof=1) / np.sqrt(units.shape[1])
    axes.errorbar(place, units.mean(axis=1), spread, fmt="o", color=ACCENT, markersize=6, capsize=3, zorder=3)
    axes.set_xticks(place, labels)
    axes.set_ylabel("held-out nats a choice")
    titled(axes, f"thin: {unit}")
    return Figure(name, caption, figure)
