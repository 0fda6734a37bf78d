"""Text in a corner of the frame: a title, then labels with their numbers, on a dark plate."""

from collections.abc import Sequence

import numpy as np

from isotherm.errors import refusal
from isotherm.plot.overlay.marks import SOFT, WHITE, blend, draw_text, rounded, shade, text_mask, wheel
from isotherm.plot.raster.painters import Canvas

Row = tuple[str, str]


class Plate:
    """A title and rows of a label and a number; only the numbers are drawn anew for each frame.

    Args:
        title: in bold.
        widest: each label with its widest number, by which the plate is measured.
        shape: of the canvas, in pixels.
        palette: of a small colour wheel below, if any.

    Raises:
        ValueError: if the plate would fill more than the canvas.
    """

    def __init__(
        self, title: str, widest: Sequence[Row], shape: tuple[int, ...], palette: str | None = None
    ) -> None:
        self.size = max(round(min(shape[:2]) / 54), 10)
        self._line = round(1.5 * self.size)
        self._pad = round(0.75 * self.size)
        columns = [max(text_mask(row[i], self.size).shape[1] for row in widest) for i in (0, 1)]
        inner = max(sum(columns) + self.size, text_mask(title, self.size, "bold").shape[1])
        self._width = inner + 2 * self._pad
        self._ring = wheel(4 * self.size, palette) if palette else None
        below = 0 if self._ring is None else 4 * self.size + self._pad
        self._height = self._line * (len(widest) + 1) + 2 * self._pad + below
        self._margin = round(0.8 * self.size)
        if max(self._width + self._margin - shape[1], self._height + self._margin - shape[0]) > 0:
            raise refusal(
                "overlay", "text", f"needs at least {self._need()} pixels, not {shape[1]} x {shape[0]}"
            )
        self._title = title

    def _need(self) -> str:
        return f"{self._width + self._margin} x {self._height + self._margin}"

    def draw(self, canvas: Canvas, rows: Sequence[Row]) -> None:
        """Draw over the upper left corner."""
        shade(canvas, self._margin, self._margin, rounded(self._width, self._height, self.size // 2, 176))
        x, y = self._margin + self._pad, self._margin + self._pad
        draw_text(canvas, x, y, self._title, self.size, weight="bold")
        for label, value in rows:
            y += self._line
            draw_text(canvas, x, y, label, self.size, SOFT)
            end = self._margin + self._width - self._pad
            draw_text(canvas, end, y, value, self.size, WHITE, align="right")
        if self._ring is not None:
            picture, mask = self._ring
            left = self._margin + (self._width - mask.shape[1]) // 2
            blend(canvas, left, y + self._line + self._pad // 2, mask, picture)


def plain(value: float | int, digits: int) -> str:
    """A number with a true minus sign and thousands apart."""
    return f"{value + 0.0:,.{digits}f}".replace("-", "−") if np.isfinite(value) else "–"
