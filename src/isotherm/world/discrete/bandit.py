"""Bandits: arms that pay by laws of their own, which a table may move from trial to trial."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.energy.hidden.checks import check_laws
from isotherm.energy.inputs import floating
from isotherm.errors import refusal
from isotherm.random.inversion import inverted
from isotherm.world.world import AbstractWorld, Step


class Trial(NamedTuple):
    """What is shown before a choice.

    Attributes:
        context: what the choice is about, an int32 scalar; 0 where there is a single kind of trial.
        outcome: symbol of the last choice's outcome, an int32 scalar; ``-1`` before the first.
    """

    context: Int32[Array, "*steps"]
    outcome: Int32[Array, "*steps"]


class Bandit(AbstractWorld):
    """Arms with an outcome each trial, drawn from the arm's law of that trial; made by :func:`bandit`.

    Attributes:
        laws: of each trial and arm, probabilities of outcomes, ``(trials, arms, outcomes)``. After the last trial the
            first one comes again.
        rewards: what each outcome pays, ``(outcomes,)``.
    """

    laws: Float[Array, "trials arms outcomes"]
    rewards: Float[Array, " outcomes"]

    def reset(self, key: Key[Array, ""]) -> tuple[Trial, Int32[Array, ""]]:
        """Nothing seen yet, and trial 0."""
        del key
        return Trial(jnp.int32(0), jnp.int32(-1)), jnp.int32(0)

    def step(self, key: Key[Array, ""], state: Int32[Array, ""], action: Any) -> Step:
        """An outcome of the arm chosen.

        Args:
            key: one JAX key.
            state: number of the trial.
            action: number of the arm.
        """
        law = self.laws[state % len(self.laws), action]
        outcome = inverted(law, jax.random.uniform(key, (), law.dtype)).astype(jnp.int32)
        no, reward = jnp.zeros((), bool), self.rewards[outcome].astype(jnp.float32)
        return Step(Trial(jnp.int32(0), outcome), state + 1, reward, no, no, {})


def bandit(laws: Any, rewards: Any) -> Bandit:
    """A checked :class:`Bandit`.

    Args:
        laws: array-like, ``(trials, arms, outcomes)``, or ``(arms, outcomes)`` where arms stay as they are.
        rewards: array-like, ``(outcomes,)``.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming the argument whose shape does not fit, or laws that do not sum to 1.

    >>> world = bandit([[0.0, 1.0], [1.0, 0.0]], rewards=[-1.0, 1.0])  # the first arm always pays
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 0)
    >>> int(answer.observation.outcome), float(answer.reward)
    (1, 1.0)
    """
    table, paid = floating("laws", laws), floating("rewards", rewards)
    if table.ndim == 2:
        table = table[None]
    if table.ndim != 3 or 0 in table.shape:
        raise refusal("laws.shape", table.shape, "must be (arms, outcomes) or (trials, arms, outcomes)")
    if paid.shape != table.shape[2:]:
        raise refusal("rewards.shape", paid.shape, f"must be {table.shape[2:]}, one for each outcome")
    check_laws("laws", jnp.asarray(table), -1)
    if not doors.is_traced(paid) and not np.isfinite(np.asarray(paid)).all():
        raise refusal("rewards", "NaN or infinity", "must be finite")
    return Bandit(jnp.asarray(table), jnp.asarray(paid))
