"""Numbers of a walk forward from the arrays of its tasks: cycle by cycle, and all tests one after another."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.market.objectives.returns import DAYS_PER_YEAR, relative_changes
from isotherm.market.objectives.significance import annual_sharpe
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.market.walk.tested import CycleRecord
from isotherm.market.walk.verdict import joined_returns, walk_verdict
from isotherm.studies.market.facts import changed, finite, settings_facts
from isotherm.studies.market.significance import compared, deflated_of, interval_of
from isotherm.studies.walk.config import WalkConfig
from isotherm.studies.walk.kept import record_from, words_in
from isotherm.study.base import Arrays, Result
from isotherm.study.trees import prefixed

Days = Float64[np.ndarray, " days"]

POOLS = ("trained", "default", "hodl", "uniform_hodl")
RIVALS = POOLS[1:]


def cycles_of(config: WalkConfig, settings: Mapping[str, Any]) -> int:
    """How many cycles a walk has.

    Args:
        config: of the study.
        settings: of the run, defaults filled in.
    """
    return config.n_cycles or settings["optimisation_settings"]["n_cycles"]


def combined(config: WalkConfig, settings: Mapping[str, Any], results: Mapping[str, Arrays]) -> Result:
    """Metrics and arrays of all tasks.

    Args:
        config: of the study.
        settings: of the run, defaults filled in.
        results: by task: ``cycle-0-link-0`` and on, ``cycle-0-tested`` and on, ``default``, ``chance-0`` and on.
    """
    found = [results[f"cycle-{i}-tested"] for i in range(cycles_of(config, settings))]
    records, training = [record_from(one) for one in found], settings["optimisation_settings"]
    daily = daily_of(records, results["default"]["returns"])
    chance = [results[f"chance-{i}"]["returns"] for i in range(config.num_chance)]
    own = daily["trained"]
    metrics: dict[str, Any] = {
        **settings_facts(settings),
        "training": changed(training, TRAINING_DEFAULTS),
        "objective": settings["return_val"],
        "cycles": [_cycle(record, words_in(one)) for record, one in zip(records, found, strict=True)],
        "pools": {name: _pool(values, config.num_trials) for name, values in daily.items()},
        "against": {name: compared(own, daily[name]) for name in RIVALS},
        "chance": {"sharpes": [float(annual_sharpe(values)) for values in chance]},
        "verdict": _verdict(records, config.num_trials),
        "turnover": _turnover(records),
        "days": len(own),
        "purge_days": config.purge_days,
        "embargo_days": config.embargo_days,
        "num_trials": config.num_trials,
        "notes": list(dict.fromkeys(note for record in records for note in record.notes)),
    }
    return Result(metrics, _arrays(records, found, daily, chance))


def daily_of(records: Sequence[CycleRecord], default: Days) -> dict[str, Days]:
    """Daily returns of all tests one after another, by pool; what is held is held from the first test's begin on."""
    prices = _joined([record.prices for record in records])
    first = records[0].weights[0] / prices[0]
    return {
        "trained": joined_returns(records).pool,
        "default": default,
        "hodl": relative_changes(prices @ first),
        "uniform_hodl": relative_changes((prices / prices[0]).mean(1)),
    }


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Midnights of all tests; that between two of them is the later one's first."""
    return np.concatenate([*(part[:-1] for part in parts), parts[-1][-1:]])


def _pool(daily: Days, trials: int) -> dict[str, Any]:
    growth = float(np.prod(1 + daily))
    return {
        "return": growth - 1,
        "a_year": growth ** (DAYS_PER_YEAR / len(daily)) - 1,
        "sharpe": float(annual_sharpe(daily)),
        "interval": interval_of(daily),
        "deflated": deflated_of(daily, trials),
    }


def _cycle(record: CycleRecord, words: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **record.cycle._asdict(),
        "inside": {name: finite(value) for name, value in record.in_sample.items()},
        "outside": {name: finite(value) for name, value in record.out_of_sample.items()},
        "efficiency": finite(record.efficiency),
        "gap": finite(record.gap),
        "haircut": record.haircut,
        "train_regime": list(record.train_regime[:2]),
        "test_regime": list(record.test_regime[:2]),
        "run_location": record.run_location,
        **{name: words[name] for name in ("epochs_trained", "iteration", "param_idx", "judged")},
    }


def _verdict(records: Sequence[CycleRecord], trials: int) -> dict[str, Any]:
    found = walk_verdict(records, trials, num_resamples=1)  # intervals are those of the pools
    names = ("mean_sharpe", "std_sharpe", "worst_sharpe", "num_efficiency", "adjusted_sharpe", "is_effective")
    return {
        **{name: getattr(found, name) for name in names},
        "mean_efficiency": finite(found.mean_efficiency),
        "reasons": list(found.reasons),
    }


def _turnover(records: Sequence[CycleRecord]) -> float | None:
    """Mean share of the value that changes hands where one pool is exchanged for the next; None of one cycle."""
    moved = [np.abs(later.weights[0] - earlier.weights[-1]).sum() / 2 for earlier, later in pairwise(records)]
    return float(np.mean(moved)) if moved else None


def _arrays(
    records: Sequence[CycleRecord], found: Sequence[Arrays], daily: Mapping[str, Days], chance: Sequence[Days]
) -> Arrays:
    effective = [name for name in found[0] if name.startswith("effective/")]
    return {
        "unix": _joined([record.unix for record in records]),
        "weights": _joined([record.weights for record in records]),
        "starts": np.cumsum([0, *(len(record.value) - 1 for record in records[:-1])]),
        **prefixed("value", {name: _value(values) for name, values in daily.items()}),
        **({"chance": np.stack([_value(values) for values in chance])} if chance else {}),
        **{name: np.stack([one[name] for one in found]) for name in effective},
        **prefixed(
            "params",
            {name: np.stack([record.params[name] for record in records]) for name in records[0].params},
        ),
    }


def _value(daily: Days) -> np.ndarray:
    """That begins at 1."""
    return np.concatenate([[1.0], np.cumprod(1 + daily)])
