"""Models like those of linkage analysis: genes of relatives at many places of a chromosome, most combinations zero.

Each person has two alleles a place; a child's are copies of its parents', chosen by switches that follow from place
to place; what is seen of some people is the unordered pair. The structure is that of the pedigree networks of the
UAI competitions, made here from a seed.
"""

from pathlib import Path

import numpy as np

from isotherm.energy.files.uai import UaiModel, write_uai

RECOMBINATION = 0.1


def pedigree(
    people: int, founders: int, places: int, alleles: int = 3, seen: float = 0.4, seed: int = 0
) -> UaiModel:
    """A model with at least one possible state, which it was made from.

    Args:
        people: at least ``founders``.
        founders: people without parents, at least 2.
        places: on the chromosome.
        alleles: at each place.
        seen: share of genotypes that are observed.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)
    parents = [None if child < founders else rng.choice(child, 2, replace=False) for child in range(people)]
    cardinalities: list[int] = []
    scopes: list[tuple[int, ...]] = []
    tables: list[np.ndarray] = []

    def variable(size: int) -> int:
        cardinalities.append(size)
        return len(cardinalities) - 1

    def table(scope: tuple[int, ...], weights: np.ndarray) -> None:
        scopes.append(scope)
        tables.append(weights)

    copied = np.zeros(
        (2, alleles, alleles, alleles)
    )  # switch, both alleles of the parent, allele of the child
    for first in range(alleles):
        for second in range(alleles):
            copied[0, first, second, first] = copied[1, first, second, second] = 1.0
    keeps = np.array([[1 - RECOMBINATION, RECOMBINATION], [RECOMBINATION, 1 - RECOMBINATION]])
    before: dict[tuple[int, int], tuple[int, int]] = {}
    for _ in range(places):
        frequencies = rng.dirichlet(np.full(alleles, 3.0))
        genes: list[tuple[int, int]] = []
        truth: list[tuple[int, int]] = []
        for child in range(people):
            pair, values = [], []
            for side in (0, 1):
                gene = variable(alleles)
                pair.append(gene)
                if parents[child] is None:
                    table((gene,), frequencies)
                    values.append(int(rng.choice(alleles, p=frequencies)))
                    continue
                parent, switch = int(parents[child][side]), variable(2)
                held = before.get((child, side))
                value = (
                    int(rng.random() < 0.5) if held is None else held[1] ^ int(rng.random() < RECOMBINATION)
                )
                table((switch,), np.array([0.5, 0.5])) if held is None else table((held[0], switch), keeps)
                before[child, side] = switch, value
                table((switch, *genes[parent], gene), copied)
                values.append(truth[parent][value])
            genes.append((pair[0], pair[1]))
            truth.append((values[0], values[1]))
            if rng.random() < seen:
                looks = np.zeros((alleles, alleles))
                looks[values[0], values[1]] = looks[values[1], values[0]] = 1.0
                table((pair[0], pair[1]), looks)
    return UaiModel("MARKOV", np.array(cardinalities), tuple(scopes), tuple(tables))


def write_pedigree(path: Path, *sizes: int, seed: int = 0) -> None:
    """The same as a file."""
    write_uai(path, pedigree(*sizes, seed=seed))
