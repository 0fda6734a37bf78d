"""Figures of the study of Boltzmann machines."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, STRONG
from isotherm.plot.style import WIDTH, styled

COLOURS = ("#9aa1a9", "#4f545b", STRONG, ACCENT)
LEARNER_LINES = {
    "exact": (STRONG, "-", "s"),
    "pseudo": (ACCENT, "-", "o"),
    "sampled": ("#1e8b53", "-", "^"),
    "least": (INK, "--", ""),
}


@styled
def held_out_scores(name: str, caption: str, scores: Mapping[str, np.ndarray]) -> Figure:
    """Every split as a point and their mean as a bar, a row a model."""
    canvas = Canvas(figsize=(WIDTH, 0.5 * len(scores) + 0.9), layout="constrained")
    axes = canvas.subplots()
    for row, (values, colour) in enumerate(zip(scores.values(), COLOURS, strict=False)):
        offsets = np.linspace(-0.15, 0.15, values.size) if values.size > 1 else np.zeros(1)
        axes.plot(values, row + offsets, "o", color=colour, markersize=4, alpha=0.7, markeredgewidth=0)
        axes.vlines(values.mean(), row - 0.28, row + 0.28, color=INK, linewidth=1.6)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("log-likelihood, nats a row")
    return Figure(name, caption, canvas)


@styled
def image_grids(
    name: str, caption: str, drawn: Mapping[str, np.ndarray], *, width: int, rows: int = 2
) -> Figure:
    """Draws as images, a strip a model; ink is dark."""
    shown = 14 * rows
    canvas = Canvas(figsize=(WIDTH, 1.62 * len(drawn)), layout="constrained")
    panels = np.atleast_1d(canvas.subplots(len(drawn), 1))
    for axes, (title, spins) in zip(panels, drawn.items(), strict=True):
        images = np.asarray(spins[:shown], float).reshape(-1, spins.shape[1] // width, width)
        images = np.pad(images, ((0, shown - len(images)), (1, 1), (1, 1)), constant_values=-0.8)
        strip = np.concatenate(
            [np.concatenate(list(part), axis=1) for part in np.array_split(images, rows)], axis=0
        )
        axes.imshow(strip, cmap="Greys", vmin=-1, vmax=1.3, interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    return Figure(name, caption, canvas)


@styled
def against_data(name: str, caption: str, data: np.ndarray, models: Mapping[str, np.ndarray]) -> Figure:
    """A panel a model: its value of every pair against that of the data; the diagonal is agreement."""
    canvas = Canvas(figsize=(WIDTH, 2.7), layout="constrained")
    panels = np.atleast_1d(canvas.subplots(1, len(models), sharex=True, sharey=True))
    low, high = float(data.min()), float(data.max())
    for axes, (title, values), colour in zip(panels, models.items(), COLOURS, strict=False):
        axes.plot([low, high], [low, high], color=SOFT, linewidth=0.8)
        axes.plot(
            data, values, ".", color=colour, markersize=3, alpha=0.5, markeredgewidth=0, rasterized=True
        )
        error = float(np.sqrt(np.mean((values - data) ** 2)))
        axes.set_title(title, fontsize=9)
        axes.set_xlabel(f"held-out rows (rms {error:.3f})")
    panels[0].set_ylabel("model")
    return Figure(name, caption, canvas)


@styled
def two_halves(name: str, caption: str, couplings: np.ndarray) -> Figure:
    """Couplings of two halves as one matrix, and against each other."""
    canvas = Canvas(figsize=(WIDTH, 4.1), layout="constrained")
    left, right = canvas.subplots(1, 2)
    n = couplings.shape[1]
    both = np.triu(couplings[0], 1) + np.tril(couplings[1], -1)
    limit = max(float(np.quantile(np.abs(both), 0.995)), 1e-6)
    image = left.imshow(both, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    left.plot([-0.5, n - 0.5], [-0.5, n - 0.5], color=INK, linewidth=0.5)
    left.grid(visible=False)
    left.set_title("couplings")
    left.set_xlabel("spin")
    left.set_ylabel("spin")
    canvas.colorbar(image, ax=left, shrink=0.8)
    upper = np.triu_indices(n, 1)
    first, second = couplings[0][upper], couplings[1][upper]
    ends = [min(first.min(), second.min()), max(first.max(), second.max())]
    right.plot(ends, ends, color=SOFT, linewidth=0.8)
    right.plot(
        first, second, ".", color=STRONG, markersize=3.5, alpha=0.5, markeredgewidth=0, rasterized=True
    )
    right.set_title(f"every pair; correlation {np.corrcoef(first, second)[0, 1]:.3f}")
    right.set_xlabel("one half")
    right.set_ylabel("the other half")
    return Figure(name, caption, canvas)


@styled
def recovery_curves(
    name: str, caption: str, rows: Sequence[int], errors: Mapping[tuple[str, str], np.ndarray]
) -> Figure:
    """Error against number of draws on logarithmic axes, a line a learner.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        rows: numbers of draws.
        errors: shape ``(len(rows), models)`` by id and label.
    """
    canvas = Canvas(figsize=(WIDTH, 3.4), layout="constrained")
    axes = canvas.subplots()
    for (key, label), values in errors.items():
        colour, line, marker = LEARNER_LINES[key]
        spread = values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
        axes.errorbar(
            rows,
            values.mean(axis=1),
            spread,
            color=colour,
            linestyle=line,
            marker=marker,
            markersize=4.5,
            linewidth=1.5,
            capsize=2,
            label=label,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("draws of the known model")
    axes.set_ylabel("rms error of a coupling")
    axes.legend()
    return Figure(name, caption, canvas)


@styled
def learning_curves(name: str, caption: str, curves: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Validation score against epoch, a panel a model and a line a split; NaN where none was taken."""
    canvas = Canvas(figsize=(WIDTH, 2.9), layout="constrained")
    panels = np.atleast_1d(canvas.subplots(1, len(curves)))
    for axes, (title, runs), colour in zip(panels, curves.items(), (STRONG, ACCENT), strict=False):
        for scores in runs:
            taken = np.flatnonzero(np.isfinite(scores))
            axes.plot(
                taken + 1,
                scores[taken],
                color=colour,
                linewidth=1.2,
                alpha=0.8,
                marker="." if taken.size < 3 else "",
            )
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panels[0].set_ylabel("pseudo-log-likelihood, nats a row")
    return Figure(name, caption, canvas)
