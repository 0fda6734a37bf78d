"""A film of one agent that learns its world: what it believes, where it is, what it does, what it has learned."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from isotherm.plot.figure import Animation
from isotherm.plot.look import ACCENT, INK, PAPER
from isotherm.plot.movie.loop import looping_gif
from isotherm.plot.style import styled

FRAME_MS = 160
ARROWS = ((0, -1), (1, 0), (0, 1), (-1, 0))
"""Of up, right, down, left, as columns and rows."""


class Shot(NamedTuple):
    """One step.

    Attributes:
        block: counted from 1.
        step: counted from 1.
        belief: over cells, ``(rows, columns)``.
        cell: where the agent is.
        action: what it does.
        visits: how often it has been in each cell in this block, ``(rows, columns)``.
    """

    block: int
    step: int
    belief: np.ndarray
    cell: int
    action: int
    visits: np.ndarray


@styled
def film(name: str, caption: str, shots: Sequence[Shot], maps: np.ndarray) -> Animation:
    """The steps in order.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        shots: at least one.
        maps: what the agent has learned by the beginning of each shot's block, ``(shots, cells, cells)``.
    """
    figure = Canvas(figsize=(9.0, 3.6), dpi=80)
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.04, top=0.82, wspace=0.08)
    left, middle, right = figure.subplots(1, 3)
    titles = ("belief, and the true cell", "visits in this block", "law it has learned")
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set_title(title, fontsize=10)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(visible=False)
    columns = shots[0].belief.shape[1]
    belief = left.imshow(shots[0].belief, cmap="Blues", vmin=0, vmax=1)
    visits = middle.imshow(shots[0].visits, cmap="Oranges", vmin=0, vmax=4)
    law = right.imshow(maps[0], cmap="viridis", vmin=0, vmax=1)
    dot, arrow = _agent(left)
    headline = figure.text(0.02, 0.93, "", fontsize=12, fontweight="bold", color=INK)
    canvas, frames = FigureCanvasAgg(figure), []
    for shot, learned in zip(shots, maps, strict=True):
        row, column = divmod(shot.cell, columns)
        belief.set_data(shot.belief)
        visits.set_data(shot.visits)
        law.set_data(learned)
        dot.set_data([column], [row])
        across, down = ARROWS[shot.action]
        arrow.set_data([column, column + 0.45 * across], [row, row + 0.45 * down])
        headline.set_text(f"block {shot.block}, step {shot.step}")
        canvas.draw()
        frames.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return Animation(name, caption, looping_gif(frames, FRAME_MS))


def _agent(axes: Axes) -> tuple[Line2D, Line2D]:
    dot = axes.plot([], [], "o", color=ACCENT, markersize=9, markeredgecolor=PAPER)[0]
    return dot, axes.plot([], [], color=ACCENT, linewidth=2.5)[0]
