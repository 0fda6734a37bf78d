"""Which figures a tuning has, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.tune import drawings
from isotherm.studies.tune.tables import POOLS


def figures(metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Figure]:
    """History, slices, the front of several goals, and value where no trial looked."""
    best, trials, goals = metrics["best"], metrics["trials"], metrics["goals"]
    if best is None:
        return
    are_given_up = np.array([trial["state"] == "given up" for trial in trials])
    yield drawings.history(
        "history",
        f"{goals[0]} of every trial that came to its end, and the best so far; along the edge those that were given "
        "up on their way. The first trial has the settings as they were.",
        arrays["value"],
        are_given_up,
        best,
        goals[0],
    )
    yield drawings.slices(
        "slices",
        f"{goals[0]} by each setting, darker for later trials, the best one in colour; along the edge those that "
        "were given up on their way.",
        [_slice(axis, trials) for axis in metrics["axes"]],
        arrays["value"],
        are_given_up,
        best,
        goals[0],
    )
    if len(goals) > 1:
        whole = [i for i, trial in enumerate(trials) if trial["values"] is not None]
        yield drawings.front(
            "front",
            f"{goals[1]} against {goals[0]}; ringed: the front, on which no trial is better in all goals.",
            np.array([trials[i]["values"][:2] for i in whole]),
            np.array([i in metrics["front"] for i in whole]),
            (goals[0], goals[1]),
        )
    if metrics["held"] is not None:
        series = {POOLS[name]: arrays[f"held/{name}"] for name in metrics["held"]["pools"]}
        yield drawings.values(
            "held",
            "Value over the days that no trial saw, of the best trial, of the settings as they were, and of holding.",
            arrays["held/unix"],
            series,
        )


def _slice(axis: Mapping[str, Any], trials: list[Mapping[str, Any]]) -> drawings.Slice:
    name, choices = axis["name"], axis["choices"]
    values = [trial["params"].get(name) for trial in trials]
    places = [np.nan if value is None else choices.index(value) if choices else value for value in values]
    return drawings.Slice(name, np.array(places, float), axis["log_scale"], tuple(map(str, choices)))
