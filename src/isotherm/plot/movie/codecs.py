"""What each kind of video file needs: its encoder, its container, and the options that go with a quality."""

from typing import Literal, NamedTuple, get_args

from isotherm.doors import choice, is_number
from isotherm.errors import refusal

CodecName = Literal["h264", "h265", "vp9", "gif"]
Effort = Literal["fast", "medium", "slow"]


class Codec(NamedTuple):
    """An encoder and its container.

    Attributes:
        encoder: FFmpeg's name of it.
        container: FFmpeg's name of the format.
        suffix: of its files.
        quality: constant rate factor unless another is asked for; ``None`` where there is none.
        worst: the largest factor.
        efforts: settings of the encoder for each effort; none where it has but one.
        max_fps: frames a second that players keep up with.
        least: pixels of a side that the encoder needs.
        best: the smallest factor that players take: at 0, H.264 is lossless in a profile (High 4:4:4 Predictive) that
            browsers and QuickTime do not play.
    """

    encoder: str
    container: str
    suffix: str
    quality: int | None
    worst: int
    efforts: dict[str, dict[str, str]]
    max_fps: int = 240
    least: int = 2
    best: int = 0

    def options(self, quality: int, effort: str) -> dict[str, str]:
        """Options of the encoder."""
        options = {"crf": str(max(quality, self.best)), **self.efforts[effort]}
        if self.encoder == "libx264":
            options["profile"] = "high"
        if self.encoder == "libx265":
            options["x265-params"] = "log-level=error"
        return options


def _presets(*names: str) -> dict[str, dict[str, str]]:
    return {effort: {"preset": name} for effort, name in zip(get_args(Effort), names, strict=True)}


def _vp9(*steps: int) -> dict[str, dict[str, str]]:
    fixed = {"b": "0", "row-mt": "1", "deadline": "good"}
    return {
        effort: {**fixed, "cpu-used": str(step), "deadline": "realtime" if step > 5 else "good"}
        for effort, step in zip(get_args(Effort), steps, strict=True)
    }


CODECS: dict[str, Codec] = {
    "h264": Codec("libx264", "mp4", ".mp4", 15, 51, _presets("veryfast", "medium", "slow"), best=1),
    "h265": Codec("libx265", "mp4", ".mp4", 15, 51, _presets("ultrafast", "medium", "slow"), least=16),
    "vp9": Codec("libvpx-vp9", "webm", ".webm", 24, 63, _vp9(8, 4, 2)),
    "gif": Codec("gif", "gif", ".gif", None, 0, {}, max_fps=50),
}
"""Kinds of files: browsers play ``h264``; ``h265`` is for archives; a ``gif`` has 256 colours and loops."""


def find_codec(name: str, suffix: str) -> Codec:
    """The codec of that name, if it goes with the file's suffix.

    Raises:
        ValueError: if there is no such codec, or files of it end otherwise.
    """
    codec = CODECS[choice("codec", name, CODECS)]
    if suffix.lower() != codec.suffix:
        raise refusal("out", suffix, f"files of {name} end in {codec.suffix}; {_others(suffix)}")
    return codec


def codec_of(suffix: str) -> str:
    """The first codec whose files end so.

    Raises:
        ValueError: if none does.
    """
    found = next((name for name, codec in CODECS.items() if codec.suffix == suffix.lower()), None)
    if found is None:
        raise refusal("out", suffix, "files end in .mp4 (h264, h265), .webm (vp9) or .gif")
    return found


def _others(suffix: str) -> str:
    fitting = [name for name, codec in CODECS.items() if codec.suffix == suffix.lower()]
    return (
        f"for {suffix} choose codec {' or '.join(fitting)}" if fitting else f"{suffix!r} is no video's suffix"
    )


MAX_SIDE = 16_384
"""Pixels of the widest frames that encoders of H.264 take."""


def check_size(codec: Codec, name: str, width: int, height: int) -> None:
    """Refuse frames of odd sides, which halved colour resolution cannot have, or that are too small for the codec.

    Raises:
        ValueError: naming width or height.
    """
    for side, pixels in (("width", width), ("height", height)):
        if not is_number(pixels, "iu") or not codec.least <= pixels <= MAX_SIDE or pixels % 2:
            least, is_wide = codec.least, is_number(pixels, "iu") and pixels > MAX_SIDE
            bound = f"at most {MAX_SIDE}" if is_wide else f"at least {least} for {name}"
            raise refusal(side, pixels, f"should be an even number of pixels, {bound}")


def check_encoding(codec: Codec, name: str, quality: int | None, effort: str, fps: int) -> None:
    """Refuse what the codec cannot do.

    Raises:
        ValueError: naming quality, effort or fps.
    """
    for field, value in (("quality", quality), ("fps", fps)):
        if not is_number(value, "iu") and not (field == "quality" and value is None):
            raise refusal(field, value, "should be a whole number")
    if quality is not None and codec.quality is None:
        raise refusal("quality", quality, f"{name} has none; leave it out")
    if quality is not None and not 0 <= quality <= codec.worst:
        raise refusal("quality", quality, f"should be within 0 (best) .. {codec.worst} (worst) for {name}")
    choice("effort", effort, get_args(Effort))
    if effort not in codec.efforts and effort != "fast":
        raise refusal("effort", effort, f"{name} has but one, fast")
    if not 1 <= fps <= codec.max_fps:
        raise refusal("fps", fps, f"should be within 1 .. {codec.max_fps} for {name}")
