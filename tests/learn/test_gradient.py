"""The gradient of KL on factor graphs against autodiff of the exact one, and its errors against the truth."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import boltzmann_machine, restricted_boltzmann
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical, spin
from isotherm.exact.exact import all_states
from isotherm.learn.gradient import KLGradient, exact_kl_gradient, kl_gradient, sampled_kl_gradient
from isotherm.learn.observations import Observations
from isotherm.sample.schedule import Schedule

BETA = 0.8
ENOUGH = Schedule(num_warmup=300, num_samples=100, thin=1)
"""These models forget their start in some 50 sweeps; 30 were found out by 8 standard errors."""


def all_of(graph: FactorGraph) -> dict[str, np.ndarray]:
    """Every state of a small discrete graph."""
    values = [group.values() for _, group in graph.groups for _ in range(group.size)]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*values, indexing="ij")], axis=1)
    starts = graph.offsets()
    return {
        name: grid[:, starts[name] : starts[name] + group.size].astype(group.dtype)
        for name, group in graph.groups
    }


def exact_kl(
    graph: FactorGraph, data: Observations, condition: tuple[str, ...]
) -> Callable[[tuple], jax.Array]:
    """KL(data‖model) up to a constant, by summing over all states, as a function of the parameters."""
    states = all_of(graph)

    def agreeing(names: Sequence[str]) -> np.ndarray:
        """Which states agree with what was seen of some groups, ``(rows, states)``."""
        found = np.ones((data.num_rows, len(next(iter(states.values())))), bool)
        for name in names:
            values, seen = np.asarray(data.values[name])[:, None], np.asarray(data.seen[name])[:, None]
            found &= ((states[name][None] == values) | ~seen).all(axis=2)
        return found

    clamped, free = agreeing(list(graph.variables)), agreeing(condition)

    def loss(parameters: tuple) -> jax.Array:
        log_weights = -BETA * jax.vmap(graph.with_parameters(parameters).energy)(states)
        plus, minus = (
            jax.nn.logsumexp(jnp.where(mask, log_weights[None], -jnp.inf), axis=1) for mask in (clamped, free)
        )
        return (minus - plus).mean()

    return loss


def autodiff(graph: FactorGraph, data: Observations, condition: tuple[str, ...] = ()) -> list[np.ndarray]:
    with jax.enable_x64(True):
        loss = exact_kl(graph, data, condition)
        return [
            np.asarray(leaf) for leaf in jax.jit(jax.grad(loss))(jax.tree.map(jnp.asarray, graph.parameters))
        ]


def assert_within_errors(found: KLGradient, expected: list[np.ndarray], num_batches: int) -> None:
    """Student's t of every component, at a false alarm of 1e-4 in all."""
    components = sum(leaf.size for leaf in expected)
    bound = stats.t.ppf(1 - 1e-4 / (2 * components), df=num_batches - 1)
    for value, error, true in zip(found.value, found.error, expected, strict=True):
        difference = np.abs(np.asarray(value) - true)
        assert (difference <= bound * np.asarray(error) + 1e-6).all()


def four_spin_chain() -> tuple[FactorGraph, Observations]:
    """A chain of four spins whose inner two are latent; five rows of data, each 80 times."""
    rng = np.random.default_rng(0)
    graph = ising([[0, 1], [1, 2], [2, 3]], rng.normal(size=3), rng.normal(size=4))
    values = np.zeros((400, 4), np.int8)
    values[:, [0, 3]] = np.tile([[1, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]], (80, 1))
    return graph, Observations.of(graph, values)


def test_a_chain_with_two_latents_is_within_one_percent_as_in_the_reference() -> None:
    graph, data = four_spin_chain()
    found = sampled_kl_gradient(
        jax.random.key(0),
        graph,
        data,
        BETA,
        positive=ENOUGH,
        negative=ENOUGH,
        num_chains=800,
    )
    expected = autodiff(graph, data)
    largest = max(np.abs(leaf).max() for leaf in expected)
    worst = max(np.abs(np.asarray(v) - e).max() for v, e in zip(found.value, expected, strict=True))
    assert worst < 0.01 * largest
    assert_within_errors(found, expected, 8)


def test_a_wrong_temperature_is_found_out() -> None:
    graph, data = four_spin_chain()
    found = sampled_kl_gradient(
        jax.random.key(0),
        graph,
        data,
        1.05 * BETA,
        positive=ENOUGH,
        negative=ENOUGH,
        num_chains=800,
    )
    with pytest.raises(AssertionError):
        assert_within_errors(found, autodiff(graph, data), 8)


def deep() -> tuple[FactorGraph, Observations]:
    """Three visible and three hidden spins, all joined: latents that interact."""
    rng = np.random.default_rng(1)
    graph = boltzmann_machine(3, 3, couplings=0.5 * rng.normal(size=15), biases=0.5 * rng.normal(size=6))
    return graph, Observations.of(graph, {"visible": rng.choice([-1, 1], (6, 3))})


def restricted() -> tuple[FactorGraph, Observations]:
    """Latents that are summed in closed form."""
    rng = np.random.default_rng(2)
    graph = restricted_boltzmann(4, 3, rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3))
    return graph, Observations.of(graph, {"visible": rng.choice([-1, 1], (6, 4))})


def with_holes() -> tuple[FactorGraph, Observations]:
    """Spins and categories with entries missing here and there, and a latent."""
    rng = np.random.default_rng(3)
    graph = FactorGraph.of(
        {"s": spin(3), "c": categorical(2, 3)},
        [
            Factor.of(("s", "s"), [[0, 1], [1, 2]], rng.normal(size=2)),
            Factor.of(("s", "c"), [[0, 0], [1, 1], [2, 1]], rng.normal(size=(3, 3))),
            Factor.of(("c", "c"), [[0, 1]], rng.normal(size=(1, 3, 3))),
        ],
    )
    values = {"s": rng.choice([-1, 1], (6, 3)), "c": rng.integers(0, 3, (6, 2))}
    values["s"][:, 2] = 0
    values["s"][2, 0] = 0
    seen = np.ones((6, 2), bool)
    seen[[0, 3], 0] = False
    return graph, Observations.of(graph, values, {"c": seen})


@pytest.mark.parametrize("case", [four_spin_chain, deep, restricted, with_holes])
def test_exact_gradient_is_that_of_kl(case: Callable[[], tuple[FactorGraph, Observations]]) -> None:
    graph, data = case()
    found = exact_kl_gradient(graph, data, BETA)
    for value, expected in zip(found.value, autodiff(graph, data), strict=True):
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("case", [deep, restricted, with_holes])
def test_sampled_gradient_is_within_its_errors(case: Callable[[], tuple[FactorGraph, Observations]]) -> None:
    graph, data = case()
    found = sampled_kl_gradient(
        jax.random.key(1),
        graph,
        data,
        BETA,
        positive=ENOUGH,
        negative=ENOUGH,
        num_chains=100,
        num_batches=16,
    )
    assert_within_errors(found, autodiff(graph, data), 16)


@pytest.mark.parametrize("is_exact", [True, False])
def test_a_condition_is_held_in_both_phases(is_exact: bool) -> None:
    rng = np.random.default_rng(4)
    graph = FactorGraph.of(
        {"given": spin(2), "s": spin(3)},
        [
            Factor.of(("given", "s"), [[0, 0], [1, 1], [1, 2]], rng.normal(size=3)),
            Factor.of(("s", "s"), [[0, 1], [1, 2]], rng.normal(size=2)),
            Factor.of("given", [0, 1], rng.normal(size=2)),
        ],
    )
    rows = {"given": rng.choice([-1, 1], (6, 2)), "s": rng.choice([-1, 1], (6, 3))}
    data = Observations.of(graph, rows)
    expected = autodiff(graph, data, ("given",))
    assert np.abs(expected[2]).max() < 1e-12
    if is_exact:
        found = exact_kl_gradient(graph, data, BETA, condition=("given",))
        for value, wanted in zip(found.value, expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-10)
    else:
        found = sampled_kl_gradient(
            jax.random.key(2), graph, data, BETA, negative=ENOUGH, condition=("given",), num_batches=40
        )
        assert_within_errors(found, expected, 40)


def test_the_gradient_vanishes_at_the_truth() -> None:
    graph = ising([[0, 1], [1, 2]], [0.5, -0.3], [0.1, 0.2, 0.0])
    states = all_states(3)
    weights = np.asarray(jax.vmap(graph.energy)({"s": states}), np.float64)
    p = np.exp(-BETA * weights - np.logaddexp.reduce(-BETA * weights))
    counts = np.round(1e4 * p).astype(int)
    data = Observations.of(graph, np.repeat(states, counts, axis=0))
    for leaf in exact_kl_gradient(graph, data, BETA).value:
        np.testing.assert_allclose(leaf, 0, atol=2e-4)


def test_claimed_errors_are_the_scatter_of_estimates() -> None:
    graph, data = restricted()
    few = Schedule(10, 5, 1)
    values, errors = [], []
    for seed in range(60):
        found = sampled_kl_gradient(
            jax.random.key(seed), graph, data, BETA, negative=few, num_chains=8, num_batches=8
        )
        values.append(np.concatenate(found.value))
        errors.append(np.concatenate(found.error))
    claimed = np.sqrt((np.array(errors) ** 2).mean(axis=0))
    np.testing.assert_allclose(claimed / np.std(values, axis=0), 1, atol=0.35)


def test_refusals_name_what_is_wrong() -> None:
    graph, data = restricted()
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="num_batches = 1: should be at least 2"):
        sampled_kl_gradient(key, graph, data, num_batches=1)
    with pytest.raises(ValueError, match="condition = 'hidden': must be seen in every row"):
        sampled_kl_gradient(key, graph, data, condition=("hidden",))
    with pytest.raises(ValueError, match="condition = 'nobody': unknown; the graph has visible, hidden"):
        exact_kl_gradient(graph, data, condition=("nobody",))


def test_the_gradient_is_minus_beta_times_the_difference_of_moments() -> None:
    plus, minus = {"a": np.array([0.5, -1.0])}, {"a": np.array([0.25, 0.5])}
    np.testing.assert_allclose(kl_gradient(plus, minus)["a"], [-0.25, 1.5])
    np.testing.assert_allclose(kl_gradient(plus, minus, 2.0)["a"], [-0.5, 3.0])
    with pytest.raises(ValueError, match=r"positive, negative = .*: must hold arrays of the same shapes"):
        kl_gradient(plus, {"a": np.zeros(3)})
