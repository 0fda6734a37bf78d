"""The rooms of the package and what they import, read from the source; lazy imports count, and those for types."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import rustworkx

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "isotherm"

FLOORS = (
    "cli", "pictures", "studies", "act", "world", "infer", "market", "learn", "exact", "sample", "study", "energy",
    "estimate", "plot", "settings", "data", "random", "files", "doors", "errors",
)  # fmt: skip
"""Rooms from the top down: each imports only from those behind it."""


class Import(NamedTuple):
    """That one file takes ``name`` from ``module``, or ``module`` itself where the name is empty."""

    file: str
    module: str
    name: str


def files() -> dict[str, ast.Module]:
    """Every file of the package, parsed, by its module."""
    return {module_of(path): ast.parse(path.read_text()) for path in sorted((SOURCE / PACKAGE).rglob("*.py"))}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: str, tree: ast.AST, known: frozenset[str]) -> Iterator[Import]:
    """What a file imports of the modules that are known."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(file, one.name, "") for one in node.names if one.name in known)
        elif isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == PACKAGE:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield Import(file, inner, "") if inner in known else Import(file, str(node.module), one.name)


def all_imports() -> list[Import]:
    """Of every file."""
    trees = files()
    return [one for file, tree in trees.items() for one in imports_of(file, tree, frozenset(trees))]


def room(module: str) -> str:
    """The room that a module lies in; empty for the package itself."""
    return (module + ".").split(".")[1]


def circles(imports: list[Import]) -> list[list[str]]:
    """Files that import each other, directly or not."""
    graph: rustworkx.PyDiGraph = rustworkx.PyDiGraph()
    place = {file: graph.add_node(file) for file in {end for one in imports for end in one[:2]}}
    graph.add_edges_from_no_data([(place[one.file], place[one.module]) for one in imports])
    found = rustworkx.strongly_connected_components(graph)
    return [sorted(graph[node] for node in circle) for circle in found if len(circle) > 1]


def between_rooms(imports: list[Import]) -> Counter[tuple[str, str]]:
    """How many names each room takes from each other."""
    pairs = [(room(one.file), room(one.module)) for one in imports]
    return Counter((one, other) for one, other in pairs if one != other and {one, other} <= set(FLOORS))
