"""One writer a run: an advisory lock that the system drops when its holder dies."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from isotherm.errors import printable
from isotherm.files.place import Place, UnfitError

_ATTEMPTS, _PAUSE_S, _PATIENCE_S = 5, 0.02, 60.0
_MOST = 4096
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class RunHeldError(ValueError):
    """Another process is working on the same run."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold an exclusive lock while the block runs.

    Raises:
        RunHeldError: if another process holds it; says who, and since when.
        UnfitError: if a link or anything but a plain file of one name lies there.
    """
    Place(path.parent).make()
    with _opened(path, os.O_RDWR | os.O_CREAT) as handle:
        if not _take(handle, _ATTEMPTS * _PAUSE_S):
            raise RunHeldError(f"run = {path.parent.name!r}: is held by {_holder(path)}")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        # Who holds it is told for people; a full disk will be told by the first file that matters.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(holder).encode(), 0)
        yield


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        with _opened(path, os.O_RDONLY) as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # not there, or nothing that a run could be held by
        return False
    return False


@contextlib.contextmanager
def wait_for(path: Path) -> Iterator[None]:
    """Hold an exclusive lock for a short piece of work, waiting for it if need be.

    Raises:
        OSError: if it is not free within a minute.
        UnfitError: if a link or anything but a plain file of one name lies there.
    """
    with _opened(path, os.O_RDWR | os.O_CREAT) as handle:
        if not _take(handle, _PATIENCE_S):
            raise OSError(errno.EBUSY, f"is held by another process for {_PATIENCE_S:.0f} s", str(path))
        yield


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor of a lock. Its contents may be overwritten: so it must have no other name elsewhere."""
    with Place(path.parent).inside() as folder:
        try:
            handle = os.open(path.name, flags | _FLAGS, 0o666, dir_fd=folder)
        except OSError as error:
            fault = Place(path.parent).fault(path.name)
            raise UnfitError(f"{path}: {fault}") if fault else _named(error, path) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitError(f"{path}: is no plain file")
        if status.st_nlink > 1:
            raise UnfitError(f"{path}: has another name elsewhere (a hard link)")
        yield handle
    finally:
        os.close(handle)


def _named(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror, str(path))


def _take(handle: int, patience_s: float) -> bool:
    """Take the lock, unless somebody keeps it longer."""
    end = time.monotonic() + patience_s
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE_S)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(Place(path.parent).read(path.name, _MOST))
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder["since"]))
        host = printable(str(holder["host"]), 80)
        return f"process {int(holder['pid'])} on {host} since {since}; wait for it, or end it"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return "another process; wait for it, or end it"
