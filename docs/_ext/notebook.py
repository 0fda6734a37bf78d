"""The directive ``notebook``: the page as a Jupyter notebook with what its blocks printed, to be downloaded.

Notebooks are written when a build ends, into the folder ``_notebooks`` of the site.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

FOLDER = "_notebooks"
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"^```\{notebook\}\n```$\n*", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:(?!https?:)[^()\s]+\.md)?(?:#[\w-]+)?\)")
"""A link to another page, which a notebook on somebody's disk does not have beside it: its words stay."""


def cells_of(text: str) -> list[dict[str, Any]]:
    """The cells of a MyST page: prose, and blocks of Python with the block of text right after each as its output."""
    cells: list[dict[str, Any]] = []
    text = _DIRECTIVE.sub("", text)
    end = 0
    for found in _BLOCK.finditer(text):
        language, content = found.groups()
        follows = not text[end : found.start()].strip() and bool(cells) and cells[-1]["cell_type"] == "code"
        if language == "text" and not follows:
            continue
        _add_prose(cells, text[end : found.start()])
        end = found.end()
        if language == "python":
            _add(cells, "code", content, execution_count=None, outputs=[])
        else:
            cells[-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": _lines(content)}]
    _add_prose(cells, text[end:])
    return cells


def notebook_of(text: str) -> str:
    """A page as a notebook, nbformat 4.5."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells_of(text), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def has_notebook(text: str) -> bool:
    """Whether a page asks for one."""
    return _DIRECTIVE.search(text) is not None


def _add_prose(cells: list[dict[str, Any]], text: str) -> None:
    prose = _LINK.sub(r"\1", text).strip()
    if prose:
        _add(cells, "markdown", prose)


def _add(cells: list[dict[str, Any]], kind: str, text: str, **others: Any) -> None:
    source = _lines(text.rstrip("\n"))
    cells.append({"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}, "source": source, **others})


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


class Notebook(Directive):
    """``{notebook}``, without content: a line with a link to this page as a notebook."""

    def run(self) -> list[nodes.Node]:
        place = self.state.document.settings.env.docname
        target = "../" * place.count("/") + f"{FOLDER}/{Path(place).name}.ipynb"
        link = nodes.reference(
            "", "this page as a notebook", refuri=target, internal=True, classes=["download"]
        )
        return [nodes.paragraph("", "", nodes.Text("To run it yourself: "), link, nodes.Text("."))]


def _write_all(app: Sphinx, problem: Exception | None) -> None:
    if problem is not None or app.builder.format != "html":
        return
    for place in sorted(app.env.found_docs):
        page = Path(app.env.doc2path(place))
        if page.suffix == ".md" and has_notebook(text := page.read_text(encoding="utf-8")):
            folder = Path(app.outdir) / FOLDER
            folder.mkdir(exist_ok=True)
            (folder / f"{page.stem}.ipynb").write_text(notebook_of(text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("notebook", Notebook)
    app.connect("build-finished", _write_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
