"""Tilted Gaussian policies by MALA: BlackJAX's kernel and ours, each in the loop its own users would write.

Claim: `sample_means` takes no longer than a hand-written scan around BlackJAX's kernel that keeps every draw, and
with BlackJAX's kernel in ours' place it takes about as long (within 10 %); all give the same moments.

All sides make the same number of steps with the same step size on the same law, with a batch of chains. Sides take
turns; compilation is apart. ESS a second counts independent draws of the first coordinate, from 200 steps.

``python benchmarks/tilts_vs_blackjax.py [ROUNDS]`` (5); BlackJAX comes with ``pip install blackjax``.
"""

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.estimate.diagnostics import ess
from isotherm.exact.tilt import MixtureLaw, tilted_law
from isotherm.sample.metropolis.langevin import mala
from isotherm.sample.run import sample_means
from stopwatch import machine, paired, ratio

try:
    import blackjax  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: blackjax = not installed: pip install 'isotherm[peers]'")

BETA, NUM_CHAINS, NUM_STEPS, NUM_KEPT = 1.5, 1000, 2000, 200
DIMENSIONS = (1, 8, 32)


def policy(dimension: int) -> Tilted:
    """Correlated actions; the reward pulls all of them to 1."""
    away = np.abs(np.subtract.outer(np.arange(dimension), np.arange(dimension)))
    reward = QuadraticReward(np.eye(dimension), np.ones(dimension))
    return Tilted(GaussianPolicy(np.zeros(dimension), 0.5**away), reward)


def looped(kernel: Any, dimension: int, num_steps: int) -> Callable[[], Any]:
    """In our loop: means only, memory does not grow with the steps."""
    starts = jnp.zeros((NUM_CHAINS, dimension))
    return lambda: sample_means(jax.random.key(0), kernel, starts, num_warmup=0, num_samples=num_steps).mean


def scanned(kernel: Any, dimension: int, num_steps: int) -> Callable[[], Any]:
    """As BlackJAX's own examples have it: a scan under vmap that returns every position."""

    def chain(key: Any) -> Any:
        def step(state: Any, key: Any) -> tuple[Any, Any]:
            state, _ = kernel.step(key, state)
            return state, state.position

        return jax.lax.scan(step, kernel.init(jnp.zeros(dimension)), jax.random.split(key, num_steps))[1]

    run = jax.jit(jax.vmap(chain))
    keys = jax.random.split(jax.random.key(0), NUM_CHAINS)
    return lambda: run(keys)


def independent(kernel: Any, dimension: int) -> float:
    """Independent draws a step of a chain, of the first coordinate."""
    positions = np.asarray(scanned(kernel, dimension, 2 * NUM_KEPT)())[:, NUM_KEPT:, 0]
    return float(ess(positions.astype(np.float64))) / positions.size


def compare(dimension: int, rounds: int) -> None:
    tilted, law = policy(dimension), tilted_law(policy(dimension), BETA)
    assert isinstance(law, MixtureLaw)
    step_size = 0.3 * dimension ** (-1 / 3)
    ours = mala(tilted, BETA, step_size)
    theirs = blackjax.mala(lambda x: tilted.log_density(x, BETA), step_size)
    sides = {
        "ours, sample_means": looped(ours, dimension, NUM_STEPS),
        "BlackJAX's kernel in sample_means": looped(theirs, dimension, NUM_STEPS),
        "BlackJAX in a scan": scanned(theirs, dimension, NUM_STEPS),
    }
    timings = paired(sides, rounds)
    print(f"d = {dimension}: exact mean of the first action {law.mean[0]:.4f}")
    shares = {"ours": independent(ours, dimension), "theirs": independent(theirs, dimension)}
    for name, call in sides.items():
        found = np.asarray(call(), np.float64)
        first = found[0] if found.ndim == 1 else found[:, NUM_KEPT:, 0].mean()
        share = shares["ours" if name.startswith("ours") else "theirs"]
        rate = share * NUM_CHAINS * NUM_STEPS / timings[name].median
        print(f"  {name:34} {timings[name]}, mean {first:.4f}, ESS {rate:,.0f} /s")
    first = timings["ours, sample_means"]
    for name in list(sides)[1:]:
        print(f"  {name}: {ratio(timings[name], first):.2f} times as long as ours")


def main(rounds: int) -> None:
    print(f"{machine()}\nMALA, {NUM_CHAINS:,} chains of {NUM_STEPS:,} steps\n")
    with jax.numpy_dtype_promotion("standard"):  # BlackJAX mixes dtypes
        for dimension in DIMENSIONS:
            compare(dimension, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
