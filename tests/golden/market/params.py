"""Golden operations on parameters: what we find, by the name of the function."""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.market.parameters import (
    chain,
    effective,
    grids,
    hessian,
    host,
    maps,
    memory,
    restore,
    samplers,
    schema,
    selection,
    start,
)  # fmt: skip
from isotherm.market.parameters.encoding import plain
from isotherm.market.parameters.fingerprint import canonical_json, get_run_location
from isotherm.market.parameters.fixed_point import bd18_strings


def memory_days_to_lambda(given: dict[str, Any]) -> dict[str, Any]:
    days, period = jnp.asarray(given["memory_days"], float), given["chunk_period"]
    logit = memory.memory_days_to_logit_lambda(days, period)
    return {
        "lambda_exact": memory.memory_days_to_lambda(days, period),
        "logit_lambda_exact": None if days.ndim == 0 and days == 0 else logit,
        "one_minus_lambda_exact": maps.logistic(-logit),
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
    days = jnp.asarray(given["memory_days"], float)
    sources = {"from_log_k": "log_k", "from_k": "k", "from_absolute_k": "k", "from_sp_k": "sp_k"}
    return {
        name: effective.calc_k({name.removeprefix("from_"): jnp.asarray(given[key], float)}, days)
        for name, key in sources.items()
        if key in given
    }


def run_location(given: dict[str, Any]) -> dict[str, Any]:
    settings = given["fingerprint"]
    return {"location": get_run_location(settings), "canonical_json": canonical_json(settings)}


def with_shapes(params: dict[str, Any]) -> dict[str, Any]:
    shapes = {key: list(np.shape(value)) for key, value in params.items() if key != "subsidary_params"}
    return {"params": plain(params), "shapes": shapes}


def init_params_singleton(given: dict[str, Any]) -> dict[str, Any]:
    return with_shapes(start.init_params_singleton(**given))


def init_params(given: dict[str, Any]) -> dict[str, Any]:
    return with_shapes(start.init_params(**given, key=jax.random.key(0)))


def convert_parameter_values(given: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in given.items() if key != "params"}
    return chain.convert_parameter_values(given["params"], settings)


def process_initial_values(given: dict[str, Any]) -> dict[str, Any]:
    sizes = (given["n_assets"], given["n_parameter_sets"], given["force_scalar"])
    return {"array": start.process_initial_values({"value": given["value"]}, "value", *sizes)}


def product_of_linspaces(given: dict[str, Any]) -> dict[str, Any]:
    return {"combos": grids.product_of_linspaces(given["base"], given["ranges"], given.get("num_points"))}


def checkpoint_selection(given: dict[str, Any]) -> dict[str, Any]:
    """Every method, with and without the test slice of the continued run, by every metric."""
    records, threshold = given["records"], given.get("min_threshold", 0.0)
    metrics = {
        key for row in records[1:] for one in row["train_objective"] if isinstance(one, dict) for key in one
    }
    asked = {"": {}, "__no_continuous": {"use_continuous_test": False}}
    asked |= {f"__{metric}": {"metric_key": metric} for metric in sorted(metrics)}
    found = {}
    for (suffix, options), method in itertools.product(asked.items(), selection.METHODS):
        with contextlib.suppress(ValueError):  # a metric that only training data were judged by
            chosen = selection.select(records, method, threshold=threshold, **options)
            found[method + suffix] = as_golden(chosen)
            kept = restore.retrieved(records, method, threshold=threshold, **options)
            if not isinstance(kept, list):
                found[f"retrieve_best({method}{suffix})"] = {"params": plain(kept.params), "step": kept.step}
    return found


def as_golden(chosen: Any) -> dict[str, Any]:
    if isinstance(chosen, list):
        return {"steps": [one.step for one in chosen], "sets": [one.set for one in chosen]}
    return {"step": chosen.step, "set": chosen.set}


def hessian_trace(given: dict[str, Any]) -> dict[str, Any]:
    S, x, y = (jnp.asarray(given[key], float) for key in ("S", "x", "y"))
    params = {"x": x, "y": y}

    def objective(p: dict[str, Any]) -> Any:
        return 0.5 * p["x"] @ S @ p["x"] + jnp.sin(p["y"]).sum()

    return {
        "trace": hessian.hessian_trace(objective, params),
        "trace_excluding_y": hessian.hessian_trace(objective, params, ["y"]),
        "frobenius": hessian.hessian_frobenius(objective, params),
    }


def sample_in_range(given: dict[str, Any]) -> dict[str, Any]:
    ranges = {"linear": False, "log": True}
    low, high = given["low"], given["high"]
    return {
        name: schema.sample_in_range(given["u"], schema.SearchRange(low, high, is_log))
        for name, is_log in ranges.items()
        if low > 0 or not is_log
    }


OURS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "memory_days_to_lambda": memory_days_to_lambda,
    "lambda_to_memory_days": lambda_to_memory_days,
    "squareplus": lambda given: {"y": maps.squareplus(jnp.asarray(given["x"], float))},
    "inverse_squareplus": lambda given: {"x": host.inverse_squareplus(given["y"])},
    "logistic": lambda given: {"y": maps.logistic(jnp.asarray(given["x"], float))},
    "alt_lambda": alt_lambda,
    "raw_value_and_log_amplitude": raw_value_and_log_amplitude,
    "calc_k": calc_k,
    "bd18_strings": lambda given: {"strings": bd18_strings(given["values"])},
    "run_location": run_location,
    "init_params_singleton": init_params_singleton,
    "init_params": init_params,
    "convert_parameter_values": convert_parameter_values,
    "process_initial_values": process_initial_values,
    "product_of_linspaces": product_of_linspaces,
    "product_of_arrays": lambda given: {"combos": grids.product_of_arrays(given["base"], given["arrays"])},
    "checkpoint_selection": checkpoint_selection,
    "hessian_trace": hessian_trace,
    "sample_in_range": sample_in_range,
    "centered_lhs": lambda given: {"samples": samplers.centered_latin_hypercube(**given)},
}
"""What we find for a function's inputs: the golden outputs, by name."""
