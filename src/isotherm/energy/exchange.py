"""Models as text: dimod's COO and JSON files, and edge lists. dimod itself is not needed.

In an edge list, each line is ``i j coupling`` or ``i bias`` in our sign: positive favours alignment. Variables are
called by whole numbers from 0; those that no line names do not exist. What follows ``#`` is a comment.
"""

import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from isotherm.energy.bqm import Quadratics, Vartype, from_graph, to_graph
from isotherm.energy.bqm_json import from_json, to_json
from isotherm.energy.graph import FactorGraph
from isotherm.energy.networks import Labelled
from isotherm.errors import refusal

_HEADER = re.compile(r"#.*?vartype\s*[:=]\s*(\S+)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INDEX = re.compile(r"\d+", re.ASCII)


class _Line(NamedTuple):
    where: str
    variables: tuple[int, ...]
    weight: float


def read_edge_list(path: str | os.PathLike[str]) -> Labelled:
    """An Ising model from an edge list.

    Args:
        path: a text file of lines ``i j coupling`` and ``i bias``; each pair and each bias once.

    Returns:
        Spins in the group ``"s"``, labelled by their numbers in the file, ascending.

    Raises:
        ValueError: naming the line at fault.
        OSError: if the file cannot be read.
    """
    lines = [line for line in _numbered(path) if line.variables]
    seen: dict[tuple[int, ...], str] = {}
    for line in lines:
        if len(line.variables) == 2 and line.variables[0] == line.variables[1]:
            mend = (
                'joins a variable to itself; if this is dimod\'s COO, put "# vartype=SPIN" or BINARY on top'
            )
            raise refusal(line.where, line.variables, mend)
        before = seen.setdefault(tuple(sorted(line.variables)), line.where)
        if before != line.where:
            raise refusal(line.where, line.variables, f"repeats {before}; give each pair and each bias once")
    _refuse_header(lines)
    linear = [(line.variables[0], -line.weight) for line in lines if len(line.variables) == 1]
    quadratic = [(*line.variables, -line.weight) for line in lines if len(line.variables) == 2]
    return to_graph(_gathered(path, linear, quadratic, "SPIN"))


def write_edge_list(path: str | os.PathLike[str], model: Labelled | FactorGraph) -> None:
    """Write an Ising model as an edge list, with all digits.

    Args:
        path: the file to write or replace.
        model: spins with factors of one and two variables; labels, where there are any, are whole numbers.

    Raises:
        ValueError: naming the factor, label or offset that an edge list cannot hold.
    """
    bqm = _for_lines(path, from_graph(model, "SPIN"))
    rows = [(*(bqm.labels[v] for v in pair), -q) for pair, q in _pairs(bqm)]
    rows += [(bqm.labels[i], -bqm.linear[i]) for i in _named_alone(bqm)]
    _write(path, ["# i j coupling | i bias; positive favours alignment", *_texts(rows)])


def read_dimod(path: str | os.PathLike[str], vartype: Vartype | None = None) -> Labelled:
    """A binary quadratic model from a file in dimod's COO or JSON format, told apart by content.

    Args:
        path: the file. As in dimod, a pair that comes twice in a COO file counts twice.
        vartype: of the variables of a COO file without the header ``# vartype=...``.

    Returns:
        Spins in the group ``"s"`` with the labels of the file; binary variables 0, 1 become spins -1, +1.

    Raises:
        ValueError: naming the line or field at fault.
        OSError: if the file cannot be read.
    """
    text = _text(path)
    return to_graph(from_json(path, text) if text.lstrip().startswith("{") else _from_coo(path, vartype))


def write_dimod(
    path: str | os.PathLike[str], model: Labelled | FactorGraph, vartype: Vartype = "SPIN"
) -> None:
    """Write a binary quadratic model for dimod: JSON where the name ends so, else COO.

    Args:
        path: the file to write or replace.
        model: spins with factors of one and two variables.
        vartype: of the variables in the file; energies agree in either.

    Raises:
        ValueError: naming the factor that is not quadratic; or the label or offset that COO cannot hold.
    """
    bqm = from_graph(model, vartype)
    if Path(path).suffix == ".json":
        _write(path, [to_json(bqm)])
        return
    bqm = _for_lines(path, bqm)
    rows = [(bqm.labels[i], bqm.labels[i], bqm.linear[i]) for i in _named_alone(bqm)]
    rows += [(*(bqm.labels[v] for v in pair), q) for pair, q in _pairs(bqm)]
    _write(path, [f"# vartype={vartype}", *_texts(rows)])


# ------------------------------------------------------------------------------
# Lines of numbers


def _text(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise refusal("file", str(path), "is not text") from None


def _numbered(path: str | os.PathLike[str]) -> Iterator[_Line]:
    """The content of each line that has any."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        where = f"{path}, line {number}"
        *variables, weight = words
        if len(variables) not in (1, 2) or not all(map(_INDEX.fullmatch, variables)):
            raise refusal(
                where, line.strip(), "should be whole numbers of one or two variables, then a weight"
            )
        if not _NUMBER.fullmatch(weight) or not math.isfinite(float(weight)):
            raise refusal(where, weight, "should be a finite number")
        yield _Line(where, tuple(map(int, variables)), float(weight))


def _refuse_header(lines: Sequence[_Line]) -> None:
    """Other formats begin with the numbers of nodes and edges, which would pass for a bias."""
    couplings = sum(len(line.variables) == 2 for line in lines)
    if (
        lines
        and len(lines[0].variables) == 1
        and couplings
        and lines[0].weight == couplings == len(lines) - 1
    ):
        where, (first,), _ = lines[0]
        raise refusal(where, f"{first} {couplings}", "reads like numbers of nodes and edges; put # before it")


def _gathered(path: Any, linear: Sequence[Any], quadratic: Sequence[Any], vartype: Vartype) -> Quadratics:
    """Arrays of what the lines say; what is said twice adds up."""
    labels = sorted({i for i, _ in linear} | {v for *pair, _ in quadratic for v in pair})
    if not labels:
        raise refusal("file", str(path), "holds no variable")
    number = {label: i for i, label in enumerate(labels)}
    biases = np.zeros(len(labels))
    np.add.at(biases, [number[i] for i, _ in linear], [h for _, h in linear])
    totals: dict[tuple[int, int], float] = {}
    for i, j, q in quadratic:
        pair = (number[min(i, j)], number[max(i, j)])
        totals[pair] = totals.get(pair, 0.0) + q
    pairs = np.array(list(totals), np.int32).reshape(-1, 2)
    return Quadratics(biases, pairs, np.array(list(totals.values())), 0.0, vartype, tuple(labels))


def _for_lines(path: Any, bqm: Quadratics) -> Quadratics:
    if bqm.offset:
        raise refusal("offset", bqm.offset, f"{path} has no place for one; write .json, or replace it by 0")
    for label in bqm.labels:
        if isinstance(label, bool) or not isinstance(label, int | np.integer) or label < 0:
            raise refusal("label", label, f"{path} holds whole numbers from 0 only; write .json")
    return bqm


def _pairs(bqm: Quadratics) -> Iterator[tuple[list[int], float]]:
    return zip(bqm.pairs.tolist(), bqm.quadratic.tolist(), strict=True)


def _named_alone(bqm: Quadratics) -> np.ndarray:
    """Variables that need a line of their own: those with a bias, and those that no pair names."""
    is_in_pair = np.isin(np.arange(len(bqm.labels)), bqm.pairs)
    return np.flatnonzero((bqm.linear != 0) | ~is_in_pair)


def _texts(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """All digits, and no exponents, which dimod would skip."""
    for *labels, weight in rows:
        yield " ".join([*map(str, labels), np.format_float_positional(weight + 0.0, trim="0")])


def _write(path: str | os.PathLike[str], lines: Sequence[str]) -> None:
    beside = Path(f"{os.fspath(path)}.part")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    beside.replace(path)


# ------------------------------------------------------------------------------
# dimod's lines


def _from_coo(path: str | os.PathLike[str], vartype: Vartype | None) -> Quadratics:
    named = _HEADER.search(_text(path))
    found = named.group(1).upper() if named else vartype
    if found not in get_args(Vartype):
        mend = 'should be SPIN or BINARY, in a line "# vartype=SPIN" or by the argument'
        raise refusal(f"{path}, vartype", found, mend)
    if vartype not in (None, found):
        raise refusal("vartype", vartype, f"the file says {found}")
    linear, quadratic = [], []
    for where, variables, weight in _numbered(path):
        if len(variables) != 2:
            raise refusal(
                where, variables, "should be two variables (twice the same for a bias) and a weight"
            )
        if variables[0] == variables[1]:
            linear.append((variables[0], weight))
        else:
            quadratic.append((*variables, weight))
    return _gathered(path, linear, quadratic, "SPIN" if found == "SPIN" else "BINARY")
