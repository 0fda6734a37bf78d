"""Golden operations on estimators, rules, weights and learnable bounds: what we find, by the name of the function."""

from collections.abc import Callable
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.market.hooks.bounds import learned_bounds
from isotherm.market.parameters.effective import capped_lambda
from isotherm.market.parameters.memory import memory_days_to_lambda
from isotherm.market.parameters.pool_start import bounds_start
from isotherm.market.rules.bounds import WeightBounds, clipped, within_bounds
from isotherm.market.rules.coarse import steps_of
from isotherm.market.rules.estimators import ewma, price_gradient, return_covariance, return_variance
from isotherm.market.rules.guardrails import guarded, limited
from isotherm.market.rules.interpolation import interpolated
from isotherm.market.rules.registry import RULES
from isotherm.market.rules.settings import Interpolation, RuleSettings
from isotherm.market.rules.targets import blend_lambda
from isotherm.market.rules.updates import capped_shares
from isotherm.market.rules.weights import rule_outputs

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
    found = np.asarray(return_covariance(array(given["prices"]), array(given["lam"])))
    return {"covariance_last": found[-1]} | {f"covariance_{i}": one for i, one in enumerate(found)}


def convolution(given: Inputs) -> Inputs:
    prices, lamb = array(given["prices"]), array(given["lam"])
    found = price_gradient(prices, lamb, form=int(given["kernel_length"])).gradient
    streamed = price_gradient(prices, lamb, form="scan").gradient
    last = {f"last{i}": np.asarray(found)[-i:] for i in range(1, len(found))}
    return {"n_rows": len(found), "max_abs_diff_vs_scan": jnp.abs(found - streamed).max()} | last


def outputs(name: str, values: Inputs, prices: Any) -> Any:
    """Rows that a rule gives for effective parameters, which are ``(n,)``."""
    rule, prices = RULES[name], array(prices)
    tokens = prices.shape[1]
    values = {key: None if x is None else spread(x, tokens) for key, x in values.items()}

    @jax.jit
    def rows(values: Inputs, prices: Any) -> Any:
        return rule.over("vectorized", values, rule.init(values, prices[0]), prices[rule.lag :])[1].row

    return rows(values, prices)


def spread(values: Any, tokens: int) -> Any:
    values = array(values)
    return jnp.broadcast_to(values, (*values.shape[:-1], tokens))


def rule_of(name: str, given: Inputs, out: str = "delta") -> Inputs:
    source = given.get("gradient_from", given)
    values = {"lamb": source["lam"], "alt_lamb": source.get("alt_lam")} | {
        ours: given[theirs]
        for ours, theirs in {
            "k": "k",
            "exponents": "exponents",
            "scaling": "pre_exp_scaling",
            "width": "width",
            "amplitude": "amplitude",
        }.items()
        if theirs in given
    }
    if "exponents" in values and name == "power_channel":
        values["exponents"] = np.maximum(np.asarray(values["exponents"], np.float64), 1.0)
    return {out: outputs(name, values, source["prices"])}


def zero_k(given: Inputs) -> Inputs:
    return {"delta": rule_of("momentum", given)["delta"][-6:]}


def difference(given: Inputs) -> Inputs:
    period, most = given["chunk_period"], given.get("max_memory_days", 365.0)
    one, two = (
        capped_lambda(memory_days_to_lambda(array(given[f"memory_days_{i}"]), period), period, most)
        for i in (1, 2)
    )
    values = {"lamb_1": one, "lamb_2": two, "k": given["k"]}
    return {"delta": outputs("difference_momentum", values, given["prices"])}


def triple(given: Inputs) -> Inputs:
    lamb = [given[f"lam_{name}"] for name in ("channel", "trend", "envelope")]
    inner = given | {"lam": lamb, "alt_lam": given["lam_ewma"]}
    return {"delta": rule_of("triple_threat_mean_reversion_channel", inner)["delta"][-8:]}


def settings_of(given: Inputs) -> RuleSettings:
    known = {name: given[name] for name in RuleSettings.__dataclass_fields__ if name in given}
    if "weight_interpolation_period" in known:
        known["chunk_period"] = max(known.get("chunk_period", 1440), known["weight_interpolation_period"])
    return RuleSettings(**known)


def of_rule(given: Inputs) -> Inputs:
    """The last 12 rows."""
    found = rule_outputs(
        given["rule"], given["params"], given["prices"], settings_of(given), supply=given.get("supply")
    )
    return {"n_rows": len(found.row), "rows": found.row[-12:]}


def coarse(given: Inputs, num_rows: int, bounds: WeightBounds | None = None) -> Inputs:
    """Guarded moves of changes, or of targets."""
    settings = settings_of(given)
    if "targets_from" in given:
        source = given["targets_from"]
        rows = rule_of(source["rule"], source, "rows")["rows"]
        blend = blend_lambda({"memory_days_2": array(given["memory_days_2"])}, rows.shape[1], settings)
        start = array(given["initial_weights"]) if "initial_weights" in given else rows[0]
        if given.get("start_from_first_target", True):
            start = guarded(rows[0], start, settings, bounds)
    else:
        source = given["delta_from"]
        rows, blend = rule_of(source["rule"], source, "rows")["rows"], None
        start = array(given["initial_weights"])
    found, _ = steps_of(rows, start, settings, bounds, blend)
    return {name: getattr(found, name)[:num_rows] for name in ("start", "step", "target")} | {
        "final_start": found.start[-1]
    }


def bounds_of(given: Inputs) -> WeightBounds:
    return WeightBounds(array(given["min"]), array(given["max"]))


def bounded(given: Inputs) -> Inputs:
    bounds = bounds_of(given)
    return {"weights": jax.jit(jax.vmap(lambda row: within_bounds(row, bounds)))(array(given["weights"]))}


def block(given: Inputs) -> Inputs:
    start, step, *periods = (
        array(given["start"]),
        array(given["step"]),
        given["chunk_period"],
        given["weight_interpolation_period"],
    )
    paths = jax.jit(interpolated, static_argnums=(2, 3, 4))
    return {method: paths(start, step, *periods, method) for method in get_args(Interpolation)}


def straight_through(given: Inputs) -> Inputs:
    def bounded(x: Any) -> Any:
        return clipped(x, given["lo"], given["hi"], is_passing=True)

    x = array(given["x"])
    return {"value": bounded(x), "grad_of_sum": jax.grad(lambda x: bounded(x).sum())(x)}


def learned(given: Inputs) -> Inputs:
    raw = bounds_start(
        {"min_weights_per_asset": given["min"], "max_weights_per_asset": given["max"]}, len(given["min"]), 1
    )
    found = learned_bounds({key: array(value[0]) for key, value in raw.items()})
    return {"raw": raw, "min_back": found.low, "max_back": found.high}


OURS: dict[str, Callable[[Inputs], Any]] = {
    "price_gradient": gradients,
    "price_gradient_alt": alternative,
    "ewma_pair": ewma_pair,
    "return_variance": lambda given: {
        "variance": return_variance(array(given["prices"]), array(given["lam"]))
    },
    "return_covariance": covariance,
    "price_gradient_convolution": convolution,
    "momentum": lambda given: rule_of("momentum", given),
    "momentum_zero_k": zero_k,
    "anti_momentum": lambda given: {"delta": rule_of("anti_momentum", given)["delta"][-6:]},
    "power_channel": lambda given: rule_of("power_channel", given),
    "mean_reversion_channel": lambda given: rule_of("mean_reversion_channel", given),
    "difference_momentum": difference,
    "min_variance_targets": lambda given: rule_of("min_variance", given, "targets"),
    "triple_threat": triple,
    "cap_and_redistribute": lambda given: {
        "weights": capped_shares(array(given["weights"]), array(given["max_weight"]))
    },
    "rule_outputs": of_rule,
    "coarse_from_deltas": lambda given: coarse(given, 20),
    "coarse_from_targets": lambda given: coarse(given, 12),
    "coarse_from_deltas_bounded": lambda given: coarse(given, 12, bounds_of(given)),
    "per_asset_bounds": bounded,
    "interpolation_block": block,
    "scale_step": lambda given: {"step": limited(array(given["step"]), given["maximum_change"])},
    "straight_through_clip": straight_through,
    "learnable_bounds": learned,
}
"""Golden operations on estimators, rules, weights and learnable bounds: what we find, by the name of the function."""
