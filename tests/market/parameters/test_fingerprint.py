"""Settings of a run: defaults, names, what is refused, and what other tools wrote."""

import copy
import hashlib
import json

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isotherm.market.parameters.defaults import default_set, default_set_or_get, recursive_default_set
from isotherm.market.parameters.fingerprint import (
    Fingerprint,
    canonical_json,
    check_run_fingerprint,
    get_run_location,
    unknown_settings,
)  # fmt: skip
from isotherm.market.parameters.keys import BOOKKEEPING, CHECKS, DEFAULTS, NOT_READ_FORWARD, SETTINGS
from isotherm.market.parameters.names import OBJECTIVES, QUANTITIES, RETURN_VALS, pool_name

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def hashed(text: str) -> str:
    return "run_" + hashlib.sha256(text.encode()).hexdigest()


@settings(max_examples=15)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_name_is_the_hash_of_sorted_json(given: dict) -> None:
    expected = hashed(json.dumps(given, sort_keys=True))
    assert get_run_location(given) == expected
    assert get_run_location(dict(reversed(given.items()))) == expected


def test_name_tells_numbers_apart_and_not_lists_from_tuples() -> None:
    assert get_run_location({"a": 1}) != get_run_location({"a": 1.0})
    assert get_run_location({"a": [1]}) == get_run_location({"a": (1,)})
    assert canonical_json({"a": float("nan"), "b": None, "é": 1}) == '{"a": NaN, "b": null, "\\u00e9": 1}'


def test_d05_numpy_and_jax_values_have_the_names_of_numbers() -> None:
    given = {
        "a": np.int64(3),
        "b": np.float64(0.1),
        "c": np.array([1, 2]),
        "d": jnp.ones(2),
        "e": np.bool_(True),
    }
    assert get_run_location(given) == get_run_location(
        {"a": 3, "b": 0.1, "c": [1, 2], "d": [1.0, 1.0], "e": True}
    )
    assert Fingerprint(fees=np.float64(0.003), chunk_period=np.int64(1440))["chunk_period"] == 1440


def test_d06_name_stays_whatever_is_done_with_the_settings() -> None:
    run = Fingerprint(tokens=["BTC", "ETH"], optimisation_settings={"batch_size": 2})
    name = run.run_location()
    run["tokens"].append("XRP")
    run["optimisation_settings"]["batch_size"] = 99
    run.with_defaults()["optimisation_settings"]["optuna_settings"]["n_trials"] = 1
    assert run.run_location() == name
    assert run["tokens"] == ["BTC", "ETH"]
    for key in BOOKKEEPING:
        stored = {**run.with_defaults(), key: True}
        assert get_run_location(stored) == name
        assert Fingerprint(**stored).run_location() == name
    assert run.replaced(fees=0.003).run_location() != name
    assert run.replaced(fees=0.003)["fees"] == 0.003
    assert "fees" not in run


def test_name_is_that_of_all_settings_with_defaults() -> None:
    run = Fingerprint(rule="momentum")
    assert run.run_location() == get_run_location({**DEFAULTS, "rule": "momentum"})
    assert run.run_location() == Fingerprint(rule="momentum", fees=None).run_location()
    assert run.run_location() == Fingerprint(rule="momentum", fees=0).run_location()
    # known to other tools: a change of a default is a change of every name
    assert Fingerprint().run_location() == get_run_location(DEFAULTS)


def test_d04_defaults_are_copied() -> None:
    before = copy.deepcopy(DEFAULTS)
    settings = {}
    recursive_default_set(settings, DEFAULTS)
    settings["tokens"].append("XRP")
    settings["optimisation_settings"]["optuna_settings"]["parameter_config"].clear()
    value = default_set_or_get({}, "tokens", DEFAULTS["tokens"], augment=False)
    value.append("XRP")
    assert before == DEFAULTS


def test_none_counts_as_absent() -> None:
    settings = {"a": None, "b": 0, "c": {"d": None, "e": 1}, "f": None}
    recursive_default_set(settings, {"a": 1, "b": 2, "c": {"d": 3, "e": 4}, "f": {"g": 5}, "h": {"i": 6}})
    assert settings == {"a": 1, "b": 0, "c": {"d": 3, "e": 1}, "f": {"g": 5}, "h": {"i": 6}}
    default_set(settings, "a", 7)
    assert settings["a"] == 1
    assert default_set_or_get(settings, "b", 8) == 0
    assert default_set_or_get(settings, "new", 9) == settings["new"] == 9
    assert default_set_or_get(settings, "other", 10, augment=False) == 10
    assert "other" not in settings


def test_d04_a_value_in_place_of_settings_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^c = 3: should be a mapping of settings"):
        recursive_default_set({"c": 3}, {"c": {"d": 1}})


WRONG = {
    "weight_interpolation_period": ({"chunk_period": 60, "weight_interpolation_period": 61}, "at most chunk_period"),
    "chunk_period": ({"chunk_period": 0}, "at least 1"),
    "weight_interpolation_period = 0": ({"weight_interpolation_period": 0}, "at least 1"),
    "protocol_fee_split": ({"protocol_fee_split": 1.5}, "at most 1"),
    "fees": ({"fees": 1.0}, "below 1"),
    "arb_fees": ({"arb_fees": -0.1}, "at least 0"),
    "tokens = .'A', 'A'": ({"tokens": ["A", "A"]}, "names A twice"),
    "tokens": ({"tokens": []}, "one token or more"),
    "minimum_weight": ({"minimum_weight": 0.5}, "below 1/3, there are 3 tokens"),
    "minimum_weight = 0.25": ({"minimum_weight": 0.25, "tokens": list("ABCD")}, "below 1/4"),
    "minimum_weight = 0.0": ({"minimum_weight": 0.0}, "above 0"),
    "maximum_change": ({"maximum_change": 0.0}, "above 0"),
    "max_memory_days": ({"max_memory_days": 0}, "above 0"),
    "arb_frequency": ({"arb_frequency": 0}, "at least 1"),
    "rule = 'momentun'": ({"rule": "momentun"}, "did you mean 'momentum'"),
    "rule = 'bound'": ({"rule": "bound__momentum"}, "did you mean 'bounded'"),
    "rule = 'lvr__lvr__momentum'": ({"rule": "lvr__lvr__momentum"}, "each hook once"),
    "return_val": ({"return_val": "daily_log_sharp"}, "did you mean 'daily_log_sharpe'"),
    "settings = 'tokenz'": ({"tokenz": ["A"]}, "did you mean 'tokens'"),
    "optimisation_settings = 'base_l'": ({"optimisation_settings": {"base_l": 1.0}}, "did you mean 'base_lr'"),
    "optimisation_settings.batch_size": ({"optimisation_settings": {"batch_size": 0}}, "at least 1"),
    "optimisation_settings.cma_es_settings.sigma0": (
        {"optimisation_settings": {"cma_es_settings": {"sigma0": -1.0}}}, "above 0",
    ),
    "optimisation_settings.cma_es_settings = 'sigma'": (
        {"optimisation_settings": {"cma_es_settings": {"sigma": 1.0}}}, "did you mean 'sigma0'",
    ),
    "optimisation_settings.optuna_settings.parameter_config.log_k": (
        {"optimisation_settings": {"optuna_settings": {"parameter_config": {"log_k": {"low": 1, "high": 1}}}}},
        "low must be below high",
    ),
    "optimisation_settings.optuna_settings.parameter_config.k.low": (
        {"optimisation_settings": {"optuna_settings": {
            "parameter_config": {"k": {"low": 0, "high": 1, "log_scale": True}}}}},
        "above 0 on a log scale",
    ),
    "startDateString": ({"startDateString": "2023-1-01 00:00:00"}, "YYYY-MM-DD HH:MM:SS"),
    "startDateString = '2023-02-30": ({"startDateString": "2023-02-30 00:00:00"}, "YYYY-MM-DD HH:MM:SS"),
    "endDateString": ({"endDateString": "2022-01-01 00:00:00"}, "must be after startDateString"),
    "endTestDateString": ({"endTestDateString": "2023-06-01 00:00:00"}, "must be after endDateString"),
    "initial_pre_exp_scaling": ({"initial_pre_exp_scaling": 0.0}, "above 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_refusals_name_field_and_range_in_one_line(name: str) -> None:
    settings, allowed = WRONG[name]
    with pytest.raises(ValueError, match=f"^{name}") as caught:
        Fingerprint(**settings)
    assert allowed in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"fees": "0.003"},
        {"chunk_period": 60.5},
        {"do_arb": 1},
        {"tokens": "BTC"},
        {"optimisation_settings": 3},
    ],
)
def test_other_kinds_are_refused(settings: dict) -> None:
    with pytest.raises(TypeError, match=f"^{next(iter(settings))} = "):
        Fingerprint(**settings)


def test_valid_edges_are_taken() -> None:
    check_run_fingerprint(
        {"chunk_period": 1, "weight_interpolation_period": 1, "protocol_fee_split": 1, "fees": 0}
    )
    check_run_fingerprint({"minimum_weight": 0.2499, "tokens": list("ABCD"), "arb_frequency": 1})
    Fingerprint(cap_weights=0.4, guardrail="projection", initial_weights_logits=[0.1, 0.2, 0.3])


def test_foreign_settings_are_kept_and_listed() -> None:
    foreign = {"rule": "momentum", "newKey": 1, "optimisation_settings": {"batch_size": 2, "other": None}}
    with pytest.warns(UserWarning, match=r"not known: newKey, optimisation_settings\.other"):
        run = Fingerprint.foreign(foreign)
    assert run["newKey"] == 1
    assert run.with_defaults()["newKey"] == 1
    assert run.replaced(fees=0.1)["newKey"] == 1
    with pytest.raises(ValueError, match="is unknown"):
        run.replaced(feess=0.1)
    assert unknown_settings(foreign) == ["newKey", "optimisation_settings.other"]
    with pytest.raises(ValueError, match=r"^fees = 2"):
        Fingerprint.foreign(foreign | {"fees": 2})


def test_a_stored_fingerprint_of_ours_is_read_without_a_warning() -> None:
    stored = json.loads(json.dumps({**Fingerprint().with_defaults(), "alphabetic": True}))
    assert Fingerprint.foreign(stored).run_location() == Fingerprint().run_location()


def test_mapping_is_immutable_and_hashes_by_value() -> None:
    one, other = Fingerprint(rule="hodl", fees=0.1), Fingerprint(fees=0.1, rule="hodl")
    assert one == other
    assert hash(one) == hash(other)
    assert len(one) == 2
    assert eval(repr(one), {"Fingerprint": Fingerprint}) == one
    with pytest.raises(TypeError):
        one["fees"] = 0.2


def test_forward_settings_leave_out_what_no_forward_pass_reads() -> None:
    one = Fingerprint(rule="hodl")
    for change in ({"initial_k_per_day": 5}, {"endDateString": "2023-07-01 00:00:00"}, {"bout_offset": 5}):
        assert one.replaced(**change).forward_settings() == one.forward_settings()
    for change in ({"initial_pool_value": 5.0}, {"fees": 0.1}, {"tokens": ["A"]}):
        assert one.replaced(**change).forward_settings() != one.forward_settings()
    assert "initial_pool_value" not in NOT_READ_FORWARD
    assert {"optimisation_settings", "initial_raw_width", "freq"} <= NOT_READ_FORWARD


def test_every_default_passes_its_own_check() -> None:
    check_run_fingerprint(DEFAULTS)
    assert unknown_settings(DEFAULTS) == []
    assert all(setting.meaning for setting in SETTINGS.values())
    assert set(DEFAULTS) <= set(CHECKS)


EXPECTED_DEFAULTS = {
    "startDateString": "2023-01-01 00:00:00", "endDateString": "2023-06-01 00:00:00", "endTestDateString": None,
    "tokens": ["BTC", "ETH", "USDC"], "rule": "mean_reversion_channel", "return_val": "daily_log_sharpe",
    "initial_pool_value": 1e6, "chunk_period": 1440, "weight_interpolation_period": 1440,
    "weight_interpolation_method": "linear", "maximum_change": 3e-4, "minimum_weight": None, "max_memory_days": 365,
    "fees": 0, "arb_frequency": 1, "bout_offset": 10080, "initial_k_per_day": 20, "initial_memory_length": 10.0,
    "initial_weights_logits": 1.0, "initial_pre_exp_scaling": 0.5, "ensemble_init_seed": 42,
    "initial_daily_price_shift_base": 1 - 1 / 124000,
}  # fmt: skip
EXPECTED_TRAINING = {
    "optimiser": "adamw", "base_lr": 0.1, "weight_decay": 0.01, "lr_decay_ratio": 1000, "min_lr": 1e-6,
    "warmup_steps": 100, "decay_lr_ratio": 0.8, "batch_size": 8, "n_iterations": 1000, "n_parameter_sets": 4,
    "iterations_per_print": 25, "noise_scale": 0.1, "early_stopping_patience": 200, "val_fraction": 0.2,
    "clip_norm": 10, "swa_start_frac": 0.75,
}  # fmt: skip


def test_defaults_are_those_of_the_table() -> None:
    assert {key: DEFAULTS[key] for key in EXPECTED_DEFAULTS} == EXPECTED_DEFAULTS
    training = DEFAULTS["optimisation_settings"]
    assert {key: training[key] for key in EXPECTED_TRAINING} == EXPECTED_TRAINING
    assert training["optuna_settings"]["parameter_config"]["raw_exponents"]["high"] == 10
    assert training["cma_es_settings"]["memory_budget"] is None
    assert "memory_budget" not in training["bfgs_settings"]
    assert training["bfgs_settings"]["compute_dtype"] == "float64"


def test_names_of_pools_and_objectives() -> None:
    assert pool_name("ensemble__rvr__hodl") == (("ensemble", "rvr"), "hodl")
    assert all(pool_name(name).rule == name for name in QUANTITIES)
    assert len(set(OBJECTIVES)) == len(OBJECTIVES) == 31
    assert {"daily_var_95%", "weekly_var_99%_trad", "monthly_rovar_trad", "ulcer"} <= set(OBJECTIVES)
    assert set(RETURN_VALS) - set(OBJECTIVES) == {"reserves", "reserves_and_values"}
    with pytest.raises(ValueError, match=r"^rule = 3"):
        pool_name(3)
