"""Rules that look back one trial, and chance."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser

Number = float | Float[Array, ""]


class LastTrial(NamedTuple):
    """What the stay rule remembers.

    Attributes:
        action: int32; ``-1`` before the first.
        has_won: whether its reward was above 0.
    """

    action: Int32[Array, ""]
    has_won: Bool[Array, ""]


class Stay(AbstractChooser):
    """Repeats its last choice with a probability that depends on whether it won; else another one, all as likely.

    ``after_win = 1, after_loss = 0`` is win-stay, lose-shift. The first choice is any.

    Attributes:
        num_actions: ``n``, at least 2 (static).
        after_win: probability to repeat after a reward above ``win_above``, within 0 .. 1.
        after_loss: after any other.
        win_above: a larger reward is a win.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming the setting out of range.

    References:
        Robbins, Some aspects of the sequential design of experiments, Bull. Amer. Math. Soc. 58 (1952) 527.

    >>> agent = Stay(3, after_win=0.8)
    >>> [round(float(p), 4) for p in jnp.exp(agent.law(LastTrial(jnp.int32(1), jnp.array(True)), None)[0])]
    [0.1, 0.8, 0.1]
    """

    num_actions: int
    after_win: Number = 1.0
    after_loss: Number = 0.0
    win_above: float = 0.0

    def __check_init__(self) -> None:
        doors.whole("num_actions", self.num_actions, 2)
        doors.numbers("after_win", self.after_win, least=0, most=1)
        doors.numbers("after_loss", self.after_loss, least=0, most=1)
        doors.number("win_above", self.win_above)

    def init(self, key: Key[Array, ""]) -> LastTrial:
        """Nothing chosen yet."""
        del key
        return LastTrial(jnp.int32(-1), jnp.zeros((), bool))

    def law(self, state: LastTrial, observation: Any) -> tuple[Float[Array, " n"], LastTrial]:
        """Log probabilities ``(n,)``, and the state."""
        del observation
        n = self.num_actions
        repeat = jnp.where(state.has_won, self.after_win, self.after_loss).astype(jnp.float32)
        is_last = jnp.arange(n, dtype=jnp.int32) == state.action
        law = jnp.where(state.action < 0, 1.0 / n, jnp.where(is_last, repeat, (1 - repeat) / (n - 1)))
        is_possible = law > 0
        return jnp.where(is_possible, jnp.log(jnp.where(is_possible, law, 1.0)), -jnp.inf), state

    def learn(self, key: Key[Array, ""], state: LastTrial, transition: Transition) -> LastTrial:
        """The trial that was."""
        del key, state
        return LastTrial(jnp.asarray(transition.action, jnp.int32), transition.reward > self.win_above)


class Chance(AbstractChooser):
    """Any of ``num_actions``, at least 2, each as likely.

    Raises:
        TypeError: if ``num_actions`` is no whole number.
        ValueError: if it is below 2.

    >>> jnp.exp(Chance(4).law((), None)[0]).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    num_actions: int

    def __check_init__(self) -> None:
        doors.whole("num_actions", self.num_actions, 2)

    def init(self, key: Key[Array, ""]) -> tuple[()]:
        """Nothing."""
        del key
        return ()

    def law(self, state: tuple[()], observation: Any) -> tuple[Float[Array, " n"], tuple[()]]:
        """``-ln n`` for each of the ``(n,)``."""
        del observation
        return jnp.full(self.num_actions, -jnp.log(jnp.float32(self.num_actions))), state

    def learn(self, key: Key[Array, ""], state: tuple[()], transition: Transition) -> tuple[()]:
        """Nothing."""
        del key, transition
        return state
