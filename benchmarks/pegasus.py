"""Spin updates a nanosecond on D-Wave's Pegasus graph, over numbers of chains.

The graph is ``pegasus_graph(14)`` with its faulty boundary left out, fields and couplings standard normal, beta 1:
the shape of the sparse machines that FPGA papers report flips a nanosecond for. One update draws one spin from its
conditional; warm-up and compilation apart, the median over rounds, the numbers of chains in turn.

Needs the extra ``dwave``. ``python benchmarks/pegasus.py [ROUNDS]`` (5).
"""

import sys
import warnings
from collections.abc import Callable

import jax
import numpy as np

from isotherm.energy.blocks import colour_blocks
from isotherm.energy.files.networks import edges_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.sample import gibbs, sample_means
from stopwatch import machine, paired

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it tells of its successor
        import dwave_networkx  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: dwave_networkx = not installed: pip install 'isotherm[dwave]'")

CHAINS = (1, 8, 32, 128, 512)
UPDATES = 30_000_000
"""Spin updates a turn, about, so that each turn takes a second or so."""


def pegasus(size: int, seed: int) -> FactorGraph:
    """Normal fields and couplings on a Pegasus graph."""
    rng = np.random.default_rng(seed)
    pairs, labels = edges_of(dwave_networkx.pegasus_graph(size))
    return ising(pairs, rng.normal(size=len(pairs)), rng.normal(size=len(labels)))


def _one_spin(state) -> jax.Array:
    return state.position["s"][:1]


def _turn(graph: FactorGraph, num_chains: int, num_sweeps: int) -> Callable[[], object]:
    starts = {"s": np.where(np.random.default_rng(1).random((num_chains, graph.num_variables)) < 0.5, -1, 1)}
    starts = jax.tree.map(lambda x: x.astype(np.int8), starts)
    kernel = gibbs(graph, 1.0, num_sweeps=num_sweeps)

    def turn() -> object:
        means = sample_means(
            jax.random.key(0), kernel, starts, num_warmup=0, num_samples=1, observe=_one_spin
        )
        return means.means

    return turn


def main(rounds: int) -> None:
    """Print a row for each number of chains."""
    print(machine())
    graph = pegasus(14, seed=0)
    n, blocks = graph.num_variables, colour_blocks(graph)
    degree = 2 * len(graph.interacting_pairs()) / n
    print(f"{n:,} spins, {degree:.1f} neighbours each on average, {len(blocks)} colours; {rounds} rounds")
    sweeps = {chains: max(1, round(UPDATES / (n * chains))) for chains in CHAINS}
    sides = {f"{chains}": _turn(graph, chains, sweeps[chains]) for chains in CHAINS}
    for name, timing in paired(sides, rounds).items():
        updates = n * int(name) * sweeps[int(name)]
        rate = updates / timing.median / 1e9
        print(f"{name:>5} chains: {rate:7.3f} updates a nanosecond   {timing}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
