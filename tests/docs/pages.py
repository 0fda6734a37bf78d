"""Blocks of the documentation, for the tests that run them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("howto/*.md")),
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of each fenced block."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def commands() -> list[str]:
    """Every ``isotherm`` command that a page shows."""
    shown = [
        content for page in PAGES for language, content in blocks(page) if language in ("console", "bash")
    ]
    lines = [
        line.removeprefix("$ ").partition("  #")[0] for content in shown for line in content.splitlines()
    ]
    return [line.strip() for line in lines if line.startswith("isotherm ")]
