"""Frames in 256 colours, one palette for the whole film, so that nothing but the frame at hand is kept."""

import functools

import numpy as np
from jaxtyping import UInt8

from isotherm.errors import refusal, wrong_kind

_BITS = 5
_LEVELS = 1 << _BITS


class Quantizer:
    """Replaces colours by the nearest of a palette, through a table of 32³ colours.

    Args:
        palette: up to 256 colours; without one, a grid of 6 x 7 x 6 colours with ordered dithering, which
            does not flicker from frame to frame.

    Raises:
        ValueError: if the palette has more colours, or none, or is of another shape or dtype.
    """

    def __init__(self, palette: UInt8[np.ndarray, "colours 3"] | None = None) -> None:
        if palette is not None and np.ndim(palette) != 2:
            raise wrong_kind("palette", palette, "a uint8 array of shape (colours, 3)")
        if palette is not None and not 1 <= len(palette) <= 256:
            raise refusal("palette", len(palette), "should have 1 .. 256 colours")
        dtype = getattr(palette, "dtype", type(palette).__name__)
        if palette is not None and (np.shape(palette)[1:] != (3,) or dtype != np.uint8):
            found = f"{dtype} {np.shape(palette)}"
            raise refusal("palette", found, "should be uint8 of shape (colours, 3)")
        self._dithered = palette is None
        colours = _grid() if palette is None else palette
        self.palette = np.zeros((256, 3), np.uint8)
        self.palette[: len(colours)] = colours
        self._nearest = _nearest_of_grid() if palette is None else _nearest(colours)

    def __call__(
        self, frame: UInt8[np.ndarray, "rows columns channels"]
    ) -> UInt8[np.ndarray, "rows columns"]:
        """Number of the palette's colour at each pixel."""
        levels = frame[..., :3] >> (8 - _BITS)
        if self._dithered:
            dithered = frame[..., :3] + _noise(frame.shape[0], frame.shape[1])
            levels = np.clip(dithered, 0, 255).astype(np.uint8) >> (8 - _BITS)
        numbers = (levels[..., 0].astype(np.uint16) << 2 * _BITS) | (
            levels[..., 1].astype(np.uint16) << _BITS
        )
        return self._nearest.take(numbers | levels[..., 2], mode="clip")


def _nearest(colours: UInt8[np.ndarray, "colours 3"]) -> UInt8[np.ndarray, " cells"]:
    """Number of the colour nearest to the middle of each cell, weighted as eyes do."""
    middles = np.arange(_LEVELS) * 255.0 / (_LEVELS - 1)
    cells = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3)
    weights = np.sqrt([0.30, 0.59, 0.11])
    cells, known = (part.astype(np.float32) for part in (cells * weights, colours * weights))
    squares = (cells**2).sum(1)[:, None] - 2 * cells @ known.T + (known**2).sum(1)
    return squares.argmin(1).astype(np.uint8)


@functools.cache
def _nearest_of_grid() -> UInt8[np.ndarray, " cells"]:
    return _nearest(_grid())


def _grid() -> UInt8[np.ndarray, "colours 3"]:
    red, green, blue = (np.linspace(0, 255, count).round() for count in (6, 7, 6))
    return np.stack(np.meshgrid(red, green, blue, indexing="ij"), -1).reshape(-1, 3).astype(np.uint8)


def _noise(rows: int, columns: int) -> np.ndarray:
    """Bayer's 4 x 4 thresholds over the frame, int16, about the spacing of the grid."""
    two = np.array([[0, 2], [3, 1]])
    four = np.block([[4 * two, 4 * two + 2], [4 * two + 3, 4 * two + 1]])
    tile = ((four - 7.5) * 2.6).astype(np.int16)
    return np.tile(tile, (rows // 4 + 1, columns // 4 + 1))[:rows, :columns, None]
