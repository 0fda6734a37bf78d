"""The house: which room may import which, no circles, no loose files, no private name of another file's."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import rustworkx

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "isotherm"

FLOORS = (
    "cli", "pictures", "studies", "act", "world", "infer", "learn", "exact", "sample", "study", "energy", "estimate",
    "plot", "settings", "data", "random", "files", "doors", "errors",
)  # fmt: skip
"""Rooms from the top down: each imports only from those behind it."""

LOOSE = {"__init__.py", "__main__.py", "errors.py"}
"""Files beside the rooms."""

KNOW_NO_SUBJECT = ("study", "plot", "settings", "estimate", "files", "doors")
SUBJECTS = ("routing", "ising", "potts", "boltzmann", "digits", "tilt", "xy", "venue")


class Import(NamedTuple):
    """That one file takes ``name`` from ``module``; lazily, or for types alone, counts like any other."""

    file: str
    module: str
    name: str


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): ast.parse(path.read_text()) for path in (SOURCE / PACKAGE).rglob("*.py")}


def imports_of(file: str, tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(file, one.name, "") for one in node.names if one.name in FILES)
        elif isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == PACKAGE:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield Import(file, inner, "") if inner in FILES else Import(file, str(node.module), one.name)


IMPORTS = [one for file, tree in FILES.items() for one in imports_of(file, tree)]


def room(module: str) -> str:
    return (module + ".").split(".")[1]


def circles(imports: list[Import]) -> list[list[str]]:
    graph: rustworkx.PyDiGraph = rustworkx.PyDiGraph()
    place = {file: graph.add_node(file) for file in {end for one in imports for end in one[:2]}}
    graph.add_edges_from_no_data([(place[one.file], place[one.module]) for one in imports])
    found = rustworkx.strongly_connected_components(graph)
    return [sorted(graph[node] for node in circle) for circle in found if len(circle) > 1]


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
    assert [one.module for one in imports_of("x", lazy)] == ["isotherm.energy.base", "isotherm.errors"]


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
