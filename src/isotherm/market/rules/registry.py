"""The rules by name. Each is a few lines: what values it reads, what estimator it runs, what formula it applies."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.market.parameters import effective as raw
from isotherm.market.parameters.memory import lambda_to_memory_days_clipped, memory_days_to_lambda
from isotherm.market.rules import estimators, updates
from isotherm.market.rules.recurrences import Way
from isotherm.market.rules.rule import Params, RuleOutput, Values, WeightRule, per_token
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.targets import BLEND_KEYS, blend_lambda

K_KEYS = ("sp_k", "log_k", "absolute_k", "k")
GRADIENT_KEYS = ("logit_lamb", "logit_delta_lamb", *K_KEYS)
POWER_KEYS = (
    *GRADIENT_KEYS,
    "sp_exponents",
    "raw_exponents",
    "sp_pre_exp_scaling",
    "logit_pre_exp_scaling",
    "raw_pre_exp_scaling",
)
CHANNEL_KEYS = (*POWER_KEYS, "sp_width", "raw_width", "sp_amplitude", "log_amplitude")


def _capped(lamb: Array, settings: RuleSettings) -> Array:
    return raw.capped_lambda(lamb, settings.chunk_period, settings.max_memory_days)


def _days(lamb: Array, settings: RuleSettings) -> Array:
    return lambda_to_memory_days_clipped(lamb, settings.chunk_period, settings.max_memory_days)


def _spread(values: Values, num_tokens: int) -> Values:
    return {name: None if x is None else per_token(x, num_tokens) for name, x in values.items()}


def _gradient_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    days = _days(raw.calc_lambda(params), settings)
    alt = _capped(raw.calc_alt_lambda(params), settings) if settings.use_alt_lamb else None
    values = {
        "lamb": _capped(raw.calc_lambda(params), settings),
        "alt_lamb": alt,
        "k": raw.calc_k(params, days),
    }
    return _spread(values, num_tokens)


def _power_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    own = {
        "exponents": raw.calc_exponents(params, at_least_one=True),
        "scaling": raw.calc_pre_exp_scaling(params, settings.use_pre_exp_scaling),
    }
    return _gradient_values(params, num_tokens, settings) | _spread(own, num_tokens)


def _channel(params: Params, days: Array, num_tokens: int, settings: RuleSettings) -> Values:
    own = {
        "exponents": raw.calc_exponents(params),
        "scaling": raw.calc_pre_exp_scaling(params, settings.use_pre_exp_scaling),
        "width": raw.calc_width(params),
        "amplitude": raw.calc_amplitude(params, days),
    }
    return _spread(own, num_tokens)


def _channel_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    days = _days(raw.calc_lambda(params), settings)
    return _gradient_values(params, num_tokens, settings) | _channel(params, days, num_tokens, settings)


def _gradient_start(values: Values, price: Array) -> Any:
    return estimators.gradient_start(price)


def _gradient(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, estimators.Gradient]:
    return estimators.gradient_step(way, state, price, values["lamb"], values["alt_lamb"])


def _momentum(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    state, found = _gradient(way, values, state, price)
    return state, RuleOutput(updates.zero_sum(found.gradient, values["k"]), found._asdict())


def _anti_momentum(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    state, found = _momentum(way, values, state, price)
    return state, found._replace(row=-found.row)


def _power(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    state, found = _gradient(way, values, state, price)
    scale = jnp.broadcast_to(2 * values["scaling"], price.shape)
    signal = updates.signed_power(found.gradient / scale, values["exponents"])
    return state, RuleOutput(updates.zero_sum(signal, values["k"]), found._asdict())


def _reversion(values: Values, gradients: tuple[Array, Array, Array]) -> Array:
    shape = (values[name] for name in ("width", "amplitude", "exponents", "scaling"))
    return updates.zero_sum(updates.channel_signal(gradients, *shape), values["k"])


def _mean_reversion(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    state, found = _gradient(way, values, state, price)
    return state, RuleOutput(
        _reversion(values, (found.gradient, found.gradient, found.gradient)), found._asdict()
    )


def _triple_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    average = raw.calc_lambda_for_ewma(params)
    days = _days(average, settings)
    rows = [per_token(_capped(raw.calc_lambda_from_index(params, i), settings), num_tokens) for i in range(3)]
    own = {"alt_lamb": _capped(average, settings), "k": raw.calc_k(params, days)}
    return _channel(params, days, num_tokens, settings) | _spread(own, num_tokens) | {"lamb": jnp.stack(rows)}


def _triple_start(values: Values, price: Float[Array, " n"]) -> Any:
    return estimators.gradient_start(jnp.broadcast_to(price, (3, *price.shape)))


def _triple(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    """Three gradients, on an axis before the tokens."""
    prices = jnp.broadcast_to(price[..., None, :], (*price.shape[:-1], 3, price.shape[-1]))
    state, found = _gradient(way, values, state, prices)
    channel, trend, envelope = (found.gradient[..., i, :] for i in range(3))
    return state, RuleOutput(_reversion(values, (channel, trend, envelope)), found._asdict())


def _first_lambda(params: Params, settings: RuleSettings) -> Array:
    """Of ``memory_days_1``, or else of ``logit_lamb``."""
    if not raw.has(params, "memory_days_1") and raw.has(params, "logit_lamb"):
        return raw.calc_lambda(params)
    return memory_days_to_lambda(raw.calc_raw_memory_days(params, "memory_days_1"), settings.chunk_period)


def _difference_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    first = _first_lambda(params, settings)
    has_days = raw.has(params, "memory_days_1") or raw.has(params, "memory_days_2")
    if has_days or not raw.has(params, "logit_lamb"):
        one, two = (raw.calc_raw_memory_days(params, f"memory_days_{i}") for i in (1, 2))
        second = memory_days_to_lambda(two, settings.chunk_period)
        days = jnp.maximum(per_token(one, num_tokens), per_token(two, num_tokens))
    else:
        second, days = raw.calc_alt_lambda(params), _days(first, settings)
    k = raw.calc_k({key: params.get(key) for key in K_KEYS}, days)
    return _spread(
        {"lamb_1": _capped(first, settings), "lamb_2": _capped(second, settings), "k": k}, num_tokens
    )


def _difference_start(values: Values, price: Array) -> Any:
    return (estimators.average_start(price),) * 2


def _difference(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    one, first = estimators.average_step(way, state[0], price, values["lamb_1"])
    two, second = estimators.average_step(way, state[1], price, values["lamb_2"])
    row = updates.zero_sum((first - second) / first, values["k"])
    return (one, two), RuleOutput(row, {"ewma_1": first, "ewma_2": second})


def _variance_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    return _spread({"lamb": _capped(_first_lambda(params, settings), settings)}, num_tokens)


def _variance_start(values: Values, price: Array) -> Any:
    return estimators.variance_start(price)


def _variance(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    state, found = estimators.variance_step(way, state, price, values["lamb"])
    return state, RuleOutput(updates.inverse_shares(found), {"variance": found})


def _nothing(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    return {}


def _no_state(values: Values, price: Array) -> Any:
    return ()


def _stay(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    return state, RuleOutput(jnp.zeros_like(price), {})


def _cap_values(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
    cap = settings.cap_weights
    return {} if cap is None else {"cap": jnp.asarray(cap, jnp.result_type(float))}


def _index(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
    shares = price / price.sum(-1, keepdims=True)
    row = updates.capped_shares(shares, values["cap"]) if "cap" in values else shares
    return state, RuleOutput(row, {"capitalization": price})


def _rules() -> tuple[WeightRule, ...]:
    gradient, power = (_gradient_values, _gradient_start), (_power_values, _gradient_start)
    channel, triple = (_channel_values, _gradient_start), (_triple_values, _triple_start)
    changes = [
        ("momentum", GRADIENT_KEYS, *gradient, _momentum),
        ("anti_momentum", GRADIENT_KEYS, *gradient, _anti_momentum),
        ("power_channel", POWER_KEYS, *power, _power),
        ("mean_reversion_channel", CHANNEL_KEYS, *channel, _mean_reversion),
        ("triple_threat_mean_reversion_channel", ("logit_lamb_for_ewma", *CHANNEL_KEYS), *triple, _triple),
        (
            "difference_momentum",
            ("memory_days_1", "memory_days_2", *GRADIENT_KEYS),
            _difference_values,
            _difference_start,
            _difference,
        ),
        ("balancer", (), _nothing, _no_state, _stay),
        ("hodl", (), _nothing, _no_state, _stay),
    ]
    fields = ("name", "keys", "effective", "init", "advance")
    return (
        *(WeightRule(**dict(zip(fields, one, strict=True))) for one in changes),
        WeightRule(
            name="min_variance",
            keys=("memory_days_1", *BLEND_KEYS),
            effective=_variance_values,
            init=_variance_start,
            advance=_variance,
            is_target=True,
            blend=blend_lambda,
        ),
        WeightRule(
            name="index_market_cap",
            keys=BLEND_KEYS,
            effective=_cap_values,
            init=_no_state,
            advance=_index,
            is_target=True,
            blend=blend_lambda,
            lag=0,
            needs_supply=True,
        ),
    )


RULES = {rule.name: rule for rule in _rules()}
"""The rules of the package by name."""


def rule_named(rule: WeightRule | str) -> WeightRule:
    """A rule of the package by its name; a rule stays as it is.

    Raises:
        ValueError: naming the rules, if there is none of that name.
        TypeError: if it is neither.

    >>> rule_named("momentum").is_target
    False
    """
    if isinstance(rule, WeightRule):
        return rule
    return RULES[doors.choice("rule", doors.text("rule", rule), RULES)]
