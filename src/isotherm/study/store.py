"""A run's folder: what is in it, and which of it may be trusted.

Every file of a finished run stands with its SHA-256 in ``SHA256SUMS`` (``sha256sum -c SHA256SUMS`` agrees),
whose first line is the digest of the rest. That list is written last, so a run without it is unfinished.
Chunks carry their digest in their name: one rename makes both appear at once, and a killed run keeps exactly
its whole chunks. ``config.json`` is checked against the fingerprint that names the folder. What fails a check
is reported, moved to ``set-aside/``, and made again.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.study.config import fingerprint_of
from isotherm.study.files import digest, json_bytes, move_aside, npz_bytes, read_npz, write_atomic

CONFIG, METRICS, ARRAYS, RUN, REPORT, SUMS = (
    "config.json",
    "metrics.json",
    "arrays.npz",
    "run.json",
    "report.html",
    "SHA256SUMS",
)
CHUNKS, FIGURES, SET_ASIDE, LOCK = "chunks", "figures", "set-aside", ".lock"
REQUIRED = (CONFIG, METRICS, ARRAYS, RUN, REPORT)
_CHUNK_DIGITS = 16


def report_fault(message: str) -> None:
    """One line on standard error about a file that cannot be trusted."""
    print(f"warning: {message}", file=sys.stderr, flush=True)  # noqa: T201


@dataclass(frozen=True)
class RunFolder:
    """One run on disk. Reading never trusts a file whose digest is not on record.

    Attributes:
        path: the folder, ``<store>/<study>-<first 12 digits of the fingerprint>``.
    """

    path: Path

    @property
    def lock(self) -> Path:
        """The file whose lock a writer holds."""
        return self.path / LOCK

    def is_finished(self) -> bool:
        """Whether the run was ended, so that all its files have a digest on record."""
        return (self.path / SUMS).exists()

    def set_aside(self, name: str, fault: str) -> None:
        """Report a file and move it to ``set-aside/``, if there is something to move."""
        path = self.path / name
        if path.exists():
            kept = move_aside(path, self.path / SET_ASIDE).relative_to(self.path)
            fault = f"{fault}; moved to {kept}"
        report_fault(f"{self.path.name}/{name}: {fault}")

    def sums(self) -> dict[str, str] | None:
        """Digests by file name as recorded when the run ended; ``None`` if not there or not sound."""
        path = self.path / SUMS
        if not path.exists():
            return None
        head, _, body = path.read_bytes().partition(b"\n")
        if head != _sums_head(body):
            self.set_aside(SUMS, "does not match its digest")
            return None
        lines = body.decode().splitlines()
        return {name: value for value, _, name in (line.partition("  ") for line in lines)}

    def write_sums(self, sums: Mapping[str, str]) -> None:
        """Record the digests of all files; this ends the run."""
        body = "".join(f"{value}  {name}\n" for name, value in sorted(sums.items())).encode()
        write_atomic(self.path / SUMS, _sums_head(body) + b"\n" + body)

    def faults(self, sums: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with each recorded file that is missing or does not match its digest."""
        found = {name: "has no digest on record" for name in REQUIRED if name not in sums}
        for name, expected in sums.items():
            path = self.path / name
            if not path.is_file():
                found[name] = "is missing"
            elif digest(path.read_bytes()) != expected:
                found[name] = "does not match its digest"
        return found

    def write_chunk(self, task: str, arrays: Mapping[str, np.ndarray]) -> str:
        """Keep one task's arrays; returns the file's name relative to the run folder."""
        content = npz_bytes(arrays)
        name = f"{CHUNKS}/{task}.{digest(content)[:_CHUNK_DIGITS]}.npz"
        write_atomic(self.path / name, content)
        return name

    def chunks(self) -> dict[str, str]:
        """Kept chunks by task, digests verified; others are reported and set aside."""
        kept: dict[str, str] = {}
        for path in sorted((self.path / CHUNKS).glob("*.npz")):
            name = f"{CHUNKS}/{path.name}"
            task, _, expected = path.stem.rpartition(".")
            if digest(path.read_bytes())[:_CHUNK_DIGITS] != expected:
                self.set_aside(name, "does not match its digest")
            elif task in kept:
                self.set_aside(name, "is a second result of the same task")
            else:
                kept[task] = name
        return kept

    def read_chunk(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of a kept chunk.

        Raises:
            OSError: if the file changed since it was listed.
        """
        content = (self.path / name).read_bytes()
        if digest(content)[:_CHUNK_DIGITS] != Path(name).stem.rpartition(".")[2]:
            raise OSError(f"{self.path / name}: changed while it was read; run the same command again")
        return read_npz(content)

    def write_json(self, name: str, value: Any) -> str:
        """Write a JSON file; returns its digest."""
        return write_atomic(self.path / name, json_bytes(value))

    def read_json(self, name: str, sums: Mapping[str, str]) -> Any:
        """A JSON file whose digest is on record, or ``None`` if it cannot be trusted."""
        path = self.path / name
        if not path.is_file():
            return None
        content = path.read_bytes()
        return json.loads(content) if digest(content) == sums.get(name) else None

    def read_arrays(self, sums: Mapping[str, str]) -> dict[str, np.ndarray] | None:
        """The final arrays, or ``None`` if they cannot be trusted."""
        content = (self.path / ARRAYS).read_bytes()
        return read_npz(content) if digest(content) == sums.get(ARRAYS) else None

    def identity(self, sums: Mapping[str, str]) -> dict[str, Any] | None:
        """Study, config and fingerprint of the run; ``None`` if ``config.json`` cannot be trusted.

        Args:
            sums: the digests on record; empty for an unfinished run, whose fingerprint alone vouches for it.
        """
        path = self.path / CONFIG
        content = path.read_bytes() if path.is_file() else b""
        if sums and digest(content) != sums.get(CONFIG):
            return None
        try:
            identity = json.loads(content)
        except ValueError:
            return None
        return identity if is_sound(identity) and self.path.name == folder_name(identity) else None

    def ensure_config(self, identity: Mapping[str, Any]) -> str:
        """Make ``config.json`` say what this run is; returns its digest."""
        content = json_bytes(identity)
        path = self.path / CONFIG
        if path.exists() and path.read_bytes() != content:
            self.set_aside(CONFIG, "does not match the run's fingerprint")
        if not path.exists():
            write_atomic(path, content)
        return digest(content)


def is_run(path: Path) -> bool:
    """Whether a folder holds a run, or what is left of one."""
    return any((path / name).exists() for name in (LOCK, CONFIG, SUMS))


def is_sound(identity: Any) -> bool:
    """Whether a run's identity hashes to its own fingerprint."""
    keys = {"study", "version", "config", "inputs", "fingerprint", "entry"}
    if not isinstance(identity, dict) or set(identity) - {"source"} != keys:
        return False
    return fingerprint_of(identity) == identity["fingerprint"]


def folder_name(identity: Mapping[str, Any]) -> str:
    """``<study>-<first 12 digits of the fingerprint>``."""
    return f"{identity['study']}-{identity['fingerprint'][:12]}"


def _sums_head(body: bytes) -> bytes:
    return f"# sha256 of the lines below: {digest(body)}".encode()
