"""Videos of lattice models: sampled, drawn and encoded frame after frame."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.estimate.diagnostics import ess, mcse
from isotherm.exact.lattice.onsager import onsager
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.lattice.physics import build_model, is_kosterlitz_thouless, sentences
from isotherm.pictures.lattice.record import Instant
from isotherm.pictures.lattice.scene import Scene
from isotherm.plot.movie.codecs import CODECS, codec_of
from isotherm.plot.movie.writer import VideoWriter
from isotherm.study.run.interrupts import signals_interrupt
from isotherm.study.run.progress import frame_meter
from isotherm.study.run.session import InterruptedRunError

_LEAST_FRAMES, _LEAST_INDEPENDENT = 8, 10
"""Frames that an error is estimated from, and how many independent ones they must be worth to call it settled."""


@dataclass(frozen=True)
class Stretch:
    """The end of a stage, of a stretch of a ramp, or of the video: the last quarter of its frames.

    Attributes:
        first: frame of the mean.
        last: frame of the mean.
        temperatures: of the first and the last of them.
        energy: mean per site.
        error: its standard error, autocorrelation included; None where the temperature changes meanwhile, or from
            fewer than eight frames.
        is_settled: whether halves agree and frames are worth ten independent ones; None as the error.
        exact: energy per site of the infinite lattice in equilibrium, where known: Ising at one temperature.
        order: mean of the order parameter.
    """

    first: int
    last: int
    temperatures: tuple[float, float]
    energy: float
    error: float | None
    is_settled: bool | None
    exact: float | None
    order: float


@dataclass(frozen=True)
class VideoReport:
    """What a run made.

    Attributes:
        path: the file.
        config: its settings.
        num_bytes: its size.
        shape: height and width of frames, in pixels.
        seconds: it took.
        stretches: energies.
        vortices: vortices and antivortices in the first and in the last frame; None without them.
        notes: what the video shows, in sentences.
    """

    path: Path
    config: VideoConfig
    num_bytes: int
    shape: tuple[int, int]
    seconds: float
    stretches: list[Stretch]
    vortices: tuple[tuple[int, int], tuple[int, int]] | None
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """One object of plain values."""
        return {
            "path": str(self.path),
            "bytes": self.num_bytes,
            "height": self.shape[0],
            "width": self.shape[1],
            "frames": self.config.frames,
            "fps": self.config.fps,
            "seconds": round(self.seconds, 3),
            "config": self.config.settings(),
            "stretches": [asdict(stretch) for stretch in self.stretches],
            "vortices": self.vortices,
            "notes": self.notes,
        }


def make_video(config: VideoConfig, path: Path) -> VideoReport:
    """Sample, draw and encode a video.

    Args:
        config: what is sampled, and how it looks.
        path: the file, ``.mp4``, ``.webm`` or ``.gif``; replaced once the video is whole.

    Raises:
        TypeError: if ``config`` or ``path`` is none.
        ValueError: naming what is refused, before anything is sampled.
        InterruptedRunError: saying what is left.
        OSError: if the disk is full; nothing is left.
    """
    doors.instance("config", config, VideoConfig, "a VideoConfig")
    path = Path(doors.file_path("path", path))
    begun, scene = time.perf_counter(), Scene(config)
    codec = config.codec or codec_of(path.suffix)
    writer = VideoWriter(
        path,
        scene.shape[1],
        scene.shape[0],
        config.fps,
        codec=codec,
        quality=config.quality,
        effort=config.effort,
        palette=scene.gif_palette() if codec == "gif" else None,
        keep_partial=config.keep_partial,
    )
    records: list[tuple[float, float, tuple[int, int]]] = []
    try:
        with signals_interrupt(), writer, frame_meter(path.name, config.frames) as meter:
            for now in _instants(config):
                writer.write(scene.draw(now))
                records.append((now.energy, now.order, now.counts))
                meter.advance(1)
    except KeyboardInterrupt:
        raise InterruptedRunError(_what_is_left(config, writer)) from None
    return _report(config, path, scene, records, time.perf_counter() - begun)


def suffix_of(config: VideoConfig) -> str:
    """What the name of the file ends in."""
    return CODECS[config.codec or "h264"].suffix


def _instants(config: VideoConfig) -> Iterator[Instant]:
    from isotherm.pictures.lattice.sampling import sampled

    index = 0
    for seen in sampled(config, build_model(config)):
        for i in range(len(seen.energy)):
            counts = (int(seen.counts[i, 0]), int(seen.counts[i, 1]))
            yield Instant(
                index, seen.values[i], float(seen.energy[i]), float(seen.order[i]), seen.charges[i], counts
            )
            index += 1


def _what_is_left(config: VideoConfig, writer: VideoWriter) -> str:
    done = f"interrupted after {writer.num_frames:,} of {config.frames:,} frames"
    if config.keep_partial and writer.num_frames:
        return f"{done}; {writer.path} holds these, {writer.num_frames / config.fps:.1f} s"
    return f"{done}; nothing is left (--keep-partial keeps the shorter video)"


def _report(config: VideoConfig, path: Path, scene: Scene, records: list[Any], seconds: float) -> VideoReport:
    has_vortices = is_kosterlitz_thouless(config)
    ends = (records[0][2], records[-1][2])
    return VideoReport(
        path=path,
        config=config,
        num_bytes=path.stat().st_size,
        shape=scene.shape,
        seconds=seconds,
        stretches=_stretches(config, records),
        vortices=ends if has_vortices else None,
        notes=sentences(config, (sum(ends[0]), sum(ends[1])) if has_vortices else None),
    )


def _stretches(config: VideoConfig, records: list[Any]) -> list[Stretch]:
    energies, orders = (np.array([record[i] for record in records], np.float64) for i in (0, 1))
    legs, temperatures = config.legs(), config.temperatures()
    found = []
    for leg in range(int(legs[-1]) + 1):
        frames = np.flatnonzero(legs == leg)
        frames = frames[-max(len(frames) // 4, 1) :]
        first, last = int(frames[0]), int(frames[-1])
        error, settled = (None, None) if config.ramp else _error(energies[frames])
        span = (float(temperatures[first]), float(temperatures[last]))
        energy, order = float(energies[frames].mean()), float(np.abs(orders[frames]).mean())
        exact = None
        if config.model == "ising" and config.lattice == "square" and not config.ramp:
            strength = abs(config.coupling)  # on the square lattice its sign changes no energy
            exact = strength * onsager(strength / span[0])["energy_per_site"]
        found.append(Stretch(first, last, span, energy, error, settled, exact, order))
    return found


def _error(energies: np.ndarray) -> tuple[float | None, bool | None]:
    """Standard error of the mean (none where nothing moved), and whether frames are alike enough to believe it."""
    if len(energies) < _LEAST_FRAMES:
        return None, None
    halves = np.array_split(energies, 2)
    apart = abs(halves[1].mean() - halves[0].mean())
    errors = [float(mcse(half[None])) for half in halves]
    independent = float(ess(energies[None], "mean"))
    # NaN, where nothing ever changed, is a frozen state and no equilibrium.
    settled = apart <= 3 * math.hypot(*errors) and independent >= _LEAST_INDEPENDENT
    error = float(mcse(energies[None]))
    return None if math.isnan(error) else error, bool(settled)
