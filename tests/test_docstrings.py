"""What docstrings say: shapes, errors and sources, room by room; and their examples run."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest
from tools.house import PACKAGE, SOURCE, module_of


def has_examples(path: Path) -> bool:
    """Whether a docstring of a file has an example that is not skipped."""
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    found = [
        one for text in texts if isinstance(text, str) for one in doctest.DocTestParser().get_examples(text)
    ]
    return any(doctest.SKIP not in one.options for one in found)


WITH_EXAMPLES = [module_of(path) for path in sorted((SOURCE / PACKAGE).rglob("*.py")) if has_examples(path)]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_print_what_they_say(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0
