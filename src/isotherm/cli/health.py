"""What may be wrong with an installation or a machine, one check a function."""

import fcntl
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

_SHOWN_PACKAGES = ("jax", "jaxlib", "equinox", "numpy", "scipy", "polars", "av")
_DEVICES_S = 120.0
_DEVICES = "import jax, json; print(json.dumps([[d.platform, d.device_kind] for d in jax.devices()]))"
_LEAST_FREE = 1 << 30
"""Bytes free in the store below which a run may not end well."""


class Checkup(NamedTuple):
    """What was found of one thing.

    Attributes:
        name: of the thing.
        is_good: whether it works.
        found: in a line, without its name.
        mend: what to do; empty if nothing.
    """

    name: str
    is_good: bool
    found: str
    mend: str = ""


def checkups(store: Path) -> Iterator[Checkup]:
    """Everything, the quick things first."""
    yield versions()
    yield packages(metadata.requires("isotherm") or [])
    yield cores()
    yield writable(store)
    yield compiled_programs()
    yield devices()
    yield codecs()


def versions() -> Checkup:
    """Of Isotherm and of Python."""
    found = (
        f"isotherm {metadata.version('isotherm')}, Python {platform.python_version()}, {platform.platform()}"
    )
    return Checkup("versions", True, found)


def packages(required: list[str]) -> Checkup:
    """Whether what the package needs is there, and new enough.

    Args:
        required: as in a package's metadata, ``name>=version``; those of extras are passed over.
    """
    lacking = []
    for line in required:
        parts = re.fullmatch(r"([\w.-]+)>=([\d.]+)", line.replace(" ", ""))
        if parts is None:
            continue
        name, least = parts.groups()
        there = _version(name)
        if there is None or _numbers(there) < _numbers(least):
            lacking.append((f"{name} {there or 'is missing'}", f'"{name}>={least}"'))
    if lacking:
        told, wanted = zip(*lacking, strict=True)
        return Checkup("packages", False, ", ".join(told), f"pip install {' '.join(wanted)}")
    shown = [f"{name} {there}" for name in _SHOWN_PACKAGES if (there := _version(name)) is not None]
    return Checkup("packages", True, ", ".join(shown))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Of a version, up to where it is no longer numbers; zeros at its end say nothing."""
    told = re.match(r"\d+(\.\d+)*", version)
    found = [int(part) for part in told[0].split(".")] if told else []
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def cores() -> Checkup:
    """How many there are, and how many this process may use."""
    usable, there = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    quota = _quota()
    found = f"{usable} of {there}, so many worker processes by default"
    if quota is None or quota >= usable:
        return Checkup("cores", True, found)
    fewer = max(1, round(quota))
    mend = f"pass --workers {fewer}: this container is given the time of {quota:.3g} cores"
    return Checkup("cores", False, found, mend)


def _quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> float | None:
    """Cores' worth of time that a container is given; None where there is no bound."""
    try:
        share, period = file.read_text().split()
        return int(share) / int(period)
    except (OSError, ValueError):
        return None


def writable(store: Path) -> Checkup:
    """Whether runs can be kept there: written, locked, and with room."""
    place = store.absolute()
    while not place.exists():
        place = place.parent
    told = str(store) if place == store.absolute() else f"{store}, to be made in {place}"
    elsewhere = "pass --out DIR, a folder of yours"
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Checkup(
            "store", False, f"{told}: cannot be written to or locked ({error.strerror})", elsewhere
        )
    found = f"{told}: writable, {free / 1e9:.1f} GB free"
    if free < _LEAST_FREE:
        return Checkup("store", False, found, f"make room, or {elsewhere}")
    return Checkup("store", True, found)


def compiled_programs() -> Checkup:
    """Whether compiled programs are kept, and where."""
    from isotherm.files.programs import VARIABLE, look_over

    kept = look_over()
    if kept.root is not None:
        found = f"{kept.root}: {kept.num_programs:,} programs, {kept.num_bytes / 1e6:.0f} MB"
        return Checkup("cache", True, found)
    if kept.fault:
        mend = f"{VARIABLE}=PATH keeps programs elsewhere; without them each run compiles anew"
        return Checkup("cache", False, f"compiled programs are not kept: {kept.fault}", mend)
    whose = f"{VARIABLE}=off" if os.environ.get(VARIABLE) == "off" else "JAX_COMPILATION_CACHE_DIR is set"
    return Checkup("cache", True, f"left to JAX, since {whose}")


def devices(command: tuple[str, ...] = (sys.executable, "-c", _DEVICES)) -> Checkup:
    """What JAX computes on, found out by a process of its own: one that cannot start JAX ends without harm.

    Args:
        command: that prints a JSON list of pairs, platform and kind.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_DEVICES_S, stdin=subprocess.DEVNULL, check=False
        )
        found = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return Checkup(
            "devices",
            False,
            f"JAX does not start within {_DEVICES_S:g} s",
            "set JAX_PLATFORMS=cpu to do without other devices",
        )
    except (ValueError, IndexError):
        return Checkup("devices", False, "JAX tells none", "pip install --upgrade jax jaxlib")
    if found is None:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        return Checkup("devices", False, f"JAX does not start: {last}", "pip install --upgrade jax jaxlib")
    told = ", ".join(f"{kind} ({where})" if kind != where else where for where, kind in found)
    is_idle = any(Path("/dev").glob("nvidia[0-9]*")) and all(where == "cpu" for where, _ in found)
    if is_idle and os.environ.get("JAX_PLATFORMS", "") != "cpu":
        return Checkup(
            "devices", False, f"{told}; a GPU is there that JAX does not use", 'pip install "jax[cuda13]"'
        )
    return Checkup("devices", True, told)


def codecs() -> Checkup:
    """Whether videos of each kind can be encoded."""
    mend = 'pip install --force-reinstall "av>=14.0"'
    try:
        from isotherm.plot.movie.codecs import CODECS

        lacking = [name for name, codec in CODECS.items() if not _has_encoder(codec.encoder)]
    except ImportError as error:
        return Checkup("codecs", False, f"PyAV cannot be imported: {error}", mend)
    if lacking:
        there = [name for name in CODECS if name not in lacking]
        use = f"choose --codec={there[0]}, or {mend}" if there else mend
        return Checkup("codecs", False, f"videos cannot be {', '.join(lacking)}", use)
    return Checkup("codecs", True, ", ".join(CODECS))


def _has_encoder(name: str) -> bool:
    import av

    try:
        av.Codec(name, "w")
    except ValueError:  # PyAV's UnknownCodecError
        return False
    return True
