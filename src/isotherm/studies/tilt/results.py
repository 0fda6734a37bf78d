"""What the tilt study says: metrics under the published names, tables and sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.files.content import finite
from isotherm.studies.tilt.config import TiltConfig
from isotherm.study.base import Arrays
from isotherm.study.tables import Estimate, Table

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "pc_ula": {
        "kl/action": 0.019422,
        "kl/state": 0.004457,
        "kl/state_gt": 0.011245,
        "mixing/esjd": 0.17557,
        "mixing/ess_steps": 22340.0,
        "diagnostics/var_mean_sps": 0.32934,
        "diagnostics/alpha2_var_a": 0.31564,
        "diagnostics/within_var_sps_avg": 0.23678,
    },
    "pc_mala": {
        "kl/action": 0.007880,
        "kl/state": 0.000345,
        "kl/state_gt": 0.006124,
        "mixing/esjd": 0.88740,
        "mixing/acc": 0.60187,
        "mixing/ess_steps": 163192.0,
        "diagnostics/var_mean_sps": 0.26319,
        "diagnostics/alpha2_var_a": 0.25071,
        "diagnostics/within_var_sps_avg": 0.23678,
    },
    "pc_joint_mala": {
        "kl/action": 0.0286,
        "kl/state": 0.0232,
        "kl/state_gt": 0.0126,
        "mixing/esjd": 1.287,
        "mixing/acc": 0.600,
        "mixing/ess_steps": 138106.0,
        "diagnostics/var_mean_sps": 0.3465,
        "diagnostics/alpha2_var_a": 0.3350,
        "diagnostics/within_var_sps_avg": 0.3144,
    },
}
"""What the published program finds at its defaults, seed 42 (its runs are dependent: no standard errors)."""

_FREE = {
    "seed",
    "samplers",
    "seeds_ula",
    "seeds_mala",
    "adaptation",
    "noise",
    "sweep_max_refresh",
    "sweep_runs",
}
_KL = {"action": "{0}", "state": "state_{0}", "state_gt": "state_{0}_gt"}


def collect(config: TiltConfig, results: Mapping[str, Arrays]) -> dict[str, Any]:
    """The published groups and keys, then standard errors, sound estimates and exact laws."""
    reference = results["reference"]
    shown = ("beta_schedule", "lambda_scale", "K", "refresh_L", "action_steps_per_level", "points_per_seed")
    settings = config.settings()
    metrics: dict[str, Any] = {
        "config": {name: settings[name] for name in (*shown, "samplers")},
        **{group: {} for group in ("kl", "evals_per_action", "mixing", "diagnostics")},
        "standard_errors": {group: {} for group in ("kl", "mixing", "diagnostics")},
        **{group: {} for group in ("gaussian_kl", "end_moments", "independence", "sweep")},
        "kl_floor": _floor(reference, "floor"),
        "sweep_kl_floor": _floor(reference, "sweep_floor"),
        "target": _numbers(reference, "target"),
        "exact": {"pc_ula": _numbers(reference, "exact")},
    }
    metrics["diagnostics"]["sigma_sprime2"] = config.sigma_sprime**2
    for method in config.samplers:
        _add(config, metrics, method, results[method])
    return metrics


def _add(config: TiltConfig, metrics: dict[str, Any], method: str, found: Arrays) -> None:
    """The numbers of one sampler."""
    for ours, theirs in _KL.items():
        key = theirs.format(method)
        metrics["kl"][key], metrics["standard_errors"]["kl"][key] = _pair(found[f"kl/{ours}"])
        metrics["gaussian_kl"][key] = _estimate(found[f"gaussian_kl/{ours}"], config.kl_runs)
    for name in ("denoiser", "Q"):
        metrics["evals_per_action"][f"{name}_{method}"] = int(found[f"evals_per_action/{name}"][0])
    for group in ("mixing", "diagnostics"):
        for path, value in found.items():
            if path.startswith(f"{group}/"):
                key = f"{path.partition('/')[2]}_{method}"
                metrics[group][key], metrics["standard_errors"][group][key] = _pair(value)
    moments = {path.partition("/")[2]: value for path, value in found.items() if path.startswith("moments/")}
    metrics["end_moments"][method] = {name: _estimate(v, config.kl_runs) for name, v in moments.items()}
    metrics["independence"][method] = {name: _pair(found[f"chains/{name}"])[0] for name in ("rhat", "ess")}
    law = {path.partition("/")[2]: float(v) for path, v in found.items() if path.startswith("mala_law/")}
    if law:
        metrics["exact"][method] = law
    metrics["sweep"][method] = {
        path.partition("/")[2]: {"value": value[:, 0].tolist(), "error": value[:, 1].tolist()}
        for path, value in found.items()
        if path.startswith("sweep/")
    }


def tables(config: TiltConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """Divergences, end moments, mixing and cost."""
    return [_divergences(config, metrics), _moments(config, metrics), _mixing(config, metrics)]


def conclusions(config: TiltConfig, metrics: Mapping[str, Any]) -> list[str]:
    """How far each sampler ends from the target, and why."""
    return [_verdict(method, metrics) for method in config.samplers] + _explanations(config, metrics)


def _verdict(method: str, metrics: Mapping[str, Any]) -> str:
    kl, floor = metrics["gaussian_kl"][method], metrics["kl_floor"]["action"]
    state = metrics["gaussian_kl"][f"state_{method}"]
    return (
        f"**{method}** ends {kl['mean']:.5f} ± {kl['se']:.5f} from the target in its actions and "
        f"{state['mean']:.5f} ± {state['se']:.5f} in its next states (KL of fitted moments); the histogram estimate "
        f"reads {metrics['kl'][method]:.4f} where exact draws read {floor['mean']:.4f} ± {floor['std']:.4f}."
    )


def _explanations(config: TiltConfig, metrics: Mapping[str, Any]) -> list[str]:
    found, target = [], metrics["target"]
    exact = metrics["exact"]
    if "pc_ula" in config.samplers:
        law = exact["pc_ula"]
        found.append(
            f"The exact end law of `pc_ula` is N({law['mean']:.5f}, {law['var']:.5f}), KL {law['kl_action']:.5f}: "
            f"its error is the bias of an unadjusted step of {config.ca:g} of the action's variance."
        )
    if "pc_mala" in exact:
        law = exact["pc_mala"]
        found.append(
            f"At its frozen step sizes `pc_mala` ends exactly on mean {law['mean']:.4f} and variance "
            f"{law['var']:.4f} where the target has {target['mu_a']:.4f} and {target['sigma_a'] ** 2:.4f}: "
            "each level is left invariant, but one step a level lags behind the moving target."
        )
    ends_at_zero = config.beta_schedule in ("tfg_plus_final_mala", "sigma_power")
    if ends_at_zero:
        found.append(
            f"The schedule `{config.beta_schedule}` ends at no tilt, so the walk ends at the base policy; "
            f"{config.clean_steps} clean corrections follow."
        )
    if config.refresh_L == 0:
        found.append("Without refreshes the particles keep their first noise, and next states are far off.")
    return found


def _divergences(config: TiltConfig, metrics: Mapping[str, Any]) -> Table:
    rows = []
    for method in config.samplers:
        for ours, theirs in _KL.items():
            key = theirs.format(method)
            known = _published(config, method, f"kl/{ours}")
            histogram = Estimate(
                metrics["kl"][key], metrics["standard_errors"]["kl"][key], config.kl_runs, known
            )
            floor = metrics["kl_floor"][ours]
            sound = Estimate(**metrics["gaussian_kl"][key])
            rows.append((f"{method}: {ours}", histogram, f"{floor['mean']:.5f} ± {floor['std']:.5f}", sound))
    return Table(
        "Divergence from the target",
        ("sampler: marginal", "histogram KL", "exact draws read", "KL of moments"),
        tuple(rows),
        "nats, ± standard error over runs (runs); states are all final particles, state_gt one fresh clean state a "
        "run; the KL of fitted moments has its bias taken out and so may fall below 0",
    )


def _moments(config: TiltConfig, metrics: Mapping[str, Any]) -> Table:
    target, rows = metrics["target"], []
    for method in config.samplers:
        found, law = metrics["end_moments"][method], metrics["exact"].get(method, {})
        for name, aim in (
            ("action_mean", target["mu_a"]),
            ("action_var", target["sigma_a"] ** 2),
            ("state_mean", target["mu_s"]),
            ("state_var", target["sigma_s"] ** 2),
        ):
            exact = law.get(name.removeprefix("action_")) if config.clean_steps == 0 else None
            known = "–" if exact is None else f"{exact:.5f}"
            rows.append((f"{method}: {name}", Estimate(**found[name]), known, f"{aim:.5f}"))
    return Table("End moments", ("sampler: moment", "found", "exact for the sampler", "target"), tuple(rows))


def _mixing(config: TiltConfig, metrics: Mapping[str, Any]) -> Table:
    columns = ("esjd", "acc", "ess_steps", "esjd_per_cost")
    rows = []
    for method in config.samplers:
        cells = []
        for name in columns:
            key = f"{name}_{method}"
            error = metrics["standard_errors"]["mixing"].get(key)
            known = _published(config, method, f"mixing/{name}")
            value = metrics["mixing"].get(key)
            cells.append(None if value is None else Estimate(value, error, config.kl_runs, known))
        counts = metrics["evals_per_action"]
        rhat = metrics["independence"][method]["rhat"]
        cells += [
            counts[f"denoiser_{method}"],
            counts[f"Q_{method}"],
            "n/a" if rhat is None else f"{rhat:.4f}",
        ]
        rows.append((method, *cells))
    return Table(
        "Mixing and cost",
        ("sampler", "ESJD", "acceptance", "ESS of steps", "ESJD per cost", "denoiser", "Q", "R-hat"),
        tuple(rows),
        "± standard error over runs (runs); ESS of steps is the published heuristic over all levels; evaluations an "
        "action; R-hat of final actions between four quarters of the runs in order",
    )


def _published(config: TiltConfig, method: str, path: str) -> float | None:
    """The published value, where the setting is the published one."""
    usual = TiltConfig().settings()
    same = all(value == usual[name] for name, value in config.settings().items() if name not in _FREE)
    return PUBLISHED[method].get(path) if same else None


def _floor(reference: Arrays, group: str) -> dict[str, Any]:
    names = ("action", "state", "state_gt")
    return {
        name: dict(zip(("mean", "std"), map(float, reference[f"{group}/{name}"]), strict=True))
        for name in names
    }


def _numbers(reference: Arrays, group: str) -> dict[str, float]:
    prefix = f"{group}/"
    return {path.removeprefix(prefix): float(v) for path, v in reference.items() if path.startswith(prefix)}


def _pair(value: np.ndarray) -> tuple[float | None, float | None]:
    first, second = map(finite, value)
    return first, second


def _estimate(value: np.ndarray, runs: int) -> dict[str, Any]:
    return Estimate(float(value[0]), float(value[1]), runs).to_json()
