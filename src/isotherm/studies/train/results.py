"""Numbers of a training from the arrays of its tasks."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.market.train.settings import num_steps_of
from isotherm.studies.market.facts import changed, finite, settings_facts
from isotherm.studies.market.significance import deflated_of, interval_of
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.links import Record, records_in
from isotherm.study.base import Arrays, Result
from isotherm.study.trees import prefixed, under

POOLS = ("trained", "untrained", "constant")
RIVALS = ("hodl", "uniform_hodl", "untrained", "constant")
TOLD = (
    "return",
    "returns_over_hodl",
    "returns_over_uniform_hodl",
    "sharpe_daily",
    "daily_log_sharpe",
    "calmar",
)
"""Metrics of each part that are told."""


def combined(config: TrainConfig, settings: Mapping[str, Any], results: Mapping[str, Arrays]) -> Result:
    """Metrics and arrays of all tasks.

    Args:
        config: of the study.
        settings: of the run, defaults filled in.
        results: by task: ``link-0`` and on, ``chosen``, and rows of the map.
    """
    chosen, training = results["chosen"], settings["optimisation_settings"]
    told, links = json.loads(str(chosen["told"])), links_of(results)
    parts = dict(sorted(under(chosen, "part").items(), key=lambda one: int(one[1][0])))
    judged = "validation" if "validation" in parts else "train"
    metrics: dict[str, Any] = {
        **settings_facts(settings),
        "training": changed(training, TRAINING_DEFAULTS),
        "metric": training["early_stopping_metric"],
        "chosen": {
            key: told[key] for key in ("iteration", "param_idx", "epochs_trained", "selection_method")
        },
        "asked": num_steps_of(training),
        "judged_by": judged,
        "trials": told["judged"],
        "parts": {name: _part(chosen, name, told["judged"] if name == judged else 1) for name in parts},
        "days": {name: float((last - first) / 1440) for name, (first, last) in parts.items()},
        "effective": {name: value.tolist() for name, value in under(chosen, "effective").items()},
        "untrained": {name: value.tolist() for name, value in under(chosen, "first").items()},
        "final_weights": told["final_weights"],
        "notes": told["notes"],
    }
    arrays = {
        **{
            name: array for name, array in chosen.items() if not name.startswith(("metric/", "told", "notes"))
        },
        **curves_of(links, training["early_stopping_metric"]),
        **prefixed("way", _ways(links)),
    }
    if config.k_grid:
        arrays["map"] = np.stack([results[f"memory-{i}"]["metric"] for i in range(len(config.memory_grid))])
    return Result(metrics, arrays)


class TrainLink(NamedTuple):
    """What figures need of a link.

    Attributes:
        records: of its iterations.
        ways: effective parameters after judged ones, ``(judged, sets, tokens)`` each.
    """

    records: list[Record]
    ways: Arrays


def links_of(results: Mapping[str, Arrays]) -> list[TrainLink]:
    """Links one after another, as far as iterations were made, each read once and let go of."""
    found: list[TrainLink] = []
    while (name := f"link-{len(found)}") in results:
        arrays = results[name]
        link = TrainLink(records_in(arrays), under(arrays, "way"))
        if not link.records:
            break
        found.append(link)
    return found


def curves_of(links: Iterable[TrainLink], metric: str) -> Arrays:
    """Series over iterations.

    Args:
        links: in order.
        metric: by which iterations are chosen.

    Returns:
        ``objective``, ``(iterations, sets)``; ``rate``, ``(iterations,)``; ``judged``, numbers of the iterations that
        were judged; ``score/part``, ``(judged, sets)``.
    """
    objective, rate, judged = [], [], []
    scores: dict[str, list[list[float]]] = {}
    for link in links:
        for record in link.records:
            objective.append(record["objective"])
            rate.append(record["local_learning_rate"])
            if record["train_objective"] is None:
                continue
            judged.append(record["step"])
            for part, told in _told_in(record).items():
                scores.setdefault(part, []).append([_number(one.get(metric)) for one in told])
    return {
        "objective": np.array(objective, float),
        "rate": np.array(rate, float),
        "judged": np.array(judged),
        **{f"score/{part}": np.array(rows, float) for part, rows in scores.items()},
    }


def _told_in(record: Record) -> dict[str, list[dict[str, Any]]]:
    names = {"train": "train_objective", "validation": "validation_metrics", "test": "test_objective"}
    return {part: record[name] for part, name in names.items() if record.get(name) is not None}


def _number(value: Any) -> float:
    """Of a record, where infinities are words and what is no number is null."""
    return float("nan") if value is None else float(value)


def _ways(links: Iterable[TrainLink]) -> Arrays:
    """Effective parameters after judged iterations of all links, ``(judged, sets, tokens)`` each."""
    found: dict[str, list[np.ndarray]] = {}
    for link in links:
        for name, value in link.ways.items():
            found.setdefault(name, []).append(value)
    return {name: np.concatenate(values) for name, values in found.items()}


def _part(chosen: Arrays, part: str, trials: int) -> dict[str, Any]:
    """What each pool did in a part, and whether the trained one can be told from the others there."""
    pools = {
        pool: {name: finite(chosen[f"metric/{pool}/{part}/{name}"]) for name in TOLD}
        | {"interval": interval_of(np.diff(chosen[f"daily/{pool}/{part}"]))}
        for pool in POOLS
    }
    own = np.diff(chosen[f"daily/trained/{part}"])
    against = {
        name: {
            "ahead": _ahead(chosen, name, part),
            "interval": interval_of(own - np.diff(chosen[f"daily/{name}/{part}"])),
        }
        for name in RIVALS
    }
    return {"pools": pools, "against": against, "deflated": deflated_of(own, trials)}


def _ahead(chosen: Arrays, rival: str, part: str) -> float | None:
    """The share by which the trained pool is ahead in the last minute of a part; None where it is no number."""
    own = f"metric/trained/{part}"
    if rival in ("hodl", "uniform_hodl"):
        return finite(chosen[f"{own}/returns_over_{rival}"])
    return finite((1 + chosen[f"{own}/return"]) / (1 + chosen[f"metric/{rival}/{part}/return"]) - 1)
