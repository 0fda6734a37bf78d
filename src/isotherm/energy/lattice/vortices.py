"""Vortices: how often the angle winds around a plaquette of the square lattice."""

import itertools
import math

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int8

from isotherm.doors import instance
from isotherm.energy.lattice.models import AbstractLatticeModel, LatticeClock, LatticeXY
from isotherm.energy.lattice.shapes import Lattice
from isotherm.errors import refusal


def has_plaquettes(lattice: Lattice) -> bool:
    """Whether the lattice is square with at least one closed square of four bonds."""
    return lattice.kind == "square" and min(plaquettes(lattice)) > 0


def plaquettes(lattice: Lattice) -> tuple[int, ...]:
    """Plaquettes of a square lattice along each dimension: one fewer than sites where it is open."""
    return tuple(n - (not periodic) for n, periodic in zip(lattice.shape, lattice.periodic, strict=True))


def vortices(model: AbstractLatticeModel, x: Array) -> Int8[Array, "rows columns"]:
    r"""Charge of each plaquette: +1 for a vortex, -1 for an antivortex, else 0.

    The corners are passed as rows and columns are drawn: top left, top right, bottom right, bottom left. Each
    difference is wrapped into half a turn either way, and the wraps are counted in whole turns: an even number of
    angles has ties, which keep their sign, so that the charges of a torus add up to exactly 0.

    Args:
        model: clock or XY model on a square lattice with at least one plaquette.
        x: one state.

    Returns:
        int8, at ``(i, j)`` the charge of the plaquette whose top left corner is site ``(i, j)``; open dimensions
        have one plaquette fewer than sites.

    Raises:
        ValueError: if the lattice has no square plaquettes.
        TypeError: if the model has no angles.

    References:
        Tobochnik and Chester, Monte Carlo study of the planar spin model, Phys. Rev. B 20 (1979).
    """
    instance("model", model, (LatticeClock, LatticeXY), "a clock or XY model, whose angles can wind")
    lattice = model.lattice
    if not has_plaquettes(lattice):
        raise refusal("model.lattice", lattice, "must be square with at least one plaquette to have vortices")
    x, turn = _angles(model, model.coded(x))
    right, down = lattice.ends(x, 0), lattice.ends(x, 1)
    across = lattice.ends(right, 1)
    corners = (x, right, across, down, x)
    charges = jnp.zeros(lattice.shape, jnp.int8)
    for a, b in itertools.pairwise(corners):
        charges += _wraps(b - a, turn)
    rows, columns = plaquettes(lattice)
    return charges[:rows, :columns]


def _angles(model: AbstractLatticeModel, x: Array) -> tuple[Array, int | float]:
    """Angles within one turn, and the turn: whole numbers for a clock."""
    if isinstance(model, LatticeClock):
        return x.astype(jnp.int32), model.num_angles
    if isinstance(model, LatticeXY):
        return x % (2 * math.pi), 2 * math.pi
    raise TypeError(f"model = {type(model).__name__}: only clock and XY models have vortices")


def _wraps(difference: Array, turn: int | float) -> Int8[Array, "..."]:
    """Turns to add so that the difference is at most half a turn; odd in the difference, ties count for nothing."""
    too_far: Bool[Array, "..."] = 2 * difference < -turn
    return too_far.astype(jnp.int8) - (2 * difference > turn).astype(jnp.int8)
