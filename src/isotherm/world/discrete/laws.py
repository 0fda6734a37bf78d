"""Laws that worlds are built from: sure ones, mixtures, moves on grids and graphs."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm import doors
from isotherm.errors import refusal

Law = Float[Array, "..."] | Float[np.ndarray, "..."]

UP, RIGHT, DOWN, LEFT, STAY = (-1, 0), (0, 1), (1, 0), (0, -1), (0, 0)


def probability(field: str, value: Any) -> Any:
    """A number within 0 .. 1, that of Python as a float, that of JAX, traced or not, in its default floats.

    Raises:
        TypeError: naming ``field``, if it is no number.
        ValueError: naming ``field``, if it is out of range.
    """
    found = doors.number(field, value, least=0, most=1)
    return found.astype(jnp.result_type(float)) if isinstance(found, jax.Array) else float(found)


def sure(state: int, size: int) -> Float[np.ndarray, " size"]:
    """The law ``(size,)`` that is sure of one state."""
    return np.eye(size)[state]


def sure_or_uniform(field: str, state: Any, size: int) -> Float[np.ndarray, " size"]:
    """The law ``(size,)`` that is sure of a state, or where it is None the uniform one.

    Raises:
        TypeError: naming ``field``, if it is no whole number.
        ValueError: naming ``field``, if it is no state.
    """
    if state is None:
        return np.full(size, 1.0 / size)
    return sure(doors.whole(field, state, 0, size - 1), size)


def still(size: int) -> Float[np.ndarray, "size size 1"]:
    """Transitions ``(size, size, 1)`` of a factor that never changes, under its one choice."""
    return np.eye(size)[:, :, None]


def cells_of(field: str, places: Any, shape: tuple[int, int]) -> list[int]:
    """Numbers ``row * columns + column`` of cells given as pairs.

    Args:
        field: what refusals call them.
        places: pairs of a row and a column.
        shape: rows and columns of the grid.

    Raises:
        TypeError: naming ``field``, if it is no list of pairs of whole numbers.
        ValueError: naming the cell off the grid.
    """
    listed = doors.sequence(field, places, "a list of cells (row, column)")
    return [cell_of(f"{field}[{i}]", place, shape) for i, place in enumerate(listed)]


def cell_of(field: str, place: Any, shape: tuple[int, int]) -> int:
    """Number of one cell; refuses as :func:`cells_of`.

    Raises:
        TypeError: naming ``field``.
        ValueError: naming ``field``.
    """
    pair = doors.sequence(field, place, "a cell (row, column)")
    if len(pair) != 2:
        raise refusal(field, list(pair), "must be a cell (row, column)")
    row, column = (doors.whole(field, at, 0, extent - 1) for at, extent in zip(pair, shape, strict=True))
    return row * shape[1] + column


def grid_shape(field: str, shape: Any) -> tuple[int, int]:
    """Rows and columns of a grid whose transitions fit into memory.

    Raises:
        TypeError: naming ``field``, if it is no pair of whole numbers.
        ValueError: naming ``field``, if one is below 1, or there are too many cells.
    """
    pair = doors.sequence(field, shape, "(rows, columns)")
    if len(pair) != 2:
        raise refusal(field, list(pair), "must be (rows, columns)")
    rows, columns = (doors.whole(field, extent, 1) for extent in pair)
    doors.affordable(field, (rows, columns), 200.0 * (rows * columns) ** 2, "have fewer cells")
    return rows, columns


def grid_moves(
    shape: tuple[int, int], moves: Sequence[tuple[int, int]], walls: Iterable[int] = ()
) -> Int[np.ndarray, "cells moves"]:
    """Cell that each move leads to; one off the grid or into a wall leads nowhere.

    Args:
        shape: rows and columns.
        moves: steps ``(down, right)``.
        walls: cells that cannot be entered. Moves lead out of them as out of others.

    Returns:
        Of each cell and move, ``(cells, moves)``.
    """
    num_cells = shape[0] * shape[1]
    is_wall = np.zeros(num_cells, bool)
    is_wall[list(walls)] = True
    here = np.stack(np.unravel_index(np.arange(num_cells), shape), axis=-1)
    there = here[:, None] + np.array(moves)
    inside = ((there >= 0) & (there < shape)).all(-1)
    target = np.where(inside, there @ np.array([shape[1], 1]), 0)
    return np.where(inside & ~is_wall[target], target, np.arange(num_cells)[:, None])


def graph_moves(num_nodes: int, edges: Int[np.ndarray, "edges 2"]) -> Int[np.ndarray, "nodes nodes"]:
    """Node that a move to each node leads to, along an edge of either direction; without one it leads nowhere.

    Args:
        num_nodes: at least 1.
        edges: pairs of nodes, ``(edges, 2)``.

    Returns:
        Of each node and each node moved to, ``(nodes, nodes)``.
    """
    found = np.repeat(np.arange(num_nodes)[:, None], num_nodes, axis=1)
    for one, other in (edges.T, edges.T[::-1]):
        found[one, other] = other
    return found


def transitions(targets: Int[np.ndarray, "states moves"], success: Any = 1.0) -> Law:
    """``B``, ``(next, states, moves)``, of moves that succeed with a probability, and else leave the state as it is.

    Args:
        targets: state that each move leads to where it succeeds.
        success: within 0 .. 1. Moves that lead nowhere are sure.
    """
    num_states, num_moves = targets.shape
    states, moves = np.indices(targets.shape)
    moved = np.zeros((num_states, num_states, num_moves))
    moved[targets, states, moves] = 1.0
    stays = targets == states
    leaves = moved * ~stays
    here = np.eye(num_states)[:, :, None]
    return success * leaves + (1.0 - success) * (here * ~stays) + here * stays
