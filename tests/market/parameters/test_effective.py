"""Raw parameters to effective ones: every encoding, which of two wins, caps and slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.parameters import effective, host

DAYS = np.array([3.0, 40.0])
RAW = np.array([0.7, -1.2])


def squareplus(x: np.ndarray) -> np.ndarray:
    return (x + np.sqrt(x**2 + 4)) / 2


K_FORMS = {
    "sp_k": squareplus(RAW) * DAYS,
    "log_k": 2**RAW * DAYS,
    "absolute_k": RAW,
    "k": RAW * DAYS,
}


@pytest.mark.parametrize("key", K_FORMS)
def test_k_by_each_encoding(key: str) -> None:
    found = effective.calc_k({key: jnp.asarray(RAW)}, jnp.asarray(DAYS))
    np.testing.assert_allclose(found, K_FORMS[key], rtol=1e-6)


def test_earlier_encodings_win() -> None:
    keys = list(K_FORMS)
    for index, key in enumerate(keys):
        params = {other: jnp.asarray(RAW) for other in keys[index:]}
        np.testing.assert_allclose(effective.calc_k(params, jnp.asarray(DAYS)), K_FORMS[key], rtol=1e-6)
    params = {"log_k": None, "k": jnp.asarray(RAW)}
    np.testing.assert_allclose(effective.calc_k(params, jnp.asarray(DAYS)), K_FORMS["k"], rtol=1e-6)


FORMS = [
    (effective.calc_exponents, [("sp_exponents", squareplus), ("raw_exponents", squareplus)]),
    (effective.calc_width, [("sp_width", squareplus), ("raw_width", np.exp2)]),
    (
        lambda params: effective.calc_amplitude(params, jnp.asarray(DAYS)),
        [("sp_amplitude", lambda x: squareplus(x) * DAYS), ("log_amplitude", lambda x: np.exp2(x) * DAYS)],
    ),
    (
        effective.calc_pre_exp_scaling,
        [
            ("sp_pre_exp_scaling", squareplus),
            ("logit_pre_exp_scaling", lambda x: 1 / (1 + np.exp(-x))),
            ("raw_pre_exp_scaling", np.exp2),
        ],
    ),
]


@pytest.mark.parametrize(("calc", "forms"), FORMS)
def test_channels_by_each_encoding_and_the_first_wins(calc, forms) -> None:
    others = jnp.asarray(RAW + 1)
    for index, (key, expected) in enumerate(forms):
        params = {key: jnp.asarray(RAW)} | {other: others for other, _ in forms[index + 1 :]}
        np.testing.assert_allclose(calc(params), expected(RAW), rtol=1e-6)


def test_exponent_of_the_power_channel_is_at_least_one() -> None:
    params = {"sp_exponents": jnp.array([-3.0, 0.0, 1.5])}
    np.testing.assert_allclose(effective.calc_exponents(params, at_least_one=True), [1.0, 1.0, 2.0])
    assert float(effective.calc_exponents(params)[0]) < 1


def test_scaling_is_a_half_where_it_is_not_used_or_absent() -> None:
    given = {"sp_pre_exp_scaling": jnp.asarray(RAW)}
    assert effective.calc_pre_exp_scaling(given, use_pre_exp_scaling=False).tolist() == [0.5]
    assert effective.calc_pre_exp_scaling({}).tolist() == [0.5]
    assert effective.calc_pre_exp_scaling({"logit_pre_exp_scaling": jnp.zeros((1, 3))}).shape == (3,)
    with jax.enable_x64(True):
        assert effective.calc_pre_exp_scaling({"k": jnp.ones(1, jnp.float32)}).dtype == jnp.float32


def test_decays_of_one_two_and_three_memories() -> None:
    params = {"logit_lamb": jnp.asarray(RAW), "logit_delta_lamb": jnp.array([0.3, 0.4])}
    np.testing.assert_allclose(effective.calc_lambda(params), host.logistic(RAW), rtol=1e-6)
    np.testing.assert_allclose(
        effective.calc_alt_lambda(params), host.logistic(RAW + np.array([0.3, 0.4])), rtol=1e-6
    )
    rows = jnp.stack([jnp.asarray(RAW), jnp.asarray(2 * RAW), jnp.asarray(3 * RAW)])
    three = {"logit_lamb": rows, "logit_lamb_for_ewma": jnp.asarray(RAW)}
    np.testing.assert_allclose(effective.calc_lambda_from_index(three, 2), host.logistic(3 * RAW), rtol=1e-6)
    np.testing.assert_allclose(effective.calc_lambda_for_ewma(three), host.logistic(RAW), rtol=1e-6)
    for index in (3, -1):
        with pytest.raises(ValueError, match=f"with a row {index}"):
            effective.calc_lambda_from_index(three, index)
    with pytest.raises(ValueError, match="with a row 0"):
        effective.calc_lambda_from_index(params, 0)


def test_memory_is_that_of_the_decay_before_its_cap_and_within_its_own() -> None:
    raw = np.array([-1.0, 2.0, 30.0])
    found = effective.calc_memory_days({"logit_lamb": jnp.asarray(raw)}, 60, 5.0)
    expected = host.lambda_to_memory_days_clipped(host.logistic(raw), 60, 5.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    capped = effective.capped_lambda(jnp.asarray(host.logistic(raw)), 60, 5.0)
    np.testing.assert_allclose(capped[2], host.memory_days_to_lambda(5.0, 60), rtol=1e-6)
    np.testing.assert_allclose(capped[:2], host.logistic(raw)[:2], rtol=1e-6)
    slope = jax.grad(
        lambda x: effective.capped_lambda(effective.calc_lambda({"logit_lamb": x}), 60, 5.0).sum()
    )
    slopes = np.asarray(slope(jnp.asarray(raw)))
    assert slopes[2] == 0.0
    assert (slopes[:2] > 0).all()


def test_days_that_are_parameters_are_not_negative() -> None:
    params = {"memory_days_1": jnp.array([2.0, -1.0]), "memory_days_2": jnp.array([3.0])}
    assert effective.calc_raw_memory_days(params, "memory_days_1").tolist() == [2.0, 0.0]
    assert effective.calc_raw_memory_days(params, "memory_days_2").tolist() == [3.0]


def test_first_weights_are_never_trained_and_logits_win() -> None:
    logits, weights = jnp.array([0.0, np.log(3.0)]), jnp.array([0.4, 0.6])
    both = {"initial_weights_logits": logits, "initial_weights": weights}
    np.testing.assert_allclose(effective.calc_initial_weights(both), [0.25, 0.75], rtol=1e-6)
    assert effective.calc_initial_weights({"initial_weights": weights}).tolist() == weights.tolist()
    for key, value in both.items():
        slope = jax.grad(lambda x, key=key: effective.calc_initial_weights({key: x})[0])(value)
        assert slope.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "keys"),
    [
        (lambda p: effective.calc_lambda(p), "logit_lamb"),
        (lambda p: effective.calc_lambda_from_index(p, 0), "logit_lamb"),
        (lambda p: effective.calc_alt_lambda({"logit_lamb": jnp.ones(1)}), "logit_delta_lamb"),
        (lambda p: effective.calc_alt_lambda({"logit_delta_lamb": jnp.ones(1)}), "logit_lamb"),
        (lambda p: effective.calc_lambda_for_ewma(p), "logit_lamb_for_ewma"),
        (lambda p: effective.calc_k(p, 1.0), "sp_k, log_k, absolute_k, k"),
        (lambda p: effective.calc_exponents(p), "sp_exponents, raw_exponents"),
        (lambda p: effective.calc_width(p), "sp_width, raw_width"),
        (lambda p: effective.calc_amplitude(p, 1.0), "sp_amplitude, log_amplitude"),
        (lambda p: effective.calc_initial_weights(p), "initial_weights_logits, initial_weights"),
        (lambda p: effective.calc_raw_memory_days(p, "memory_days_1"), "memory_days_1"),
    ],
)
def test_what_is_absent_is_named(call, keys: str) -> None:
    with pytest.raises(ValueError, match=f"^params: must have .*: {keys}$"):
        call({"other": jnp.ones(1), "log_k": None})


def test_several_sets_are_refused_and_a_number_is_one_for_all() -> None:
    with pytest.raises(ValueError, match=r"choose one parameter set"):
        effective.calc_lambda({"logit_lamb": jnp.ones((2, 3))})
    assert effective.calc_lambda({"logit_lamb": jnp.asarray(0.0)}).tolist() == [0.5]


def test_sets_go_through_vmap_and_jit() -> None:
    sets = {"log_k": jnp.ones((4, 2)), "logit_lamb": jnp.zeros((4, 2))}

    @jax.jit
    @jax.vmap
    def k(params: dict[str, jax.Array]) -> jax.Array:
        return effective.calc_k(params, effective.calc_memory_days(params, 1440, 365.0))

    assert k(sets).shape == (4, 2)
