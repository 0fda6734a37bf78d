import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run, not to be touched."""
    store = tmp_path_factory.mktemp("unbroken")
    return run(Coins(), CoinsConfig(), store, pool=Pool(1), preset="published", command=["isotherm", "run"])


@pytest.fixture
def copy_of(unbroken: Run, tmp_path: Path) -> Callable[[], Path]:
    """Makes a store with a copy of that run, and returns the run's folder in it."""

    def copy() -> Path:
        store = tmp_path / "store"
        shutil.copytree(unbroken.path.parent, store)
        return store / unbroken.path.name

    return copy
