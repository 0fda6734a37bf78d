"""What a run would do, as `--dry-run` tells it."""

from typing import Any

from rich.table import Table as RichTable
from rich.text import Text

from isotherm.cli.text.settings import console, near
from isotherm.errors import printable
from isotherm.settings.config import Config
from isotherm.settings.fields import as_text
from isotherm.study.base import Study
from isotherm.study.run.runner import RunPlan

_STATUS = {
    "new": "not begun yet",
    "running": "another process is working on it",
    "complete": "finished: shown again, or computed anew with --again",
    "unfinished": "begun, and resumed by the same command",
}
_SHOWN_TASKS = 12


def print_plan(study: Study[Any], config: Config, plan: RunPlan) -> None:
    """Every setting, where the run lies, its tasks and how many of them are done."""
    drawn = RichTable("setting", "value", box=None, pad_edge=False)
    for name, value in _flat(config.settings()).items():
        drawn.add_row(name, Text(printable(as_text(value))))
    console().print(drawn)
    missing = [name for name in plan.tasks if name not in plan.done]
    lines = [
        f"\nstudy {study.name}, version {study.version}",
        f"fingerprint {plan.fingerprint}",
        f"folder {near(plan.path)}: {_STATUS[plan.status]}",
        f"tasks {len(plan.tasks)}, of which {len(plan.done)} are done",
        *([f"to compute: {_listed(missing)}"] if missing else []),
        "nothing was computed or written",
    ]
    for line in lines:
        console().print(line, markup=False, highlight=False, soft_wrap=True)


def plan_json(study: Study[Any], config: Config, plan: RunPlan) -> dict[str, Any]:
    """The same as an object."""
    return {
        "study": study.name,
        "fingerprint": plan.fingerprint,
        "path": str(plan.path),
        "status": plan.status,
        "tasks": plan.tasks,
        "done": plan.done,
        "config": config.settings(),
    }


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN_TASKS
    return ", ".join(names[:_SHOWN_TASKS]) + (f" and {more} more" if more > 0 else "")


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted name."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found
