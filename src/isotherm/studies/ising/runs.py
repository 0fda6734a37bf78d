"""The computation behind the study of the Ising model."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from isotherm.energy.lattice.models import LatticeIsing
from isotherm.energy.lattice.observables import domain_wall_length, magnetization
from isotherm.energy.lattice.shapes import square
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import sample
from isotherm.studies.ising.config import IsingConfig
from isotherm.studies.lattice.critical import ISING_TEMPERATURE
from isotherm.studies.lattice.sweep import Method, SweepPlan, sweep
from isotherm.study.base import Arrays, Task

CLUSTERS: Method = "swendsen-wang"
NUM_DYNAMIC_CHAINS = 16
"""From order, and as many from disorder."""

DYNAMIC_BLOCK = 200
CURVE_BLOCKS, CRITICAL_BLOCKS = 6, 10


def curves(config: IsingConfig, task: Task) -> Arrays:
    """Block means over a wide range of temperatures."""
    plan = _plan(config.num_chains, config.curve_draws, CURVE_BLOCKS)
    return _swept(config, task, np.array(config.temperatures), plan)


def critical(config: IsingConfig, task: Task) -> Arrays:
    """Block means in the window around the guess, by local sweeps about a relaxation time of ``m²`` apart."""
    size, x = task.payload["size"], np.linspace(-config.window, config.window, config.num_points)
    temperatures = config.guess * (1 + x / size)
    num_draws = config.critical_draws * min(config.critical_sizes) / size
    length, thin = math.ceil(num_draws / CRITICAL_BLOCKS), max(1, size**2 // 8)
    plan = SweepPlan("heat-bath", config.critical_chains, 100 * thin, CRITICAL_BLOCKS, length, thin)
    return _swept(config, task, temperatures, plan)


def dynamics(config: IsingConfig, task: Task) -> Arrays:
    """Series of energy and ``m²`` at the critical point, ``(chains, draws)``, and the steps between draws."""
    method, size = task.payload["method"], task.payload["size"]
    thin = max(1, size**2 // 64) if method == "heat-bath" else 1
    blocks = -(-config.dynamic_draws // DYNAMIC_BLOCK)
    plan = SweepPlan(
        method, NUM_DYNAMIC_CHAINS, thin * config.dynamic_draws // 10, blocks, DYNAMIC_BLOCK, thin
    )
    model = LatticeIsing(square(size))
    found = sweep(
        _key(config, task), model, np.array([1 / ISING_TEMPERATURE]), plan, ("energy", "magnetization")
    )
    series = {
        name: value.reshape(-1, value.shape[-1])[:, : config.dynamic_draws]
        for name, value in found.samples.items()
    }
    return {"energy": series["energy"], "magnetization": series["magnetization"], "thin": np.array(thin)}


def quench(config: IsingConfig, task: Task) -> Arrays:
    """Heat bath from random states: walls and magnetization after every sweep, and the last states.

    ``wall_density`` and ``magnetization`` are ``(quenches, sweeps)``; ``last`` is ``(quenches, size, size)``.
    """
    model = LatticeIsing(square(config.quench_size))
    key, start_key = _key(config, task), named(_key(config, task), "start")
    kernel = checkerboard(model, 1 / config.quench_temperature)
    starts = jax.vmap(model.random_state)(jax.random.split(start_key, config.num_quenches))

    def observe(state: Any) -> dict[str, Any]:
        x = state.position
        return {"walls": domain_wall_length(model, x), "magnetization": magnetization(model, x)}

    draws = sample(key, kernel, starts, num_warmup=0, num_samples=config.quench_sweeps, observe=observe)
    return {
        "wall_density": np.asarray(draws.values["walls"]) / model.lattice.num_sites,
        "magnetization": np.asarray(draws.values["magnetization"]),
        "last": np.asarray(draws.states.position),
    }


RUNS: Mapping[str, Callable[[IsingConfig, Task], Arrays]] = {
    "curves": curves,
    "critical": critical,
    "dynamics": dynamics,
    "quench": quench,
}


def _plan(num_chains: int, num_draws: int, num_blocks: int) -> SweepPlan:
    length = -(-num_draws // num_blocks)
    return SweepPlan(CLUSTERS, num_chains, max(50, num_draws // 20), num_blocks, length)


def _swept(config: IsingConfig, task: Task, temperatures: np.ndarray, plan: SweepPlan) -> Arrays:
    model = LatticeIsing(square(task.payload["size"]))
    return sweep(_key(config, task), model, 1 / temperatures, plan).arrays()


def _key(config: IsingConfig, task: Task) -> Any:
    return named(seeded(config.seed), task.name)
