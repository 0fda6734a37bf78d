"""Run folders as somebody else might send them. Each function harms a finished run of coins, digests forged where
that makes it more believable; ``outside`` is a folder of the user's that nothing may touch."""

import hashlib
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.study.store.folder import SUMS

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp"
SCRIPT = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"' onload=x ]]>-->"
Harm = Callable[[Path, Path], None]


def sign(folder: Path, extra: str = "") -> None:
    """Write SHA256SUMS anew for what lies in the folder, with more lines if wanted."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    named = {str(path.relative_to(folder)): path for path in files}
    kept = {name: path for name, path in named.items() if not name.startswith((".", SUMS, "set-aside"))}
    lines = "".join(f"{_sha(path.read_bytes())}  {name}\n" for name, path in sorted(kept.items()))
    body = (lines + extra).encode()
    (folder / SUMS).write_bytes(f"# sha256 of the lines below: {_sha(body)}\n".encode() + body)


def rewrite(folder: Path, file: str, change: Callable[[Any], object]) -> None:
    """Change a JSON file in place, and sign the folder."""
    value = json.loads((folder / file).read_text())
    changed = change(value)
    (folder / file).write_text(json.dumps(value if changed is None else changed))
    sign(folder)


def names_in_sums(name: str) -> Harm:
    def harm(folder: Path, outside: Path) -> None:
        sign(folder, f"{'0' * 64}  {name.replace('OUTSIDE', str(outside))}\n")

    return harm


def replaced(name: str, by: str) -> Harm:
    """Something else in the place of a file or folder."""

    def harm(folder: Path, outside: Path) -> None:
        path = next(folder.glob(name), folder / name)
        is_folder = path.is_dir()
        if path.exists():
            path.rename(outside.parent / "gone")
        if by == "link":
            path.symlink_to(outside if is_folder or name == "set-aside" else outside / "id_rsa")
        elif by == "hard link":
            os.link(outside / "id_rsa", path)
        elif by == "folder":
            path.mkdir()
        elif by == "file":
            path.write_text("in the way")
        elif by == "pipe":
            os.mkfifo(path)
        elif by == "loop":
            path.symlink_to(path.name)
        elif by == "device":
            path.symlink_to("/dev/zero")
        elif by == "huge":
            path.touch()
            os.truncate(path, 1 << 42)

    return harm


def text_in(file: str, text: str) -> Harm:
    def harm(folder: Path, outside: Path) -> None:
        (folder / file).write_text(text)
        sign(folder)

    return harm


def changed(file: str, change: Callable[[Any], object]) -> Harm:
    def harm(folder: Path, outside: Path) -> None:
        rewrite(folder, file, change)

    return harm


def chunk_of(content: Callable[[], bytes]) -> Harm:
    """A chunk whose name holds the digest of its contents, in an unfinished run."""

    def harm(folder: Path, outside: Path) -> None:
        (folder / SUMS).unlink()
        for path in folder.glob("chunks/coin-0.*"):
            path.unlink()
        made = content()
        (folder / "chunks" / f"coin-0.{_sha(made)[:16]}.npz").write_bytes(made)

    return harm


def archive_of(member: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("means.npy", member)
    return buffer.getvalue()


def array_of(header: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + bytes(64)


def sql(*statements: str) -> Harm:
    def harm(folder: Path, outside: Path) -> None:
        connection = sqlite3.connect(folder.parent / "catalog.sqlite")
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return harm


def in_store(name: str, by: str) -> Harm:
    def harm(folder: Path, outside: Path) -> None:
        replaced(name, by)(folder.parent, outside)

    return harm


def unfinished(harm: Harm) -> Harm:
    def both(folder: Path, outside: Path) -> None:
        (folder / SUMS).unlink()
        harm(folder, outside)

    return both


def a_link_itself(folder: Path, outside: Path) -> None:
    folder.rename(outside / "moved")
    folder.symlink_to(outside / "moved")


BOMB = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
OBJECTS = {"descr": "|O", "fortran_order": False, "shape": (8,)}
_DEEP = "[" * 100_000 + "]" * 100_000
_FILES = ("config.json", "metrics.json", "arrays.npz", "run.json", "report.html", SUMS, "chunks/coin-1.*.npz")
_FOLDERS = ("chunks", "figures", "set-aside")

HARMS: dict[str, Harm] = {
    **{
        f"sums: {name}": names_in_sums(name)
        for name in (
            "../outside/id_rsa",
            "OUTSIDE/id_rsa",
            "chunks/../../outside/id_rsa",
            ".lock",
            "set-aside/x",
        )
    },
    "sums: escape": names_in_sums(f"figures/{ESCAPE}"),
    **{f"{name}: {by}": replaced(name, by) for name in _FILES for by in ("link", "folder", "pipe", "huge")},
    **{f"{name}: {by}": replaced(name, by) for name in _FOLDERS for by in ("link", "file", "pipe")},
    **{
        f".lock: {by}": replaced(".lock", by)
        for by in ("link", "hard link", "folder", "pipe", "loop", "huge")
    },
    **{f"failure.txt: {by}": unfinished(replaced("failure.txt", by)) for by in ("link", "folder", "pipe")},
    **{
        f"unfinished, {name}: {by}": unfinished(replaced(name, by))
        for name in ("run.json", "report.html")
        for by in ("link", "folder")
    },
    "metrics.json: device": replaced("metrics.json", "device"),
    "config.json: loop": replaced("config.json", "loop"),
    **{f"{file}: deep": text_in(file, _DEEP) for file in ("config.json", "metrics.json", "run.json")},
    "config.json: deep objects": text_in("config.json", '{"config":' * 5000 + "1" + "}" * 5000),
    **{
        f"metrics.json: {text[:12]}": text_in("metrics.json", text)
        for text in ("[]", "null", '{"mean": NaN}', '{"tosses": ' + "9" * 400 + "}", '{"\\ud800": 1}', "\xff")
    },
    "metrics.json: other keys": changed("metrics.json", lambda metrics: metrics.pop("mean")),
    "metrics.json: estimates of texts": changed(
        "metrics.json", lambda metrics: metrics.update(mean=[{"mean": ESCAPE, "se": SCRIPT, "n": []}] * 3)
    ),
    "metrics.json: names": changed("metrics.json", lambda metrics: metrics.update({ESCAPE: 1.0, SCRIPT: 2})),
    "run.json: texts": changed(
        "run.json",
        lambda facts: facts.update(preset=ESCAPE + SCRIPT, headline=ESCAPE + SCRIPT, finished=SCRIPT),
    ),
    "run.json: kinds": changed(
        "run.json", lambda facts: facts.update(seconds="ages", versions=[1], preset=7)
    ),
    "run.json: endless": changed("run.json", lambda facts: facts.update(seconds=-1e300)),
    "run.json: no facts": changed("run.json", lambda facts: []),
    "config.json: entry": changed("config.json", lambda identity: identity.update(entry="trap:Trap")),
    "config.json: entry to shell": changed(
        "config.json", lambda one: one.update(entry=f"a:b; rm -rf {ESCAPE}")
    ),
    "config.json: kinds": changed("config.json", lambda identity: identity.update(study=["x"], config=7)),
    "config.json: self": changed("config.json", lambda identity: identity["config"].update(self=1)),
    "chunk: bomb": chunk_of(lambda: archive_of(array_of(BOMB))),
    "chunk: objects": chunk_of(lambda: archive_of(array_of(OBJECTS))),
    "chunk: compressed": chunk_of(lambda: archive_of(bytes(1 << 24), zipfile.ZIP_DEFLATED)),
    "chunk: no archive": chunk_of(lambda: b"PK\x03\x04 and no more"),
    "the folder: link": a_link_itself,
    "catalog: trigger": sql(
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN UPDATE runs SET headline = 'x'; END"
    ),
    "catalog: view": sql("ALTER TABLE runs RENAME TO hidden", "CREATE VIEW runs AS SELECT * FROM hidden"),
    "catalog: another table": sql("CREATE TABLE others (x)"),
    "catalog: id": sql("UPDATE runs SET id = '../outside'"),
    "catalog: blob": sql("UPDATE runs SET headline = x'00ff'"),
    "catalog: endless": sql("UPDATE runs SET seconds = 9e999"),
    **{
        f"{name}: {by}": in_store(name, by)
        for name in ("catalog.sqlite", ".catalog.lock")
        for by in ("link", "folder", "pipe", "huge")
    },
    ".catalog.lock: hard link": in_store(".catalog.lock", "hard link"),
    **{
        f"catalog.sqlite{side}: link": in_store(f"catalog.sqlite{side}", "link")
        for side in ("-journal", "-wal")
    },
}


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
