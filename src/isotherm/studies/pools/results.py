"""What the study finds: means per order, paired differences, and how outcomes of pools go together."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.names import JOINT_LEARNERS, fixed_names
from isotherm.study.base import Arrays, Result
from isotherm.study.tables import Estimate

Totals: TypeAlias = Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]
"""Sums over all orders by cell, entry and record, leading with runs."""

NUM_PERIODS = 5
"""Parts of the prices by which runs are grouped: those that begin in one share much of them."""


def combined(config: PoolRoutingConfig, totals: Totals, example: Mapping[str, np.ndarray]) -> Result:
    """Metrics and arrays of all cells, per order.

    Args:
        config: of the run.
        totals: of every cell and entry ``regret``, ``success``, ``cost``, ``best_cost`` and ``split_gain``, each
            ``(runs,)``; of agents fixed on a pool also ``wins``, ``(runs, n)``, and ``joint_wins``, ``(runs, n, n)``.
        example: as :func:`isotherm.studies.pools.market.example_of` returns it.
    """
    metrics: dict[str, Any] = {}
    arrays: Arrays = {"example/gap": example["gap"]}
    periods = period_of(example["first_rows"], int(example["num_rows"]))
    for cell, entries in totals.items():
        means = {
            name: {record: values / config.num_steps for record, values in records.items()}
            for name, records in entries.items()
        }
        for key, found in _cell(config, means, periods).items():
            metrics.setdefault(key, {})[cell] = found
        for name, records in means.items():
            for record in ("regret", "success"):
                arrays[f"{cell}/{name}/{record}_per_order"] = records[record]
        arrays[f"{cell}/alike"] = _alike(config, means)
    return Result(metrics, arrays)


def period_of(first_rows: np.ndarray, num_rows: int) -> np.ndarray:
    """Of each run, in which of :data:`NUM_PERIODS` equal parts of the prices it begins, ``(runs,)``.

    Args:
        first_rows: of each run, ``(runs,)``.
        num_rows: in which runs may begin.
    """
    return np.minimum(first_rows * NUM_PERIODS // max(num_rows, 1), NUM_PERIODS - 1)


def _cell(
    config: PoolRoutingConfig, means: Mapping[str, Mapping[str, np.ndarray]], periods: np.ndarray
) -> dict[str, Any]:
    regret = {name: records["regret"] for name, records in means.items()}
    fixed = sorted(fixed_names(config), key=lambda name: regret[name].mean())
    best, worst = fixed[0], fixed[-1]
    found: dict[str, Any] = {
        "per_order": {
            name: {record: _told(values) for record, values in records.items() if values.ndim == 1}
            for name, records in means.items()
        },
        "best_fixed": best,
        "worst_fixed": worst,
        "worst_over_best": _told(regret[worst] - regret[best]),
        "over_best_fixed": {
            name: _told(values - regret[best]) for name, values in regret.items() if name != best
        },
        "wins": np.mean([means[name]["wins"].mean(axis=0) for name in fixed], axis=0).tolist(),
    }
    if "joint" in regret:
        found["over_joint_per_order"] = {
            name: _told(values - regret["joint"]) for name, values in regret.items() if name != "joint"
        }
    advantage = _advantage(config, means, periods)
    return found | ({"advantage": advantage} if advantage else {})


def _advantage(
    config: PoolRoutingConfig, means: Mapping[str, Mapping[str, np.ndarray]], periods: np.ndarray
) -> dict[str, Any]:
    """The joint learner that loses least against the other learner that loses least, and likewise by success."""
    joint = [name for name in config.agents if name in JOINT_LEARNERS]
    others = [name for name in config.agents if name not in JOINT_LEARNERS]
    if not (joint and others):
        return {}
    found: dict[str, Any] = {}
    for record, sign in (("regret", 1), ("success", -1)):
        one, other = (
            min(names, key=lambda name: sign * means[name][record].mean()) for names in (joint, others)
        )
        paired = means[one][record] - means[other][record]
        parts = [paired[periods == at] for at in range(NUM_PERIODS)]
        found[record] = {
            "joint": one,
            "other": other,
            "difference": _told(paired),
            "by_period": [_told(part) if part.size else None for part in parts],
        }
    return found


def _alike(config: PoolRoutingConfig, means: Mapping[str, Mapping[str, np.ndarray]]) -> np.ndarray:
    """Correlation of the outcomes of each two pools, ``(n, n)``; 0 where one never changes."""
    names = fixed_names(config)
    wins = np.mean([means[name]["wins"].mean(axis=0) for name in names], axis=0)
    both = np.mean([means[name]["joint_wins"].mean(axis=0) for name in names], axis=0)
    covariance = both - wins[:, None] * wins[None]
    scale = np.sqrt(np.clip(np.diag(covariance), 0, None))
    product = scale[:, None] * scale[None]
    return np.where(product > 0, covariance / np.where(product > 0, product, 1.0), 0.0)


def _told(values: np.ndarray) -> dict[str, Any]:
    return Estimate.of(values).to_json()
