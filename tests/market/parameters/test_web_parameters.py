"""Parameters that a web page sends, against what the export makes of them."""

import numpy as np
import pytest

from isotherm.market.parameters import host
from isotherm.market.parameters.chain import convert_parameter_values
from isotherm.market.parameters.web import params_from_web

SENT = {
    "memory_days": [10.0, 20.0], "k_per_day": [20.0], "exponent": [1.5, 2.0], "width": [0.3, 3.0],
    "pre_exp_scaling": [0.25], "amplitude": [5.0, 40.0],
}  # fmt: skip


def items(**sent: object) -> list[dict[str, object]]:
    return [{"name": name, "value": value} for name, value in sent.items()]


@pytest.mark.parametrize(
    ("rule", "prefix"), [("mean_reversion_channel", "sp"), ("triple_threat_mean_reversion_channel", "raw")]
)
def test_effective_values_come_back_from_either_encoding(rule: str, prefix: str) -> None:
    found = params_from_web(items(**SENT), rule, 2, 1440)
    keys = {
        f"{prefix}_exponents",
        f"{prefix}_width",
        f"{prefix}_pre_exp_scaling",
        "k",
        "logit_lamb",
        "subsidary_params",
    }
    keys.add("sp_amplitude" if prefix == "sp" else "log_amplitude")
    assert set(found) == keys
    assert all(found[key].shape == (2,) for key in keys - {"subsidary_params"})
    values = convert_parameter_values(found, {"chunk_period": 1440})["values"]
    np.testing.assert_allclose(values["memory_days"], [10.0, 20.0], rtol=1e-12)
    np.testing.assert_allclose(values["k"], [200.0, 400.0], rtol=1e-12)
    for name, sent in (("exponents", "exponent"), ("width", "width"), ("amplitude", "amplitude")):
        np.testing.assert_allclose(values[name], SENT[sent], rtol=1e-12)
    np.testing.assert_allclose(values["pre_exp_scaling"], [0.25, 0.25], rtol=1e-12)


def test_amplitudes_are_per_day_within_the_cap() -> None:
    found = params_from_web(items(memory_days=[500.0], amplitude=[73.0]), "mean_reversion_channel", 2, 1440)
    assert found["sp_amplitude"][0] == pytest.approx(0.2 - 5.0)
    other = params_from_web(items(memory_days=[5.0], amplitude=[2.0]), "mean_reversion_channel", 1, 1440, 4.0)
    assert other["sp_amplitude"][0] == pytest.approx(0.5 - 2.0)
    with pytest.raises(ValueError, match=r"^amplitude = .*needs memory_days"):
        params_from_web(items(amplitude=[1.0]), "mean_reversion_channel", 1, 1440)


def test_days_are_both_memories_of_the_rules_that_have_two() -> None:
    for rule in ("min_variance", "difference_momentum"):
        found = params_from_web(items(memory_days=[10.0, 20.0]), rule, 2, 1440)
        assert found["memory_days_1"].tolist() == found["memory_days_2"].tolist() == [10.0, 20.0]
        assert found["memory_days_1"] is not found["memory_days_2"]
        assert "logit_lamb" not in found


def test_raw_names_are_copied_and_settings_passed_over() -> None:
    sent = items(
        logit_lamb=[1.0, 2.0],
        sp_k=3.0,
        chunk_period=[1440],
        weight_interpolation_period=[1440],
        arb_quality=[0.5],
    )
    found = params_from_web(sent, "momentum", 2, 1440)
    assert set(found) == {"logit_lamb", "sp_k", "subsidary_params"}
    assert found["sp_k"].tolist() == [3.0, 3.0]
    short = params_from_web(items(k_per_day=[1.0, 2.0]), "momentum", 3, 1440)
    assert short["k"].tolist() == [1.0, 1.0, 1.0]


def test_geometry_is_squeezed() -> None:
    found = params_from_web(items(phi=[0.5], alpha=[0.5], beta=[2.0], lam=[3.0]), "gyroscope", 2, 1440)
    assert {key: (np.shape(found[key]), float(found[key])) for key in ("phi", "lam")} == {
        "phi": ((), 0.5),
        "lam": ((), 3.0),
    }


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (items(memory_day=[1.0]), "^name = 'memory_day': is unknown; did you mean 'memory_days'"),
        (items(k_per_day=[]), r"^k_per_day\.shape = \(0,\)"),
        (items(k_per_day=[1.0, 2.0, 3.0]), r"^k_per_day\.shape = \(3,\)"),
        (items(memory_days=[0.0]), "^memory_days = 0"),
        (items(k_per_day=[1.0]) * 2, "^name = 'k_per_day': is there twice"),
        (items(width=[1.0]), "width"),
        (items(amplitude=[1.0], memory_days=[1.0]), "^name = 'sp_amplitude'"),
        (items(k_per_day=[float("nan")]), "^k_per_day = nan"),
    ],
)
def test_what_is_not_the_pools_is_refused(sent: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        params_from_web(sent, "momentum", 2, 1440)


@pytest.mark.parametrize(
    "sent", [[{"name": "k"}], ["k"], [{"name": 3, "value": [1.0]}], [{"name": "k_per_day", "value": [True]}]]
)
def test_other_kinds_are_refused(sent: list) -> None:
    with pytest.raises(TypeError, match=r"should be"):
        params_from_web(sent, "momentum", 2, 1440)


def test_first_memory_is_that_of_the_period() -> None:
    found = params_from_web(items(memory_days=[10.0]), "momentum", 1, 60)
    np.testing.assert_allclose(found["logit_lamb"], host.memory_days_to_logit_lambda(10.0, 60))
