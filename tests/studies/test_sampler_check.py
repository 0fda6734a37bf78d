import json
from typing import Any

import numpy as np
import pytest

from isotherm.energy.expand import all_values
from isotherm.sample.flat import cardinalities
from isotherm.studies.samplers.config import APPLIES, MODELS, SamplerCheckConfig
from isotherm.studies.samplers.study import SamplerCheck
from isotherm.studies.samplers.trials import GRAPHS, exact_energies, features

SMALL = SamplerCheckConfig(
    models=("plus-minus",),
    samplers=("gibbs",),
    betas=(0.6,),
    num_chains=64,
    num_warmup=50,
    num_samples=200,
    thin=1,
)


def found_by(config: SamplerCheckConfig) -> dict[str, dict[str, np.ndarray]]:
    study = SamplerCheck()
    return {task.name: study.compute(config, task) for task in study.tasks(config)}


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, np.ndarray]]:
    return found_by(SMALL)


def cells_of(config: SamplerCheckConfig, results: dict[str, dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    return SamplerCheck().combine(config, results).metrics["cells"]


def test_a_true_sampler_stays_within_its_bound_and_mixes(results: dict[str, dict[str, np.ndarray]]) -> None:
    (cell,) = cells_of(SMALL, results)
    assert cell["worst_z"] < cell["bound"]
    assert cell["num_moments"] == 12 + 66
    assert cell["rhat"] < 1.05
    assert 0 < cell["ess_per_step"] <= 1.5
    assert "All 1 combinations" in SamplerCheck().conclusions(SMALL, {"cells": [cell]})[0]


def test_a_wrong_temperature_is_caught(
    results: dict[str, dict[str, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from isotherm.studies.samplers import trials as sampler_trials

    kernels = dict(sampler_trials.KERNELS, gibbs=lambda graph, beta: sampler_trials.gibbs(graph, 1.15 * beta))
    monkeypatch.setattr(sampler_trials, "KERNELS", kernels)
    cells = cells_of(SMALL, found_by(SMALL))
    assert cells[0]["worst_z"] > cells[0]["bound"]
    (said, _) = SamplerCheck().conclusions(SMALL, {"cells": cells})
    assert "disagree" in said


def test_moments_of_the_grid_are_those_of_a_sum_over_states() -> None:
    graph = GRAPHS["mixed"]()
    states = all_values(cardinalities(graph).tolist()).astype(np.uint8)
    assert states.shape == (2**4 * 3**3 * 4, 8)
    row = 1234
    spins = {"s": 2.0 * states[row, :4] - 1, "c": states[row, 4:7], "d": states[row, 7:]}
    by_hand = 0.0
    for factor in graph.factors:
        weights = np.asarray(factor.parameters)
        for b, scope in enumerate(factor.scope.variables):
            entry, product = weights[b if len(weights) > 1 else 0], 1.0
            for name, index in zip(factor.scope.groups, scope, strict=True):
                if name == "s":
                    product *= spins["s"][index]
                else:
                    entry = entry[spins[name][index]]
            by_hand -= product * entry
    assert exact_energies(graph, states)[row] == pytest.approx(by_hand, rel=1e-12)
    columns = features(graph, states)
    singles = 4 + 3 * 2 + 3
    same_variable = 3 * 1 + 3
    assert columns.shape[1] == singles + singles * (singles - 1) // 2 - same_variable


def test_every_model_has_its_samplers_and_can_be_shown(results: dict[str, dict[str, np.ndarray]]) -> None:
    assert set(APPLIES) == set(MODELS) == set(GRAPHS)
    study = SamplerCheck()
    found = study.combine(SMALL, results)
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    worst, mixing = study.tables(SMALL, metrics)
    assert worst.rows[0][-1] == "yes"
    assert len(mixing.rows) == 1
    assert [figure.name for figure in study.figures(SMALL, metrics, found.arrays)] == ["z-scores", "mixing"]


def test_a_grid_without_work_is_refused() -> None:
    config = SamplerCheckConfig(models=("mixed",), samplers=("wolff",))
    with pytest.raises(ValueError, match="none of them applies"):
        SamplerCheck().check(config)
