"""WCSP, networks of cost functions as plain numbers (toulbar2's classic format). NumPy only.

Read are cost functions by their tuples, shared ones included. Global and arithmetic ones, by a keyword, are not.

References:
    toulbar2, description of the wcsp format.
"""

import itertools

import numpy as np

from isotherm.energy.files.content import Content
from isotherm.energy.files.costs import CostFunction, cost_file
from isotherm.energy.files.model import ModelFile, Space, check_values
from isotherm.energy.files.numbers import decimal, is_decimal, whole
from isotherm.energy.variables import MAX_CARDINALITY
from isotherm.errors import refusal

_INTENSION = "is a cost function by keyword; only those by tuples are read"


class _WcspReader:
    def __init__(self, content: Content) -> None:
        self.path, self.words, self.at = content.path, content.text().split(), 0

    def take(self, what: str) -> str:
        if self.at >= len(self.words):
            raise refusal(f"{self.path}, {what}", "end of file", "more numbers are needed")
        self.at += 1
        return self.words[self.at - 1]

    def whole(self, what: str, least: int, most: int | None = None) -> int:
        return whole(f"{self.path}, {what}", self.take(what), least, most)

    def cost(self, what: str) -> float:
        return decimal(f"{self.path}, {what}", self.take(what), 0.0)


def from_wcsp(content: Content) -> ModelFile:
    """Read a network; its costs are energies.

    Raises:
        ValueError: naming the cost function, variable or number at fault.
    """
    reader, space = _WcspReader(content), Space()
    reader.take("name of the problem")
    n = reader.whole("number of variables", 1)
    largest = reader.whole("largest domain", 1)
    count = reader.whole("number of cost functions", 0)
    bound = decimal(f"{reader.path}, upper bound", reader.take("upper bound"), 0.0)
    if n > len(reader.words) or count > len(reader.words):
        raise refusal(
            f"{reader.path}, number of variables and cost functions",
            (n, count),
            "more than the file has numbers",
        )
    sizes = [_size(reader, v, largest) for v in range(n)]
    check_values(reader.path, sizes)
    shared: list[np.ndarray] = []
    functions = [_function(reader, f, sizes, shared, space) for f in range(count)]
    if reader.at < len(reader.words):
        extra = len(reader.words) - reader.at
        raise refusal(
            f"{reader.path}, end of file", reader.words[reader.at][:40], f"{extra} more words than expected"
        )
    domains = {size: tuple(range(size)) for size in set(sizes)}
    values = [domains[size] for size in sizes]
    return cost_file("wcsp", "WCSP: E is the total cost", tuple(range(n)), values, functions, bound)


def _size(reader: _WcspReader, v: int, largest: int) -> int:
    """Negative sizes stand for intervals, which begin at 0 too."""
    what = f"domain of variable {v}"
    size = abs(reader.whole(what, -largest, largest))
    if not 1 <= size <= MAX_CARDINALITY:
        raise refusal(f"{reader.path}, {what}", size, f"should be within 1 .. {MAX_CARDINALITY}")
    return size


def _function(
    reader: _WcspReader, f: int, sizes: list[int], shared: list[np.ndarray], space: Space
) -> CostFunction:
    what = f"cost function {f}"
    where = f"{reader.path}, {what}"
    arity = reader.whole(f"{what}, arity", -len(sizes), len(sizes))
    scope = tuple(reader.whole(f"{what}, variable", 0, len(sizes) - 1) for _ in range(abs(arity)))
    if len(set(scope)) < len(scope):
        raise refusal(where, scope, "holds a variable twice; a cost function may hold it once")
    shape = tuple(sizes[v] for v in scope)
    space.take(where, shape)
    word = reader.take(f"{what}, default cost")
    if word == "-1" or not is_decimal(word):
        raise refusal(where, reader.take(f"{what}, keyword")[:40] if word == "-1" else word[:40], _INTENSION)
    costs = np.full(shape, decimal(f"{where}, default cost", word, 0.0))
    tuples = reader.whole(f"{what}, number of tuples", -len(shared), costs.size)
    if tuples < 0:
        if shared[-tuples - 1].shape != shape:
            raise refusal(where, shape, f"shares a cost function of domains {shared[-tuples - 1].shape}")
        return CostFunction(where, scope, shared[-tuples - 1])
    _fill(reader, what, costs, tuples)
    if arity < 0:
        shared.append(costs)
    return CostFunction(where, scope, costs)


def _fill(reader: _WcspReader, what: str, costs: np.ndarray, tuples: int) -> None:
    seen = np.zeros(costs.shape, bool)
    for _ in itertools.repeat(None, tuples):
        at = tuple(reader.whole(f"{what}, value", 0, size - 1) for size in costs.shape)
        if seen[at]:
            raise refusal(f"{reader.path}, {what}, tuple", at, "comes twice")
        seen[at] = True
        costs[at] = reader.cost(f"{what}, cost")
