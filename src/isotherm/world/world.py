"""The contract of every world: pure functions with the conventions of JAX environments."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
from jaxtyping import Array, Bool, Float, Key


class Step(NamedTuple):
    """What a world returns for an action.

    Attributes:
        observation: what the agent sees before its next action.
        state: the world's state after the action.
        reward: scalar float32.
        terminated: the episode has ended by the world's rules.
        truncated: the episode was cut at a limit.
        info: a dictionary of scalars for the record (such as ``regret``), never shown to agents.
    """

    observation: Any
    state: Any
    reward: Float[Array, ""]
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]
    info: dict[str, Float[Array, ""]]


class AbstractWorld(eqx.Module):
    """A world for one agent. Parameters are leaves of the module, what changes is the state; keys come first."""

    @abc.abstractmethod
    def reset(self, key: Key[Array, ""]) -> tuple[Any, Any]:
        """First observation and state."""

    @abc.abstractmethod
    def step(self, key: Key[Array, ""], state: Any, action: Any) -> Step:
        """Answer one action."""
