"""Compiled programs on disk: found again by other processes, the same bits, and looked after."""

import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from tests.support.shell import Isotherm

from isotherm.files import programs
from isotherm.files.content import read_npz

_COMPUTE = """
import sys
from isotherm.files.programs import keep_programs
print(keep_programs())
import jax
events = []
jax.monitoring.register_event_listener(lambda event, **others: events.append(event))
import jax.numpy as jnp
x = jax.jit(lambda x: jnp.tanh(x @ x.T).sum(0))(jnp.linspace(0, 1, 49).reshape(7, 7))
print(events.count("/jax/compilation_cache/cache_hits"), x.tobytes().hex())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a process whose programs go into a folder of the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    return kept | {programs.VARIABLE: str(tmp_path / "kept")}


def computed(environment: dict[str, str]) -> list[str]:
    """What a fresh process says: why nothing is kept; how much it found; its result, byte by byte."""
    words = [sys.executable, "-c", _COMPUTE]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n", 1)[0].split("\t") + done.stdout.split("\n", 1)[1].split()


def test_a_second_process_finds_what_the_first_compiled_and_computes_the_same_bits(
    environment: dict[str, str], tmp_path: Path
) -> None:
    first, second = computed(environment), computed(environment)
    assert first[:2] == ["None", "0"]
    assert second[0] == "None"
    assert int(second[1]) > 0
    without = computed(environment | {programs.VARIABLE: "off"})
    assert first[2] == second[2] == without[2]
    assert without[1] == "0"
    (folder,) = (tmp_path / "kept").iterdir()
    assert folder.name == programs.machine_key()
    assert folder.stat().st_mode & 0o077 == 0
    assert json.loads((folder / "probe.json").read_text()) == {"fault": None}
    for path in folder.glob("threads-*/*-cache"):  # as a killed process leaves them
        path.write_bytes(path.read_bytes()[:-7])
    assert computed(environment)[1:] == ["0", first[2]]
    assert int(computed(environment)[1]) > 0


def test_a_study_has_the_same_bytes_with_and_without(environment: dict[str, str], tmp_path: Path) -> None:
    found = []
    for name, told in (("off", "off"), ("new", str(tmp_path / "kept")), ("again", str(tmp_path / "kept"))):
        words = ["run", "sampler-check", "--preset", "smoke", "--workers", "1", "--out", str(tmp_path / name)]
        code, _, err = Isotherm(*words, environment=environment | {programs.VARIABLE: told}).finish(120.0)
        assert code == 0, err
        (folder,) = (tmp_path / name).glob("sampler-check-*")
        arrays = read_npz((folder / "arrays.npz").read_bytes())
        found.append({key: value.tobytes() for key, value in arrays.items() if not key.endswith("/seconds")})
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 20
    assert list((tmp_path / "kept").glob("*/threads-1/*-cache")), "workers compute with one thread"


@pytest.mark.parametrize("name", [programs.VARIABLE, "JAX_COMPILATION_CACHE_DIR"])
def test_off_and_a_folder_of_the_user_change_nothing(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setenv(name, "off")
    before = dict(os.environ)
    assert programs.keep_programs() is None
    assert dict(os.environ) == before
    assert not (tmp_path / "kept").exists()


def test_a_trial_that_fails_is_told_once_and_nothing_is_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path))
    monkeypatch.setattr(programs, "_PROBE", "import sys; sys.exit('no such luck')")
    line = programs.keep_programs()
    assert line is not None
    assert line.startswith("compiled programs are not kept, a trial failed: no such luck; ")
    assert "ISOTHERM_COMPILATION_CACHE=off" in line
    assert programs.keep_programs() is None
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("print(1)", None),
        ("print(0)", "what was written in a trial was not found again"),
        ("", "what was written in a trial was not found again"),
        (
            "import os, sys; p = os.environ['JAX_COMPILATION_CACHE_DIR'] + '/x'; print(1)\n"
            "print('usual', file=sys.stderr)\n"
            "print('other machine', file=sys.stderr) if os.path.exists(p) else open(p, 'w').close()",
            "a trial was not without complaint: other machine",
        ),
        ("import sys; print('usual', file=sys.stderr); print(2)", None),
        ("import time; time.sleep(9)", "a trial took more than 0.5 s"),
    ],
)
def test_trials(script: str, fault: str | None, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(programs, "_PROBE", script)
    if "sleep" in script:
        monkeypatch.setattr(programs, "_PROBE_S", 0.5)
    assert programs.probe(tmp_path) == fault
    assert list(tmp_path.iterdir()) == []


def test_folders_that_others_may_write_into_are_not_used(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path))
    folder = tmp_path / programs.machine_key()
    folder.mkdir()
    folder.chmod(0o777)
    assert "others may write there" in (programs.keep_programs() or "")
    folder.chmod(0o700)
    tmp_path.chmod(0o777)
    assert f"{tmp_path}: others may write there" in (programs.keep_programs() or "")
    tmp_path.chmod(0o700)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path / "file"))
    assert "file" in (programs.keep_programs() or "")
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_without_a_home_nothing_is_kept_and_nothing_told(monkeypatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv(programs.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def nowhere(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nowhere)
    assert programs.keep_programs() is None
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_a_folder_that_cannot_be_made_is_told_where_it_was_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv(programs.VARIABLE)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert programs.keep_programs() is None
    monkeypatch.setenv(programs.VARIABLE, str(tmp_path / "file"))
    assert "file" in (programs.keep_programs() or "")
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def entries(folder: Path, sizes: dict[str, int]) -> Path:
    """Programs that can be read, made of noise; each later than the one before."""
    place = programs.threads_folder(folder, 1)
    place.mkdir(parents=True)
    for i, (name, size) in enumerate(sizes.items()):
        path = place / f"{name}-cache"
        path.write_bytes(zlib.compress(os.urandom(size), 0))
        os.utime(path, (1e9 + i, 1e9 + i))
    return place


def test_halves_go_and_old_files_are_looked_at_once(tmp_path: Path) -> None:
    place = entries(tmp_path / "m", {"whole": 100, "half": 100})
    half = place / "half-cache"
    half.write_bytes(half.read_bytes()[:-1])
    programs.tidy(tmp_path, tmp_path / "m")
    assert [path.name for path in place.iterdir()] == ["whole-cache"]
    (place / "whole-cache").write_bytes(b"no program")
    os.utime(place / "whole-cache", (1e9, 1e9))
    programs.tidy(tmp_path, tmp_path / "m")
    assert (place / "whole-cache").exists(), "it is older than the last look"
    os.utime(place / "whole-cache", (time.time(), time.time()))
    programs.tidy(tmp_path, tmp_path / "m")
    assert not (place / "whole-cache").exists()


def test_beyond_the_bound_the_least_used_go_of_all_machines(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(programs, "MOST_BYTES", 5_000)
    one = entries(tmp_path / "one", {"a": 1000, "b": 1000})
    two = entries(tmp_path / "two", {"c": 1000, "d": 1000})
    os.utime(one / "a-cache", (2e9, 1e9))  # read not long ago
    programs.tidy(tmp_path, tmp_path / "one")
    assert len([*one.iterdir(), *two.iterdir()]) == 4
    entries(tmp_path / "three", {"e": 1900})
    programs.tidy(tmp_path, tmp_path / "one")
    left = {path.name for path in tmp_path.glob("*/threads-1/*")}
    assert left == {"a-cache", "d-cache", "e-cache"} or left == {"a-cache", "b-cache", "d-cache"}
    assert "c-cache" not in left


def test_the_key_tells_machines_apart(monkeypatch) -> None:
    keys = {programs.machine_key()}
    assert keys == {programs.machine_key()}
    for name in ("XLA_FLAGS", "JAX_PLATFORMS"):
        with monkeypatch.context() as context:
            context.setenv(name, "another")
            keys.add(programs.machine_key())
    with monkeypatch.context() as context:
        context.setattr(programs, "_processor", lambda: ["flags : one more"])
        keys.add(programs.machine_key())
    assert len(keys) == 4


def test_workers_have_a_folder_for_one_thread(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "m" / "threads-8"))
    assert programs.with_threads(1) == {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "m" / "threads-1")}
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "own"))
    assert programs.with_threads(1) == {}
