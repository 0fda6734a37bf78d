"""Figures of a backtest, from series an hour apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from isotherm.plot.axes import dated, label_ends, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, Look
from isotherm.plot.style import WIDTH, looks, styled

HEIGHT = 3.8


@styled
def lines(
    name: str,
    caption: str,
    unix: np.ndarray,
    series: Mapping[str, np.ndarray],
    axis: str,
    mark: int | None = None,
    first: Look | None = None,
) -> Figure:
    """Lines over time, named at their ends.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(rows,)``.
        series: by label, ``(rows,)`` each.
        axis: what is drawn, and its unit.
        mark: row at which a test window begins, or None.
        first: look of the first line; by default it is drawn as all are.
    """
    figure, axes, time = _over_time(unix, mark)
    found = looks(list(series))
    if first is not None:
        found[next(iter(series))] = first
    for label, values in series.items():
        look = found[label]
        axes.plot(time, values, color=look.colour, linestyle=look.line, linewidth=0.7 * look.width)
    axes.set_ylabel(axis)
    numbered(axes, "y")
    axes.set_ylim(*axes.get_ylim())  # as it is now: names are placed by it
    ends = [
        (axes.convert_xunits(time[-1]), values[-1], label, found[label]) for label, values in series.items()
    ]
    label_ends(axes, ends, HEIGHT)
    return Figure(name, caption, figure)


@styled
def bands(
    name: str, caption: str, unix: np.ndarray, shares: np.ndarray, labels: Sequence[str], mark: int | None
) -> Figure:
    """Shares that sum to 1, stacked.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(rows,)``.
        shares: ``(rows, n)``.
        labels: of the n.
        mark: row at which a test window begins, or None.
    """
    figure, axes, time = _over_time(unix, mark)
    found = looks(list(labels))
    axes.stackplot(time, shares.T, colors=[found[label].colour for label in labels], alpha=0.75, linewidth=0)
    axes.set_ylim(0, 1)
    axes.set_ylabel("weight")
    middles = np.cumsum(shares[-1]) - shares[-1] / 2
    end = axes.convert_xunits(time[-1])
    label_ends(
        axes, [(end, y, label, found[label]) for y, label in zip(middles, labels, strict=True)], HEIGHT
    )
    return Figure(name, caption, figure)


@styled
def shaded(
    name: str, caption: str, unix: np.ndarray, values: np.ndarray, axis: str, mark: int | None
) -> Figure:
    """The area between a series and 0.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(rows,)``.
        values: ``(rows,)``.
        axis: what is drawn, and its unit.
        mark: row at which a test window begins, or None.
    """
    figure, axes, time = _over_time(unix, mark)
    axes.fill_between(time, values, 0, color=ACCENT, alpha=0.35, linewidth=0)
    axes.plot(time, values, color=ACCENT, linewidth=1.0)
    axes.set_ylabel(axis)
    numbered(axes, "y")
    return Figure(name, caption, figure)


@styled
def trades(
    name: str,
    caption: str,
    unix: np.ndarray,
    prices: np.ndarray,
    bought: np.ndarray,
    labels: Sequence[str],
) -> Figure:
    """Prices, a panel a token, with what the pool bought and sold on them, as large as it was.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(rows,)``.
        prices: ``(rows, n)``.
        bought: value of what came into the pool until the next row, negative what left, ``(rows, n)``.
        labels: of the n.
    """
    figure, stacks = panel_grid(len(labels))
    largest = np.abs(bought).max() or 1.0
    time = unix.astype("datetime64[ms]")
    for (axes,), label, price, amount in zip(stacks, labels, prices.T, bought.T, strict=True):
        axes.plot(time, price, color=SOFT, linewidth=0.8, zorder=1)
        for is_in, colour, marker in ((True, BOUGHT, "^"), (False, SOLD, "v")):
            shown = (amount > 0) if is_in else (amount < 0)
            size = 60 * np.abs(amount[shown]) / largest
            axes.scatter(
                time[shown], price[shown], s=size, color=colour, marker=marker, linewidth=0, zorder=2
            )
        dated(axes, 4)
        titled(axes, label)
    stacks[0][0].set_ylabel("price")
    return Figure(name, caption, figure)


BOUGHT, SOLD = "#1a7f5a", "#c0392b"


@styled
def heat(
    name: str,
    caption: str,
    grid: np.ndarray,
    rows: Sequence[float],
    columns: Sequence[float],
    colour_bar: str,
) -> Figure:
    """A map of numbers; the colours turn at 0 where it has both signs.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        grid: ``(rows, columns)``.
        rows: memories in days, upwards.
        columns: values of k a day.
        colour_bar: what is shown, and its unit.
    """
    figure, _ = heat_axes(grid, rows, columns, colour_bar)
    return Figure(name, caption, figure)


def heat_axes(
    grid: np.ndarray, rows: Sequence[float], columns: Sequence[float], colour_bar: str
) -> tuple[Canvas, Axes]:
    """The map itself, cell ``(i, j)`` around the point ``(j, i)`` of its axes; arguments as of :func:`heat`."""
    figure = Canvas(figsize=(0.7 * WIDTH, 4.6), layout="constrained")
    axes = figure.subplots()
    limit = float(np.nanmax(np.abs(grid))) or 1.0
    if np.nanmin(grid) < 0 < np.nanmax(grid):
        image = axes.imshow(grid, cmap="RdBu", vmin=-limit, vmax=limit, origin="lower", aspect="auto")
    else:
        image = axes.imshow(grid, cmap="cividis", origin="lower", aspect="auto")
    axes.set_xticks(range(len(columns)), [f"{k:g}" for k in columns])
    axes.set_yticks(range(len(rows)), [f"{memory:g}" for memory in rows])
    axes.set_xlabel("k a day of memory")
    axes.set_ylabel("memory, days")
    axes.grid(visible=False)
    for (row, column), value in np.ndenumerate(grid):
        ink = "white" if _is_dark(image.cmap(image.norm(value))) else INK
        axes.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=8, color=ink)
    figure.colorbar(image, ax=axes, label=colour_bar)
    return figure, axes


def _is_dark(colour: Any) -> bool:
    """Whether white is easier to read on it than black; by luminance, as of sRGB."""
    return bool(np.asarray(colour)[:3] @ (0.2126, 0.7152, 0.0722) < 0.45)


def _over_time(unix: np.ndarray, mark: int | None) -> tuple[Canvas, Axes, np.ndarray]:
    """One panel; a dotted line where a test window begins."""
    figure = Canvas(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    time = unix.astype("datetime64[ms]")
    axes.plot(time[[0, -1]], [np.nan, np.nan])  # dates before anything that asks for them
    axes.set_xlim(time[0], time[-1])
    if mark is not None:
        axes.axvline(time[mark], color=INK, linewidth=0.8, linestyle=":", zorder=4)
        axes.annotate(
            "test", (axes.convert_xunits(time[mark]), 1.0), xycoords=("data", "axes fraction"), xytext=(4, 2),
            textcoords="offset points", fontsize=8, color=SOFT,
        )  # fmt: skip
    dated(axes)
    return figure, axes, time
