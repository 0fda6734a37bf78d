"""Controls and what they drive: joint choices of all controls, and the one control of each factor.

A control may drive several factors, and a factor may listen to several controls, or to none. The choices of the
controls of factor ``f`` are numbered in mixed radix, the last one fastest: that is the one control axis of ``B[f]``.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32

from isotherm.energy.hidden.checks import Indices


def all_choices(sizes: Sequence[int]) -> Int32[np.ndarray, "choices controls"]:
    """Every joint choice in lexicographic order, the first control slowest, ``(prod(sizes), len(sizes))``.

    >>> all_choices([2, 2]).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    grid = np.indices(tuple(sizes), np.int32)
    return grid.reshape(len(sizes), -1).T.copy()


def choice_number(choice: Int32[Array, "*batch controls"], sizes: Sequence[int]) -> Int32[Array, "*batch"]:
    """Row of :func:`all_choices` that a joint choice is."""
    number = jnp.zeros(choice.shape[:-1], jnp.int32)
    for control, size in enumerate(sizes):
        number = number * size + choice[..., control]
    return number


def choice_of(number: Int32[Array, "*batch"], sizes: Sequence[int]) -> Int32[Array, "*batch controls"]:
    """The joint choice of a number, the inverse of :func:`choice_number`."""
    found = []
    for size in reversed(sizes):
        found.append(number % size)
        number = number // size
    return jnp.stack(found[::-1], axis=-1)


def flat_controls(
    choice: Int32[Array, "*batch controls"], controls: Indices, sizes: Sequence[int]
) -> Int32[Array, "*batch factors"]:
    """The flat control of each factor; ``-1``, no action, where one of its controls is ``-1``.

    Args:
        choice: of every control.
        controls: that each factor listens to (``B_action_dependencies``).
        sizes: choices of each control (``num_controls``).

    >>> flat_controls(jnp.array([1, 2]), ((0,), (0, 1), ()), (2, 3)).tolist()
    [1, 5, 0]
    """
    columns = []
    for listened in controls:
        parts = jnp.stack([choice[..., control] for control in listened], -1) if listened else choice[..., :0]
        number = choice_number(parts, [sizes[control] for control in listened])
        columns.append(jnp.where((parts < 0).any(-1), -1, number).astype(jnp.int32))
    return jnp.stack(columns, axis=-1)


def decoded_controls(
    flat: Int32[Array, "*batch factors"], controls: Indices, sizes: Sequence[int]
) -> Int32[Array, "*batch controls"]:
    """Choices of all controls, from each factor's flat one; 0 for a control that drives nothing.

    Factors that share a control must agree on it; the last one is believed.
    """
    found = [jnp.zeros(flat.shape[:-1], jnp.int32)] * len(sizes)
    for factor, listened in enumerate(controls):
        if listened:
            parts = choice_of(flat[..., factor], [sizes[control] for control in listened])
            for i, control in enumerate(listened):
                found[control] = parts[..., i]
    return jnp.stack(found, axis=-1)
