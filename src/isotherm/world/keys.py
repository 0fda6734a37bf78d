"""Keys of a world's draws, from that of a run: every loop derives them so, and all meet the same world."""

import jax
from jaxtyping import Array, Int, Key

from isotherm.random.keys import named


def reset_key(key: Key[Array, ""]) -> Key[Array, ""]:
    """Key, a scalar, with which the world of a run begins.

    Args:
        key: of the run.
    """
    return named(_world(key), "reset")


def step_key(key: Key[Array, ""], time: Int[Array, ""] | int) -> Key[Array, ""]:
    """Key, a scalar, of one step of the world.

    Args:
        key: of the run.
        time: steps before it.
    """
    return jax.random.fold_in(_world(key), time)


def _world(key: Key[Array, ""]) -> Key[Array, ""]:
    return named(key, "world")
