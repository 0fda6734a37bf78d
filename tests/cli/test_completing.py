"""What the shell is offered after TAB."""

import subprocess
import sys
from pathlib import Path

import pytest

from isotherm.cli.main import main


def offered(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str = "bash"
) -> list[str]:
    """What TAB at the end of the line offers, as Bash gets it: words in lines, a ``=`` a word of its own."""
    words = line.split(" ")
    monkeypatch.setenv("_ISOTHERM_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


@pytest.mark.parametrize(
    ("line", "among", "not_among"),
    [
        ("isotherm ", {"run", "infer", "backtest", "data"}, {"routing", "--help"}),
        ("isotherm wa", {"walk-forward"}, {"run"}),
        ("isotherm run rou", {"routing", "routing-replay"}, {"tilt"}),
        ("isotherm run routing --preset ", {"smoke", "published"}, {"routing"}),
        ("isotherm run routing --preset sm", {"smoke"}, {"published"}),
        ("isotherm run routing --num-r", {"--num-runs"}, {"--num-steps"}),
        ("isotherm run routing --pre", {"--preset"}, {"--num-runs"}),
        ("isotherm run routing --joint-inference ", {"auto", "exact", "local"}, {"smoke"}),
        ("isotherm run routing --joint-inference = e", {"exact"}, {"auto"}),
        ("isotherm backtest --fe", {"--fees"}, {"--num-runs"}),
        ("isotherm run routing --device ", {"auto", "cpu", "gpu"}, set()),
        ("isotherm video xy-m", {"xy-massive"}, {"xy"}),
        ("isotherm video mandelbrot-zoom --fi", {"--film"}, {"--frames"}),
        ("isotherm video ising --si", {"--size"}, {"--film"}),
        ("isotherm picture ising-c", {"ising-critical"}, {"xy"}),
        ("isotherm picture xy --overlay ", {"vortices", "arrows"}, set()),
        ("isotherm data ", {"check", "fill", "resample"}, {"run"}),
    ],
)
def test_tab_offers_what_fits(
    line: str,
    among: set[str],
    not_among: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = set(offered(line, monkeypatch, capsys))
    assert among <= found
    assert not not_among & found


def test_tab_offers_runs_of_the_store_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("coins-0123456789ab", "tilt-0123456789ab"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert offered("isotherm show co", monkeypatch, capsys) == ["coins-0123456789ab"]
    assert offered("isotherm compare coins-0123456789ab t", monkeypatch, capsys) == ["tilt-0123456789ab"]
    assert offered("isotherm show --out elsewhere ", monkeypatch, capsys) in ([], [""])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_study_of_the_users_own_is_not_imported_for_a_tab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine_tab.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    assert "--preset" in offered("isotherm run mine_tab:Coins --", monkeypatch, capsys)
    assert "mine_tab" not in sys.modules


def test_fish_is_told_what_each_means(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    (line,) = offered("isotherm run routing --num-run", monkeypatch, capsys, "fish")
    flag, _, about = line.partition("\t")
    assert flag == "--num-runs"
    assert "Independent runs" in about


def test_tab_imports_nothing_heavy() -> None:
    check = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('heavy', sorted({'jax', 'matplotlib', 'polars'} & set(sys.modules))))\n"
        "from isotherm.cli.main import main\nmain([])"
    )
    for words in (["isotherm", "run", ""], ["isotherm", "run", "ising", "--"], ["isotherm", "video", ""]):
        done = subprocess.run(
            [sys.executable, "-c", check],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": "",
                "PYTHONPATH": ":".join(sys.path),
                "_ISOTHERM_COMPLETE": "complete_bash",
                "COMP_WORDS": "\n".join(words),
                "COMP_CWORD": str(len(words) - 1),
            },
        )
        assert done.stdout.splitlines()[-1] == "heavy []", done.stderr
        assert len(done.stdout.splitlines()) > 5


def test_completion_is_installed_for_a_shell(tmp_path: Path) -> None:
    script = f"exec {sys.executable} -m isotherm --show-completion"
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}; true"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "HOME": str(tmp_path), "_ISOTHERM_COMPLETE": "source_bash"},
    )
    assert "complete -o default -F _isotherm_completion isotherm" in done.stdout, done.stderr
