"""UAI files: discrete models, evidence and results as plain numbers. NumPy only.

The format is that of the UAI inference competitions: tokens separated by white space, factor tables of weights
``exp(-E)`` with the last variable of the scope running fastest.
"""

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from isotherm.energy.tables import Names, Tables
from isotherm.energy.variables import MAX_CARDINALITY
from isotherm.errors import refusal

MAX_TABLE = 10_000_000
"""Most entries of one table."""

FilePath = str | os.PathLike[str]


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
    """Read a model file.

    Raises:
        ValueError: naming the variable, scope or table at fault, or what the file lacks or has too much of.
        OSError: if the file cannot be read.
    """
    tokens = _split(path)
    kind = tokens[0].decode("ascii", "replace").upper() if tokens else ""
    if kind not in ("BAYES", "MARKOV"):
        raise refusal(str(path), kind[:20], "a UAI model begins with BAYES or MARKOV")
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
    scopes = [_read_scope(reader, f, n) for f in range(reader.whole("number of tables", 0))]
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


def read_evidence(path: FilePath, tables: Tables, labels: Sequence[Hashable] | None = None) -> np.ndarray:
    """Read an evidence file: ``k``, then ``k`` pairs of a variable and its value.

    Args:
        path: the file.
        tables: the model that the evidence is about.
        labels: whole numbers that the file calls the variables by; their flat numbers by default.

    Returns:
        int64, shape ``(n,)``: the value of each variable, ``-1`` where there is no evidence.

    Raises:
        ValueError: naming the variable or value out of range, a variable that comes twice, or what the file
            lacks or has too much of.
        OSError: if the file cannot be read.
    """
    reader = _Tokens(_split(path), 0)
    count = reader.whole("number of observed variables", 0)
    pairs = reader.wholes(2 * count, "number").reshape(count, 2)
    reader.finish()
    values = np.full(tables.num_variables, -1, np.int64)
    numbers = {label: flat for flat, label in enumerate(labels or range(len(values)))}
    for variable, value in pairs.tolist():
        if variable not in numbers:
            raise refusal(
                "evidence", f"variable {variable}", f"unknown; the model has {len(values)} variables"
            )
        flat = numbers[variable]
        if values[flat] >= 0:
            raise refusal("evidence", f"variable {variable}", "is observed twice")
        if not 0 <= value < tables.cardinalities[flat]:
            last = tables.cardinalities[flat] - 1
            raise refusal(f"evidence of variable {variable}", value, f"should be within 0 .. {last}")
        values[flat] = value
    return values


def _split(path: FilePath) -> list[bytes]:
    content = Path(path).read_bytes()
    tokens = content.split()
    if b"_" in content:  # which Python would take for a separator of digits
        raise refusal(str(path), _shown(next(word for word in tokens if b"_" in word)), "should be a number")
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
    for at, v in enumerate(scope.tolist()):
        if not 0 <= v < num_variables:
            raise refusal(what, f"variable {v}", f"should be within 0 .. {num_variables - 1}")
        if v in scope[:at]:
            raise refusal(what, f"variable {v}", "comes twice; a table may hold it once")
    return tuple(scope.tolist())


def _read_table(reader: _Tokens, f: int, sizes: np.ndarray) -> np.ndarray:
    what = f"table {f}"
    expected = int(np.prod([int(q) for q in sizes], dtype=object)) if len(sizes) else 1
    if expected > MAX_TABLE:
        raise refusal(what, f"{expected} entries", f"at most {MAX_TABLE} are allowed")
    length = reader.whole(f"{what}, length", 1)
    if length != expected:
        raise refusal(f"{what}, length", length, f"its scope needs {expected} entries")
    return reader.weights(length, what).reshape(tuple(sizes.tolist()))


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
