"""Tilt a policy of one's own, sample it by MALA and by BlackJAX's NUTS, and look at the normaliser."""

import jax
import jax.numpy as jnp

from isotherm.energy import DensityPolicy, Tilted
from isotherm.exact import quadrature
from isotherm.sample import mala, sample


def log_density(x):
    """Two habits, about -1 and +1, the second one firmer."""
    return jnp.logaddexp(-2.0 * (x[0] + 1) ** 2, -4.0 * (x[0] - 1) ** 2)


def draw(key):
    """A fair choice of habit, then a normal number; right only roughly, which a sampler does not mind."""
    which, noise = jax.random.split(key)
    sign = jnp.where(jax.random.bernoulli(which), 1.0, -1.0)
    return sign + 0.5 * jax.random.normal(noise, (1,))


def reward(x):
    """Best at -0.4."""
    return -((x[0] + 0.4) ** 2)


TILTED = Tilted(DensityPolicy(log_density, draw), reward)


def with_mala(beta, key):
    """Mean action, its Monte Carlo error, and R-hat, from 64 chains."""
    kernel = mala(TILTED, beta, step_size=0.15)
    draws = sample(key, kernel, draw, num_warmup=300, num_samples=500, num_chains=64)
    return float(draws.mean[0]), float(draws.mcse[0]), float(draws.rhat[0])


def with_nuts(beta, key):
    """The same by BlackJAX: a kernel is ``init`` and ``step``, so theirs drops in."""
    import blackjax

    def log_tilted(x):
        return TILTED.log_density(x, beta)

    kernel = blackjax.nuts(log_tilted, step_size=0.5, inverse_mass_matrix=jnp.ones(1))
    draws = sample(key, kernel, draw, num_warmup=100, num_samples=200, num_chains=64)
    return float(draws.mean[0]), float(draws.mcse[0]), float(draws.rhat[0])


if __name__ == "__main__":
    exact = quadrature(TILTED, 2.0, -5.0, 5.0)
    print(f"exact mean {exact.mean:.3f}")
    print("MALA {:.3f} ± {:.3f}, R-hat {:.3f}".format(*with_mala(2.0, jax.random.key(0))))
    print("NUTS {:.3f} ± {:.3f}, R-hat {:.3f}".format(*with_nuts(2.0, jax.random.key(1))))
