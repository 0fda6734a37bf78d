"""The computation behind the study of Potts models."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from isotherm.energy.lattice import square
from isotherm.energy.lattice_models import LatticePotts
from isotherm.random import named
from isotherm.study.base import Arrays, Task
from isotherm.study.lattice_sweep import Method, Plan, Sweep, sweep

if TYPE_CHECKING:
    from isotherm.study.potts import PottsConfig

CURVE_BLOCKS, CRITICAL_BLOCKS, JUMP_BLOCKS = 6, 16, 20
NUM_BINS = 80
"""Of the histograms of energy, at most and about."""


def curves(config: "PottsConfig", task: Task) -> Arrays:
    """Block means over a wide range, by clusters."""
    plan = _plan(config.num_chains, config.curve_draws, CURVE_BLOCKS)
    return _swept(config, task, np.array(config.curve_betas), plan).arrays()


def critical(config: "PottsConfig", task: Task) -> Arrays:
    """Block means in the window around the guess, and a histogram of energy at each temperature."""
    betas = _window(task.payload["guess"], config.window, task.payload["size"], config.num_points)
    plan = _plan(config.num_chains, config.critical_draws, CRITICAL_BLOCKS)
    found = _swept(config, task, betas, plan, ("energy",))
    return _with_histograms(found, task.payload["size"] ** 2)


def jump(config: "PottsConfig", task: Task) -> Arrays:
    """The same for the first-order transition; and block means of what lies below the cut between the phases.

    ``mean/ordered`` is the share of draws whose energy is below ``cut``, ``mean/ordered_energy`` their energy times
    that share.
    """
    num_points = 2 * config.num_points - 1
    betas = _window(config.jumping_guess, config.jumping_window, task.payload["size"], num_points)
    plan = _plan(config.num_chains, config.jumping_draws, JUMP_BLOCKS)
    found = _swept(config, task, betas, plan, ("energy",))
    energy = found.samples["energy"].astype(np.float64)
    cut = float(np.quantile(energy, (0.05, 0.95)).mean())
    blocks = energy.reshape(*energy.shape[:-1], JUMP_BLOCKS, -1)
    below = blocks < cut
    extra = {
        "mean/ordered": below.mean(-1),
        "mean/ordered_energy": (blocks * below).mean(-1),
        "cut": np.array(cut),
    }
    return _with_histograms(found, task.payload["size"] ** 2) | extra


def hysteresis(config: "PottsConfig", task: Task) -> Arrays:
    """Too few local sweeps around the first-order transition, ``mean/energy`` and order parameter."""
    half = max(1, config.hysteresis_sweeps // 4)
    plan = Plan("heat-bath", 2 * config.num_chains, 2 * half, 2, half)
    betas = np.linspace(0.94, 1.06, 25) * config.jumping_guess
    model = LatticePotts(square(config.curve_size), task.payload["q"])
    return sweep(_key(config, task), model, betas, plan).arrays()


RUNS: Mapping[str, Callable[["PottsConfig", Task], Arrays]] = {
    "curves": curves,
    "critical": critical,
    "jump": jump,
    "hysteresis": hysteresis,
}


def _window(guess: float, half_width: float, size: int, num_points: int) -> np.ndarray:
    return guess * (1 + np.linspace(-half_width, half_width, num_points) / size)


def _with_histograms(found: Sweep, num_sites: int) -> Arrays:
    """Block means, and the densities of energies: ``density`` ``(temperatures, bins)`` between ``edges``.

    Bins hold equally many of the energies that a lattice can have, so that none is empty by arithmetic.
    """
    energy = np.moveaxis(found.samples["energy"].astype(np.float64), 1, 0).reshape(len(found.betas), -1)
    levels = np.rint((energy + 2) * num_sites).astype(int)
    each = max(4, -(-int(levels.max()) // NUM_BINS))
    edges = each * np.arange(levels.max() // each + 2) - 0.5
    density = np.stack([np.histogram(one, edges, density=True)[0] for one in levels]) * num_sites
    return found._replace(samples={}).arrays() | {"density": density, "edges": edges / num_sites - 2}


def _plan(num_chains: int, num_draws: int, num_blocks: int, method: Method = "swendsen-wang") -> Plan:
    return Plan(method, num_chains, max(50, num_draws // 20), num_blocks, -(-num_draws // num_blocks))


def _swept(
    config: "PottsConfig", task: Task, betas: np.ndarray, plan: Plan, keep: tuple[str, ...] = ()
) -> Sweep:
    model = LatticePotts(square(task.payload["size"]), task.payload["q"])
    return sweep(_key(config, task), model, betas, plan, keep)


def _key(config: "PottsConfig", task: Task) -> Any:
    return named(jax.random.key(config.seed), task.name)
