"""What `isotherm doctor` finds, and what it says where something is wrong."""

import json
import sys
from pathlib import Path

import pytest

from isotherm.cli import health
from isotherm.cli.main import main
from isotherm.files import programs


def test_all_is_told_in_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", f"--out={tmp_path}"])
    printed = capsys.readouterr()
    names = [line.split()[1] for line in printed.out.splitlines()]
    assert names == ["versions", "packages", "cores", "store", "cache", "devices", "codecs"]
    assert code == int("wrong" in {line.split()[0] for line in printed.out.splitlines()})
    assert str(tmp_path) in printed.out
    assert "cpu" in printed.out or "cuda" in printed.out
    assert "h264, h265, vp9, gif" in printed.out
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_ends_with_exit_code_1_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "devices", lambda: health.Checkup("devices", True, "cpu"))
    assert main(["doctor", "--out=/proc/here", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    bad = {one["name"]: one for one in found["checks"] if not one["is_good"]}
    assert found["is_good"] is False
    assert list(bad) == ["store"]
    assert "/proc/here" in bad["store"]["found"]
    assert "--out" in bad["store"]["mend"]


def test_packages_that_lack_or_are_old_are_named() -> None:
    assert health.packages(["numpy>=1.0", "scipy >= 1.0.0", "blackjax>=99; extra == 'agents'"]).is_good
    bad = health.packages(["numpy>=1.0", "scipy>=99.2", "nowhere>=3.0"])
    assert not bad.is_good
    assert bad.found.startswith("scipy 1.")
    assert bad.found.endswith("nowhere is missing")
    assert bad.mend == 'pip install "scipy>=99.2" "nowhere>=3.0"'


def test_a_version_is_not_old_for_want_of_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, least, is_good in [
        ("2.0", "2.0.0", True),
        ("2", "2.0", True),
        ("2.0.dev3", "2.0", True),
        ("1.30", "1.4", True),
        ("1.9.9", "1.10", False),
    ]:
        monkeypatch.setattr(health.metadata, "version", lambda name, there=there: there)
        assert health.packages([f"x>={least}"]).is_good is is_good, (there, least)


def test_a_container_with_less_time_than_cores_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(health.os, "sched_getaffinity", lambda pid: set(range(8)))
    for quota, is_good in [(2.0, False), (8.0, True), (None, True)]:
        monkeypatch.setattr(health, "_quota", lambda quota=quota: quota)
        assert health.cores().is_good is is_good
    monkeypatch.setattr(health, "_quota", lambda: 2.0)
    assert "--workers 2" in health.cores().mend


def test_the_quota_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "cpu.max"
    for text, quota in [("150000 100000\n", 1.5), ("max 100000\n", None)]:
        file.write_text(text)
        assert health._quota(file) == quota
    assert health._quota(tmp_path / "none") is None


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = type("Usage", (), {"free": 5e8})
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: usage)
    found = health.writable(tmp_path / "not" / "there")
    assert not found.is_good
    assert "0.5 GB free" in found.found
    assert f"to be made in {tmp_path}" in found.found


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('no jaxlib here')", "no jaxlib here"),
        ("import os; os.abort()", "exit code -6"),
        ("print('nothing')", "tells none"),
        ("", "tells none"),
    ],
)
def test_a_jax_that_does_not_start_is_told(code: str, told: str) -> None:
    found = health.devices((sys.executable, "-c", code))
    assert not found.is_good
    assert told in found.found
    assert "pip install" in found.mend


def test_devices_are_named_by_kind() -> None:
    code = 'print(\'[["gpu", "NVIDIA H200"], ["cpu", "cpu"]]\')'
    assert health.devices((sys.executable, "-c", code)) == ("devices", True, "NVIDIA H200 (gpu), cpu", "")


def test_a_codec_that_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not health._has_encoder("no-such-encoder")
    monkeypatch.setattr(health, "_has_encoder", lambda name: name != "libx264")
    found = health.codecs()
    assert (found.is_good, found.found) == (False, "videos cannot be h264")
    assert "--codec=h265" in found.mend


def test_where_compiled_programs_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setattr(programs, "probe", lambda folder: None)
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path / "kept"))
    assert health.compiled_programs().found == f"{tmp_path / 'kept'}: 0 programs, 0 MB"
    threads = programs.threads_folder(tmp_path / "kept" / programs.machine_key(), 1)
    threads.mkdir()
    (threads / "one-cache").write_bytes(b"x" * 3_000_000)
    assert health.compiled_programs().found.endswith(": 1 programs, 3 MB")
    monkeypatch.setenv(programs.VARIABLE, "off")
    assert "=off" in health.compiled_programs().found
    monkeypatch.setenv(programs.VARIABLE, "/proc/no")
    found = health.compiled_programs()
    assert not found.is_good
    assert "/proc/no" in found.found
    assert f"{programs.VARIABLE}=PATH" in found.mend
    monkeypatch.setattr(programs, "probe", lambda folder: "what was written was not found again")
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path / "other"))
    assert "was not found again" in health.compiled_programs().found
