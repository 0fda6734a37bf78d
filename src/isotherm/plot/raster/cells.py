"""Which site of a triangular lattice or a honeycomb each pixel belongs to: the nearest one.

The cells are hexagons on the triangular lattice and triangles on the honeycomb, in the true places of their sites.
In units of the distance between neighbours, site ``(i, j)`` of the triangular lattice stands at ``(j - i / 2,
i √3 / 2)``; where its rows are periodic they are wrapped into a rectangle. On the honeycomb, a brick wall
straightened, it stands at ``(j √3 / 2, 3 i / 2 ± 1 / 4)``, above where ``i + j`` is even.
"""

import math
from typing import Literal

import numpy as np

CellKind = Literal["triangular", "honeycomb"]

_HALF = math.sqrt(3) / 2
_OUTSIDE = -1


def cell_map(kind: CellKind, shape: tuple[int, int], periodic: tuple[bool, bool], width: int) -> np.ndarray:
    """The site of each pixel.

    Args:
        kind: of the lattice.
        shape: rows and columns.
        periodic: of each; sites beyond an open end are none.
        width: of the map in pixels, at least 2; its height follows, and is even.

    Returns:
        int32, shape ``(height, width)``: the site's number in row-major order, -1 outside; rows of sites go upwards.
    """
    left, right, low, high = extent(kind, shape, periodic)
    height = max(2 * round(width * (high - low) / (right - left) / 2), 2)
    x = left + (np.arange(width) + 0.5) * (right - left) / width
    y = high - (np.arange(height) + 0.5) * (high - low) / height
    rows, columns = _nearest(kind, x[None, :], y[:, None])
    is_inside = np.ones(rows.shape, bool)
    for index, size, wraps in zip((rows, columns), shape, periodic, strict=True):
        if not wraps:
            is_inside &= (index >= 0) & (index < size)
    return np.where(is_inside, rows % shape[0] * shape[1] + columns % shape[1], _OUTSIDE).astype(np.int32)


def extent(
    kind: CellKind, shape: tuple[int, int], periodic: tuple[bool, bool]
) -> tuple[float, float, float, float]:
    """Left, right, low and high end of what is drawn: whole periods, and all cells where an end is open."""
    rows, columns = shape
    if kind == "honeycomb":
        wide = (-0.5 * _HALF, (columns - 0.5) * _HALF) if periodic[1] else (-_HALF, columns * _HALF)
        tall = (-0.75, 1.5 * rows - 0.75) if periodic[0] else (-1.25, 1.5 * rows - 0.25)
        return *wide, *tall
    lean = 0.0 if periodic[1] else (rows - 1) / 2
    tall = (-0.5, rows - 0.5) if periodic[0] else (-2 / 3, rows - 1 / 3)
    return -0.5 - lean, columns - 0.5, tall[0] * _HALF, tall[1] * _HALF


def _nearest(kind: CellKind, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the site of the endless lattice that is nearest to each point."""
    best = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
    found = np.zeros(best.shape, np.int64), np.zeros(best.shape, np.int64)
    for i, j, away in _near(kind, x, y):
        is_nearer = away < best
        best = np.where(is_nearer, away, best)
        found = np.where(is_nearer, i, found[0]), np.where(is_nearer, j, found[1])
    return found


def _near(kind: CellKind, x: np.ndarray, y: np.ndarray):
    """Sites among which the nearest one is, each with its squared distance."""
    step = _HALF if kind == "triangular" else 1.5
    for up in (0, 1):
        i = np.floor(y / step).astype(np.int64) + up
        if kind == "triangular":
            j = np.rint(x + i / 2).astype(np.int64)
            yield i, j, (x - (j - i / 2)) ** 2 + (y - i * step) ** 2
            continue
        for aside in (-1, 0, 1, 2):
            j = np.floor(x / _HALF).astype(np.int64) + aside
            height = 1.5 * i + np.where((i + j) % 2 == 0, 0.25, -0.25)
            yield i, j, (x - j * _HALF) ** 2 + (y - height) ** 2


def paint_cells(cells: np.ndarray, colours: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """A colour for each pixel.

    Args:
        cells: of :func:`cell_map`, shape ``(height, width)``.
        colours: of the sites, shape ``(sites, channels)``.
        ground: of what is outside, shape ``(channels,)``.

    Returns:
        Shape ``(height, width, channels)``, of the dtype of ``colours``.
    """
    whole = np.concatenate([colours, np.asarray(ground, colours.dtype)[None]])
    return whole[cells]
