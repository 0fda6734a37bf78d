"""Worlds as environments of gymnasium, which is imported where it is asked for."""

from types import ModuleType
from typing import TYPE_CHECKING

from isotherm import doors
from isotherm.world.discrete.world import HiddenWorld

if TYPE_CHECKING:
    from isotherm.world.discrete.environment import WorldEnv


def to_gymnasium(world: HiddenWorld) -> "WorldEnv":
    """The world as a ``gymnasium.Env``.

    Observations are a tuple of outcomes, in a space ``Tuple`` of a ``Discrete`` for each modality. Actions are
    ``Discrete`` where at most one control has a choice, else ``MultiDiscrete``. ``reset(seed=s)`` begins the run of
    the key ``jax.random.key(s)``: the environment then draws as ``rollout`` does with that key.
    ``reset(options={"key": key})`` begins the run of any key. Without either, the environment's own random numbers
    give the next one. An environment never cuts an episode: put ``gymnasium.wrappers.TimeLimit`` around it.

    Args:
        world: of one run, no batch.

    Raises:
        TypeError: if ``world`` is none with hidden states.
        ValueError: if it is a batch of worlds.
        ImportError: if the extra ``agents`` is not installed.

    >>> from isotherm.world import grid_world
    >>> environment = to_gymnasium(grid_world((2, 2), initial_position=(0, 0)))
    >>> environment.reset(seed=0)
    ((np.int64(0),), {})
    >>> environment.step(1)
    ((np.int64(1),), 0.0, False, False, {'new_cell': 1.0})
    """
    doors.instance("world", world, HiddenWorld, "a HiddenWorld", "hidden_world(model) makes one")
    gymnasium_module("to_gymnasium")
    from isotherm.world.discrete.environment import WorldEnv

    return WorldEnv(world)


def gymnasium_module(who: str) -> ModuleType:
    """The package ``gymnasium``.

    Args:
        who: the function that needs it.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        import gymnasium
    except ImportError:
        raise ImportError(f"{who} needs gymnasium: pip install 'isotherm[agents]'") from None
    return gymnasium
