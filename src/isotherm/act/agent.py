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

    >>> lost, no = jnp.float32(-1.0), jnp.zeros((), bool)
    >>> int(Transition(None, 2, lost, no, no, None).outcome)
    -1
    """

    observation: Any
    action: Any
    reward: Float[Array, ""]
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]
    next_observation: Any

    @property
    def outcome(self) -> Int8[Array, ""]:
        """``+1`` where the reward is above 0, else ``-1``: an int8 scalar.

        Also of rewards of 0 and 1, where 0 would mean unseen.
        """
        return jnp.where(self.reward > 0, 1, -1).astype(jnp.int8)


class AbstractAgent(eqx.Module):
    """An agent; its settings are the module, what it has learned is the state.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from isotherm.world import Context
    >>> class First(AbstractAgent):  # routes to the first venue that is available
    ...     def init(self, key):
    ...         return ()
    ...     def act(self, key, state, observation):
    ...         return jnp.argmax(observation.available), state
    ...     def learn(self, key, state, transition):
    ...         return state
    >>> shown = Context(jnp.array([0]), jnp.array([1], jnp.int8), jnp.array([False, True, True]))
    >>> action, state = First().act(jax.random.key(0), (), shown)
    >>> int(action)
    1
    """

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> Any:
        """State before the first observation.

        Args:
            key: one JAX key; agents that draw nothing ignore it.

        Returns:
            A pytree of arrays without an axis of runs; :meth:`learn` gives the same structure, shapes and dtypes.
        """

    @abc.abstractmethod
    def act(self, key: Key[Array, ""], state: Any, observation: Any) -> tuple[Any, Any]:
        """Choose: ``(action, state)``. The state returned is the one that ``learn`` will see.

        Args:
            key: one JAX key.
            state: what :meth:`init` or :meth:`learn` returned.
            observation: of one run, as the world shows it.
        """

    @abc.abstractmethod
    def learn(self, key: Key[Array, ""], state: Any, transition: Transition) -> Any:
        """State after learning from one step.

        Args:
            key: one JAX key; another one than :meth:`act` got.
            state: what :meth:`act` returned.
            transition: the step, of one run.
        """

    def end(self, key: Key[Array, ""], state: Any) -> Any:
        """State after an episode, to learn from it as a whole; by default as it is.

        Args:
            key: one JAX key.
            state: what :meth:`learn` returned last.

        Returns:
            Of the structure, shapes and dtypes of ``state``: the state in which the next episode begins.
        """
        del key
        return state
