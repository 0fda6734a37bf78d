"""What the grid-world study computes, on a small scale."""

import equinox as eqx
import jax
import numpy as np
import pytest
from tests.golden.cases import golden_cases

from isotherm.learn.counts.dirichlet import dirichlet_kl
from isotherm.studies.gridworld import runs
from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.scenarios import SCENARIOS, TRUTH_COUNTS, TRUTH_LEAST, truth_of


@pytest.fixture(scope="module")
def small() -> tuple[GridworldConfig, dict[str, np.ndarray]]:
    config = GridworldConfig(
        scenarios=(3,), alphas=(0.0, 30.0), num_agents=3, num_blocks=2, num_steps=6, policy_len=2
    )
    return config, runs.compute(config, 3)


def test_the_first_block_is_the_same_for_every_alpha(small) -> None:
    _, found = small
    np.testing.assert_array_equal(found["action"][0, :, 0], found["action"][1, :, 0])
    np.testing.assert_array_equal(found["kl"][0, :, 0], found["kl"][1, :, 0])
    assert (found["action"][0, :, 1] != found["action"][1, :, 1]).any()
    np.testing.assert_allclose(found["entropy"][:, :, 0], np.log(16), rtol=1e-5)
    assert (found["cell"][:, :, :, 0] == 24).all()


def test_visits_are_distinct_cells(small) -> None:
    _, found = small
    distinct = np.array(
        [[[len(set(block)) for block in agent] for agent in alpha] for alpha in found["cell"]]
    )
    np.testing.assert_array_equal(found["visited"], distinct)


def test_a_replay_of_an_agents_own_actions_learns_the_same(small) -> None:
    config, found = small
    again = runs.replay(config, 3, found["action"][1, 2])
    np.testing.assert_array_equal(again.cell, found["cell"][1, 2])
    law = np.asarray(again.counts[-1] / again.counts[-1].sum(axis=0, keepdims=True))
    np.testing.assert_allclose(law, found["learned"][1, 2], rtol=1e-4, atol=1e-7)
    away = [float(runs.divergence("A")(counts)) for counts in again.counts]
    np.testing.assert_allclose(away, found["kl"][1, 2], rtol=1e-5)


def test_the_divergence_is_that_of_dirichlet_laws() -> None:
    """In float32 too, whose error the constant of the truth would have swamped."""
    rng = np.random.default_rng(0)
    for learned in ("A", "B"):
        truth = TRUTH_COUNTS * truth_of(learned) + TRUTH_LEAST
        counts = rng.gamma(0.5, size=truth.shape) + 1 / 49
        with jax.enable_x64(True):
            wanted = float(dirichlet_kl(jax.numpy.asarray(counts), jax.numpy.asarray(truth)).sum()) / 49
        found = float(runs.divergence(learned)(jax.numpy.asarray(counts, jax.numpy.float32)))
        assert found == pytest.approx(wanted, rel=2e-6)


def test_the_films_blocks_begin_with_what_was_learned_before(small) -> None:
    config, found = small
    film = runs.filmed(config, 3, found)
    assert film["film_block"].tolist() == [0, 1]
    np.testing.assert_allclose(film["film_law"][0], 1 / 49, rtol=1e-5)
    assert np.ptp(film["film_law"][1]) > 0.05
    np.testing.assert_allclose(film["film_belief"].sum(axis=-1), 1.0, rtol=1e-4)


def test_one_compilation_a_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    """All alphas, agents and blocks are one program; other alphas are the same one."""
    config = GridworldConfig(
        scenarios=(2,), alphas=(0.0, 2.0), num_agents=2, num_blocks=3, num_steps=4, policy_len=1
    )
    whole = runs.every_alpha.__wrapped__

    def counted(*given):
        once = eqx.filter_jit(eqx.debug.assert_max_traces(whole, max_traces=1))
        keys, agent, alphas, *rest = given
        once(keys, agent, alphas + 0.5, *rest)
        return once(*given)

    monkeypatch.setattr(runs, "every_alpha", counted)
    assert runs.compute(config, 2)["kl"].shape == (2, 2, 3)


def test_replays_of_the_package_are_the_golden_ones() -> None:
    from isotherm.studies.gridworld.published import replays

    cases = {
        g.case["inputs"]["scenario"]: g.case
        for g in golden_cases("active_inference")
        if g.case["op"] == "gridworld_replay"
    }
    assert set(cases) == set(SCENARIOS)
    for scenario, case in cases.items():
        assert replays(scenario)["actions"] == case["inputs"]["actions"]
        assert replays(scenario)["kl_A"] == case["outputs"]["kl_A"]
