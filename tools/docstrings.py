"""What public docstrings say, room by room: shapes of arrays, errors raised, sources of formulas.

python tools/docstrings.py              the table of shares
python tools/docstrings.py energy act   and, of these rooms, each name that says too little
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src" / "isotherm"
ROOMS = ("energy", "sample", "exact", "estimate", "learn", "act", "world", "infer")

ARRAYS = {"Array", "ArrayLike", "ndarray", "NDArray", "State"}
"""Names in an annotation that stand for arrays; ``State`` is a graph's, a dictionary of them."""

SHAPE = re.compile(
    r"``\((?=[^`]*[a-z.])[^`()]*(,|\.\.\.)[^`()]*\)``|``\(\)``"  # ``(chains, n)``, ``(n,)``, ``(...)``, ``()``
    r"|\bshaped? (of |as |like )?``|\bshaped (as|like)\b|\b(equal|same|own) shapes?\b|\bscalars?\b|\ba number\b",
    re.IGNORECASE,
)
"""A shape in words: a tuple in literals, "shape ``batch``", "shaped as", "a scalar", "a number"."""

FORMULA = re.compile(
    r"\.\. math::|:math:`[^`]*(=|\\propto|\\sum)[^`]*`|``[^`]*[\w)\]] = [^`]*[-+*/^ΣΠ∂·][^`]*``"
)
CITED = re.compile(r"References:|\b(1[89]|20)\d\d\b|arXiv", re.IGNORECASE)

KINDS = ("shapes", "in words", "errors", "sources")
"""What a docstring may owe; shapes are given by words or by annotations of jaxtyping, "in words" by words alone."""

SILENT = {"AssertionError", "NotImplementedError", "StopIteration"}
"""Errors that no caller needs to be told of."""

MAKERS = ("__init__", "__check_init__", "__post_init__", "__new__")
"""Methods that a class's own docstring speaks for."""


class Item(NamedTuple):
    """A public name: of each of :data:`KINDS`, whether its docstring gives it; None where it owes nothing of it."""

    name: str
    line: int
    gives: tuple[bool | None, ...]


def items_of(tree: ast.Module) -> Iterator[Item]:
    """Public functions, classes and methods of one file. A source may stand in the docstring of what is around."""
    doors = _doors(tree)
    about = _words(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_public(node):
            yield _function(node, node.name, doors, about)
        elif isinstance(node, ast.ClassDef) and _is_public(node):
            yield _class(node, doors, about)
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and _is_public(inner):
                    yield _function(inner, f"{node.name}.{inner.name}", doors, about + _words(node))


def _is_public(node: ast.FunctionDef | ast.ClassDef) -> bool:
    is_overload = any(ast.unparse(one).endswith("overload") for one in node.decorator_list)
    return not node.name.startswith("_") and not is_overload


def _words(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    return ast.get_docstring(node) or ""


def _doors(tree: ast.Module) -> set[str]:
    """Names under which a file calls door checks."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = [
        one for node in imports if node.module == "isotherm" for one in node.names if one.name == "doors"
    ]
    checks = [one for node in imports if str(node.module).startswith("isotherm.doors") for one in node.names]
    return {one.asname or one.name for one in modules + checks}


def _function(node: ast.FunctionDef, name: str, doors: set[str], about: str) -> Item:
    annotations = [one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg)] + [node.returns]
    return Item(name, node.lineno, _gives(_words(node), annotations, [node], doors, about))


def _class(node: ast.ClassDef, doors: set[str], about: str) -> Item:
    makers = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name in MAKERS]
    annotations = [one.annotation for one in node.body if isinstance(one, ast.AnnAssign)]
    annotations += [
        arg.annotation for one in makers for arg in ast.walk(one.args) if isinstance(arg, ast.arg)
    ]
    return Item(node.name, node.lineno, _gives(_words(node), annotations, makers, doors, about))


def _gives(
    words: str,
    annotations: list[ast.expr | None],
    bodies: list[ast.FunctionDef],
    doors: set[str],
    about: str,
) -> tuple[bool | None, ...]:
    arrays = [one for one in annotations if one is not None and _mentions(one)]
    says = bool(SHAPE.search(words))
    is_raising = any(_raises(body, doors) for body in bodies)
    return (
        says or all(map(_names_axes, arrays)) if arrays else None,
        says if arrays else None,
        "Raises:" in words if is_raising else None,
        bool(CITED.search(words + about)) if FORMULA.search(words) else None,
    )


def _mentions(annotation: ast.expr) -> bool:
    """Whether an annotation, or one in quotes, holds the name of an array."""
    return bool(set(re.findall(r"\w+", _unquoted(annotation))) & ARRAYS)


def _names_axes(annotation: ast.expr) -> bool:
    """Whether each array stands in an annotation of jaxtyping that names axes: ``Float[Array, "chains n"]``."""
    return not _mentions(_WithoutTyped().visit(ast.parse(_unquoted(annotation), mode="eval").body))


def _unquoted(annotation: ast.expr) -> str:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


class _WithoutTyped(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        axes = parts[1].value if len(parts) == 2 and isinstance(parts[1], ast.Constant) else "..."
        if isinstance(axes, str) and axes != "...":
            return ast.Name("typed")
        self.generic_visit(node)
        return node


def _raises(function: ast.FunctionDef, doors: set[str]) -> bool:
    """Whether the body raises, or hands a parameter to a door check; functions within speak for themselves."""
    parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    return any(_is_raise(node) or _is_check(node, doors, parameters) for node in _own(function.body))


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            yield from _own(ast.iter_child_nodes(node))


def _is_raise(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and node.exc is not None and not _names(node.exc) & SILENT


def _is_check(node: ast.AST, doors: set[str], parameters: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    door, _, check = ast.unparse(node.func).partition(".")
    given = {name for one in node.args for name in _names(one)}
    return door in doors and not (check or door).startswith("is_") and bool(given & parameters)


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def items_in(room: str) -> list[tuple[str, Item]]:
    """All public names of a room, with their files."""
    files = sorted((SOURCE / room).rglob("*.py"))
    return [
        (str(path.relative_to(SOURCE)), one)
        for path in files
        for one in items_of(ast.parse(path.read_text()))
    ]


def counts(items: list[Item]) -> list[tuple[int, int]]:
    """Of each of :data:`KINDS`, how many give it, and how many owe it."""
    owed = [[one.gives[kind] for one in items if one.gives[kind] is not None] for kind in range(len(KINDS))]
    return [(sum(map(bool, found)), len(found)) for found in owed]


def main(rooms: list[str], say: Callable[[str], None] = print) -> None:
    say(f"{'room':10}{'names':>6}" + "".join(f"{kind:>18}" for kind in KINDS))
    for room in ROOMS:
        items = [one for _, one in items_in(room)]
        shares = [f"{given} of {owed}, {given / max(owed, 1):.0%}" for given, owed in counts(items)]
        say(f"{room:10}{len(items):6}" + "".join(f"{share:>18}" for share in shares))
    for room in rooms:
        for file, one in items_in(room):
            missing = [kind for kind, given in zip(KINDS, one.gives, strict=True) if given is False]
            if missing:
                say(f"{file}:{one.line}: {one.name}: {', '.join(missing)}")


if __name__ == "__main__":
    main(sys.argv[1:])
