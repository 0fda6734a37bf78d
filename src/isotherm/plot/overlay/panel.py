"""A panel beside the lattice: title, numbers, and curves that grow from frame to frame."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from isotherm.errors import refusal
from isotherm.plot.overlay.marks import SOFT, WHITE, Colour, Mask, blend, draw_text, text_mask, wheel
from isotherm.plot.overlay.plate import Row
from isotherm.plot.raster.painters import Canvas

GROUND: Colour = (12, 15, 20)
"""Of the panel, as that of :data:`isotherm.plot.raster.lattice.GROUNDS`."""

LINES: tuple[Colour, ...] = ((255, 196, 84), (102, 190, 255), (255, 128, 128), (150, 220, 140))
"""Colours of the curves, one a plot."""

_AXIS: Colour = (110, 120, 132)
_GRID: Colour = (43, 51, 61)
_LEAST_HEIGHT = 400


class TimeCurve(NamedTuple):
    """One plot over time.

    Attributes:
        label: above the plot, ``_{...}`` for subscripts.
        low: of the vertical axis.
        high: of the vertical axis.
        ticks: values with their texts.
        marks: values of dashed lines with their texts, such as a critical temperature.
    """

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...] = ()


class TimePanel:
    """Draws itself once, then a segment of each curve a frame.

    Args:
        title: in bold.
        subtitle: lines below it.
        num_rows: of labels and numbers.
        curves: plots, from top to bottom.
        steps: time on the horizontal axis of the last frame.
        unit: of that time, in words.
        shape: height and width in pixels.
        palette: of a colour wheel, if any.

    Raises:
        ValueError: if there is too little height to read anything.
    """

    def __init__(
        self,
        title: str,
        subtitle: Sequence[str],
        num_rows: int,
        curves: Sequence[TimeCurve],
        steps: int,
        unit: str,
        shape: tuple[int, int],
        palette: str | None = None,
    ) -> None:
        if shape[0] < _LEAST_HEIGHT:
            allowed = f"needs at least {_LEAST_HEIGHT} pixels of height, not {shape[0]}"
            raise refusal("overlay", "plot", allowed)
        self.size = round(min(shape[0], 1.4 * shape[1]) / 44)
        self._curves, self._steps = curves, max(steps, 1)
        self._still = np.empty((*shape, 4), np.uint8)
        self._still[...] = (*GROUND, 0)
        self._left, self._right = round(3.4 * self.size), shape[1] - round(1.6 * self.size)
        self._text_left = round(1.6 * self.size)
        y = self._head(title, subtitle, palette)
        self._rows_top, self._row_height = y, round(1.75 * self.size)
        self._plots = self._boxes(y + num_rows * self._row_height + self.size)
        for curve, box in zip(curves, self._plots, strict=True):
            self._axes(curve, *box)
        y = shape[0] - 2.2 * self.size
        draw_text(self._still, self._left, y, "0", self._small, SOFT, align="middle")
        draw_text(self._still, self._right, y, f"{steps:,} {unit}", self._small, SOFT, align="right")
        self._last: list[tuple[float, float] | None] = [None] * len(curves)

    @property
    def _small(self) -> int:
        return round(0.82 * self.size)

    def _head(self, title: str, subtitle: Sequence[str], palette: str | None) -> int:
        x, y = self._text_left, round(1.4 * self.size)
        large = round(1.35 * self.size)
        draw_text(self._still, x, y, title, large, weight="bold")
        y += round(1.9 * self.size)
        for line in subtitle:
            draw_text(self._still, x, y, line, self.size, SOFT)
            y += round(1.5 * self.size)
        if palette is not None:
            picture, mask = wheel(4 * self.size, palette)
            blend(self._still, self._right - mask.shape[1], round(1.5 * self.size), mask, picture)
        return y + round(0.8 * self.size)

    def _boxes(self, top: int) -> list[tuple[int, int]]:
        """Upper and lower edge of each plot."""
        bottom = self._still.shape[0] - round(2.4 * self.size)
        each = (bottom - top) / max(len(self._curves), 1)
        edges = [round(top + each * i) for i in range(len(self._curves))]
        return [(edge + round(2.2 * self.size), round(edge + each - 0.9 * self.size)) for edge in edges]

    def _axes(self, curve: TimeCurve, top: int, bottom: int) -> None:
        still = self._still
        colour = LINES[self._curves.index(curve) % len(LINES)]
        draw_text(still, self._text_left, top - 1.9 * self.size, curve.label, self.size, colour)
        for value, text in curve.ticks:
            y = self._height(curve, top, bottom, value)
            still[round(y), self._left : self._right, :3] = _GRID
            mask = text_mask(text, self._small)
            blend(
                still,
                self._left - mask.shape[1] - self.size // 3,
                round(y - 0.62 * mask.shape[0]),
                mask,
                SOFT,
            )
        for value, text in curve.marks:
            y = round(self._height(curve, top, bottom, value))
            for x in range(self._left, self._right, self.size // 2):
                still[y, x : min(x + self.size // 4, self._right), :3] = WHITE
            draw_text(still, self._right, y - 1.3 * self._small, text, self._small, WHITE, align="right")
        still[bottom, self._left : self._right, :3] = _AXIS

    def _height(self, curve: TimeCurve, top: int, bottom: int, value: float) -> float:
        share = (min(max(value, curve.low), curve.high) - curve.low) / (curve.high - curve.low)
        return bottom - 1 - share * (bottom - 1 - top)

    def draw(self, canvas: Canvas, step: int, rows: Sequence[Row], values: Sequence[float]) -> None:
        """Draw over the whole canvas.

        Args:
            canvas: of the panel's shape.
            step: time of this frame.
            rows: labels and numbers.
            values: the next point of each curve.
        """
        tips = []
        for i, (curve, box, value) in enumerate(zip(self._curves, self._plots, values, strict=True)):
            x = self._left + step / self._steps * (self._right - 1 - self._left)
            point = (x, self._height(curve, *box, float(value)))
            tips.append(point)
            _line(self._still, self._last[i] or point, point, max(self.size / 9, 1.2), LINES[i % len(LINES)])
            self._last[i] = point
        canvas[...] = self._still
        for x, y in tips:
            _line(canvas, (x, y), (x, y), self.size / 2.6, WHITE)
        y = self._rows_top
        for label, value in rows:
            draw_text(canvas, self._text_left, y, label, self.size, SOFT)
            draw_text(canvas, self._text_left + 9.5 * self.size, y, value, self.size)
            y += self._row_height


def _line(
    canvas: Canvas, begin: tuple[float, float], end: tuple[float, float], width: float, colour: Colour
) -> None:
    """A stroke with round ends, smoothed."""
    x, y = (np.array([begin[i], end[i]]) for i in (0, 1))
    left, top = int(x.min() - width) - 1, int(y.min() - width) - 1
    columns, rows = int(x.max() + width) + 2 - left, int(y.max() + width) + 2 - top
    blend(canvas, left, top, _stroke(x - left, y - top, width, rows, columns), colour)


def _stroke(x: np.ndarray, y: np.ndarray, width: float, rows: int, columns: int) -> Mask:
    large = Image.new("L", (4 * columns, 4 * rows), 0)
    pen, radius = ImageDraw.Draw(large), 2 * width - 0.5
    ends = [(4 * float(x[i]), 4 * float(y[i])) for i in (0, 1)]
    pen.line(ends, 255, round(4 * width))
    for a, b in ends:
        pen.ellipse((a - radius, b - radius, a + radius, b + radius), fill=255)
    return np.asarray(large.resize((columns, rows), Image.Resampling.BOX))
