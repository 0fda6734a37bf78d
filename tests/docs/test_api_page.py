"""The page over the API: a line for each public room, whose names exist."""

import importlib
import re

from tests.docs.pages import DOCS, ROOT

import isotherm

PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \{py:obj\}`isotherm\.(\w+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def exists(path: str) -> bool:
    module, _, name = path.rpartition(".")
    return hasattr(importlib.import_module(module), name)


def test_each_public_room_has_one_line():
    assert sorted(room for room, _, _ in ROWS) == sorted(isotherm.ROOMS)
    assert all(what[0].islower() for _, what, _ in ROWS)


def test_names_to_begin_with_are_there():
    named = [(room, name) for room, _, begin in ROWS for name in re.findall(r"`([\w.]+)`", begin)]
    assert len(named) > 30
    paths = [name if name.startswith("isotherm.") else f"isotherm.{room}.{name}" for room, name in named]
    assert [path for path in paths if not exists(path)] == []


def test_rooms_and_pages_that_are_linked_are_files():
    for room in re.findall(r"\{py:obj\}`isotherm\.(\w+)`", PAGE):
        assert (ROOT / "src" / "isotherm" / room).is_dir(), room
    linked = re.findall(r"\(autoapi/(isotherm/[\w/]+)/index\)", PAGE)
    assert len(linked) == 4
    for path in linked:
        assert (ROOT / "src" / path).is_dir() or (ROOT / "src" / f"{path}.py").is_file(), path


def test_modules_of_figures_are_not_left_out_of_the_reference():
    conf = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert '"plot"' not in conf
    assert "*/plot/" not in conf
