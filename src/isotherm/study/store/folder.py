"""A run's folder: what is in it, and which of it may be trusted.

Every file of a finished run stands with its SHA-256 in ``SHA256SUMS`` (``sha256sum -c SHA256SUMS`` agrees),
whose first line is the digest of the rest. That list is written last, so a run without it is unfinished.
Chunks carry their digest in their name: one rename makes both appear at once, and a killed run keeps exactly
its whole chunks. ``config.json`` is checked against the fingerprint that names the folder. What fails a check
is reported, moved to ``set-aside/``, and made again.

Digests tell accidents. They do not tell who wrote a folder, so that all of it is data: names in it are plain
and of a run, links are not followed, sizes are bounded, and nothing that stands in it is imported or executed.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.errors import printable
from isotherm.files.content import check_npz, digest, json_bytes, npz_bytes, read_json, read_npz
from isotherm.files.place import Place, UnfitError, is_plain_name
from isotherm.settings.config import fingerprint_of, is_study_name
from isotherm.study.registry import lasting_entry

CONFIG, METRICS, ARRAYS, RUN, REPORT, SUMS = (
    "config.json",
    "metrics.json",
    "arrays.npz",
    "run.json",
    "report.html",
    "SHA256SUMS",
)
CHUNKS, FIGURES, SET_ASIDE, LOCK, FAILURE = "chunks", "figures", "set-aside", ".lock", "failure.txt"
REQUIRED = (CONFIG, METRICS, ARRAYS, RUN, REPORT)
_CHUNK_DIGITS = 16
_MOST = {CONFIG: 1 << 22, METRICS: 1 << 26, RUN: 1 << 20, SUMS: 1 << 24}
_MOST_ELSE = 1 << 29
"""Bytes that a file of a run may hold; larger ones are neither written nor read."""


def report_fault(message: str) -> None:
    """One line on standard error about a file that cannot be trusted."""
    print(f"warning: {printable(' '.join(message.split()), 600)}", file=sys.stderr, flush=True)  # noqa: T201


@dataclass(frozen=True)
class RunFolder:
    """One run on disk. Reading never trusts a file whose digest is not on record, and never changes anything.

    Attributes:
        path: the folder, ``<store>/<study>-<first 12 digits of the fingerprint>``; no link.
    """

    path: Path

    @property
    def place(self) -> Place:
        """The folder as data."""
        return Place(self.path)

    @property
    def lock(self) -> Path:
        """The file whose lock a writer holds."""
        return self.path / LOCK

    def check(self) -> None:
        """Refuse a folder into which a run cannot be written.

        Raises:
            UnfitError: naming the folder in it that is a link or no folder.
        """
        for name in (CHUNKS, FIGURES, SET_ASIDE):
            self.place.names(name)

    def is_finished(self) -> bool:
        """Whether the run was ended, so that all its files have a digest on record."""
        return self.place.has(SUMS)

    def set_aside(self, name: str, fault: str) -> None:
        """Report a file and move it to ``set-aside/``, if there is something to move.

        Raises:
            OSError: if it cannot be moved.
        """
        if self.place.has(name):
            fault = f"{fault}; moved to {self.place.move_aside(name, SET_ASIDE)}"
        report_fault(f"{self.path.name}/{name}: {fault}")

    def sums(self) -> dict[str, str] | None:
        """Digests by file name as recorded when the run ended; ``None`` if not there or not sound."""
        found = self._sums()
        return found if isinstance(found, dict) else None

    def sums_fault(self) -> str:
        """What is wrong with the list of digests; empty if it is sound."""
        found = self._sums()
        return found if isinstance(found, str) else ""

    def _sums(self) -> dict[str, str] | str:
        try:
            content = self.place.read(SUMS, limit_of(SUMS))
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return _told(error)
        head, _, body = content.partition(b"\n")
        if head != _sums_head(body):
            return "does not match its digest"
        found: dict[str, str] = {}
        for line in body.decode(errors="replace").splitlines():
            value, _, name = line.partition("  ")
            if not re.fullmatch(r"[0-9a-f]{64}", value) or not is_file_of_run(name) or name in found:
                return f"holds a line that is of no run: {line[:120]!r}"
            found[name] = value
        return found

    def remove(self, name: str) -> None:
        """Remove a file, if it is there; what is no plain file is set aside."""
        fault = self.place.fault(name)
        if fault:
            self.set_aside(name, fault)
        else:
            self.place.remove(name)

    def write_sums(self, sums: Mapping[str, str]) -> None:
        """Record the digests of all files; this ends the run."""
        body = "".join(f"{value}  {name}\n" for name, value in sorted(sums.items())).encode()
        self.write(SUMS, _sums_head(body) + b"\n" + body)

    def faults(self, sums: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with each recorded file that is missing or does not match its digest."""
        found = {name: "has no digest on record" for name in REQUIRED if name not in sums}
        for name, expected in sums.items():
            try:
                if self.digest(name) != expected:
                    found[name] = "does not match its digest"
            except FileNotFoundError:
                found[name] = "is missing"
            except OSError as error:
                found[name] = _told(error)
        return found

    def write(self, name: str, content: bytes) -> str:
        """Write a file of the run; what lies there and is no plain file is set aside. Returns the digest.

        Raises:
            ValueError: if it is larger than would be read again, or its name is no file's of a run.
            UnfitError: if a folder of the run is a link or no folder.
            OSError: naming the file, if the disk refuses.
        """
        if name not in (SUMS, FAILURE) and not is_file_of_run(name):
            raise ValueError(f"file = {name!r}: should be a plain name, without a path or control characters")
        if len(content) > limit_of(name):
            raise ValueError(f"{name}: takes {len(content):,} bytes; at most {limit_of(name):,} are kept")
        fault = self.place.fault(name)
        if fault:
            self.set_aside(name, fault)
        return self.place.write(name, content)

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes, hexadecimal.

        Raises:
            OSError: if it cannot be read.
        """
        return self.place.digest(name, limit_of(name))

    def write_chunk(self, task: str, arrays: Mapping[str, np.ndarray]) -> str:
        """Keep one task's arrays; returns the file's name relative to the run folder."""
        content = npz_bytes(arrays)
        name = f"{CHUNKS}/{task}.{digest(content)[:_CHUNK_DIGITS]}.npz"
        self.write(name, content)
        return name

    def chunks(self) -> dict[str, str]:
        """Kept chunks by task, digests and contents verified; others are reported and set aside."""
        kept: dict[str, str] = {}
        for leaf in self.place.names(CHUNKS):
            if not leaf.endswith(".npz") or leaf.startswith("."):
                continue
            name = f"{CHUNKS}/{leaf}"
            task = leaf.removesuffix(".npz").rpartition(".")[0]
            fault = self._chunk_fault(name) or (task in kept and "is a second result of the same task")
            if fault:
                self.set_aside(name, fault)
            else:
                kept[task] = name
        return kept

    def written(self) -> set[str]:
        """Tasks of which a chunk lies there, unverified: how far workers are."""
        return {leaf.removesuffix(".npz").rpartition(".")[0] for leaf in self.place.names(CHUNKS)}

    def _chunk_fault(self, name: str) -> str:
        if not is_file_of_run(name):
            return "is no name of a chunk"
        try:
            content = self.place.read(name, limit_of(name))
            if not _is_chunk(name, content):
                return "does not match its digest"
            check_npz(content)
        except OSError as error:
            return _told(error)
        except ValueError as error:
            return str(error)
        return ""

    def read_chunk(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of a kept chunk.

        Raises:
            OSError: if the file changed since it was listed.
        """
        content = self.place.read(name, limit_of(name))
        if not _is_chunk(name, content):
            raise OSError(f"{self.path / name}: changed while it was read; run the same command again")
        return read_npz(content)

    def write_json(self, name: str, value: Any) -> str:
        """Write a JSON file; returns its digest."""
        return self.write(name, json_bytes(value))

    def read_json(self, name: str, sums: Mapping[str, str]) -> Any:
        """A JSON file whose digest is on record, or ``None`` if it cannot be trusted."""
        try:
            content = self.place.read(name, limit_of(name))
            return read_json(content) if digest(content) == sums.get(name) else None
        except (OSError, ValueError):
            return None

    def read_arrays(self, sums: Mapping[str, str]) -> dict[str, np.ndarray] | None:
        """The final arrays, or ``None`` if they cannot be trusted."""
        try:
            content = self.place.read(ARRAYS, limit_of(ARRAYS))
            return read_npz(content) if digest(content) == sums.get(ARRAYS) else None
        except (OSError, ValueError):
            return None

    def identity(self, sums: Mapping[str, str]) -> dict[str, Any] | None:
        """Study, config and fingerprint of the run; ``None`` if ``config.json`` cannot be trusted.

        Args:
            sums: the digests on record; empty for an unfinished run, whose fingerprint alone vouches for it.
        """
        try:
            content = self.place.read(CONFIG, limit_of(CONFIG))
            if sums and digest(content) != sums.get(CONFIG):
                return None
            identity = read_json(content)
        except (OSError, ValueError):
            return None
        return identity if is_sound(identity) else None

    def ensure_config(self, identity: Mapping[str, Any]) -> str:
        """Make ``config.json`` say what this run is; returns its digest.

        A file of an earlier version, in which the study lay in another module, stays as it is.
        """
        content = json_bytes(identity)
        try:
            found = self.place.read(CONFIG, limit_of(CONFIG))
            if found == content or _is_of_earlier(found, identity):
                return digest(found)
            fault = "other"
        except FileNotFoundError:
            return self.write(CONFIG, content)
        except OSError as error:
            fault = _told(error)
        self.set_aside(CONFIG, "does not match the run's fingerprint" if fault == "other" else fault)
        return self.write(CONFIG, content)


def _is_of_earlier(content: bytes, identity: Mapping[str, Any]) -> bool:
    """Whether it is the same identity but for the module in which the study lay."""
    try:
        found = read_json(content)
    except ValueError:
        return False
    if not is_sound(found):
        return False
    return content == json_bytes(found) and found | {"entry": lasting_entry(found["entry"])} == identity


def limit_of(name: str) -> int:
    """Bytes that a file of a run may hold."""
    return _MOST.get(name, _MOST_ELSE)


def is_file_of_run(name: str) -> bool:
    """Whether a name is one that a run gives to a file that has a digest on record."""
    folder, _, leaf = name.rpartition("/")
    return name in REQUIRED or (folder in (CHUNKS, FIGURES) and is_plain_name(leaf))


def is_run(path: Path) -> bool:
    """Whether a folder, itself no link, holds a run, or what is left of one."""
    try:
        return any(map(Place(path).has, (LOCK, CONFIG, SUMS)))
    except (OSError, ValueError):
        return False


def is_sound(identity: Any) -> bool:
    """Whether a run's identity hashes to its own fingerprint, and its parts are of the kinds they should be."""
    kinds = {"study": str, "version": int, "config": dict, "inputs": dict, "fingerprint": str, "entry": str}
    if not isinstance(identity, dict) or set(identity) - {"source"} != set(kinds):
        return False
    if not all(isinstance(identity[key], kind) for key, kind in kinds.items()):
        return False
    if not isinstance(identity.get("source", {}), dict):
        return False
    return is_study_name(identity["study"]) and fingerprint_of(identity) == identity["fingerprint"]


def folder_name(identity: Mapping[str, Any]) -> str:
    """``<study>-<first 12 digits of the fingerprint>``."""
    return f"{identity['study']}-{identity['fingerprint'][:12]}"


def _is_chunk(name: str, content: bytes) -> bool:
    """Whether a chunk's name ends in its digest."""
    return digest(content)[:_CHUNK_DIGITS] == Path(name).stem.rpartition(".")[2]


def _sums_head(body: bytes) -> bytes:
    return f"# sha256 of the lines below: {digest(body)}".encode()


def _told(error: OSError) -> str:
    """What is wrong with a file, without its path."""
    return error.fault if isinstance(error, UnfitError) else f"cannot be read ({error.strerror or error})"
