"""DIMACS CNF: a law that is uniform over the assignments that satisfy every clause. NumPy only.

log Z is the logarithm of the number of solutions, and the most probable state is one of them.

References:
    DIMACS, Satisfiability: suggested format (1993).
"""

import numpy as np

from isotherm.energy.files.content import Content
from isotherm.energy.files.model import ModelFile, Space
from isotherm.energy.files.numbers import whole
from isotherm.energy.tables import Names, Tables
from isotherm.errors import refusal

MAX_VARIABLES = 1_000_000


def from_cnf(content: Content) -> ModelFile:
    """Read clauses; values are 0 (false) and 1 (true), variables are called by their numbers from 1.

    Raises:
        ValueError: naming the line at fault; or a clause without a literal, which nothing satisfies.
    """
    path, lines = content.path, content.text().split("\n")
    n, count, words = 0, -1, []
    for number, line in enumerate(lines, start=1):
        where, said = f"{path}, line {number}", line.split()
        if said[:1] == ["c"] or (said and said[0].startswith("c") and count < 0):
            _refuse_weights(where, said)
        elif said[:1] == ["p"]:
            if count >= 0 or said[:2] != ["p", "cnf"] or len(said) != 4:
                raise refusal(where, line.strip()[:40], "should be one line `p cnf VARIABLES CLAUSES`")
            n = whole(f"{where}, variables", said[2], 1, MAX_VARIABLES)
            count = whole(f"{where}, clauses", said[3], 0)
        elif said[:1] == ["%"]:  # SATLIB ends its files so
            break
        elif said:
            if count < 0:
                raise refusal(where, line.strip()[:40], "comes before the line `p cnf VARIABLES CLAUSES`")
            words += [(whole(where, word, -n, n), where) for word in said]
    if count < 0:
        raise refusal("file", path, "has no line `p cnf VARIABLES CLAUSES`")
    clauses = _clauses(path, words)
    if len(clauses) != count:
        raise refusal(f"{path}, number of clauses", len(clauses), f"its header says {count}")
    return _uniform(n, clauses)


def _refuse_weights(where: str, said: list[str]) -> None:
    """Model counters hide weights and projections in comments, which would change the answer."""
    is_hidden = said[0] == "cr" or said[1:2] in (["p"], ["ind"], ["pv"], ["weights"])
    if is_hidden or said[1:3] in (["t", "wmc"], ["t", "pmc"], ["t", "pwmc"]):
        raise refusal(
            where,
            " ".join(said)[:40],
            "weighted and projected counts are not read; remove the line for all solutions",
        )


def _clauses(path: str, words: list[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    clauses: list[tuple[str, list[int]]] = []
    held: list[int] = []
    for literal, where in words:
        if literal:
            held.append(literal)
            continue
        if not held:
            raise refusal(where, "0", "an empty clause: no assignment satisfies it")
        clauses.append((where, held))
        held = []
    if held:
        raise refusal(f"{path}, last clause", held[:5], "should end with 0; the file is cut short")
    return clauses


def _uniform(n: int, clauses: list[tuple[str, list[int]]]) -> ModelFile:
    """A table a clause, zero but for the one way not to satisfy it."""
    space = Space()
    families: dict[int, list[tuple[list[int], list[int]]]] = {}
    for where, clause in clauses:
        literals = sorted(set(clause), key=abs)
        scope = [abs(literal) - 1 for literal in literals]
        if len(set(scope)) < len(scope):
            continue  # a variable or its opposite: always satisfied
        space.take(where, (2,) * len(scope))
        families.setdefault(len(scope), []).append((scope, [int(literal < 0) for literal in literals]))
    scopes, logs = [], []
    for arity, members in families.items():
        table = np.zeros((len(members), *(2,) * arity))
        table[(np.arange(len(members)), *np.array([fails for _, fails in members]).T)] = -np.inf
        scopes.append(np.array([scope for scope, _ in members], np.int64))
        logs.append(table)
    labels = tuple(range(1, n + 1))
    return ModelFile(
        format="cnf",
        read_as="DIMACS CNF: uniform over the solutions, log Z is the logarithm of their number",
        tables=Tables(
            np.full(n, 2, np.int64), tuple(scopes), tuple(logs), Names(labels=tuple(map(str, labels)))
        ),
        labels=labels,
        values=((0, 1),) * n,
    )
