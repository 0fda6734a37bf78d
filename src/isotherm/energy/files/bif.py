"""BIF, the Bayesian network interchange format, with names of variables and values. NumPy only.

Read are ``network``, ``variable`` and ``probability`` blocks, of version 0.15 and of today's writers: rows by the
values of the parents, ``default``, ``table``, commas or none, names in quotes or not. Properties are skipped.

References:
    Cozman, The Interchange Format for Bayesian Networks (1998).
"""

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.files.bayes import ConditionalLaw, checked_variable, network_file, sums_to_one
from isotherm.energy.files.content import Content
from isotherm.energy.files.model import ModelFile, Space
from isotherm.energy.files.numbers import decimal, whole
from isotherm.errors import refusal

_TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|"([^"\n]*)"|([{}()\[\];,|])|([^\s{}()\[\];,|"]+)', re.DOTALL)


class _Token(NamedTuple):
    word: str
    is_mark: bool
    at: int


class _BifReader:
    """Tokens in order; commas do not count, for writers use them or not."""

    def __init__(self, content: Content) -> None:
        self.path, self.text = content.path, content.text()
        self.line_ends = [found.start() for found in re.finditer("\n", self.text)]
        self.tokens, self.place = list(self._split()), 0

    def _split(self) -> Iterator[_Token]:
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise refusal(self.where(at), self.text[at : at + 20], "a quotation mark is not closed")
            quoted, mark, word = found.groups()
            name = quoted if word is None else word
            if name is not None:
                yield _Token(name, False, at)
            elif mark is not None and mark != ",":
                yield _Token(mark, True, at)
            at = found.end()

    def where(self, at: int) -> str:
        """The line of a place in the text."""
        return f"{self.path}, line {bisect.bisect_left(self.line_ends, at) + 1}"

    @property
    def is_done(self) -> bool:
        return self.place >= len(self.tokens)

    def take(self, expected: str) -> _Token:
        if self.is_done:
            raise refusal(f"{self.path}, end of file", "", f"{expected} is missing")
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> _Token | None:
        return None if self.is_done else self.tokens[self.place]

    def word(self, expected: str) -> _Token:
        token = self.take(expected)
        if token.is_mark:
            raise refusal(self.where(token.at), token.word, f"should be {expected}")
        return token

    def mark(self, mark: str) -> None:
        token = self.take(mark)
        if not token.is_mark or token.word != mark:
            raise refusal(self.where(token.at), token.word, f"should be {mark!r}")

    def is_at(self, mark: str) -> bool:
        token = self.peek()
        return token is not None and token.is_mark and token.word == mark

    def words_until(self, mark: str) -> list[_Token]:
        found = []
        while not self.is_at(mark):
            found.append(self.word(f"a word or {mark!r}"))
        self.mark(mark)
        return found

    def skip_statement(self) -> None:
        while not self.is_at(";"):
            self.take("';'")
        self.mark(";")


class _Network:
    def __init__(self, reader: _BifReader) -> None:
        self.reader, self.space = reader, Space()
        self.names: list[str] = []
        self.values: list[list[str]] = []
        self.laws: list[ConditionalLaw] = []
        self.numbers: dict[str, int] = {}
        self.places: list[dict[str, int]] = []

    def read(self) -> None:
        headers = []
        while not self.reader.is_done:
            token = self.reader.word("network, variable or probability")
            kind = token.word.lower()
            if kind == "variable":
                self._variable()
            elif kind == "probability":
                headers.append((token, self.reader.place))  # variables may come later
                self._skip_block()
            elif kind == "network":
                self._skip_block()
            else:
                raise refusal(
                    self.reader.where(token.at), token.word, "should be network, variable or probability"
                )
        for token, place in headers:
            self.reader.place = place
            self._probability(token)

    def _skip_block(self) -> None:
        while not self.reader.is_at("{"):
            self.reader.take("'{'")
        depth = 0
        while True:
            token = self.reader.take("'}'")
            depth += (token.is_mark and token.word == "{") - (token.is_mark and token.word == "}")
            if depth == 0:
                return

    def _variable(self) -> None:
        reader, name = self.reader, self.reader.word("a name").word
        values: list[str] | None = None
        reader.mark("{")
        while not reader.is_at("}"):
            token = reader.word("type or property")
            if token.word.lower() == "type":
                values = self._type(token)
            elif token.word.lower() == "property":
                reader.skip_statement()
            else:
                raise refusal(reader.where(token.at), token.word, "should be type or property")
        reader.mark("}")
        if values is None:
            raise refusal(f"{reader.path}, variable", name, "has no type")
        checked_variable(reader.path, name, values, self.numbers)
        self.numbers[name] = len(self.names)
        self.names.append(name)
        self.values.append(values)
        self.places.append({value: place for place, value in enumerate(values)})

    def _type(self, at: _Token) -> list[str]:
        reader, kind = self.reader, self.reader.word("discrete")
        if kind.word.lower() != "discrete":
            raise refusal(reader.where(kind.at), kind.word, "should be discrete")
        reader.mark("[")
        count = whole(reader.where(at.at), reader.word("a number of values").word, 1)
        reader.mark("]")
        reader.mark("{")
        values = [token.word for token in reader.words_until("}")]
        reader.mark(";")
        if len(values) != count:
            raise refusal(f"{reader.where(at.at)}, number of values", len(values), f"should be {count}")
        return values

    def _probability(self, token: _Token) -> None:
        reader = self.reader
        reader.mark("(")
        names: list[_Token] = []
        bar = 0
        while not reader.is_at(")"):
            if reader.is_at("|") and not bar:
                bar = len(names)
                reader.mark("|")
            else:
                names.append(reader.word("a variable"))
        reader.mark(")")
        where = reader.where(token.at)
        scope = [self._number(name) for name in names]
        if not scope or len(set(scope)) < len(scope):
            raise refusal(where, " ".join(name.word for name in names), "should name different variables")
        if bar > 1:
            raise refusal(where, names[1].word, "one variable a table; joint laws are not read")
        self._entries(f"{where}, {self.names[scope[0]]}", scope[0], tuple(scope[1:]))

    def _number(self, token: _Token) -> int:
        if token.word not in self.numbers:
            raise refusal(
                self.reader.where(token.at), token.word, f"unknown; there are {len(self.names)} variables"
            )
        return self.numbers[token.word]

    def _entries(self, where: str, child: int, parents: tuple[int, ...]) -> None:
        reader, sizes = self.reader, [len(self.values[v]) for v in (*parents, child)]
        self.space.take(where, sizes)
        table, default = np.full(sizes, np.nan), None
        reader.mark("{")
        while not reader.is_at("}"):
            if reader.is_at("("):
                self._row(where, table, parents)
                continue
            token = reader.word("table, default, property or a row")
            kind = token.word.lower()
            if kind == "property":
                reader.skip_statement()
            elif kind == "default":
                default = self._numbers(token, sizes[-1])
            elif kind == "table":
                if not np.isnan(table).all():
                    raise refusal(where, "table", "comes after other probabilities")
                table = self._whole_table(where, self._numbers(token, table.size), sizes)
            else:
                raise refusal(
                    reader.where(token.at), token.word, "should be table, default, property or a row"
                )
        reader.mark("}")
        if default is not None:
            table = np.where(np.isnan(table), default, table)
        if np.isnan(table).any():
            missing = np.argwhere(np.isnan(table[..., 0]))[0]
            row = ", ".join(self.values[p][k] for p, k in zip(parents, missing.tolist(), strict=True))
            raise refusal(where, f"({row})", "has no probabilities")
        self.laws.append(ConditionalLaw(where, child, parents, table))

    def _row(self, where: str, table: np.ndarray, parents: tuple[int, ...]) -> None:
        reader = self.reader
        reader.mark("(")
        words = reader.words_until(")")
        if len(words) != len(parents):
            raise refusal(
                f"{where}, row", [token.word for token in words], f"should name {len(parents)} values"
            )
        at = []
        for parent, token in zip(parents, words, strict=True):
            if token.word not in self.places[parent]:
                raise refusal(reader.where(token.at), token.word, f"is no value of {self.names[parent]}")
            at.append(self.places[parent][token.word])
        if not np.isnan(table[tuple(at)]).all():
            raise refusal(f"{where}, row", [token.word for token in words], "comes twice")
        begin = words[0] if words else _Token("", False, 0)
        table[tuple(at)] = self._numbers(begin, table.shape[-1])

    def _numbers(self, token: _Token, count: int) -> np.ndarray:
        where = self.reader.where(token.at)
        words = self.reader.words_until(";")
        if len(words) != count:
            raise refusal(f"{where}, number of probabilities", len(words), f"should be {count}")
        return np.array([decimal(where, word.word, 0.0) for word in words])

    def _whole_table(self, where: str, numbers: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """Writers let the child run slowest (0.15) or fastest; which it is, only the sums can tell."""
        slowest = np.moveaxis(numbers.reshape(sizes[-1], *sizes[:-1]), 0, -1)
        fastest = numbers.reshape(sizes)
        fits = [table for table in (slowest, fastest) if sums_to_one(table)]
        if not fits:
            raise refusal(
                where, "table", "sums to one in neither order, the variable running slowest or fastest"
            )
        if len(fits) == 2 and not np.array_equal(slowest, fastest):
            raise refusal(where, "table", "reads two ways; give a row for each of the parents' values")
        return fits[0]


def from_bif(content: Content) -> ModelFile:
    """Read a network.

    Raises:
        ValueError: naming the line or variable at fault.
    """
    network = _Network(_BifReader(content))
    network.read()
    return network_file(
        content.path, "bif", "BIF, a Bayesian network", network.names, network.values, network.laws
    )
