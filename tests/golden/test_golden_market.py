"""Golden values of the market of pools, function by function, in float64."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from tests.golden.cases import Golden
from tests.golden.market import metrics, objectives, params, pools, rules, training

from isotherm.market.pools.registry import pool

OURS = params.OURS | rules.OURS | pools.OURS | metrics.OURS | objectives.OURS | training.OURS
"""What we find for a function's inputs: the golden outputs, by name."""

ABSENT = {"eclp_zero_fee": "gyroscope", "reclamm_zero_fee": "reclamm"}
"""Functions of pools that are to come, and the names by which the package refuses them until then."""

INFORMATIVE = {"lambda_reference"}
"""Outputs that show what rounding makes of a formula; the file says that they are not compared."""


def with_data(value: Any, data: Mapping[str, Any]) -> Any:
    """Inputs with each ``{"$data": name}`` replaced by what it names."""
    if isinstance(value, dict):
        return data[value["$data"]] if "$data" in value else {k: with_data(v, data) for k, v in value.items()}
    return [with_data(one, data) for one in value] if isinstance(value, list) else value


def with_others(case: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs with those of the case that ``same_as`` names, its own first.

    It names a function, the last such case before this one, or the only one; words in brackets, as in
    ``objective_and_gradient[daily_log_sharpe]``, must be among that case's inputs.
    """
    own = dict(case["inputs"])
    name, _, word = own.pop("same_as", "").rstrip("]").partition("[")
    if not name:
        return own
    cases = document["cases"]
    before = cases[: cases.index(case)]
    others = [one["inputs"] for one in [*reversed(before), *cases] if one["fn"] == name]
    fitting = [one for one in others if "same_as" not in one and word in json.dumps(one)]
    assert fitting, f"no case of {name} fits {case['inputs']['same_as']!r}"
    return {**fitting[0], **own}


def disagreements(name: str, found: Any, expected: Any, rtol: float, atol: float) -> list[str]:
    """Where ours are not the golden outputs: strings, shapes and Nones exactly, numbers within tolerance."""
    if isinstance(expected, dict):
        expected = {key: value for key, value in expected.items() if key not in INFORMATIVE}
        lacking = [f"{name}.{key}: missing" for key in expected if key not in found]
        shared = [key for key in expected if key in found]
        return lacking + [
            line
            for key in shared
            for line in disagreements(f"{name}.{key}", found[key], expected[key], rtol, atol)
        ]
    is_list = isinstance(expected, list) and expected
    if is_list and isinstance(expected[0], dict | str) and not _is_number(expected[0]):
        if len(found) != len(expected):
            return [f"{name}: {len(found)} entries, not {len(expected)}"]
        pairs = enumerate(zip(found, expected, strict=True))
        return [line for i, (f, e) in pairs for line in disagreements(f"{name}[{i}]", f, e, rtol, atol)]
    if expected is None or isinstance(expected, bool):
        return [] if found is expected or found == expected else [f"{name}: {found} is not {expected}"]
    if isinstance(expected, str) and not _is_number(expected):
        return [] if found == expected else [f"{name}: {found} is not {expected}"]
    if isinstance(expected, str) and expected.lstrip("-").isdigit():
        return [] if _same_integers(found, expected) else [f"{name}: {found} is not {expected}"]
    ours, wanted = np.asarray(found, float), np.asarray(expected, float)
    if ours.shape != wanted.shape:
        return [f"{name}: shape {ours.shape} is not {wanted.shape}"]
    is_near = np.isclose(ours, wanted, rtol=rtol, atol=atol, equal_nan=True)
    return [] if is_near.all() else [f"{name}: {ours[~is_near].flat[0]} is not {wanted[~is_near].flat[0]}"]


def _is_number(word: Any) -> bool:
    """Whether a word is a number in the file's spelling: digits, nan, inf."""
    if not isinstance(word, str):
        return False
    return word.lstrip("-").isdigit() or word in ("nan", "inf", "-inf")


def _same_integers(found: Any, expected: str) -> bool:
    """Digits of 18 decimals to 1e-12 relative, as the file asks."""
    return isinstance(found, str) and abs(int(found) - int(expected)) * 10**12 <= abs(int(expected))


def test_golden_market(market_golden: Golden) -> None:
    case, document = market_golden.case, market_golden.document
    if case["fn"] in ABSENT:
        name = ABSENT[case["fn"]]
        with pytest.raises(ValueError, match=f"'{name}'.*not there yet"):
            pool(name)
        return
    given = with_data(with_others(case, document), document["data"])
    with jax.enable_x64(True):
        found = OURS[case["fn"]](given)
    rtol, atol = case.get("rtol", 0.0), case.get("atol", 0.0)
    assert disagreements(case["fn"], found, case["outputs"], rtol, atol) == []


def test_no_case_is_passed_over() -> None:
    cases = json.loads((Path(__file__).parent / "amm_golden.json").read_text())["cases"]
    assert sum(case["fn"] in OURS for case in cases if case["group"] != "training") == 123
    assert {case["fn"] for case in cases} - OURS.keys() == ABSENT.keys()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": 1.0 + 1e-9}, {"a": 1.0}),
        ({"a": [1.0, 2.0, 3.0]}, {"a": [1.0, 2.0]}),
        ({"a": [[1.0], [2.0]]}, {"a": [1.0, 2.0]}),
        ({"b": 1.0}, {"a": 1.0}),
        ({"a": float("nan")}, {"a": 1.0}),
        ({"a": 1.0}, {"a": float("nan")}),
        ({"a": 0.0}, {"a": None}),
        ({"a": 0.5}, {"a": True}),
        ({"a": ["100000000000000006"]}, {"a": ["100000000001000006"]}),
        ({"a": [{"b": 1.0}]}, {"a": [{"b": 1.0}, {"b": 1.0}]}),
        ({"a": [{"b": 1.0}, {"b": 2.0}]}, {"a": [{"b": 1.0}, {"b": 1.0}]}),
        ({"a": "slerp"}, {"a": "linear"}),
    ],
)
def test_any_difference_is_seen(found: Any, expected: Any) -> None:
    assert disagreements("fn", found, expected, 1e-12, 0.0)
    assert not disagreements("fn", expected, expected, 0.0, 0.0)
