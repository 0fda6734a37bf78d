"""Figures of the study of digits: accuracy, confusion, and digits drawn from their labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from isotherm.plot.axes import panel_grid
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, PAPER, SOFT, STRONG
from isotherm.plot.style import WIDTH, styled

TILE = 28
GAP = 2


@styled
def accuracy(name: str, caption: str, values: np.ndarray, *, bars: Mapping[str, float]) -> Figure:
    """Accuracy after each pass, a line a run, with levels to compare with.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        values: shape ``(runs, passes)``.
        bars: levels by label.
    """
    figure, (((axes,)),) = panel_grid(1)
    passes = np.arange(1, values.shape[1] + 1)
    for run in values:
        axes.plot(passes, run, color=ACCENT, marker="o", markersize=4, linewidth=1.2, alpha=0.75)
    for (label, level), dashes in zip(bars.items(), ((0, (3, 2)), (0, (1, 2))), strict=False):
        axes.axhline(level, color=INK, linewidth=1.0, linestyle=dashes)
        axes.annotate(
            f"{label}: {level:.3f}",
            (1, level),
            (0, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=8.5,
            color=SOFT,
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("passes over the training images")
    axes.set_ylabel("accuracy on test images")
    axes.margins(y=0.12)
    return Figure(name, caption, figure)


@styled
def confusion(name: str, caption: str, counts: np.ndarray, digits: Sequence[int]) -> Figure:
    """True digit against the label read, with counts.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        counts: shape ``(digits, digits)``, true digit first.
        digits: names of the rows and columns.
    """
    side = 1.6 + 0.45 * len(digits)
    figure = Canvas(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = PAPER if shares[row, column] > 0.55 else INK if count else "#c2c8cf"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8.5)
    ticks = np.arange(len(digits))
    axes.set_xticks(ticks, [str(d) for d in digits])
    axes.set_yticks(ticks, [str(d) for d in digits])
    axes.set_xlabel("label read")
    axes.set_ylabel("true digit")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return Figure(name, caption, figure)


@styled
def gallery(name: str, caption: str, examples: np.ndarray, imagined: np.ndarray) -> Figure:
    """Training images to the left, drawn ones to the right, a row a digit.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        examples: shape ``(digits, copies, 784)``, within ``[-1, 1]``.
        imagined: likewise.
    """
    sheets = [_sheet(examples), _sheet(imagined)]
    rows, columns = sheets[0].shape
    figure = Canvas(figsize=(WIDTH, WIDTH / 2 * rows / columns + 0.35), layout="constrained")
    for axes, sheet, title, colour in zip(
        figure.subplots(1, 2),
        sheets,
        ("training images", "drawn with the label held"),
        (SOFT, STRONG),
        strict=True,
    ):
        axes.imshow(sheet, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_title(title, color=colour)
        axes.set_axis_off()
    return Figure(name, caption, figure)


def _sheet(images: np.ndarray) -> np.ndarray:
    tiles = images.reshape(*images.shape[:2], TILE, TILE).astype(np.float64)
    padded = np.pad(tiles, ((0, 0), (0, 0), (GAP, GAP), (GAP, GAP)), constant_values=-1.0)
    side = TILE + 2 * GAP
    return padded.transpose(0, 2, 1, 3).reshape(images.shape[0] * side, images.shape[1] * side)
