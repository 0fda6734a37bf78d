"""Small random models with zeros, and everything about them by plain enumeration."""

import itertools
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Names, Tables


class Enumerated(NamedTuple):
    """All states that agree with the evidence and are possible.

    Attributes:
        states: int64, shape ``(num, n)``.
        logs: their log weights, shape ``(num,)``, all finite.
        marginals: probabilities of the values of each variable.
    """

    states: np.ndarray
    logs: np.ndarray
    marginals: list[np.ndarray]

    @property
    def log_z(self) -> float:
        """Log of the summed weights."""
        return float(np.logaddexp.reduce(self.logs))


def random_model(seed: int, most_variables: int = 7, zeros: float = 0.35) -> tuple[Tables, np.ndarray]:
    """Tables of one to three variables of one to four values, most with zeros, and evidence for about a fifth.

    Some families share one table; some variables are in no table. Log weights lie a few units apart.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, most_variables + 1))
    sizes = rng.integers(1, 5, n)
    families: dict[tuple[int, ...], list[list[int]]] = {}
    for _ in range(int(rng.integers(1, 2 * n))):
        scope = rng.choice(n, int(rng.integers(1, min(n, 3) + 1)), replace=False).tolist()
        families.setdefault(tuple(int(sizes[v]) for v in scope), []).append(scope)
    logs = []
    for shape, scopes in families.items():
        shared = 1 if rng.random() < 0.3 else len(scopes)
        family = 2 * rng.standard_normal((shared, *shape))
        family[rng.random(family.shape) < zeros * rng.random()] = -np.inf
        logs.append(family)
    scopes = tuple(np.array(rows, np.int64) for rows in families.values())
    evidence = np.where(rng.random(n) < 0.2, (rng.random(n) * sizes).astype(np.int64), -1)
    return Tables(sizes.astype(np.int64), scopes, tuple(logs), Names()), evidence


def enumerated(tables: Tables, evidence: np.ndarray | None = None) -> Enumerated:
    """By going through all states, table by table."""
    sizes = tables.cardinalities.tolist()
    held = [-1] * len(sizes) if evidence is None else evidence.tolist()
    choices = [range(size) if value < 0 else [value] for size, value in zip(sizes, held, strict=True)]
    states, logs = [], []
    for state in itertools.product(*choices):
        total = 0.0
        for scopes, family in zip(tables.scopes, tables.logs, strict=True):
            for row, scope in enumerate(scopes.tolist()):
                table = family[row if len(family) > 1 else 0]
                total += float(table[tuple(state[v] for v in scope)])
        if total > -np.inf:
            states.append(state)
            logs.append(total)
    found, weights = np.array(states, np.int64).reshape(-1, len(sizes)), np.array(logs)
    law = np.exp(weights - np.logaddexp.reduce(weights)) if logs else weights
    marginals = [np.bincount(found[:, v], law, minlength=size) for v, size in enumerate(sizes)]
    return Enumerated(found, weights, marginals)


def possible_models(count: int, most_variables: int = 7) -> list[tuple[Tables, np.ndarray, Enumerated]]:
    """So many models with a possible state, with what is possible."""
    found = []
    for seed in itertools.count():
        tables, evidence = random_model(seed, most_variables)
        every = enumerated(tables, evidence)
        if len(every.logs):
            found.append((tables, evidence, every))
        if len(found) == count:
            return found
    raise AssertionError


def grid(rows: int, columns: int, size: int, seed: int, zeros: float = 0.2) -> tuple[Tables, np.ndarray]:
    """A square grid whose random tables forbid some pairs, and a state that none of them forbids."""
    rng = np.random.default_rng(seed)
    number = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    down = np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)
    pairs = np.concatenate([across, down])
    planted = rng.integers(0, size, rows * columns)
    logs = rng.standard_normal((len(pairs), size, size))
    logs[rng.random(logs.shape) < zeros] = -np.inf
    logs[np.arange(len(pairs)), planted[pairs[:, 0]], planted[pairs[:, 1]]] = -1.0
    sizes = np.full(rows * columns, size, np.int64)
    return Tables(sizes, (pairs,), (logs,), Names()), planted
