"""Each rule against a slow twin of its own, so that none is another in disguise; encodings, readouts, refusals."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.market.rules.rule_cases import NAMES, PARAMS, PERIOD, RULES, SETTINGS, SUPPLY, raw, supply, walk
from tests.market.rules.test_estimators import slow_gradient, slow_variance
from tests.market.rules.test_updates import slow_capped, slow_zero_sum

from isotherm.market.parameters import host
from isotherm.market.rules.registry import rule_named
from isotherm.market.rules.rule import WeightRule
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.weights import rule_outputs

PRICES = walk(90, 4)
SERIES = PRICES[::PERIOD]


def read(name: str, key: str) -> np.ndarray:
    return np.asarray(raw(name)[key], float)


def logistic_lambda(name: str, row: int | None = None) -> np.ndarray:
    lamb = host.logistic(read(name, "logit_lamb"))
    return np.minimum(lamb if row is None else lamb[row], most())


def most() -> float:
    return float(host.memory_days_to_lambda(SETTINGS.max_memory_days, PERIOD))


def days(lamb: np.ndarray) -> np.ndarray:
    return np.minimum(host.lambda_to_memory_days(lamb, PERIOD), SETTINGS.max_memory_days)


def momentum(sign: float, name: str) -> np.ndarray:
    lamb = logistic_lambda(name)
    gradient, k = slow_gradient(SERIES, lamb, lamb)[0], 2 ** read(name, "log_k") * days(lamb)
    return sign * np.array([slow_zero_sum(g, k) for g in gradient])


def power(name: str) -> np.ndarray:
    lamb = logistic_lambda(name)
    k = host.squareplus(read(name, "sp_k")) * days(lamb)
    q = np.maximum(host.squareplus(read(name, "sp_exponents")), 1)
    h = host.squareplus(read(name, "sp_pre_exp_scaling"))
    gradient = slow_gradient(SERIES, lamb, lamb)[0]
    return np.array([slow_zero_sum(np.sign(g) * abs(g / (2 * h)) ** q, k) for g in gradient])


def channel(gradients: list[np.ndarray], k: np.ndarray, shape: dict[str, np.ndarray]) -> np.ndarray:
    rows = []
    for ch, tr, env in zip(*gradients, strict=True):
        envelope = np.exp(-(env**2) / (2 * shape["width"] ** 2))
        y = np.pi * ch / (3 * shape["width"])
        signal = -shape["amplitude"] * envelope * (y - y**3 / 6) / 0.5415
        signal += (1 - envelope) * np.sign(tr) * abs(tr / (2 * shape["h"])) ** shape["q"]
        rows.append(slow_zero_sum(signal, k))
    return np.array(rows)


def reversion(name: str) -> np.ndarray:
    lamb = logistic_lambda(name)
    shape = {
        "width": host.squareplus(read(name, "sp_width")),
        "amplitude": host.squareplus(read(name, "sp_amplitude")) * days(lamb),
        "h": host.squareplus(read(name, "sp_pre_exp_scaling")),
        "q": host.squareplus(read(name, "sp_exponents")),
    }
    gradient = slow_gradient(SERIES, lamb, lamb)[0]
    return channel([gradient] * 3, host.squareplus(read(name, "sp_k")) * days(lamb), shape)


def triple(name: str) -> np.ndarray:
    average = np.minimum(host.logistic(read(name, "logit_lamb_for_ewma")), most())
    gradients = [slow_gradient(SERIES, logistic_lambda(name, row), average)[0] for row in range(3)]
    shape = {
        "width": 2 ** read(name, "raw_width"),
        "amplitude": 2 ** read(name, "log_amplitude") * days(average),
        "h": 2 ** read(name, "raw_pre_exp_scaling"),
        "q": host.squareplus(read(name, "raw_exponents")),
    }
    return channel(gradients, 2 ** read(name, "log_k") * days(average), shape)


def difference(name: str) -> np.ndarray:
    memories = [read(name, f"memory_days_{i}") for i in (1, 2)]
    lambs = [np.minimum(host.memory_days_to_lambda(m, PERIOD), most()) for m in memories]
    one, two = (slow_gradient(SERIES, lamb, lamb)[1] for lamb in lambs)
    k = read(name, "k") * np.maximum(*memories)
    return np.array([slow_zero_sum(x, k) for x in 1 - two / one])


def min_variance(name: str) -> np.ndarray:
    lamb = np.minimum(host.memory_days_to_lambda(read(name, "memory_days_1"), PERIOD), most())
    variance = slow_variance(SERIES, lamb)
    return (1 / variance) / (1 / variance).sum(1, keepdims=True)


def index(name: str) -> np.ndarray:
    caps = SERIES * SUPPLY
    return caps / caps.sum(1, keepdims=True)


TWINS: dict[str, Callable[[str], np.ndarray]] = {
    "momentum": lambda name: momentum(1.0, name),
    "anti_momentum": lambda name: momentum(-1.0, name),
    "power_channel": power,
    "mean_reversion_channel": reversion,
    "triple_threat_mean_reversion_channel": triple,
    "difference_momentum": difference,
    "min_variance": min_variance,
    "index_market_cap": index,
    "balancer": lambda name: np.zeros((len(SERIES) - 1, 3)),
    "hodl": lambda name: np.zeros((len(SERIES) - 1, 3)),
}
READOUTS = {
    "difference_momentum": {"ewma_1", "ewma_2"},
    "min_variance": {"variance"},
    "index_market_cap": {"capitalization"},
    "balancer": set(),
    "hodl": set(),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_streamed_rule_is_its_own_formula_with_readouts(name: str) -> None:
    expected = TWINS[name](name)
    found = rule_outputs(name, raw(name), PRICES, SETTINGS, "scan", **supply(name))
    np.testing.assert_allclose(found.row, expected, rtol=1e-8, atol=1e-11 * (1 + np.abs(expected).max()))
    assert set(found.readouts) == READOUTS.get(name, {"gradient", "ewma", "running_a"})
    assert all(len(values) == len(expected) for values in found.readouts.values())


def test_streamed_rules_differ_from_momentum() -> None:
    """As a reference's do not."""
    plain = TWINS["momentum"]("momentum")
    for name in ("anti_momentum", "difference_momentum", "triple_threat_mean_reversion_channel"):
        found = rule_outputs(name, raw(name), PRICES, SETTINGS, "scan").row
        assert np.abs(found - plain).max() > 0.05


def outputs(name: str, params: dict, settings: RuleSettings = SETTINGS) -> np.ndarray:
    return np.asarray(rule_outputs(name, params, PRICES, settings, **supply(name)).row)


def test_encodings_of_one_quantity_give_one_row() -> None:
    lamb = logistic_lambda("momentum")
    logs = outputs("momentum", raw("momentum"))
    k = 2 ** read("momentum", "log_k")
    for encoding in (
        {"k": k},
        {"sp_k": host.inverse_squareplus(k)},
        {"absolute_k": k * days(lamb)},
    ):
        params = {"logit_lamb": raw("momentum")["logit_lamb"]} | encoding
        np.testing.assert_allclose(outputs("momentum", params), logs, rtol=1e-9, atol=1e-13)
    memories = [read("difference_momentum", f"memory_days_{i}") for i in (1, 2)]
    one, two = (host.memory_days_to_logit_lambda(m, PERIOD) for m in memories)
    k = read("difference_momentum", "k") * np.maximum(*memories) / memories[0]
    other = {"logit_lamb": one, "logit_delta_lamb": two - one, "log_k": np.log2(k)}
    expected = outputs("difference_momentum", raw("difference_momentum"))
    np.testing.assert_allclose(outputs("difference_momentum", other), expected, rtol=1e-8, atol=1e-12)
    logits = {"logit_lamb": host.memory_days_to_logit_lambda(PARAMS["min_variance"]["memory_days_1"], PERIOD)}
    np.testing.assert_allclose(outputs("min_variance", logits), min_variance("min_variance"), rtol=1e-9)


def test_settings_reach_the_rules() -> None:
    params = raw("momentum") | {"logit_delta_lamb": [0.3, -0.2, 0.1]}
    alt = RuleSettings(chunk_period=PERIOD, max_memory_days=0.75, use_alt_lamb=True)
    lamb = logistic_lambda("momentum")
    other = np.minimum(host.logistic(read("momentum", "logit_lamb") + np.array([0.3, -0.2, 0.1])), most())
    k = 2 ** read("momentum", "log_k") * days(lamb)
    rows = [slow_zero_sum(g, k) for g in slow_gradient(SERIES, lamb, other)[0]]
    np.testing.assert_allclose(outputs("momentum", params, alt), rows, rtol=1e-8, atol=1e-11)
    np.testing.assert_array_equal(outputs("momentum", params), outputs("momentum", raw("momentum")))
    half = RuleSettings(chunk_period=PERIOD, max_memory_days=0.75, use_pre_exp_scaling=False)
    without = {key: value for key, value in raw("power_channel").items() if key != "sp_pre_exp_scaling"}
    np.testing.assert_array_equal(
        outputs("power_channel", raw("power_channel"), half), outputs("power_channel", without)
    )
    capped = RuleSettings(chunk_period=PERIOD, max_memory_days=0.75, cap_weights=(0.4, 0.5, 0.4))
    caps = [slow_capped(row, np.array([0.4, 0.5, 0.4])) for row in index("")]
    np.testing.assert_allclose(outputs("index_market_cap", raw("index_market_cap"), capped), caps, rtol=1e-12)


def test_one_value_for_all_tokens_is_broadcast() -> None:
    one = {"log_k": [8.0], "logit_lamb": [1.0]}
    each = {"log_k": [8.0] * 3, "logit_lamb": [1.0] * 3}
    np.testing.assert_array_equal(outputs("momentum", one), outputs("momentum", each))


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("momentum", {"log_k": [1.0]}, "logit_lamb"),
        ("momentum", {"logit_lamb": [1.0]}, "sp_k, log_k, absolute_k, k"),
        ("power_channel", {"log_k": [1.0], "logit_lamb": [1.0]}, "sp_exponents"),
        ("triple_threat_mean_reversion_channel", {"logit_lamb": [1.0]}, "logit_lamb_for_ewma"),
        ("difference_momentum", {"k": [1.0], "memory_days_1": [1.0]}, "memory_days_2"),
        ("difference_momentum", {"k": [1.0]}, "memory_days_1"),
        ("min_variance", {}, "memory_days_1"),
        ("momentum", {"log_k": [1.0, 2.0], "logit_lamb": [1.0]}, r"must be \(3,\)"),
    ],
)
def test_a_missing_parameter_is_named(name: str, params: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rule_outputs(name, params, PRICES, SETTINGS)


def test_rules_are_found_by_name_and_made_whole() -> None:
    assert rule_named(RULES["momentum"]) is RULES["momentum"]
    with pytest.raises(ValueError, match="rule = 'momentums': should be one of momentum"):
        rule_named("momentums")
    with pytest.raises(TypeError, match="rule"):
        rule_named(3)  # type: ignore[arg-type]
    parts = {key: getattr(RULES["momentum"], key) for key in ("name", "keys", "effective", "init", "advance")}
    with pytest.raises(ValueError, match="blend = None: must be given"):
        WeightRule(**parts, is_target=True)
    with pytest.raises(ValueError, match="lag = 2"):
        WeightRule(**parts, lag=2)
    streamed = WeightRule(**parts, is_batched=False)
    assert (streamed.form("auto"), RULES["momentum"].form("auto")) == ("scan", "vectorized")
    with pytest.raises(ValueError, match="momentum has only a step"):
        streamed.form("vectorized")
    with pytest.raises(ValueError, match="method = 'batch'"):
        streamed.form("batch")  # type: ignore[arg-type]
