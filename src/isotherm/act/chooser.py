"""Agents whose law of choice is known: the one law acts, and is fitted to recorded choices."""

import abc
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.act.agent import AbstractAgent


class AbstractChooser(AbstractAgent):
    """An agent that can say how likely each of its choices is; actions are numbered ``0 .. n - 1``.

    >>> class Even(AbstractChooser):  # one of three, each as likely
    ...     def init(self, key):
    ...         return ()
    ...     def law(self, state, observation):
    ...         return jnp.full(3, -jnp.log(3.0)), state
    ...     def learn(self, key, state, transition):
    ...         return state
    >>> action, state = Even().act(jax.random.key(0), (), None)
    >>> int(action) in (0, 1, 2)
    True
    """

    @abc.abstractmethod
    def law(self, state: Any, observation: Any) -> tuple[Float[Array, " n"], Any]:
        """Natural log probabilities of all actions, ``-inf`` where never taken, and the state :meth:`learn` will see.

        Args:
            state: what :meth:`init` or :meth:`learn` returned.
            observation: of one run, as the world shows it.

        Returns:
            Shape ``(n,)``, whose exponentials sum to 1, and the state.
        """

    def act(self, key: Key[Array, ""], state: Any, observation: Any) -> tuple[Any, Any]:
        """A draw from :meth:`law`, an int32 scalar, and the state."""
        log_probabilities, state = self.law(state, observation)
        return jax.random.categorical(key, log_probabilities).astype(jnp.int32), state
