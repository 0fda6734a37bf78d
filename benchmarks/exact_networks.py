"""Exact answers on networks of hundreds of variables and cliques of millions of entries: time and memory.

Claim: log Z, all marginals and the most probable state of each within a minute and 4 GB. The networks are made here,
so that anyone can run it: layered ones (as of patients over time), a pedigree of three-valued variables, and a dense
one of a few dozen variables of up to sixty values. Each runs in a process of its own, which reads a UAI file first.

``python benchmarks/exact_networks.py [MODEL.uai ...]`` measures these files instead.
"""

import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from isotherm.energy.files.uai import UaiModel, read_uai, write_uai
from isotherm.exact.graph.solve import solve
from isotherm.infer.infer import infer
from stopwatch import machine


def layered(rng: np.random.Generator, layers: int, width: int, cardinality: int) -> UaiModel:
    """Each variable hangs on its own past and on its neighbour's."""
    scopes: list[tuple[int, ...]] = []
    for t in range(layers):
        for i in range(width):
            now, before = t * width + i, (t - 1) * width + i
            parents = (before, before - i + (i + 1) % width) if t else ()
            scopes.append((*parents, now))
    return bayesian(rng, np.full(layers * width, cardinality), scopes)


def pedigree(rng: np.random.Generator, people: int, reach: int) -> UaiModel:
    """Three-valued genotypes; both parents are among the ``reach`` people before, founders first."""
    scopes: list[tuple[int, ...]] = [(i,) for i in range(reach)]
    for child in range(reach, people):
        parents = child - 1 - rng.choice(reach, 2, replace=False)
        scopes.append((*(int(p) for p in parents), child))
    return bayesian(rng, np.full(people, 3), scopes)


def dense(rng: np.random.Generator, variables: int) -> UaiModel:
    """Few variables of very different cardinality, up to three parents close by."""
    sizes = rng.choice([2, 3, 5, 8, 12, 20, 60], variables, p=[0.15, 0.2, 0.25, 0.2, 0.1, 0.07, 0.03])
    scopes: list[tuple[int, ...]] = []
    for child in range(variables):
        near = np.arange(max(0, child - 9), child)
        parents = rng.choice(near, min(3, len(near)), replace=False) if child else []
        scopes.append((*(int(p) for p in parents), child))
    return bayesian(rng, sizes, scopes)


def bayesian(rng: np.random.Generator, sizes: np.ndarray, scopes: list[tuple[int, ...]]) -> UaiModel:
    """Random conditional tables, a fifth of their entries zero."""
    tables = []
    for scope in scopes:
        table = rng.gamma(0.5, size=sizes[list(scope)])
        table[rng.random(table.shape) < 0.2] = 0.0
        table[..., 0] += 1e-3
        tables.append(table / table.sum(axis=-1, keepdims=True))
    return UaiModel("BAYES", sizes.astype(np.int64), tuple(scopes), tuple(tables))


def measure(path: str) -> dict[str, float | str]:
    """Answer one file; peak memory is the process's own."""
    begun = time.perf_counter()
    answer = infer(path, method="exact")
    seconds = time.perf_counter() - begun
    assert answer.log_z is not None
    tree = solve(read_uai(path).log_tables()).law.tree
    return {
        "name": answer.model,
        "variables": len(answer.labels),
        "largest": tree.largest,
        "entries": tree.entries,
        "log_z": answer.log_z.value,
        "seconds": seconds,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main(paths: list[str]) -> None:
    print(f"{machine()}\n")
    print(f"{'network':24}{'variables':>10}{'largest':>11}{'all':>11}{'log Z':>11}{'s':>8}{'GB':>7}")
    with tempfile.TemporaryDirectory() as folder:
        if not paths:
            made = {
                "layered-20": layered(np.random.default_rng(0), 30, 3, 20),
                "layered-12": layered(np.random.default_rng(0), 40, 4, 12),
                "pedigree-441": pedigree(np.random.default_rng(0), 441, 14),
                "dense-48": dense(np.random.default_rng(0), 48),
            }
            paths = [str(Path(folder) / f"{name}.uai") for name in made]
            for path, model in zip(paths, made.values(), strict=True):
                write_uai(path, model)
        for path in paths:
            with get_context("spawn").Pool(1) as pool:
                row = pool.apply(measure, (path,))
            print(
                f"{row['name']:24}{row['variables']:>10}{row['largest']:>11.2e}{row['entries']:>11.2e}"
                f"{row['log_z']:>11.2e}{row['seconds']:>8.2f}{row['gigabytes']:>7.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
