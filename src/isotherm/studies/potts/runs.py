"""The computation behind the study of Potts models."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from isotherm.energy.lattice.models import LatticePotts
from isotherm.energy.lattice.shapes import square
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.studies.lattice.sweep import SweepPlan, SweepResult, sweep
from isotherm.studies.potts.branches import FROZEN, free_energy_gap, nodes
from isotherm.studies.potts.config import PottsConfig
from isotherm.study.base import Arrays, Task

CURVE_BLOCKS, CRITICAL_BLOCKS, JUMP_BLOCKS, BRANCH_BLOCKS = 6, 16, 8, 4
FAR_THIN, NEAR_THIN = 8, 40
"""Local sweeps between draws that stay in one phase, away from the transition and at it."""

NUM_BINS = 80
"""Of the histograms of energy, at most and about."""


def curves(config: PottsConfig, task: Task) -> Arrays:
    """Block means over a wide range, by clusters; ordered phases that are no longer stable take long to melt."""
    plan = _plan(config, 2 * config.curve_draws, config.curve_draws, CURVE_BLOCKS)
    return _swept(config, task, np.array(config.curve_betas), plan).arrays()


def critical(config: PottsConfig, task: Task) -> Arrays:
    """Block means in the window around the guess, and a histogram of energy at each temperature."""
    size, which = task.payload["size"], config.states.index(task.payload["q"])
    betas = _window(config.guesses[which], config.windows[which], size, config.num_points)
    num_draws = config.critical_draws * min(config.critical_sizes) // size
    plan = _plan(config, num_draws // 4, num_draws, CRITICAL_BLOCKS)
    found = _swept(config, task, betas, plan, ("energy",))
    return _with_histograms(found, size**2)


def jump(config: PottsConfig, task: Task) -> Arrays:
    """The same for the first-order transition; and block means of what lies below the cut between the phases.

    ``mean/ordered`` is the share of draws whose energy is below ``cut``, ``mean/ordered_energy`` their energy times
    that share.
    """
    num_points = 2 * config.num_points - 1
    betas = _window(config.jumping_guess, config.jumping_window, task.payload["size"], num_points)
    plan = _plan(config, max(50, config.jumping_draws // 20), config.jumping_draws, JUMP_BLOCKS)
    found = _swept(config, task, betas, plan, ("energy",))
    energy = found.samples["energy"].astype(np.float64)
    cut = float(np.quantile(energy, (0.05, 0.95)).mean())
    extra = {"cut": np.array(cut)} | _within(energy, energy < cut, JUMP_BLOCKS, "ordered")
    return _with_histograms(found, task.payload["size"] ** 2) | extra


def hysteresis(config: PottsConfig, task: Task) -> Arrays:
    """Too few local sweeps around the first-order transition, ``mean/energy`` and order parameter."""
    half = max(1, config.hysteresis_sweeps // 4)
    plan = SweepPlan("heat-bath", 2 * config.num_chains, 2 * half, 2, half)
    betas = np.linspace(0.94, 1.06, 25) * config.jumping_guess
    model = LatticePotts(square(config.curve_size), task.payload["q"])
    return sweep(_key(config, task), model, betas, plan).arrays()


def branches(config: PottsConfig, task: Task) -> Arrays:
    """Energies of either phase from where its free energy is known to the guess, then of both at the transition.

    Disordered chains run at the nodes below the guess, ordered ones above, ``order/mean/...`` and
    ``disorder/mean/...``; ``both/mean/...`` are at ``both/betas``, where the free energies cross: the share of draws
    in the phase that the chain started from, since some chain may cross over after all, and their energy times that
    share.
    """
    model = LatticePotts(square(config.branch_size), task.payload["q"])
    key, length = _key(config, task), -(-config.branch_draws // BRANCH_BLOCKS)
    plan = SweepPlan("heat-bath", config.num_chains, 200 * FAR_THIN, BRANCH_BLOCKS, length, FAR_THIN)
    ends = {"disorder": (0.0, config.jumping_guess), "order": (config.jumping_guess, FROZEN)}
    found: dict[str, Arrays] = {}
    for start, (low, high) in ends.items():
        betas = nodes(low, high)[0]
        found[start] = sweep(named(key, start), model, betas, plan, starts=(start,)).arrays()
    energies = {start: part["mean/energy"].mean((0, 2, 3)) for start, part in found.items()}
    gap = free_energy_gap(energies["order"], energies["disorder"], config.jumping_guess, model.num_states)
    slope = energies["disorder"][-1] - energies["order"][0]
    crossing = np.array([config.jumping_guess + float(gap) / slope])
    longer = SweepPlan("heat-bath", 2 * config.num_chains, 100 * NEAR_THIN, BRANCH_BLOCKS, length, NEAR_THIN)
    both = sweep(named(key, "both"), model, crossing, longer, ("energy",))
    cut = (energies["disorder"][-1] + energies["order"][0]) / 2
    energy = both.samples["energy"].astype(np.float64)
    is_own = np.stack([energy[0] < cut, energy[1] >= cut])  # ordered chains should lie below
    found["both"] = {"betas": crossing} | _within(energy, is_own, BRANCH_BLOCKS, "kept")
    return {f"{part}/{name}": value for part, arrays in found.items() for name, value in arrays.items()}


def _within(energy: np.ndarray, is_inside: np.ndarray, num_blocks: int, name: str) -> Arrays:
    """Block means of whether draws are inside, and of their energy where they are."""
    shape = (*energy.shape[:-1], num_blocks, -1)
    energy, is_inside = energy.reshape(shape), is_inside.reshape(shape)
    return {f"mean/{name}": is_inside.mean(-1), f"mean/{name}_energy": (energy * is_inside).mean(-1)}


RUNS: Mapping[str, Callable[[PottsConfig, Task], Arrays]] = {
    "curves": curves,
    "critical": critical,
    "jump": jump,
    "hysteresis": hysteresis,
    "branches": branches,
}


def _window(guess: float, half_width: float, size: int, num_points: int) -> np.ndarray:
    return guess * (1 + np.linspace(-half_width, half_width, num_points) / size)


def _with_histograms(found: SweepResult, num_sites: int) -> Arrays:
    """Block means, and the densities of energies: ``density`` ``(temperatures, bins)`` between ``edges``.

    Bins hold equally many of the energies that a lattice can have, so that none is empty by arithmetic.
    """
    energy = np.moveaxis(found.samples["energy"].astype(np.float64), 1, 0).reshape(len(found.betas), -1)
    levels = np.rint((energy + 2) * num_sites).astype(int)
    each = max(4, -(-int(levels.max()) // NUM_BINS))
    edges = each * np.arange(levels.max() // each + 2) - 0.5
    density = np.stack([np.histogram(one, edges, density=True)[0] for one in levels]) * num_sites
    return found._replace(samples={}).arrays() | {"density": density, "edges": edges / num_sites - 2}


def _plan(config: PottsConfig, num_warmup: int, num_draws: int, num_blocks: int) -> SweepPlan:
    return SweepPlan("swendsen-wang", config.num_chains, num_warmup, num_blocks, -(-num_draws // num_blocks))


def _swept(
    config: PottsConfig, task: Task, betas: np.ndarray, plan: SweepPlan, keep: tuple[str, ...] = ()
) -> SweepResult:
    model = LatticePotts(square(task.payload["size"]), task.payload["q"])
    return sweep(_key(config, task), model, betas, plan, keep)


def _key(config: PottsConfig, task: Task) -> Any:
    return named(seeded(config.seed), task.name)
