"""Frames of the Mandelbrot films. Deterministic iteration, not sampling."""

import matplotlib as mpl
import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from isotherm.pictures.fractal.drawing import SUBTITLE, Extent, painted
from isotherm.plot.raster.lattice import GROUNDS, settings
from isotherm.plot.style import number

_DPI = 100.0
_LOOK = GROUNDS["dark"]


class ZoomFrames:
    """Draws the potential full-frame, with arrows uphill.

    Args:
        shape: rows and columns of pixels, even.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        with mpl.rc_context(settings("dark")):  # pyright: ignore[reportArgumentType]
            self._canvas = _canvas(shape)
            axes = self._canvas.figure.add_axes((0, 0, 1, 1))
            axes.set(xlim=(0, shape[1]), ylim=(shape[0], 0))
            axes.set_axis_off()
            self._axes, self._image, self._arrows = axes, axes.imshow(np.zeros((*shape, 3))), None
            axes.set_aspect("auto")
            size = shape[1] / 1280
            box = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "boxstyle": "round,pad=0.55"}
            self._text = axes.text(
                26 * size, 32 * size, "", fontsize=12.5 * size, va="top", linespacing=1.5, bbox=box
            )

    def draw(
        self,
        smooth: np.ndarray,
        extent: Extent,
        places: tuple[np.ndarray, np.ndarray],
        uphill: np.ndarray,
        visible: float,
    ) -> UInt8[np.ndarray, "rows columns 4"]:
        """One frame.

        Args:
            smooth: escape counts, continuous, NaN inside; shape ``(rows, columns)``.
            extent: left, right, bottom, top.
            places: rows and columns of arrows.
            uphill: direction of the gradient at these, complex; 0 for no arrow.
            visible: of the arrows, 0 to 1.
        """
        self._image.set_data(_bands(smooth))
        if self._arrows is not None:
            self._arrows.remove()
            self._arrows = None
        if visible > 0:
            keep = uphill != 0
            unit = uphill[keep] / np.abs(uphill[keep])
            self._arrows = self._axes.quiver(
                places[1][keep],
                places[0][keep],
                unit.real,
                unit.imag,
                color="white",
                alpha=0.85 * visible,
                scale=44,
                width=0.0016,
                pivot="middle",
            )
        width = extent[1] - extent[0]
        self._text.set_text(
            f"Mandelbrot set: {SUBTITLE}\n"
            f"c = {_complex((extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2)}   width {width:.3g}"
            + ("   arrows: towards higher potential" if visible > 0 else "")
        )
        return _pixels(self._canvas)


class EmergenceFrames:
    """Draws a window at growing depth, a slice through its middle, and when points escape.

    Args:
        shape: rows and columns of pixels, even.
        counts: escape counts at the largest depth, -1 where nothing escaped.
        potential: at the largest depth, of the same shape.
        extent: left, right, bottom, top.
        depth: the largest.
    """

    def __init__(
        self, shape: tuple[int, int], counts: np.ndarray, potential: np.ndarray, extent: Extent, depth: int
    ) -> None:
        self._counts, self._depth = counts, depth
        self._middle = counts.shape[0] // 2
        self._slice = potential[self._middle] / potential[self._middle].max(initial=1e-300)
        self._colours = painted(counts, depth, depth)
        self._empty = painted(np.full_like(counts, -1), 0, depth)
        with mpl.rc_context(settings("dark")):  # pyright: ignore[reportArgumentType]
            self._canvas = _canvas(shape)
            self._set_up(self._canvas.figure, extent)

    def _set_up(self, figure: Figure, extent: Extent) -> None:
        figure.text(0.03, 0.935, "The Mandelbrot set emerges", fontsize=16, fontweight="bold", va="center")
        figure.text(0.03, 0.885, SUBTITLE, fontsize=10, color=_LOOK.soft, va="center")
        picture = figure.add_axes((0.03, 0.08, 0.56, 0.75))
        self._image = picture.imshow(self._empty, extent=extent, interpolation="antialiased")
        picture.axhline((extent[2] + extent[3]) / 2, color="white", lw=0.8, ls=(0, (4, 3)), alpha=0.7)
        picture.set(xticks=[], yticks=[])
        picture.spines[:].set(visible=True, color=_LOOK.line)
        self._heading = picture.set_title("", pad=8)
        self._share = picture.set_title("", loc="right", pad=8, fontsize=10, fontweight="normal")
        cut = figure.add_axes((0.66, 0.53, 0.31, 0.3))
        self._x = np.linspace(extent[0], extent[1], self._counts.shape[1])
        (self._line,) = cut.plot([], [], color="#fca50a", lw=1.2)
        cut.set(xlim=extent[:2], ylim=(-0.03, 1.08), xlabel="Re c")
        cut.set_title("Potential along the dashed line", pad=6)
        times = figure.add_axes((0.66, 0.1, 0.31, 0.28))
        edges = np.unique(np.geomspace(1, self._depth, 60).round())
        escaped = self._counts[self._counts > 0]
        heights, _ = np.histogram(escaped, edges)
        self._edges = edges
        self._bars = times.bar(edges[:-1], heights, np.diff(edges), align="edge", color="#b63679", lw=0)
        times.set(xscale="log", xlim=(1, self._depth), ylim=(0, 1.1 * max(heights.max(initial=0), 1)))
        times.set(xlabel="iterations until escape", yticks=[])
        times.set_title("When points escape", pad=6)
        self._now = times.axvline(1, color="white", lw=1)

    def draw(self, depth: int) -> UInt8[np.ndarray, "rows columns 4"]:
        """The frame that shows a depth."""
        has = (self._counts >= 0) & (self._counts <= depth)
        self._image.set_data(np.where(has[..., None], self._colours, self._empty))
        self._heading.set_text(f"{number(depth)} iterations")
        self._share.set_text(f"{100 * has.mean():.1f} % escaped")
        self._line.set_data(self._x, np.where(has[self._middle], self._slice, 0.0))
        for bar, end in zip(self._bars, self._edges[1:], strict=True):
            bar.set_visible(bool(end <= depth + 1))
        self._now.set_xdata([depth, depth])
        return _pixels(self._canvas)


def _bands(smooth: np.ndarray) -> np.ndarray:
    """Colours of continuous escape counts: slow waves of a palette along their logarithm; the set is near black."""
    inside = np.isnan(smooth)
    phase = np.log2(np.maximum(np.where(inside, 1.0, smooth), 1.0))
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * phase / 1.6)
    colours = mpl.colormaps["magma"](0.12 + 0.83 * wave)
    colours[inside] = (0, 0, 0, 1)
    return colours


def _complex(real: float, imaginary: float) -> str:
    return f"{real:.4f} {'+' if imaginary >= 0 else '-'} {abs(imaginary):.4f} i".replace("-", "−")


def _canvas(shape: tuple[int, int]) -> FigureCanvasAgg:
    return FigureCanvasAgg(Figure(figsize=(shape[1] / _DPI, shape[0] / _DPI), dpi=_DPI))


def _pixels(canvas: FigureCanvasAgg) -> UInt8[np.ndarray, "rows columns 4"]:
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())
