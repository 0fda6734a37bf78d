"""Films of the Mandelbrot set, frame after frame."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.pictures.fractal.config import SHEET, FractalConfig, arrow_places, depth_at, view
from isotherm.pictures.fractal.escape import Escape, escape, gradient
from isotherm.pictures.fractal.frames import EmergenceFrames, ZoomFrames
from isotherm.plot.movie.codecs import codec_of
from isotherm.plot.movie.writer import VideoWriter
from isotherm.study.run.interrupts import signals_interrupt
from isotherm.study.run.progress import frame_meter
from isotherm.study.run.session import InterruptedRunError


@dataclass(frozen=True)
class FilmReport:
    """What a run made.

    Attributes:
        path: the file.
        config: its settings.
        num_bytes: its size.
        seconds: it took.
    """

    path: Path
    config: FractalConfig
    num_bytes: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """One object of plain values."""
        rows, columns = self.config.shape
        return {
            "path": str(self.path),
            "bytes": self.num_bytes,
            "height": rows,
            "width": columns,
            "frames": self.config.frames,
            "fps": self.config.fps,
            "seconds": round(self.seconds, 3),
            "config": self.config.settings(),
        }


def make_film(config: FractalConfig, path: Path) -> FilmReport:
    """Iterate, draw and encode a film.

    Args:
        config: which film, and how it looks.
        path: the file, ``.mp4``, ``.webm`` or ``.gif``; replaced once the film is whole.

    Raises:
        ValueError: naming what is refused, before anything is computed.
        InterruptedRunError: saying what is left.
        OSError: if the disk is full; nothing is left.
    """
    begun = time.perf_counter()
    writer = VideoWriter(
        path,
        config.shape[1],
        config.shape[0],
        config.fps,
        codec=config.codec or codec_of(path.suffix),
        quality=config.quality,
        effort=config.effort,
        keep_partial=config.keep_partial,
    )
    draw = _zoom if config.film == "zoom" else _emergence
    try:
        with signals_interrupt(), writer, frame_meter(path.name, config.frames) as meter:
            for frame in draw(config):
                writer.write(frame)
                meter.advance(1)
    except KeyboardInterrupt:
        done = f"interrupted after {writer.num_frames:,} of {config.frames:,} frames"
        kept = f"{path} holds these" if config.keep_partial and writer.num_frames else "nothing is left"
        raise InterruptedRunError(f"{done}; {kept}") from None
    return FilmReport(path, config, path.stat().st_size, time.perf_counter() - begun)


def _zoom(config: FractalConfig) -> Iterator[np.ndarray]:
    rows, columns = config.shape
    frames, places = ZoomFrames(config.shape), arrow_places(config.shape)
    for i in range(config.frames):
        window, visible = view(config, i)
        points = window.points(columns, rows)
        found = escape(points, config.depth)
        at = Escape(*(values[places] for values in found))
        uphill = gradient(points[places], at)
        yield frames.draw(found.smooth_count, window.extent, places, uphill, visible)


def _emergence(config: FractalConfig) -> Iterator[np.ndarray]:
    found = escape(SHEET.points(800, 600), config.depth)
    frames = EmergenceFrames(config.shape, found.counts, found.potential, SHEET.extent, config.depth)
    for i in range(config.frames):
        yield frames.draw(depth_at(config, i))
