"""The environment that ``to_gymnasium`` makes; importing this file needs gymnasium."""

from typing import Any

import equinox as eqx
import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from jaxtyping import Array, Int32, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.random.keys import SEEDS, seeded
from isotherm.world.discrete.world import HiddenWorld, HiddenWorldState
from isotherm.world.keys import reset_key, step_key
from isotherm.world.world import Step

Seen = tuple[np.int64, ...]
"""An outcome of each modality."""

NAME = "isotherm/HiddenWorld-v0"


class WorldEnv(gymnasium.Env):
    """A world with hidden states behind gymnasium's interface.

    Attributes:
        world: what is played.
        state: what it is in; None before the first reset.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, world: HiddenWorld, render_mode: str | None = None) -> None:
        """See :func:`isotherm.world.discrete.gym.to_gymnasium`.

        Raises:
            ValueError: if ``world`` is a batch, or ``render_mode`` is not None.
        """
        if world.model.batch_size is not None:
            raise refusal("world.model.batch_size", world.model.batch_size, "must be one world, no batch")
        if render_mode is not None:
            raise refusal("render_mode", render_mode, "must be None: it draws no pictures")
        self.world = world
        self.state: HiddenWorldState | None = None
        self.observation_space = spaces.Tuple([spaces.Discrete(n) for n in world.model.num_obs])
        self.action_space = _action_space(world.model.num_controls)
        self.render_mode = None
        self.spec = EnvSpec(NAME, entry_point=f"{__name__}:WorldEnv", kwargs={"world": world})
        self._key: Key[Array, ""] = seeded(0)
        self._time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """Begin a run: of the key in ``options``, else of the seed, else of the next random number.

        Args:
            seed: within ``0 .. 2**32 - 1``.
            options: None, or a dictionary in which ``"key"`` may be a JAX key.

        Raises:
            TypeError: if ``options`` hold no key.
            ValueError: if they hold anything else, or ``seed`` is out of range.
        """
        given = {} if options is None else options
        unknown = sorted(set(given) - {"key"})
        if unknown:
            raise refusal("options", unknown[0], "only 'key' is known")
        first = None if seed is None else seeded(seed)
        super().reset(seed=seed)
        if "key" in given:
            self._key = doors.random_key("options['key']", given["key"])
        else:
            self._key = seeded(int(self.np_random.integers(SEEDS))) if first is None else first
        self._time = 0
        observation, self.state = _reset(self.world, self._key)
        return _seen(observation), {}

    def step(self, action: Any) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """One step of the world; ``info`` has the world's record of it.

        Args:
            action: of the action space, or as :meth:`HiddenWorld.step` takes it.

        Raises:
            ResetNeeded: before the first reset.
            TypeError: if ``action`` is no whole number.
            ValueError: if it is of another shape, or out of range.
        """
        if self.state is None:
            raise ResetNeeded("reset the environment before its first step")
        choice = self.world.choice(np.asarray(action))
        answer = _step(self.world, self._key, jnp.int32(self._time), self.state, choice)
        self.state, self._time = answer.state, self._time + 1
        info = {name: float(value) for name, value in answer.info.items()}
        ended = bool(answer.terminated), bool(answer.truncated)
        return _seen(answer.observation), float(answer.reward), *ended, info


def _action_space(num_controls: tuple[int, ...]) -> spaces.Space:
    free = [size for size in num_controls if size > 1]
    if len(free) > 1:
        return spaces.MultiDiscrete(list(num_controls))
    return spaces.Discrete(free[0] if free else 1)


def _seen(observation: tuple[Int32[Array, ""], ...]) -> Seen:
    return tuple(np.int64(outcome) for outcome in observation)


@eqx.filter_jit
def _reset(world: HiddenWorld, key: Key[Array, ""]) -> tuple[Any, HiddenWorldState]:
    return world.reset(reset_key(key))


@eqx.filter_jit
def _step(
    world: HiddenWorld,
    key: Key[Array, ""],
    time: Int32[Array, ""],
    state: HiddenWorldState,
    choice: Int32[Array, " controls"],
) -> Step:
    return world.step(step_key(key, time), state, choice)
