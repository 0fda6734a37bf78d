"""Golden operations on objectives and statistics: what we find, by the name of the function."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from isotherm.market.objectives.decomposition import decompose_return
from isotherm.market.objectives.periods import period_metrics
from isotherm.market.objectives.registry import OBJECTIVES, evaluate_all
from isotherm.market.objectives.significance import (
    block_bootstrap_sharpe,
    deflated_sharpe,
    rademacher_complexity,
    rademacher_haircut,
)


def formula_prices(given: dict[str, Any]) -> np.ndarray:
    """Closed-form minute prices, ``(minutes, tokens)``, by the file's conventions."""
    t = np.arange(given["n_minutes"], dtype=np.float64)
    return np.stack([_formula(t, **one) for one in given["formula_prices"]], axis=1)


def _formula(
    t: np.ndarray, p0: float, a: float, Ta: float, phi: float, b: float, Tb: float, d: float
) -> np.ndarray:
    return p0 * np.exp(a * np.sin(2 * np.pi * t / Ta + phi) + b * np.cos(2 * np.pi * t / Tb) + d * t)


def pool(given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, reserves and prices of a pool of constant weights, as the cases construct it."""
    prices, weights = formula_prices(given), np.asarray(given["weights"])
    value = given["initial_value"] * np.prod((prices / prices[0]) ** weights, axis=1)
    reserves = weights * value[:, None] / prices
    return value * _multiplier(given.get("value_multiplier"), len(value)), reserves, prices


def _multiplier(words: str | None, num_minutes: int) -> np.ndarray | float:
    """``exp(-1e-7*t)`` and its like."""
    if words is None:
        return 1.0
    found = re.fullmatch(r"exp\(([-+.\de]+)\*t\)", words)
    assert found, f"value_multiplier {words!r} is not understood"
    return np.exp(float(found[1]) * np.arange(num_minutes))


def objective_metrics(given: dict[str, Any]) -> dict[str, float]:
    names = [name for name in OBJECTIVES if name != "fee_revenue_over_value"]
    return evaluate_all(names, *pool(given))


def period(given: dict[str, Any]) -> dict[str, Any]:
    found = period_metrics(*pool(given)).in_files()
    daily = found.pop("daily_returns")
    return found | {"daily_returns_first5": daily[:5], "n_daily_returns": len(daily)}


def bootstrap(given: dict[str, Any]) -> dict[str, float]:
    found = block_bootstrap_sharpe(
        given["daily_returns"],
        given["n_bootstrap"],
        given["block_length"],
        given["confidence"],
        given["seed"],
    )
    names = ("point_estimate", "lower", "upper", "std", "confidence_level")
    return dict(zip(names, found, strict=True))


def deflated(given: dict[str, Any]) -> dict[str, Any]:
    found = deflated_sharpe(
        given["observed_sr"],
        given["n_trials"],
        given["T"],
        given["skew"],
        given["excess_kurtosis"],
        compat=True,
    )
    said = {name: given[name] for name in ("observed_sr", "n_trials", "T")}
    return {"sr0": found.benchmark, "dsr": found.probability, "significant": found.is_significant} | said


def decomposition(given: dict[str, Any]) -> dict[str, float]:
    found = decompose_return(*pool(given), given["fees_earned"])._asdict()
    others = {"constant_weight_return": "cw_amm_return", "hodl_value": "hodl_value_final"}
    others["pool_value"] = "pool_value_final"
    return {others.get(name, name): value for name, value in found.items()}


def rademacher(given: dict[str, Any]) -> dict[str, float]:
    complexity = rademacher_complexity(given["returns"], given["n_samples"], given["seed"])
    haircut = rademacher_haircut(complexity, given["T"], given["delta"])
    return {"complexity": complexity, "haircut": haircut, "adjusted": given["observed_sharpe"] - haircut}


OURS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "objective_metrics": objective_metrics,
    "period_metrics": period,
    "block_bootstrap_sharpe_ci": bootstrap,
    "deflated_sharpe": deflated,
    "return_decomposition": decomposition,
    "rademacher": rademacher,
}
