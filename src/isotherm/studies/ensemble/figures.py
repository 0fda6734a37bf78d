"""Which figures ensembles have, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.ensemble import drawings
from isotherm.studies.ensemble.tables import sharers

DAY_MS = 86_400_000


def figures(metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Figure]:
    """Objectives over temperatures, value beside HODL, weights, parameters beside the prior, chains."""
    from isotherm.market.prices.clock import unix_ms

    temperatures, name = metrics["temperatures"], metrics["settings"]["return_val"]
    last = len(temperatures) - 1
    beta = f"{temperatures[last]['beta']:g}"
    start = unix_ms("startDateString", metrics["settings"]["startDateString"])
    unix = start + 60_000 * arrays["minutes"].astype(np.int64)
    test = temperatures[last]["test_minute"]
    mark = None if test is None else int(np.searchsorted(arrays["minutes"], test))
    yield drawings.over_betas(
        "objective",
        f"The objective ({name}) of draws, at each temperature: means with their Monte Carlo error, mostly smaller "
        "than the marks, and bands with nine tenths of the draws. No draw knows the test.",
        temperatures,
        metrics["hodl"],
        metrics["optimum"],
        name,
    )
    yield drawings.fans(
        "value",
        "How far draws are ahead of holding the first weights, in percent, at the first temperature and the last. "
        "Bands hold a half and nine tenths of the draws at each time, the line is their median.",
        unix,
        {
            f"β = {temperatures[i]['beta']:g}": 100 * (arrays[f"{i}/value"] / arrays["hodl"][None] - 1)
            for i in dict.fromkeys((0, last))
        },
        _ahead(arrays, "optimum/value"),
        _ahead(arrays, f"{last}/pool_value"),
        mark,
    )
    yield drawings.weight_fans(
        "weights",
        f"Weights of draws at β = {beta}, a panel a token: bands hold a half and nine tenths of the draws, the "
        "line is their median; dashed, the trained optimum.",
        unix,
        arrays[f"{last}/weights"],
        arrays.get("optimum/weights"),
        metrics["tokens"],
        mark,
    )
    effective = _under(arrays, f"{last}/effective")
    whose = sharers(metrics["tokens"], next(iter(effective.values())).shape[-1]) if effective else []
    if effective:
        yield drawings.marginals(
            "parameters",
            f"Effective parameters of draws at β = {beta} (colour) beside the prior (grey), a column a token; "
            "dotted, the trained optimum.",
            effective,
            _under(arrays, "prior"),
            _under(arrays, "optimum/effective"),
            whose,
        )
    if set(effective) >= {"memory_days", "k_per_day"}:
        yield drawings.together(
            "together",
            f"Memory and k of the same draws: β = {beta} in colour, the prior grey, the trained optimum a star. "
            "What is narrow across and long along a slope is known only together.",
            effective,
            _under(arrays, "prior"),
            _under(arrays, "optimum/effective"),
            whose,
        )
    yield drawings.chains(
        "chains",
        f"Left, the objective along each chain at β = {beta}; right, R-hat of every raw parameter and of the "
        "objective at each temperature: above the dashed line chains do not agree.",
        arrays[f"{last}/objectives"],
        {f"{one['beta']:g}": arrays[f"{i}/rhat"] for i, one in enumerate(temperatures)},
        name,
    )


def _ahead(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray | None:
    return None if name not in arrays else 100 * (arrays[name] / arrays["hodl"] - 1)


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(f"{prefix}/"): value
        for name, value in arrays.items()
        if name.startswith(f"{prefix}/")
    }
