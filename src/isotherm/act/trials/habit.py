"""A habit of repeating oneself, around any chooser."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.energy.tilt.logits import tilted_logits


class HabitState(NamedTuple):
    """The chooser's own state, and the last choice, an int32 scalar, ``-1`` before the first."""

    inner: Any
    action: Int32[Array, ""]


class Habit(AbstractChooser):
    """A chooser whose law is tilted towards its last choice: ``p(a) ~ law(a) exp(weight [a is the last one])``.

    Of an active-inference agent this is a prior over policies, ``E`` of shape ``(n,)``, that follows its behaviour.

    Attributes:
        chooser: whose law it is.
        weight: in nats; negative ones alternate.

    Raises:
        TypeError: if ``chooser`` has no law of choice, or ``weight`` is no number.
        ValueError: if it is not finite.

    >>> from isotherm.act.trials.stay import Chance
    >>> agent = Habit(Chance(2), jnp.log(3.0))
    >>> jnp.exp(agent.law(HabitState((), jnp.int32(1)), None)[0]).round(4).tolist()
    [0.25, 0.75]
    """

    chooser: AbstractChooser
    weight: float | Float[Array, ""] = 0.0

    def __check_init__(self) -> None:
        doors.instance("chooser", self.chooser, AbstractChooser, "an agent whose law of choice is known")
        doors.numbers("weight", self.weight)

    def init(self, key: Key[Array, ""]) -> HabitState:
        """The chooser's state, and no choice yet."""
        return HabitState(self.chooser.init(key), jnp.int32(-1))

    def law(self, state: HabitState, observation: Any) -> tuple[Float[Array, " n"], HabitState]:
        """Log probabilities ``(n,)``, and the state."""
        law, inner = self.chooser.law(state.inner, observation)
        is_last = jax.nn.one_hot(state.action, law.shape[-1], dtype=law.dtype)
        return tilted_logits(law, is_last, jnp.asarray(self.weight, law.dtype)), HabitState(
            inner, state.action
        )

    def learn(self, key: Key[Array, ""], state: HabitState, transition: Transition) -> HabitState:
        """What the chooser learns, and the last choice."""
        inner = self.chooser.learn(key, state.inner, transition)
        return HabitState(inner, jnp.asarray(transition.action, jnp.int32))

    def end(self, key: Key[Array, ""], state: HabitState) -> HabitState:
        """What the chooser makes of an episode's end; the habit stays."""
        return state._replace(inner=self.chooser.end(key, state.inner))
