"""Recorded choices: what subjects saw, did and got, trial by trial."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.errors import refusal


class Recorded(NamedTuple):
    """Choices of one subject, ``(steps,)``, or of several, ``(subjects, steps)``; made by :func:`recorded`.

    Attributes:
        observation: what was seen before each choice, a pytree whose leaves lead with those axes.
        action: int32.
        reward: float32.
        next_observation: what was seen after it.
        valid: False where a row is only padded to the length of others.
        ends: True where an episode ended after the step; None: none did.
    """

    observation: Any
    action: Int32[Array, "*subjects steps"]
    reward: Float[Array, "*subjects steps"]
    next_observation: Any
    valid: Bool[Array, "*subjects steps"]
    ends: Bool[Array, "*subjects steps"] | None = None

    @property
    def num_choices(self) -> Any:
        """Choices that are no padding, of each subject, int32 ``(subjects,)``; a scalar for one."""
        return self.valid.sum(axis=-1, dtype=jnp.int32)

    @property
    def transitions(self) -> Transition:
        """The same steps as agents learn from them."""
        no = jnp.zeros(self.action.shape, bool)
        ends = no if self.ends is None else self.ends
        return Transition(self.observation, self.action, self.reward, ends, no, self.next_observation)

    def subject(self, index: int) -> "Recorded":
        """One of several, its padding left out."""
        length = int(np.asarray(self.valid[index]).sum())
        return jax.tree.map(lambda leaf: leaf[index, :length], self)

    def taken(self, rows: Any) -> "Recorded":
        """Some subjects, or the same ones several times: ``rows`` are whole numbers."""
        index = jnp.asarray(rows, jnp.int32)
        return jax.tree.map(lambda leaf: leaf[index], self)


def recorded(subjects: Sequence[Transition], ends: Sequence[Any] | None = None) -> Recorded:
    """Choices of several subjects side by side, the shorter ones padded.

    Trials without a choice are to be left out.

    Args:
        subjects: of each a :class:`isotherm.act.Transition` whose leaves lead with its steps; a rollout's ``keep``
            gives such ones. Whether steps terminated is not looked at.
        ends: of each the steps after which an episode ended, bools ``(steps,)``.

    Raises:
        TypeError: if they are something else.
        ValueError: naming the subject without steps, whose leaves differ in length, or whose actions are below 0.

    >>> seen = Transition(None, np.array([0, 1, 1]), np.array([1.0, 0.0, 1.0]), None, None, None)
    >>> both = recorded([seen, jax.tree.map(lambda leaf: leaf[:2], seen)])
    >>> both.action.tolist(), both.num_choices.tolist()
    ([[0, 1, 1], [0, 1, 0]], [3, 2])
    """
    listed = doors.sequence("subjects", subjects, "a list of Transitions")
    if not listed:
        raise refusal("len(subjects)", 0, "must be at least 1")
    rows = [_checked(f"subjects[{i}]", one) for i, one in enumerate(listed)]
    lengths = [len(row.action) for row in rows]
    if ends is not None:
        marks = doors.sequence("ends", ends, "a list of bools a subject")
        if [len(mark) for mark in marks] != lengths:
            raise refusal("ends", [len(mark) for mark in marks], f"must have {lengths} entries, one a step")
        rows = [row._replace(ends=np.asarray(mark, bool)) for row, mark in zip(rows, marks, strict=True)]
    longest = max(lengths)

    def put(*leaves: np.ndarray) -> Array:
        rest = [[(0, longest - len(leaf))] + [(0, 0)] * (leaf.ndim - 1) for leaf in leaves]
        return jnp.stack([jnp.asarray(np.pad(leaf, pad)) for leaf, pad in zip(leaves, rest, strict=True)])

    return jax.tree.map(put, *rows)


def _checked(field: str, one: Any) -> Recorded:
    doors.instance(field, one, Transition, "a Transition whose leaves lead with steps")
    action = doors.real_numbers(f"{field}.action", one.action)
    if action.ndim != 1 or not action.size:
        raise refusal(f"{field}.action.shape", action.shape, "must be (steps,), at least one")
    if (action < 0).any() or (action % 1 != 0).any():
        wrong = float(action[(action < 0) | (action % 1 != 0)][0])
        raise refusal(
            f"{field}.action", wrong, "must be whole numbers, at least 0; leave out trials without a choice"
        )
    reward = doors.numbers(f"{field}.reward", one.reward)
    reward = np.asarray(reward, np.float32)
    if reward.shape not in ((), action.shape):
        raise refusal(f"{field}.reward.shape", reward.shape, f"must be {action.shape}, as actions are")
    reward = np.broadcast_to(reward, action.shape)
    seen = jax.tree.map(np.asarray, (one.observation, one.next_observation))
    for leaf in jax.tree.leaves(seen):
        if leaf.shape[:1] != action.shape:
            raise refusal(f"{field}.observation.shape", leaf.shape, f"must lead with {action.size} steps")
    return Recorded(seen[0], action.astype(np.int32), reward, seen[1], np.ones(action.shape, bool))  # pyright: ignore
