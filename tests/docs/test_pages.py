"""What the pages show must run, and print what they say."""

import contextlib
import io
import itertools
import re
import shlex
from pathlib import Path

import jax
import pytest
from tests.docs.pages import PAGES, ROOT, blocks, commands

from isotherm.settings.layers import read_flags
from isotherm.study.presets import build_config
from isotherm.study.registry import STUDIES, find_study

MIXES_DTYPES = {"from-blackjax"}
"""Pages that run other packages' code, which is not strict about promotion as ours is."""

WITH_CODE = [page for page in PAGES if any(language == "python" for language, _ in blocks(page))]


def _borders(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line))


def test_tables_have_as_many_cells_in_every_row():
    """A bar that is not escaped makes a table raw text, or loses a column."""
    count = 0
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        lines = page.read_text(encoding="utf-8").splitlines()
        for at, line in enumerate(lines):
            if not re.match(r"\|\s*:?-+:?\s*\|", line):
                continue
            count += 1
            rows = itertools.takewhile(lambda row: row.startswith("|"), lines[at:])
            for row in (lines[at - 1], *rows):
                assert _borders(row) == _borders(line), f"{page.relative_to(ROOT)}: {row}"
    assert count > 60


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_print_what_the_page_says(page: Path):
    names: dict[str, object] = {"__name__": "page"}
    printed = ""
    promotion = "standard" if page.stem in MIXES_DTYPES else "strict"
    for language, content in blocks(page):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out, jax.numpy_dtype_promotion(promotion):
                exec(compile(content, str(page), "exec"), names)
            printed = out.getvalue()
        elif language == "text":
            assert printed == content


def test_commands_name_studies_presets_and_settings_that_exist():
    runs = [words for words in map(shlex.split, commands()) if words[1] == "run"]
    assert len(runs) >= 5
    for _, _, name, *flags in runs:
        if name not in STUDIES:
            assert ":" in name, name
            continue
        study = find_study(name)
        presets = [flags[i + 1] for i, flag in enumerate(flags) if flag == "--preset"]
        settings = [flag for flag in flags if "=" in flag]
        if settings == ["--num-runs=0"]:  # the page that shows a refusal
            with pytest.raises(ValueError, match="num_runs = 0: should be greater than or equal to 1"):
                build_config(study, None, None, read_flags(type(study).config, settings))
            continue
        build_config(study, *presets or (None,), None, read_flags(type(study).config, settings))


def test_every_study_has_a_line_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in STUDIES if f"`{name}`" not in readme] == []
