"""Tasks that follow each other: which belong together, in which order, and what is refused of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from isotherm.errors import refusal
from isotherm.study.base import Study, Task


def chains_of(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks that one worker computes one after another, each behind the one that it follows; most stand alone.

    Args:
        tasks: all of a study's, checked by :func:`check_chains`.
    """
    depths, roots = _places(tasks)
    found: dict[str, list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: depths[task.name]):
        found[roots[task.name]].append(task)
    return list(found.values())


def check_chains(study: Study[Any], tasks: Sequence[Task]) -> None:
    """Refuse what cannot be computed in any order.

    Raises:
        ValueError: if a task follows none of the study, itself or in a circle, or the study cannot proceed.
    """
    names = {task.name for task in tasks}
    for task in tasks:
        if task.after is None:
            continue
        if task.after == task.name or task.after not in names:
            raise refusal(
                f"{task.name}: after", task.after, "should be the name of another task of the study"
            )
        if type(study).proceed is Study.proceed:
            raise refusal(
                f"{task.name}: after",
                task.after,
                f"{study.name} has no method proceed(config, task, earlier)",
            )
    depths, _ = _places(tasks)
    for task in tasks:
        if task.name not in depths:
            raise refusal(f"{task.name}: after", task.after, "should lead to a first task; it is in a circle")


def _places(tasks: Sequence[Task]) -> tuple[dict[str, int], dict[str, str]]:
    """How many tasks each has before it, and which is the first of them; of those in a circle nothing."""
    followers: dict[str | None, list[Task]] = defaultdict(list)
    for task in tasks:
        followers[task.after].append(task)
    depths, roots = {}, {}
    row = followers[None]
    while row:
        for task in row:
            depths[task.name] = depths[task.after] + 1 if task.after else 0
            roots[task.name] = roots[task.after] if task.after else task.name
        row = [after for task in row for after in followers[task.name]]
    return depths, roots
