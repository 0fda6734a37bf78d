"""Reports opened, runs deleted."""

import json
import sys
import webbrowser
from pathlib import Path

import pytest
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.cli.main import main
from isotherm.study.run.archive import list_runs
from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import run
from isotherm.study.store.lock import hold


def made(store: Path, seed: int = 0) -> Path:
    config = CoinsConfig(runs=2, tosses=3, seed=seed)
    return run(Coins(), config, store, pool=Pool(1), is_quiet=True).path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was asked for."""
    found: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not found.append(url))
    monkeypatch.setenv("DISPLAY", ":0")
    return found


def test_a_report_is_opened(tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path / "a store")
    assert main(["open", "coins", f"--out={path.parent}"]) == 0
    assert opened == [(path / "report.html").as_uri()]
    assert "a%20store" in opened[0]
    printed = capsys.readouterr()
    assert printed.out == f"{path / 'report.html'}\n"
    assert printed.err == ""


def test_without_a_screen_the_path_is_printed(
    tmp_path: Path,
    opened: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    path = made(tmp_path)
    assert main(["open", str(path)]) == 0
    assert opened == []
    printed = capsys.readouterr()
    assert printed.out == f"{path / 'report.html'}\n"
    assert printed.err.startswith("note: no browser was found")


def test_a_run_without_a_report_is_refused(
    tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = made(tmp_path)
    (path / "report.html").unlink()
    assert main(["open", path.name, f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err.startswith(f"error: RUN = {path.name!r}: has no report yet")
    (path / "report.html").symlink_to("/etc/passwd")
    assert main(["open", path.name, f"--out={tmp_path}"]) == 2
    assert opened == []


def test_runs_are_deleted_with_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = made(tmp_path), made(tmp_path, seed=1)
    size = sum(file.stat().st_size for file in first.rglob("*") if file.is_file())
    assert main(["rm", first.name, "--yes", "--json", f"--out={tmp_path}"]) == 0
    (gone,) = json.loads(capsys.readouterr().out)["removed"]
    assert gone["path"] == str(first)
    assert abs(gone["bytes"] - size) < 200  # the lock says who holds it
    assert not first.exists()
    assert [row.id for row in list_runs(tmp_path)] == [second.name]
    again = run(Coins(), CoinsConfig(runs=2, tosses=3), tmp_path, pool=Pool(1), is_quiet=True)
    assert not again.is_again


def test_nothing_is_deleted_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path)
    assert main(["rm", path.name, f"--out={tmp_path}"]) == 2
    assert "only with --yes" in capsys.readouterr().err
    assert path.exists()


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_it_asks_first(
    answer: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = made(tmp_path)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []

    def confirm(question: str, err: bool) -> bool:
        asked.append(question)
        return answer == "y"

    monkeypatch.setattr("typer.confirm", confirm)
    assert main(["rm", "coins", f"--out={tmp_path}"]) == code
    assert path.name in asked[0]
    assert path.exists() is bool(code)


def test_a_running_one_is_refused_and_so_are_those_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = made(tmp_path), made(tmp_path, seed=1)
    with hold(second / ".lock"):
        assert main(["rm", first.name, second.name, "--yes", f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err == f"error: RUN = {second.name!r}: is still running; end it first\n"
    assert first.exists()
    assert second.exists()


def test_what_is_no_run_is_not_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("mine", str(tmp_path / "mine"), str(tmp_path), "earlier", ""):
        assert main(["rm", name, "--yes", f"--out={tmp_path}"]) == 2
    assert (tmp_path / "mine").exists()


def test_links_in_a_run_are_deleted_and_not_followed(tmp_path: Path) -> None:
    path = made(tmp_path / "store")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x" * 10_000_000)
    (path / "chunks" / "link").symlink_to(tmp_path / "precious")
    assert main(["rm", path.name, "--yes", f"--out={tmp_path / 'store'}"]) == 0
    assert (tmp_path / "precious" / "file").exists()
    assert not path.exists()
