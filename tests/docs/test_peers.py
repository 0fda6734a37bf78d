"""Pages for those who come from another tool: of one form, their blocks run where that tool is installed.

Blocks of the other side are ``py`` where it need not be installed; those in ``python`` are run with the page by
``test_pages.py``.
"""

import builtins
import contextlib
import importlib
import io
import re
import warnings
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, ROOT, blocks

from isotherm import ROOMS

PEERS = {
    "thrml": "thrml",
    "blackjax": "blackjax",
    "netket": "netket",
    "dimod": "dimod",
    "pgmpy": "pgmpy",
    "pymdp": "pymdp",
    "quantammsim": "quantammsim",
}
PAGES = sorted(DOCS.glob("howto/from-*.md"))


def peer_of(page: Path) -> str:
    return page.stem.removeprefix("from-")


def sections(page: Path) -> list[str]:
    return re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_peer_has_its_page_in_the_index():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {peer_of(page) for page in PAGES} == set(PEERS)
    assert [page.stem for page in PAGES if f"\nhowto/{page.stem}\n" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=peer_of)
def test_page_has_words_then_both_sides_then_what_is_missing(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Coming from ")
    head = rf"(?mi)^\| .*{peer_of(page)}.* \| isotherm \|\n\| :-- \| :-- \|$"
    words = re.search(head, text)
    assert words is not None
    assert words.start() < text.index("\n## ")
    assert "What is not here" in sections(page)
    shown = [(language, content) for language, content in blocks(page) if language in ("py", "python")]
    is_theirs = [language == "py" or f"{peer_of(page)}." in content for language, content in shown]
    assert is_theirs.count(True) >= 2
    assert is_theirs.count(False) >= 2
    named = re.findall(r"`(benchmarks/\w+\.py)`", text)
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=peer_of)
def test_names_of_ours_in_the_table_of_words_exist(page: Path):
    """Every imported name that the right column writes as a call is public somewhere in the package."""
    rows = re.findall(r"^\| .* \| (.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    called = {name for row in rows for name in re.findall(r"`(?:isotherm\.\w+\.)?([a-z_]\w*)\(", row)}
    rooms = [*ROOMS, "market.train", "market.walk", "market.tune", "market.rules.weights"]
    public = {name for room in rooms for name in dir(importlib.import_module(f"isotherm.{room}"))}
    assert called
    assert called - public - set(dir(builtins)) == set()


@pytest.mark.parametrize("page", PAGES, ids=peer_of)
def test_blocks_of_the_other_side_are_python_and_run_where_it_is_installed(page: Path, tmp_path, monkeypatch):
    theirs = [content for language, content in blocks(page) if language == "py"]
    programs = [compile(content, str(page), "exec") for content in theirs]
    if not programs:
        return
    pytest.importorskip(PEERS[peer_of(page)])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for program in programs:
            exec(program, names)
