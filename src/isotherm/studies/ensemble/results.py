"""Numbers of ensembles from the arrays of their tasks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.estimate.bennett import bennett
from isotherm.estimate.diagnostics import ess, mcse
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.market.facts import finite, settings_facts
from isotherm.studies.market.significance import interval_of
from isotherm.study.base import Arrays, Result
from isotherm.study.trees import prefixed, under

SAMPLING = ("method", "num_chains", "num_draws", "thin", "num_windows", "num_played")
"""Settings of draws that are told."""

ENDS = (0.05, 0.95)
"""Of the draws that are told as a range."""


def combined(config: EnsembleConfig, settings: Mapping[str, Any], results: Mapping[str, Arrays]) -> Result:
    """Metrics and arrays of all tasks.

    Args:
        config: of the study.
        settings: of the run, defaults filled in.
        results: by task: ``played-0`` and on, and ``optimum`` where there is one.
    """
    played = [results[f"played-{i}"] for i in range(len(config.betas))]
    best = results.get("optimum")
    evidence = evidences(config, played)
    told = [json.loads(str(one["told"])) for one in played]
    metrics: dict[str, Any] = {
        **settings_facts(settings),
        "noise_scale": settings["optimisation_settings"]["noise_scale"],
        "sampling": {key: getattr(config, key) for key in SAMPLING},
        "num_members": config.num_members,
        "temperatures": [
            _temperature(config.betas[i], played[i], told[i], evidence[i]) for i in range(len(played))
        ],
        "hodl": _parts(played[0], "hodl_part"),
        "optimum": None if best is None else {"inside": float(best["objective"]), **_parts(best, "part")},
        "parameters": _parameters(played, best),
        "notes": told[-1]["notes"],
    }
    return Result(metrics, _arrays(played, best))


def _parts(arrays: Arrays, prefix: str) -> dict[str, float]:
    return {name: float(value) for name, value in under(arrays, prefix).items()}


def _temperature(beta: float, arrays: Arrays, told: Mapping[str, Any], evidence: Any) -> dict[str, Any]:
    objectives, rhat = arrays["objectives"], arrays["rhat"]
    worst = int(np.nanargmax(rhat)) if np.isfinite(rhat).any() else 0
    parts = under(arrays, "part")
    return {
        "beta": beta,
        "inside": {"mean": float(objectives.mean()), "se": finite(mcse(objectives)), **_range(objectives)},
        "parts": {name: _spread(values, objectives) for name, values in parts.items()},
        "ahead": {
            name: float(np.mean(values > arrays[f"hodl_part/{name}"])) for name, values in parts.items()
        },
        "pool": _parts(arrays, "pool_part"),
        "against_hodl": _against_hodl(arrays, told),
        "rhat": finite(rhat[worst]),
        "worst": told["labels"][worst],
        "ess": finite(np.nanmin(arrays["ess"])),
        "rates": [float(arrays["rates"].min()), float(arrays["rates"].mean())],
        "rungs": len(arrays["ladder"]),
        "evidence": None if evidence is None else list(evidence),
        "test_minute": told["test_minute"],
        "outside": told["outside"],
        "impossible": told["impossible"],
    }


def _range(values: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(values, ENDS)
    return {"low": float(low), "high": float(high)}


def _spread(values: np.ndarray, objectives: np.ndarray) -> dict[str, Any]:
    """Of played draws, as many of which count as all draws have effective ones, at most."""
    effective = np.fmin(len(values), np.nan_to_num(ess(objectives), nan=1.0))
    return {
        "mean": float(values.mean()), "se": float(values.std(ddof=1) / np.sqrt(effective)), **_range(values),
    }  # fmt: skip


def _against_hodl(arrays: Arrays, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """How far the pool of some draws is ahead of holding over the test, with 95 % of its information ratio."""
    minutes, first = arrays["minutes"], told["test_minute"]
    if first is None:
        return None
    rows = slice(int(np.searchsorted(minutes, first)), None)
    own, hodl = np.log(arrays["pool_value"][rows]), np.log(arrays["hodl"][rows])
    ahead = float(np.exp((own[-1] - own[0]) - (hodl[-1] - hodl[0])) - 1)
    return {"ahead": ahead, "interval": interval_of(np.diff(own) - np.diff(hodl))}


def evidences(config: EnsembleConfig, played: Sequence[Arrays]) -> list[tuple[float, float] | None]:
    """Log of the prior's mean of ``exp(beta * objective)`` at each temperature, with its error; None where unknown.

    Of ladders and populations their own. Of chains, where the first temperature is the prior, by Bennett's ratio from
    each temperature to the next, the chains of the same number by themselves.
    """
    if config.method != "mala":
        found = [tuple(map(float, one["evidence"])) for one in played]
        zero = [(0.0, 0.0)] if config.betas[0] == 0 else []
        return [*zero, *found[len(zero) :]]  # type: ignore[list-item]
    if config.betas[0] != 0:
        return [None] * len(played)
    chains = np.zeros(config.num_chains)
    found = [(0.0, 0.0)]
    for at, rise in enumerate(np.diff(config.betas), start=1):
        below, above = (played[i]["objectives"] for i in (at - 1, at))
        chains = chains + [bennett(rise * a, rise * b).value for a, b in zip(below, above, strict=True)]
        found.append((float(chains.mean()), float(chains.std(ddof=1) / np.sqrt(len(chains)))))
    return list(found)


def _parameters(played: Sequence[Arrays], best: Arrays | None) -> dict[str, Any]:
    """Of each effective parameter and token: the prior, the coldest draws, the optimum, and how much is known."""
    cold = under(played[-1], "effective")
    found = {}
    for name, draws in cold.items():
        prior, n = played[-1][f"prior/{name}"], draws.shape[-1]
        found[name] = [
            {
                "prior": _middle(prior[..., i]),
                "cold": _middle(draws[..., i]),
                "narrowed": _narrowed(draws[..., i], prior[..., i]),
                "optimum": None if best is None else float(best[f"effective/{name}"][i]),
            }
            for i in range(n)
        ]
    return found


def _middle(values: np.ndarray) -> dict[str, float]:
    return {"median": float(np.median(values)), **_range(values)}


def _narrowed(draws: np.ndarray, prior: np.ndarray) -> float | None:
    """The spread of the draws' logarithms over that of the prior's, by ranges of nine tenths."""
    widths = [
        float(np.subtract(*np.quantile(np.log(np.maximum(x, 1e-12)), ENDS[::-1]))) for x in (draws, prior)
    ]
    return widths[0] / widths[1] if widths[1] > 0 else None


def _arrays(played: Sequence[Arrays], best: Arrays | None) -> Arrays:
    own = ("value", "weights", "objectives", "rhat", "pool_value")
    found = {"minutes": played[0]["minutes"], "hodl": played[0]["hodl"]}
    for i, one in enumerate(played):
        kept = {
            name: value
            for name, value in one.items()
            if name in own or name.startswith(("part/", "effective/"))
        }
        found |= prefixed(str(i), kept)
    found |= {name: value for name, value in played[-1].items() if name.startswith("prior/")}
    return found | ({} if best is None else prefixed("optimum", best))
