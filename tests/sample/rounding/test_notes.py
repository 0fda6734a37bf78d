"""Answers say how coarse the energies were that their chains compared."""

import jax
import jax.numpy as jnp
import pytest

from isotherm.energy.dense import Ising
from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import Tilted
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.metropolis.independence import independence
from isotherm.sample.metropolis.langevin import mala
from isotherm.sample.run import sample, sample_means
from isotherm.sample.temperatures.tempering import find_ladder, tempering

FIRST = jnp.zeros((8, 1))


def tilted(constant: float) -> Tilted:
    policy = GaussianPolicy(jnp.zeros(1), jnp.eye(1))
    return Tilted(policy, lambda x: constant - 2.0 * (x[0] - 1.0) ** 2)


@pytest.mark.parametrize("name", ["mala", "independence", "tempering"])
def test_a_constant_in_a_reward_of_the_users_own_is_told(name: str) -> None:
    for constant, is_coarse in ((0.0, False), (3e7, True)):
        law = tilted(constant)
        kernels = {
            "mala": lambda law=law: mala(law, 1.0, 0.3),
            "independence": lambda law=law: independence(law, 1.0),
            "tempering": lambda law=law: tempering(
                lambda beta: independence(law, beta), [0.5, 1.0], law.energy
            ),
        }
        draws = sample(jax.random.key(0), kernels[name](), FIRST, num_warmup=2, num_samples=8)
        assert bool(draws.notes) == is_coarse
        assert ("coarse: energies are rounded to" in str(draws)) == is_coarse
        assert str(draws).splitlines()[0].startswith("x[0] = ")


def test_ladders_and_running_means_tell_it_too() -> None:
    law = tilted(3e8)
    means = sample_means(jax.random.key(0), independence(law, 1.0), FIRST, num_warmup=2, num_samples=8)
    assert "coarse" in str(means)
    ladder = find_ladder(
        jax.random.key(0), lambda beta: independence(law, beta), law.energy, FIRST,
        beta_min=0.0, beta_max=1.0, num_rungs=3, num_steps=4, num_rounds=1,
    )  # fmt: skip
    assert "coarse" in str(ladder)


@pytest.mark.parametrize(
    ("bias", "coupling", "is_coarse"), [(0.3, 0.2, False), (0.0, 2.0**26, False), (0.3, 3e6, True)]
)
def test_biases_of_a_dense_model_below_the_last_place_of_its_couplings_are_told(
    bias: float, coupling: float, is_coarse: bool
) -> None:
    model = Ising.checked([bias] * 3, coupling)
    draws = sample(jax.random.key(0), gibbs(model), jnp.ones((4, 3), jnp.int8), num_warmup=2, num_samples=8)
    assert bool(draws.notes) == is_coarse
