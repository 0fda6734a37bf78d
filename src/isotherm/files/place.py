"""Files below a folder, without trust: names are plain, no link is followed, sizes are bounded before reading.

Every file is written by :func:`write_at`: under a name of its own, created exclusively, flushed to disk and
renamed, so that a reader sees the old file, the new one, or none. Folders are held open by descriptor while
something is done in them, so that nobody can put a link in their place meanwhile.
"""

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TEMPORARY = ".tmp"
_LONGEST = 200
_PIECE = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "is a link",
    stat.S_IFDIR: "is a folder",
    stat.S_IFIFO: "is a pipe",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}
_serial = itertools.count()


class UnfitError(OSError):
    """What lies under a name is no plain file or folder, or is too large; reads ``path: fault``."""

    @property
    def fault(self) -> str:
        """What is wrong, without the path."""
        return str(self).rpartition(": ")[2]


def is_plain_name(name: str) -> bool:
    """Whether a name is that of one file in a folder: no path, nothing hidden, nothing that does not print."""
    is_short = 0 < len(name.encode(errors="replace")) <= _LONGEST
    return is_short and name.isprintable() and not name.startswith(".") and not set(name) & set("/\\")


@dataclass(frozen=True)
class Place:
    """A folder whose contents are data.

    Names are relative to it, ``FILE`` or ``FOLDER/FILE``. Whoever makes a place resolves its path; below it
    no link is followed, nor is the folder itself one.

    Attributes:
        path: the folder.
    """

    path: Path

    def make(self) -> None:
        """Make the folder, if it is not there."""
        self.path.mkdir(parents=True, exist_ok=True)

    def fault(self, name: str) -> str | None:
        """What lies there in the place of a plain file; ``None`` if it is one or nothing."""
        with contextlib.suppress(FileNotFoundError), self._parent(name) as (folder, leaf):
            return _fault(os.stat(leaf, dir_fd=folder, follow_symlinks=False))
        return None

    def has(self, name: str) -> bool:
        """Whether anything lies there, be it a link to nowhere."""
        with contextlib.suppress(FileNotFoundError), self._parent(name) as (folder, leaf):
            os.stat(leaf, dir_fd=folder, follow_symlinks=False)
            return True
        return False

    def names(self, folder: str = "") -> list[str]:
        """What lies in the folder or in one of its folders, sorted; nothing if that is not there.

        Raises:
            UnfitError: if it is a link or no folder.
        """
        try:
            with self.inside(folder) as handle:
                return sorted(os.listdir(handle))
        except FileNotFoundError:
            return []

    def read(self, name: str, most: int) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: if there is none.
            UnfitError: if it is no plain file or holds more than ``most`` bytes.
        """
        with self._reading(name, most) as handle:
            content = b"".join(_pieces(handle, most))
        if len(content) > most:
            raise self._unfit(name, _too_large(most))
        return content

    def digest(self, name: str, most: int) -> str:
        """SHA-256 of a file's bytes, hexadecimal, read piecewise. Raises as :meth:`read`."""
        found = hashlib.sha256()
        with self._reading(name, most) as handle:
            for piece in _pieces(handle, most):
                found.update(piece)
        return found.hexdigest()

    def write(self, name: str, content: bytes, before: Callable[[], object] | None = None) -> str:
        """Write a file, whole or not at all.

        Args:
            name: of the file; its folder is made if need be.
            content: all of it.
            before: called once the content is on disk, before it takes its name.

        Returns:
            The SHA-256 of the content, hexadecimal.

        Raises:
            UnfitError: if a link, a folder or a device lies there.
            OSError: naming the file, if the disk refuses.
        """
        with self._parent(name, is_made=True) as (folder, leaf):
            try:
                fault = _fault(os.stat(leaf, dir_fd=folder, follow_symlinks=False))
            except FileNotFoundError:
                fault = None
            if fault and before is None:
                raise self._unfit(name, fault)
            write_at(folder, leaf, content, self.path / name, before)
        return hashlib.sha256(content).hexdigest()

    def remove(self, name: str) -> None:
        """Remove a file or a link, if it is there."""
        with contextlib.suppress(FileNotFoundError), self._parent(name) as (folder, leaf):
            os.unlink(leaf, dir_fd=folder)

    def remove_temporary(self, folder: str = "") -> None:
        """Remove what killed writers left half-written in the folder; nobody else may be writing there."""
        with contextlib.suppress(FileNotFoundError), self.inside(folder) as handle:
            for name in os.listdir(handle):
                if re.fullmatch(rf"\..*\.\d+\.\d+{re.escape(TEMPORARY)}", name, re.DOTALL):
                    with contextlib.suppress(IsADirectoryError):
                        os.unlink(name, dir_fd=handle)

    def move_aside(self, name: str, shelf: str) -> str:
        """Move what lies under a name into a folder, itself and not what it links to.

        Returns:
            Its new name, one that was free.

        Raises:
            UnfitError: if the shelf is a link or no folder.
        """
        with self._parent(name) as (folder, leaf), self._parent(f"{shelf}/{leaf}", is_made=True) as (kept, _):
            taken = set(os.listdir(kept))
            tries = itertools.chain([leaf], (f"{leaf}.{number}" for number in itertools.count(1)))
            free = next(one for one in tries if one not in taken)
            os.rename(leaf, free, src_dir_fd=folder, dst_dir_fd=kept)
            os.fsync(folder)
        return f"{shelf}/{free}"

    @contextlib.contextmanager
    def inside(self, name: str = "", is_made: bool = False) -> Iterator[int]:
        """A descriptor of the folder, or of one of its folders.

        Raises:
            UnfitError: if it is a link or no folder.
        """
        with contextlib.ExitStack() as stack:
            handle = stack.enter_context(_opened(str(self.path), None, self.path))
            if name:
                if is_made:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=handle)
                        os.fsync(handle)
                handle = stack.enter_context(_opened(name, handle, self.path / name))
            yield handle

    @contextlib.contextmanager
    def _parent(self, name: str, is_made: bool = False) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that a name lies in, and the name there."""
        folder, _, leaf = name.rpartition("/")
        if not leaf or leaf in (".", "..") or folder in (".", "..") or "/" in folder or "\0" in name:
            raise self._unfit(name, "is no plain name")
        with self.inside(folder, is_made) as handle:
            yield handle, leaf

    @contextlib.contextmanager
    def _reading(self, name: str, most: int) -> Iterator[int]:
        with self._parent(name) as (folder, leaf):
            # Looked at before it is opened, since to open a device or a pipe may already do something.
            fault = _fault(os.stat(leaf, dir_fd=folder, follow_symlinks=False))
            if fault:
                raise self._unfit(name, fault)
            handle = os.open(leaf, _READ, dir_fd=folder)
            try:
                status = os.fstat(handle)
                if _fault(status) or status.st_size > most:
                    raise self._unfit(name, _fault(status) or _too_large(most))
                yield handle
            finally:
                os.close(handle)

    def _unfit(self, name: str, fault: str) -> UnfitError:
        return UnfitError(f"{self.path / name}: {fault}")


def read_named(path: str | os.PathLike[str], most: int) -> bytes:
    """The bytes of a file that the user named, links followed.

    What it is and how large is looked at before anything is read: a pipe or a device might never end.

    Raises:
        UnfitError: if it is no plain file, or holds more than ``most`` bytes.
        OSError: if there is none, or it cannot be read.
        ValueError: if the name holds NUL.
    """
    with _named(path, most) as handle:
        content = b"".join(_pieces(handle, most))
    if len(content) > most:
        raise UnfitError(f"{os.fspath(path)}: {_too_large(most)}")
    return content


def digest_named(path: str | os.PathLike[str], most: int) -> str:
    """SHA-256 of the same bytes, hexadecimal, read piecewise. Raises as :func:`read_named`."""
    found = hashlib.sha256()
    with _named(path, most) as handle:
        for piece in _pieces(handle, most):
            found.update(piece)
    return found.hexdigest()


@contextlib.contextmanager
def _named(path: str | os.PathLike[str], most: int) -> Iterator[int]:
    shown = os.fspath(path)
    if fault := _fault(os.stat(path)):  # before it is opened, which may already do something
        raise UnfitError(f"{shown}: {fault}")
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if fault := _fault(status) or (_too_large(most) if status.st_size > most else None):
            raise UnfitError(f"{shown}: {fault}")
        yield handle
    finally:
        os.close(handle)


def why_unread(error: OSError) -> str:
    """What a refusal says of a file that the user named and that could not be read."""
    if isinstance(error, UnfitError):
        return f"cannot be read: it {error.fault}; give a plain file"
    return f"cannot be read: {error.strerror}"


def write_at(
    folder: int, name: str, content: bytes, shown: Path, before: Callable[[], object] | None = None
) -> None:
    """Write a file into an open folder: beside its place, flushed, renamed. A link there is replaced, not followed.

    Args:
        folder: descriptor.
        name: of the file in it.
        content: all of it.
        shown: the path that errors name.
        before: called once the content is on disk, before it takes its name.

    Raises:
        OSError: naming the file, if the disk refuses; nothing is left of the attempt.
    """
    try:
        beside, handle = claim(folder, name)
        try:
            with open(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
                if before is not None:
                    before()
                os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
            raise
        os.fsync(folder)
    except UnfitError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(shown)) from error


def claim(folder: int, name: str) -> tuple[str, int]:
    """Create an empty file beside a name to be written, locked for as long as its descriptor is open.

    Returns:
        Its name in the folder, and the descriptor.
    """
    while True:
        beside = f".{_short(name)}.{os.getpid()}.{next(_serial)}{TEMPORARY}"
        with contextlib.suppress(FileExistsError):
            handle = os.open(beside, _CREATE, 0o666, dir_fd=folder)
            with contextlib.suppress(OSError):  # some file systems know no locks
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return beside, handle


def remove_dead(folder: int, name: str) -> None:
    """Remove what killed writers of this file left beside it; whose writer lives is locked, and stays."""
    pattern = rf"\.{re.escape(_short(name))}\.\d+\.\d+{re.escape(TEMPORARY)}"
    for beside in os.listdir(folder):
        if re.fullmatch(pattern, beside, re.DOTALL):
            with contextlib.suppress(OSError):
                handle = os.open(beside, _READ, dir_fd=folder)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if stat.S_ISREG(os.fstat(handle).st_mode):
                        os.unlink(beside, dir_fd=folder)
                finally:
                    os.close(handle)


@contextlib.contextmanager
def open_parent(path: Path) -> Iterator[int]:
    """A descriptor of the folder of a path that the user gave, links included."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _opened(name: str, parent: int | None, shown: Path) -> Iterator[int]:
    try:
        handle = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise UnfitError(f"{shown}: {'is a link' if is_link else 'is no folder'}") from None
    try:
        yield handle
    finally:
        os.close(handle)


def _fault(status: os.stat_result) -> str | None:
    if stat.S_ISREG(status.st_mode):
        return None
    return _KINDS.get(stat.S_IFMT(status.st_mode), "is no plain file")


def _pieces(handle: int, most: int) -> Iterator[bytes]:
    """What can be read, up to one piece more than is allowed: a file may grow meanwhile."""
    read = 0
    while read <= most and (piece := os.read(handle, _PIECE)):
        read += len(piece)
        yield piece


def _too_large(most: int) -> str:
    return f"holds more than {most:,} bytes"


def _short(name: str) -> str:
    return name.encode(errors="surrogateescape")[:_LONGEST].decode(errors="ignore")
