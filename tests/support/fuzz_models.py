"""Small random models as files of every format, with what they mean, and their answers by plain enumeration."""

import itertools
import json
import math
import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Rng = np.random.Generator
NATURAL_ZERO = -math.inf


class Truth(NamedTuple):
    """What a file means.

    Attributes:
        sizes: values of each variable.
        functions: scopes and log weights.
        constant: added to every log weight.
    """

    sizes: tuple[int, ...]
    functions: list[tuple[tuple[int, ...], np.ndarray]]
    constant: float = 0.0

    def answers(
        self, held: dict[int, int], beta: float = 1.0
    ) -> tuple[float, list[list[float]], float] | None:
        """Log Z, marginals and the largest log weight; None where no state is possible."""
        weights: dict[tuple[int, ...], float] = {}
        for state in itertools.product(*map(range, self.sizes)):
            if any(state[v] != value for v, value in held.items()):
                continue
            logs = [float(table[tuple(state[v] for v in scope)]) for scope, table in self.functions]
            if NATURAL_ZERO not in logs:
                weights[state] = beta * (math.fsum(logs) + self.constant)
        if not weights:
            return None
        top = max(weights.values())
        total = math.fsum(math.exp(value - top) for value in weights.values())
        marginals = [
            [
                math.fsum(math.exp(value - top) for state, value in weights.items() if state[v] == k) / total
                for k in range(size)
            ]
            for v, size in enumerate(self.sizes)
        ]
        return top + math.log(total), marginals, top


def _scopes(rng: Rng, n: int, count: int) -> list[tuple[int, ...]]:
    return [
        tuple(int(v) for v in rng.choice(n, int(rng.integers(1, min(n, 3) + 1)), replace=False))
        for _ in range(count)
    ]


def _with_zeros(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    weights = np.round(rng.gamma(1.0, size=shape), 4) + 0.001
    if rng.random() < 0.4:
        weights[rng.random(shape) < 0.3] = 0.0
    return weights if weights.any() else np.ones(shape)


def _sizes(rng: Rng) -> tuple[int, ...]:
    return tuple(int(q) for q in rng.integers(1, 4, int(rng.integers(1, 5))))


def uai(rng: Rng) -> tuple[str, Truth]:
    sizes = _sizes(rng)
    scopes = _scopes(rng, len(sizes), int(rng.integers(1, 5)))
    tables = [_with_zeros(rng, tuple(sizes[v] for v in scope)) for scope in scopes]
    lines = ["MARKOV", str(len(sizes)), " ".join(map(str, sizes)), str(len(scopes))]
    lines += [f"{len(scope)} {' '.join(map(str, scope))}" for scope in scopes]
    lines += [f"{table.size}\n{' '.join(map(repr, table.ravel().tolist()))}" for table in tables]
    with np.errstate(divide="ignore"):
        return "\n".join(lines) + "\n", Truth(sizes, [*zip(scopes, map(np.log, tables), strict=True)])


def _network(rng: Rng) -> tuple[tuple[int, ...], list[tuple[tuple[int, ...], np.ndarray]]]:
    """Sizes, and for each variable its parents and itself with probabilities, itself running fastest."""
    sizes = tuple(int(q) for q in rng.integers(2, 4, int(rng.integers(1, 5))))
    laws = []
    for child, size in enumerate(sizes):
        parents = tuple(int(v) for v in rng.permutation(child)[: int(rng.integers(0, 3))])
        shape = (*(sizes[v] for v in parents), size)
        laws.append(((*parents, child), np.round(rng.dirichlet(np.ones(size), shape[:-1]), 6)))
    return sizes, laws


def _normalised(laws: list[tuple[tuple[int, ...], np.ndarray]]) -> list[tuple[tuple[int, ...], np.ndarray]]:
    with np.errstate(divide="ignore"):
        return [(scope, np.log(law / law.sum(axis=-1, keepdims=True))) for scope, law in laws]


def bif(rng: Rng) -> tuple[str, Truth]:
    sizes, laws = _network(rng)
    lines = ["network random {", "}"]
    for v, size in enumerate(sizes):
        values = ", ".join(f"v{k}" for k in range(size))
        lines.append(f"variable x{v} {{\n  type discrete [ {size} ] {{ {values} }};\n}}")
    for scope, law in laws:
        *parents, child = scope
        bar = f" | {', '.join(f'x{p}' for p in parents)}" if parents else ""
        lines.append(f"probability ( x{child}{bar} ) {{")
        for at in itertools.product(*map(range, law.shape[:-1])):
            row = ", ".join(map(repr, law[at].tolist()))
            lines.append(f"  ({', '.join(f'v{k}' for k in at)}) {row};" if parents else f"  table {row};")
        lines.append("}")
    return "\n".join(lines) + "\n", Truth(sizes, _normalised(laws))


def xmlbif(rng: Rng) -> tuple[str, Truth]:
    sizes, laws = _network(rng)
    lines = ['<?xml version="1.0"?>', '<BIF VERSION="0.3">', "<NETWORK>", "<NAME>random</NAME>"]
    for v, size in enumerate(sizes):
        values = "".join(f"<OUTCOME>v{k}</OUTCOME>" for k in range(size))
        lines.append(f'<VARIABLE TYPE="nature"><NAME>x{v}</NAME>{values}</VARIABLE>')
    for scope, law in laws:
        *parents, child = scope
        given = "".join(f"<GIVEN>x{p}</GIVEN>" for p in parents)
        table = " ".join(map(repr, law.ravel().tolist()))
        lines.append(f"<DEFINITION><FOR>x{child}</FOR>{given}<TABLE>{table}</TABLE></DEFINITION>")
    return "\n".join([*lines, "</NETWORK>", "</BIF>"]) + "\n", Truth(sizes, _normalised(laws))


def wcsp(rng: Rng) -> tuple[str, Truth]:
    sizes = _sizes(rng)
    scopes = _scopes(rng, len(sizes), int(rng.integers(1, 4)))
    bound, lines, functions = 100_000, [], []
    for scope in scopes:
        shape = tuple(sizes[v] for v in scope)
        default, costs = int(rng.integers(0, 4)), rng.integers(0, 5, shape)
        costs[rng.random(shape) < 0.15] = bound
        costs[tuple(0 for _ in shape)] = 1
        listed = [at for at in itertools.product(*map(range, shape)) if costs[at] != default]
        lines.append(f"{len(scope)} {' '.join(map(str, scope))} {default} {len(listed)}")
        lines += [f"{' '.join(map(str, at))} {costs[at]}" for at in listed]
        functions.append((scope, np.where(costs == bound, NATURAL_ZERO, -costs.astype(float))))
    head = [f"random {len(sizes)} {max(sizes)} {len(scopes)} {bound}", " ".join(map(str, sizes))]
    return "\n".join(head + lines) + "\n", Truth(sizes, functions)


def cfn(rng: Rng) -> tuple[str, Truth]:
    sizes = _sizes(rng)
    scopes = _scopes(rng, len(sizes), int(rng.integers(1, 4)))
    tables = [np.round(rng.normal(size=tuple(sizes[v] for v in scope)), 4) for scope in scopes]
    variables = {f"x{v}": [f"v{k}" for k in range(size)] for v, size in enumerate(sizes)}
    functions = {
        f"f{k}": {"scope": [f"x{v}" for v in scope], "costs": table.ravel().tolist()}
        for k, (scope, table) in enumerate(zip(scopes, tables, strict=True))
    }
    text = {
        "problem": {"name": "random", "mustbe": "<100000.0"},
        "variables": variables,
        "functions": functions,
    }
    return json.dumps(text, indent=1), Truth(sizes, [(s, -t) for s, t in zip(scopes, tables, strict=True)])


def cnf(rng: Rng) -> tuple[str, Truth]:
    n = int(rng.integers(1, 6))
    clauses, functions = [], []
    for scope in _scopes(rng, n, int(rng.integers(1, 6))):
        signs = [bool(rng.integers(2)) for _ in scope]
        clauses.append(
            " ".join(str((v + 1) if s else -(v + 1)) for v, s in zip(scope, signs, strict=True)) + " 0"
        )
        table = np.zeros((2,) * len(scope))
        table[tuple(int(not s) for s in signs)] = NATURAL_ZERO
        functions.append((scope, table))
    return "\n".join([f"p cnf {n} {len(clauses)}", *clauses]) + "\n", Truth((2,) * n, functions)


def _quadratic(rng: Rng) -> tuple[int, np.ndarray, list[tuple[int, int]], np.ndarray]:
    n = int(rng.integers(1, 6))
    pairs = [pair for pair in itertools.combinations(range(n), 2) if rng.random() < 0.6]
    return n, np.round(rng.normal(size=n), 3), pairs, np.round(rng.normal(size=len(pairs)), 3)


def _energies(
    n: int, linear: np.ndarray, pairs: list[tuple[int, int]], quadratic: np.ndarray, coding: tuple[int, int]
) -> Truth:
    values = np.array(coding, float)
    functions: list[tuple[tuple[int, ...], np.ndarray]] = [((v,), -linear[v] * values) for v in range(n)]
    functions += [
        (pair, -weight * np.multiply.outer(values, values))
        for pair, weight in zip(pairs, quadratic, strict=True)
    ]
    return Truth((2,) * n, functions)


def bqm_json(rng: Rng) -> tuple[str, Truth]:
    n, linear, pairs, quadratic = _quadratic(rng)
    vartype, offset = str(rng.choice(["SPIN", "BINARY"])), float(np.round(rng.normal(), 3))
    held = {
        "type": "BinaryQuadraticModel",
        "version": {"bqm_schema": "3.0.0"},
        "use_bytes": False,
        "index_type": "int32",
        "bias_type": "float64",
        "num_variables": n,
        "num_interactions": len(pairs),
        "variable_labels": [f"x{v}" for v in range(n)],
        "variable_type": vartype,
        "offset": offset,
        "info": {},
        "linear_biases": linear.tolist(),
        "quadratic_biases": quadratic.tolist(),
        "quadratic_head": [i for i, _ in pairs],
        "quadratic_tail": [j for _, j in pairs],
    }
    truth = _energies(n, linear, pairs, quadratic, (-1, 1) if vartype == "SPIN" else (0, 1))
    return json.dumps(held), truth._replace(constant=-offset)


def coo(rng: Rng) -> tuple[str, Truth]:
    n, linear, pairs, quadratic = _quadratic(rng)
    vartype = str(rng.choice(["SPIN", "BINARY"]))
    lines = [f"# vartype={vartype}", *(f"{v} {v} {linear[v]:.6f}" for v in range(n))]
    lines += [f"{i} {j} {weight:.6f}" for (i, j), weight in zip(pairs, quadratic, strict=True)]
    truth = _energies(n, linear, pairs, quadratic, (-1, 1) if vartype == "SPIN" else (0, 1))
    return "\n".join(lines) + "\n", truth


def edges(rng: Rng) -> tuple[str, Truth]:
    n, linear, pairs, quadratic = _quadratic(rng)
    lines = [*(f"{v} {linear[v]:.6f}" for v in range(n))]
    lines += [f"{i} {j} {weight:.6f}" for (i, j), weight in zip(pairs, quadratic, strict=True)]
    return "\n".join(lines) + "\n", _energies(n, -linear, pairs, -quadratic, (-1, 1))


def bqm(rng: Rng) -> tuple[bytes, Truth]:
    n, linear, pairs, quadratic = _quadratic(rng)
    around: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for (i, j), weight in zip(pairs, quadratic.tolist(), strict=True):
        around[i].append((j, weight))
        around[j].append((i, weight))
    header = {"shape": [n, len(pairs)], "dtype": "float64", "itype": "int32", "ntype": "int64"}
    text = json.dumps(
        header | {"vartype": "SPIN", "type": "BinaryQuadraticModel", "variables": False}
    ).encode()
    text += b" " * (-(14 + len(text)) % 64)
    body, start = struct.pack("<d", 0.0), 0
    for v in range(n):
        body += struct.pack("<qd", start, linear[v])
        start += len(around[v])
    for held in around:
        body += b"".join(struct.pack("<id", other, weight) for other, weight in sorted(held))
    content = b"DIMODBQM\x02\x00" + struct.pack("<I", len(text)) + text + body
    return content, _energies(n, linear, pairs, quadratic, (-1, 1))


FORMATS: dict[str, Callable[[Rng], tuple[str | bytes, Truth]]] = {
    "uai": uai,
    "bif": bif,
    "xmlbif": xmlbif,
    "wcsp": wcsp,
    "cfn": cfn,
    "cnf": cnf,
    "json": bqm_json,
    "coo": coo,
    "edges": edges,
    "bqm": bqm,
}
"""By the suffix of the file."""
