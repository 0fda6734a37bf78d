"""The tables of the variants of the tilt study, made from its metrics."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies.study import FALSE_ALARM
from isotherm.study.tables import Cell, Estimate, Table


def tables(config: TiltConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """Divergences, moments, weights of the parts, normalisers, mixing and next states."""
    exact = list(metrics["target"]["moments"])
    groups = [
        ("Means of the actions", "mean"),
        ("Variances of the actions", "var"),
        ("Weights of the parts", "weight"),
    ]
    found = [_overview(config, metrics)]
    for title, kind in groups:
        chosen = [name for name in exact if name.startswith(f"{kind} ")]
        if chosen:
            found.append(_moments(metrics, title, chosen))
    if any("log_z" in one for one in metrics["samplers"].values()):
        found.append(_normalisers(metrics))
    found.append(_mixing(metrics))
    if any("next_states" in one for one in metrics["samplers"].values()):
        found.append(_next_states(metrics))
    return found


def _overview(config: TiltConfig, metrics: Mapping[str, Any]) -> Table:
    divergence = "kl" if config.policy == "multivariate" else None
    rows = []
    for name, one in metrics["samplers"].items():
        worst, cells = one["worst"], [_cell(one["distance"])]
        if divergence:
            cells.insert(0, _cell(one["kl"]))
        said = f"{signed(worst['z'])} ({worst['name']})"
        rows.append((name, *cells, said, f"{worst['bound']:.1f}", one["verdict"]))
    floor = metrics["distance_floor"]
    columns = ("KL of moments",) if divergence else ()
    return Table(
        "Against the closed form",
        ("sampler", *columns, "energy distance", "worst z", "bound", "verdict"),
        tuple(rows),
        "± standard error over chains or replicates (their number); both divergences have no bias, so that a true "
        f"sampler reads 0 on average and may fall below; exact draws read an energy distance of {floor['mean']:.5f}, "
        f"{floor['std']:.5f} from set to set; worst z: of {len(metrics['target']['moments'])} moments, the one "
        "farthest from its exact value in standard errors; a true sampler stays within the bound "
        f"{1 - FALSE_ALARM:.0%} of the time",
    )


def _moments(metrics: Mapping[str, Any], title: str, chosen: list[str]) -> Table:
    exact = metrics["target"]["moments"]
    rows: list[tuple[Cell, ...]] = [("exact", *(f"{exact[name]:.5f}" for name in chosen))]
    for sampler, one in metrics["samplers"].items():
        rows.append((sampler, *(_cell(one["moments"][name]) for name in chosen)))
    return Table(
        title, ("sampler", *chosen), tuple(rows), "± standard error over chains or replicates (their number)"
    )


def _normalisers(metrics: Mapping[str, Any]) -> Table:
    target, rows = metrics["target"], []
    for sampler, one in metrics["samplers"].items():
        if "log_z" in one:
            found = one["log_z"]
            rows.append(
                (
                    sampler,
                    _cell(found),
                    f"{target['log_z']:.5f}",
                    signed(found["z"]),
                    _cell(one["effective"]),
                )
            )
    return Table(
        "Log normaliser",
        ("sampler", "log Z", "exact", "z", "effective share"),
        tuple(rows),
        "log of the replicates' mean normaliser ± standard error (replicates); effective share: of a "
        "replicate's weights at "
        f"the end; importance weights of the base policy tend to {target['importance_share']:.4f}",
    )


def _mixing(metrics: Mapping[str, Any]) -> Table:
    rows = []
    for sampler, one in metrics["samplers"].items():
        rhat = one.get("rhat")
        rows.append((
            sampler, _cell(one.get("acceptance")), one["groups"] * one["draws"], one["steps"],
            None if one["ess"] is None else round(one["ess"]), one["ess_per_1000_steps"],
            "–" if rhat is None else f"{rhat:.3f}",
        ))  # fmt: skip
    return Table(
        "Mixing and cost",
        ("sampler", "acceptance", "draws", "steps a draw", "ESS", "ESS per 1000 steps", "R-hat"),
        tuple(rows),
        "steps: proposals of an action, warm-up included; ESS: exact variance over the squared standard error "
        "of the mean, "
        "so that all samplers are measured alike, biased ones included; R-hat: worst action, between chains",
    )


def _next_states(metrics: Mapping[str, Any]) -> Table:
    rows = []
    for sampler, one in metrics["samplers"].items():
        if "next_states" in one:
            found = one["next_states"]
            p = "–" if found["p"] is None else f"{found['p']:.3f}"
            rows.append((sampler, found["ks"], p, signed(found["z_mean"]), signed(found["z_var"])))
    return Table(
        "Next states given their actions",
        ("sampler", "KS", "p", "z of the mean", "z of the variance"),
        tuple(rows),
        "residuals whitened by q(s'|a) should be standard normal: Kolmogorov and Smirnov's distance on the last "
        "draw of "
        "each chain, and moments of all draws in standard errors over chains",
    )


def _cell(found: Mapping[str, Any] | None) -> Cell:
    if found is None or found["mean"] is None:
        return None
    return Estimate(found["mean"], found["se"], found["n"])


def signed(z: float | None) -> str:
    """A standard score as text."""
    if z is None:
        return "–"
    return f"{z:+.1f}" if abs(z) < 1000 else f"{z:+.0e}"
