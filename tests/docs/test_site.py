"""The site builds without a warning and loads nothing from the network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import DOCS
from tests.docs.test_built_tables import broken

REMOTE = re.compile(r"""(?:src=|@import |url\()["']?(?:https?:)?//|<link[^>]+href=["'](?:https?:)?//""")


@pytest.mark.slow
def test_site_builds_strictly_and_loads_nothing_remote(tmp_path: Path):
    pytest.importorskip("sphinx", reason="the group docs is not installed")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css"), *tmp_path.rglob("*.js")]
    assert len(pages) > 20
    loaded = {str(page): REMOTE.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert {page: found for page, found in loaded.items() if found} == {}
    assert "<math" in (tmp_path / "html" / "routing.html").read_text(encoding="utf-8")
    articles = [*(tmp_path / "html").glob("*.html"), *(tmp_path / "html" / "howto").glob("*.html")]
    articles = [page for page in articles if page.stem not in ("genindex", "py-modindex")]
    tables = {str(page): broken(page.read_text(encoding="utf-8")) for page in articles}
    assert {page: found for page, found in tables.items() if found} == {}
