"""Models described by names: who observes what, who depends on whom, and tensors of zeros to fill in by label."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from isotherm import doors
from isotherm.energy.hidden.checks import Indices
from isotherm.energy.hidden.labels import AGENT, LabelledTensor, labels_of
from isotherm.errors import refusal

PARTS = ("observations", "controls", "states")


class NamedTensors(Sequence):
    """Tensors in order, found by position or by the name of their event axis.

    Attributes:
        names: of the tensors, in order.
    """

    def __init__(self, tensors: Mapping[str, LabelledTensor]) -> None:
        self.names = tuple(tensors)
        self._tensors = tuple(tensors.values())

    def __getitem__(self, which: Any) -> Any:
        """One tensor by name or position; several by a slice."""
        if isinstance(which, str):
            if which not in self.names:
                raise refusal("name", which, f"unknown; there is {', '.join(self.names)}")
            return self._tensors[self.names.index(which)]
        return self._tensors[which]

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"NamedTensors({', '.join(self.names)})"


class CompiledModel(Mapping):
    """What :func:`compile_model` makes: the arguments of ``generative_model``, as ``**model`` hands them over.

    Every entry is an attribute too: ``model.A["seen"]`` is ``model["A"]["seen"]``, and ``model.A[0]``.

    Attributes:
        A: a tensor of each observation, given the states that it depends on: zeros to fill in.
        B: of each state, given the states and controls that it depends on: zeros to fill in.
        C: of each observation: zeros.
        D: of each state: uniform.
        goal: of each state: ones, all alike.
        A_dependencies: numbers of the states that each observation depends on.
        B_dependencies: of those that each state depends on.
        B_action_dependencies: numbers of the controls of each state.
        num_controls: choices of each control.
        batch_size: number of agents, or None.
        states: names of the states, in the order of their numbers.
        controls: names of the controls.
    """

    A: NamedTensors
    B: NamedTensors
    C: NamedTensors
    D: NamedTensors
    goal: NamedTensors
    A_dependencies: Indices
    B_dependencies: Indices
    B_action_dependencies: Indices
    num_controls: tuple[int, ...]
    batch_size: int | None

    def __init__(self, arguments: Mapping[str, Any], states: Sequence[str], controls: Sequence[str]) -> None:
        self._arguments = dict(arguments)
        self.states, self.controls = tuple(states), tuple(controls)
        for name, value in self._arguments.items():
            setattr(self, name, value)

    def __getitem__(self, key: str) -> Any:
        return self._arguments[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arguments)

    def __len__(self) -> int:
        return len(self._arguments)

    def __repr__(self) -> str:
        return f"CompiledModel(A={self.A!r}, B={self.B!r})"


def compile_model(description: Any, batch_size: int | None = None) -> CompiledModel:
    """Tensors of zeros, with names, and dependency lists, from a description of a model.

    Args:
        description: ``{"observations": {name: {...}}, "controls": {name: {...}}, "states": {name: {...}}}``. Each
            entry has ``"elements"``, a list of labels, or a ``"size"``; observations and states ``"depends_on"``, a
            list of states; and states ``"controlled_by"``, a list of controls. Lists give the order of axes. Only
            states that depend on themselves are factors; others are left out, and nothing may depend on them.
        batch_size: number of agents, each with a model of its own; every tensor then leads with an axis ``"agent"``.

    Raises:
        TypeError: if a part is of another kind.
        ValueError: naming what is missing, unknown, or there twice.

    >>> model = compile_model({
    ...     "observations": {"seen": {"elements": ["no", "yes"], "depends_on": ["place"]}},
    ...     "controls": {"move": {"elements": ["left", "right"]}},
    ...     "states": {"place": {"size": 2, "depends_on": ["place"], "controlled_by": ["move"]}},
    ... })
    >>> model.A["seen"][:] = [[0.9, 0.2], [0.1, 0.8]]
    >>> model.B["place"][{"place": 0}, {"move": "left"}] = 1.0
    >>> unfilled(model)[0]
    "B: place given place = 0, move = 'right': sums to 0"
    >>> model.B["place"].points[{"place": 1}, {"move": "right"}] = 1.0
    >>> from isotherm.energy.hidden.model import generative_model
    >>> generative_model(**model).num_states
    (2,)
    """
    parts = _parts(description)
    seen, controls = parts["observations"], list(parts["controls"])
    kept = {name: entry for name, entry in parts["states"].items() if name in entry.depends_on}
    if not kept or not seen:
        raise refusal(
            "description", sorted(parts), "needs an observation, and a state that depends on itself"
        )
    for field, entries in (("observations", seen), ("states", kept)):
        for name, entry in entries.items():
            _check_parents(f"{field}[{name!r}]['depends_on']", entry.depends_on, kept, parts["states"])
    lead = None if batch_size is None else doors.whole("batch_size", batch_size, 1)
    labels = {name: entry.labels for part in parts.values() for name, entry in part.items()}

    def tensors(parents: Mapping[str, Sequence[str]], fill: float = 0.0) -> NamedTensors:
        made = {
            name: LabelledTensor({name: labels[name]}, {p: labels[p] for p in of}, num_agents=lead)
            for name, of in parents.items()
        }
        for tensor in made.values():
            tensor.values[...] = fill
        return NamedTensors(made)

    first_states = tensors(dict.fromkeys(kept, ()), 1.0)
    for tensor in first_states:
        tensor.normalise()
    arguments = {
        "A": tensors({name: entry.depends_on for name, entry in seen.items()}),
        "B": tensors({name: (*entry.depends_on, *entry.controlled_by) for name, entry in kept.items()}),
        "C": tensors(dict.fromkeys(seen, ())),
        "D": first_states,
        "goal": tensors(dict.fromkeys(kept, ()), 1.0),
        "A_dependencies": _numbers([entry.depends_on for entry in seen.values()], list(kept)),
        "B_dependencies": _numbers([entry.depends_on for entry in kept.values()], list(kept)),
        "B_action_dependencies": _numbers([entry.controlled_by for entry in kept.values()], controls),
        "num_controls": tuple(len(labels[name]) for name in controls),
        "batch_size": lead,
    }
    return CompiledModel(arguments, tuple(kept), controls)


def unfilled(model: CompiledModel) -> list[str]:
    """Columns of ``A``, ``B`` and ``D`` that are no laws yet, a line each, in words; empty where all are.

    Raises:
        TypeError: if ``model`` is no :class:`CompiledModel`.
    """
    doors.instance("model", model, CompiledModel, "a CompiledModel", "compile_model(...) makes one")
    return [
        f"{name}: {column}: sums to {total:.6g}"
        for name in ("A", "B", "D")
        for tensor in model[name]
        for column, total in tensor.unfilled()
    ]


class _Entry(NamedTuple):
    """An observation, a control or a state."""

    labels: tuple[Hashable, ...]
    depends_on: tuple[str, ...]
    controlled_by: tuple[str, ...]


def _parts(description: Any) -> dict[str, dict[str, _Entry]]:
    """Entries by part and name; every name is there once."""
    given = doors.mapping("description", description, "a mapping with observations, controls and states")
    unknown = [name for name in given if name not in PARTS]
    if unknown:
        raise refusal("description", unknown[0], f"unknown; it has {', '.join(PARTS)}")
    found: dict[str, dict[str, _Entry]] = {}
    for part in PARTS:
        entries = doors.mapping(part, given.get(part, {}), "a mapping from names to descriptions")
        found[part] = {
            doors.text(part, name): _entry(part, f"{part}[{name!r}]", one) for name, one in entries.items()
        }
    repeated = doors.first_repeated(name for entries in found.values() for name in entries)
    if repeated is not None or any(AGENT in entries for entries in found.values()):
        raise refusal("description", repeated or AGENT, "each name may stand once, and none may be 'agent'")
    for name, entry in found["states"].items():
        for control in entry.controlled_by:
            if control not in found["controls"]:
                known = ", ".join(found["controls"]) or "none"
                field = f"states[{name!r}]['controlled_by']"
                raise refusal(field, control, f"unknown; the controls are {known}")
    return found


def _entry(part: str, field: str, value: Any) -> _Entry:
    given = doors.mapping(field, value, "a mapping such as {'size': 3}")
    allowed = ["elements", "size"]
    allowed += ["depends_on"] * (part != "controls") + ["controlled_by"] * (part == "states")
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise refusal(field, unknown[0], f"unknown; it may have {', '.join(allowed)}")
    if ("size" in given) == ("elements" in given):
        raise refusal(field, sorted(given), "must have either elements or a size")
    if part == "observations" and "depends_on" not in given:
        raise refusal(field, sorted(given), "must have depends_on, a list of states")
    size = given.get("size")
    wanted = given["elements"] if size is None else doors.whole(f"{field}['size']", size, 1)
    lists = [doors.words(f"{field}[{key!r}]", given.get(key, ())) for key in ("depends_on", "controlled_by")]
    for key, names in zip(("depends_on", "controlled_by"), lists, strict=True):
        repeated = doors.first_repeated(names)
        if repeated is not None:
            raise refusal(f"{field}[{key!r}]", repeated, "a name comes twice")
    return _Entry(labels_of(field, wanted), *lists)


def _check_parents(
    field: str, parents: Sequence[str], factors: Mapping[str, _Entry], states: Mapping[str, _Entry]
) -> None:
    for parent in parents:
        if parent in factors:
            continue
        if parent in states:
            mend = "is no factor; a state must have itself in its own depends_on"
            raise refusal(field, parent, mend)
        raise refusal(field, parent, f"unknown; the states are {', '.join(states) or 'none'}")


def _numbers(lists: Sequence[Sequence[str]], names: list[str]) -> Indices:
    return tuple(tuple(names.index(name) for name in one) for one in lists)
