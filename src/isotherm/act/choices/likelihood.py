"""How probable recorded choices are to an agent: teacher forcing, by the law that it acts by."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.act.agent import AbstractAgent
from isotherm.act.choices.recorded import Recorded
from isotherm.act.chooser import AbstractChooser
from isotherm.errors import wrong_kind


class ChoiceLikelihood(NamedTuple):
    """Log probabilities of recorded choices.

    Attributes:
        total: of all choices of a subject, in nats, ``(subjects,)``; a scalar for one.
        each: of each choice given those before it, ``(subjects, steps)``; exactly 0 where it is padding.
    """

    total: Float[Array, "*subjects"]
    each: Float[Array, "*subjects steps"]


def choice_log_likelihood(chooser: AbstractChooser, recorded: Recorded) -> ChoiceLikelihood:
    """Log probability of recorded choices to an agent that saw, did and got what was recorded.

    At each step the agent is shown what the subject saw, the log probability that its :meth:`law` gives to the
    recorded action is noted, and it learns from the recorded step. The law is the one that it acts by, so that alpha,
    exploration and ties count as they do there. One compiled scan; gradients by the agent's array leaves are finite.

    Args:
        chooser: an agent whose law of choice is known; for agents that differ, ``jax.vmap`` over both.
        recorded: of one subject, or of several, to all of whom the same agent is held.

    Raises:
        TypeError: if the agent has no closed law, as Thompson sampling has none, or nothing was recorded.

    References:
        Daw, Trial-by-trial data analysis using computational models, in Decision Making, Affect, and Learning (2011).

    >>> import numpy as np
    >>> from isotherm.act import Transition
    >>> from isotherm.act.choices.recorded import recorded
    >>> from isotherm.act.trials.stay import Stay
    >>> seen = Transition(None, np.array([0, 0, 1]), np.array([1.0, 0.0, 1.0]), None, None, None)
    >>> found = choice_log_likelihood(Stay(2, after_win=0.9, after_loss=0.2), recorded([seen]))
    >>> [round(float(p), 4) for p in jnp.exp(found.each[0])]
    [0.5, 0.9, 0.8]
    """
    checked_chooser("chooser", chooser)
    doors.instance("recorded", recorded, Recorded, "recorded choices", "recorded([...]) makes them")
    return _of_all(chooser, recorded)


def checked_chooser(field: str, value: Any) -> AbstractChooser:
    """An agent whose law of choice is known.

    Raises:
        TypeError: naming ``field``.
    """
    if isinstance(value, AbstractAgent) and not isinstance(value, AbstractChooser):
        mend = f"{type(value).__name__} has no closed law of choice"
        raise wrong_kind(field, value, "an agent whose law of choice is known", mend)
    return doors.instance(field, value, AbstractChooser, "an agent whose law of choice is known")


@eqx.filter_jit
def _of_all(chooser: AbstractChooser, recorded: Recorded) -> ChoiceLikelihood:
    if recorded.action.ndim == 1:
        each = log_probabilities(chooser, recorded)
    else:
        each = jax.vmap(log_probabilities, in_axes=(None, 0))(chooser, recorded)
    return ChoiceLikelihood(each.sum(axis=-1), each)


def log_probabilities(chooser: AbstractChooser, recorded: Recorded) -> Float[Array, " steps"]:
    """Of each choice of one subject, ``(steps,)``; 0 where it is padding."""
    key = jax.random.key(0)  # whoever has a closed law of choice draws nothing

    def step(state: Any, inputs: tuple[Any, Array, Any]) -> tuple[Any, Array]:
        transition, is_valid, ends = inputs
        law, known = chooser.law(state, transition.observation)
        later = chooser.learn(key, known, transition)
        if ends is not None:
            ended = chooser.end(key, later)
            later = jax.tree.map(lambda new, old: jnp.where(ends, new, old), ended, later)
        later = jax.tree.map(lambda new, old: jnp.where(is_valid, new, old), later, state)
        return later, jnp.where(is_valid, law[transition.action], 0.0)

    _, each = lax.scan(step, chooser.init(key), (recorded.transitions, recorded.valid, recorded.ends))
    return each
