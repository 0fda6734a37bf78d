"""Golden operations on parameters: what we find, by the name of the function."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.market.parameters import chain, effective, grids, hessian, host, maps, memory, selection
from isotherm.market.parameters import restore, samplers, schema, start
from isotherm.market.parameters.encoding import plain
from isotherm.market.parameters.fingerprint import canonical_json, get_run_location


def memory_days_to_lambda(given: dict[str, Any]) -> dict[str, Any]:
    days, period = given["memory_days"], given["chunk_period"]
    decay = memory.memory_days_to_lambda(jnp.asarray(days, float), period)
    is_none = np.ndim(days) == 0 and days == 0
    logit = None if is_none else memory.memory_days_to_logit_lambda(jnp.asarray(days, float), period)
    informative = given.get("lambda_reference")
    return {
        "lambda_exact": decay,
        "logit_lambda_exact": logit,
        "one_minus_lambda_exact": 1 / (1 + np.exp(-np.inf if is_none else np.asarray(logit, float))),
        "lambda_reference": informative,
    }


def lambda_to_memory_days(given: dict[str, Any]) -> dict[str, Any]:
    decay, period = jnp.asarray(given["lam"], float), given["chunk_period"]
    return {
        "memory_days": memory.lambda_to_memory_days(decay, period),
        "memory_unitless": memory.lambda_to_memory(decay),
        "clipped_365": memory.lambda_to_memory_days_clipped(decay, period, 365.0),
        "clipped_5": memory.lambda_to_memory_days_clipped(decay, period, 5.0),
    }


def alt_lambda(given: dict[str, Any]) -> dict[str, Any]:
    params = {key: jnp.asarray(value, float) for key, value in given.items()}
    return {"lam": effective.calc_lambda(params), "alt_lam": effective.calc_alt_lambda(params)}


def raw_value_and_log_amplitude(given: dict[str, Any]) -> dict[str, Any]:
    value, days = given["value"], given["memory_days"]
    return {"raw": host.get_raw_value(value), "log_amplitude": host.get_log_amplitude(value, days)}


def calc_k(given: dict[str, Any]) -> dict[str, Any]:
    days = given["memory_days"]
    log_k, k = (jnp.asarray(given[key], float) for key in ("log_k", "k"))
    return {
        "from_log_k": effective.calc_k({"log_k": log_k}, days),
        "from_k": effective.calc_k({"k": k}, days),
        "from_absolute_k": effective.calc_k({"absolute_k": k}, days),
    }
