"""Rectangles of the complex plane and their pixels."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Complex

from isotherm.errors import refusal


class Window(NamedTuple):
    """A rectangle of the plane, seen through pixels.

    Attributes:
        centre: of the rectangle.
        width: along the real axis, above 0.
        height: along the imaginary axis, above 0.
    """

    centre: complex
    width: float
    height: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top."""
        x, y = self.centre.real, self.centre.imag
        return x - self.width / 2, x + self.width / 2, y - self.height / 2, y + self.height / 2

    def points(self, columns: int, rows: int) -> Complex[np.ndarray, "rows columns"]:
        """Centres of the pixels, the first row on top.

        Raises:
            ValueError: if a side is not above 0, or has no pixel.
        """
        for name, value in (("width", self.width), ("height", self.height)):
            if not value > 0:
                raise refusal(name, value, "must be above 0")
        for name, count in (("columns", columns), ("rows", rows)):
            if count < 1:
                raise refusal(name, count, "must be at least 1")
        x = self.centre.real + self.width * ((np.arange(columns) + 0.5) / columns - 0.5)
        y = self.centre.imag + self.height * (0.5 - (np.arange(rows) + 0.5) / rows)
        return x[None] + 1j * y[:, None]
