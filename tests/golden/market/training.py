"""Golden schedules, periods and objectives of training."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from tests.golden.market.metrics import formula_prices

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import synthetic_table
from isotherm.market.train.cycles import walk_cycles
from isotherm.market.train.periods import period_parts
from isotherm.market.train.problem import problem_of
from isotherm.market.train.rates import rate_schedule

START, END = "2023-01-13 00:00:00", "2023-02-12 00:00:00"
"""Of the bout: row 17,280 of minutes that begin with the year, and 43,200 rows later."""


def lr_schedule(given: dict[str, Any]) -> dict[str, Any]:
    rate = rate_schedule(given["settings"])
    return {"lr": [float(rate(jnp.asarray(step))) for step in given["steps"]]}


def period_specs(given: dict[str, Any]) -> dict[str, Any]:
    parts = period_parts(given["n_periods"], given["total_length"], given["overlap_fraction"])
    return {"specs": [list(part) for part in parts]}


def objective_fused(given: dict[str, Any]) -> dict[str, Any]:
    """What training climbs: the window of the whole training period, by daily values and by minutes."""
    tokens = [f"T{i}" for i in range(len(given["formula_prices"]))]
    table = synthetic_table(formula_prices(given), tokens, "2023-01-01 00:00:00")
    own = {key: value for key, value in given["settings"].items() if key != "fused"}
    assert (given["start_index"], given["bout_length"]) == (17280, 43200)
    run = Fingerprint(
        tokens=tokens,
        rule=given["rule"],
        startDateString=START,
        endDateString=END,
        bout_offset=1,  # a bout of 43,200 has a minute less than the 30 days and one of the window
        use_fused_reserves=given["fused"],
        optimisation_settings={"val_fraction": 0.0, "n_parameter_sets": 1},
        **own,
    )
    problem = problem_of(run, table, params=given["params"])
    objective = problem.gradient.objective
    assert objective.bout_length == given["bout_length"]
    assert (objective.moves is not None) == given["fused"]
    # the case warms estimators on all prices, a run on those of its memory
    prices = jnp.asarray(table.closes)
    objective = eqx.tree_at(lambda one: one.course.prices, objective, prices)
    if given["fused"]:
        objective = eqx.tree_at(lambda one: one.moves, objective, jnp.diff(jnp.log(prices), axis=0))
    one = {name: jnp.asarray(value) for name, value in given["params"].items()}
    return {"objective": np.asarray(eqx.filter_jit(objective)(one, jnp.asarray(given["start_index"])))}


def walk_forward_cycles(given: dict[str, Any]) -> dict[str, Any]:
    assert given["timezone"] == "UTC"
    dates = given["start_date"], given["end_date"]
    found = walk_cycles(*dates, given["n_cycles"], keep_fixed_start=given["keep_fixed_start"])
    names = ("train_start", "train_end", "test_start", "test_end")
    return {"cycles": [{name: getattr(cycle, name) for name in names} for cycle in found]}


OURS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "lr_schedule": lr_schedule,
    "period_specs": period_specs,
    "objective_fused": objective_fused,
    "walk_forward_cycles": walk_forward_cycles,
}
