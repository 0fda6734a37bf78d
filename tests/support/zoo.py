"""Small models with known answers, and a slow, obvious oracle in NumPy."""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.dense import Ising
from isotherm.sample.clamp import Clamp


class Answers(NamedTuple):
    """Exact law of one model, float64."""

    log_z: float
    spins: np.ndarray
    pairs: np.ndarray
    probabilities: np.ndarray


def brute_force(model: Ising, beta: float = 1.0, held: dict[int, int] | None = None) -> Answers:
    """Sum over all states, one at a time; ``held`` maps a spin to its value."""
    biases, couplings = (np.asarray(x, np.float64) for x in (model.biases, model.couplings))
    weights, states = [], []
    for state in itertools.product((-1, 1), repeat=len(biases)):
        agrees = all(state[i] == value for i, value in (held or {}).items())
        energy = -sum(biases[i] * s for i, s in enumerate(state))
        for i, j in itertools.combinations(range(len(state)), 2):
            energy -= couplings[i, j] * state[i] * state[j]
        weights.append(np.exp(-beta * energy) if agrees else 0.0)
        states.append(state)
    s, w = np.array(states, np.float64), np.array(weights)
    p = w / w.sum()
    return Answers(float(np.log(w.sum())), p @ s, np.einsum("k,ki,kj->ij", p, s, s), p)


def random_models(seed: int, count: int, n: int, bias: float = 0.5, coupling: float = 0.4) -> Ising:
    """A batch of models with normal parameters, models leading."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.normal(scale=coupling, size=(count, n, n)), 1)
    biases = rng.normal(scale=bias, size=(count, n))
    return jax.vmap(Ising)(
        jnp.asarray(biases, jnp.float32), jnp.asarray(upper + np.swapaxes(upper, 1, 2), jnp.float32)
    )


def random_model(
    seed: int, n: int, bias: float = 0.5, coupling: float = 0.4, dtype: object = np.float32
) -> Ising:
    """One of :func:`random_models`, in the dtype wanted (float64 under ``jax.enable_x64``)."""
    batch = random_models(seed, 1, n, bias, coupling)
    return Ising.checked(np.asarray(batch.biases[0]), np.asarray(batch.couplings[0]), dtype)


def random_clamps(seed: int, count: int, n: int) -> Clamp:
    """A batch of clamps that hold each spin with probability one third, not all of them."""
    rng = np.random.default_rng(seed)
    mask = rng.random((count, n)) < 1 / 3
    mask[mask.all(axis=1), 0] = False
    values = rng.choice([-1, 1], size=(count, n)).astype(np.int8)
    return Clamp(jnp.asarray(mask), jnp.asarray(values))


def clamp_of(n: int, held: dict[int, int]) -> Clamp:
    """The clamp that holds these spins."""
    mask, values = np.zeros(n, bool), np.ones(n, np.int8)
    for i, value in held.items():
        mask[i], values[i] = True, value
    return Clamp(jnp.asarray(mask), jnp.asarray(values))


def venues(coupling: float, dtype: object = np.float32) -> Ising:
    """Ground truth of the routing study: five venues, IID at 0 and Correlated at 0.4."""
    return Ising.checked(np.linspace(0.8, -0.8, 5), coupling, dtype)


def state_index(spins: np.ndarray) -> np.ndarray:
    """Index of each configuration in the order of ``all_states``."""
    n = spins.shape[-1]
    return ((spins > 0) @ (1 << np.arange(n - 1, -1, -1))).astype(np.int64)
