"""The stretches in which a run is recorded; apart, because reports need them without JAX."""

import numpy as np


def stretch_ends(num_steps: int, num_points: int) -> np.ndarray:
    """Steps done at the end of each stretch, ``(stretches,)``: at most ``num_points``, the last ``num_steps``."""
    length = -(-num_steps // num_points)
    return np.minimum(np.arange(length, num_steps + length, length), num_steps)
