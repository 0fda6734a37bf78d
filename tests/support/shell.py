"""The command line in a process of its own, and its traces: chunks on disk, processes left behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
COINS = "tests.support.toy_study:Coins"
_MARK = "ISOTHERM_TEST_RUN"


class Isotherm:
    """``isotherm ARGUMENTS`` running apart, known by a mark that its workers inherit."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.mark = uuid.uuid4().hex
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            # a shell's background job has Ctrl-C switched off, and its children would inherit that
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "isotherm", *arguments],
            cwd=ROOT,
            env={**(os.environ if environment is None else environment), _MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, timeout_s: float = 60.0) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def living(self) -> list[int]:
        """Processes of this run that are still there."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        try:
            words = (path / "environ").read_bytes()
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            is_tracker = b"resource_tracker" in (path / "cmdline").read_bytes()
        except OSError:
            return False
        return f"{_MARK}={self.mark}".encode() in words and state not in "ZX" and not is_tracker


def isotherm(*arguments: str) -> tuple[int, str, str]:
    """Run a command to its end: exit code, standard output, standard error."""
    return Isotherm(*arguments).finish()


def wait_until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for something to become true, or fail."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def chunks(store: Path) -> list[Path]:
    """The chunks of all runs of a store."""
    return sorted(store.glob("*/chunks/*.npz"))
