"""Golden operations on estimators, rules, weights and learnable bounds: what we find, by the name of the function."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.market.parameters.effective import capped_lambda
from isotherm.market.parameters.memory import memory_days_to_lambda
from isotherm.market.rules.estimators import ewma, price_gradient, return_covariance, return_variance

Inputs = dict[str, Any]


def array(values: Any) -> Any:
    return jnp.asarray(np.asarray(values, np.float64))


def gradients(given: Inputs) -> Inputs:
    found = price_gradient(array(given["prices"]), array(given["lam"]))
    return {"gradient": found.gradient, "ewma": found.ewma, "running_a": found.running_a}


def alternative(given: Inputs) -> Inputs:
    found = price_gradient(array(given["prices"]), array(given["lam"]), array(given["alt_lam"]))
    return {"gradient": found.gradient, "ewma": found.ewma, "running_a": found.running_a}


def ewma_pair(given: Inputs) -> Inputs:
    period, most = given["chunk_period"], given.get("max_memory_days", 365.0)
    lambs = (memory_days_to_lambda(array(given[f"memory_days_{i}"]), period) for i in (1, 2))
    one, two = (ewma(array(given["prices"]), capped_lambda(lamb, period, most)) for lamb in lambs)
    return {"ewma_1": one, "ewma_2": two}


def covariance(given: Inputs) -> Inputs:
    found = return_covariance(array(given["prices"]), array(given["lam"]))
    return {"covariance_last": found[-1]} | {f"covariance_{i}": one for i, one in enumerate(found)}


def convolution(given: Inputs) -> Inputs:
    prices, lamb = array(given["prices"]), array(given["lam"])
    found = price_gradient(prices, lamb, form=int(given["kernel_length"])).gradient
    streamed = price_gradient(prices, lamb, form="scan").gradient
    last = {f"last{i}": found[-i:] for i in range(1, len(found))}
    return {"n_rows": len(found), "max_abs_diff_vs_scan": jnp.abs(found - streamed).max()} | last


OURS: dict[str, Callable[[Inputs], Any]] = {
    "price_gradient": gradients,
    "price_gradient_alt": alternative,
    "ewma_pair": ewma_pair,
    "return_variance": lambda given: {"variance": return_variance(array(given["prices"]), array(given["lam"]))},
    "return_covariance": covariance,
    "price_gradient_convolution": convolution,
}
"""Golden operations on estimators, rules, weights and learnable bounds: what we find, by the name of the function."""
