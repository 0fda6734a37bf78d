"""Time of one spin update: the fused sweep against a plain vectorised loop, in one run.

Claim: up to ten spins the fused sweep of ``isotherm.sample.gibbs`` updates a spin in a few nanoseconds on one core,
several times faster than the obvious JAX code: ``vmap`` over chains of a ``fori_loop`` over sites, with
``jax.random.uniform`` in each sweep. No gain is claimed for the last row: beyond ten spins the sweep loops over
sites, with couplings of their own for every chain, as learners need them. Both update the same spins in the same
order for the same number of sweeps and sum the same first moments.

``python benchmarks/gibbs_speed.py [ROUNDS]`` (5). ``NPROC=1`` in the environment keeps both to one core.
"""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.dense import Ising
from isotherm.sample.gibbs.gibbs import gibbs_means
from isotherm.sample.schedule import Schedule
from stopwatch import machine, paired, ratio

NUM_SWEEPS, THIN = 200, 4


def plain_means(key: jax.Array, model: Ising) -> jax.Array:
    """One chain, as one would write it first."""
    n = model.num_spins

    def sweep(spins: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
        uniforms = jax.random.uniform(key, (n,))

        def update(site: jax.Array, spins: jax.Array) -> jax.Array:
            field = model.biases[site] + model.couplings[site] @ spins
            return spins.at[site].set(jnp.where(uniforms[site] < jax.nn.sigmoid(2 * field), 1.0, -1.0))

        return jax.lax.fori_loop(0, n, update, spins), None

    def draw(carry: tuple[jax.Array, jax.Array], key: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        spins, sums = carry
        spins, _ = jax.lax.scan(sweep, spins, jax.random.split(key, THIN))
        return (spins, sums + spins), None

    start = (jnp.ones(n), jnp.zeros(n))
    num_samples = NUM_SWEEPS // THIN
    return jax.lax.scan(draw, start, jax.random.split(key, num_samples))[0][1] / num_samples


def fused_means(key: jax.Array, model: Ising) -> jax.Array:
    return gibbs_means(key, model, schedule=Schedule(0, NUM_SWEEPS // THIN, THIN))


def main(rounds: int) -> None:
    print(f"{machine()}\n")
    for n, chains in ((5, 100), (5, 4_096), (10, 4_096), (32, 512)):
        model = Ising.checked(np.linspace(0.8, -0.8, n), 0.4 / n)
        keys = jax.random.split(jax.random.key(0), chains)
        batched = {
            "fused": jax.jit(jax.vmap(functools.partial(fused_means, model=model))),
            "plain": jax.jit(jax.vmap(functools.partial(plain_means, model=model))),
        }
        times = paired({name: functools.partial(call, keys) for name, call in batched.items()}, rounds)
        off = float(jnp.abs(batched["fused"](keys).mean(axis=0) - batched["plain"](keys).mean(axis=0)).max())
        print(f"{n} spins, {chains:,} chains; means agree within {off:.3f}")
        for name, timing in times.items():
            print(
                f"  {name}: {1e9 * timing.median / (n * chains * NUM_SWEEPS):6.2f} ns a spin update; {timing}"
            )
        print(f"  the fused sweep is {ratio(times['plain'], times['fused']):.1f} times faster\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
