"""How far a run is and how long it will take: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from isotherm.study.report.duration import duration

_PLAIN_EVERY_S = 10.0


class Meter:
    """Tells progress on standard error while a ``with`` block runs.

    The time left is told from the weights of the tasks done in this session, not from those kept before.

    Args:
        label: what is running.
        total: sum of the weights of all tasks, above 0.
        kept: weight of the tasks that an earlier session finished.
        is_quiet: say nothing.
        unit: what weights count, such as ``frames``; then how many are done in a second is told too.
    """

    def __init__(
        self, label: str, total: float | int, kept: float | int = 0.0, is_quiet: bool = False, unit: str = ""
    ) -> None:
        self._unit = unit
        self._label, self._total, self._kept, self._done = label, total, kept, 0.0
        self._start = self._last = time.monotonic()
        self._end: float | None = None
        console = Console(stderr=True)
        self._plain = not is_quiet and not console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=is_quiet or self._plain,
        )
        self._task = self._bar.add_task(label, total=total, left="")
        self._bar.advance(self._task, kept)

    def __enter__(self) -> "Meter":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, weight: float | int) -> None:
        """A task of this weight is done."""
        self._done += weight
        now = time.monotonic()
        remaining = self._total - self._kept - self._done
        self._end = now + (now - self._start) * remaining / self._done
        self._bar.update(self._task, advance=weight, left=self.left())

    def describe(self, label: str) -> None:
        """Something else is running, or more is known of it."""
        self._label = label
        self._bar.update(self._task, description=label)

    def tick(self) -> None:
        """Called every second or so, so that a log file hears of a long run too."""
        now = time.monotonic()
        self._bar.update(self._task, left=self.left())
        if self._plain and now - self._last >= _PLAIN_EVERY_S:
            self._last = now
            percent = 100 * (self._kept + self._done) / self._total
            line = f"{self._label}: {percent:.0f} %, {now - self._start:.0f} s so far, {self.left()}"
            print(line, file=sys.stderr, flush=True)  # noqa: T201

    def left(self) -> str:
        """``about 40 s left``, or that it is not known yet; of units also ``12.5 frames/s``."""
        if self._end is None:
            return "time left not known yet"
        rate = self._done / max(time.monotonic() - self._start, 1e-9)
        told = f"{rate:.1f} {self._unit}/s, " if self._unit else ""
        return f"{told}about {duration(max(0.0, self._end - time.monotonic()))} left"


def frame_meter(label: str, num_frames: int) -> Meter:
    """Of a film: on terminals only.

    Args:
        label: what is made.
        num_frames: of the whole film.
    """
    return Meter(label, num_frames, is_quiet=not sys.stderr.isatty(), unit="frames")
