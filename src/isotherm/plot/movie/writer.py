"""Frames streamed into a video file: H.264, H.265, VP9 or GIF, whole or absent."""

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import UInt8

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.place import claim, open_parent, remove_dead
from isotherm.plot.movie.codecs import Codec, check_encoding, check_size, codec_of, find_codec
from isotherm.plot.movie.gif import Quantizer

_BT709 = 1
"""Number of ITU-R BT.709 among primaries, transfers and matrices."""


class VideoWriter:
    """Writes frames as they come; a few of them are in memory at a time, however long the film.

    The file appears under its name when the ``with`` block ends; until then it lies beside, hidden. An error or an
    interrupt leaves nothing, or with ``keep_partial`` the film so far. A full disk always leaves nothing; what a
    killed process left goes when the same file is written again.

    Args:
        path: of the file, ending in ``.mp4``, ``.webm`` or ``.gif``; replaced if it exists.
        width: of frames in pixels, even; at least 16 for H.265.
        height: of frames in pixels, even; at least 16 for H.265.
        fps: frames a second.
        codec: ``"h264"``, ``"h265"``, ``"vp9"`` or ``"gif"``; by default the first that goes with the path.
        quality: constant rate factor, 0 is best; by default the codec's usual one. GIF has none. H.264 keeps within
            its profile High, which all players know, and so is not lossless even at 0.
        effort: ``"fast"`` encodes quickly, ``"slow"`` makes files smaller.
        palette: up to 256 colours of a GIF, uint8 ``(colours, 3)``; by default a dithered grid.
        keep_partial: keep the film so far after an error or an interrupt.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming what is refused, before anything is written; or saying that the encoder takes no frames of
            this size.

    >>> with VideoWriter("film.mp4", 64, 64, fps=30) as video:  # doctest: +SKIP
    ...     for brightness in range(0, 256, 8):
    ...         video.write(np.full((64, 64, 3), brightness, np.uint8))
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        fps: int = 30,
        *,
        codec: str | None = None,
        quality: int | None = None,
        effort: str = "fast",
        palette: UInt8[np.ndarray, "colours 3"] | None = None,
        keep_partial: bool = False,
    ) -> None:
        self.path, self.num_frames = Path(doors.file_path("path", path)), 0
        name = codec_of(self.path.suffix) if codec is None else codec
        found = find_codec(name, self.path.suffix)
        check_encoding(found, name, quality, effort, fps)
        check_size(found, name, width, height)
        self.width, self.height = int(width), int(height)
        doors.flag("keep_partial", keep_partial)
        if palette is not None and found.quality is not None:
            colours = f"{len(palette)} colours" if np.ndim(palette) else palette
            raise refusal("palette", colours, f"is for gif; leave it out for {name}")
        check_target(self.path)
        self._keep_partial = keep_partial
        self._quantizer = Quantizer(palette) if found.quality is None else None
        self._reformat = VideoReformatter().reformat
        self._name = name
        self._container: Any = None
        self._beside, self._claim = _claimed(self.path)
        try:
            self._container = _open(self._beside, found)
            self._stream = self._add_stream(
                found, int(fps), found.quality if quality is None else quality, effort
            )
            with self._codec_errors():
                self._stream.codec_context.open()
        except BaseException:
            self._abandon()
            raise

    def _add_stream(self, codec: Codec, fps: int, quality: int | None, effort: str) -> Any:
        options = {} if quality is None else codec.options(quality, effort)
        stream: Any = self._container.add_stream(codec.encoder, rate=fps, options=options)
        stream.width, stream.height = self.width, self.height
        stream.codec_context.time_base = Fraction(1, fps)
        if self._quantizer is not None:
            stream.pix_fmt = "pal8"
            return stream
        stream.pix_fmt, context = "yuv420p", stream.codec_context
        context.color_range = int(ColorRange.MPEG)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        if codec.encoder == "libx265":
            context.codec_tag = "hvc1"
        return stream

    def write(self, frame: np.ndarray) -> None:
        """Append a frame.

        Args:
            frame: red, green and blue, uint8, shape ``(height, width, 3)``; a fourth channel is ignored. It may be
                overwritten after the call.

        Raises:
            TypeError: if it is no NumPy array.
            ValueError: if its shape or dtype is another, or the encoder fails.
            OSError: if the disk is full.
        """
        doors.instance("frame", frame, np.ndarray, "a NumPy array of uint8, 0 to 255")
        sides = (self.height, self.width)
        if np.shape(frame) not in ((*sides, 3), (*sides, 4)):
            allowed = f"should be ({self.height}, {self.width}, 3) or with 4 channels"
            raise refusal("frame.shape", np.shape(frame), allowed)
        if frame.dtype != np.uint8:
            raise refusal("frame.dtype", str(frame.dtype), "should be uint8, 0 to 255")
        picture = self._picture(frame)
        picture.pts, picture.time_base = self.num_frames, self._stream.codec_context.time_base
        with self._disk_errors(), self._codec_errors():
            self._container.mux(self._stream.encode(picture))
        self.num_frames += 1

    def _picture(self, frame: np.ndarray) -> av.VideoFrame:
        if self._quantizer is not None:
            palette = np.insert(self._quantizer.palette, 0, 255, axis=1)
            pixels: Any = (self._quantizer(frame), palette)
            return av.VideoFrame.from_ndarray(pixels, "pal8")
        channels = "rgb24" if frame.shape[2] == 3 else "rgba"
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), channels)
        return self._reformat(
            picture,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=_BT709,
            dst_color_primaries=_BT709,
        )

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_kept = self._keep_partial and not isinstance(error, OSError)
        if self.num_frames and (kind is None or is_kept):
            self._finish()
        else:
            self._abandon()
            if kind is None:
                raise refusal("frames", 0, "a video needs at least one")

    def _finish(self) -> None:
        try:
            with self._disk_errors(), self._codec_errors():
                self._container.mux(self._stream.encode(None))
                self._container.close()
                _to_disk(self._beside)
                self._beside.replace(self.path)
                _to_disk(self.path.parent)
        except BaseException:
            self._abandon()
            raise
        self._release()

    def _abandon(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._container is not None:
                self._container.close()
        self._release()

    def _release(self) -> None:
        """Leave nothing beside the film, and let go of the claim."""
        self._beside.unlink(missing_ok=True)
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    @contextlib.contextmanager
    def _codec_errors(self) -> Iterator[None]:
        """An encoder's own words become a refusal of what it was given; errors of the system pass."""
        try:
            yield
        except FFmpegError as error:
            if isinstance(error, OSError):
                raise
            allowed = (
                f"{self._name} takes no frames of this size ({error.strerror}); choose another size or codec"
            )
            raise refusal("width, height", (self.width, self.height), allowed) from error

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Errors of the system name the file that was asked for, not the hidden one."""
        try:
            yield
        except OSError as error:
            reason = f"{error.strerror or error}; nothing is left of the video"
            raise OSError(error.errno, reason, str(self.path)) from error


def _claimed(path: Path) -> tuple[Path, int | None]:
    """A hidden file beside the film, locked while it is written; what killed writers of the film left is removed.

    Raises:
        ValueError: naming the path, if no file can be made there.
    """
    try:
        with open_parent(path) as folder:
            remove_dead(folder, path.name)
            beside, handle = claim(folder, path.name)
    except OSError as error:
        raise refusal("out", str(path), f"cannot be written: {error.strerror}") from None
    return path.with_name(beside), handle


def check_target(path: Path) -> None:
    """Refuse a file that cannot be written.

    Raises:
        ValueError: naming the path.
    """
    if path.is_dir():
        raise refusal("out", str(path), "is a folder; name a file in it")
    if not path.parent.is_dir():
        raise refusal("out", str(path), f"the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise refusal("out", str(path), f"the folder {path.parent} cannot be written to")


def _open(path: Path, codec: Codec) -> Any:
    options = {"mp4": {"movflags": "+faststart"}, "gif": {"loop": "0"}}.get(codec.container, {})
    try:
        return av.open(str(path), "w", format=codec.container, container_options=options)
    except OSError as error:
        raise refusal("out", str(path), f"cannot be written: {error.strerror}") from None


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
