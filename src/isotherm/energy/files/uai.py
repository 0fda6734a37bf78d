"""UAI files: discrete models, evidence and results as plain numbers. NumPy only.

The format is that of the UAI inference competitions: tokens separated by white space, factor tables of weights
``exp(-E)`` with the last variable of the scope running fastest.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from isotherm.doors import file_path
from isotherm.doors.kinds import first_repeated
from isotherm.energy.files.content import Content, FilePath, read_content
from isotherm.energy.files.evidence import MAX_EVIDENCE, Evidence, chosen_sample
from isotherm.energy.files.model import Space, check_values
from isotherm.energy.files.numbers import vanishes
from isotherm.energy.tables import Names, Tables
from isotherm.energy.variables import MAX_CARDINALITY
from isotherm.errors import refusal


@dataclass(frozen=True)
class UaiModel:
    """The content of a model file.

    Attributes:
        kind: ``"BAYES"`` (a table a variable; its last scope variable is the child) or ``"MARKOV"``.
        cardinalities: int64, shape ``(n,)``; 1 is allowed here, as in files.
        scopes: the variables of each table, in the order of its axes.
        tables: weights, float64, at least 0, an axis a variable of the scope.
    """

    kind: Literal["BAYES", "MARKOV"]
    cardinalities: np.ndarray
    scopes: tuple[tuple[int, ...], ...]
    tables: tuple[np.ndarray, ...]

    @property
    def has_zeros(self) -> bool:
        """Whether a table forbids anything."""
        return any((table == 0).any() for table in self.tables)

    def log_tables(self, beta: float = 1.0) -> Tables:
        """Tables to the power ``beta``, as logarithms; what is forbidden stays so at every ``beta``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = tuple(np.where(table > 0, beta * np.log(table), -np.inf)[None] for table in self.tables)
        scopes = tuple(np.array(scope, np.int64).reshape(1, -1) for scope in self.scopes)
        return Tables(self.cardinalities, scopes, logs, Names())


def read_uai(path: FilePath) -> UaiModel:
    """Read a model file, also packed by gzip or xz, or with a byte-order mark.

    Raises:
        ValueError: naming the variable, scope or table at fault, or what the file lacks or has too much of. Among
            them: a table of zeros alone, and a weight that is not 0 but becomes 0 in float64.
        OSError: if the file cannot be read.
    """
    return from_uai(read_content(file_path("path", path)))


def from_uai(content: Content) -> UaiModel:
    """Read the content of a model file; see :func:`read_uai`.

    Raises:
        ValueError: naming the variable, scope or table at fault.
    """
    path, tokens = content.path, _split(content)
    kind = tokens[0].decode("ascii", "replace").upper() if tokens else ""
    if kind not in ("BAYES", "MARKOV"):
        raise refusal(path, kind[:20], "a UAI model begins with BAYES or MARKOV")
    reader = _Tokens(tokens, 1)
    n = reader.whole("number of variables", 1)
    cardinalities = reader.wholes(n, "cardinality of variable")
    wrong = np.flatnonzero((cardinalities < 1) | (cardinalities > MAX_CARDINALITY))
    if len(wrong):
        at = int(wrong[0])
        raise refusal(
            f"cardinality of variable {at}",
            int(cardinalities[at]),
            f"should be within 1 .. {MAX_CARDINALITY}",
        )
    check_values(path, cardinalities.tolist())
    scopes = [_read_scope(reader, f, n) for f in range(reader.whole("number of tables", 0))]
    _check_sizes(scopes, cardinalities)
    tables = [_read_table(reader, f, cardinalities[list(scope)]) for f, scope in enumerate(scopes)]
    reader.finish()
    return UaiModel(kind, cardinalities, tuple(scopes), tuple(tables))


def write_uai(path: FilePath, model: UaiModel) -> None:
    """Write a model file, with all digits."""
    lines = [model.kind, str(len(model.cardinalities)), _joined(model.cardinalities), str(len(model.scopes))]
    lines += [_joined((len(scope), *scope)) for scope in model.scopes]
    for table in model.tables:
        rows = table.reshape(-1, table.shape[-1] if table.ndim else 1)
        lines += ["", str(table.size), *(" ".join(map(repr, row)) for row in rows.tolist())]
    Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")


def read_evidence(
    path: FilePath, tables: Tables, labels: Sequence[Hashable] | None = None, sample: int | None = None
) -> np.ndarray:
    """Read an evidence file: ``k``, then ``k`` pairs of a variable and its value.

    Files of the older form are read too: a number of samples, perhaps after a word ``EVID``, then each as above.

    Args:
        path: the file.
        tables: the model that the evidence is about.
        labels: whole numbers that the file calls the variables by; their flat numbers by default.
        sample: which sample of a file that holds several, counted from 1.

    Returns:
        int64, shape ``(n,)``: the value of each variable, ``-1`` where there is no evidence.

    Raises:
        ValueError: naming the variable or value out of range, a variable that comes twice, or what the file
            lacks or has too much of; if it can be read in both forms, or holds several samples and none is chosen.
        OSError: if the file cannot be read.
    """
    return from_evidence(read_content(path, MAX_EVIDENCE), tables, labels, sample).values


def from_evidence(
    content: Content, tables: Tables, labels: Sequence[Hashable] | None = None, sample: int | None = None
) -> Evidence:
    """Read the content of an evidence file; see :func:`read_evidence`."""
    lines = [[_shown(word) for word in line.split()] for line in _split_lines(content)]
    found = chosen_sample([line for line in lines if line], sample)
    if found is None:
        reader = _Tokens(_split(content), 0)
        count = reader.whole("number of observed variables", 0)
        pairs = [tuple(pair) for pair in reader.wholes(2 * count, "number").reshape(count, 2).tolist()]
        reader.finish()
        found = pairs, f"{count} observed"
    values = np.full(tables.num_variables, -1, np.int64)
    numbers = {label: flat for flat, label in enumerate(labels or range(len(values)))}
    for variable, value in found[0]:
        _observe(values, tables, numbers, variable, value)
    return Evidence(values, found[1])


def _observe(
    values: np.ndarray, tables: Tables, numbers: dict[Hashable, int], variable: int, value: int
) -> None:
    if variable not in numbers:
        mend = (
            "" if any(isinstance(label, int) for label in numbers) else ", called by names: NAME=VALUE a line"
        )
        raise refusal(
            "evidence", f"variable {variable}", f"unknown; the model has {len(values)} variables{mend}"
        )
    flat = numbers[variable]
    if values[flat] >= 0:
        raise refusal("evidence", f"variable {variable}", "is observed twice")
    if not 0 <= value < tables.cardinalities[flat]:
        last = tables.cardinalities[flat] - 1
        raise refusal(f"evidence of variable {variable}", value, f"should be within 0 .. {last}")
    values[flat] = value


def _split_lines(content: Content) -> list[bytes]:
    return content.text().encode("utf-8").split(b"\n")


def _split(content: Content) -> list[bytes]:
    data = content.text().encode("utf-8")
    tokens = data.split()
    if b"_" in data:  # which Python would take for a separator of digits
        raise refusal(
            content.path, _shown(next(word for word in tokens if b"_" in word)), "should be a number"
        )
    return tokens


class _Tokens:
    """Tokens read in order; every refusal says what was expected."""

    def __init__(self, tokens: list[bytes], at: int) -> None:
        self.tokens, self.at = tokens, at

    def take(self, count: int, what: str) -> list[bytes]:
        found = self.tokens[self.at : self.at + count]
        if len(found) < count:
            raise refusal(what, "end of file", f"{count - len(found)} more numbers are needed")
        self.at += count
        return found

    def wholes(self, count: int, what: str) -> np.ndarray:
        """Whole numbers."""
        found = self.take(count, what)
        try:
            return np.array(list(map(int, found)), np.int64)
        except (ValueError, OverflowError):
            at, word = next((k, w) for k, w in enumerate(found) if not _is_whole(w))
            raise refusal(f"{what} {at}", _shown(word), "should be a whole number") from None

    def whole(self, what: str, least: int) -> int:
        """One whole number."""
        word = self.take(1, what)[0]
        if not _is_whole(word) or int(word) < least:
            raise refusal(what, _shown(word), f"should be a whole number, at least {least}")
        return int(word)

    def weights(self, count: int, what: str) -> np.ndarray:
        """Numbers that are finite and not negative, float64."""
        found = self.take(count, what)
        try:
            values = np.array(list(map(float, found)), np.float64)
        except ValueError:
            at, word = next((k, w) for k, w in enumerate(found) if not _is_number(w))
            raise refusal(f"{what}, entry {at}", _shown(word), "should be a number") from None
        wrong = np.flatnonzero(~((values >= 0) & (values < np.inf)))
        if len(wrong):
            at = int(wrong[0])
            raise refusal(f"{what}, entry {at}", float(values[at]), "should be finite and at least 0")
        zeros = {word for word in set(found) if vanishes(_shown(word)) and float(word) == 0}
        if zeros:
            at = next(k for k, word in enumerate(found) if word in zeros)
            mend = "becomes 0 in float64, which forbids; write 0 where that is meant"
            raise refusal(f"{what}, entry {at}", _shown(found[at]), mend)
        return values

    def finish(self) -> None:
        """Refuse what is left over."""
        if self.at < len(self.tokens):
            extra = len(self.tokens) - self.at
            raise refusal("end of file", _shown(self.tokens[self.at]), f"{extra} more tokens than expected")


def _read_scope(reader: _Tokens, f: int, num_variables: int) -> tuple[int, ...]:
    what = f"scope of table {f}"
    arity = reader.whole(f"{what}, number of variables", 0)
    scope = reader.wholes(arity, f"{what}, variable")
    for v in scope.tolist():
        if not 0 <= v < num_variables:
            raise refusal(what, f"variable {v}", f"should be within 0 .. {num_variables - 1}")
    if (twice := first_repeated(scope.tolist())) is not None:
        raise refusal(what, f"variable {twice}", "comes twice; a table may hold it once")
    return tuple(scope.tolist())


def _check_sizes(scopes: list[tuple[int, ...]], cardinalities: np.ndarray) -> None:
    """Refuse tables that are too large, each or together, before one of them is made."""
    space, sizes = Space(), cardinalities.tolist()
    for f, scope in enumerate(scopes):
        space.take(f"table {f}", [sizes[v] for v in scope])


def _read_table(reader: _Tokens, f: int, sizes: np.ndarray) -> np.ndarray:
    what = f"table {f}"
    expected = math.prod(sizes.tolist())
    length = reader.whole(f"{what}, length", 1)
    if length != expected:
        raise refusal(f"{what}, length", length, f"its scope needs {expected} entries")
    weights = reader.weights(length, what)
    if not weights.any():
        raise refusal(what, "all zero", "no state is possible; a table needs a weight above 0")
    return weights.reshape(tuple(sizes.tolist()))


def _joined(numbers: Sequence[int] | np.ndarray) -> str:
    return " ".join(str(int(number)) for number in numbers)


def _is_whole(word: bytes) -> bool:
    try:
        return abs(int(word)) < 2**62
    except ValueError:
        return False


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _shown(word: bytes) -> str:
    return word[:40].decode("ascii", "replace")
