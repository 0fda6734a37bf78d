"""The contract of every agent: pure functions on pytrees, written for one run and batched by the rollout."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8, Key


class Transition(NamedTuple):
    """What an agent learns from: one step of a world.

    Attributes:
        observation: what it saw before acting.
        action: what it did.
        reward: scalar float32.
        terminated: the episode ended by the world's rules.
        truncated: the episode was cut at a limit.
        next_observation: what it sees now.
    """

    observation: Any
    action: Any
    reward: Float[Array, ""]
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]
    next_observation: Any

    @property
    def outcome(self) -> Int8[Array, ""]:
        """``+1`` where the reward is above 0, else ``-1``: also of rewards of 0 and 1, where 0 would mean unseen."""
        return jnp.where(self.reward > 0, 1, -1).astype(jnp.int8)


class AbstractAgent(eqx.Module):
    """An agent; its settings are the module, what it has learned is the state."""

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> Any:
        """State before the first observation."""

    @abc.abstractmethod
    def act(self, key: Key[Array, ""], state: Any, observation: Any) -> tuple[Any, Any]:
        """Choose: ``(action, state)``. The state returned is the one that ``learn`` will see."""

    @abc.abstractmethod
    def learn(self, key: Key[Array, ""], state: Any, transition: Transition) -> Any:
        """State after learning from one step."""
