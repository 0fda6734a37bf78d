import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.shell import COINS, isotherm

from isotherm.cli.main import main
from isotherm.study.run.executor import Pool


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two finished runs."""
    out = tmp_path_factory.mktemp("store")
    for seed in (0, 1):
        code, printed, _ = isotherm("run", COINS, f"--seed={seed}", "--out", str(out), "--preset", "smoke")
        assert code == 0
        assert "coin 2" in printed
        assert printed.splitlines()[-1].startswith("report: ")
    return out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run", COINS, "--seed=-1"], "seed = -1: should be greater than or equal to 0"),
        (["run", COINS, "--seed", "x"], "seed = 'x': should be a valid integer"),
        (["run", COINS, "--seed"], "seed: needs a value, as in --seed=0"),
        (["run", COINS, "--biases=0.5,2"], "biases.1 = 2.0: should be less than or equal to 1"),
        (["run", COINS, "--lamp.watts=0"], "lamp.watts = 0: should be greater than or equal to 1"),
        (["run", COINS, "--tosess=3"], "flag = '--tosess': is no setting here; did you mean"),
        (
            ["run", COINS, "--preset=smoky"],
            "preset = 'smoky': is not a preset of coins; did you mean",
        ),
        (["run", COINS, "--preset"], "Option '--preset' requires an argument."),
        (["run", COINS, "--config=/nowhere.toml"], "config = '/nowhere.toml': cannot be read: No such file"),
        (["run", COINS, "--out=/proc/no"], "out = '/proc/no': cannot be made"),
        (["run", COINS, "--workers=0"], "workers = '0': should be auto or a whole number, at least 1"),
        (["run", COINS, "--device=tpu"], "device = 'tpu': should be one of auto, cpu, gpu"),
        (["run", COINS, "--table=/nowhere"], "table = '/nowhere': cannot be read: No such file or directory"),
        (["run", "routin"], "STUDY = 'routin': is not a study; did you mean 'routing'?"),
        (["run", "nowhere:Study"], "STUDY = 'nowhere:Study': cannot be imported: No module named 'nowhere'"),
        (
            ["run", "json:JSONDecoder"],
            "STUDY = 'json:JSONDecoder': is not a subclass of",
        ),
        (["run", "--json"], "Missing argument 'STUDY', as in: isotherm run STUDY [--preset NAME]"),
        (
            ["run", COINS, "--presett=smoke"],
            "flag = '--presett': is no setting here; did you mean '--preset'?",
        ),
        (["video", "isng"], "NAME = 'isng': is no model and no video; did you mean 'ising'?"),
        (["video", "ising", "--szie=8"], "flag = '--szie': is no setting here; did you mean '--size'?"),
        (["picture", "xyy"], "NAME = 'xyy': is no picture; did you mean 'xy'?"),
        (["run", "--seed=3", COINS], "STUDY: comes first"),
        (["rnu"], "no verb 'rnu'; did you mean 'run'?"),
        (["bcktest"], "no verb 'bcktest'; did you mean 'backtest'?"),
        (["zzz"], "no verb 'zzz'; known: list, run, "),
        (["runs", "--nonsense"], "No such option: --nonsense"),
        (
            ["show", "nothing", "--out=/nowhere"],
            "out = '/nowhere': should be a store of runs; there is no such",
        ),
        (["compare", "one"], "Missing argument 'RUN', as in: isotherm compare RUN RUN"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (told,) = printed.err.splitlines()
    assert told.startswith(f"error: {line}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(Pool(device="gpu").uses_gpu(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", COINS, "--device=gpu", f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err.startswith("error: device = 'gpu': no NVIDIA GPU")


def test_a_bad_file_of_settings_is_refused_like_flags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    for content, line in [
        ("tosses = 1.5", "tosses = 1.5: should be a valid integer"),
        ("tosess = 1", "tosess = 1: is not a field of CoinsConfig; did you mean 'tosses'?"),
        ("tosses =", f"config = '{file}': is not valid TOML: Invalid value (at end of document)"),
    ]:
        file.write_text(content)
        assert main(["run", COINS, f"--config={file}"]) == 2
        assert capsys.readouterr().err == f"error: {line}\n"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    for words, parts in [
        (["--help"], ["isotherm run routing", "--field=value", "Exit codes: 0 done", "compare"]),
        (["run", "--help"], ["--preset", "--workers", "module:Class"]),
        (
            ["run", COINS, "--help"],
            ["--lamp.watts", "at most 100", "Tosses a coin.", "smoke: runs", "Examples"],
        ),
        (["--version"], ["isotherm 0"]),
    ]:
        assert main(words) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        for part in parts:
            assert part in printed.out


def test_help_and_refusals_import_nothing_heavy() -> None:
    for words in (["--help"], ["run", COINS, "--help"], ["run", COINS, "--seed=-1"]):
        check = (
            "import sys; from isotherm.cli.main import main; main(sys.argv[1:]);"
            "heavy = {'jax', 'matplotlib', 'polars'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", check, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_json_is_one_object_and_nothing_else(store: Path) -> None:
    code, out, _ = isotherm("run", COINS, "--preset=smoke", "--json", "--out", str(store))
    assert code == 0
    found = json.loads(out)
    when = ["computed", "seconds", "shown_again"]
    assert list(found) == ["study", "fingerprint", "path", *when, "config", "metrics"]
    assert found["shown_again"] is True
    assert (found["study"], found["config"]["runs"]) == ("coins", 4)
    assert Path(found["path"]).name == f"coins-{found['fingerprint'][:12]}"
    assert set(found["metrics"]["mean"][0]) == {"mean", "se", "n"}


def test_a_fresh_run_is_pure_json_too(tmp_path: Path) -> None:
    code, out, err = isotherm(
        "run", COINS, "--preset=smoke", "--json", "--out", str(tmp_path), "--biases=0.5"
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["config"]["biases"] == [0.5]
    assert len(out.splitlines()) == 1


def test_runs_are_listed_shown_and_compared(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = f"--out={store}"
    assert main(["runs", out, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [run["status"] for run in listed] == ["complete", "complete"]
    assert {run["preset"] for run in listed} == {"smoke"}
    first, second = (run["id"] for run in listed)
    assert main(["show", first, out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == listed[0]["path"]
    assert main(["compare", first, second, out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["config"]) == {"seed"}
    assert "in_se" in found["metrics"]["mean.0"]
    for words in (["runs"], ["show", "coins"], ["compare", first, second]):
        assert main([*words, out]) == 0
        assert first[:8] in capsys.readouterr().out
