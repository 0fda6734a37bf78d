from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.energy.lattice.disorder import plus_minus_couplings
from isotherm.energy.lattice.models import LatticeClock, LatticeIsing
from isotherm.energy.lattice.shapes import chain, square
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import sample_means
from isotherm.sample.temperatures.tempering import find_ladder, tempering

GLASS = LatticeIsing(
    square(3, 4, periodic=False), plus_minus_couplings(jax.random.key(5), square(3, 4, False))
)
CLOCK = LatticeClock(chain(4), 8, [1.0], 0.3)
LADDERS = {"glass": (GLASS, [0.2, 0.6, 1.2, 2.0], 2), "clock": (CLOCK, [0.3, 1.0, 2.5], 8)}


def exact_pairs(model: Any, values: int, beta: float) -> np.ndarray:
    """Energy and its square."""
    n = model.lattice.num_sites
    digits = np.arange(values**n)[:, None] // values ** np.arange(n) % values
    states = 2 * digits - 1 if isinstance(model, LatticeIsing) else digits
    states = jnp.asarray(states.reshape(-1, *model.lattice.shape), model.dtype)
    energies = np.asarray(jax.jit(jax.vmap(model.energy))(states), np.float64)
    weights = np.exp(-beta * (energies - energies.min()))
    return weights @ np.stack([energies, energies**2], 1) / weights.sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", LADDERS)
def test_tempered_lattices_are_exact_at_the_coldest(name: str) -> None:
    model, betas, values = LADDERS[name]

    def observe(state: Any) -> Any:
        energy = model.energy(state.position)
        return jnp.stack([energy, jnp.square(energy)]), state.acceptance

    kernel = tempering(lambda beta: checkerboard(model, beta, layout="sites"), betas, model.energy)
    means = sample_means(
        jax.random.key(0),
        kernel,
        model.random_state,
        num_chains=200,
        num_samples=300,
        num_warmup=100,
        observe=observe,
    )
    found, acceptance = means.means
    assert_mean(np.asarray(found), exact_pairs(model, values, betas[-1]))
    assert np.all(np.asarray(acceptance).mean(0) > 0.05)
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(np.asarray(found), exact_pairs(model, values, betas[-1] * 0.95))


@pytest.mark.slow
def test_ladders_of_lattices_swap_evenly() -> None:
    starts = jax.vmap(GLASS.random_state)(jax.random.split(jax.random.key(2), 30))
    ladder = find_ladder(
        jax.random.key(1),
        lambda beta: checkerboard(GLASS, beta, layout="sites"),
        GLASS.energy,
        starts,
        beta_min=0.1,
        beta_max=2.0,
        num_rungs=5,
        num_rounds=1,
        num_steps=100,
    )
    assert len(ladder.betas) == 5
    assert np.ptp(ladder.acceptance) < 0.15
