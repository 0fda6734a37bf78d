"""Ctrl-C and SIGTERM end work once: what cleans up behind it is not broken off by another.

Whoever stops a program sends its signal to the whole group, or twice, or a moment after the work is done. Then a
second one may come while processes are being ended and queues closed, whose semaphores the system would be left with.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import ClassVar

PATIENCE_S = 5.0
"""A further signal within this time of the first is taken for the same wish."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Handler:
    """Raises ``KeyboardInterrupt``: once in a while, and not while it is held back."""

    current: ClassVar["_Handler | None"] = None

    def __init__(self) -> None:
        self.held, self.is_waiting, self.last = 0, False, -PATIENCE_S

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.held:
            self.is_waiting = True
            return
        now = time.monotonic()
        if now - self.last >= PATIENCE_S:
            self.last = now
            raise KeyboardInterrupt

    def release(self) -> None:
        """Let signals through again, and one that came meanwhile first."""
        self.held -= 1
        if not self.held and self.is_waiting:
            self.is_waiting = False
            self(signal.SIGINT, None)


@contextlib.contextmanager
def signals_interrupt(is_last: bool = False) -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, and either of them once; inside another such block nothing changes.

    Signals reach the main thread alone: elsewhere, and where Ctrl-C is switched off, that stays as it is.

    Args:
        is_last: the process ends with the block: once interrupted, it takes no further signal.
    """
    if threading.current_thread() is not threading.main_thread() or _Handler.current is not None:
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handler = _Handler.current = _Handler()
    try:
        for number in _SIGNALS:
            if number == signal.SIGTERM or before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        _Handler.current = None
        is_ending = is_last and handler.last >= 0
        for number, old in before.items():
            signal.signal(number, signal.SIG_IGN if is_ending else old or signal.SIG_DFL)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back until the block is done: what it opens is known, or what it closes is closed."""
    handler = _Handler.current
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler.held += 1
    try:
        yield
    finally:
        handler.release()


@contextlib.contextmanager
def children_ignore_ctrl_c() -> Iterator[None]:
    """Processes started in the block get no Ctrl-C until they ask for it, as in the middle of their first imports."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
