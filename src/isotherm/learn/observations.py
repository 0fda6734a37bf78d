"""What was observed of a factor graph: rows of values, and which of them were seen."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool

from isotherm.doors import choice, instance, regular
from isotherm.energy.coding import coded_data
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.kinds import factor_graph
from isotherm.energy.variables import Variables
from isotherm.errors import refusal, wrong_kind

Seen = Literal["always", "sometimes", "never"]


class Observations(eqx.Module):
    """Rows of data, with the variables that were never seen (latents) and the entries that are missing.

    Attributes:
        values: an array of shape ``(rows, size)`` for every group of the graph; where nothing was seen, any
            value that the kind allows.
        seen: bool, likewise.
        pattern: for each group, which of its variables were seen in every row, and which in none, as bytes of
            two bool arrays (static: it decides what is clamped).

    >>> from isotherm.energy import ising
    >>> graph = ising([[0, 1], [1, 2]], couplings=0.5)
    >>> rows = Observations.of(graph, np.array([[1, -1, np.nan], [1, 1, -1]]))
    >>> rows.num_rows, rows.masks("always")["s"].tolist()
    (2, [True, True, False])
    """

    values: State
    seen: dict[str, Bool[Array | np.ndarray, "rows size"]]
    pattern: tuple[tuple[str, bytes, bytes], ...] = eqx.field(static=True)

    @classmethod
    def of(
        cls, graph: FactorGraph, values: Mapping[str, Any] | Any, seen: Mapping[str, Any] | None = None
    ) -> "Observations":
        """Build from anything array-like.

        Args:
            graph: the model.
            values: for each observed group an array of shape ``(rows, size)``, or that array alone where the
                graph has one group. NaN and None are missing entries. Spins are ``-1`` and ``+1``, or bools;
                0 is missing where ``-1`` occurs too, and refused where a group or a column holds 0 and 1 alone
                (see :mod:`isotherm.energy.coding`). Groups left out are latent.
            seen: bool arrays of the same shapes that say which entries are missing, instead of zeros; a column
                that is False throughout is a latent variable.

        Raises:
            ValueError: naming the group, or the row and variable at fault.
        """
        factor_graph("graph", graph)
        if seen is not None and not isinstance(seen, Mapping):
            raise wrong_kind("seen", seen, "a mapping from groups to bool arrays")
        if not isinstance(values, Mapping):
            if len(graph.groups) != 1:
                raise refusal(
                    "values", type(values).__name__, f"should name groups of {list(graph.variables)}"
                )
            values = {graph.groups[0][0]: values}
        for field, given in (("values", values), ("seen", seen or {})):
            for name in given:
                if name not in graph.variables:
                    raise refusal(field, name, f"unknown; the graph has {', '.join(graph.variables)}")
        shapes = {name: regular(f"values[{name!r}]", v).shape for name, v in values.items()}
        for name, shape in shapes.items():
            if len(shape) != 2:
                allowed = f"must be (rows, {graph.variables[name].size})"
                raise refusal(f"values[{name!r}].shape", shape, allowed)
        rows = {shape[0] for shape in shapes.values()}
        if len(rows) != 1 or rows == {0}:
            raise refusal("values", sorted(rows), "every group needs the same number of rows, at least 1")
        found, masks = {}, {}
        for name, group in graph.groups:
            found[name], masks[name] = _checked(
                name, group, values.get(name), (seen or {}).get(name), rows.copy().pop()
            )
        pattern = tuple(
            (name, mask.all(axis=0).tobytes(), (~mask.any(axis=0)).tobytes()) for name, mask in masks.items()
        )
        return cls(found, masks, pattern)

    @property
    def num_rows(self) -> int:
        """Rows of data."""
        return len(jax.tree.leaves(self.seen)[0])

    def masks(self, which: Seen) -> dict[str, np.ndarray]:
        """For each group, bool of shape ``(size,)``: variables seen in every row, in some, or in none.

        Raises:
            ValueError: if ``which`` is none of the words.
        """
        choice("which", which, get_args(Seen))
        found = {}
        for name, always, never in self.pattern:
            all_rows, no_row = np.frombuffer(always, bool), np.frombuffer(never, bool)
            found[name] = {"always": all_rows, "sometimes": ~all_rows & ~no_row, "never": no_row}[which]
        return found

    @property
    def is_complete(self) -> bool:
        """Whether every variable was seen in every row."""
        return all(mask.all() for mask in self.masks("always").values())

    @property
    def has_holes(self) -> bool:
        """Whether some variable was seen in some rows only."""
        return any(mask.any() for mask in self.masks("sometimes").values())

    def rows(self, index: Any) -> "Observations":
        """Some rows; what was seen always or never is still said of all rows."""
        values, seen = jax.tree.map(lambda leaf: leaf[index], (self.values, self.seen))
        return Observations(values, seen, self.pattern)


def checked_data(field: str, data: Any, graph: FactorGraph) -> Observations:
    """Observations of a graph's own groups.

    Raises:
        TypeError: naming ``field``, if they are something else.
        ValueError: naming ``field``, if they are of another graph.
    """
    instance(field, data, Observations, "Observations", "Observations.of(graph, values) makes them")
    theirs = {name: len(always) for name, always, _ in data.pattern}
    ours = {name: group.size for name, group in graph.groups}
    if theirs != ours:
        raise refusal(field, theirs, f"are of another graph: this one has {ours}")
    return data


def _checked(name: str, group: Variables, values: Any, seen: Any, rows: int) -> tuple[np.ndarray, np.ndarray]:
    shape = (rows, group.size)
    if values is None:
        filler = group.values()[0] if group.is_discrete else 0
        return np.full(shape, filler, group.dtype), np.zeros(shape, bool)
    if np.shape(values) != shape:
        raise refusal(f"values[{name!r}].shape", np.shape(values), f"must be {shape}")
    if group.kind == "custom":
        raise refusal("values", "custom", "cannot be observed as an array; leave custom kinds latent")
    if seen is not None and (mask := regular(f"seen[{name!r}]", seen)).shape != shape:
        raise refusal(f"seen[{name!r}].shape", mask.shape, f"must be {shape}")
    return coded_data(name, group, values, seen)
