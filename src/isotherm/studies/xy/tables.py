"""Tables and conclusions of the study of the XY model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from isotherm.estimate.kosterlitz import KNOWN_ERROR, KNOWN_TEMPERATURE
from isotherm.studies.xy.config import XYConfig
from isotherm.study.tables import Table


def tables(config: XYConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """Fits of the transition, crossings of each size, clock models and starts."""
    found = metrics["transition"]
    chains = f"{2 * config.num_chains} chains × {config.num_samples:,} draws at each temperature"
    return [
        Table(
            "Temperature of the transition, by fit",
            ("fit", "T_KT", "constant", "χ²", "degrees of freedom"),
            tuple(
                (
                    f"{row['name']}{' (quoted)' if i == 0 else ''}",
                    _plus_minus(row["temperature"], row["error"]),
                    _plus_minus(row["constant"], row["constant_error"], 2),
                    f"{row['chi2']:.1f}",
                    row["dof"],
                )
                for i, row in enumerate(found["fits"])
            ),
            f"statistical errors; {chains}; known: {KNOWN_TEMPERATURE} ± {KNOWN_ERROR:.5f} (Hasenbusch 2005)",
        ),
        Table(
            "Where the helicity modulus crosses its jump",
            ("L", "T* with 2T/π", "T* with the logarithm"),
            tuple(
                (
                    str(row["size"]),
                    _met(row["plain"]),
                    _met(row["corrected"]),
                )
                for row in found["crossings"]
            ),
            "the second with the constant of the quoted fit: no drift is left if the law holds",
        ),
        Table(
            "Agreement",
            ("compared", "numbers", "worst z", "bound", "within"),
            (
                _judged("start from order, start from disorder", metrics["starts"]),
                _judged(f"clock of {config.num_angles} angles, XY, 0.3 < T < 2", metrics["clock"]),
            ),
            "energy, ⟨m²⟩, helicity modulus and vortex density at all temperatures and sizes; true ones pass the "
            "bound in 999 of 1,000 runs",
        ),
        *_six(config, metrics["six"]),
        Table(
            "Peak of the heat capacity: not the transition",
            ("L", "T of the grid", "C"),
            tuple(
                (
                    str(row["size"]),
                    f"{row['temperature']:g}",
                    _plus_minus(row["heat_capacity"], row["error"], 3),
                )
                for row in metrics["peaks"]
            ),
            "the largest value on the grid of temperatures",
        ),
    ]


def _six(config: XYConfig, found: Mapping[str, Any] | None) -> list[Table]:
    if found is None:
        return []
    return [
        Table(
            "Clock model of six angles: two transitions of its own",
            ("transition", "temperature", "where"),
            (
                ("spins lock to the six angles", _of(found["lower"]), "η = 1/9"),
                ("vortices unbind", _of(found["upper"]), "η = 1/4"),
            ),
            f"from ⟨m²⟩ at L = {', '.join(map(str, config.six_sizes))}; statistical errors; XY-like between the two",
        )
    ]


def conclusions(config: XYConfig, metrics: Mapping[str, Any]) -> list[str]:
    """The transition first."""
    found, starts, clock = metrics["transition"], metrics["starts"], metrics["clock"]
    gap = found["temperature"] - KNOWN_TEMPERATURE
    lines = [
        f"**T_KT = {_plus_minus(found['temperature'], found['error'])}** (statistical {found['statistical']:.4f}, "
        f"{_systematic(found)}) from the helicity modulus of "
        f"{len(found['fits'][0]['sizes'])} sizes up to L = {max(config.sizes)}; known: {KNOWN_TEMPERATURE}, "
        f"{gap:+.4f} or {100 * abs(gap) / KNOWN_TEMPERATURE:.2f} % away.",
        f"Chains from order and from disorder {_agree(starts)}.",
        _peak(metrics["peaks"]),
        f"{_as_good(clock)}the clock model of {config.num_angles} and XY {_agree(clock)} for "
        "0.3 < T < 2. Far below, the clock has a transition of its own (near T = 0.1 for sixteen), where spins lock "
        "to the angles.",
    ]
    six = metrics["six"]
    if six and six["lower"] and six["upper"]:
        lines.append(
            f"Six angles: locked below T = {_of(six['lower'])}, like XY up to {_of(six['upper'])}, disordered above."
        )
    return lines


def _systematic(found: Mapping[str, Any]) -> str:
    """How far other fits are from the quoted one; where there is none of its form, nothing is known of that."""
    others = [row for row in found["fits"][1:] if row["name"].startswith("L ≥")]
    return f"systematic {found['systematic']:.4f}" if others else "systematic not told: it takes more sizes"


def _peak(peaks: Sequence[Mapping[str, Any]]) -> str:
    """Whether the heat capacity's peak grows between the two largest lattices, by three standard errors."""
    last = peaks[-1]
    where = f"The peak of the heat capacity, near T = {last['temperature']:g} at L = {last['size']}"
    if len(peaks) > 1:
        growth = last["heat_capacity"] - peaks[-2]["heat_capacity"]
        if growth <= 3 * math.hypot(last["error"], peaks[-2]["error"]):
            return f"{where}, **is not the transition**: it does not grow with the lattice."
    return f"{where}, is not the transition, though sizes are too few, or too small, to see that it stops to grow."


def _agree(judged: Mapping[str, Any]) -> str:
    is_within = judged["worst_z"] <= judged["bound"]
    words = "agree" if is_within else "**disagree**"
    return (
        f"{words} (worst of {judged['num']} z-scores {judged['worst_z']:.1f}, {judged['bound']:.1f} allowed)"
    )


def _as_good(clock: Mapping[str, Any]) -> str:
    is_within = clock["worst_z"] <= clock["bound"]
    return "A few angles are as good as all: " if is_within else "A few angles are **not as good as all**: "


def _judged(name: str, judged: Mapping[str, Any]) -> tuple[Any, ...]:
    passed = "yes" if judged["worst_z"] <= judged["bound"] else "NO"
    return (name, judged["num"], f"{judged['worst_z']:.2f}", f"{judged['bound']:.2f}", passed)


def _met(found: Sequence[float] | None) -> str:
    return "not on the grid" if found is None else _plus_minus(found[0], found[1])


def _of(found: Mapping[str, float] | None) -> str:
    return "not on the grid" if found is None else _plus_minus(found["temperature"], found["error"], 3)


def _plus_minus(value: float, error: float, decimals: int = 4) -> str:
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"
