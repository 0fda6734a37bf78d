"""Math as MathML: the pages need no script, and nothing from the network."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

_SIGN = r"<mo>(&#x02212;|&#x0002B;)</mo>"
_BEFORE = r"(<mo[^>]*>(?:\(|\[|\{|,|=|&#x00028;|&#x0005B;|&#x0007B;|&#x0002C;|&#x0003D;)</mo>)"
"""A sign after an opening bracket, a comma or an equals sign belongs to what follows it."""


def _mathml(node, display: str) -> str:
    text = " ".join(node.astext().split())
    found = convert(text, display=display)
    if "\\" in found or ">&<" in found:
        logger.warning("math that latex2mathml cannot read: %s", text, location=node)
    return re.sub(_BEFORE + _SIGN, r'\1<mo form="prefix">\2</mo>', found)


def _inline(translator, node) -> None:
    translator.body.append(_mathml(node, "inline"))
    raise SkipNode


def _display(translator, node) -> None:
    translator.body.append(f'<div class="math">{_mathml(node, "block")}</div>\n')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
