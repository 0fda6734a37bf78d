"""Golden objectives of a strategy and their gradients by raw parameters."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from tests.golden.market.metrics import formula_prices

from isotherm.market.objectives.registry import objective
from isotherm.market.objectives.returns import history_of
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.pools.pool import pool_path
from isotherm.market.rules.weights import calculate_weights
from isotherm.market.strategy import costs_of, strategy_of


def differentiated(given: dict[str, Any]) -> tuple[Any, Any]:
    """The objective of a bout, and its gradient by each raw parameter."""
    own = {key: value for key, value in given["settings"].items() if key != "fused"}
    tokens = [f"T{i}" for i in range(len(given["formula_prices"]))]
    settings = Fingerprint(tokens=tokens, rule=given["rule"], **own).with_defaults()
    prices, start, length = formula_prices(given), given["start_index"], given["bout_length"]
    strategy, bout = strategy_of(settings), jnp.asarray(prices[start : start + length - 1])
    assert strategy.rule is not None
    rule = strategy.rule

    def worth(params: dict[str, Any]) -> jax.Array:
        bounds = strategy.bounds(params)
        weights = calculate_weights(rule, params, prices, start, length, strategy.settings, bounds=bounds)
        value = settings["initial_pool_value"]
        path = pool_path(strategy.pool, weights, bout, costs_of(settings), value=value, with_trades=True)
        history = history_of(path.value, path.reserves, bout, path.fee_revenue)
        return objective(settings["return_val"])(history)

    params = {key: jnp.asarray(value) for key, value in given["params"].items()}
    return jax.jit(jax.value_and_grad(worth))(params)


def objective_and_gradient(given: dict[str, Any]) -> dict[str, Any]:
    value, gradient = differentiated(given)
    return {"objective": value, "gradient": gradient}


OURS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "objective_and_gradient": objective_and_gradient,
}
