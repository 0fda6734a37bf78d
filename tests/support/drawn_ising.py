"""Chains of a small Ising model without a sampler: all states in a table, drawn by their exact law."""

import numpy as np


def ising_table(size: int = 4) -> dict[str, np.ndarray]:
    """Observables a site of all states of the periodic ``size x size`` Ising model, ``(2**size**2,)`` each."""
    n = size**2
    spins = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).reshape(-1, size, size)
    wave = np.exp(2j * np.pi * np.arange(size) / size)
    power = [np.abs(spins.sum(axis) @ wave) ** 2 for axis in (1, 2)]
    return {
        "energy": -(spins * (np.roll(spins, 1, 1) + np.roll(spins, 1, 2))).mean((1, 2)),
        "magnetization": spins.mean((1, 2)),
        "abs": np.abs(spins.mean((1, 2))),
        "structure_kmin": (power[0] + power[1]) / 2 / n**2,
    }


def log_z(table: dict[str, np.ndarray], betas: np.ndarray, num_sites: int = 16) -> np.ndarray:
    """Logarithm of the partition function, ``(betas,)``."""
    return np.log(np.exp(-np.asarray(betas)[:, None] * num_sites * table["energy"][None]).sum(1))


def boltzmann(table: dict[str, np.ndarray], betas: np.ndarray, num_sites: int = 16) -> np.ndarray:
    """Probabilities of all states, ``(betas, states)``."""
    logs = -np.asarray(betas)[:, None] * num_sites * table["energy"][None]
    return np.exp(logs - log_z(table, betas, num_sites)[:, None])


def sticky_draws(weights: np.ndarray, shape: tuple[int, int], keep: float, seed: int = 0) -> np.ndarray:
    """Chains that stay where they are with probability ``keep``: correlations of all observables are ``keep^t``.

    ``weights``: (betas, states), ``shape``: (chains, samples); returns states, (betas, chains, samples).
    """
    rng = np.random.default_rng(seed)
    states = np.stack([rng.choice(len(row), shape, p=row / row.sum()) for row in weights])
    fresh = rng.random(states.shape) >= keep
    fresh[..., 0] = True
    last = np.maximum.accumulate(np.where(fresh, np.arange(shape[1]), 0), axis=-1)
    return np.take_along_axis(states, last, axis=-1)
