"""From block means to the critical point of the Ising model: what its study says."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.estimate.autocorrelation import relaxation_time
from isotherm.estimate.bootstrap import Rows, errors, resample
from isotherm.estimate.curve_fit import crossing, drift, fit_curve, power_law
from isotherm.estimate.quantities import quantities, second_moment_length
from isotherm.estimate.scaling import fit_scaling
from isotherm.estimate.scores import score_bound, start_scores
from isotherm.exact.lattice.onsager import kaufman, spontaneous_magnetization
from isotherm.studies.ising.config import DYNAMICS, IsingConfig, pairs
from isotherm.study.base import Arrays, Result

CORRECTION = 1.75
"""Power ``ω`` of the leading correction of these quantities: the smooth part of the susceptibility beside its
singular one, ``γ/ν``."""

DRIFT = 1 + CORRECTION
"""Power ``1/ν + ω`` with which crossings approach the critical point, as the literature has it."""

NUM_BLOCKS = 6
"""Of a chain of the curves."""

COMPARED = ("energy", "magnetization2")
RATIOS = ("binder", "correlation_ratio")
KEPT = {
    "energy": "energy",
    "heat_capacity": "heat_capacity",
    "magnetization": "abs_magnetization",
    "susceptibility": "susceptibility_plain",
    "connected": "susceptibility",
    "binder": "binder",
    "correlation_ratio": "correlation_ratio",
}
"""Names in the arrays of a run, and those of :func:`isotherm.estimate.quantities.quantities`."""

STRIPED_WALLS, STRIPED_MAGNETIZATION = 1.5, 0.9
"""A quench is stuck in stripes if its walls are longer than this many sizes, and its ``|m|`` below this."""


def combine(config: IsingConfig, results: Mapping[str, Arrays]) -> Result:
    """See :meth:`IsingStudy.combine`."""
    rng = np.random.default_rng(config.seed)
    arrays: Arrays = {}
    metrics = {
        "curves": _curves(config, results, arrays, rng),
        **_critical(config, results, arrays, rng),
        "dynamics": _dynamics(config, results, arrays, rng),
        "starts": starts_agree(results, min(config.num_chains, config.critical_chains)),
        "quench": _quench(config, results["quench"], arrays, rng),
    }
    return Result(metrics, arrays)


def estimate(rows: Rows) -> dict[str, float]:
    """Value and standard error."""
    return {"value": float(rows[0]), "error": float(errors(rows))}


def moments_of(task: Arrays) -> dict[str, np.ndarray]:
    """Block means of a sweep, by name."""
    return {name.removeprefix("mean/"): value for name, value in task.items() if name.startswith("mean/")}


def scaled(moments: Mapping[str, Rows], temperatures: np.ndarray, size: int) -> dict[str, Rows]:
    """What is drawn over temperature, ``(rows, temperatures)`` each, under the names that arrays of runs have.

    Args:
        moments: means a site of a square lattice, ``(rows, temperatures)``.
        temperatures: ``(temperatures,)``.
        size: linear extent.
    """
    told = quantities(moments, 1 / temperatures, size**2)
    told["correlation_ratio"] = second_moment_length(moments, size, unit=size)
    return {name: told[source] for name, source in KEPT.items()}


def _curves(
    config: IsingConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    """Quantities of each size with errors into the arrays; worst deviation from Kaufman's answers."""
    temperatures, scores = np.array(config.temperatures), []
    for size in config.sizes:
        rows = resample(moments_of(results[f"curves.{size}"]), config.num_resamples, rng)
        found = scaled(rows, temperatures, size)
        for name, value in found.items():
            arrays[f"curves/{size}/{name}"] = np.stack([value[0], errors(value)])
        exact = _exact(size, temperatures)
        arrays[f"curves/{size}/exact_energy"], arrays[f"curves/{size}/exact_heat_capacity"] = exact
        for name, truth in zip(("energy", "heat_capacity"), exact, strict=True):
            scores.append((found[name][0] - truth) / errors(found[name]))
    _exact_curves(config, arrays)
    return {
        "worst_z": float(np.abs(scores).max()),
        "bound": score_bound(np.size(scores), 2 * config.num_chains * NUM_BLOCKS - 1),
        "rms_z": float(np.sqrt(np.mean(np.square(scores)))),
        "num_compared": int(np.size(scores)),
    }


def _exact(size: int, temperatures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = [kaufman(size, size, 1 / t) for t in temperatures]
    return (
        np.array([one["energy_per_site"] for one in found]),
        np.array([one["heat_capacity_per_site"] for one in found]),
    )


def _exact_curves(config: IsingConfig, arrays: Arrays) -> None:
    """Kaufman's energy and heat capacity of each size, and the magnetization without bound on the size."""
    low, high = min(config.temperatures), max(config.temperatures)
    temperatures = np.union1d(np.linspace(low, high, 61), np.linspace(max(low, 2.1), min(high, 2.5), 41))
    arrays["exact/temperature"] = temperatures
    for size in config.sizes:
        found = _exact(size, temperatures)
        arrays[f"exact/{size}/energy"], arrays[f"exact/{size}/heat_capacity"] = found
    arrays["exact/limit/magnetization"] = np.array([spontaneous_magnetization(1 / t) for t in temperatures])


def _critical(
    config: IsingConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    data: dict[int, dict[str, Rows]] = {}
    temperatures: dict[int, np.ndarray] = {}
    for size in config.critical_sizes:
        task = results[f"critical.{size}"]
        temperatures[size] = 1 / task["betas"]
        data[size] = scaled(resample(moments_of(task), config.num_resamples, rng), temperatures[size], size)
        arrays[f"critical/{size}/temperature"] = temperatures[size]
        for name, value in data[size].items():
            arrays[f"critical/{size}/{name}"] = np.stack([value[0], errors(value)])
            if name in RATIOS:
                fine = np.linspace(temperatures[size].min(), temperatures[size].max(), 50)
                line = fit_curve(temperatures[size], value, 2).over(fine)[0]
                arrays[f"critical/{size}/fit/{name}"] = np.stack([fine, line])
    joint = _joint(config, temperatures, data)
    t_c = joint.pop("rows")
    return {
        "temperature": joint,
        "crossings": _crossings(config, temperatures, data),
        "exponents": _exponents(temperatures, data, t_c, arrays) | {"inverse_nu": joint["inverse_nu"]},
    }


def _joint(
    config: IsingConfig, temperatures: Mapping[int, np.ndarray], data: Mapping[int, Mapping[str, Rows]]
) -> dict[str, Any]:
    """``T_c`` of the joint fit; other fits of the same data, whose largest shift is the systematic error.

    How far it moves without the smallest size, where three are left, is chance as well as system, and told with its
    own error.
    """
    points = {size: (temperatures[size], [data[size][name] for name in RATIOS]) for size in data}
    larger = {size: points[size] for size in sorted(points)[1:]}
    guess = (config.guess, 1.0)
    main = fit_scaling(points, guess, 3, CORRECTION)
    variants = {
        "a correction of power 2": fit_scaling(points, guess, 3, 2.0, max_rows=1),
        "scaling functions of degree 2": fit_scaling(points, guess, 2, CORRECTION, max_rows=1),
        "scaling functions of degree 4": fit_scaling(points, guess, 4, CORRECTION, max_rows=1),
    }
    shifts = {name: float(fit.temperature[0] - main.temperature[0]) for name, fit in variants.items()}
    statistical, systematic = float(errors(main.temperature)), max(map(abs, shifts.values()))
    return {
        "rows": main.temperature,
        "value": float(main.temperature[0]),
        "statistical": statistical,
        "systematic": systematic,
        "error": float(np.hypot(statistical, systematic)),
        "chi2": main.chi2,
        "shifts": shifts,
        "without_smallest": estimate(fit_scaling(larger, guess, 3, CORRECTION).temperature - main.temperature)
        if len(larger) > 2
        else None,
        "inverse_nu": estimate(main.inverse_nu),
        "limits": {name: estimate(main.limits[:, i]) for i, name in enumerate(RATIOS)},
    }


def _crossings(
    config: IsingConfig, temperatures: Mapping[int, np.ndarray], data: Mapping[int, Mapping[str, Rows]]
) -> dict[str, Any]:
    """Where each ratio of a size and of its double cross, and the limit of these temperatures."""
    found: dict[str, Any] = {}
    for name in RATIOS:
        rows = {}
        for small, large in pairs(config.critical_sizes):
            curves = [fit_curve(temperatures[size], data[size][name], 2) for size in (small, large)]
            low, high = temperatures[small].min(), temperatures[small].max()
            rows[small] = crossing(curves[0], curves[1], float(low), float(high))
        complete = {size: row for size, row in rows.items() if np.isfinite(row).all()}
        found[name] = {
            "pairs": [{"size": size, **estimate(row)} for size, row in complete.items()],
            "limit": estimate(drift(list(complete), np.stack(list(complete.values()), 1), DRIFT))
            if len(complete) > 1
            else None,
        }
    return found


def _exponents(
    temperatures: Mapping[int, np.ndarray], data: Mapping[int, Mapping[str, Rows]], t_c: Rows, arrays: Arrays
) -> dict[str, Any]:
    """Power laws over size at the critical temperature of each row, so that its error is in theirs."""
    sizes = sorted(data)
    laws = {
        "beta_over_nu": ("magnetization", -1, False),
        "gamma_over_nu": ("susceptibility", 1, False),
        "inverse_nu_of_binder": ("binder", 1, True),
        "inverse_nu_of_correlation_ratio": ("correlation_ratio", 1, True),
    }
    found = {}
    for key, (name, sign, is_slope) in laws.items():
        curves = [fit_curve(temperatures[size], data[size][name], 2) for size in sizes]
        values = np.stack(
            [np.abs(curve.slope(t_c)) if is_slope else curve.at(t_c) for curve in curves], axis=1
        )
        law = power_law(sizes, values, CORRECTION)
        line = law.at(np.array(sizes, float))[0]
        arrays[f"law/{key}"] = np.stack([sizes, values[0], errors(values), line])
        found[key] = estimate(sign * law.exponent) | {"chi2": law.chi2 if len(sizes) > 3 else None}
    return found


def _dynamics(
    config: IsingConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    """Relaxation times in steps over size, and their exponents."""
    found: dict[str, Any] = {}
    for method in DYNAMICS:
        times = []
        for size in config.dynamic_sizes:
            task = results[f"dynamics.{method}.{size}"]
            series = task["magnetization"] ** 2 if method == "heat-bath" else task["energy"]
            times.append(float(task["thin"]) * relaxation_time(series, config.num_resamples, rng))
        rows = np.stack(times, axis=1)
        arrays[f"relaxation/{method}"] = np.stack([config.dynamic_sizes, rows[0], errors(rows)])
        law = power_law(config.dynamic_sizes, rows)
        found[method] = {
            "z": estimate(law.exponent),
            "chi2": law.chi2 if len(times) > 2 else None,
            "amplitude": float(law.amplitude[0]),
            "times": [{"size": size, **estimate(rows[:, i])} for i, size in enumerate(config.dynamic_sizes)],
        }
    return found


def _quench(config: IsingConfig, task: Arrays, arrays: Arrays, rng: np.random.Generator) -> dict[str, Any]:
    """How many quenches ended in stripes; the growth of domains while they grow freely."""
    size, num_quenches = config.quench_size, config.num_quenches
    excess = task["wall_density"] - _thermal_walls(config)
    last_m = np.abs(task["magnetization"][:, -1])
    striped = (excess[:, -1] > STRIPED_WALLS / size) & (last_m < STRIPED_MAGNETIZATION)
    times = np.unique(np.geomspace(1, excess.shape[1], 40).astype(int))
    counts = rng.multinomial(num_quenches, np.full(num_quenches, 1 / num_quenches), size=config.num_resamples)
    weights = np.concatenate([np.ones((1, num_quenches)), counts]) / num_quenches
    lengths = 1 / np.maximum(weights @ excess[:, times - 1], 1e-9)
    order = np.argsort(last_m, kind="stable")
    arrays["quench/length"] = np.stack([times, lengths[0], errors(lengths)])
    arrays["quench/states"] = task["last"][order[[0, num_quenches // 8, num_quenches // 4, -1]]]
    free = (times >= 5) & (lengths[0] < size / 6)
    law = power_law(times[free].tolist(), lengths[:, free]) if free.sum() > 2 else None
    share = float(striped.mean())
    return {
        "striped": {"value": share, "error": float(np.sqrt(share * (1 - share) / num_quenches))},
        "magnetization": {
            "value": float(last_m.mean()),
            "error": float(last_m.std(ddof=1) / np.sqrt(num_quenches)),
        },
        "exact_magnetization": float(spontaneous_magnetization(1 / config.quench_temperature)),
        "growth": None if law is None else estimate(law.exponent) | {"amplitude": float(law.amplitude[0])},
    }


def _thermal_walls(config: IsingConfig) -> float:
    """Bonds a site that thermal flips break in equilibrium, exactly."""
    size = config.quench_size
    return 1 + kaufman(size, size, 1 / config.quench_temperature)["energy_per_site"] / 2


def starts_agree(results: Mapping[str, Arrays], num_chains: int) -> dict[str, Any]:
    """Ordered against random starts, of all curves, critical windows and jumps.

    Args:
        results: of all tasks, by name.
        num_chains: from each start, at least.
    """
    scores = np.concatenate(
        [
            start_scores(moments_of(task), COMPARED).ravel()
            for name, task in results.items()
            if name.startswith(("curves.", "critical.", "jump."))
        ]
    )
    return {
        "worst_z": float(np.abs(scores).max()),
        "rms_z": float(np.sqrt(np.mean(scores**2))),
        "bound": score_bound(len(scores), 2 * (num_chains - 1)),
        "num_compared": len(scores),
    }
