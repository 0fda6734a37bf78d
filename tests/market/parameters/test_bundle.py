"""The record of a deployed pool: whole, in JSON, and found out when it was changed."""

import json

import numpy as np
import pytest

from isotherm.market.parameters.bundle import check_bundle, export_onchain
from isotherm.market.parameters.chain import convert_parameter_values, rebuilt
from isotherm.market.parameters.deployed import deploy_weights
from isotherm.market.parameters.fingerprint import Fingerprint

RUN = Fingerprint(
    tokens=["A", "B"], rule="bounded__momentum", chunk_period=60, weight_interpolation_period=60
)
PARAMS = {
    "log_k": np.array([[1.0, 2.0], [3.0, 4.0]]), "logit_lamb": np.zeros((2, 2)), "raw_min_budget": np.zeros(2),
    "raw_min_logits": np.zeros((2, 2)), "raw_gap_logits": np.zeros((2, 2)), "other": np.ones((2, 2)),
}  # fmt: skip
STATE = {"ewma": [30000.0, 1.0], "running_a": [0.5, -0.25]}


def test_bundle_holds_all_and_survives_json() -> None:
    deployed = deploy_weights([0.4, 0.6], [1e-4, -1e-4], 1_700_000_000, 60)
    bundle = export_onchain(PARAMS, RUN, 1, STATE, deployed)
    back = json.loads(json.dumps(bundle))
    check_bundle(back)
    assert back == bundle
    assert bundle["run_location"] == RUN.run_location()
    assert (bundle["rule"], bundle["tokens"]) == ("bounded__momentum", ["A", "B"])
    assert bundle["weights"]["lastUpdateTime"] == "1700000000"
    expected = convert_parameter_values(PARAMS, RUN, None, 1, [0.4, 0.6], STATE)
    assert bundle["parameters"] == expected
    values = rebuilt(bundle["parameters"]["strings"])
    assert values["min_weights"].tolist() == [0.25, 0.25]
    assert values["max_weights"].tolist() == [0.625, 0.625]
    assert values["final_weights"].tolist() == [0.4, 0.6]
    assert "other" not in values
    without = export_onchain(PARAMS, RUN, 0)
    assert without["weights"] is None
    assert "final_weights" not in without["parameters"]["values"]
    assert without["digest"] != bundle["digest"]


def test_a_bundle_that_was_changed_is_refused() -> None:
    bundle = export_onchain(PARAMS, RUN, 1)
    bundle["parameters"]["strings"]["k"][0] = "1"
    with pytest.raises(ValueError, match=r"^digest = .*is not that of what is exported"):
        check_bundle(bundle)
    with pytest.raises(ValueError, match=r"^digest = None"):
        check_bundle({})
    with pytest.raises(ValueError, match=r"^final_weights\.shape = \(3,\): must be \(2,\)"):
        export_onchain(PARAMS, RUN, 1, None, deploy_weights([0.2, 0.3, 0.5], [0.0] * 3, 0, 1))
