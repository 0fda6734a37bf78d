"""The time that an answer may take: how much is left, a bar that shows it, and work given up when it is over."""

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from isotherm.study.run.progress import Meter

T = TypeVar("T")
_TICK_S = 0.2
_NOTHING = object()
_given_up: list[threading.Thread] = []


def is_given_up_running() -> bool:
    """Whether work that was given up still runs: an orderly end of the process waits for it."""
    return any(thread.is_alive() for thread in _given_up)


class Clock:
    """Counts from when its ``with`` block is entered.

    Args:
        limit: seconds.
        label: what is told on a terminal; nothing is told elsewhere, or where it is empty.
    """

    def __init__(self, limit: float, label: str = "") -> None:
        self.limit, self._label, self._begun, self._shown = limit, label, time.monotonic(), 0.0
        is_quiet = not label or not sys.stderr.isatty()
        self._meter = Meter(label, limit, 0.0, is_quiet=is_quiet)

    def __enter__(self) -> "Clock":
        self._begun = time.monotonic()
        self._meter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._meter.__exit__(kind, error, trace)

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(0.0, self._begun + self.limit - time.monotonic())

    def share(self, parts: int) -> float:
        """When one of so many things still to be done should end, as :func:`time.monotonic` counts."""
        return time.monotonic() + self.left / parts

    def tell(self, found: str = "") -> None:
        """Show how far it is, and what was found so far."""
        elapsed = min(time.monotonic() - self._begun, self.limit)
        if elapsed - self._shown >= _TICK_S:
            if found:
                self._meter.describe(f"{self._label}: {found}")
            self._meter.advance(elapsed - self._shown)
            self._shown = elapsed
            self._meter.tick()

    def run(self, work: Callable[[], T], until: float) -> T | None:
        """What the work returns, or None if that takes too long: compiled loops cannot be stopped, only left alone.

        What is left alone ends by itself: Python cannot end in the midst of compiled work without a crash.

        Raises:
            Exception: what the work raises.
        """
        found: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

        def do() -> None:
            try:
                found.put((work(), None))
            except BaseException as error:
                found.put((None, error))

        thread = threading.Thread(target=do)
        thread.start()
        try:
            result, error = self._awaited(found, until)
        except BaseException:
            _given_up.append(thread)
            raise
        if result is _NOTHING:
            _given_up.append(thread)
            return None
        thread.join()
        if error is not None:
            raise error
        return result

    def _awaited(
        self, found: "queue.Queue[tuple[Any, BaseException | None]]", until: float
    ) -> tuple[Any, BaseException | None]:
        while True:
            with contextlib.suppress(queue.Empty):
                return found.get(timeout=max(0.001, min(_TICK_S, until - time.monotonic())))
            self.tell()
            if time.monotonic() >= until:
                return _NOTHING, None
