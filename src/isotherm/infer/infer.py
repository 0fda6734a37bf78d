"""Answers about a model file: marginals, log Z, the most probable state, samples; exact where tractable.

Values of a variable are counted from 0 in the order of its table; value 0 of a spin is ``-1``, value 1 is ``+1``.
"""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

import numpy as np

from isotherm import doors
from isotherm.energy.files.content import FilePath, read_content
from isotherm.energy.files.evidence import MAX_EVIDENCE, named_evidence, named_lines
from isotherm.energy.files.uai import from_evidence
from isotherm.energy.tables import spread
from isotherm.errors import printable, refusal
from isotherm.exact.graph.junction import Junction
from isotherm.exact.graph.narrowing import Widened, narrowed
from isotherm.exact.graph.solve import TooCostlyError, solve
from isotherm.infer.answer import Answer, Found, How, Task, Uncertain
from isotherm.infer.source import Source, read_model, unreadable

DEFAULT_TASKS = ("marginals", "z", "map")
DEFAULT_DRAWS = 10_000

MAX_SEED = 2**32 - 1
"""The generators of samplers tell seeds apart up to here."""

MAX_DRAWN = 200_000_000
"""Most values of all samples together: 1.6 GB."""

DEFAULT_TIME_LIMIT, MAX_TIME_LIMIT = 60.0, 1e7
"""Seconds."""

_NARROWED_FIRST = 500  # variables; below, one more search for an order of elimination costs nothing
_FLOAT32 = 1e37
_NOTICEABLE = 1e-6


def infer(
    model: FilePath,
    evidence: FilePath | None = None,
    tasks: Sequence[str] = DEFAULT_TASKS,
    method: str = "auto",
    beta: float = 1.0,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    *,
    form: str | None = None,
    given: Sequence[str] = (),
    sample: int | None = None,
    time_limit: float = DEFAULT_TIME_LIMIT,
    is_progress_shown: bool = False,
) -> Answer:
    """Answer what is asked about a model file.

    Args:
        model: a file of one of the :data:`~isotherm.energy.files.formats.FORMATS`, plain or packed by gzip or xz.
        evidence: a UAI evidence file, in which variables are called as in the model file; or lines ``NAME=VALUE``.
        tasks: any of ``"marginals"``, ``"z"``, ``"map"`` and ``"samples"``.
        method: ``"auto"`` is exact where that fits into a minute and 4 GB, else samples: models with zeros by blocked
            Gibbs sampling, others by tempering, or by annealed importance sampling where only that converges.
        beta: inverse temperature, at least 0; a UAI file's weights are taken to this power.
        draws: independent draws of the task ``samples``; in all chains together where sampled. At least 1.
        seed: of everything random, within ``0 .. 2**32 - 1``.
        form: the format of ``model``; by default told by header or suffix.
        given: observations ``NAME=VALUE``, besides those of ``evidence``.
        sample: which sample of an evidence file that holds several, from 1.
        time_limit: seconds for what is searched or sampled, above 0; exact answers keep to their own bound. Compiled
            loops that run then are left alone: they end in the background.
        is_progress_shown: whether standard error, if it is a terminal, shows how far it is.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument, or what is wrong with a file; if exact answers are insisted on and would
            take too much; or if an answer came out as no number.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "coin.edges"
    >>> _ = file.write_text("0 0.5")  # one spin with a bias
    >>> infer(file, tasks=["marginals"]).marginals[0].round(4).tolist()
    [0.2689, 0.7311]
    """
    begun = time.perf_counter()
    doors.file_path("model", model)
    _check(tasks, method, draws, seed, time_limit)
    _check_observed(evidence, given, sample)
    doors.flag("is_progress_shown", is_progress_shown)
    source = read_model(model, beta, form)
    values, said = _read_evidence(evidence, given, source, sample)
    if draws * len(source.labels) > MAX_DRAWN:
        raise refusal(
            "draws", draws, f"at most {MAX_DRAWN // len(source.labels)} of {len(source.labels)} variables fit"
        )
    solution, why_not = None, "asked for"
    if method in ("auto", "exact"):
        try:
            solution = _solved(source, values)
        except TooCostlyError as error:
            if method == "exact":
                raise
            why_not = str(error).partition(": ")[2].partition(";")[0]
    if solution is None:
        from isotherm.infer.clock import Clock
        from isotherm.infer.sampled import sampled_answer

        _refuse_overflow(source, method)
        with Clock(time_limit, printable(source.name, 40) if is_progress_shown else "") as clock:
            answer = sampled_answer(source, values, tasks, method, draws, seed, clock)
        answer.reason = f"exact answers {why_not}" if method == "auto" else "asked for"
    else:
        answer = _exact_answer(source, solution, tasks, draws, seed)
    _describe(answer, source, beta, said)
    _refuse_nan(answer)
    answer.seconds = time.perf_counter() - begun
    return answer


def _describe(answer: Answer, source: Source, beta: float, evidence: str) -> None:
    """Add what the file calls things, how it was read, and energies."""
    answer.format, answer.beta, answer.values = source.file.format, beta, source.file.values
    answer.read_as = source.file.read_as + (f"; evidence: {evidence}" if evidence else "")
    answer.warnings = [*source.file.warnings, *answer.warnings]
    if answer.map is not None and (energy := source.energies(answer.map.assignment)) is not None:
        answer.map = answer.map._replace(energy=float(energy[0]))
    if answer.samples is not None:
        answer.sample_energies = source.energies(answer.samples)


def _refuse_nan(answer: Answer) -> None:
    """One look at the whole answer before it goes out."""
    for what, numbers in _numbers_of(answer):
        if not np.isfinite(numbers).all():
            worst = float(numbers[~np.isfinite(numbers)][0])
            mend = (
                "no number came out: energies are too large for the method; lower beta, or rescale the model"
            )
            raise refusal(what, worst, mend)
    for row in answer.marginals or []:
        if row.min() < -1e-9 or abs(row.sum() - 1) > 1e-6:
            raise refusal(
                "marginals", row.tolist()[:4], "do not sum to one: energies are too large; lower beta"
            )
    for what, errors in (
        ("log_z.error", [answer.log_z and answer.log_z.error]),
        ("errors", answer.marginal_errors or []),
    ):
        for error in errors:
            if error is not None and np.isnan(error).any():
                raise refusal(what, "nan", "no error came out; take more draws, or another method")


def _numbers_of(answer: Answer) -> Iterator[tuple[str, np.ndarray]]:
    if answer.log_z is not None:
        yield "log_z", np.array([answer.log_z.value])
    if answer.marginals is not None:
        yield "marginals", np.concatenate(answer.marginals)
    if answer.map is not None:
        yield "map", np.array([answer.map.log_weight, answer.map.energy or 0.0])
    if answer.sample_energies is not None:
        yield "samples", answer.sample_energies


def _refuse_overflow(source: Source, how: str) -> None:
    """Samplers count in float32, where larger energies are infinite and their differences no numbers."""
    apart = spread(source.tables)
    if apart > _FLOAT32:
        mend = f"log weights lie up to {apart:.1e} apart, too much for samplers, which count in float32"
        raise refusal("method", how, f"{mend}; use exact, or lower beta")


class _Exact(NamedTuple):
    law: Junction | Widened
    method: str
    reason: str


def _solved(source: Source, values: np.ndarray) -> _Exact:
    """Exactly; where that takes too much, and in large models at once, without the values that zeros rule out.

    Raises:
        TooCostlyError: if it still does.
        ValueError: if no state is possible.
    """
    is_large = source.has_zeros and len(source.labels) > _NARROWED_FIRST
    smaller = narrowed(source.tables, values) if is_large else None
    if smaller is None or not smaller.num_removed:
        try:
            return _Exact(*solve(source.tables, values))
        except TooCostlyError:
            if is_large or not source.has_zeros:
                raise
            smaller = narrowed(source.tables, values)
            if not smaller.num_removed:
                raise
    found = solve(smaller.tables, smaller.values)
    reason = f"{smaller.num_removed} values that zeros rule out were left out; {found.reason}"
    return _Exact(Widened(found.law, smaller, source.tables.cardinalities), found.method, reason)


def _exact_answer(source: Source, solution: _Exact, tasks: Sequence[str], draws: int, seed: int) -> Answer:
    law = solution.law
    answer = Answer(source.name, "exact", f"{solution.method}: {solution.reason}", source.labels)
    if (lost := spread(source.tables) * np.finfo(float).eps / 2) > _NOTICEABLE:
        said = f"log weights lie so far apart that float64 rounds them by up to {lost:.1e}"
        answer.warnings.append(f"{said}; smaller differences are not seen")
    if "z" in tasks:
        answer.log_z = Uncertain(law.log_z + source.constant, 0.0)
    if "marginals" in tasks:
        answer.marginals = law.marginals()
    if "map" in tasks:
        state, log_weight = law.best()
        answer.map = Found(state, log_weight + source.constant)
    if "samples" in tasks:
        answer.samples = law.draw(np.random.default_rng(seed), draws)
    return answer


def _read_evidence(
    path: FilePath | None, given: Sequence[str], source: Source, sample: int | None
) -> tuple[np.ndarray, str]:
    """Values that are held, -1 where a variable is free, and what was read."""
    tables, labels, names = source.tables, source.labels, source.file.values
    values, said = np.full(tables.num_variables, -1), ""
    if sample is not None and path is None:
        raise refusal("sample", sample, "chooses from an evidence file; give one")
    if path is not None:
        try:
            content = read_content(path, MAX_EVIDENCE)
        except OSError as error:
            raise unreadable(path, error) from None
        lines = named_lines(content)
        if lines is None:
            values, said = from_evidence(content, tables, labels, sample)
        elif sample is not None:
            raise refusal("sample", sample, "lines NAME=VALUE hold a single one")
        else:
            values, said = (
                named_evidence(lines, tables, labels, names, values),
                f"{len(lines)} observed by name",
            )
    if given:
        values = named_evidence(given, tables, labels, names, values)
        said = f"{said + ', ' if said else ''}{len(given)} given"
    return values, said


def _check(tasks: Sequence[str], method: str, draws: int, seed: int, time_limit: float) -> None:
    for task in doors.words("tasks", tasks):
        doors.choice("task", task, get_args(Task))
    doors.choice("method", method, get_args(How))
    doors.whole("draws", draws, 1, most=None)
    doors.whole("seed", seed, 0, MAX_SEED)
    doors.number("time_limit", time_limit, above=0, most=MAX_TIME_LIMIT)


def _check_observed(evidence: FilePath | None, given: Sequence[str], sample: int | None) -> None:
    if evidence is not None:
        doors.file_path("evidence", evidence)
    doors.words("given", given)
    if sample is not None:
        doors.whole("sample", sample, 1)
