"""The model of a video, where it orders, and what its pictures show in words."""

import numpy as np

from isotherm.energy.lattice.critical import XY_BETA, critical_beta
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.shapes import square
from isotherm.pictures.lattice.config import VideoConfig

_UPPER = {5: 0.9515, 6: 0.9008}
"""Upper transitions of clock models that differ from XY's; from seven angles on they do not."""

_LOWER = {5: 0.9057, 6: 0.70, 8: 0.42, 16: 0.1}
"""About where clock models lock to their angles."""


def build_model(config: VideoConfig) -> AbstractLatticeModel:
    """The lattice model of a video.

    Raises:
        ValueError: if the lattice is impossible.
    """
    lattice = square(*config.rows_columns, periodic=config.boundary == "periodic")
    if config.model == "ising":
        return LatticeIsing(lattice)
    if config.model == "potts":
        return LatticePotts(lattice, config.num_values or 3)
    return LatticeXY(lattice) if config.num_values is None else LatticeClock(lattice, config.num_values)


def transition(config: VideoConfig) -> float:
    """Temperature below which the model orders, or quasi-orders, on the infinite square lattice."""
    if is_kosterlitz_thouless(config):
        return _UPPER.get(config.num_values or 0, 1 / XY_BETA)
    return 1 / critical_beta(build_model(config))


def is_kosterlitz_thouless(config: VideoConfig) -> bool:
    """Whether the transition binds vortices instead of ordering."""
    return config.is_angular and (config.num_values is None or config.num_values >= 5)


def symbol(config: VideoConfig) -> str:
    """Of the transition's temperature, its index marked as a subscript."""
    return "T_{KT}" if is_kosterlitz_thouless(config) else "T_{c}"


def title(config: VideoConfig) -> str:
    """The model in words."""
    if config.model == "ising":
        return "Ising model"
    if config.model == "potts":
        return f"Potts model, q = {config.num_values}"
    name = "Clock" if config.model == "clock" else "XY"
    return f"{name} model" if config.num_values is None else f"{name} model, {config.num_values} angles"


def order_name(config: VideoConfig) -> str:
    """What the order parameter of the pictures is called."""
    return {"ising": "magnetization |m|", "potts": "largest fraction f"}.get(
        config.model, "magnetization |m|"
    )


def order_symbol(config: VideoConfig) -> str:
    """The same in a letter or two."""
    return "f" if config.model == "potts" else "|m|"


def sentences(config: VideoConfig, charges: tuple[int, int] | None) -> list[str]:
    """What the video shows, in words.

    Args:
        config: of the video.
        charges: vortices and antivortices together in the first and in the last frame, if there are any to count.
    """
    temperatures = config.temperatures()
    low, high, critical = temperatures.min(), temperatures.max(), transition(config)
    name = symbol(config).replace("{", "").replace("}", "")
    found = [_place(low, high, critical, name)]
    if is_kosterlitz_thouless(config):
        found += _of_vortices(config, temperatures, critical, charges)
    elif not config.ramp and low < critical and config.start == "random":
        found.append("Domains grow; local updates may freeze in stripes, which equilibrium does not have.")
    lower = _LOWER.get(config.num_values or 0, 0.0) if config.is_angular else 0.0
    if low < 0.3 and lower:
        found.append(
            f"{config.num_values} angles lock to their directions near T = {lower:g}, which XY does not."
        )
    return found


def _place(low: float, high: float, critical: float, name: str) -> str:
    if low == high:
        side = "below" if low < critical else "above"
        return f"T = {low:.4g} is {side} {name} = {critical:.4f}: T / {name} = {low / critical:.3f}."
    where = "across" if low < critical < high else "below" if high < critical else "above"
    return f"T runs from {low:.4g} to {high:.4g}, {where} {name} = {critical:.4f}."


def _of_vortices(
    config: VideoConfig, temperatures: np.ndarray, critical: float, charges: tuple[int, int] | None
) -> list[str]:
    if temperatures.max() < critical and config.start == "random":
        return [
            "A quench: vortices and antivortices annihilate in pairs; those that stay are bound below T_KT."
        ]
    if temperatures.min() > critical:
        return ["Above T_KT vortices are free: they come and go."]
    if charges is not None and temperatures.min() < critical < temperatures.max():
        return ["Pairs of vortices bind below T_KT and unbind above."]
    return []
