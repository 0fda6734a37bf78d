"""What the study of Potts models prints."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.ising.tables import deviation, plus_minus
from isotherm.studies.potts.config import PottsConfig
from isotherm.study.tables import Table

KNOWN = {2: (1.0, 1 / 8, 7 / 4), 3: (6 / 5, 2 / 15, 26 / 15), 4: (3 / 2, 1 / 8, 7 / 4)}
"""Exponents ``1/ν, β/ν, γ/ν`` (Wu, Rev. Mod. Phys. 54 (1982) 235); four states have logarithms besides."""


def tables(config: PottsConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """See :meth:`PottsStudy.tables`."""
    return [_critical(config, metrics), _exponents(metrics), _jump(metrics), _agreement(metrics)]


def _critical(config: PottsConfig, metrics: Mapping[str, Any]) -> Table:
    return Table(
        "Critical inverse temperature",
        ("states", "measured", "ln(1 + √q)", "z", "χ² a degree of freedom"),
        tuple(
            (
                str(one["q"]),
                plus_minus(one),
                f"{one['exact']:.6f}",
                deviation(one, one["exact"]),
                f"{one['chi2']:.2f}",
            )
            for one in metrics["critical"]
        ),
        f"joint fit of U and ξ/L of sizes {', '.join(map(str, sorted(config.critical_sizes)))}; the error holds that "
        "of resampled blocks and the largest shift of four other fits",
    )


def _exponents(metrics: Mapping[str, Any]) -> Table:
    rows = []
    for one in metrics["critical"]:
        known = KNOWN.get(one["q"])
        cells = []
        for i, key in enumerate(("inverse_nu", "beta_over_nu", "gamma_over_nu")):
            cells += [plus_minus(one[key]), f"{known[i]:.4f}" if known else "jump"]
        rows.append((str(one["q"]), *cells))
    return Table(
        "Exponents as these sizes show them",
        ("states", "1/ν", "exact", "β/ν", "exact", "γ/ν", "exact"),
        tuple(rows),
        "errors are of chance alone: four states approach theirs with logarithms, five and six have a correlation "
        "length beyond these lattices and no exponents but those of a jump in the end",
    )


def _jump(metrics: Mapping[str, Any]) -> Table:
    jump, branches = metrics["jump"], metrics["jump"]["branches"]
    rows = [
        (f"L = {one['size']}", plus_minus(one["beta"]), plus_minus(one["latent_heat"]))
        for one in jump["sizes"]
    ]
    rows += [
        (
            f"free energies cross, L = {branches['size']}",
            plus_minus(branches["beta"]),
            plus_minus(branches["latent_heat"]),
        ),
        ("exact", f"{jump['exact']:.6f}", f"{jump['exact_latent_heat']:.6f}"),
    ]
    return Table(
        f"First-order transition of {jump['q']} states",
        ("", "beta of the transition", "latent heat per site"),
        tuple(rows),
        "small lattices: beta at which all ordered phases weigh q times the disordered one, and distance of the mean "
        "energies on either side of the gap in the histogram; large lattice: phases that hardly ever change, free "
        "energies by integrating energies over beta",
    )


def _agreement(metrics: Mapping[str, Any]) -> Table:
    found = metrics["starts"]
    row = (found["num_compared"], *(f"{found[key]:.2f}" for key in ("rms_z", "worst_z", "bound")))
    return Table(
        "Order against disorder, in units of the error of the difference",
        ("", "compared", "root mean square z", "worst |z|", "bound"),
        (("energy and m²", *row),),
        "true differences of zero exceed the bound once in a thousand such tables",
    )


def conclusions(config: PottsConfig, metrics: Mapping[str, Any]) -> list[str]:
    """See :meth:`PottsStudy.conclusions`."""
    critical, jump, starts = metrics["critical"], metrics["jump"], metrics["starts"]
    branches = jump["branches"]
    worst = max(critical, key=lambda one: abs(one["value"] - one["exact"]) / one["error"])
    z = abs(worst["value"] - worst["exact"]) / worst["error"]
    agree = "agree" if starts["worst_z"] <= starts["bound"] else "**do not agree**"
    lines = [
        f"**Critical points of {', '.join(str(one['q']) for one in critical)} states** against ln(1 + √q): the "
        f"largest difference is {z:.1f} standard errors, at q = {worst['q']} ({plus_minus(worst)}, exact "
        f"{worst['exact']:.6f}).",
        f"**{jump['q']} states jump** where the free energies of the two phases cross, at beta = "
        f"{plus_minus(branches['beta'])}, exact {jump['exact']:.6f}; latent heat "
        f"{plus_minus(branches['latent_heat'])} per site, exact {jump['exact_latent_heat']:.4f}.",
        f"Cluster chains from order and from disorder {agree}: worst |z| = {starts['worst_z']:.2f} of "
        f"{starts['bound']:.2f} allowed, {starts['num_compared']} compared.",
        _hysteresis_line(config, metrics["hysteresis"]),
    ]
    if {5, 6} & set(config.states):
        lines.append(
            "Five and six states also jump, but over correlation lengths of about 2,500 and 159 sites: lattices of "
            "this size look as if their transition were continuous."
        )
    return lines


def _hysteresis_line(config: PottsConfig, found: Mapping[str, Any]) -> str:
    if found["low"] is None:
        return f"After {config.hysteresis_sweeps} local sweeps both starts of {config.jumping} states agree."
    return (
        f"After {config.hysteresis_sweeps} local sweeps the two starts of {config.jumping} states still differ "
        f"between beta = {found['low']:.3f} and {found['high']:.3f}: hysteresis."
    )
