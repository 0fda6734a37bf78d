"""Softmax Q-learning: values by delta rule, choices by a softmax of them."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.energy.tilt.logits import tilted_logits

Number = float | Float[Array, ""]


class SoftmaxQ(AbstractChooser):
    """Values that move towards rewards, and a softmax of them: ``p(a) ~ exp(inverse_temperature Q_a)``.

    Attributes:
        num_actions: ``n``, at least 2 (static).
        num_contexts: tables of values, at least 1; of several, that of ``observation.context`` is used (static).
        learning_rate: share of the surprise that a value moves, within 0 .. 1.
        inverse_temperature: at least 0; 0 chooses at random.
        forgetting: share of their way back to ``initial`` that values not chosen go each trial, within 0 .. 1.
        initial: value of what was never tried.
        is_fictitious: also learn from what was not chosen, as if it had paid 1 minus the reward: where one of two
            answers is right, and rewards are 0 and 1 (static).

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming the setting out of range.

    References:
        Sutton and Barto, Reinforcement Learning (2018), sections 2.3 and 2.5.

    >>> import jax
    >>> agent = SoftmaxQ(2, learning_rate=0.5, inverse_temperature=2.0)
    >>> values = agent.init(jax.random.key(0))
    >>> [round(float(p), 4) for p in jnp.exp(agent.law(values.at[0, 1].set(1.0), None)[0])]
    [0.1192, 0.8808]
    """

    num_actions: int
    num_contexts: int = 1
    learning_rate: Number = 0.1
    inverse_temperature: Number = 1.0
    forgetting: Number = 0.0
    initial: Number = 0.0
    is_fictitious: bool = False

    def __check_init__(self) -> None:
        doors.whole("num_actions", self.num_actions, 2)
        doors.whole("num_contexts", self.num_contexts, 1)
        doors.numbers("learning_rate", self.learning_rate, least=0, most=1)
        doors.numbers("inverse_temperature", self.inverse_temperature, least=0)
        doors.numbers("forgetting", self.forgetting, least=0, most=1)
        doors.numbers("initial", self.initial)
        doors.flag("is_fictitious", self.is_fictitious)

    def init(self, key: Key[Array, ""]) -> Float[Array, "contexts n"]:
        """The table of values, all ``initial``."""
        del key
        return jnp.full((self.num_contexts, self.num_actions), self.initial, jnp.float32)

    def law(
        self, state: Float[Array, "contexts n"], observation: Any
    ) -> tuple[Float[Array, " n"], Float[Array, "contexts n"]]:
        """Log probabilities ``(n,)`` in the context shown, and the table."""
        values = state[self._context(observation)]
        return tilted_logits(jnp.zeros_like(values), values, self.inverse_temperature), state

    def learn(
        self, key: Key[Array, ""], state: Float[Array, "contexts n"], transition: Transition
    ) -> Float[Array, "contexts n"]:
        """The value of what was chosen moves towards the reward, others of all contexts back to ``initial``."""
        del key
        context, reward = self._context(transition.observation), transition.reward
        chosen = jnp.arange(self.num_actions, dtype=jnp.int32) == transition.action
        here = (jnp.arange(self.num_contexts, dtype=jnp.int32) == context)[:, None]
        target = jnp.where(chosen, reward, 1 - reward if self.is_fictitious else self.initial)
        others = self.learning_rate if self.is_fictitious else self.forgetting
        in_context = jnp.where(chosen, self.learning_rate, others)[None] * (target[None] - state)
        return state + jnp.where(here, in_context, self.forgetting * (self.initial - state))

    def _context(self, observation: Any) -> Any:
        return 0 if self.num_contexts == 1 else observation.context
