"""Lattice states as pixels: a look-up of colours, then cells of equal squares or a smooth enlargement.

Rows go upwards and columns to the right, as in :mod:`isotherm.plot.raster.lattice`. Canvases have four channels; the
fourth means nothing.
"""

import av
import numpy as np
from av.video.reformatter import Interpolation as SwsInterpolation
from av.video.reformatter import VideoReformatter
from jaxtyping import UInt8

from isotherm.errors import refusal
from isotherm.plot.raster.palettes import Colours, unit_vectors, vector_colours

Canvas = UInt8[np.ndarray, "height width 4"]
Values = UInt8[np.ndarray, "rows columns"]

_FILTERS = {
    "nearest": SwsInterpolation.POINT,
    "bilinear": SwsInterpolation.BILINEAR,
    "lanczos": SwsInterpolation.LANCZOS,
}


class ColourPainter:
    """A colour for each value; interpolation, where asked for, is between colours.

    Args:
        colours: of the values, ``(values, 4)``.
        interpolation: between cells; lattices larger than the canvas are averaged.

    Raises:
        ValueError: naming an interpolation that there is not.
    """

    def __init__(self, colours: Colours, interpolation: str = "nearest") -> None:
        self._colours, self._words = colours, _words(colours)
        self._is_nearest, self._scaler = interpolation == "nearest", Scaler(interpolation)

    def __call__(self, values: Values, canvas: Canvas) -> None:
        """Paint."""
        values = values[::-1]
        if self._is_nearest and canvas.shape[0] >= values.shape[0]:
            _repeat(self._words.take(values), _words(canvas))
            return
        for channel in range(3):
            canvas[..., channel] = self._scaler(self._colours[:, channel].take(values), canvas.shape)


class AnglePainter:
    """Angles as hues; interpolation is between directions, so that it passes no seam and no grey.

    Where neighbours point against each other, as in the core of a vortex, the mean direction is short and the
    colour dark.

    Args:
        num_angles: how many values there are, evenly around the circle.
        palette: see :func:`isotherm.plot.raster.palettes.hues`.
        interpolation: ``"bilinear"`` or ``"lanczos"``; ``"nearest"`` needs no vectors, but averages large lattices.

    Raises:
        ValueError: naming a palette or an interpolation that there is not.
    """

    def __init__(self, num_angles: int, palette: str = "even", interpolation: str = "bilinear") -> None:
        self._vectors, self._colours = unit_vectors(num_angles), _words(vector_colours(palette))
        self._scaler = Scaler(interpolation)

    def __call__(self, values: Values, canvas: Canvas) -> None:
        """Paint."""
        cosines, sines = (
            self._scaler(part.take(values[::-1]), canvas.shape) for part in self._vectors.T.copy()
        )
        numbers = sines.astype(np.uint16)
        numbers <<= 8
        numbers |= cosines
        self._colours.take(numbers, out=_words(canvas), mode="clip")


class CellPainter:
    """A colour for each value, in cells of any form.

    Args:
        colours: of the values, ``(values, 4)``.
        cells: the site of each pixel of a canvas, -1 for none, see :func:`isotherm.plot.raster.cells.cell_map`.
    """

    def __init__(self, colours: Colours, cells: np.ndarray) -> None:
        self._words, self._cells = _words(colours), cells

    def __call__(self, values: Values, canvas: Canvas) -> None:
        """Paint; what belongs to no site is black."""
        sites = np.append(self._words.take(values.ravel()), np.zeros(1, self._words.dtype))
        _words(canvas)[...] = sites.take(self._cells, mode="wrap")


Painter = ColourPainter | AnglePainter | CellPainter
"""Turns a state into pixels: ``painter(values, canvas)``."""


class Scaler:
    """Enlarges bytes, or averages them where they are to be smaller.

    Raises:
        ValueError: naming an interpolation that there is not.
    """

    def __init__(self, interpolation: str) -> None:
        if interpolation not in _FILTERS:
            raise refusal("interpolation", interpolation, f"should be one of {', '.join(_FILTERS)}")
        self._filter, self._reformat = _FILTERS[interpolation], VideoReformatter().reformat

    def __call__(self, plane: Values, shape: tuple[int, ...]) -> UInt8[np.ndarray, "height width"]:
        """The plane with as many rows and columns as the shape says; valid until the next call."""
        rows, columns = shape[:2]
        if rows < plane.shape[0]:
            factor = plane.shape[0] // rows
            blocks = plane.reshape(rows, factor, columns, factor)
            return (blocks.sum((1, 3), dtype=np.uint32) // factor**2).astype(np.uint8)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(plane), "gray8")
        # One thread: frames are small, and the encoder has use for the others.
        scaled = self._reformat(picture, columns, rows, interpolation=self._filter, threads=1).planes[0]
        return np.frombuffer(memoryview(scaled), np.uint8).reshape(rows, scaled.line_size)[:, :columns]


def canvas_shape(shape: tuple[int, ...], pixels: int) -> tuple[int, int]:
    """Height and width in pixels of a lattice of this shape, drawn ``pixels`` wide.

    Cells are squares of an even number of pixels, so that halved colour resolution does not blur them. A lattice
    may also be drawn smaller than it is, by a whole factor, or one pixel a site.

    Raises:
        ValueError: naming a width that is none of these, and those next to it.
    """
    rows, columns = shape
    if pixels >= columns:
        fits = pixels % (2 * columns) == 0 or (pixels == columns and rows % 2 == 0)
        height = rows * (pixels // columns)
    else:
        factor = columns // max(pixels, 1)
        fits = pixels > 0 and pixels * factor == columns and rows % factor == 0
        height = rows // factor
    if not fits or pixels % 2 or height % 2:
        cells = max(pixels // (2 * columns), 1)
        near = f"{2 * columns * cells} or {2 * columns * (cells + 1)}"
        raise refusal(
            "pixels", pixels, f"should be an even multiple of the lattice's {columns} columns, such as {near}"
        )
    return height, pixels


def usual_pixels(columns: int, about: int = 1024) -> int:
    """The width that :func:`canvas_shape` accepts next to ``about``, for any number of columns."""
    return 2 * columns * max(round(about / (2 * columns)), 1)


def _words(colours: np.ndarray) -> np.ndarray:
    """Four bytes as one word each."""
    return colours.view("<u4")[..., 0]


def _repeat(small: np.ndarray, canvas: np.ndarray) -> None:
    """Each word as a square of them; the canvas may be a window of a larger one."""
    cell = canvas.shape[1] // small.shape[1]
    wide = np.repeat(small, cell, axis=1)
    for row in range(cell):
        canvas[row::cell] = wide
