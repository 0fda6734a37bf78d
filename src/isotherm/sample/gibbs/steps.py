"""The order of updates: which variables each step of a sweep draws anew, from one state before it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal

Block = str | Mapping[str, Any]
"""Variables of a graph: a whole group by name, or whole numbers within each group."""

Steps = Sequence[Block | tuple[Block, ...]]
"""Steps of a sweep, in order; the blocks of a tuple read one state and are then all updated."""


def flat_steps(graph: FactorGraph, blocks: Steps, held: np.ndarray) -> list[np.ndarray]:
    """Flat numbers that each step updates, ascending; held variables are left out.

    Args:
        graph: ``n`` variables.
        blocks: steps as a user writes them.
        held: bool, shape ``(n,)``.

    Raises:
        ValueError: naming the block, if a group or index is unknown, blocks of one step overlap, or a free
            variable is in none.
    """
    steps = [
        _flat_step(graph, block if isinstance(block, tuple) else (block,), f"blocks[{at}]")
        for at, block in enumerate(blocks)
    ]
    visited = held.copy()
    for step in steps:
        visited[step] = True
    if not visited.all():
        name = graph.variable_name(int(np.flatnonzero(~visited)[0]))
        raise refusal("blocks", name, "is in no block; put it into one, or hold it with `clamp`")
    return [step[~held[step]] for step in steps]


def _flat_step(graph: FactorGraph, blocks: tuple[Block, ...], field: str) -> np.ndarray:
    parts = [_flat_block(graph, block, field) for block in blocks]
    flat = np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
    twice = flat[1:][flat[1:] == flat[:-1]]
    if len(twice):
        name = graph.variable_name(int(twice[0]))
        raise refusal(field, name, "is in the step twice; blocks of one step must not overlap")
    return flat


def _flat_block(graph: FactorGraph, block: Block, field: str) -> np.ndarray:
    variables, offsets = graph.variables, graph.offsets()
    members = {block: np.arange(variables[block].size)} if block in list(variables) else block
    if isinstance(members, str):
        raise refusal(field, members, f"unknown; the graph has {', '.join(variables)}")
    parts = [np.zeros(0, np.int64)]
    for name, indices in members.items():
        if name not in variables:
            raise refusal(field, name, f"unknown; the graph has {', '.join(variables)}")
        parts.append(_indices(indices, variables[name].size, f"{field}[{name!r}]") + offsets[name])
    return np.concatenate(parts)


def _indices(indices: Any, size: int, field: str) -> np.ndarray:
    array = np.asarray(indices)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise refusal(field, f"{array.dtype}{array.shape}", "must be whole numbers in one dimension")
    wrong = array[(array < 0) | (array >= size)]
    if len(wrong):
        raise refusal(field, int(wrong[0]), f"unknown; the group has 0 .. {size - 1}")
    return array.astype(np.int64)
