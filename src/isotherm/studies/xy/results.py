"""What the study of the XY model finds: curves, fits of the transition, agreement of starts; NumPy and SciPy only."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.kosterlitz import (
    FittedTransition,
    HelicityCurve,
    crossing,
    fit_crossings,
    fit_helicity,
    power_law,
    reached,
    smooth,
)
from isotherm.estimate.scores import difference, worst_score
from isotherm.studies.lattice.estimates import disagreement, estimates
from isotherm.studies.xy.config import Part, XYConfig
from isotherm.study.base import Arrays

Estimates = Mapping[str, WithError]
"""By name, ``(temperatures,)`` each."""

COMPARED = ("energy", "magnetization2", "helicity_modulus", "vortex_density")
"""Quantities by which starts and models are compared."""

PLAIN = "plain crossings"
"""Name of the fit that does not use the logarithmic correction."""


def findings(config: XYConfig, curves: Sequence[tuple[Part, Arrays]]) -> tuple[dict[str, Any], Arrays]:
    """Metrics and arrays, see :class:`isotherm.study.base.Result`.

    Args:
        config: of the study.
        curves: each with mean observables of each chain, ``(starts, temperatures, chains)`` by name.
    """
    arrays: Arrays = {}
    told: dict[str, Estimates] = {}
    scores: list[np.ndarray] = []
    for part, means in curves:
        betas = 1 / np.array(part.temperatures)
        told[part.name] = estimates(means, betas, part.size)
        differences = disagreement(means, betas, part.size)
        scores.append(np.stack([differences[name] for name in COMPARED]))
        arrays |= _arrays(part.name, told[part.name], scores[-1])
    metrics = {
        "starts": worst_score(np.concatenate([one.ravel() for one in scores]), 2 * (config.num_chains - 1)),
        "transition": transition(config, told),
        "clock": worst_score(_beside(config, told), 4 * config.num_chains - 2),
        "six": _six(config, told) if config.six_sizes else None,
        "peaks": [_peak(config, told[f"curve.{size}"]) | {"size": size} for size in config.curve_sizes],
    }
    arrays |= _decay(config, told) | _temperatures(config)
    return metrics, arrays


def transition(config: XYConfig, told: Mapping[str, Estimates]) -> dict[str, Any]:
    """Fits of the helicity modulus: the one quoted, others for the systematic error, and crossings by size.

    The systematic error is the largest distance from the quoted value to fits of the same form with one size more
    or less. Plain crossings, extrapolated over all sizes, are a check with an error of their own.
    """
    temperatures = np.array(config.critical_temperatures)
    curves = {}
    for size in config.sizes:
        curves[size] = smooth(temperatures, *told[f"critical.{size}"]["helicity_modulus"])
    fitted = [size for size in config.sizes if size >= config.smallest_fitted]
    quoted = fit_helicity([curves[size] for size in fitted], fitted)
    plain = {size: crossing(curve, size) for size, curve in curves.items()}
    others: dict[str, FittedTransition] = {}
    for least in sorted({*config.sizes[-len(fitted) - 1 :][:1], *fitted[1:-2][:1]} - {fitted[0]}):
        some = [size for size in config.sizes if size >= least]
        others[f"L ≥ {least}"] = fit_helicity([curves[size] for size in some], some)
    systematic = max((abs(fit.temperature - quoted.temperature) for fit in others.values()), default=0.0)
    met = {size: at for size in config.sizes if (at := plain[size]) is not None}
    amplitude = 0.0
    if len(met) > 3:
        reached_at, errors = [at for at, _ in met.values()], [error for _, error in met.values()]
        others[PLAIN], amplitude = fit_crossings(reached_at, errors, tuple(met))
    return {
        "temperature": quoted.temperature,
        "statistical": quoted.error,
        "systematic": systematic,
        "error": math.hypot(quoted.error, systematic),
        "fits": [_row(f"L ≥ {fitted[0]}", quoted), *(_row(name, fit) for name, fit in others.items())],
        "amplitude": amplitude,
        "crossings": [_crossing_row(size, curves[size], plain[size], quoted) for size in config.sizes],
    }


def _row(name: str, fit: FittedTransition) -> dict[str, Any]:
    return {"name": name} | fit._asdict()


def _crossing_row(
    size: int, curve: HelicityCurve, plain: tuple[float, float] | None, quoted: FittedTransition
) -> dict[str, Any]:
    corrected = crossing(curve, size, quoted.constant)
    return {
        "size": size,
        "plain": plain,
        "corrected": corrected,
        "chi2": curve.chi2,
        "dof": curve.dof,
    }


def _beside(config: XYConfig, told: Mapping[str, Estimates]) -> np.ndarray:
    """The clock model against the XY model in units of their errors, where ``0.3 < T < 2``."""
    temperatures, size = np.array(config.temperatures), config.curve_sizes[1]
    clock, planar = told[f"clock.{size}"], told[f"curve.{size}"]
    where = (temperatures > 0.3) & (temperatures < 2)
    return np.stack([difference(clock[name], planar[name]) for name in COMPARED])[:, where].ravel()


def _exponents(sizes: Sequence[int], told: Sequence[Estimates]) -> tuple[np.ndarray, np.ndarray]:
    """The exponent η of ``⟨m²⟩ ~ L^-η`` and its error, ``(temperatures,)`` each."""
    values, errors = (np.stack(parts) for parts in zip(*(one["magnetization2"] for one in told), strict=True))
    found, spread, _ = power_law(sizes, values, np.maximum(errors, 1e-9))
    return found, spread


def _decay(config: XYConfig, told: Mapping[str, Estimates]) -> Arrays:
    arrays: Arrays = {}
    for part, sizes in (("curve", config.curve_sizes), ("critical", config.sizes), ("six", config.six_sizes)):
        if not sizes:
            continue
        found = _exponents(sizes, [told[f"{part}.{size}"] for size in sizes])
        arrays[f"{part}/eta"], arrays[f"{part}/eta/error"] = found
    return arrays


def _temperatures(config: XYConfig) -> Arrays:
    lists = {
        "curve": config.temperatures,
        "clock": config.temperatures,
        "critical": config.critical_temperatures,
        "six": config.six_temperatures,
    }
    return {f"{part}/temperatures": np.array(values) for part, values in lists.items()}


def _six(config: XYConfig, told: Mapping[str, Estimates]) -> dict[str, Any]:
    """Both transitions of the clock model of six angles, where η is 1/9 and 1/4."""
    eta, error = _exponents(config.six_sizes, [told[f"six.{size}"] for size in config.six_sizes])
    temperatures = np.array(config.six_temperatures)
    found = {
        "lower": reached(temperatures, eta, error, 1 / 9),
        "upper": reached(temperatures, eta, error, 1 / 4),
    }
    return {
        name: None if one is None else {"temperature": one[0], "error": one[1]} for name, one in found.items()
    }


def _peak(config: XYConfig, told: Estimates) -> dict[str, Any]:
    at = int(np.argmax(told["heat_capacity"].value))
    value, error = (float(part[at]) for part in told["heat_capacity"])
    return {"temperature": config.temperatures[at], "heat_capacity": value, "error": error}


def _arrays(name: str, told: Estimates, scores: np.ndarray) -> Arrays:
    found = {f"{name}/{what}": one.value for what, one in told.items()}
    found |= {f"{name}/{what}/error": one.error for what, one in told.items()}
    return found | {f"{name}/starts": scores}
