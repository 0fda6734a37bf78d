"""Settings of all tests: strict promotion; warnings are errors by ``pyproject.toml``."""

import os

os.environ["NPROC"] = "1"  # as workers of studies: then both find what the other has compiled

import ctypes
import gc
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import pytest
from hypothesis import settings
from tests.support.figures import arrays as arrays
from tests.support.figures import check as check
from tests.support.figures import nothing_global as nothing_global
from tests.support.stored_runs import copy_of as copy_of
from tests.support.stored_runs import unbroken as unbroken

from isotherm.files import programs

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

MUCH_MEMORY = 1.5e9
"""Bytes of a worker from which on compiled programs are let go, so that two of them stay small."""


def pytest_configure(config: pytest.Config) -> None:
    """Compiled programs stay on disk, in pytest's cache unless told: for all workers and what they run, and later."""
    root = os.environ.setdefault(programs.VARIABLE, str(config.rootpath / ".pytest_cache" / "programs"))
    if root == "off":
        return
    folder = programs.threads_folder(Path(root) / programs.machine_key(), 1)
    for one in (Path(root), folder.parent, folder):
        one.mkdir(parents=True, exist_ok=True, mode=0o700)  # others may not write there, whatever the umask
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


settings.register_profile("isotherm", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("isotherm")


@pytest.fixture
def compiled() -> Iterator[Callable[[], list[str]]]:
    """A function that tells which programs have been compiled since the test began, such as ``jit(_run)``."""
    names: list[str] = []

    def listen(event: str, duration: float, **told: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            names.append(str(told.get("fun_name")))

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield lambda: list(names)
    jax.monitoring.unregister_event_duration_listener(listen)


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
