"""Tempering of kernels whose states hold a density, a score or a reward: the law at the last rung is exact."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.energy.models import ising
from isotherm.energy.tilt.bases import GaussianPolicy, LinearGaussian
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.exact.exact import exact
from isotherm.sample.betas import remembers_beta
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.metropolis.independence import independence
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.metropolis.langevin import mala, ula
from isotherm.sample.run import sample
from isotherm.sample.temperatures.annealing import anneal
from isotherm.sample.temperatures.tempering import tempering
from isotherm.sample.tilt.next_states import ActionAndNext, whitened_mala

LADDER = [0.25, 0.5, 1.0]
"""At the last the action has precision 1 + 4 = 5 and mean 4 / 5."""


def tilted() -> Tilted:
    return Tilted(GaussianPolicy(jnp.zeros(1), jnp.eye(1)), QuadraticReward(4.0 * jnp.eye(1), jnp.ones(1)))


def actions(kernel_at: Any, starts: Any, action: Any = lambda position: position) -> np.ndarray:
    law = tilted()
    energy = lambda position: law.energy(action(position))  # noqa: E731
    kernel = tempering(kernel_at, LADDER, energy)
    found = sample(jax.random.key(5), kernel, starts, num_warmup=60, num_samples=600)
    return np.asarray(action(found.values), np.float64)[..., 0]


def starts(num_chains: int = 48) -> jax.Array:
    return jax.random.normal(jax.random.key(1), (num_chains, 1))


@pytest.fixture(params=["float32", pytest.param("float64", marks=pytest.mark.slow)])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each test in both, whatever the kernel's state remembers."""
    # with JAX's own rules of promotion in float64, as users of it have them
    rules = "standard" if request.param == "float64" else "strict"
    with jax.enable_x64(request.param == "float64"), jax.numpy_dtype_promotion(rules):
        assert starts().dtype == request.param
        yield request.param


def check(draws: np.ndarray) -> None:
    powers = np.stack([draws, (draws - 0.8) ** 2], axis=-1).mean(axis=1)
    assert_mean(powers, np.array([0.8, 0.2]))


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("adjusted", [mala, ula])
def test_langevin_has_the_law_of_the_last_rung(adjusted: Any) -> None:
    step = 0.3 if adjusted is mala else 0.004
    draws = actions(lambda beta: adjusted(tilted(), beta, step), starts())
    if adjusted is mala:
        check(draws)
    else:  # its own law at that step: a variance 1 % larger
        assert draws.mean() == pytest.approx(0.8, abs=0.02)
        assert draws.var() == pytest.approx(0.2 / (1 - 0.004 * 5 / 2), rel=0.05)


@pytest.mark.usefixtures("precision")
def test_independence_has_the_law_of_the_last_rung() -> None:
    check(actions(lambda beta: independence(tilted(), beta), starts()))


@pytest.mark.usefixtures("precision")
def test_whitened_mala_has_the_law_of_the_last_rung() -> None:
    follow = LinearGaussian(jnp.eye(1), jnp.zeros(1), jnp.eye(1))
    first = ActionAndNext(starts(), starts())
    draws = actions(
        lambda beta: whitened_mala(tilted(), follow, beta, 0.2, 0.5), first, lambda position: position.action
    )
    check(draws)


@pytest.mark.usefixtures("precision")
def test_a_blackjax_kernel_has_the_law_of_the_last_rung() -> None:
    blackjax = pytest.importorskip("blackjax")
    law = tilted()

    def kernel_at(beta: Any) -> Any:
        return blackjax.mala(lambda x: law.log_density(x, beta), 0.3)

    check(actions(kernel_at, starts()))


@pytest.mark.usefixtures("precision")
def test_informed_states_serve_at_any_temperature() -> None:
    graph = ising([[0, 1]], 0.7, [0.4, -0.1])
    kernel = tempering(lambda beta: informed(graph, beta), LADDER, graph)
    first = {"s": jnp.ones((64, 2), jnp.int8)}
    draws = sample(jax.random.key(2), kernel, first, num_warmup=50, num_samples=400)
    assert_mean(np.asarray(draws.values["s"], np.float64).mean(axis=1), exact(graph).means["s"])
    assert not remembers_beta(kernel.tempered.kernel)


def test_a_kernel_that_remembers_a_density_does_not_cool() -> None:
    graph = ising([[0, 1]], 0.7)
    with pytest.raises(ValueError, match="remembers a density at its own temperature"):
        anneal(jax.random.key(0), graph, 10, kernel=mala(tilted(), 1.0, 0.1))
    anneal(jax.random.key(0), graph, 10, kernel=gibbs(graph))
