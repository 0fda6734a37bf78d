"""Which figures a training has, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, Look
from isotherm.studies.market import drawings as of_market
from isotherm.studies.market.runs import KEPT
from isotherm.studies.train import drawings
from isotherm.studies.train.config import TrainConfig

_POOL = Look(ACCENT, width=2.2)


def figures(
    config: TrainConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Iterator[Figure]:
    """Curves of training, in against out of sample, value, ahead of HODL, weights, the way of parameters, map."""
    chosen = drawings.Chosen(metrics["chosen"]["iteration"], metrics["chosen"]["param_idx"])
    metric, where = metrics["metric"], drawings.LABELS[metrics["judged_by"]]
    scores = {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith("score/")}
    yield drawings.curves(
        "training",
        f"Above: the objective ({metrics['settings']['return_val']}) on the windows of each iteration, of every set, "
        f"the chosen one in colour. Below: {metric} of that set over whole parts. Choosing looks at {where} only; "
        "the test is drawn, and never decides.",
        arrays["objective"],
        arrays["judged"],
        scores,
        metric,
        chosen,
    )
    if "test" in scores:
        yield drawings.in_and_out(
            "in-and-out",
            f"{metric} of every judged pair of iteration and set: on what it is chosen by ({where}) against the "
            "test. Points below the line of equal scores do worse out of sample.",
            scores[metrics["judged_by"]],
            scores["test"],
            arrays["judged"],
            (metric, metrics["judged_by"]),
            chosen,
        )
    mark = -(-int(arrays["part/test"][0]) // KEPT) if "part/test" in arrays else None
    yield of_market.lines(
        "value",
        f"Value of the trained pool ({metrics['settings']['rule']}) in the numeraire, beside the pool of first "
        "parameters, constant weights, and holding.",
        arrays["unix"],
        {
            "trained": arrays["value"], "first parameters": arrays["untrained"],
            "constant weights": arrays["constant"], "HODL": arrays["hodl"], "uniform HODL": arrays["uniform_hodl"],
        },
        "value",
        mark,
        _POOL,
    )  # fmt: skip
    yield of_market.lines(
        "ahead",
        "How far each is ahead of holding the trained pool's first reserves, in percent.",
        arrays["unix"],
        {
            label: 100 * (arrays[name] / arrays["hodl"] - 1)
            for name, label in (
                ("value", "trained"), ("untrained", "first parameters"), ("constant", "constant weights"),
                ("uniform_hodl", "uniform HODL"),
            )
        },
        "ahead of HODL, %",
        mark,
        _POOL,
    )  # fmt: skip
    yield of_market.bands(
        "weights", "Weights of the trained pool.", arrays["unix"], arrays["weights"], metrics["tokens"], mark
    )
    ways = {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith("way/")}
    if ways:
        yield drawings.ways(
            "parameters",
            "Effective parameters after each judged iteration: of the chosen set in colour, a line a token; others "
            "grey.",
            arrays["judged"],
            ways,
            metrics["tokens"],
            chosen,
        )
    if "map" in arrays:
        yield drawings.mapped(
            "map",
            f"{metric} over the fitted minutes of strategies whose tokens share one k and one memory, and the ways "
            "of all sets over it (geometric means of tokens): circles where they begin, a star where the chosen one "
            "was taken.",
            arrays["map"],
            (config.memory_grid, config.k_grid),
            metric,
            (ways["memory_days"], ways["k"] / ways["memory_days"]),
            arrays["judged"],
            chosen,
        )
