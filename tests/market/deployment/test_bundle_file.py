"""A bundle in a file: whole or absent, exact to 1e-15, and refused in one line when it was changed or torn."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.market.deployment.deployed_cases import GRADIENT, PARAMS, START, TOKENS, calm, settings_of

from isotherm.market.deployment.bundle import (
    bundle_of,
    digest_of,
    is_bundle_file,
    parse_bundle,
    read_bundle,
    state_of,
    write_bundle,
)
from isotherm.market.deployment.state import DeployedState
from isotherm.market.parameters.chain import convert_parameter_values, rebuilt
from isotherm.market.parameters.fingerprint import Fingerprint

RUN = settings_of("momentum", 60, weight_interpolation_period=30, cap_weights=0.75, max_memory_days=50.0)
ARRAYS = {
    "price": np.array([30000.0, 2000.0, 0.5]),
    "deviation": np.array([12.5, -1 / 3, 1e-3]),
    "alt_deviation": np.array([12.5, -1 / 3, 1e-3]),
    "running_a": np.array([-700.25, 3.1, 0.0017]),
}
STATE = DeployedState(
    ARRAYS, START + np.array([0.03, -0.03, 0]), START, np.array([1e-3, -1e-3, 0]), 1_700_000_000
)


@pytest.fixture
def bundle() -> dict[str, Any]:
    return bundle_of(GRADIENT, RUN, state=STATE, memory_days=20.0, prices={"AAA_USD.csv": "ab" * 32})


def test_a_bundle_holds_all_that_a_deployment_needs(bundle) -> None:
    assert list(bundle) == [
        "form", "version", "run_location", "rule", "tokens", "fingerprint", "raw", "parameters", "guardrails",
        "state", "weights", "prices", "sha256",
    ]  # fmt: skip
    assert bundle["tokens"] == TOKENS
    assert bundle["run_location"] == RUN.run_location()
    assert Fingerprint(**bundle["fingerprint"]) == RUN.with_defaults()
    assert bundle["raw"] == {key: list(value) for key, value in GRADIENT.items()}
    assert bundle["prices"] == {"AAA_USD.csv": "ab" * 32}
    expected = convert_parameter_values(GRADIENT, RUN, 20.0)["values"]
    names = {part: set(bundle[part]["values"]) for part in ("parameters", "guardrails", "state", "weights")}
    assert names["parameters"] == {"lamb", "memory_days", "k"}
    assert names["guardrails"] == {
        "minimum_weight", "maximum_change", "chunk_period", "weight_interpolation_period", "cap_weights",
        "max_memory_days",
    }  # fmt: skip
    assert names["state"] == {*ARRAYS, "ewma", "alt_ewma", "final_weights"}
    for key in expected:
        part = "parameters" if key in names["parameters"] else "guardrails"
        assert bundle[part]["values"][key] == expected[key]
    assert bundle["guardrails"]["values"]["cap_weights"] == [0.75]
    assert bundle["guardrails"]["values"]["max_memory_days"] == [20.0]
    assert bundle["guardrails"]["kind"] == "clip"
    assert bundle["weights"]["packed"]["lastUpdateTime"] == "1700000000"
    assert bundle["weights"]["packed"]["lastInteropTime"] == str(1_700_000_000 + 30 * 60)
    assert bundle["weights"]["packed"]["firstFourWeightsAndMultipliers"][0] == "500000000000000000"
    assert bundle["state"]["values"]["final_weights"] == STATE.weights.tolist()


def test_bounds_of_tokens_are_guardrails() -> None:
    bounds = {"raw_min_budget": [0.0], "raw_min_logits": [0.0] * 3, "raw_gap_logits": [0.0] * 3}
    held = bundle_of(GRADIENT | bounds, settings_of("bounded__momentum", 60))
    assert held["guardrails"]["values"]["min_weights"] == pytest.approx([1 / 6] * 3)
    assert held["guardrails"]["values"]["max_weights"] == pytest.approx([7 / 12] * 3)
    assert not {"min_weights", "max_weights"} & set(held["parameters"]["values"])


@pytest.mark.parametrize("rule", sorted(PARAMS))
def test_strings_give_the_numbers_back(rule: str) -> None:
    """To 1e-15 of each of 0.0005 and more, to half a unit of 1e-18 of all."""
    bundle = bundle_of(PARAMS[rule], settings_of(rule, 60), state=STATE)
    for part in ("parameters", "guardrails", "state", "weights"):
        back = rebuilt(bundle[part]["strings"])
        assert back.keys() == bundle[part]["values"].keys()
        for name, array in back.items():
            exact = np.asarray(bundle[part]["values"][name])
            np.testing.assert_allclose(array, exact, rtol=1e-15, atol=6e-19)


def test_a_bundle_survives_its_file(bundle, tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "pool.json", bundle)
    assert read_bundle(path) == bundle
    assert [one.name for one in path.parent.iterdir()] == ["pool.json"]
    assert is_bundle_file(path)
    back = state_of(read_bundle(path))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(back.rule, name), ARRAYS[name])
    np.testing.assert_array_equal(back.weights, STATE.weights)
    path.write_text(json.dumps(bundle))
    assert is_bundle_file(path)
    assert read_bundle(path) == bundle


def test_nothing_is_overwritten_unasked(bundle, tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"^to = '.*pool.json': is there already; --force overwrites it"):
        write_bundle(path, bundle)
    assert path.read_text() == "mine"
    assert write_bundle(path, bundle, is_replacing=True) == path
    with pytest.raises(ValueError, match=r"^to = .*: is a folder"):
        write_bundle(tmp_path, bundle, is_replacing=True)
    assert read_bundle(path) == bundle


@pytest.mark.parametrize(
    "path",
    [("parameters", "strings", "k", 0), ("state", "values", "ewma", 2), ("weights", "start_s"), ("rule",)],
)
def test_what_was_changed_is_found_out(bundle, tmp_path: Path, path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(bundle)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "1" if isinstance(inner[path[-1]], str) else inner[path[-1]] + 1
    with pytest.raises(
        ValueError, match=r"^sha256 = '[0-9a-f]{64}': is not that of what is written, [0-9a-f]{64}$"
    ):
        write_bundle(tmp_path / "pool.json", changed)
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(changed, indent=2))
    with pytest.raises(
        ValueError, match=r"^bundle = '.*changed.json': sha256 = .*is not that of what is written"
    ):
        read_bundle(file)
    assert parse_bundle(file) == changed
    assert digest_of(changed) != changed["sha256"]


def test_files_that_are_no_bundles_are_refused_in_one_line(bundle, tmp_path: Path) -> None:
    whole = json.dumps(bundle, indent=2)
    lacking = {key: value for key, value in bundle.items() if key != "guardrails"}
    halved = {**bundle, "state": {"values": {}}}
    cases = {
        whole[: len(whole) // 2]: "is damaged: it ends or breaks within its JSON",
        "": "is damaged",
        "[1]": "is no bundle of a deployable pool",
        json.dumps({"rule": "momentum"}): "is no bundle of a deployable pool",
        json.dumps({**bundle, "version": 2}): "is a bundle of version 2; this is read: 1",
        json.dumps(lacking): "lacks its guardrails, or has another kind of it",
        json.dumps({**bundle, "tokens": "AAA"}): "lacks its tokens, or has another kind of it",
        json.dumps(halved): "lacks values or strings of its state",
    }
    path = tmp_path / "some.json"
    for text, line in cases.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=rf"^bundle = '.*some\.json': {line}") as caught:
            read_bundle(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^bundle = '.*none': cannot be read: No such file"):
        read_bundle(tmp_path / "none")


def test_result_files_are_no_bundles(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    for text in ('{"rule": "momentum"}\n{"step": 0}\n', '"[{}]"', "[{}]", '{"rule": 1}', "{", ""):
        path.write_text(text)
        assert not is_bundle_file(path)
    assert not is_bundle_file(tmp_path / "none")
    assert not is_bundle_file(tmp_path)
    path.write_text("{\n 5")
    assert is_bundle_file(path)


def test_what_a_contract_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^k\[1\] = .*: must be below 2\*\*255 / 1e18"):
        bundle_of({"absolute_k": [1.0, 1e60, 1.0], "logit_lamb": [0.0] * 3}, RUN)
    with pytest.raises(ValueError, match=r"^k\.shape = \(2, 3\): holds several parameter sets"):
        bundle_of({"k": np.ones((2, 3)), "logit_lamb": np.zeros((2, 3))}, RUN)
    two = {"k": np.array([[1.0] * 3, [2.0] * 3]), "logit_lamb": np.zeros((2, 3))}
    assert bundle_of(two, RUN, 1)["raw"]["k"] == [2.0, 2.0, 2.0]
    with pytest.raises(ValueError, match=r"^state = None: must be in the bundle"):
        state_of(bundle_of(calm("momentum"), RUN))
