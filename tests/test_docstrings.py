"""What docstrings say: shapes, errors and sources, room by room; and their examples run."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, PAGES, blocks
from tools.docstrings import KINDS, ROOMS, Item, counts, items_in, items_of, main
from tools.house import PACKAGE, SOURCE, module_of

FLOORS = {"shapes": 0.9, "in words": 0.85, "errors": 0.9}
"""Least share of the names of each room that say it, of those that owe it."""

LEAST_SOURCES = 0.65
"""The same of sources, in all rooms together: some have two formulas."""


def examples_of(text: str) -> list[doctest.Example]:
    found = doctest.DocTestParser().get_examples(text)
    return [one for one in found if doctest.SKIP not in one.options]


def has_examples(path: Path) -> bool:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    return any(isinstance(text, str) and examples_of(text) for text in texts)


WITH_EXAMPLES = [module_of(path) for path in sorted((SOURCE / PACKAGE).rglob("*.py")) if has_examples(path)]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_print_what_they_say(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def names_shown() -> set[tuple[str, str]]:
    """Rooms and names that code on the pages imports from them."""
    code = [content for page in PAGES for language, content in blocks(page) if language == "python"]
    code += [path.read_text(encoding="utf-8") for path in DOCS.glob("examples/*.py")]
    rooms = {f"{PACKAGE}.{room}" for room in ROOMS}
    imports = [
        node for text in code for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    ]
    return {(str(node.module), one.name) for node in imports if node.module in rooms for one in node.names}


def test_each_name_that_a_page_shows_has_an_example() -> None:
    shown = names_shown()
    assert len(shown) > 40
    docs = {name: inspect.getdoc(getattr(importlib.import_module(room), name)) for room, name in shown}
    assert [name for name, text in docs.items() if not examples_of(text or "")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_give_shapes_and_errors(room: str) -> None:
    found = dict(zip(KINDS, counts([one for _, one in items_in(room)]), strict=True))
    shares = {kind: found[kind][0] / found[kind][1] for kind in FLOORS}
    assert {kind: share for kind, share in shares.items() if share < FLOORS[kind]} == {}


def test_formulas_have_sources() -> None:
    given, owed = counts([one for room in ROOMS for _, one in items_in(room)])[KINDS.index("sources")]
    assert owed > 40
    assert given / owed >= LEAST_SOURCES


def judged(code: str) -> dict[str, Item]:
    return {one.name: one for one in items_of(ast.parse(code))}


def test_too_little_is_found() -> None:
    """The checker must be able to fail."""
    found = judged('''
from isotherm import doors
from isotherm.doors import is_traced, whole

def bare(x: Array) -> float:
    """The first entry."""

def half_typed(x: Array, y: Float[Array, "n"]) -> float:
    """The first entry."""

def typed(x: Float[Array, "n"]) -> "Float[Array, '']":
    """The first entry."""

def unnamed(x: Float[Array, "..."]) -> float:
    """The first entry, in (0, 1), or f(x, y)."""

def told(x: np.ndarray) -> float:
    """The first entry of ``(chains, n)``."""

def plain(n: int) -> int:
    """One more."""

def _hidden(x: Array) -> float: ...

def checks(n: int) -> int:
    """One more."""
    return doors.whole("n", n) + whole("n", 1)

def looks(n: int) -> bool:
    """Whether it is traced."""
    return is_traced(n)

def raises(n: int) -> int:
    """One more.

    Raises:
        ValueError: never.
    """
    raise refusal("n", n, "is wrong")

def hands_out(n: int) -> object:
    """A function that raises."""
    def inner() -> int:
        raise refusal("n", n, "is wrong")
    return inner

def cannot(n: int) -> int:
    """Not here."""
    raise NotImplementedError

def formula(n: int) -> int:
    r"""The sum, :math:`s = n (n + 1) / 2`."""

def sourced(n: int) -> int:
    r"""The sum, :math:`s = n (n + 1) / 2` (Gauss, 1801)."""

class Box:
    """A box."""

    x: Array

    def __init__(self, x: Array) -> None:
        raise ValueError("x")

    def scaled(self, by: float) -> Array:
        """A scalar."""
''')
    assert {name: one.gives for name, one in found.items()} == {
        "bare": (False, False, None, None),
        "half_typed": (False, False, None, None),
        "typed": (True, False, None, None),
        "unnamed": (False, False, None, None),
        "told": (True, True, None, None),
        "plain": (None, None, None, None),
        "checks": (None, None, False, None),
        "looks": (None, None, None, None),
        "raises": (None, None, True, None),
        "hands_out": (None, None, None, None),
        "cannot": (None, None, None, None),
        "formula": (None, None, None, False),
        "sourced": (None, None, None, True),
        "Box": (False, False, False, None),
        "Box.scaled": (True, True, None, None),
    }
    assert counts([found["bare"], found["told"], found["checks"]]) == [(1, 2), (1, 2), (0, 1), (0, 0)]


def test_the_table_names_what_is_missing() -> None:
    lines: list[str] = []
    main(["energy"], lines.append)
    assert [line.split()[0] for line in lines[: 1 + len(ROOMS)]] == ["room", *ROOMS]
    assert any(line.startswith("energy/tables.py") and line.endswith("Tables: sources") for line in lines)
