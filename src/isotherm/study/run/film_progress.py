"""How far a video is: frames a second and the time left, on terminals only."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from isotherm.study.run.progress import duration


class _Rate(ProgressColumn):
    """Frames a second, and the time left at that rate."""

    def render(self, task: Task) -> Text:
        """In words."""
        if not task.speed or task.time_remaining is None:
            return Text("starting")
        return Text(f"{task.speed:.1f} frames/s, about {duration(task.time_remaining)} left")


class FrameMeter:
    """Tells progress on standard error while a ``with`` block runs, if that is a terminal.

    Args:
        label: what is made.
        total: frames.
    """

    def __init__(self, label: str, total: int) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(label, total=total)

    def __enter__(self) -> "FrameMeter":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """A frame is done."""
        self._bar.advance(self._task)
