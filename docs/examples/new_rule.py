"""A rule of one's own: follow tokens whose fast average is above their slow one, however far, by a bounded signal."""

import jax.numpy as jnp

from isotherm.market.parameters.effective import calc_k, calc_raw_memory_days, capped_lambda
from isotherm.market.parameters.memory import memory_days_to_lambda
from isotherm.market.rules.estimators import average_start, average_step
from isotherm.market.rules.rule import RuleOutput, WeightRule, per_token
from isotherm.market.rules.updates import zero_sum

KEYS = ("memory_days_1", "memory_days_2", "log_k")


def effective(params, num_tokens, settings):
    days = {name: calc_raw_memory_days(params, name) for name in KEYS[:2]}
    lambs = (memory_days_to_lambda(one, settings.chunk_period) for one in days.values())
    fast, slow = (capped_lambda(lamb, settings.chunk_period, settings.max_memory_days) for lamb in lambs)
    values = {"fast": fast, "slow": slow, "k": calc_k({"log_k": params["log_k"]}, days["memory_days_2"])}
    return {name: per_token(value, num_tokens) for name, value in values.items()}


def init(values, price):
    return average_start(price), average_start(price)


def advance(way, values, state, price):
    fast_state, fast = average_step(way, state[0], price, values["fast"])
    slow_state, slow = average_step(way, state[1], price, values["slow"])
    signal = jnp.tanh(20 * (fast / slow - 1))
    return (fast_state, slow_state), RuleOutput(zero_sum(signal, values["k"]), {"fast": fast, "slow": slow})


CROSSING = WeightRule(name="crossing", keys=KEYS, effective=effective, init=init, advance=advance)
