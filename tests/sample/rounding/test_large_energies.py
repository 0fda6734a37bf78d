"""Energies far larger than kT: a constant changes nothing, and large terms may cancel, in any sampler."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.energy.centre import centred
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.limbs import limbs_of, splitting, stacked, value
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical
from isotherm.exact.exact import exact
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.rounding.comparing import comparison
from isotherm.sample.run import sample
from isotherm.sample.temperatures.annealing import anneal
from isotherm.sample.temperatures.tempering import tempering

NUM_CHAINS = 32
SINGLES = np.array([[0.3, -0.4, 0.1], [0.0, 0.5, -0.2], [-0.6, 0.2, 0.4]])
PAIRS = np.array([[0.2, -0.3, 0.5], [-0.1, 0.4, 0.0]])


def chain(constant: float = 0.0, cancelling: float = 0.0) -> FactorGraph:
    """Three values in a row, with a constant in every table, and a large term of the first that cancels."""
    ramp = np.arange(3.0)
    tables = 0.7 * np.eye(3)[None] + PAIRS[:, :, None] + constant
    tables[0] += cancelling * ramp[:, None]
    singles = SINGLES + constant
    singles[0] -= cancelling * ramp
    factors = [Factor.of(("c", "c"), [[0, 1], [1, 2]], tables), Factor.of("c", [0, 1, 2], singles)]
    return FactorGraph.of({"c": categorical(3, 3)}, factors)


@functools.cache
def marginals() -> np.ndarray:
    return exact(chain()).marginals["c"]


KERNELS: dict[str, Any] = {
    "gibbs": gibbs,
    "gibbs in blocks": lambda graph, beta=1.0: gibbs(
        graph, beta, blocks=[{"c": [0]}, {"c": [1]}, {"c": [2]}]
    ),
    "swendsen-wang": swendsen_wang,
    "wolff": wolff,
    "informed": lambda graph, beta=1.0: informed(graph, beta, num_moves=2),
    "informed, many": lambda graph, beta=1.0: informed(graph, beta, step_size=1.0, num_moves=2),
    "tempering": lambda graph: tempering(lambda beta: gibbs(graph, beta), [0.3, 1.0], graph),
}
CASES = [
    *((name, 1e12, 1e10 + 0.1) for name in KERNELS),
    *((name, 3e7 + 0.3, 0.0) for name in ("gibbs", "swendsen-wang", "tempering")),
    *(
        pytest.param(name, constant, cancelling, marks=pytest.mark.slow)
        for name in KERNELS
        for constant, cancelling in ((1e12, 0.0), (0.0, 1e8 + 0.3))
    ),
]


def check_law(kernel: Any, seed: int = 0) -> None:
    first = {"c": jax.random.randint(jax.random.key(3), (NUM_CHAINS, 3), 0, 3).astype(jnp.uint8)}
    found = sample(jax.random.key(seed), kernel, first, num_warmup=100, num_samples=400)
    values = np.asarray(found.values["c"])
    assert_mean((values[..., None] == np.arange(3)).mean(axis=1)[..., :2], marginals()[..., :2])


@pytest.mark.parametrize(("name", "constant", "cancelling"), CASES)
def test_constants_and_cancelling_terms_change_no_law(name: str, constant: float, cancelling: float) -> None:
    check_law(KERNELS[name](chain(constant, cancelling)))


def test_a_constant_leaves_draws_and_layout_as_they_are() -> None:
    plain, moved = chain(), chain(3e7 + 0.3)
    assert type(gibbs(moved)) is type(gibbs(plain))
    same, nothing = centred(plain)
    assert same is plain
    assert nothing == 0.0
    near, constant = centred(moved)
    assert constant == pytest.approx(-5 * (3e7 + 0.3), abs=10)
    assert max(np.abs(f.weights).max() for f in near.factors if isinstance(f, Factor)) < 3


def test_forbidden_values_stay_forbidden_beside_large_ones() -> None:
    graph = chain(1e12, 1e10 + 0.1)
    tables = np.array(graph.factors[0].parameters)
    tables[:, 0, 1] = -np.inf
    scopes = [[0, 1], [1, 2]]
    hard = FactorGraph.of({"c": categorical(3, 3)}, [Factor.of(("c", "c"), scopes, tables), graph.factors[1]])
    first = {"c": jnp.full((NUM_CHAINS, 3), 2, jnp.uint8)}
    for kernel in (gibbs(hard), informed(hard, num_moves=2)):
        draws = np.asarray(
            sample(jax.random.key(1), kernel, first, num_warmup=100, num_samples=300).values["c"]
        )
        assert not ((draws[..., 0] == 0) & (draws[..., 1] == 1)).any()
        shares = (draws[..., None] == np.arange(3)).mean(axis=1)
        assert_mean(shares[..., :2], exact(hard).marginals["c"][..., :2])


def test_annealing_finds_and_tells_the_lowest_energy() -> None:
    for constant, cancelling in ((0.0, 0.0), (1e12, 0.0), (0.0, 1e10 + 0.1)):
        graph = chain(constant, cancelling)
        found = anneal(jax.random.key(0), graph, 60)
        best, log_weight = exact(graph).map()
        np.testing.assert_array_equal(found.state["c"], exact(chain()).map()[0]["c"])
        assert float(found.energy) == pytest.approx(-log_weight, abs=1e-5, rel=1e-15)
        assert best["c"].shape == (3,)


def test_swaps_see_a_third_of_kt_beside_penalties() -> None:
    """Of ``shared/faults/large-penalties``: two variables of which one must be chosen, a bias, and a penalty."""
    table = np.zeros((1, 2, 2))
    table[0, 1, 1] = -2e7
    singles = [[0.0, 9999999.0], [0.0, 1e7], [0.0, -0.3], [0.0, -1e7]]
    graph = FactorGraph.of(
        {"c": categorical(4, 2)},
        [Factor.of("c", [0, 1, 2, 3], singles), Factor.of(("c", "c"), [[0, 1]], table)],
    )
    betas = [0.0, 1.4e-7, 1.1e-6, 1.0]
    kernel = tempering(lambda beta: gibbs(graph, beta), betas, graph.energy)
    first = {"c": jax.random.randint(jax.random.key(9), (48, 4), 0, 2).astype(jnp.uint8)}
    draws = sample(jax.random.key(2), kernel, first, num_warmup=200, num_samples=800)
    means = np.asarray(draws.values["c"], np.float64).mean(axis=1)
    assert_mean(means, np.array([0.268941, 0.731059, 0.425557, 0.0]))


def test_differences_are_exact_also_of_spins() -> None:
    graph = ising([[0, 1], [1, 2], [0, 2]], [1e8 + 0.25, -1e8, 0.5], [0.3, 0.0, -0.2])
    compared = comparison(graph)
    states = {"s": jnp.array([[1, 1, 1], [1, 1, -1], [-1, -1, -1], [-1, 1, 1]], jnp.int8)}
    found = compared.of(states)
    energies = np.array([-exact_log_weight(graph, row) for row in np.asarray(states["s"])])
    for i in range(4):
        for j in range(4):
            pair = [jax.tree.map(lambda leaf, at=at: leaf[at], found) for at in (i, j)]
            assert float(compared.less(*pair)) == pytest.approx(energies[i] - energies[j], rel=1e-6, abs=1e-6)


def exact_log_weight(graph: FactorGraph, spins: np.ndarray) -> float:
    total = 0.0
    for factor in graph.factors:
        assert isinstance(factor, Factor)
        total += float((np.asarray(factor.weights) * spins[factor.scope.variables].prod(axis=1)).sum())
    return total


def test_limbs_add_up_without_rounding() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.choice([1e12, -1e12, 3e7, 0.0], 200) + rng.normal(size=200)
    by = splitting(float(np.abs(numbers).max()), len(numbers), 24)
    limbs = limbs_of(numbers, by)
    assert all(np.abs(limb).max() <= 2**by.bits for limb in limbs)
    sums = stacked([jax.jit(jnp.sum)(jnp.asarray(limb)) for limb in limbs])
    whole = (
        sum(int(limb.astype(np.int64).sum()) << (by.bits * at) for at, limb in enumerate(limbs)) * by.quantum
    )
    assert whole == pytest.approx(numbers.sum(), rel=1e-12)
    assert float(value(sums, by.quantum, by.bits)) == pytest.approx(whole, rel=1e-6)
    tiny = stacked([jnp.asarray(limb[:1] - limb[:1]) for limb in limbs]).at[0].add(-1)
    assert float(value(tiny, by.quantum, by.bits)[0]) == -by.quantum
