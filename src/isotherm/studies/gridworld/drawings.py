"""Figures of the grid-world study: learning curves, learned maps, exploration."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from isotherm.plot.axes import handle, is_narrow, legend, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import INK, Look
from isotherm.plot.style import WIDTH, styled

COLOURS = ("#8b95a1", "#e09f1f", "#c8401f", "#7a3b8f", "#1f5a96", "#178048")
"""Of alphas in their order; the first explores at random."""

MOVES = ("Up", "Right", "Down", "Left")

Curves = Mapping[float, np.ndarray]
"""By alpha, values of agents by block, ``(agents, blocks)``."""


@styled
def divergences(
    name: str, caption: str, panels: Mapping[str, Curves], published: Mapping[str, Mapping[float, np.ndarray]]
) -> Figure:
    """Divergence against blocks: thick the mean, thin each agent, dotted what was published.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: curves by panel title.
        published: mean curves by panel title and alpha; those missing are not drawn.
    """
    figure, stacks = panel_grid(len(panels))
    for (axes,), (title, curves) in zip(stacks, panels.items(), strict=True):
        _lines(axes, curves, "KL divergence")
        for alpha, mean in published.get(title, {}).items():
            if alpha in curves and mean.size:
                blocks = np.arange(1, len(mean) + 1)[: next(iter(curves.values())).shape[1]]
                axes.plot(
                    blocks, mean[: len(blocks)], color=INK, linewidth=1.0, linestyle=(0, (1, 2)), zorder=5
                )
        titled(axes, title)
        values = np.concatenate([curve.ravel() for curve in curves.values()])
        if values.min() > 0 and values.max() > 20 * values.min():
            axes.set_yscale("log")
    alphas = list(next(iter(panels.values())))
    _alpha_legend(figure, alphas, any(published.values()))
    return Figure(name, caption, figure)


@styled
def exploration(name: str, caption: str, rows: Mapping[str, Mapping[str, Curves]]) -> Figure:
    """Several quantities against blocks, a row a scenario.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        rows: by scenario's title, by quantity, curves.
    """
    columns = len(next(iter(rows.values())))
    figure = Canvas(figsize=(WIDTH, 2.3 * len(rows) + 0.5), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (title, quantities) in zip(grid, rows.items(), strict=True):
        for axes, (quantity, curves) in zip(line, quantities.items(), strict=True):
            _lines(axes, curves, quantity, thin=False)
        titled(line[0], title)
    alphas = list(next(iter(next(iter(rows.values())).values())))
    _alpha_legend(figure, alphas, is_published=False)
    return Figure(name, caption, figure)


@styled
def maps(name: str, caption: str, rows: Mapping[str, Sequence[np.ndarray]], columns: Sequence[str]) -> Figure:
    """Heat maps of laws, all on the scale 0 .. 1.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        rows: by label, a law ``(cells, cells)`` a column: next cell, or cell seen, down; cell across.
        columns: their labels.
    """
    side = (WIDTH - 1.2) / len(columns)
    figure = Canvas(figsize=(WIDTH, side * len(rows) + 0.5), layout="constrained")
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    image = None
    for r, (label, laws) in enumerate(rows.items()):
        for axes, law in zip(grid[r], laws, strict=True):
            image = axes.imshow(law, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
        grid[r, 0].set_ylabel(label)
    for axes, label in zip(grid[0], columns, strict=True):
        axes.set_title(label, fontsize=10)
    assert image is not None
    figure.colorbar(image, ax=grid, fraction=0.025, pad=0.01, label="probability")
    return Figure(name, caption, figure)


def _lines(axes: Axes, curves: Curves, quantity: str, *, thin: bool = True) -> None:
    for rank, values in enumerate(curves.values()):
        colour, blocks = COLOURS[rank % len(COLOURS)], np.arange(1, values.shape[1] + 1)
        if thin:
            axes.plot(blocks, values.T, color=colour, linewidth=0.4, alpha=0.25)
        marker = "o" if values.shape[1] == 1 else ""
        axes.plot(blocks, values.mean(axis=0), color=colour, linewidth=1.8, marker=marker, zorder=4)
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    numbered(axes)
    axes.xaxis.set_major_locator(MaxNLocator(4 if is_narrow(axes) else 6, integer=True))


def _alpha_legend(figure: Canvas, alphas: Sequence[float], is_published: bool) -> None:
    looks = [(Look(COLOURS[i % len(COLOURS)]), f"{alpha:g}") for i, alpha in enumerate(alphas)]
    handles = [handle(look, label) for look, label in looks]
    if is_published:
        handles.append(handle(Look(INK, (0, (1.2, 1.2)), width=1.0), "published mean"))
    legend(figure, handles)
    figure.legends[-1].set_title("α")
