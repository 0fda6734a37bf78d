"""From block means to critical points and latent heat of Potts models: what their study says."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.energy.lattice.critical import potts_latent_heat
from isotherm.estimate.bootstrap import Rows, errors, resample
from isotherm.estimate.curve_fit import fit_curve, power_law, weighted_fit
from isotherm.estimate.scaling import fit_scaling
from isotherm.studies.ising.results import RATIOS, estimate, moments_of, scaled, starts_agree
from isotherm.studies.lattice.critical import potts_beta
from isotherm.studies.potts.branches import free_energy_gap
from isotherm.studies.potts.config import PottsConfig
from isotherm.study.base import Arrays, Result

COEXISTING = (0.02, 0.98)
"""Shares of ordered draws between which a temperature tells the weights of the two phases."""

EXPONENTS = ("beta_over_nu", "gamma_over_nu")


def combine(config: PottsConfig, results: Mapping[str, Arrays]) -> Result:
    """See :meth:`PottsStudy.combine`."""
    rng = np.random.default_rng(config.seed)
    arrays: Arrays = {}
    _curves(config, results, arrays, rng)
    critical = [_critical(config, results, q, arrays, rng) for q in config.states]
    metrics = {
        "critical": critical,
        "jump": _jump(config, results, arrays, rng) | {"branches": _branches(config, results, arrays, rng)},
        "starts": starts_agree(results, config.num_chains),
        "hysteresis": _hysteresis(config, results["hysteresis"], arrays),
    }
    return Result(metrics, arrays)


def _curves(
    config: PottsConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> None:
    """Energy, order parameter ``(q f - 1) / (q - 1)`` and heat capacity of each number of states, with errors."""
    num_sites = config.curve_size**2
    for q in sorted({*config.states, config.jumping}):
        rows = resample(moments_of(results[f"curves.{q}"]), config.num_resamples, rng)
        heat = np.array(config.curve_betas) ** 2 * num_sites * (rows["energy2"] - rows["energy"] ** 2)
        order = (q * rows["largest_fraction"] - 1) / (q - 1)
        for name, value in (("energy", rows["energy"]), ("order", order), ("heat_capacity", heat)):
            arrays[f"curves/{q}/{name}"] = np.stack([value[0], errors(value)])


def _critical(
    config: PottsConfig, results: Mapping[str, Arrays], q: int, arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    """Critical inverse temperature and exponents of one number of states."""
    temperatures: dict[int, np.ndarray] = {}
    data: dict[int, dict[str, Rows]] = {}
    for size in sorted(config.critical_sizes):
        task = results[f"critical.{q}.{size}"]
        temperatures[size] = 1 / task["betas"]
        rows = resample(moments_of(task), config.num_resamples, rng)
        data[size] = scaled(rows, temperatures[size], size)
        for name in RATIOS:
            value = data[size][name]
            arrays[f"critical/{q}/{size}/{name}"] = np.stack([task["betas"], value[0], errors(value)])
            fine = np.linspace(temperatures[size].min(), temperatures[size].max(), 50)
            line = fit_curve(temperatures[size], value).over(fine)[0]
            arrays[f"critical/{q}/{size}/fit/{name}"] = np.stack([1 / fine, line])
    _keep_histogram(
        results[f"critical.{q}.{max(config.critical_sizes)}"], potts_beta(q), f"histogram/{q}", arrays
    )
    guess = 1 / config.guesses[config.states.index(q)]
    found, t_c, inverse_nu = _joint(temperatures, data, guess)
    laws = {key: _law(temperatures, data, t_c, key) for key in EXPONENTS}
    return {"q": q, "exact": potts_beta(q), **found, "inverse_nu": estimate(inverse_nu), **laws}


def _joint(
    temperatures: Mapping[int, np.ndarray], data: Mapping[int, Mapping[str, Rows]], guess: float
) -> tuple[dict[str, Any], Rows, Rows]:
    """Critical point of the joint fit; its error holds the largest shift of other fits.

    They leave out the smallest size and the correction, or take another power of it, or one of the ratios alone.
    Where the main fit misses its points, the error of chance is widened to what they scatter.
    """
    points = {size: (temperatures[size], [data[size][name] for name in RATIOS]) for size in data}
    larger = {size: points[size] for size in sorted(points)[1:]}
    start = (guess, 1.2)
    main = fit_scaling(points, start, degree=3, correction=1.0)
    variants = [
        fit_scaling(larger, start, degree=3, correction=None, max_rows=1),
        fit_scaling(points, start, degree=3, correction=2.0, max_rows=1),
    ]
    for i in range(len(RATIOS)):
        alone = {size: (t, ratios[i : i + 1]) for size, (t, ratios) in points.items()}
        variants.append(fit_scaling(alone, start, degree=3, correction=1.0, max_rows=1))
    betas = 1 / main.temperature
    shift = max(abs(1 / fit.temperature[0] - betas[0]) for fit in variants)
    statistical = float(errors(betas)) * math.sqrt(max(main.chi2, 1.0))
    found = {
        "value": float(betas[0]),
        "error": float(np.hypot(statistical, shift)),
        "statistical": statistical,
        "systematic": float(shift),
        "chi2": main.chi2,
    }
    return found, main.temperature, main.inverse_nu


def _law(
    temperatures: Mapping[int, np.ndarray], data: Mapping[int, Mapping[str, Rows]], t_c: Rows, key: str
) -> dict[str, float]:
    name, sign = ("magnetization", -1) if key == "beta_over_nu" else ("susceptibility", 1)
    values = [fit_curve(temperatures[size], data[size][name]).at(t_c) for size in sorted(data)]
    return estimate(sign * power_law(sorted(data), np.stack(values, axis=1)).exponent)


def _keep_histogram(task: Arrays, beta: float, key: str, arrays: Arrays) -> None:
    """The density of energy at the inverse temperature nearest to ``beta``, with its middle points."""
    nearest = int(np.argmin(np.abs(task["betas"] - beta)))
    middle = (task["edges"][1:] + task["edges"][:-1]) / 2
    arrays[key] = np.stack([middle, task["density"][nearest]])
    arrays[f"{key}/beta"] = task["betas"][nearest]


def _jump(
    config: PottsConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    """Where the ordered phases weigh ``q`` times the disordered one, and how far apart their energies are."""
    betas, heats, sizes = [], [], sorted(config.jumping_sizes)
    for size in sizes:
        task = results[f"jump.{size}"]
        rows = resample(moments_of(task), config.num_resamples, rng)
        beta = _equal_weights(task["betas"], rows["ordered"], config.jumping)
        betas.append(beta)
        heats.append(_gap(task["betas"], rows, beta))
        even = task["betas"][np.argmin(np.abs(rows["ordered"][0] - 0.5))]
        _keep_histogram(task, float(even), f"jump/{size}", arrays)
    beta_rows, heat_rows = np.stack(betas, axis=1), np.stack(heats, axis=1)
    return {
        "q": config.jumping,
        "exact": potts_beta(config.jumping),
        "exact_latent_heat": potts_latent_heat(config.jumping),
        "sizes": [
            {"size": size, "beta": estimate(beta_rows[:, i]), "latent_heat": estimate(heat_rows[:, i])}
            for i, size in enumerate(sizes)
        ],
    }


def _branches(
    config: PottsConfig, results: Mapping[str, Arrays], arrays: Arrays, rng: np.random.Generator
) -> dict[str, Any]:
    """Where the free energies of the two phases cross, and the latent heat there."""
    task, energy = results["branches"], {}
    for start in ("order", "disorder"):
        rows = resample({"energy": task[f"{start}/mean/energy"]}, config.num_resamples, rng)["energy"]
        energy[start] = rows
        arrays[f"branches/{start}"] = np.stack([task[f"{start}/betas"], rows[0], errors(rows)])
    names = ("kept", "kept_energy")
    phases = [
        resample({name: task[f"both/mean/{name}"][i : i + 1] for name in names}, config.num_resamples, rng)
        for i in (0, 1)
    ]
    ordered, disordered = ((phase["kept_energy"] / phase["kept"])[:, 0] for phase in phases)
    gap = free_energy_gap(energy["order"], energy["disorder"], config.jumping_guess, config.jumping)
    latent = disordered - ordered
    return {
        "size": config.branch_size,
        "beta": estimate(config.jumping_guess + gap / latent),
        "latent_heat": estimate(latent),
    }


def _equal_weights(betas: np.ndarray, ordered: Rows, q: int) -> Rows:
    """Where the logarithm of the ratio of weights, a straight line over beta, is that of ``q``."""
    share = ordered[0]
    used = (share > COEXISTING[0]) & (share < COEXISTING[1])
    if used.sum() < 2:
        used = np.isin(np.arange(len(betas)), np.argsort(np.abs(share - q / (q + 1)))[:2])
    clipped = np.clip(ordered[:, used], 1e-4, 1 - 1e-4)
    ratio = np.log(clipped / (1 - clipped)) - math.log(q)
    sigma = np.maximum(errors(ratio), 1e-9)
    design = np.stack([np.ones(used.sum()), betas[used] - betas.mean()], axis=1)
    found = weighted_fit(design, ratio, sigma)
    return betas.mean() - found[:, 0] / found[:, 1]


def _gap(betas: np.ndarray, rows: Mapping[str, Rows], at: Rows) -> Rows:
    """Mean energy of the disordered draws less that of the ordered ones, between the nearest temperatures."""
    ordered = np.clip(rows["ordered"], 1e-9, 1 - 1e-9)
    low = rows["ordered_energy"] / ordered
    high = (rows["energy"] - rows["ordered_energy"]) / (1 - ordered)
    return np.array([np.interp(b, betas, gap) for b, gap in zip(at, high - low, strict=True)])


def _hysteresis(config: PottsConfig, task: Arrays, arrays: Arrays) -> dict[str, Any]:
    """Energies from both starts after few local sweeps; the range in which they differ by more than four errors."""
    chains = task["mean/energy"].mean(-1)
    value, error = chains.mean(-1), chains.std(-1, ddof=1) / math.sqrt(chains.shape[-1])
    arrays["hysteresis/betas"] = task["betas"]
    for start, name in enumerate(("order", "disorder")):
        arrays[f"hysteresis/{name}"] = np.stack([value[start], error[start]])
    gap = np.abs(value[0] - value[1])
    apart = gap > 0.1 * potts_latent_heat(config.jumping) + 4 * np.hypot(*error)
    inside = task["betas"][apart]
    return (
        {"low": float(inside.min()), "high": float(inside.max())}
        if len(inside)
        else {"low": None, "high": None}
    )
