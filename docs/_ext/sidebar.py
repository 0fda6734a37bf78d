"""The sidebar shows the branch of its page alone: with all of the API on each, building takes three times as long."""

from typing import Any

from sphinx.application import Sphinx

BEFORE_THE_THEME = 400


def collapsed(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Let the theme ask for the tree of a page with other branches closed."""
    whole = context.get("toctree")
    if whole is not None:
        context["toctree"] = lambda **options: whole(**{**options, "collapse": True})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step with Sphinx."""
    app.connect("html-page-context", collapsed, priority=BEFORE_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
