"""Which sampler to use when: independent draws a second of every sampler on three kinds of model, in one run.

16 chains from random states, half the steps for warm-up; ESS of the squared magnetization and of the energy over the
time of the sampling steps, compilation left out. Where R-hat is above 1.05 a row says that the sampler has not
converged within its steps, and its ESS is not to be trusted.

``python benchmarks/samplers_compared.py``
"""

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.draws import Draws
from isotherm.sample.flat import from_values, random_values
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.run import sample
from isotherm.sample.temperatures.tempering import tempering
from stopwatch import machine

NUM_CHAINS = 16


class Case(NamedTuple):
    """A model at the inverse temperature wanted, and a ladder for tempering."""

    name: str
    graph: FactorGraph
    beta: float
    ladder: np.ndarray


def torus(side: int) -> np.ndarray:
    site = np.arange(side * side).reshape(side, side)
    return np.concatenate([np.stack([site.ravel(), np.roll(site, -1, axis).ravel()], 1) for axis in (0, 1)])


def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    pairs = np.stack(np.triu_indices(40, 1), 1)
    dense = ising(pairs, rng.normal(size=len(pairs)) / np.sqrt(40))
    return [
        Case("24 x 24 magnet, critical", ising(torus(24), 1.0), 0.4407, np.linspace(0.36, 0.4407, 6)),
        Case("24 x 24 magnet, beta 0.35", ising(torus(24), 1.0), 0.35, np.linspace(0.2, 0.35, 4)),
        Case("dense glass of 40, beta 1", dense, 1.0, np.linspace(0.3, 1.0, 6)),
    ]


def kernels(case: Case) -> dict[str, tuple[Any, int]]:
    """Kernel and number of steps of each sampler."""
    graph, beta = case.graph, case.beta
    return {
        "gibbs": (gibbs(graph, beta), 1000),
        "swendsen_wang": (swendsen_wang(graph, beta), 200),
        "wolff": (wolff(graph, beta), 200),
        "informed, one at a time": (informed(graph, beta, num_moves=graph.num_variables // 4), 200),
        "informed, many at once": (informed(graph, beta, step_size=0.4, num_moves=4), 200),
        "tempering over gibbs": (tempering(lambda b: gibbs(graph, b), case.ladder, graph), 1000),
    }


def observe(state: Any) -> jax.Array:
    return jnp.square(state.position["s"].astype(jnp.float32).mean())


def timed(kernel: Any, starts: Any, steps: int) -> tuple[Draws, float]:
    """Draws of a second run, and the seconds that its sampling steps took."""

    def run(seed: int) -> Draws:
        budget = {"num_warmup": steps // 2, "num_samples": steps}
        draws = sample(jax.random.key(seed), kernel, starts, observe=observe, **budget)
        return jax.block_until_ready(draws)

    run(0)
    start = time.perf_counter()
    draws = run(1)
    return draws, (time.perf_counter() - start) * 2 / 3


def main() -> None:
    print(f"{machine()}\n")
    print(f"{'model':26} {'sampler':24} {'<m^2>':>16} {'ESS/s':>9} {'R-hat':>6}")
    for case in cases():
        values = random_values(jax.random.key(0), case.graph, NUM_CHAINS)
        starts = jax.vmap(lambda v, g=case.graph: from_values(g, v))(values)
        for name, (kernel, steps) in kernels(case).items():
            draws, seconds = timed(kernel, starts, steps)
            mean, error = float(np.asarray(draws.mean)), float(np.asarray(draws.mcse))
            rate, rhat = float(np.asarray(draws.ess)) / seconds, float(np.asarray(draws.rhat))
            print(f"{case.name:26} {name:24} {mean:8.4f} ± {error:.4f} {rate:9.0f} {rhat:6.3f}", flush=True)


if __name__ == "__main__":
    main()
