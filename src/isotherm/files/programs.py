"""What XLA compiled, kept on disk: a program that was compiled once is not waited for again.

JAX keeps and finds programs; here it is told where, and the folder is looked after. A folder serves one kind of
machine only, since a program is code for its processor: :func:`machine_key`. A killed process leaves half a file
behind. JAX refuses such a one and compiles anew, but never replaces it: :func:`tidy` takes it away.
"""

import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
import stat
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "ISOTHERM_COMPILATION_CACHE"
"""``off``, or a folder in the place of the user's cache folder."""

MOST_BYTES = 512 << 20
"""Of all programs together; the least used go first."""

_JAX_FOLDER = "JAX_COMPILATION_CACHE_DIR"
_ENDING = "-cache"
_OVERLAP_NS = 10_000_000_000
"""Clocks of file systems are coarse: so much before the last look, files are looked at again."""

_PROBE_S = 120.0
_PROBE = """
import jax
import jax.numpy as jnp
found = []
jax.monitoring.register_event_listener(lambda event, **others: found.append(event))
jax.jit(lambda x: jnp.sin(x) @ x.T + 1)(jnp.ones((3, 3))).block_until_ready()
print(found.count("/jax/compilation_cache/cache_hits"))
"""


class KeptPrograms(NamedTuple):
    """What lies in the folder of programs.

    Attributes:
        root: where programs of all kinds of machines lie; None where none are kept.
        num_programs: of programs, all folders together.
        num_bytes: that they take.
        fault: why none are kept; empty if they are, and where the user wants none.
    """

    root: Path | None
    num_programs: int
    num_bytes: int
    fault: str


def look_over() -> KeptPrograms:
    """What is kept on disk, after a trial where there was none yet; nothing else is changed."""
    told = os.environ.get(VARIABLE, "")
    if told == "off" or _JAX_FOLDER in os.environ:
        return KeptPrograms(None, 0, 0, "")
    try:
        root, folder = _folders(told)
        fault = _probed(folder)
        sizes = [status.st_size for threads in root.glob("*/threads-*") for _, status in _entries(threads)]
    except OSError as error:
        return KeptPrograms(None, 0, 0, f"{error.filename}: {error.strerror}")
    except RuntimeError:  # of pathlib
        return KeptPrograms(None, 0, 0, "there is no home folder")
    return KeptPrograms(root if fault is None else None, len(sizes), sum(sizes), fault or "")


def _folders(told: str) -> tuple[Path, Path]:
    """The folder of programs, and in it that of this kind of machine, made and looked at."""
    root = Path(told).expanduser().absolute() if told else _user_folder()
    folder = root / machine_key()
    _make_own(root)
    _make_own(folder)
    return root, folder


def keep_programs() -> str | None:
    """Let this process, if it has not imported JAX yet, and those that it starts find compiled programs on disk.

    Nothing is changed where the user's environment names a folder of JAX's own, or where :data:`VARIABLE` is ``off``.

    Returns:
        None, or in a line for people why programs are not kept: where the variable names a folder that will not do,
        and once where a trial fails.
    """
    told = os.environ.get(VARIABLE, "")
    if told == "off" or _JAX_FOLDER in os.environ:
        return None
    try:
        root, folder = _folders(told)
        is_new = not (folder / "probe.json").exists()
        fault = _probed(folder)
        tidy(root, folder)
    except OSError as error:  # without a cache folder of their own, people are not told so again and again
        return _not_kept(f"{error.filename}: {error.strerror}") if told else None
    except RuntimeError:  # of pathlib, where there is no home folder
        return None
    if fault is not None:
        return _not_kept(fault) if is_new else None
    os.environ |= {
        _JAX_FOLDER: str(threads_folder(folder, os.environ.get("NPROC") or os.cpu_count() or 1)),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return None


def _not_kept(fault: str) -> str:
    return f"compiled programs are not kept, {fault}; {VARIABLE}=PATH keeps them elsewhere, {VARIABLE}=off nowhere"


def threads_folder(folder: Path, count: int | str) -> Path:
    """Where programs for so many threads lie: XLA divides work among them as it compiles, which JAX does not note."""
    return folder / f"threads-{count}"


def with_threads(count: int) -> dict[str, str]:
    """What the environment of a process with so many threads says beyond ours: its folder, if programs are kept."""
    folder = Path(os.environ.get(_JAX_FOLDER, ""))
    if not folder.name.startswith("threads-"):
        return {}
    return {_JAX_FOLDER: str(threads_folder(folder.parent, count))}


def machine_key() -> str:
    """A name for what a program may depend on: jaxlib and its binary, the processor, flags and platforms of XLA."""
    binaries = [file for file in importlib.metadata.files("jaxlib") or () if file.suffix == ".so"]
    told = [
        importlib.metadata.version("jaxlib"),
        *sorted(f"{file} {file.hash.value if file.hash else file.size}" for file in binaries),
        platform.machine(),
        *_processor(),
        os.environ.get("XLA_FLAGS", ""),
        os.environ.get("JAX_PLATFORMS", ""),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _processor() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return [platform.processor()]
    first = {line.partition(":")[0].strip(): line for line in reversed(lines)}
    return [first[name] for name in ("model name", "flags", "Features", "CPU part") if name in first]


def _user_folder() -> Path:
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser().absolute() / "isotherm" / "programs"


def _make_own(folder: Path) -> None:
    """The folder, in which nobody else may replace anything: what lies there is run.

    Raises:
        OSError: if it cannot be made, or belongs to somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.stat()
    is_open = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    if found.st_uid not in (os.getuid(), 0) or is_open:
        raise PermissionError(1, "others may write there", str(folder))


def _probed(folder: Path) -> str | None:
    """What is wrong with programs that are written there and read back; None if nothing. Found out once."""
    told = folder / "probe.json"
    try:
        return json.loads(told.read_text())["fault"]
    except (OSError, ValueError, KeyError, TypeError):
        fault = probe(folder)
    part = told.with_name(f"{told.name}.{os.getpid()}")
    part.write_text(json.dumps({"fault": fault}))
    part.replace(told)
    return fault


def probe(folder: Path) -> str | None:
    """Compile in one process and find it again in another.

    Args:
        folder: in which a folder of their own is made, and removed.

    Returns:
        What went wrong, in words; None if nothing did.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        own = {_JAX_FOLDER: place, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        said: list[subprocess.CompletedProcess[str]] = []
        for _ in range(2):
            try:
                said.append(
                    subprocess.run(
                        [sys.executable, "-c", _PROBE],
                        env=os.environ | own,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        text=True,
                        timeout=_PROBE_S,
                    )
                )
            except subprocess.TimeoutExpired:
                return f"a trial took more than {_PROBE_S:g} s"
    complaints = [line for line in said[1].stderr.splitlines() if line.strip()]
    usual = sum(bool(line.strip()) for line in said[0].stderr.splitlines())
    if any(one.returncode for one in said):
        return f"a trial failed: {complaints[-1] if complaints else 'without a word'}"
    if len(complaints) > usual:
        return f"a trial was not without complaint: {complaints[-1]}"
    if said[1].stdout.strip() in ("", "0"):
        return "what was written in a trial was not found again"
    return None


def tidy(root: Path, folder: Path) -> None:
    """Take away what a killed process left half-written, and of all folders what was used least beyond the bound.

    Args:
        root: of folders of machines.
        folder: of this one.
    """
    stamp, now = folder / "tidied", time.time_ns()
    since = stamp.stat().st_mtime_ns - _OVERLAP_NS if stamp.exists() else 0
    found: list[tuple[int, int, str]] = []
    for threads in root.glob("*/threads-*"):
        is_ours = threads.parent == folder
        for path, told in _entries(threads):
            if is_ours and told.st_mtime_ns >= since and not _is_whole(_read(path)):
                Path(path).unlink(missing_ok=True)
            else:
                found.append((max(told.st_atime_ns, told.st_mtime_ns), told.st_size, path))
    stamp.touch()
    os.utime(stamp, ns=(now, now))
    _bound(found)


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Programs of a folder. There are tens of thousands, looked over by each command: no path is made of each."""
    with os.scandir(folder) as found:
        for entry in found:
            if not entry.name.endswith(_ENDING):
                continue
            try:
                yield entry.path, entry.stat()
            except FileNotFoundError:  # another process tidies too
                continue


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return b""


def _is_whole(data: bytes) -> bool:
    """Whether what JAX compressed can be read to its end."""
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return _is_whole_zstd(data)
    reader = zlib.decompressobj()
    try:
        reader.decompress(data)
    except zlib.error:
        return False
    return reader.eof


def _is_whole_zstd(data: bytes) -> bool:
    for name in ("compression.zstd", "zstandard"):
        try:
            library: Any = importlib.import_module(name)
        except ImportError:
            continue
        try:
            library.decompress(data)
        except Exception:  # each library has errors of its own
            return False
        return True
    return False  # nothing here could read it


def _bound(found: list[tuple[int, int, str]]) -> None:
    """Let go of the least used; of each entry when it was used, its size and its path."""
    total = sum(size for _, size, _ in found)
    if total <= MOST_BYTES:
        return
    for _, size, path in sorted(found):
        Path(path).unlink(missing_ok=True)
        total -= size
        if total <= 0.8 * MOST_BYTES:
            return
