"""Numbers of a tuning from the arrays of its trials."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.market.objectives.significance import annual_sharpe
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.market.tune.found import best_trial, importances, pareto_front
from isotherm.studies.market.facts import changed, settings_facts
from isotherm.studies.market.significance import compared, deflated_of, interval_of
from isotherm.studies.tune.config import TuneConfig
from isotherm.studies.tune.inputs import tuning_for
from isotherm.studies.tune.runs import told_in, words_of
from isotherm.study.base import Arrays, Result
from isotherm.study.trees import prefixed, under

Days = Float64[np.ndarray, " days"]

RIVALS = ("untuned", "hodl", "uniform_hodl")


def combined(config: TuneConfig, results: Mapping[str, Arrays]) -> Result:
    """Metrics and arrays of all tasks.

    Args:
        config: of the study.
        results: by task: ``trial-0`` and on, and ``held``.
    """
    tuning, count = tuning_for(config), config.num_trials
    told = told_in(results[f"trial-{count - 1}"])
    notes = [str(results[f"trial-{i}"]["note"]) for i in range(count)]
    best, settings = best_trial(told), tuning.walk.settings
    tested = _tested(results, best)
    after = _held(results["held"]) if "held" in results else {}
    metrics: dict[str, Any] = {
        **settings_facts(settings),
        "training": changed(settings["optimisation_settings"], TRAINING_DEFAULTS),
        "goals": list(config.goals),
        "axes": [_axis(axis) for axis in tuning.axes],
        "trials": [words_of(one, note) for one, note in zip(told, notes, strict=True)],
        "best": best,
        "front": list(pareto_front(told)),
        "importances": importances(tuning, told),
        "cycles": [list(cycle) for cycle in tuning.walk.cycles],
        "num_held": config.num_held,
        "kept_percent": config.kept_percent,
        "tested": _part(tested, count),
        "held": _part(after, 1),
    }
    return Result(metrics, _arrays(told, tested, after, results))


def _axis(axis: Any) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "name": axis.name,
        "low": axis.low,
        "high": axis.high,
        "log_scale": axis.log_scale,
        "choices": list(axis.choices),
    }


def _tested(results: Mapping[str, Arrays], best: int | None) -> dict[str, Days]:
    """Daily returns over the tests that trials saw, by pool; of pools that were walked to the end."""
    if best is None:
        return {}
    own, first = results[f"trial-{best}"], results["trial-0"]
    return _daily(under(own, "returns"), first.get("returns/pool"))


def _held(found: Arrays) -> dict[str, Days]:
    if "tuned/returns/pool" not in found:
        return {}
    return _daily(under(found, "tuned/returns"), found.get("untuned/returns/pool"))


def _daily(own: Mapping[str, np.ndarray], untuned: np.ndarray | None) -> dict[str, Days]:
    found = {
        "tuned": own["pool"],
        "untuned": untuned,
        "hodl": own["hodl"],
        "uniform_hodl": own["uniform_hodl"],
    }
    return {
        name: value for name, value in found.items() if value is not None and len(value) == len(own["pool"])
    }


def _part(daily: Mapping[str, Days], trials: int) -> dict[str, Any] | None:
    """What each pool did, and whether the tuned one can be told from the others; its ratio is one of so many."""
    if not daily:
        return None
    own = daily["tuned"]
    return {
        "days": len(own),
        "pools": {
            name: {
                "return": float(np.prod(1 + values) - 1),
                "sharpe": float(annual_sharpe(values)),
                "interval": interval_of(values),
            }
            for name, values in daily.items()
        },
        "against": {
            name: compared(own, daily[name]) | {"information": float(annual_sharpe(own - daily[name]))}
            for name in RIVALS
            if name in daily
        },
        "trials": trials,
        "deflated": deflated_of(own, trials),
    }


def _arrays(
    told: Sequence[Any], tested: Mapping[str, Days], after: Mapping[str, Days], results: Mapping[str, Arrays]
) -> Arrays:
    values = [np.nan if one.values is None else one.values[0] for one in told]
    others = {"held/unix": results["held"]["tuned/unix"]} if after else {}
    return {
        "value": np.array(values, float),
        **prefixed("tested", tested),
        **prefixed("held", after),
        **others,
    }
