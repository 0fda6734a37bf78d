"""A run killed again and again, wherever it is: what it keeps must be what an unbroken run keeps."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.shell import Isotherm, chunks, wait_until


def assert_kills_change_nothing(
    words: Sequence[str],
    place: Path,
    kills: int,
    *,
    longest_s: float = 0.15,
    killed: Callable[[Path], None] = lambda store: None,
) -> Path:
    """The folder of an unbroken run, after as many kills of others that ended with its bytes.

    Four kills of five come up to ``longest_s`` after a chunk that the process wrote, the others from its first steps
    on. No kept chunk is written again. A process that ends before its kill counts for none: another run is begun
    beside its own, so that a machine of any speed gets all kills.

    Args:
        words: of the command, without its store.
        place: for stores.
        kills: how many.
        longest_s: between a chunk and the kill after it.
        killed: called with the store after each kill that left chunks in it.
    """
    source, stores = random.Random(3), [place / "broken-0"]
    written: dict[Path, int] = {}
    while kills:
        store = stores[-1]
        if not _killed(words, store, first_link=source.random() < 0.8, wait_s=source.uniform(0, longest_s)):
            stores.append(place / f"broken-{len(stores)}")
            assert len(stores) <= 10, "the runs are too short to be killed"
            continue
        kills -= 1
        there = {path: path.stat().st_mtime_ns for path in place.glob("broken-*/*/chunks/*.npz")}
        assert all(there[path] == time_ns for path, time_ns in written.items()), "a kept link was made again"
        written = there
        if chunks(store):
            killed(store)
    whole = _finished(words, place / "whole")
    for store in stores:
        _assert_same_bytes(_finished(words, store), whole)
    return whole


def _killed(words: Sequence[str], store: Path, *, first_link: bool, wait_s: float) -> bool:
    """Whether a process was killed before its end."""
    before = len(chunks(store))
    broken = Isotherm(*words, "--out", str(store))
    wait_until(lambda: broken.process.poll() is not None or any(store.glob("*/.lock")), 60)
    if first_link:
        wait_until(lambda: broken.process.poll() is not None or len(chunks(store)) > before, 180)
    time.sleep(wait_s)
    alive = broken.process.poll() is None
    broken.process.kill()
    wait_until(lambda: not broken.living(), 10)
    code, _, err = broken.finish()
    assert "Traceback" not in err
    assert alive or code == 0, err
    return alive


def _finished(words: Sequence[str], store: Path) -> Path:
    code, _, err = Isotherm(*words, "--out", str(store)).finish(timeout_s=300.0)
    assert code == 0, err
    (folder,) = {path.parents[1] for path in chunks(store)}
    return folder


def _assert_same_bytes(folder: Path, whole: Path) -> None:
    ours, theirs = (sorted(path.name for path in one.glob("chunks/*.npz")) for one in (folder, whole))
    assert ours == theirs
    for name in [*(f"chunks/{name}" for name in ours), "arrays.npz", "metrics.json"]:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
