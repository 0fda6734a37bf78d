"""One instant of a film, as sampler and drawer pass it on."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Seen(NamedTuple):
    """What frames show, the axis of frames leading.

    Attributes:
        values: states as whole numbers from 0, uint8 ``(frames, rows, columns)``.
        energy: per site, float32.
        order: magnetization, its modulus, or the largest fraction of Potts states.
        charges: of plaquettes, int8, where asked for, else without plaquettes.
        counts: vortices and antivortices, int32 ``(frames, 2)``; zeros without angles.
    """

    values: Any
    energy: Any
    order: Any
    charges: Any
    counts: Any


CONTINUOUS = 256
"""Directions that continuous angles are drawn in."""


@dataclass(frozen=True)
class Instant:
    """What one frame shows.

    Attributes:
        index: of the frame, from 0.
        values: of the sites, uint8 ``(rows, columns)``.
        energy: per site.
        order: magnetization, or the largest fraction.
        charges: of plaquettes, where drawn.
        counts: vortices and antivortices.
    """

    index: int
    values: np.ndarray
    energy: float
    order: float
    charges: np.ndarray
    counts: tuple[int, int]
