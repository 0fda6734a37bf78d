"""Tensors of probabilities whose axes and entries have names: written by label, read as arrays."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.errors import refusal, wrong_kind

AGENT = "agent"
"""Name of the leading axis of a batch of models."""

Axes = Mapping[str, Any]
"""Labels of each axis by its name: a list of them, or their number."""


class _Axis(NamedTuple):
    """One axis: its kind (``"agent"``, ``"event"`` or ``"batch"``), its name, its labels in order."""

    kind: str
    name: str
    labels: tuple[Hashable, ...]

    @property
    def field(self) -> str:
        """What refusals call it."""
        return f"{self.kind}[{self.name!r}]"


class LabelledTensor:
    """Numbers over event axes, then axes that they are conditional on (``batch``), each with a name and labels.

    ``tensor[event, batch]`` selects by two mappings from names of axes to labels; axes that are left out are taken
    whole. ``tensor[a, b, ...]`` selects axis by axis. A label, or a position as a whole number, picks one entry;
    a list of them, or a slice of positions, several, and lists on several axes the block of all their combinations.
    Whole numbers are positions always, even where labels are numbers. ``tensor.points[...]`` takes the same
    selections, but pairs lists up. Both can be assigned to, and ``numpy.asarray(tensor)`` is the array.

    Attributes:
        axes: kind, name and labels of each axis, in order.
        values: the numbers, float64, an axis each; change them in place.

    Args:
        event: axes whose probabilities sum to one.
        batch: axes that these are conditional on.
        values: numbers of that shape; zeros by default.
        num_agents: of a batch of models, whose axis ``"agent"`` comes first, selected within ``batch``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an axis without entries, a label that comes twice, or a shape that does not fit.

    >>> tensor = LabelledTensor({"weather": ["rain", "sun"]}, {"season": ["winter", "summer"]})
    >>> tensor["rain"] = [0.75, 0.25]
    >>> tensor[{"weather": "sun"}] = 1 - tensor["rain"]
    >>> float(tensor[{"weather": "sun"}, {"season": "summer"}]), tensor["sun", 0].tolist()
    (0.75, 0.25)
    """

    def __init__(
        self, event: Axes, batch: Axes | None = None, values: Any = None, num_agents: int | None = None
    ) -> None:
        lead = [] if num_agents is None else [_axis("agent", AGENT, doors.whole("num_agents", num_agents, 1))]
        named = {
            kind: doors.mapping(kind, axes, "a mapping from names of axes to labels")
            for kind, axes in (("event", event), ("batch", {} if batch is None else batch))
        }
        if not named["event"]:
            raise refusal("event", dict(event), "must have an axis")
        found = [_axis(kind, name, labels) for kind, axes in named.items() for name, labels in axes.items()]
        self.axes: tuple[_Axis, ...] = (*lead, *found)
        shape = tuple(len(axis.labels) for axis in self.axes)
        doors.affordable("values", shape, 8.0 * float(np.prod(shape, dtype=float)), "give fewer labels")
        self.values: Float[np.ndarray, "..."] = np.zeros(shape)
        if values is not None:
            given = doors.real_numbers("values", values)
            if given.shape != shape:
                raise refusal("values.shape", given.shape, f"must be {shape}, as the labels are")
            self.values[...] = given

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The numbers, as NumPy asks for them."""
        return np.array(self.values, dtype, copy=copy)

    def __repr__(self) -> str:
        words = [f"{axis.kind} {axis.name}: {len(axis.labels)}" for axis in self.axes]
        return f"LabelledTensor({', '.join(words)})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Labels of each axis."""
        return self.values.shape

    @property
    def points(self) -> "Points":
        """The same entries, with lists paired up instead of combined."""
        return Points(self)

    def __getitem__(self, selection: Any) -> np.ndarray:
        chosen = self._chosen(selection)
        return self.values[_block(chosen)].reshape(_shape(chosen))

    def __setitem__(self, selection: Any, value: Any) -> None:
        chosen = self._chosen(selection)
        shape = tuple(np.size(one) for one in chosen)
        self.values[_block(chosen)] = _spread(value, _shape(chosen)).reshape(shape)

    def normalise(self) -> None:
        """Divide each column by its sum over the event axes, in place.

        Raises:
            ValueError: naming the labels of a column of zeros.
        """
        sums = self._sums()
        empty = np.argwhere(sums == 0)
        if len(empty):
            raise refusal(self._place(empty[0]), 0.0, "a column of zeros cannot be normalised")
        self.values /= np.expand_dims(sums, self._of_kind("event"))

    def unfilled(self, slack: float = 1e-5) -> list[tuple[str, float]]:
        """Columns that do not sum to one over the event axes: their labels in words, and their sums.

        Args:
            slack: by how much a sum may miss 1, at least 0.

        Raises:
            TypeError: if ``slack`` is no number.
            ValueError: if it is below 0.
        """
        doors.number("slack", slack, least=0)
        sums = self._sums()
        wrong = np.argwhere(~(np.abs(sums - 1) <= slack))
        return [(self._place(column), float(sums[tuple(column)])) for column in wrong]

    def _sums(self) -> np.ndarray:
        return np.asarray(self.values.sum(axis=self._of_kind("event")))

    def _of_kind(self, kind: str) -> tuple[int, ...]:
        return tuple(i for i, axis in enumerate(self.axes) if axis.kind == kind)

    def _place(self, column: np.ndarray) -> str:
        """A column in words, such as ``"weather given season = 'winter'"``."""
        events = ", ".join(axis.name for axis in self.axes if axis.kind == "event")
        others = [axis for axis in self.axes if axis.kind != "event"]
        given = [f"{axis.name} = {axis.labels[i]!r}" for axis, i in zip(others, column, strict=True)]
        return f"{events} given {', '.join(given)}" if given else events

    def _chosen(self, selection: Any) -> list["Positions"]:
        """Positions along each axis: a number, a list of them, or all within a slice."""
        parts: tuple[Any, ...] = selection if isinstance(selection, tuple) else (selection,)
        if parts and all(part is None or isinstance(part, Mapping) for part in parts):
            return self._by_name(parts)
        if len(parts) > len(self.axes):
            raise refusal("selection", len(parts), f"must be for {len(self.axes)} axes at most")
        filled = itertools.chain(parts, itertools.repeat(slice(None)))
        return [_positions(axis, wanted) for axis, wanted in zip(self.axes, filled, strict=False)]

    def _by_name(self, parts: tuple[Mapping | None, ...]) -> list["Positions"]:
        if len(parts) > 2:
            raise refusal("selection", len(parts), "must be two mappings, of event axes and of others")
        event, batch = (*parts, None)[:2]
        of = {"event": dict(event or {}), "batch": dict(batch or {})}
        kinds = [("event" if axis.kind == "event" else "batch", axis) for axis in self.axes]
        found = [_positions(axis, of[kind].pop(axis.name, slice(None))) for kind, axis in kinds]
        for kind, left in of.items():
            if left:
                known = ", ".join(axis.name for one, axis in kinds if one == kind) or "no axis"
                raise refusal(kind, next(iter(left)), f"no such axis; there is {known}")
        return found


class Points:
    """Entries of a :class:`LabelledTensor` at pairs, triples, ... of labels, to read and to assign.

    Lists of one length are paired up and give the first axis; axes taken whole or by a slice follow, in order.

    >>> tensor = LabelledTensor({"x": ["a", "b"]}, {"y": ["c", "d"]}, [[1, 2], [3, 4]])
    >>> tensor.points[["a", "b"], ["d", "c"]].tolist()
    [2.0, 3.0]
    """

    def __init__(self, tensor: LabelledTensor) -> None:
        self._tensor = tensor

    def __getitem__(self, selection: Any) -> np.ndarray:
        return self._tensor.values[self._paired(selection)]

    def __setitem__(self, selection: Any, value: Any) -> None:
        where = self._paired(selection)
        self._tensor.values[where] = _spread(value, np.broadcast_shapes(*(part.shape for part in where)))

    def _paired(self, selection: Any) -> tuple[np.ndarray, ...]:
        chosen = self._tensor._chosen(selection)
        lengths = {len(one) for one in chosen if isinstance(one, list)}
        if len(lengths) > 1:
            raise refusal("selection", sorted(lengths), "lists that are paired up must have one length")
        wholes = [i for i, one in enumerate(chosen) if isinstance(one, range)]
        rank = len(lengths) + len(wholes)
        found = []
        for i, one in enumerate(chosen):
            place = {list: 0, range: len(lengths) + wholes.index(i) if i in wholes else 0}.get(type(one))
            shape = [-1 if axis == place else 1 for axis in range(rank)]
            found.append(np.asarray(one, np.int64).reshape(shape))
        return tuple(found)


Positions = int | list[int] | range


def labels_of(field: str, labels: Any) -> tuple[Hashable, ...]:
    """Labels of an axis, from a list of them or from their number.

    Raises:
        TypeError: naming ``field``, if it is neither, or a label cannot be one.
        ValueError: naming ``field``, if there is none, or one comes twice.
    """
    if doors.is_number(labels, "iu"):
        return tuple(range(doors.whole(field, labels, 1)))
    listed = doors.sequence(field, labels, "a list of labels, or their number")
    if not listed:
        raise refusal(field, "[]", "must have a label")
    for label in listed:
        if not isinstance(label, Hashable) or isinstance(label, slice):
            raise wrong_kind(field, label, "labels such as texts or numbers")
    repeated = doors.first_repeated(listed)
    if repeated is not None:
        raise refusal(field, repeated, "a label comes twice")
    return listed


def _axis(kind: str, name: Any, labels: Any) -> _Axis:
    return _Axis(kind, doors.text(kind, name), labels_of(f"{kind}[{name!r}]", labels))


def _positions(axis: _Axis, wanted: Any) -> Positions:
    if isinstance(wanted, slice):
        try:
            return range(len(axis.labels))[wanted]
        except TypeError:
            raise wrong_kind(axis.field, wanted, "a slice of positions") from None
    if isinstance(wanted, list | range | np.ndarray):
        return [
            _position(axis, one) for one in (wanted.tolist() if isinstance(wanted, np.ndarray) else wanted)
        ]
    return _position(axis, wanted)


def _position(axis: _Axis, wanted: Any) -> int:
    n = len(axis.labels)
    if doors.is_number(wanted, "iu"):
        return doors.whole(axis.field, wanted, -n, n - 1) % n
    if not isinstance(wanted, Hashable) or wanted not in axis.labels:
        raise refusal(axis.field, wanted, f"unknown; its labels are {_listed(axis.labels)}")
    return axis.labels.index(wanted)


def _listed(labels: Sequence[Hashable]) -> str:
    shown = ", ".join(map(repr, labels[:6]))
    return shown if len(labels) <= 6 else f"{shown}, ... ({len(labels)})"


def _block(chosen: Sequence[Positions]) -> tuple[np.ndarray, ...]:
    return np.ix_(*(np.atleast_1d(np.asarray(one, np.int64)) for one in chosen))


def _shape(chosen: Sequence[Positions]) -> tuple[int, ...]:
    """Of what is read: axes of a single label are gone."""
    return tuple(len(one) for one in chosen if not isinstance(one, int))


def _spread(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    given = doors.real_numbers("value", value)
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        raise refusal("value.shape", given.shape, f"must fit {shape}") from None
