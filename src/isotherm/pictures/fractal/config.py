"""Settings of the Mandelbrot films, and their paths through the plane. Needs no JAX."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from isotherm.pictures.fractal.window import Window
from isotherm.pictures.shared_config import Codec, Effort, FrameRate, Quality
from isotherm.settings.config import Config, unknown_name
from isotherm.settings.layers import merge

SHEET = Window(complex(-0.75, 0.1), 0.2, 0.15)
"""What the sheet of iterations and the film of emergence show: seahorse valley."""

WHOLE = Window(complex(-0.75, 0.0), 3.5, 2.5)
"""What the picture of the potential shows."""

SHEET_DEPTHS = (5, 10, 25, 50, 100, 200, 400, 800)


class FractalConfig(Config):
    """A film of the Mandelbrot set: deterministic iteration, not sampling."""

    film: Literal["zoom", "emergence"] = "zoom"
    """Into the potential, holding with arrows uphill, and along; or a window iterated deeper and deeper."""
    frames: Annotated[int, Field(ge=3, le=100_000)] = 150
    """How many."""
    fps: FrameRate = 30
    depth: Annotated[int, Field(ge=2, le=100_000)] = 300
    """Iterations, at most."""
    target: Annotated[tuple[float, ...], Field(min_length=2, max_length=2)] = (-0.7505, 0.1045)
    """Where the zoom ends, real and imaginary part; published: -0.7,0, which lies inside the set and is blank."""
    pan: Annotated[float, Field(ge=0, le=10)] = 0.3
    """How far the zoom's last third strays along the real axis, in widths of the window; half of it upwards."""
    pixels: Annotated[int, Field(ge=320, le=7680, multiple_of=16)] = 1280
    """Width of frames; the zoom is 5 : 4, the emergence 16 : 9."""
    codec: Codec = None
    quality: Quality = None
    effort: Effort = "fast"
    keep_partial: bool = False
    """Keep the shorter film after an interrupt."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of frames."""
        tall, wide = (4, 5) if self.film == "zoom" else (9, 16)
        return self.pixels * tall // wide // 2 * 2, self.pixels


FILMS: Mapping[str, dict[str, Any]] = {
    "mandelbrot-zoom": {"film": "zoom"},
    "mandelbrot-emergence": {"film": "emergence", "frames": 120, "depth": 500},
}
"""Settings by name."""

FILM_TITLES: Mapping[str, str] = {
    "mandelbrot-zoom": "into the potential of the Mandelbrot set (iteration, not sampling)",
    "mandelbrot-emergence": "its boundary at growing depth (iteration, not sampling)",
}


def build_fractal(name: str, file: Mapping[str, Any], flags: Mapping[str, Any]) -> FractalConfig:
    """Settings of a film, a file above them, and flags on top.

    Raises:
        ValueError: naming an unknown film, or the field that is refused.
    """
    if name not in FILMS:
        raise ValueError(f"NAME = {name!r}: is no film; {unknown_name(name, list(FILMS))}")
    return FractalConfig(**merge(merge(dict(FILMS[name]), file), flags))


class ZoomView(NamedTuple):
    """What a frame of the zoom shows.

    Attributes:
        window: of the plane.
        arrows: how much of the arrows has appeared, 0 to 1.
    """

    window: Window
    arrows: float


def view(config: FractalConfig, frame: int) -> ZoomView:
    """The camera: a third zooming, a third holding while arrows appear, a third straying around and back.

    The width goes from 3.5 to 0.035, the height is 0.8 of it.
    """
    time = 3 * frame / config.frames
    end = complex(*config.target)
    width, centre = 0.035, end
    if time < 1:
        eased = _eased(time)
        width = 3.5 * 0.01**eased
        # the target stays where it is in the picture while the rest streams past it
        centre = end + (complex(-0.5, 0.0) - end) * width / 3.5 * (1 - eased)
    elif time > 2:
        turn = 2 * math.pi * (time - 2)
        centre = end + width * config.pan * complex(math.sin(turn), 0.5 * (math.cos(turn) - 1))
    return ZoomView(Window(centre, width, 0.8 * width), min(max(2 * (time - 1), 0.0), 1.0))


def depth_at(config: FractalConfig, frame: int) -> int:
    """Iterations that a frame of the emergence shows: 2 to the depth, by the published tanh ramp."""
    return round(2 + (config.depth - 2) * _eased(frame / max(config.frames - 1, 1)))


def _eased(time: float) -> float:
    """From 0 to 1, slowly at both ends."""
    return 0.5 * (1 + math.tanh(4 * (time - 0.5)) / math.tanh(2.0))


def arrow_places(shape: tuple[int, int], columns: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels where arrows stand, int32, on an even grid."""
    step = shape[1] / columns
    rows = np.arange(step / 2, shape[0], step).astype(np.int32)
    return np.meshgrid(rows, np.arange(step / 2, shape[1], step).astype(np.int32), indexing="ij")
