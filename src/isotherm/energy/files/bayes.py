"""Bayesian networks with names, as BIF and XMLBIF hold them: checked, and made into tables. NumPy only."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.doors.kinds import first_repeated
from isotherm.energy.files.model import ModelFile, check_values, tables_from
from isotherm.energy.variables import MAX_CARDINALITY
from isotherm.errors import refusal

MAX_ROUNDING = 0.01
"""How far the probabilities of a variable's values may sum from one: digits that a file has cut off."""

SAID_ROUNDING = 1e-6
"""Beyond, an answer says that they were divided by their sum."""


class ConditionalLaw(NamedTuple):
    """Probabilities of one variable, given its parents.

    Attributes:
        where: what refusals call it.
        child: number of the variable.
        parents: numbers of its parents.
        table: at least 0, shape ``(*cardinalities of the parents, cardinality of the child)``, float64.
    """

    where: str
    child: int
    parents: tuple[int, ...]
    table: np.ndarray


def checked_variable(path: str, name: str, values: Sequence[str], before: Collection[str]) -> None:
    """Refuse a variable without values, with one that comes twice, or a second one of the same name.

    Raises:
        ValueError: naming it.
    """
    if name in before:
        raise refusal(f"{path}, variable", name, "comes twice")
    if not 1 <= len(values) <= MAX_CARDINALITY:
        raise refusal(f"{path}, values of {name}", len(values), f"should be 1 .. {MAX_CARDINALITY}")
    if (twice := first_repeated(values)) is not None:
        raise refusal(f"{path}, values of {name}", twice, "comes twice")


def network_file(
    path: str,
    form: str,
    read_as: str,
    names: Sequence[str],
    values: Sequence[Sequence[str]],
    laws: Sequence[ConditionalLaw],
) -> ModelFile:
    """A network with one law a variable and no directed circle.

    Raises:
        ValueError: naming the variable that has no law or two, whose parents form a circle, or whose
            probabilities do not sum to one.
    """
    if not names:
        raise refusal("file", path, "holds no variable")
    check_values(path, map(len, values))
    seen: dict[int, ConditionalLaw] = {}
    for law in laws:
        if law.child in seen:
            raise refusal(law.where, names[law.child], "has two tables of probabilities")
        seen[law.child] = law
    for number, name in enumerate(names):
        if number not in seen:
            raise refusal(f"{path}, variable", name, "has no probabilities")
    _refuse_circles(path, names, seen)
    warnings: list[str] = []
    tables = [_normalised(law, names[law.child], warnings) for law in laws]
    with np.errstate(divide="ignore"):
        logs = [np.log(table) for table in tables]
    scopes = [(*law.parents, law.child) for law in laws]
    return ModelFile(
        format=form,
        read_as=read_as,
        tables=tables_from([len(held) for held in values], scopes, logs, names),
        labels=tuple(names),
        values=tuple(tuple(held) for held in values),
        warnings=tuple(
            warnings[:3] + [f"... and {len(warnings) - 3} more such variables"] * (len(warnings) > 3)
        ),
    )


def sums_to_one(table: np.ndarray) -> bool:
    """Whether the last axis holds probabilities, but for cut-off digits.

    Args:
        table: float64, shape ``(*parents, values)``.
    """
    return bool((np.abs(table.sum(axis=-1) - 1) <= MAX_ROUNDING).all())


def _normalised(law: ConditionalLaw, name: str, warnings: list[str]) -> np.ndarray:
    sums = law.table.sum(axis=-1, keepdims=True)
    off = np.abs(sums - 1)
    worst = float(sums.flat[int(np.argmax(off))])
    if not sums_to_one(law.table):
        raise refusal(f"{law.where}, sum of probabilities", worst, f"should be 1 within {MAX_ROUNDING}")
    if off.max() > SAID_ROUNDING:
        warnings.append(f"probabilities of {name} sum to {worst:.8g}; they were divided by their sum")
    return law.table / sums


def _refuse_circles(path: str, names: Sequence[str], laws: dict[int, ConditionalLaw]) -> None:
    """Take away variables whose parents are gone; what is left goes in circles."""
    waiting = {child: len(law.parents) for child, law in laws.items()}
    children: dict[int, list[int]] = {}
    for child, law in laws.items():
        for parent in law.parents:
            children.setdefault(parent, []).append(child)
    free = [child for child, count in waiting.items() if count == 0]
    while free:
        parent = free.pop()
        del waiting[parent]
        for child in children.get(parent, []):
            waiting[child] -= 1
            if waiting[child] == 0:
                free.append(child)
    if waiting:
        raise refusal(
            f"{path}, variable",
            names[min(waiting)],
            "is its own ancestor, or below a circle; no Bayesian network",
        )
