"""The house: which room may import which, no circles, no loose files, no private name of another file's."""

import ast
import importlib
import re
from collections import defaultdict

from tools.house import FLOORS, PACKAGE, SOURCE, Import, all_imports, circles, files, imports_of, room

LOOSE = {"__init__.py", "__main__.py", "errors.py"}
"""Files beside the rooms."""

KNOW_NO_SUBJECT = ("study", "plot", "settings", "estimate", "files", "doors")
SUBJECTS = ("routing", "ising", "potts", "boltzmann", "digits", "tilt", "xy", "venue")


FILES = files()
IMPORTS = all_imports()


def upward(imports: list[Import]) -> list[Import]:
    floors = {name: floor for floor, name in enumerate(FLOORS)}
    inner = [one for one in imports if room(one.file) and room(one.module) and room(one.file) != "__main__"]
    return [one for one in inner if floors[room(one.module)] < floors[room(one.file)]]


def private(imports: list[Import]) -> list[Import]:
    return [one for one in imports if one.name.startswith("_") or "._" in one.module]


def test_every_import_goes_down() -> None:
    assert len(IMPORTS) > 1500
    assert upward(IMPORTS) == []
    assert {room(file) for file in FILES} - {"", "__main__"} == set(FLOORS)


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circles(IMPORTS) == []


def test_no_file_takes_a_private_name_of_another() -> None:
    assert private(IMPORTS) == []


def test_no_file_lies_loose() -> None:
    assert {path.name for path in (SOURCE / PACKAGE).glob("*.py")} == LOOSE


def test_each_class_name_has_one_owner() -> None:
    owners = defaultdict(list)
    for file, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                owners[node.name].append(file)
    assert len(owners) > 250
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}


def test_machinery_is_named_after_no_subject() -> None:
    modules = [file.split(".") for file in FILES if room(file) in KNOW_NO_SUBJECT]
    assert len(modules) > 50
    assert [
        file for file in modules if set(SUBJECTS) & {word for part in file for word in part.split("_")}
    ] == []


def test_faults_are_found() -> None:
    """The rules above must be able to fail."""
    down = Import("isotherm.study.run.runner", "isotherm.energy.base", "AbstractEnergy")
    up = Import("isotherm.energy.base", "isotherm.study.run.runner", "_run")
    assert upward([down, up]) == [up]
    assert circles([down, up]) == [["isotherm.energy.base", "isotherm.study.run.runner"]]
    assert circles([down]) == []
    assert private([down, up]) == [up]
    lazy = ast.parse("def f():\n    from isotherm.energy import base\n    import isotherm.errors\n")
    assert [one.module for one in imports_of("x", lazy, frozenset(FILES))] == [
        "isotherm.energy.base",
        "isotherm.errors",
    ]


def resolves(target: str) -> bool:
    """Whether a dotted name is a module, or what one defines; a field of a class counts."""
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        if name in FILES:
            found: object = importlib.import_module(name)
            for part in parts[cut:]:
                fields = getattr(found, "__annotations__", {})
                if not hasattr(found, part):
                    return part in fields
                found = getattr(found, part)
            return True
    return False


def test_every_reference_of_a_docstring_leads_somewhere() -> None:
    references = re.compile(r":\w+:`~?(isotherm\.[\w.]+)`|\{py:\w+\}`~?(isotherm\.[\w.]+)`")
    pages = [*(SOURCE / PACKAGE).rglob("*.py"), *(SOURCE.parent / "docs").rglob("*.md")]
    targets = {one or two for page in pages for one, two in references.findall(page.read_text())}
    assert len(targets) > 70
    assert sorted(target for target in targets if not resolves(target)) == []
    assert not resolves("isotherm.energy.nothing")
