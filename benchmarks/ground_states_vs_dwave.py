"""Ground states by annealing against ``dwave-samplers``' C++ annealer: time to the same energy, in one run.

The measure is the time to solution of each side at its best number of sweeps: with ``p`` the share of reads that
reach the target and ``t`` the time of one read, ``t ln(0.01) / ln(1 - p)`` is what it takes to see the target with
99 % (one read where ``p`` is above that). The target of an instance is the lowest energy that both sides found, at
any number of sweeps. Both take the same grid of sweeps and as many reads; theirs takes its own default range of
temperatures, ours that of :func:`isotherm.sample.temperatures.annealing.annealing_betas`, both geometric. ``t`` is
the wall time of a batch over its reads, states and energies included: ours anneals all reads at once, theirs one
after another, so that the first read of ours comes no sooner than the last. Compilation and planning, a few seconds
of ours for an instance, are left out.

``python benchmarks/ground_states_vs_dwave.py [ROUNDS] [READS]`` (3, 512); needs ``isotherm[dwave]``. ``NPROC=1``
in the environment keeps our side to one core; theirs always uses one.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from isotherm.energy.models import ising
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.temperatures.annealing import anneal, annealing_betas
from stopwatch import machine

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import dimod
        import dwave_networkx  # pyright: ignore[reportMissingImports]
        import networkx
        from dwave.samplers import SimulatedAnnealingSampler  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: dwave_networkx, dwave-samplers = not installed: pip install 'isotherm[dwave]'")

SWEEPS = (30, 100, 300, 1000)


class Instance(NamedTuple):
    """Spins ``0 .. n-1``; our sign convention: a positive coupling favours alignment."""

    name: str
    edges: np.ndarray
    couplings: np.ndarray


class Best(NamedTuple):
    """One side of one instance at its best number of sweeps."""

    solution_s: float
    sweeps: int
    hits: float
    read_us: float


def instances() -> list[Instance]:
    rng = np.random.default_rng(0)
    square = networkx.grid_2d_graph(16, 16, periodic=True)
    cube = networkx.grid_graph([6, 6, 6], periodic=True)
    regular = networkx.random_regular_graph(4, 300, seed=1)
    chimera = dwave_networkx.chimera_graph(4)
    signs = [("16 x 16 torus, ±J", square), ("6 x 6 x 6 torus, ±J", cube)]
    signs += [("random 4-regular, 300, ±J", regular), ("Chimera C4, ±J", chimera)]
    found = [Instance(name, e := _edges(net), rng.choice([-1.0, 1.0], len(e))) for name, net in signs]
    edges = _edges(chimera)
    found.append(Instance("Chimera C4, k/4", edges, rng.choice([-4, -3, -2, -1, 1, 2, 3, 4], len(edges)) / 4))
    found.append(Instance("Chimera C4, uniform", edges, rng.uniform(-1, 1, len(edges))))
    return found


def _edges(net: Any) -> np.ndarray:
    number = {node: at for at, node in enumerate(net.nodes)}
    return np.array([[number[a], number[b]] for a, b in net.edges])


def ours(instance: Instance, reads: int) -> Callable[[int, int], np.ndarray]:
    graph = ising(instance.edges, instance.couplings)
    kernel = gibbs(graph)

    def run(sweeps: int, seed: int) -> np.ndarray:
        betas = annealing_betas(graph, sweeps)
        found = anneal(jax.random.key(seed), graph, betas, num_chains=reads, kernel=kernel)
        return np.asarray(found.energies, np.float64)

    return run


def theirs(instance: Instance, reads: int) -> Callable[[int, int], np.ndarray]:
    pairs = zip(instance.edges.tolist(), instance.couplings, strict=True)
    model = dimod.BinaryQuadraticModel.from_ising({}, {(a, b): -float(j) for (a, b), j in pairs})
    sampler = SimulatedAnnealingSampler()

    def run(sweeps: int, seed: int) -> np.ndarray:
        return sampler.sample(model, num_reads=reads, num_sweeps=sweeps, seed=seed).record.energy

    return run


def measure(run: Callable[[int, int], np.ndarray], sweeps: int, rounds: int) -> tuple[np.ndarray, float]:
    """Energies of all reads, and the shortest time of a batch; whatever else runs here can only add to it."""
    run(sweeps, 1000)
    energies, times = [], []
    for seed in range(rounds):
        start = time.perf_counter()
        energies.append(run(sweeps, seed))
        times.append(time.perf_counter() - start)
    return np.concatenate(energies), min(times)


def best(trials: dict[int, tuple[np.ndarray, float]], target: float, reads: int) -> Best:
    """The number of sweeps that sees the target soonest."""
    tried = []
    for sweeps, (energies, batch_s) in trials.items():
        hits, read_s = float(np.mean(energies < target + 1e-3)), batch_s / reads
        needed = np.inf if hits == 0 else max(1.0, np.log(0.01) / np.log1p(-min(hits, 0.999999)))
        tried.append(Best(read_s * needed, sweeps, hits, 1e6 * read_s))
    return min(tried)


def main(rounds: int, reads: int) -> None:
    print(f"{machine()}; {rounds} x {reads} reads\n")
    print(
        f"{'instance':28} {'target':>9} {'side':9} {'sweeps':>6} {'hits':>6} {'us/read':>9} {'to 99 %':>10} ratio"
    )
    for instance in instances():
        sides = {"isotherm": ours(instance, reads), "dwave": theirs(instance, reads)}
        trials: dict[str, dict[int, tuple[np.ndarray, float]]] = {name: {} for name in sides}
        for sweeps in SWEEPS:
            for name, run in sides.items():  # in turn, so that a busy machine slows both alike
                trials[name][sweeps] = measure(run, sweeps, rounds)
        target = max(min(energies.min() for energies, _ in side.values()) for side in trials.values())
        found = {name: best(side, target, reads) for name, side in trials.items()}
        for name, b in found.items():
            times = found["dwave"].solution_s / b.solution_s
            print(
                f"{instance.name:28} {target:9.3f} {name:9} {b.sweeps:6} {b.hits:6.1%} {b.read_us:9.1f}"
                f" {1e3 * b.solution_s:7.2f} ms {times:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    arguments = [int(value) for value in sys.argv[1:]]
    main(*(arguments + [3, 512][len(arguments) :]))
