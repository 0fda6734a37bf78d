"""Tables of the writer come out of the site's own builder cell for cell, whatever their texts hold."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.docs.pages import DOCS

from isotherm.study.tables import Estimate, Table, to_markdown

HOSTILE = Table(
    "Worst |z| of *each* $ and T*",
    ("", "⟨|m|⟩", "T* with $J$", "__init__", "P(a|b) < 1"),
    (
        ("|a| and |b|", Estimate(1.0, 0.5, 4, published=2.0), "$1 to $2", "<b>bold</b>", "[one](two)"),
        ("chunk_period", "*not slanted*", "C:\\new", "&lt;", "a_ _b"),
    ),
    "bars | in a *note* of <small> size",
)
SHOWN = [
    ["", "⟨|m|⟩", "T* with $J$", "__init__", "P(a|b) < 1"],
    ["|a| and |b|", "1.00 ± 0.50 (4)published 2.00, -2.0 SE", "$1 to $2", "<b>bold</b>", "[one](two)"],
    ["chunk_period", "*not slanted*", "C:\\new", "&lt;", "a_ _b"],
]


MARKS = re.compile(r"\|\s*:?[-–—]+:?\s*\|")
"""The line below a table's head, as text."""


class Rows(HTMLParser):
    """The cells of every row of every table, and what stands outside of tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.outside: list[str] = []
        self.depth, self.inside = 0, False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self.depth += 1
        elif tag == "tr" and self.depth:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.depth:
            self.tables[-1][-1].append("")
            self.inside = True
        elif tag == "p" and not self.depth:
            self.outside.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.depth -= 1
        elif tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data
        elif not self.depth and self.outside:
            self.outside[-1] += data


def broken(page: str) -> list[str]:
    """Rows of another length than the head of their table, and paragraphs that were meant to be a table."""
    rows = Rows(page)
    found = [str(row) for table in rows.tables for row in table if len(row) != len(table[0])]
    return found + [text for text in rows.outside if MARKS.search(text)]


def build(pages: dict[str, str], folder: Path) -> Path:
    """A site of these pages with the extensions of ours."""
    pytest.importorskip("myst_parser", reason="the group docs is not installed")
    source = folder / "source"
    source.mkdir()
    ours = (DOCS / "conf.py").read_text(encoding="utf-8")
    kept = [line for line in ours.splitlines() if line.startswith("myst_enable_extensions")]
    (source / "conf.py").write_text("\n".join(['extensions = ["myst_parser"]', *kept]), encoding="utf-8")
    for name, text in pages.items():
        (source / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(source), str(folder / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_a_hostile_table_is_shown_as_it_stands(tmp_path: Path):
    html = build({"index.md": f"# Tables\n\n{to_markdown(HOSTILE)}\n"}, tmp_path) / "index.html"
    page = Rows(html.read_text(encoding="utf-8"))
    assert page.tables == [SHOWN]
    said = " ".join(page.outside)
    assert "Worst |z| of *each* $ and T*" in said
    assert "bars | in a *note* of <small> size" in said


def test_a_bar_that_is_not_escaped_is_seen(tmp_path: Path):
    text = "# Tables\n\n| a | |b| |\n| :-- | --: |\n| 1 | 2 |\n\n| a | b |\n| :-- | --: |\n| 1 | |2| |\n"
    html = build({"index.md": text}, tmp_path) / "index.html"
    assert len(broken(html.read_text(encoding="utf-8"))) == 1


def test_pages_of_results_have_whole_tables(tmp_path: Path):
    pages = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "generated").glob("*.md")}
    index = "# All\n\n```{toctree}\n" + "\n".join(name.removesuffix(".md") for name in pages) + "\n```\n"
    titled = {name: f"# {name}\n\n{text}" for name, text in pages.items()}
    html = build(titled | {"index.md": index}, tmp_path)
    for name, text in pages.items():
        built = (html / name.replace(".md", ".html")).read_text(encoding="utf-8")
        assert broken(built) == [], name
        heads = [line for line in text.splitlines() if line.startswith("| :-- ")]
        assert len(Rows(built).tables) == len(heads), name
