"""Tables and conclusions of the published pictures and diagrams."""

import math
from collections.abc import Mapping
from typing import Any

from isotherm.studies.phases.config import PhaseDiagramsConfig
from isotherm.study.tables import Cell, Table

NAMES = {"ising": "Ising", "potts": "Potts", "xy": "Planar spins"}
COLUMNS = {
    "energy": "energy",
    "abs_magnetization": "⟨|m|⟩",
    "largest_fraction": "f",
    "heat_capacity": "C",
    "susceptibility": "χ",
    "helicity_modulus": "Υ",
    "vortex_density": "vortices",
}
"""What is told of each model, where it has it; ``f`` stands for the magnetization of Potts models."""

PUBLISHED = {"ising": (1.0, 0.11), "potts": (0.5, 0.75)}
"""Temperature and order in the published diagrams, at the published settings."""


def tables(config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[Table]:
    """Equilibrium of each model, then what local updates reach, then the agreement of starts."""
    found = [_equilibrium(config, name, metrics[name]) for name in config.models]
    found += [_local(name, metrics[name]) for name in config.models]
    rows = tuple((NAMES[name], *_judged(metrics[name]["starts"])) for name in config.models)
    columns = ("model", "numbers", "worst z", "bound", "within")
    note = "energy, ⟨|m|⟩ and ⟨m²⟩ at all temperatures; true ones pass the bound in 999 of 1,000 runs"
    return [*found, Table("Start from order against start from disorder", columns, rows, note)]


def conclusions(config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[str]:
    """Equilibrium first, then what was stuck, then which way pairs bind."""
    found = [metrics[name]["starts"] for name in config.models]
    worst = max(found, key=lambda one: one["worst_z"] / one["bound"])
    apart = [NAMES[name] for name in config.models if not is_settled(metrics[name])]
    words = f"**disagree** ({', '.join(apart)})" if apart else "agree in all diagrams"
    verdict = "not all diagrams are equilibrium" if apart else "the diagrams are equilibrium"
    lines = [
        f"Chains from order and from disorder {words}, worst of {worst['num']} z-scores "
        f"{worst['worst_z']:.1f}, {worst['bound']:.1f} allowed: **{verdict}**."
    ]
    lines += [_said_of(config, name, metrics[name]) for name in config.models if name in PUBLISHED]
    if "xy" in config.models:
        lines.append(
            "Vortices and antivortices **bind in pairs below** T_KT = 0.893 and come free above it. The "
            "magnetization "
            "of a finite lattice is no order parameter; the helicity modulus tells the phases apart."
        )
    return lines


def is_settled(found: Mapping[str, Any]) -> bool:
    """Whether both starts of a model agree; ``found`` are its metrics."""
    return found["starts"]["worst_z"] <= found["starts"]["bound"]


def _equilibrium(config: PhaseDiagramsConfig, name: str, found: Mapping[str, Any]) -> Table:
    rows = found["rows"]
    skipped = "abs_magnetization" if name == "potts" else "largest_fraction"
    columns = {what: label for what, label in COLUMNS.items() if what in rows[0] and what != skipped}
    part = getattr(config, name)
    boundary = "periodic" if part.periodic else "open"
    return Table(
        f"{NAMES[name]} in equilibrium, {part.size} × {part.size}, {boundary}",
        ("T", *columns.values()),
        tuple((f"{row['temperature']:.3f}", *(_cell(row[what]) for what in columns)) for row in rows),
        f"a site, ± standard error; {2 * config.num_chains} chains × {config.num_samples:,} cluster steps",
    )


def _local(name: str, found: Mapping[str, Any]) -> Table:
    return Table(
        f"{NAMES[name]}: single-site updates from random starts",
        ("T", "mean order", "lowest chain", "equilibrium", "stuck"),
        tuple(
            (
                f"{row['temperature']:.3f}",
                f"{row['mean']:.3f}",
                f"{row['lowest']:.3f}",
                f"{row['equilibrium']:.4f}",
                None if row["num_stuck"] is None else f"{row['num_stuck']} of {row['num_chains']}",
            )
            for row in found["local"]
        ),
        "the published number of sweeps; stuck: order below nine tenths of that in equilibrium, told below "
        f"T = {found['critical_temperature']:.3f}: above it order is chance",
    )


def _said_of(config: PhaseDiagramsConfig, name: str, found: Mapping[str, Any]) -> str:
    row = min(found["local"], key=lambda one: one["temperature"])
    what = "⟨|m|⟩" if name == "ising" else "f"
    temperature, published = PUBLISHED[name]
    where = "in equilibrium" if is_settled(found) else "as the mean of starts that disagree"
    said = f"{NAMES[name]} at T = {row['temperature']:.3g}: {what} = {row['equilibrium']:.4f} {where}"
    if row["num_stuck"] is None:
        return f"{said}, above the transition: there is no order for local updates to miss."
    said += (
        f". Single-site updates from random starts leave {row['num_stuck']} of {row['num_chains']} chains stuck, "
        f"the lowest at {row['lowest']:.2f}"
    )
    is_published = (
        temperature >= row["temperature"] - 1e-6 and getattr(config, name) == type(getattr(config, name))()
    )
    return said + (f"; the published diagram shows {published:g}." if is_published else ".")


def _cell(found: Mapping[str, float]) -> Cell:
    digits = min(max(1 - math.floor(math.log10(max(found["error"], 1e-12))), 2), 6)
    return f"{found['value']:.{digits}f} ± {found['error']:.{digits}f}"


def _judged(found: Mapping[str, Any]) -> tuple[Cell, ...]:
    passed = "yes" if is_settled({"starts": found}) else "NO"
    return (found["num"], f"{found['worst_z']:.2f}", f"{found['bound']:.2f}", passed)
