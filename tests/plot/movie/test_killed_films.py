import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isotherm.files.content import write_atomic
from isotherm.plot.movie.writer import VideoWriter

pytestmark = pytest.mark.usefixtures("nothing_global")

FRAME = np.full((64, 64, 3), 90, np.uint8)
KILLED = """
import os, signal, sys
import numpy as np
from isotherm.plot.movie.writer import VideoWriter
video = VideoWriter(sys.argv[1], 64, 64)
video.write(np.zeros((64, 64, 3), np.uint8))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_film_left_goes_when_it_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -9
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".film.mp4.")
    with VideoWriter(path, 64, 64) as video:
        video.write(FRAME)
    assert os.listdir(tmp_path) == [path.name]


def test_what_a_living_film_writes_stays(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    others = [".film.gif.x.tmp", ".film.gif.1.tmp", ".other.gif.1.2.tmp", "film.gif.1.2.tmp"]
    for name in others:
        (tmp_path / name).write_text("not ours")
    with VideoWriter(path, 64, 64) as first:
        first.write(FRAME)
        with VideoWriter(path, 64, 64) as second:
            second.write(FRAME)
        assert path.exists()
        first.write(FRAME)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, path.name])


def test_a_film_is_not_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    dead = tmp_path / ".film.gif.1.2.tmp"
    dead.symlink_to(target)
    with VideoWriter(tmp_path / "film.gif", 64, 64) as video:
        video.write(FRAME)
    assert target.read_text() == "mine"


def test_what_a_killed_picture_left_goes_too(tmp_path: Path) -> None:
    (tmp_path / ".still.png.12.0.tmp").write_text("half")
    write_atomic(tmp_path / "still.png", b"whole")
    assert os.listdir(tmp_path) == ["still.png"]
