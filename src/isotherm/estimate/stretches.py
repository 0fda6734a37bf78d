"""The stretches in which a run is recorded; apart, because reports need them without JAX."""

import numpy as np

from isotherm.doors import affordable, whole


def stretch_ends(num_steps: int, num_points: int) -> np.ndarray:
    """Steps done at the end of each stretch, ``(stretches,)``: at most ``num_points``, the last ``num_steps``.

    Raises:
        ValueError: if either is below 1, or so many stretches would not fit into memory.
    """
    num_steps, num_points = whole("num_steps", num_steps, 1), whole("num_points", num_points, 1)
    affordable("num_points", num_points, 32.0 * min(num_points, num_steps), "keep fewer stretches")
    length = -(-num_steps // num_points)
    return np.minimum(np.arange(length, num_steps + length, length), num_steps)
