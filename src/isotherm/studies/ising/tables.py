"""What the study of the Ising model prints."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.ising.config import IsingConfig
from isotherm.studies.lattice.critical import ISING_TEMPERATURE
from isotherm.study.tables import Table

KNOWN = {
    "inverse_nu": ("1/ν, joint fit", 1.0),
    "inverse_nu_of_binder": ("1/ν, slope of U", 1.0),
    "inverse_nu_of_correlation_ratio": ("1/ν, slope of ξ/L", 1.0),
    "beta_over_nu": ("β/ν, |m| at T_c", 0.125),
    "gamma_over_nu": ("γ/ν, χ at T_c", 1.75),
}
LIMITS = {"binder": ("U at T_c", 0.61069), "correlation_ratio": ("ξ/L at T_c", 0.90505)}
"""Of the periodic square: Salas and Sokal, J. Stat. Phys. 98 (2000)."""

METHODS = {"heat-bath": "local heat bath, m²", "swendsen-wang": "Swendsen–Wang, energy"}
KNOWN_Z = {"heat-bath": "2.167", "swendsen-wang": "0.2 to 0.35"}


def plus_minus(found: Mapping[str, Any], digits: int = 2) -> str:
    """``2.26921 ± 0.00008``: as many decimals as show the error to two digits."""
    error = found["error"]
    decimals = 4 if error <= 0 else max(0, digits - 1 - int(f"{error:e}".split("e")[1]))
    return f"{found['value']:.{decimals}f} ± {error:.{decimals}f}"


def deviation(found: Mapping[str, Any], exact: float) -> str:
    """Difference to the exact value in units of the error."""
    return f"{(found['value'] - exact) / found['error']:+.1f}" if found["error"] > 0 else "n/a"


def tables(config: IsingConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """See :meth:`IsingStudy.tables`."""
    return [_critical(config, metrics), _crossings(metrics), _agreement(metrics), _dynamics(config, metrics)]


def _critical(config: IsingConfig, metrics: Mapping[str, Any]) -> Table:
    found, limits = metrics["temperature"], metrics["temperature"]["limits"]
    rows = [("T_c", plus_minus(found), f"{ISING_TEMPERATURE:.6f}", deviation(found, ISING_TEMPERATURE))]
    rows += [
        (
            label,
            plus_minus(metrics["exponents"][key]),
            f"{exact:g}",
            deviation(metrics["exponents"][key], exact),
        )
        for key, (label, exact) in KNOWN.items()
    ]
    rows += [
        (label, plus_minus(limits[key]), f"{exact:g}", deviation(limits[key], exact))
        for key, (label, exact) in LIMITS.items()
    ]
    sizes = ", ".join(map(str, sorted(config.critical_sizes)))
    moved = found["without_smallest"]
    return Table(
        "Critical point and exponents",
        ("", "measured", "exact", "z"),
        tuple(rows),
        f"sizes {sizes}; joint fit of U and ξ/L with a correction of power 7/4, χ² a degree of freedom "
        f"{found['chi2']:.2f}; errors from {config.num_resamples} resamples of blocks; that of T_c also holds the "
        f"largest shift of three other fits ({found['systematic']:.1e} beside {found['statistical']:.1e})"
        + ("" if moved is None else f"; without the smallest size it moves by {plus_minus(moved)}"),
    )


def _crossings(metrics: Mapping[str, Any]) -> Table:
    crossings = metrics["crossings"]
    names = {"binder": "U", "correlation_ratio": "ξ/L"}
    by_pair: dict[int, dict[str, str]] = {}
    for name, found in crossings.items():
        for pair in found["pairs"]:
            by_pair.setdefault(pair["size"], {})[name] = plus_minus(pair)
    rows = [
        (f"{size} and {2 * size}", *(cells.get(name, "none") for name in names))
        for size, cells in sorted(by_pair.items())
    ]
    limits = [crossings[name]["limit"] for name in names]
    rows.append(("limit of large sizes", *("n/a" if one is None else plus_minus(one) for one in limits)))
    return Table(
        "Temperatures at which curves of two sizes cross",
        ("sizes", *names.values()),
        tuple(rows),
        "limit by a drift of power 2.75; temperature ± standard error",
    )


def _agreement(metrics: Mapping[str, Any]) -> Table:
    rows = [
        (
            label,
            found["num_compared"],
            f"{found['rms_z']:.2f}",
            f"{found['worst_z']:.2f}",
            f"{found['bound']:.2f}",
        )
        for label, found in (
            ("energy and heat capacity against Kaufman's", metrics["curves"]),
            ("energy and m², order against disorder", metrics["starts"]),
        )
    ]
    return Table(
        "Differences in units of their own error",
        ("", "compared", "root mean square z", "worst |z|", "bound"),
        tuple(rows),
        "true differences of zero exceed the bound once in a thousand such tables",
    )


def _dynamics(config: IsingConfig, metrics: Mapping[str, Any]) -> Table:
    dynamics = metrics["dynamics"]
    rows = [
        (
            label,
            *(plus_minus(one) for one in dynamics[method]["times"]),
            plus_minus(dynamics[method]["z"]),
            KNOWN_Z[method],
        )
        for method, label in METHODS.items()
    ]
    return Table(
        "Integrated autocorrelation time at T_c, in steps",
        ("", *(f"L = {size}" for size in config.dynamic_sizes), "z", "known z"),
        tuple(rows),
        "a step of the heat bath is a sweep; 32 chains; errors from resampled chains",
    )


def conclusions(config: IsingConfig, metrics: Mapping[str, Any]) -> list[str]:
    """See :meth:`IsingStudy.conclusions`."""
    t_c, starts, dynamics = metrics["temperature"], metrics["starts"], metrics["dynamics"]
    off = abs(t_c["value"] - ISING_TEMPERATURE)
    lines = [
        f"**T_c = {plus_minus(t_c)}** from the joint fit of U and ξ/L; the exact value {ISING_TEMPERATURE:.6f} is "
        f"{off:.1e} away, {off / t_c['error']:.1f} standard errors.",
        _starts_line(starts),
        f"At T_c local moves relax in L^z sweeps with z = {plus_minus(dynamics['heat-bath']['z'])}, clusters with "
        f"z = {plus_minus(dynamics['swendsen-wang']['z'])}.",
    ]
    return [*lines, _quench_line(config, metrics["quench"])]


def _starts_line(starts: Mapping[str, Any]) -> str:
    agree = starts["worst_z"] <= starts["bound"]
    verdict = "agree" if agree else "**do not agree**"
    return (
        f"Chains from order and from disorder {verdict} at all temperatures and sizes: worst |z| = "
        f"{starts['worst_z']:.2f} of {starts['bound']:.2f} allowed, {starts['num_compared']} compared."
    )


def _share(found: Mapping[str, float], count: int) -> str:
    """A share of so many with its error; none and all have no error, but a bound: they would be seen by chance."""
    if found["error"] > 0:
        return f"{100 * found['value']:.0f} ± {100 * found['error']:.0f} % of {count}"
    bound = 100 * (1 - 0.05 ** (1 / count))
    if found["value"] > 0:
        return f"all (at least {100 - bound:.0f} %) of {count}"
    return f"none (at most {bound:.0f} %) of {count}"


def _quench_line(config: IsingConfig, quench: Mapping[str, Any]) -> str:
    growth = quench["growth"]
    law = "" if growth is None else f" Before that, domains grow as t^{plus_minus(growth)}."
    left = _share(quench["striped"], config.num_quenches)
    return (
        f"{config.quench_sweeps:,} local sweeps at T = {config.quench_temperature:g} from random states leave {left} "
        f"lattices in stripes: their mean |m| is {plus_minus(quench['magnetization'])}, where equilibrium has "
        f"{quench['exact_magnetization']:.4f}.{law}"
    )
