"""A recorded table of binary outcomes, played as a market of venues."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int8, Int32, Key
from numpy.typing import ArrayLike

from isotherm.doors import regular, whole
from isotherm.energy.coding import spin_rows
from isotherm.errors import refusal
from isotherm.world.routing.context import Context, choose_context, is_random_mode
from isotherm.world.world import AbstractWorld, Step


class ReplayState(NamedTuple):
    """Steps taken so far, an int32 scalar, and what the agent sees now."""

    time: Int32[Array, ""]
    context: Context


class Replay(AbstractWorld):
    """Plays the rows of a table in order, one a step; a missing venue is neither context nor available.

    ``info`` holds ``success`` of the choice, of the ``clairvoyant`` (some available venue succeeded), and for
    every venue ``fixed_success`` and ``fixed_chances``: whether it was available and succeeded, and whether it
    was available. The best fixed venue in hindsight is the best ratio of their sums.

    Build with :func:`replay_world`, which checks its arguments.

    Attributes:
        outcomes: ``+1``, ``-1``, or 0 where missing, shape ``(steps, n)``, int8.
        is_random: contexts are random; else the first venues present.
        num_context: venues seen for free, ``k`` (static).
    """

    outcomes: Int8[Array, "steps n"]
    is_random: Bool[Array, ""]
    num_context: int

    def reset(self, key: Key[Array, ""]) -> tuple[Context, ReplayState]:
        """The first row."""
        state = self._show(key, jnp.int32(0))
        return state.context, state

    def step(self, key: Key[Array, ""], state: ReplayState, action: Int32[Array, ""]) -> Step:
        """Reward is the chosen entry; after the last row the table starts again and ``truncated`` is set.

        Args:
            key: chooses the next context, where it is random.
            state: of one run.
            action: the venue, an int32 scalar within ``0 .. n - 1``; a missing one gives 0.
        """
        row = self._row(state.time)
        reward = jnp.sum(jnp.where(jnp.arange(row.shape[0]) == action, row, 0)).astype(jnp.float32)
        chances = state.context.available
        wins = chances & (row > 0)
        info = {
            "success": (reward > 0).astype(jnp.float32),
            "clairvoyant": wins.any().astype(jnp.float32),
            "fixed_success": wins.astype(jnp.float32),
            "fixed_chances": chances.astype(jnp.float32),
        }
        following = self._show(key, state.time + 1)
        no, over = jnp.zeros((), bool), following.time >= self.outcomes.shape[0]
        return Step(following.context, following, reward, no, over, info)

    def _row(self, time: Int32[Array, ""]) -> Int8[Array, " n"]:
        return self.outcomes[time % self.outcomes.shape[0]]

    def _show(self, key: Key[Array, ""], time: Int32[Array, ""]) -> ReplayState:
        row = self._row(time)
        present = row != 0
        venues = choose_context(key, present, self.num_context, self.is_random)
        is_context = (venues[:, None] == jnp.arange(row.shape[0])[None]).any(axis=0)
        return ReplayState(time, Context(venues, row[venues], present & ~is_context))


def replay_world(outcomes: ArrayLike, num_context: int = 1, context_mode: str = "random") -> Replay:
    """A checked :class:`Replay`.

    Args:
        outcomes: ``+1`` and ``-1``, or bools, shape ``(steps, n)`` with ``n >= num_context + 2``. NaN is missing,
            and so is 0 where ``-1`` occurs too; a table or a column of 0 and 1 alone is refused.
        num_context: venues seen for free, at least 1.
        context_mode: ``"fixed"`` or ``"random"``.

    Raises:
        ValueError: naming the argument out of range, or the first row in which fewer than ``num_context + 1``
            venues are present.
    """
    table = regular("outcomes", outcomes)
    num_context = whole("num_context", num_context, 1)
    is_random = is_random_mode(context_mode)
    if table.ndim != 2 or table.shape[1] < num_context + 2 or table.shape[0] < 1:
        raise refusal(
            "outcomes.shape",
            table.shape,
            f"should be (steps, n) with n >= {num_context + 2} (num_context + 2)",
        )
    table = spin_rows("outcomes", outcomes)
    present = (table != 0).sum(axis=1)
    if (present <= num_context).any():
        row = int(np.argmax(present <= num_context))
        raise refusal(
            f"outcomes[{row}]", int(present[row]), f"venues present; needs {num_context + 1} or more"
        )
    return Replay(jnp.asarray(table, jnp.int8), is_random, num_context)
