"""What the variants of the tilt study say: metrics and sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from isotherm.estimate.scores import score_bound
from isotherm.files.content import finite
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies.study import FALSE_ALARM, samplers
from isotherm.studies.tilt.policies.tables import signed
from isotherm.study.base import Arrays

MIXED = 1.1
"""R-hat above which chains are not judged: each knows only a part of the law."""


def collect(config: TiltConfig, results: Mapping[str, Arrays]) -> dict[str, Any]:
    """The law in closed form, and each sampler against it."""
    from isotherm.studies.tilt.policies.statistics import names

    reference = results["reference"]
    moments = dict(
        zip(names(config.actions, len(reference["law/weights"])), reference["moments"].tolist(), strict=True)
    )
    target = {
        name: reference[f"law/{name}"].tolist() for name in ("log_z", "weights", "means", "covariances")
    }
    floor = reference["floor"].tolist()
    return {
        "policy": config.policy,
        "target": {**target, "moments": moments, "importance_share": float(reference["importance_share"])},
        "distance_floor": {"mean": floor[0], "std": floor[1]},
        "samplers": {name: _judged(target["log_z"], moments, results[name]) for name in samplers(config)},
    }


def _judged(log_z: float, exact: Mapping[str, float], found: Arrays) -> dict[str, Any]:
    """The numbers of one sampler."""
    groups, draws, steps = found["counts"].tolist()
    bound = score_bound(len(exact), groups - 1, FALSE_ALARM)
    moments = {
        name: _against(pair, value, groups)
        for (name, value), pair in zip(exact.items(), found["moments"], strict=True)
    }
    worst = max(
        moments, key=lambda name: abs(moments[name]["z"] if moments[name]["z"] is not None else np.inf)
    )
    z = moments[worst]["z"]
    judged: dict[str, Any] = {
        "moments": moments,
        "worst": {"name": worst, "z": z, "bound": bound},
        "verdict": _verdict(z, bound, finite(found["rhat"]) if "rhat" in found else 1.0),
        "ess": finite(found["ess"]),
        "ess_per_1000_steps": finite(1000 * found["ess"] / (groups * draws * steps)),
        "groups": groups, "draws": draws, "steps": steps,
    }  # fmt: skip
    for name in ("distance", "kl", "acceptance", "effective"):
        if name in found:
            judged[name] = _estimate(found[name], groups)
    if "log_z" in found:
        judged["log_z"] = _against(found["log_z"], log_z, groups)
    if "rhat" in found:
        judged["rhat"] = finite(found["rhat"])
    if "next/ks" in found:
        judged["next_states"] = {
            name: finite(found[f"next/{name}"]) for name in ("ks", "p", "z_mean", "z_var")
        }
    return judged


def _verdict(z: float | None, bound: float, rhat: float | None) -> str:
    """Whether a sampler agrees with the closed form, is off, or has not mixed enough to tell."""
    if z is None or rhat is None or abs(z) > bound:
        return "off"
    return "agrees" if rhat <= MIXED else "not mixed"


def conclusions(config: TiltConfig, metrics: Mapping[str, Any]) -> list[str]:
    """Which samplers end on the tilted policy, which do not, and why."""
    found, target = metrics["samplers"], metrics["target"]
    by_verdict = {
        verdict: [name for name, one in found.items() if one["verdict"] == verdict]
        for verdict in ("agrees", "off", "not mixed")
    }
    said = []
    if true := by_verdict["agrees"]:
        said.append(
            f"{_listed(true)} show no difference from the tilted policy: none of {len(target['moments'])} moments is "
            f"farther from its exact value than chance explains {1 - FALSE_ALARM:.0%} of the time."
        )
    said += [_fault(config, name, found[name]) for name in by_verdict["off"]]
    if slow := by_verdict["not mixed"]:
        worst = ", ".join(f"{found[name]['rhat']:.2f}" for name in slow)
        why = "more samples would tell"
        if config.policy == "mixture":
            why = "they pass too rarely from part to part, and the shares of the parts lean to those of the start"
        said.append(f"{_listed(slow)} cannot be judged: R-hat {worst} says that chains differ; {why}.")
    estimates = [f"`{name}` {_plain(one['log_z'])}" for name, one in found.items() if "log_z" in one]
    if estimates:
        said.append(
            f"The log normaliser is {target['log_z']:.4f}; {', '.join(estimates)}. Of weighted draws of the "
            f"base policy {target['importance_share']:.0%} would count."
        )
    broken = [
        name for name, one in found.items() if "next_states" in one and not _is_normal(one["next_states"])
    ]
    if broken:
        said.append(f"Next states do **not** follow their actions as they should in {_listed(broken)}.")
    elif any("next_states" in one for one in found.values()):
        said.append(
            "Tilting the action leaves the law of its next state as it was, in every sampler that carries one."
        )
    return said


def _fault(config: TiltConfig, name: str, one: Mapping[str, Any]) -> str:
    """What is wrong with a sampler that is off, and why."""
    worst = one["worst"]
    z = "without an error" if worst["z"] is None else f"{signed(worst['z'])} standard errors off"
    why = "draws are too few, or mix too slowly"
    if name == "ula":
        why = "no move is ever rejected, so its law is off by the size of the step"
        if config.policy == "multivariate":
            factor = 1 / (1 - config.ca / 2)
            why += f", and variances are 1 / (1 − ca/2) = {factor:.3f} times too large, as theory says"
    elif name == "noise_walk":
        why = "each level is left as it is, but the walk does not wait for it and arrives late; more levels (`K`), "
        why += "or more steps at each, bring it closer"
        if config.beta_schedule in ("tfg_plus_final_mala", "sigma_power"):
            why = f"its schedule `{config.beta_schedule}` ends at no tilt, and so the walk ends at the base policy"
    if (one.get("rhat") or 0) > MIXED:
        why += f"; its chains differ besides (R-hat {one['rhat']:.2f}), so that standard errors say little"
    return f"**{name}** is off: its {worst['name']} is {z}; {why}."


def _is_normal(found: Mapping[str, Any]) -> bool:
    numbers = [found[name] for name in ("p", "z_mean", "z_var")]
    return all(x is not None for x in numbers) and numbers[0] > 1e-3 and max(map(abs, numbers[1:])) < 4


def _listed(names: Iterable[str]) -> str:
    *most, last = [f"**{name}**" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _against(pair: np.ndarray, exact: float, groups: int) -> dict[str, Any]:
    """An estimate with its distance from the exact value in standard errors."""
    found = _estimate(pair, groups)
    error = found["se"]
    return {**found, "z": (found["mean"] - exact) / error if found["mean"] is not None and error else None}


def _estimate(pair: np.ndarray, groups: int) -> dict[str, Any]:
    value, error = map(finite, pair)
    return {"mean": value, "se": error, "n": groups}


def _plain(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return "fails"
    return f"estimates {found['mean']:.4f} ± {found['se']:.4f}"
