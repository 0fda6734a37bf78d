import jax
import numpy as np
import pytest
from tests.support.small_graphs import law, mixed
from tests.support.stats import assert_mean

from isotherm.energy.factor import AbstractFactor, Factor, Scope, scope_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, real, spin
from isotherm.sample.clamp import Clamp
from isotherm.sample.temperatures import softening
from isotherm.sample.temperatures.ais import ais, log_z, respaced, reverse_ais

CHAINS = 3000


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_mean_weights_are_ratios_of_z(beta: float) -> None:
    graph = mixed(0)
    exact = law(graph).log_z(beta)
    found = ais(jax.random.key(0), graph, beta, steps=33, num_chains=CHAINS)
    weights = np.exp(found.log_weights - exact)[:, None]
    assert_mean(weights, np.ones(1))
    with pytest.raises(AssertionError):
        assert_mean(weights * 1.1, np.ones(1))
    assert abs(found.value - exact) < 4 * found.error
    assert found.error == pytest.approx(weights.std(ddof=1) / weights.mean() / np.sqrt(CHAINS), rel=1e-4)
    assert found.bound < exact
    assert 1 < found.ess < CHAINS


def test_forward_and_reverse_enclose_log_z() -> None:
    graph, beta = mixed(0), 2.0
    exact = law(graph)
    forward = ais(jax.random.key(0), graph, beta, steps=9, num_chains=CHAINS)
    back = reverse_ais(jax.random.key(1), graph, exact.draws(0, beta, CHAINS), beta, steps=9)
    assert forward.bound < exact.log_z(beta) < back.bound
    assert_mean(np.exp(exact.log_z(beta) - back.log_weights)[:, None], np.ones(1))
    assert back.value - exact.log_z(beta) == pytest.approx(0, abs=4 * back.error)


@pytest.mark.slow
def test_evidence_leaves_the_states_that_agree() -> None:
    graph = mixed(1)
    values = {"s": np.array([1, -1, 1], np.int8), "c": np.array([2, 0], np.uint8)}
    clamp = {
        "s": Clamp(np.array([False, True, False]), values["s"]),
        "c": Clamp(np.array([True, False]), values["c"]),
    }
    exact = law(graph)
    agrees = (exact.states["s"][:, 1] == -1) & (exact.states["c"][:, 0] == 2)
    expected = np.logaddexp.reduce(-exact.energies[agrees])
    found = ais(jax.random.key(0), graph, 1.0, clamp, steps=33, num_chains=CHAINS)
    assert_mean(np.exp(found.log_weights - expected)[:, None], np.ones(1))
    assert np.all(np.asarray(found.positions["s"])[:, 1] == -1)


def test_a_wanted_error_is_reached() -> None:
    graph = mixed(2)
    exact = law(graph).log_z(3.0)
    found = log_z(jax.random.key(0), graph, 3.0, error=0.01, num_chains=512)
    assert found.error <= 0.01
    assert abs(found.value - exact) < 4 * found.error
    assert found.steps[0] == 0
    assert found.steps[-1] == 1
    assert f"± {found.error:.2g}" in str(found)


def test_forbidden_states_weigh_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softening, "PENALTY", 1.0)  # so low that chains end there
    table = np.where(np.eye(3), -np.inf, 0.5)[None]
    graph = FactorGraph.of(
        {"c": categorical(3, 3)}, [Factor.of(("c", "c"), [[0, 1], [1, 2]], table, name="unequal")]
    )
    exact = law(graph)
    found = ais(jax.random.key(0), graph, steps=5, num_chains=CHAINS)
    energies = exact.energies[exact.index({"c": np.asarray(found.positions["c"])})]
    np.testing.assert_array_equal(np.isneginf(found.log_weights), np.isposinf(energies))
    assert 100 < np.isneginf(found.log_weights).sum() < CHAINS - 100
    assert_mean(np.exp(found.log_weights - exact.log_z(1.0))[:, None], np.ones(1))
    assert found.floor == pytest.approx(exact.log_z(1.0), abs=1e-9)  # all 12 states were met


class Equal(AbstractFactor):
    scope: Scope
    reward: np.ndarray
    name: str = "equal"

    @property
    def parameters(self) -> np.ndarray:
        return self.reward

    def energy_of(self, parameters: jax.Array, *values: jax.Array) -> jax.Array:
        return -parameters * (values[0] == values[1]).astype(parameters.dtype)


def test_other_factors_are_refused_where_they_join_several() -> None:
    factor = Equal(scope_of(("s", "s"), [[0, 1]], "equal"), np.ones(1))
    with pytest.raises(ValueError, match="equal = 'Equal': should be a `Factor`"):
        ais(jax.random.key(0), FactorGraph.of({"s": spin(2)}, [factor]))


def test_steps_gather_where_energy_varies() -> None:
    steps = np.linspace(0, 1, 5)
    found = respaced(steps, np.array([3.0, 1.0, 1.0, 1.0]), 7)
    densities = np.array([0, 19, 7, 7, 7]) / 6  # 3, 1, 1, 1, and a tenth of the length spread evenly
    np.testing.assert_allclose(found, np.interp(np.linspace(0, 20 / 3, 7), densities.cumsum(), steps))
    np.testing.assert_allclose(respaced(steps, np.zeros(4), 5), steps)


def test_bad_arguments_are_refused() -> None:
    graph = mixed(0)
    with pytest.raises(ValueError, match="num_chains = 1"):
        ais(jax.random.key(0), graph, num_chains=1)
    with pytest.raises(ValueError, match=r"steps = '0\.0 \.\. 0\.5': should increase from 0 to 1"):
        ais(jax.random.key(0), graph, steps=np.array([0.0, 0.5]))
    with pytest.raises(ValueError, match=r"error = -1\.0"):
        log_z(jax.random.key(0), graph, error=-1.0)
    with pytest.raises(ValueError, match="x = 'real'"):
        ais(jax.random.key(0), FactorGraph.of({"x": real(1)}, [Factor.of("x", [0], [1.0])]))
