"""Nothing opens a network connection: not by what is written, nor by what is seen when it runs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "isotherm"

NETWORK = {
    "aiohttp", "asyncio", "ftplib", "http", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket",
    "socketserver", "ssl", "telnetlib", "urllib", "urllib3", "webbrowser", "websockets", "xmlrpc",
}  # fmt: skip

ALLOWED = {"cli/open.py": {"webbrowser"}, "study/store/lock.py": {"socket"}}
"""What a file may import all the same: the browser shows a report from the disk; a lock tells its machine's name."""

HOOK = """
import os, sys
def told(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"):
        if not isinstance(arguments[-1], (str, bytes)) or event.startswith("socket.get"):
            with open(os.environ["CONNECTIONS"], "a") as file:
                print(event, arguments[1:], file=file)
sys.addaudithook(told)
"""
"""For each process that starts: addresses of local pipes are texts, those of the network are tuples."""


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}


def test_no_file_imports_what_connects() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 300
    found = {path.relative_to(SOURCE).as_posix(): imported(path) & NETWORK for path in files}
    assert {name: used for name, used in found.items() if used - ALLOWED.get(name, set())} == {}


def run(folder: Path, *command: str) -> list[str]:
    """What connected while a command ran, in whatever process."""
    (folder / "sitecustomize.py").write_text(HOOK)
    seen = folder / "connections"
    seen.unlink(missing_ok=True)
    paths = f"{folder}{os.pathsep}{ROOT / 'src'}"
    environment = os.environ | {"PYTHONPATH": paths, "CONNECTIONS": str(seen)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return seen.read_text().splitlines() if seen.exists() else []


def test_a_connection_is_seen(tmp_path: Path) -> None:
    code = (
        "import socket\ns = socket.socket()\ntry:\n    s.connect(('127.0.0.1', 9))\nexcept OSError:\n    pass"
    )
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    assert run(tmp_path, sys.executable, "-c", inner) == ["socket.connect (('127.0.0.1', 9),)"]


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("run", "tilt", "--preset", "smoke", "--workers", "2", "--out", "runs"),
        ("picture", "--list"),
        ("infer", "three.uai", "--method", "gibbs"),
    ],
)
def test_nothing_connects_while_verbs_run(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "three.uai").write_text("MARKOV\n2\n2 2\n1\n2 0 1\n\n4\n1 2 2 1\n")
    assert run(tmp_path, sys.executable, "-m", "isotherm", *words) == []
