"""Rows in which arbitrageurs may come, and what a pool holds in those between."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class ActiveRows(NamedTuple):
    """Which rows of a run are played.

    Attributes:
        at: of all rows, those that are, ``(active,)``.
        turns: of the rows in which arbitrageurs could come, those in which they do, ``(active,)``.
        candidates: rows in which they could, ``(turns,)``.
        done: active rows up to each row, ``(rows,)``.
    """

    at: np.ndarray
    turns: np.ndarray
    candidates: np.ndarray
    done: np.ndarray

    @property
    def are_all(self) -> bool:
        """Whether every row is played."""
        return len(self.at) == len(self.done)

    @property
    def are_contiguous(self) -> bool:
        """Whether no row in which arbitrageurs could come is passed over."""
        return len(self.turns) == len(self.candidates)

    def taken(self, values: Float[Array, "rows *rest"]) -> Float[Array, "active *rest"]:
        """Entries of the active rows, ``(active, ...)``."""
        return values if self.are_all else values[self.at]

    def before(
        self, first: Float[Array, " tokens"], values: Float[Array, "rows tokens"]
    ) -> Float[Array, "active tokens"]:
        """Entries of the row before each active one, among those in which arbitrageurs could come.

        Args:
            first: entry before all rows, ``(tokens,)``.
            values: of all rows.
        """
        possible = values if self.are_all else values[self.candidates]
        before = jnp.concatenate([first[None], possible[:-1]])
        return before if self.are_contiguous else before[self.turns]

    def last(
        self, first: Float[Array, " tokens"], values: Float[Array, "rows tokens"]
    ) -> Float[Array, " tokens"]:
        """The entry of the last row in which arbitrageurs could come, or the one before all rows, ``(tokens,)``."""
        return values[self.candidates[-1]] if len(self.candidates) else first

    def of_turns(self, series: Float[Array, "turns *rest"]) -> Float[Array, "active *rest"]:
        """Entries of a series over rows in which arbitrageurs could come, ``(active, ...)``; one for all stays."""
        if len(series) == 1 or self.are_contiguous:
            return series
        return series[self.turns]

    def held(
        self, first: Float[Array, " tokens"], values: Float[Array, "active tokens"]
    ) -> Float[Array, "rows tokens"]:
        """What was last, row by row, ``(rows, tokens)``.

        Args:
            first: before all rows.
            values: after each active row.
        """
        return values if self.are_all else jnp.concatenate([first[None], values])[self.done]

    def placed(self, values: Float[Array, "active *rest"]) -> Float[Array, "rows *rest"]:
        """Each in its row, zero between, ``(rows, ...)``."""
        if self.are_all:
            return values
        return jnp.zeros((len(self.done), *values.shape[1:]), values.dtype).at[self.at].set(values)


def active_rows(
    num_rows: int, frequency: int, row: int = 0, is_active: Callable[[np.ndarray], np.ndarray] | None = None
) -> ActiveRows:
    """Every ``frequency``-th row from the very first, of those that a pool lets arbitrageurs into.

    Args:
        num_rows: of this part of a run.
        frequency: minutes between arbitrageurs.
        row: rows played before this part.
        is_active: marks rows, ``(turns,)`` counted from the very first, that a pool lets them into; None: all.
    """
    candidates = np.arange(-row % frequency, num_rows, frequency)
    turns = np.arange(len(candidates)) if is_active is None else np.flatnonzero(is_active(candidates + row))
    at = candidates[turns]
    return ActiveRows(at, turns, candidates, np.searchsorted(at, np.arange(num_rows), side="right"))
