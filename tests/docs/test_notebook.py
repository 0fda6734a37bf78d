"""The tutorial as a notebook: nbformat 4.5, its code the blocks of the page, its outputs what they print."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import DOCS, blocks

pytest.importorskip("sphinx", reason="the group docs is not installed")
EXTENSION = runpy.run_path(str(DOCS / "_ext" / "notebook.py"))
TUTORIAL = DOCS / "tutorial.md"


def read(text: str) -> dict[str, Any]:
    return json.loads(EXTENSION["notebook_of"](text))


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def assert_valid(notebook: dict[str, Any]) -> None:
    """What nbformat's schema of version 4.5 asks of such cells."""
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(notebook["metadata"]["kernelspec"])
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names)
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        assert isinstance(cell["metadata"], dict)
        assert all(isinstance(line, str) and "\n" not in line[:-1] for line in cell["source"])
        keys = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            assert set(cell) == keys | {"execution_count", "outputs"}
            assert cell["execution_count"] is None
            for output in cell["outputs"]:
                assert set(output) == {"output_type", "name", "text"}
                assert (output["output_type"], output["name"]) == ("stream", "stdout")
        else:
            assert cell["cell_type"] == "markdown"
            assert set(cell) == keys


def test_code_and_outputs_are_the_blocks_of_the_page():
    notebook = read(TUTORIAL.read_text(encoding="utf-8"))
    assert_valid(notebook)
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            found.append(("python", source(cell) + "\n"))
            found += [("text", "".join(output["text"])) for output in cell["outputs"]]
    assert found == [block for block in blocks(TUTORIAL) if block[0] in ("python", "text")]
    assert len(found) > 8


def test_prose_keeps_its_words_but_no_link_to_pages_that_are_not_beside_it():
    notebook = read(TUTORIAL.read_text(encoding="utf-8"))
    prose = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert prose.startswith("# Sample, learn, act in ten minutes")
    assert "Next: write an agent, a world or a study" in prose
    assert ".md" not in prose
    assert "{notebook}" not in prose
    assert "$$p(s)" in prose


def test_only_text_right_after_code_is_its_output():
    notebook = read(
        "# A\n\n```text\nfree\n```\n\n```python\nprint(1)\n```\n```text\n1\n```\n\nMore.\n\n```text\nno\n```\n"
    )
    assert_valid(notebook)
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds == ["markdown", "code", "markdown"]
    assert notebook["cells"][1]["outputs"][0]["text"] == ["1\n"]
    assert "free" in source(notebook["cells"][0])
    assert source(notebook["cells"][2]) == "More.\n\n```text\nno\n```"


def test_links_outside_stay():
    (cell,) = read("[a page](howto/agent.md#x) and [a site](https://example.org/a) at `a[0](1)`")["cells"]
    assert source(cell) == "a page and [a site](https://example.org/a) at `a[0](1)`"
    assert source(read("[here](#part), [there](../b.md)")["cells"][0]) == "here, there"


def test_page_links_to_its_notebook_in_the_site(tmp_path: Path):
    pytest.importorskip("myst_parser", reason="the group docs is not installed")
    (tmp_path / "how").mkdir()
    path = str(DOCS / "_ext")
    conf = f'import sys\nsys.path.insert(0, {path!r})\nextensions = ["myst_parser", "notebook"]\n'
    (tmp_path / "conf.py").write_text(conf, encoding="utf-8")
    (tmp_path / "index.md").write_text("# Index\n\n```{toctree}\nhow/deep\n```\n", encoding="utf-8")
    page = "# Deep\n\n```{notebook}\n```\n\n```python\nprint(2)\n```\n```text\n2\n```\n"
    (tmp_path / "how" / "deep.md").write_text(page, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-q",
        "-b",
        "html",
        str(tmp_path),
        str(tmp_path / "html"),
    ]
    for _ in range(2):  # nothing is read again the second time
        subprocess.run(command, check=True)
        html = (tmp_path / "html" / "how" / "deep.html").read_text(encoding="utf-8")
        assert 'href="../_notebooks/deep.ipynb"' in html
        notebook = json.loads((tmp_path / "html" / "_notebooks" / "deep.ipynb").read_text(encoding="utf-8"))
        assert source(notebook["cells"][1]) == "print(2)"
        (tmp_path / "html" / "_notebooks" / "deep.ipynb").unlink()
    assert not (tmp_path / "html" / "_notebooks" / "index.ipynb").exists()
