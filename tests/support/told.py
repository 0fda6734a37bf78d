"""What tables and figures say, read back: cells as words, series as numbers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer

from isotherm.study.tables import Table, cell_lines


def cells(table: Table) -> list[list[str]]:
    """Rows of a table as they are printed, a published value after a semicolon."""
    return [["; ".join(cell_lines(cell)) for cell in row] for row in table.rows]


def told(value: float, error: float = 0.01, **others: Any) -> dict[str, Any]:
    """An estimate as metrics hold it."""
    return {"value": value, "error": error, **others}


def series(axes: Axes, least: int = 2) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points of every line of some length, in the order in which they were drawn; caps of error bars are none."""
    caps = [cap for one in axes.containers if isinstance(one, ErrorbarContainer) for cap in one.lines[1]]
    lines = [line for line in axes.lines if line not in caps]
    found = [(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)) for line in lines]
    return [one for one in found if len(one[0]) >= least]


def assert_drawn(axes: Axes, *wanted: tuple[Iterable[float], Iterable[float]], least: int = 2) -> None:
    """These series and no others of that length, in this order."""
    found = series(axes, least)
    assert len(found) == len(wanted)
    for (x, y), (want_x, want_y) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x, np.asarray(list(want_x), float), rtol=1e-6)
        np.testing.assert_allclose(y, np.asarray(list(want_y), float), rtol=1e-6)


def is_drawn(axes: Axes, x: Any, y: Any) -> bool:
    """Whether some line goes through exactly these points."""
    want = np.stack([np.asarray(x, float), np.asarray(y, float)])
    return any(
        np.shape(one[0]) == want[0].shape and np.allclose(np.stack(one), want, rtol=1e-6, equal_nan=True)
        for one in series(axes, 1)
    )


def error_bars(axes: Axes) -> list[np.ndarray]:
    """Ends of the bars of each ``errorbar``, ``(points, 2)``."""
    return [
        np.array([[segment[0][1], segment[1][1]] for segment in one.get_segments()])
        for one in axes.collections
        if isinstance(one, LineCollection)
    ]


def bands(axes: Axes) -> list[np.ndarray]:
    """Corners of each filled band, ``(corners, 2)``."""
    return [
        np.asarray(one.get_paths()[0].vertices)
        for one in axes.collections
        if not isinstance(one, LineCollection) and one.get_paths()
    ]
