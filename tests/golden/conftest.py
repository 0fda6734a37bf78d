"""``--golden-dir``: where golden cases are read from; a test asks for ``lattice_golden`` or ``tilt_golden``."""

from pathlib import Path

import pytest
from tests.golden.cases import HERE, KINDS, golden_cases


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-dir", help="folder of *_golden.json files (default: tests/golden)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # This file is read too late for its option where the whole suite runs: the default holds then.
    folder = metafunc.config.getoption("--golden-dir", default=None)
    for kind in KINDS:
        if f"{kind}_golden" in metafunc.fixturenames:
            cases = golden_cases(kind, Path(folder) if folder else HERE)
            metafunc.parametrize(f"{kind}_golden", cases, ids=[golden.case["id"] for golden in cases])
