"""Colours of frames as arrays of bytes: red, green, blue and an unused fourth, so that a pixel is one word.

The palettes are those of :mod:`isotherm.plot.raster.lattice`.
"""

import functools

import numpy as np
from jaxtyping import UInt8

from isotherm.errors import refusal
from isotherm.plot.raster.lattice import angle_colours, state_colours

Colours = UInt8[np.ndarray, "colours 4"]

DEFAULT = {"ising": "RdBu_r", "potts": "tab10", "angles": "even"}
"""The palette of each kind of variable unless another is asked for."""

RADIUS = 112
"""Length of a unit vector in the bytes of :func:`unit_vectors`; what interpolation overshoots has room above."""

_CORE = 0.42
"""Brightness where neighbouring angles cancel, as in the core of a vortex, against 1 where they agree."""


def spin_colours(palette: str = DEFAULT["ising"]) -> Colours:
    """Colours of spins down and up: a tenth from both ends of a palette, whose very ends are near black.

    Raises:
        ValueError: naming a palette that there is not.
    """
    return _as_bytes(angle_colours(palette)([0.1, 0.9]))


def potts_colours(num_states: int, palette: str = DEFAULT["potts"]) -> Colours:
    """A colour for each Potts state.

    Raises:
        ValueError: naming a palette that there is not.
    """
    return _as_bytes(state_colours(num_states, palette)(np.arange(num_states)))


def hues(num_angles: int, palette: str = DEFAULT["angles"]) -> Colours:
    """Colours of angles evenly around the circle, the first for angle zero.

    Raises:
        ValueError: naming a palette that there is not.
    """
    return _as_bytes(angle_colours(palette)(np.arange(num_angles) / num_angles))


def unit_vectors(num_angles: int) -> UInt8[np.ndarray, "angles 2"]:
    """Cosines and sines of angles evenly around the circle, as bytes: 128 is zero."""
    angles = 2 * np.pi * np.arange(num_angles) / num_angles
    vectors = np.stack([np.cos(angles), np.sin(angles)], -1)
    return np.round(128 + RADIUS * vectors).astype(np.uint8)


@functools.cache
def vector_colours(palette: str = DEFAULT["angles"]) -> Colours:
    """Colours of all pairs of bytes of :func:`unit_vectors`, the cosine in the low byte: ``(65536, 4)``.

    The hue is the vector's angle; short vectors, means of neighbours that disagree, are darker.

    Raises:
        ValueError: naming a palette that there is not.
    """
    parts = (np.arange(256) - 128) / RADIUS
    sines, cosines = np.meshgrid(parts, parts, indexing="ij")
    turns = np.mod(np.arctan2(sines, cosines) / (2 * np.pi), 1.0)
    agreement = np.clip(np.hypot(sines, cosines) / 0.8, 0, 1)
    brightness = _CORE + (1 - _CORE) * agreement * agreement * (3 - 2 * agreement)
    colours = angle_colours(palette)(turns.ravel()) * brightness.ravel()[:, None]
    return _as_bytes(colours)


def gif_palette(colours: Colours, others: UInt8[np.ndarray, "others 3"]) -> UInt8[np.ndarray, "all 3"]:
    """Up to 256 colours of a GIF: those of the lattice and of what is written beside it, greys in between."""
    greys = np.repeat(np.linspace(0, 255, 24).round().astype(np.uint8)[:, None], 3, axis=1)
    fixed = np.unique(np.concatenate([others, greys]), axis=0)
    room = 256 - len(fixed)
    if room < 1:
        raise refusal("others", len(others), "should be fewer than 232 colours")
    chosen = np.unique(colours[:, :3], axis=0)
    if len(chosen) > room:
        chosen = colours[np.linspace(0, len(colours) - 1, room).round().astype(int), :3]
    return np.unique(np.concatenate([chosen, fixed]), axis=0)


def _as_bytes(colours: np.ndarray) -> Colours:
    return np.round(255 * np.clip(colours, 0, 1)).astype(np.uint8)
