"""``--golden-dir``: where golden cases are read from; ``test_golden_KIND`` asks for ``KIND_golden``."""

from pathlib import Path

import pytest
from tests.golden.cases import HERE, KINDS, UNREAD, golden_cases


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-dir", help="folder of *_golden.json files (default: tests/golden)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # This file is read too late for its option where the whole suite runs: the default holds then.
    folder = metafunc.config.getoption("--golden-dir", default=None)
    for kind in (*KINDS, UNREAD):
        if f"{kind}_golden" in metafunc.fixturenames:
            cases = golden_cases(kind, Path(folder) if folder else HERE)
            metafunc.parametrize(f"{kind}_golden", cases, ids=[golden.id for golden in cases])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Kinds of which a folder has no case give no test, instead of one that is skipped."""
    empty = [item for item in items if item.name.endswith("[NOTSET]") and "_golden" in item.name]
    items[:] = [item for item in items if item not in empty]
