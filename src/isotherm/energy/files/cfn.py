"""CFN, toulbar2's JSON-like format of cost function networks with names. NumPy only.

Quotes, commas and colons may be left out, and braces stand for brackets, as its readers allow. Read are cost
functions by tables, dense, sparse or shared; global and arithmetic ones are not.

References:
    toulbar2, description of the cfn format.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from isotherm.doors.kinds import first_repeated
from isotherm.energy.files.content import Content
from isotherm.energy.files.costs import CostFunction, cost_file
from isotherm.energy.files.model import ModelFile, Space, check_values
from isotherm.energy.files.numbers import decimal, is_decimal, whole
from isotherm.energy.variables import MAX_CARDINALITY
from isotherm.errors import refusal

_TOKEN = re.compile(r'[\s,]+|"([^"\n]*)"|([{}\[\]:])|([^\s,:"{}\[\]]+)')
_MAX_DEPTH = 50
_SECTIONS = ("problem", "variables", "functions")


class _List(list[Any]):
    """Items in brackets of any kind; ``has_colons`` where a colon stands between some of them."""

    has_colons = False


Node = str | _List


def from_cfn(content: Content) -> ModelFile:
    """Read a network; costs are energies, rewards to be maximised are energies with the sign reversed.

    Raises:
        ValueError: naming the variable, cost function or field at fault.
    """
    path, tree = content.path, _parsed(content)
    sections = _fields(path, "sections", tree, _SECTIONS)
    problem, variables, functions = (_listed(path, name, sections) for name in _SECTIONS)
    sign, bound = _direction(path, problem)
    labels, values = _variables(path, variables)
    tables = _functions(path, functions, labels, values, sign)
    read_as = "CFN: E is the total cost" if sign > 0 else "CFN to be maximised: E is minus the total"
    return cost_file("cfn", read_as, labels, values, tables, bound)


def _listed(path: str, name: str, sections: dict[str, Node]) -> _List:
    held = sections.get(name)
    if not isinstance(held, _List):
        raise refusal(f"{path}, {name}", held, "is missing or no list of fields")
    return held


def _parsed(content: Content) -> _List:
    """Nested lists of words; a line that begins with # is a comment."""
    text = "\n".join("" if line.startswith("#") else line for line in content.text().split("\n"))
    stack = [_List()]
    at = 0

    def where(at: int) -> str:
        return f"{content.path}, line {text.count(chr(10), 0, at) + 1}"

    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise refusal(where(at), text[at : at + 20], "a quotation mark is not closed")
        quoted, bracket, word = found.groups()
        if bracket is None:
            stack[-1] += [quoted if word is None else word] * (quoted is not None or word is not None)
        elif bracket == ":":
            stack[-1].has_colons = True
        elif bracket in "{[":
            if len(stack) > _MAX_DEPTH:
                raise refusal(where(at), bracket, f"more than {_MAX_DEPTH} levels")
            inner = _List()
            stack[-1].append(inner)
            stack.append(inner)
        elif len(stack) == 1:
            raise refusal(where(at), bracket, "closes what was not opened")
        else:
            stack.pop()
        at = found.end()
    root = stack[0][0] if stack[0] else None
    if len(stack) > 1 or len(stack[0]) != 1 or not isinstance(root, _List):
        raise refusal(
            "file", content.path, "should be one object in braces; it is cut short, or more follows"
        )
    return root


def _fields(path: str, what: str, items: Sequence[Node], allowed: tuple[str, ...]) -> dict[str, Node]:
    """A list of names, each followed by what it holds."""
    found: dict[str, Node] = {}
    if len(items) % 2:
        raise refusal(f"{path}, {what}", f"{len(items)} items", "should be names, each with what it holds")
    for name, held in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name, str) or name not in allowed:
            raise refusal(f"{path}, {what}", name, f"should be one of {', '.join(allowed)}")
        if name in found:
            raise refusal(f"{path}, {what}", name, "comes twice")
        found[name] = held
    return found


def _direction(path: str, problem: Sequence[Node]) -> tuple[float, float]:
    """The sign of an energy, and the bound in it."""
    is_tagged = bool(problem) and problem[0] in ("name", "mustbe")
    fields = (
        _fields(path, "problem", problem, ("name", "mustbe"))
        if is_tagged
        else {"mustbe": (problem or ["<"])[-1]}
    )
    said = fields.get("mustbe")
    if said is None:
        return 1.0, math.inf
    if not isinstance(said, str) or said[:1] not in "<>" or len(said) < 2:
        raise refusal(f"{path}, mustbe", said, "should be < or > and a number")
    sign = 1.0 if said[0] == "<" else -1.0
    return sign, sign * decimal(f"{path}, mustbe", said[1:])


def _variables(path: str, items: _List) -> tuple[list[str | int], list[tuple[str | int, ...]]]:
    """Names and domains; without names, a domain an item."""
    is_named = items.has_colons or any(isinstance(item, str) and not is_decimal(item) for item in items)
    if is_named and len(items) % 2:
        raise refusal(f"{path}, variables", f"{len(items)} items", "should be names, each with a domain")
    labels: list[str | int] = [str(item) for item in items[::2]] if is_named else list(range(len(items)))
    if not labels:
        raise refusal("file", path, "holds no variable")
    if (twice := first_repeated(labels)) is not None:
        raise refusal(f"{path}, variable", twice, "comes twice")
    domains = items[1::2] if is_named else items
    check_values(path, (_size(domain) for domain in domains))
    return labels, [_domain(path, label, domain) for label, domain in zip(labels, domains, strict=True)]


def _size(domain: Node) -> int:
    """Values of a domain, before it is looked at closely."""
    if isinstance(domain, str) and len(domain) < 8 and is_decimal(domain) and domain.lstrip("+-").isdigit():
        return abs(int(domain))
    return len(domain)


def _domain(path: str, label: str | int, domain: Node) -> tuple[str | int, ...]:
    where = f"{path}, domain of {label}"
    if isinstance(domain, str):
        size = abs(whole(where, domain, -MAX_CARDINALITY, MAX_CARDINALITY))
        if not size:
            raise refusal(where, 0, "should have a value at least")
        return tuple(range(size))
    values = [value for value in domain if isinstance(value, str)]
    if (
        len(values) < len(domain)
        or not values
        or len(set(values)) < len(values)
        or len(values) > MAX_CARDINALITY
    ):
        raise refusal(where, len(domain), f"should be 1 .. {MAX_CARDINALITY} different words")
    for at, value in enumerate(values):
        if is_decimal(value) and value != str(at):
            raise refusal(where, value, "reads like a number; names of values should not")
    return tuple(values)


def _functions(
    path: str,
    items: Sequence[Node],
    labels: list[str | int],
    values: list[tuple[str | int, ...]],
    sign: float,
) -> list[CostFunction]:
    numbers = {str(label): number for number, label in enumerate(labels)}
    space, found, named, shares = Space(), [], {}, []
    name = ""
    for item in items:
        if isinstance(item, str):
            if name or item in named:
                raise refusal(
                    f"{path}, functions", item, "comes twice, or a function before it has no fields"
                )
            name = item
            continue
        where = f"{path}, function {name or len(found)}"
        fields = _fields(where, "fields", item, ("scope", "defaultcost", "costs", "type", "params"))
        function = _table(where, fields, numbers, values, sign, space)
        if isinstance(fields["costs"], str):
            shares.append((len(found), fields["costs"]))
        if name:
            named[name] = len(found)
        found.append(function)
        name = ""
    for at, other in shares:
        found[at] = _shared(found[at], found[named[other]] if other in named else None, other)
    return found


def _shared(function: CostFunction, other: CostFunction | None, name: str) -> CostFunction:
    if other is None or other.costs.size == 0 or other.costs.shape != function.costs.shape[:-1]:
        raise refusal(
            f"{function.where}, costs", name, "should name a function with a table, of the same domains"
        )
    return function._replace(costs=other.costs)


def _table(
    where: str,
    fields: dict[str, Node],
    numbers: dict[str, int],
    values: list[tuple[str | int, ...]],
    sign: float,
    space: Space,
) -> CostFunction:
    if "type" in fields or "params" in fields:
        raise refusal(
            f"{where}, type", fields.get("type"), "global and arithmetic functions are not read, only tables"
        )
    scope = _scope(where, fields.get("scope"), numbers, len(values))
    shape = tuple(len(values[v]) for v in scope)
    entries, costs, default = space.take(where, shape), fields.get("costs"), fields.get("defaultcost")
    if isinstance(costs, str):  # the name of another; an empty last axis marks a table still to be filled
        return CostFunction(where, scope, np.zeros((*shape, 0)))
    if costs is None:
        raise refusal(f"{where}, costs", None, "is missing")
    words = _flat(costs)
    if default is None:
        if len(words) != entries:
            raise refusal(f"{where}, number of costs", len(words), f"should be {entries}")
        table = np.array([decimal(where, word) for word in words]).reshape(shape)
    elif isinstance(default, str):
        table = np.full(shape, decimal(f"{where}, defaultcost", default))
        _fill(where, table, words, [values[v] for v in scope])
    else:
        raise refusal(f"{where}, defaultcost", default, "should be a number")
    return CostFunction(where, scope, sign * table)


def _scope(where: str, scope: Node | None, numbers: dict[str, int], n: int) -> tuple[int, ...]:
    if not isinstance(scope, _List):
        raise refusal(f"{where}, scope", scope, "should be a list of variables")
    found = [
        numbers[word] if word in numbers else whole(f"{where}, scope", word, 0, n - 1)
        for word in _flat(scope)
    ]
    if len(set(found)) < len(found):
        raise refusal(f"{where}, scope", scope, "holds a variable twice; a cost function may hold it once")
    return tuple(found)


def _fill(where: str, table: np.ndarray, words: list[str], domains: list[tuple[str | int, ...]]) -> None:
    """Tuples of values, by name or number, each followed by its cost."""
    step = len(domains) + 1
    if len(words) % step:
        raise refusal(
            f"{where}, costs", f"{len(words)} words", f"should be tuples of {step - 1} values and a cost"
        )
    seen = np.zeros(table.shape, bool)
    places = [{value: place for place, value in enumerate(domain)} for domain in domains]
    for start in range(0, len(words), step):
        *tuple_, cost = words[start : start + step]
        at = tuple(
            place[word] if word in place else whole(f"{where}, value", word, 0, len(place) - 1)
            for word, place in zip(tuple_, places, strict=True)
        )
        if seen[at]:
            raise refusal(f"{where}, tuple", tuple_, "comes twice")
        seen[at] = True
        table[at] = decimal(f"{where}, cost", cost)


def _flat(node: _List) -> list[str]:
    found: list[str] = []
    for item in node:
        found += [item] if isinstance(item, str) else _flat(item)
    return found
