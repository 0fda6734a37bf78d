"""The check of the wheel can fail: on what it lacks, on what it should not hold, on a verb that ends badly."""

from pathlib import Path

from tools.check_package import ROOT, VERBS, faults, run_verbs


def names() -> set[str]:
    package = ROOT / "src" / "isotherm"
    paths = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files = {f"isotherm/{path.relative_to(package).as_posix()}" for path in paths}
    return files | {"isotherm-0.1.0.dist-info/METADATA", "isotherm-0.1.0.dist-info/licenses/LICENSE"}


def test_a_whole_wheel_has_no_fault_and_licences_of_data_are_in_it() -> None:
    assert faults(names()) == []
    licences = {name for name in names() if name.startswith("isotherm/data/") and "LICENSE" in name}
    assert len(licences) >= 6


def test_what_is_lacking_or_beyond_is_told() -> None:
    lost = names() - {"isotherm/data/LICENSE-pyhgf.txt"} | {"tests/test_house.py"}
    assert faults(lost) == ["lacks isotherm/data/LICENSE-pyhgf.txt", "holds tests/test_house.py"]
    bare = {name for name in names() if not name.endswith("licenses/LICENSE")}
    assert faults(bare) == ["lacks its own licence"]


def test_verbs_that_fail_are_told(tmp_path: Path) -> None:
    script = tmp_path / "isotherm"
    script.write_text(
        '#!/bin/sh\n[ "$1" = infer ] && echo broken >&2 && exit 3\n[ "$1" = list ] || echo fine\n'
    )
    script.chmod(0o755)
    assert run_verbs(tmp_path) == [
        "isotherm list: exit code 0; ",
        "isotherm infer model.uai: exit code 3; broken",
        "isotherm infer --example asia: exit code 3; broken",
    ]


def test_every_verb_is_tried() -> None:
    from isotherm.cli.main import app

    listed = {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    assert {words[0] for words in VERBS if not words[0].startswith("-")} >= listed
