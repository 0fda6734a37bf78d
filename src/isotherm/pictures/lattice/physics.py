"""The model of a video, where it orders, and what its pictures show in words."""

import math

import equinox as eqx
import numpy as np

from isotherm.energy.lattice.critical import XY_BETA, critical_beta
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.shapes import cubic, honeycomb, square, triangular
from isotherm.errors import refusal
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.plot.raster.cells import cell_map, extent

_UPPER = {5: 0.9515, 6: 0.9008}
"""Upper transitions of clock models that differ from XY's; from seven angles on they do not."""

_LOWER = {5: 0.9057, 6: 0.70, 8: 0.42, 16: 0.1}
"""About where clock models lock to their angles."""


def build_model(config: VideoConfig) -> AbstractLatticeModel:
    """The lattice model of a video.

    Raises:
        ValueError: if the lattice is impossible.
    """
    is_periodic, coupling = config.boundary == "periodic", config.coupling
    if config.lattice == "cubic":
        lattice = cubic(config.size, periodic=is_periodic)
    else:
        planar = {"square": square, "triangular": triangular, "honeycomb": honeycomb}[config.lattice]
        lattice = planar(*config.rows_columns, periodic=is_periodic)
    if config.model == "ising":
        return LatticeIsing(lattice, coupling)
    if config.model == "potts":
        return LatticePotts(lattice, config.num_values or 3, coupling)
    if config.num_values is None:
        return LatticeXY(lattice, coupling)
    return LatticeClock(lattice, config.num_values, coupling)


def transition(config: VideoConfig) -> float | None:
    """Temperature below which the model orders, or quasi-orders, on the infinite lattice; None where not known."""
    if is_kosterlitz_thouless(config):
        return config.coupling * _UPPER.get(config.num_values or 0, 1 / XY_BETA)
    model = build_model(config)
    if (
        config.model == "ising" and config.lattice != "triangular"
    ):  # every second spin turned, J changes its sign
        model = eqx.tree_at(lambda one: one.coupling, model, abs(model.coupling))
    try:
        return 1 / critical_beta(model)
    except ValueError:
        return None


def is_kosterlitz_thouless(config: VideoConfig) -> bool:
    """Whether the transition binds vortices instead of ordering, and they are counted: on square lattices."""
    is_plain = config.lattice == "square" and config.coupling > 0
    return is_plain and config.is_angular and (config.num_values is None or config.num_values >= 5)


def cells_of(config: VideoConfig, pixels: int | None) -> np.ndarray:
    """Which site each pixel belongs to, of a lattice whose cells are no squares.

    Args:
        config: of the lattice.
        pixels: width of the map; None for a longer side of about 1024.

    Raises:
        ValueError: naming a width that is odd, or too small to tell sites apart.
    """
    kind, shape = "honeycomb" if config.lattice == "honeycomb" else "triangular", config.rows_columns
    is_periodic = config.boundary == "periodic"
    periodic = (is_periodic, is_periodic)
    left, right, low, high = extent(kind, shape, periodic)
    least = 2 * math.ceil(2 * (right - left))
    if pixels is None:
        pixels = max(2 * round(512 * min(1.0, (right - left) / (high - low))), least)
    if pixels % 2 or pixels < least:
        raise refusal("pixels", pixels, f"should be even, and at least {least} for this lattice")
    return cell_map(kind, shape, periodic, pixels)


def lowest_energy(config: VideoConfig) -> float:
    """Energy a site where every bond is content, on the infinite lattice."""
    neighbours = {"square": 4, "triangular": 6, "honeycomb": 3, "cubic": 6}[config.lattice]
    return -abs(config.coupling) * neighbours / 2


def place_of(config: VideoConfig) -> str:
    """``128 × 128, periodic``; other lattices are named, and of a cube that a layer is shown."""
    rows, columns = config.rows_columns
    if config.lattice == "cubic":
        return f"middle layer of {config.size} × {rows} × {columns}, {config.boundary}"
    named = "" if config.lattice == "square" else f"{config.lattice}, "
    return f"{rows} × {columns}, {named}{config.boundary}"


def symbol(config: VideoConfig) -> str:
    """Of the transition's temperature, its index marked as a subscript."""
    return "T_{KT}" if is_kosterlitz_thouless(config) else "T_{c}"


def title(config: VideoConfig) -> str:
    """The model in words, with its coupling where that is not 1."""
    name = {"ising": "Ising", "potts": "Potts", "clock": "Clock", "xy": "XY"}[config.model] + " model"
    if config.model == "potts":
        name += f", q = {config.num_values}"
    elif config.num_values is not None:
        name += f", {config.num_values} angles"
    return name if config.coupling == 1 else f"{name}, J = {config.coupling:g}".replace("-", "−")


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
    if critical is None:
        return [f"T = {_span(low, high)}; where this model orders on this lattice is not known here."]
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


def _span(low: float, high: float) -> str:
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


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
