"""What presets were measured to take: only where today's settings were measured."""

import json
from pathlib import Path

import pytest
from tests.support.toy_study import Coins

from isotherm.cli.main import main
from isotherm.study import durations
from isotherm.study.registry import STUDIES, find_study


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in which the smoke presets of a toy study and of routing were measured."""
    file = tmp_path / "durations.json"
    entries = {
        study.name: {
            "smoke": {
                "first_s": 83.6,
                "again_s": 4.25,
                "settings": durations.settings_key(study, "smoke"),
                "date": "2026-11-30",
                "machine": "an abacus, 3 cores",
            }
        }
        for study in (Coins(), find_study("routing"))
    }
    file.write_text(json.dumps(entries))
    monkeypatch.setattr(durations, "DURATIONS", file)
    durations._measured.cache_clear()
    yield file
    durations._measured.cache_clear()


def test_what_was_measured_is_found(measured: Path) -> None:
    assert durations.duration_of(Coins(), "smoke") == (83.6, 4.25, "2026-11-30", "an abacus, 3 cores")
    assert durations.duration_of(Coins(), "published") is None
    assert durations.duration_of(find_study("tilt"), "smoke") is None


def test_what_was_measured_of_other_settings_or_another_version_is_not_told(measured: Path) -> None:
    class Changed(Coins):
        presets = {"smoke": {"runs": 5}, "published": {}}  # noqa: RUF012

    class Newer(Coins):
        version = Coins.version + 1

    assert durations.duration_of(Changed(), "smoke") is None
    assert durations.duration_of(Newer(), "smoke") is None


def test_list_and_help_tell_it(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "smoke (1 min 24 s) demo published" in " ".join(listed.split())
    assert listed.count("(1 min 24 s)") == 1
    assert "measured on an abacus, 3 cores, 2026-11-30" in " ".join(listed.split())
    assert main(["run", "routing", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "took 1 min 24 s of one core, 4.2 s with all compiled before (an abacus, 3 cores, 2026-11-30)" in told
    )
    assert main(["list", "--json"]) == 0
    found = {one["name"]: one["measured"] for one in json.loads(capsys.readouterr().out)["studies"]}
    assert found["routing"]["smoke"]["first_s"] == 83.6
    assert found["tilt"] == {}


def test_nothing_is_told_where_nothing_was_measured(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured.unlink()
    durations._measured.cache_clear()
    assert main(["list"]) == 0
    assert "one core" not in capsys.readouterr().out


def test_the_file_of_the_package_is_of_studies_and_presets_that_there_are() -> None:
    found = json.loads(durations.DURATIONS.read_text())
    assert found
    for name, presets in found.items():
        assert name in STUDIES
        assert set(presets) <= set(find_study(name).presets)
        for one in presets.values():
            assert one["again_s"] > 0
            assert one["first_s"] > 0
            assert one["machine"]
