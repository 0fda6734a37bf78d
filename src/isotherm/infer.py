"""Answers about a model file: marginals, log Z, the most probable state, samples; exact where tractable.

Values of a variable are counted from 0 in the order of its table; value 0 of a spin is ``-1``, value 1 is ``+1``.
"""

import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from isotherm.energy.tables import Tables
from isotherm.energy.uai import FilePath, read_evidence, read_uai
from isotherm.errors import refusal
from isotherm.sample.solve import Solution, TooCostlyError, solve

Task = Literal["marginals", "z", "map", "samples"]
How = Literal["auto", "exact", "gibbs", "tempering", "swendsen-wang", "ais"]
DEFAULT_TASKS = ("marginals", "z", "map")
DEFAULT_DRAWS = 10_000


class Source(NamedTuple):
    """A model as it came from a file.

    Attributes:
        name: of the file.
        tables: the model at its temperature.
        labels: what each variable is called: its number in UAI files.
        constant: added to the log weight of every state.
    """

    name: str
    tables: Tables
    labels: tuple[Hashable, ...]
    constant: float

    @property
    def has_zeros(self) -> bool:
        """Whether a table forbids anything."""
        return any(np.isneginf(logs).any() for logs in self.tables.logs)


class Estimate(NamedTuple):
    """A number with its standard error: 0 where exact, None where it is not known."""

    value: float
    error: float | None


class Found(NamedTuple):
    """A state with values counted from 0, and its log weight."""

    assignment: np.ndarray
    log_weight: float


@dataclass
class Answer:
    """What was asked; None where it was not.

    Attributes:
        model: name of the file.
        method: what was used.
        reason: why.
        labels: what each variable is called.
        log_z: natural logarithm.
        marginals: probabilities of the values of each variable.
        marginal_errors: their standard errors where sampled and converged.
        map: the most probable state; where sampled, the best that was seen.
        samples: int, shape ``(draws, n)``.
        seconds: wall time, reading included.
        warnings: what to be careful about; where not converged, why, and what to do instead.
        is_converged: whether errors can be believed: True for exact answers. False where sampled chains disagree,
            stand still or cannot reach each other; what did not converge then has no error.
    """

    model: str
    method: str
    reason: str
    labels: tuple[Hashable, ...]
    log_z: Estimate | None = None
    marginals: list[np.ndarray] | None = None
    marginal_errors: list[np.ndarray] | None = None
    map: Found | None = None
    samples: np.ndarray | None = None
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    is_converged: bool = True

    def to_json(self) -> dict[str, Any]:
        """One object of plain values; tasks that were not asked for are None."""
        found = self.map
        return {
            "model": self.model,
            "method": self.method,
            "reason": self.reason,
            "log_z": None if self.log_z is None else self.log_z._asdict(),
            "marginals": _lists(self.marginals),
            "marginal_errors": _lists(self.marginal_errors),
            "map": found and {"assignment": found.assignment.tolist(), "log_weight": found.log_weight},
            "samples": None if self.samples is None else self.samples.tolist(),
            "seconds": round(self.seconds, 3),
            "is_converged": self.is_converged,
        }


def infer(
    model: FilePath,
    evidence: FilePath | None = None,
    tasks: Sequence[str] = DEFAULT_TASKS,
    method: str = "auto",
    beta: float = 1.0,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
) -> Answer:
    """Answer what is asked about a model file.

    Args:
        model: a UAI file, a dimod file (COO or JSON) or an edge list, told apart by content.
        evidence: a UAI evidence file; variables are called as in the model file.
        tasks: any of ``"marginals"``, ``"z"``, ``"map"`` and ``"samples"``.
        method: ``"auto"`` is exact where that fits into a minute and 4 GB, else samples by tempering, or by annealed
            importance sampling where only that converges.
        beta: inverse temperature, at least 0; a UAI file's weights are taken to this power.
        draws: independent draws of the task ``samples``; in all chains together where sampled. At least 1.
        seed: of everything random, at least 0.

    Raises:
        ValueError: naming the argument, or what is wrong with a file; or if exact answers are insisted on and
            would take too much.
    """
    begun = time.perf_counter()
    _check(tasks, method, beta, draws, seed)
    source = read_model(model, beta)
    values = _read_evidence(evidence, source)
    solution, why_not = None, "asked for"
    if method in ("auto", "exact"):
        try:
            solution = solve(source.tables, values)
        except TooCostlyError as error:
            if method == "exact":
                raise
            why_not = str(error).partition(": ")[2].partition(";")[0]
    if solution is None:
        from isotherm.infer_sampled import sampled_answer

        answer = sampled_answer(source, values, tasks, method, draws, seed)
        answer.reason = f"exact answers {why_not}" if method == "auto" else "asked for"
    else:
        answer = _exact_answer(source, solution, tasks, draws, seed)
    answer.seconds = time.perf_counter() - begun
    return answer


def _exact_answer(source: Source, solution: Solution, tasks: Sequence[str], draws: int, seed: int) -> Answer:
    law = solution.law
    answer = Answer(source.name, "exact", f"{solution.method}: {solution.reason}", source.labels)
    if "z" in tasks:
        answer.log_z = Estimate(law.log_z + source.constant, 0.0)
    if "marginals" in tasks:
        answer.marginals = law.marginals()
    if "map" in tasks:
        state, log_weight = law.best()
        answer.map = Found(state, log_weight + source.constant)
    if "samples" in tasks:
        answer.samples = law.draw(np.random.default_rng(seed), draws)
    return answer


def read_model(path: FilePath, beta: float = 1.0) -> Source:
    """Read a model file, whose kind is told by its content.

    Raises:
        ValueError: if it cannot be read, or naming what is wrong with it.
    """
    name = Path(path).name
    begin = _beginning(path)
    if begin.split()[:1] and begin.split()[0].upper() in (b"BAYES", b"MARKOV"):
        tables = read_uai(path).log_tables(beta)
        return Source(name, tables, tuple(range(tables.num_variables)), 0.0)
    from isotherm.energy.exchange import read_dimod, read_edge_list
    from isotherm.energy.expand import tables_of

    is_dimod = begin.lstrip().startswith(b"{") or b"vartype" in begin
    found = read_dimod(path) if is_dimod else read_edge_list(path)
    return Source(name, tables_of(found.graph, beta), found.labels, -beta * found.offset)


def _beginning(path: FilePath) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError as error:
        raise refusal("file", str(path), f"cannot be read: {error.strerror}") from None


def _read_evidence(path: FilePath | None, source: Source) -> np.ndarray:
    if path is None:
        return np.full(source.tables.num_variables, -1)
    _beginning(path)
    return read_evidence(path, source.tables, source.labels)


def _check(tasks: Sequence[str], method: str, beta: float, draws: int, seed: int) -> None:
    for task in tasks:
        if task not in get_args(Task):
            raise refusal("task", task, f"should be one of {', '.join(get_args(Task))}")
    if method not in get_args(How):
        raise refusal("method", method, f"should be one of {', '.join(get_args(How))}")
    if not (math.isfinite(beta) and beta >= 0):
        raise refusal("beta", beta, "should be finite and at least 0")
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if value < least:
            raise refusal(name, value, f"should be at least {least}")


def _lists(rows: list[np.ndarray] | None) -> list[list[float]] | None:
    return None if rows is None else [row.tolist() for row in rows]
