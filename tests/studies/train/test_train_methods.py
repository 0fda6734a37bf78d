"""The study of a training by other ways than a gradient: in links, the same as by the library at once."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.studies.train.test_train_study import config_of, linked, prices

from isotherm.market.train.loop import train
from isotherm.studies.market.pool_run import fingerprint_of, table_of
from isotherm.studies.train import runs
from isotherm.studies.train.results import combined

__all__ = ["prices"]

OWN = {
    "bfgs_settings": {"maxiter": 4, "n_evaluation_points": 2},
    "cma_es_settings": {"n_generations": 5, "population_size": 4, "n_evaluation_points": 2},
    "optuna_settings": {"n_trials": 5, "n_jobs": 2, "n_startup_trials": 2},
}


@pytest.mark.parametrize("method", ["bfgs", "cma_es", "optuna"])
def test_links_of_a_study_lead_where_one_training_does(method: str, prices: Path, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"optimisation_settings": OWN}))
    config = config_of(prices, method=method, fingerprint_file=str(file))
    settings = fingerprint_of(config)
    links = linked(config)
    assert len(links) == {"bfgs": 3, "cma_es": 3, "optuna": 2}[method]
    chosen = runs.outcome(config, links[-1])
    found = train(settings, table_of(config, ["AAA", "BBB"]))
    for name, value in found.params.items():
        np.testing.assert_array_equal(chosen[f"params/{name}"], value)
    results = {f"link-{i}": link for i, link in enumerate(links)} | {"chosen": chosen}
    told = combined(config, settings.with_defaults(), results)
    steps = [record["objective"] for record in found.records[1:]]
    np.testing.assert_array_equal(told.arrays["objective"], steps)
    assert told.metrics["asked"] == {"bfgs": 5, "cma_es": 5, "optuna": 3}[method]
    assert told.metrics["training"]["method"] == method
