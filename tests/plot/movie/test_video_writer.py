"""Video files: what is written is what is read back, and a file is whole or absent."""

import os
import resource
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image

from isotherm.plot.movie.codecs import CODECS, codec_of, find_codec
from isotherm.plot.movie.writer import VideoWriter

pytestmark = pytest.mark.usefixtures("nothing_global")

COLOURS = np.array(
    [[220, 30, 30], [30, 200, 60], [30, 60, 220], [240, 240, 240], [10, 10, 10], [128, 128, 128]], np.uint8
)
KINDS = [(name, codec.suffix) for name, codec in CODECS.items()]
NUM_FRAMES = 20


def bars(index: int) -> np.ndarray:
    """Six bars 32 pixels wide; the first changes colour from frame to frame."""
    frame = np.repeat(COLOURS, 32, axis=0)[None].repeat(96, axis=0)
    frame[:, :32] = COLOURS[index % 6]
    return frame


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    convert = VideoReformatter().reformat
    matrix = None if path.suffix == ".gif" else Colorspace.ITU709
    return [convert(frame, format="rgb24", src_colorspace=matrix).to_ndarray() for frame in frames]


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_frames_come_back_in_number_size_and_colour(tmp_path, codec, suffix):
    path = tmp_path / f"film{suffix}"
    palette = COLOURS if codec == "gif" else None
    with VideoWriter(path, 192, 96, 25, codec=codec, palette=palette) as video:
        for index in range(NUM_FRAMES):
            assert not path.exists()
            video.write(bars(index))
    assert os.listdir(tmp_path) == [path.name]
    frames = decoded(path)
    assert len(frames) == NUM_FRAMES
    for index, frame in enumerate(frames):
        assert frame.shape == (96, 192, 3)
        middles = frame[48, 16::32].astype(int)
        assert np.abs(middles - bars(index)[48, 16::32]).max() <= (0 if codec == "gif" else 5), index


@pytest.mark.parametrize("codec", ["h264", "h265", "vp9"])
def test_colours_are_tagged_and_players_can_start_at_once(tmp_path, codec):
    path = tmp_path / f"film{CODECS[codec].suffix}"
    with VideoWriter(path, 64, 32, 30, codec=codec) as video:
        for index in range(4):
            video.write(np.full((32, 64, 4), 60 * index, np.uint8))
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_range, context.color_primaries, context.color_trc, context.colorspace)
        assert (tags, context.pix_fmt, container.streams.video[0].average_rate) == (
            (1, 1, 1, 1),
            "yuv420p",
            30,
        )
        if codec == "h265":
            assert context.codec_tag == "hvc1"
    content = path.read_bytes()
    if codec != "vp9":
        assert content.index(b"moov") < content.index(b"mdat")


def test_bt709_and_not_bt601(tmp_path):
    """Read with the other matrix, the green bar is plainly another green."""
    with VideoWriter(tmp_path / "film.mp4", 192, 96) as video:
        video.write(bars(0))
    with av.open(str(tmp_path / "film.mp4")) as container:
        frame = next(container.decode(video=0))
    wrong = VideoReformatter().reformat(frame, format="rgb24", src_colorspace=Colorspace.ITU601).to_ndarray()
    assert np.abs(wrong[48, 48].astype(int) - COLOURS[1]).max() > 8


def test_gif_loops_at_its_speed(tmp_path):
    with VideoWriter(tmp_path / "film.gif", 192, 96, 20) as video:
        for index in range(6):
            video.write(bars(index))
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.info["loop"], film.info["duration"], getattr(film, "n_frames", 1)) == (0, 50, 6)


def test_gif_without_a_palette_is_near_and_does_not_flicker(tmp_path):
    gradient = np.linspace(0, 255, 64 * 64).reshape(64, 64, 1).repeat(3, 2).astype(np.uint8)
    with VideoWriter(tmp_path / "film.gif", 64, 64) as video:
        for _ in range(3):
            video.write(gradient)
    frames = decoded(tmp_path / "film.gif")
    assert all((frame == frames[0]).all() for frame in frames)
    blocks = [picture.reshape(8, 8, 8, 8, 3).mean((1, 3)) for picture in (frames[0], gradient)]
    assert np.abs(blocks[0] - blocks[1]).max() < 14


def broken_off(path: Path, error: type[BaseException], keep: bool) -> None:
    with VideoWriter(path, 192, 96, keep_partial=keep) as video:
        for index in range(7):
            video.write(bars(index))
        raise error


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_nothing_or_a_playable_film(tmp_path, keep, error):
    path = tmp_path / "film.mp4"
    with pytest.raises(error):
        broken_off(path, error, keep)
    assert os.listdir(tmp_path) == ([path.name] if keep else [])
    if keep:
        assert len(decoded(path)) == 7


def test_an_old_film_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        broken_off(path, RuntimeError, keep=False)
    assert path.read_bytes() == b"old"
    with VideoWriter(path, 192, 96) as video:
        video.write(bars(0))
    assert len(decoded(path)) == 1


def film_of_noise(path: Path, codec: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 96, 96, 3), dtype=np.uint8)
    with VideoWriter(path, 96, 96, codec=codec, keep_partial=True) as video:
        for frame in noise:
            video.write(frame)


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_a_full_disk_leaves_nothing(tmp_path, codec, suffix):
    """A limit on the size of files stands for the end of the disk: early, and at the last bytes."""
    path = tmp_path / f"film{suffix}"
    film_of_noise(path, codec)
    size = path.stat().st_size
    path.unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (size // 3, size - 100):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with pytest.raises(OSError, match="too large; nothing is left of the video") as caught:
                film_of_noise(path, codec)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.filename == str(path)
        assert os.listdir(tmp_path) == []


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_does_not_grow_with_length(tmp_path):
    """Kept, the last 200 frames would be 44 MB even at half the colour resolution."""
    frames = np.random.default_rng(0).integers(0, 256, (8, 384, 384, 3), dtype=np.uint8) // 32
    with VideoWriter(tmp_path / "film.mp4", 384, 384, quality=40) as video:
        for index in range(60):
            video.write(frames[index % 8])
        before = resident()
        for index in range(200):
            video.write(frames[index % 8])
        assert resident() - before < 20e6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codec": "av1"}, "codec = 'av1': should be one of h264, h265, vp9, gif"),
        ({"codec": "vp9"}, r"out = '.mp4': files of vp9 end in .webm; for .mp4 choose codec h264 or h265"),
        ({"width": 63}, "width = 63: should be an even number of pixels"),
        ({"height": 0}, "height = 0: should be an even number of pixels"),
        ({"fps": 0}, "fps = 0: should be within 1 .. 240"),
        ({"quality": 52}, r"quality = 52: should be within 0 \(best\) .. 51"),
        ({"quality": True}, "quality = True: should be a whole number"),
        ({"codec": "h265", "width": 2, "height": 2}, "width = 2: .*, at least 16 for h265"),
        ({"codec": "h265", "height": 14}, "height = 14: .*, at least 16 for h265"),
        (
            {"codec": "h265", "width": 16384, "height": 16},
            r"\(16384, 16\): h265 takes no frames of this size",
        ),
        ({"palette": COLOURS}, "palette = '6 colours': is for gif; leave it out for h264"),
        ({"effort": "slowest"}, "effort = 'slowest': should be one of fast, medium, slow"),
        ({"path": "film.avi"}, "out = '.avi': files end in .mp4"),
        ({"path": "film.gif", "fps": 60}, "fps = 60: should be within 1 .. 50 for gif"),
        ({"path": "film.gif", "quality": 20}, "quality = 20: gif has none"),
        ({"path": "film.gif", "effort": "slow"}, "effort = 'slow': gif has but one"),
        (
            {"path": "film.gif", "palette": np.zeros((300, 3), np.uint8)},
            "palette = 300: should have 1 .. 256",
        ),
        ({"path": "no/film.mp4"}, "out = .*the folder .*no does not exist"),
        ({"path": "folder.mp4"}, "out = .*is a folder"),
    ],
)
def test_refusals_come_before_anything_is_written(tmp_path, changes, message):
    (tmp_path / "folder.mp4").mkdir()
    settings = {"path": "film.mp4", "width": 64, "height": 64, "fps": 30, **changes}
    settings["path"] = tmp_path / settings["path"]
    with pytest.raises(ValueError, match=message):
        VideoWriter(**settings)
    assert os.listdir(tmp_path) == ["folder.mp4"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((64, 32, 3), np.uint8), r"frame.shape = \(64, 32, 3\): should be \(32, 64, 3\)"),
        (np.zeros((32, 64), np.uint8), r"frame.shape = \(32, 64\): should be"),
        (np.zeros(64, np.uint8), r"frame.shape = \(64,\): should be"),
        (np.zeros((), np.uint8), r"frame.shape = \(\): should be"),
        (np.zeros((32, 64, 2), np.uint8), r"frame.shape = \(32, 64, 2\): should be"),
        (np.zeros((1, 32, 64, 3), np.uint8), r"frame.shape = \(1, 32, 64, 3\): should be"),
        (np.zeros((32, 64, 3)), "frame.dtype = 'float64': should be uint8"),
        (np.zeros((32, 64, 3), bool), "frame.dtype = 'bool': should be uint8"),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_frames_of_another_shape_or_type_are_refused(tmp_path, frame, message, suffix):
    with VideoWriter(tmp_path / f"film{suffix}", 64, 32) as video:
        with pytest.raises(ValueError, match=message):
            video.write(frame)
        video.write(np.zeros((32, 64, 4), np.uint8))


@pytest.mark.parametrize("effort", ["fast", "slow"])
@pytest.mark.parametrize(
    ("codec", "profiles"), [("h264", {"High", "Main"}), ("h265", {"Main"}), ("vp9", {"Profile 0"})]
)
def test_players_know_the_profile_at_any_quality(tmp_path, codec, profiles, effort):
    """At 0 the encoder would be lossless, in a profile that browsers and QuickTime refuse."""
    noise = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    for quality in (0, 1, CODECS[codec].worst):
        path = tmp_path / f"film{CODECS[codec].suffix}"
        with VideoWriter(path, 32, 32, codec=codec, quality=quality, effort=effort) as video:
            for frame in noise:
                video.write(frame)
        with av.open(str(path)) as container:
            assert container.streams.video[0].profile in profiles, quality


def test_an_encoder_that_fails_at_a_frame_is_told_in_one_line(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (2, 2, 16384, 3), dtype=np.uint8)
    video = VideoWriter(tmp_path / "film.webm", 16384, 2)
    with pytest.raises(ValueError, match=r"\(16384, 2\): vp9 takes no frames of this size"), video:  # noqa: PT012
        for frame in noise:
            video.write(frame)
    assert os.listdir(tmp_path) == []


def test_no_frames_are_refused(tmp_path):
    with pytest.raises(ValueError, match="frames = 0"), VideoWriter(tmp_path / "film.mp4", 64, 32):
        pass
    assert os.listdir(tmp_path) == []


def test_a_suffix_names_a_codec():
    assert [codec_of(suffix) for suffix in (".MP4", ".webm", ".gif")] == ["h264", "vp9", "gif"]
    with pytest.raises(ValueError, match=r"'.txt' is no video's suffix"):
        find_codec("h264", ".txt")
