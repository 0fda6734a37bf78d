"""Models as text: dimod's COO and JSON files, and edge lists. dimod itself is not needed.

In an edge list, each line is ``i j coupling`` or ``i bias`` in our sign: positive favours alignment. Variables are
called by whole numbers from 0; those that no line names do not exist. What follows ``#`` is a comment. A bias is
written with a point, a sign or an exponent, for two plain whole numbers are an edge whose weight is missing.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from isotherm.doors import choice, file_path
from isotherm.energy.files.bqm import Quadratics, Vartype, from_graph, to_graph
from isotherm.energy.files.bqm_binary import MAGIC, from_bqm_file
from isotherm.energy.files.bqm_json import from_json, to_json
from isotherm.energy.files.content import Content, read_content
from isotherm.energy.files.networks import Labelled
from isotherm.energy.files.numbers import decimal
from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal

COO_HEADER = re.compile(r"^[ \t]*#.*?vartype\s*[:=]\s*([-.\w]+)", re.IGNORECASE | re.MULTILINE)
MAX_BYTES = 1 << 25
"""Most bytes of a file of lines or JSON."""

EDGES_HEADER = "# i j coupling | i bias; positive favours alignment"
_INDEX = re.compile(r"\d{1,18}", re.ASCII)


class Line(NamedTuple):
    """A line of numbers.

    Attributes:
        where: what refusals call it.
        variables: one or two.
        weight: as a number.
        word: the weight as it is written.
    """

    where: str
    variables: tuple[int, ...]
    weight: float
    word: str


def read_edge_list(path: str | os.PathLike[str]) -> Labelled:
    """An Ising model from an edge list, also packed by gzip or xz, or with a byte-order mark.

    Args:
        path: a text file of lines ``i j coupling`` and ``i bias``; each pair and each bias once.

    Returns:
        Spins in the group ``"s"``, labelled by their numbers in the file, ascending.

    Raises:
        ValueError: naming the line at fault. A bias that is a plain whole number, as in ``0 1``, is refused: it reads
            like an edge without its weight.
        OSError: if the file cannot be read.
    """
    return to_graph(from_edges(read_content(file_path("path", path), MAX_BYTES)))


def from_edges(content: Content) -> Quadratics:
    """Read the content of an edge list; see :func:`read_edge_list`.

    Raises:
        ValueError: naming the line that joins a variable to itself, repeats a pair or has no weight.
    """
    lines = list(numbered(content))
    seen: dict[tuple[int, ...], str] = {}
    refuse_header(lines)
    for line in lines:
        if len(line.variables) == 2 and line.variables[0] == line.variables[1]:
            mend = (
                'joins a variable to itself; if this is dimod\'s COO, put "# vartype=SPIN" or BINARY on top'
            )
            raise refusal(line.where, line.variables, mend)
        refuse_unweighted(line)
        before = seen.setdefault(tuple(sorted(line.variables)), line.where)
        if before != line.where:
            raise refusal(line.where, line.variables, f"repeats {before}; give each pair and each bias once")
    linear = [(line.variables[0], -line.weight) for line in lines if len(line.variables) == 1]
    quadratic = [(*line.variables, -line.weight) for line in lines if len(line.variables) == 2]
    return _gathered(content.path, linear, quadratic, "SPIN")


def refuse_unweighted(line: Line) -> None:
    """Refuse two plain whole numbers, which are an edge whose weight is missing, or a bias that looks like one.

    Raises:
        ValueError: naming the line.
    """
    if len(line.variables) == 1 and _INDEX.fullmatch(line.word):
        (first,), second = line.variables, line.word
        edge, bias = f"{first} {second} 1.0", f"{first} {second}.0"
        mend = f"has no weight: an edge is `{edge}`, a bias is written with a point, `{bias}`"
        raise refusal(line.where, f"{first} {second}", mend)


def write_edge_list(path: str | os.PathLike[str], model: Labelled | FactorGraph) -> None:
    """Write an Ising model as an edge list, with all digits.

    Args:
        path: the file to write or replace.
        model: spins with factors of one and two variables; labels, where there are any, are whole numbers.

    Raises:
        ValueError: naming the factor, label or offset that an edge list cannot hold.
    """
    bqm = _for_lines(file_path("path", path), from_graph(model, "SPIN"))
    rows = [(*(bqm.labels[v] for v in pair), -q) for pair, q in _pairs(bqm)]
    rows += [(bqm.labels[i], -bqm.linear[i]) for i in _named_alone(bqm)]
    _write(path, [EDGES_HEADER, *_texts(rows)])


def read_dimod(path: str | os.PathLike[str], vartype: Vartype | None = None) -> Labelled:
    """A binary quadratic model from a file in dimod's COO, JSON or binary format, told apart by content.

    Args:
        path: the file, also packed by gzip or xz. As in dimod, a pair that comes twice in a COO file counts twice.
        vartype: of the variables of a COO file without the header ``# vartype=...``.

    Returns:
        Spins in the group ``"s"`` with the labels of the file; binary variables 0, 1 become spins -1, +1.

    Raises:
        ValueError: naming the line or field at fault.
        OSError: if the file cannot be read.
    """
    if vartype is not None:
        choice("vartype", vartype, get_args(Vartype))
    content = read_content(file_path("path", path), MAX_BYTES)
    if content.data.startswith(MAGIC):
        return to_graph(from_bqm_file(content))
    text = content.text()
    return to_graph(from_json(path, text) if text.lstrip().startswith("{") else from_coo(content, vartype))


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
    file_path("path", path)
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


def numbered(content: Content) -> Iterator[Line]:
    """The content of each line that has any.

    Raises:
        ValueError: naming the line that holds anything else than one or two variables and a weight.
    """
    for number, line in enumerate(content.text().split("\n"), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        where = f"{content.path}, line {number}"
        *variables, weight = words
        if len(variables) not in (1, 2) or not all(map(_INDEX.fullmatch, variables)):
            raise refusal(
                where, line.strip()[:80], "should be whole numbers of one or two variables, then a weight"
            )
        yield Line(where, tuple(map(int, variables)), decimal(where, weight), weight)


def refuse_header(lines: Sequence[Line]) -> None:
    """Other formats begin with the numbers of nodes and edges, which would pass for a bias.

    Raises:
        ValueError: naming the line.
    """
    couplings = sum(len(line.variables) == 2 for line in lines)
    if (
        lines
        and len(lines[0].variables) == 1
        and couplings
        and lines[0].weight == couplings == len(lines) - 1
    ):
        where, (first,), *_ = lines[0]
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
    weights = np.array(list(totals.values()), np.float64)
    if not (np.isfinite(biases).all() and np.isfinite(weights).all()):
        raise refusal("file", str(path), "weights of one variable or pair add up beyond float64")
    return Quadratics(biases, pairs, weights, 0.0, vartype, tuple(labels))


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


def from_coo(content: Content, vartype: Vartype | None) -> Quadratics:
    """Read the content of a COO file; see :func:`read_dimod`.

    Args:
        content: of the file.
        vartype: of the variables, if the file does not say; what it says must agree.

    Raises:
        ValueError: if the kind of variables is not known or told twice, or naming the line without two variables.
    """
    named = {found.upper() for found in COO_HEADER.findall(content.text())}
    if len(named) > 1:
        raise refusal(f"{content.path}, vartype", ", ".join(sorted(named)), "should be one")
    found = named.pop() if named else vartype
    if found not in get_args(Vartype):
        mend = 'should be SPIN or BINARY, in a line "# vartype=SPIN" or by the argument'
        mend += " (--format coo-spin or coo-binary)"
        raise refusal(f"{content.path}, vartype", found, mend)
    if vartype not in (None, found):
        raise refusal("vartype", vartype, f"the file says {found}")
    linear, quadratic = [], []
    for where, variables, weight, _ in numbered(content):
        if len(variables) != 2:
            raise refusal(
                where, variables, "should be two variables (twice the same for a bias) and a weight"
            )
        if variables[0] == variables[1]:
            linear.append((variables[0], weight))
        else:
            quadratic.append((*variables, weight))
    return _gathered(content.path, linear, quadratic, "SPIN" if found == "SPIN" else "BINARY")
