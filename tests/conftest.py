"""Settings of all tests: strict promotion; warnings are errors by ``pyproject.toml``."""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.figures import arrays as arrays
from tests.support.figures import check as check
from tests.support.figures import nothing_global as nothing_global
from tests.support.stored_runs import copy_of as copy_of
from tests.support.stored_runs import unbroken as unbroken

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

MUCH_MEMORY = 1.5e9
"""Bytes of a worker from which on compiled programs are let go, so that two of them stay small."""


def pytest_configure(config: pytest.Config) -> None:
    """Programs that took a while to compile stay on disk: later runs, and the other worker, read them.

    They lie in pytest's cache, or where ``ISOTHERM_TEST_PROGRAMS`` says. Only this process has them, and none that a
    test starts: those are killed, and may leave half a file.
    """
    place = os.environ.get("ISOTHERM_TEST_PROGRAMS", config.rootpath / ".pytest_cache" / "programs")
    jax.config.update("jax_compilation_cache_dir", str(place))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


settings.register_profile("isotherm", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("isotherm")


@pytest.fixture
def isotherm(capsys, tmp_path, monkeypatch):
    """The command line, in an empty folder: words to exit code, standard output and standard error."""
    from isotherm.cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module", autouse=True)
def bounded_memory() -> Iterator[None]:
    """Compiled programs of earlier files are let go where they have grown large, and their memory goes back."""
    yield
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    if pages * resource.getpagesize() > MUCH_MEMORY:
        jax.clear_caches()
        gc.collect()
        give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc, which keeps what is free
        if give_back is not None:
            give_back(0)
