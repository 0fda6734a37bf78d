"""Arrays that doors hand out."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Array

from isotherm import doors

if TYPE_CHECKING:
    Numbers = Array
else:
    Numbers = Array | np.ndarray
"""Of JAX within programs, of NumPy outside, where they keep float64 wherever they are computed with."""


def known(found: Any) -> Any:
    """Arrays as NumPy's; traced ones stay."""
    return jax.tree.map(lambda x: x if doors.is_traced(x) else np.asarray(x), found)
