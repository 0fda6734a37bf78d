"""First positions of chains: what the model of a kernel can take, checked before anything runs."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import PyTree

from isotherm.doors import entries
from isotherm.energy.coding import coded_state
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.variables import Variables, categorical, real, spin
from isotherm.errors import refusal
from isotherm.sample.lattice.angles import Angles
from isotherm.sample.lattice.packed.bands import PackedSweep
from isotherm.sample.lattice.spins import Spins
from isotherm.sample.lattice.states import AbstractValues

Kinds = Mapping[str, Variables] | Variables
"""What a position holds: groups by name, or variables of one kind."""

_INNER = ("kernel", "tempered", "form", "empty", "sites", "init")
"""Fields in which a kernel keeps the kernel that it wraps, or the form of its model."""


def coded_positions(kernel: Any, positions: PyTree) -> PyTree:
    """First positions in the coding of the kernel's model: bools become numbers.

    Positions of kernels that know no kind of their variables, such as anybody else's, stay as they are.

    Args:
        kernel: any.
        positions: a position, or many with leading axes; known or traced.

    Raises:
        TypeError: if they are no mapping where the model has groups.
        ValueError: naming a group that is missing or of another size, or a known entry that its variable cannot take.
    """
    kinds = position_kinds(kernel)
    if isinstance(kinds, Variables):
        return coded_state("positions", kinds, positions) if hasattr(positions, "dtype") else positions
    if kinds is None:
        return positions
    _check_groups(kinds, positions)
    return {
        name: coded_state(f"positions[{name!r}]", kinds[name], values)
        if name in kinds and hasattr(values, "dtype") and kinds[name].kind != "custom"
        else values
        for name, values in positions.items()
    }


def _check_groups(kinds: Mapping[str, Variables], positions: Any) -> None:
    """Refuse what is no state of the groups: shapes alone are looked at."""
    wanted = f"a mapping with arrays for {', '.join(kinds)}, as initial_state(key, graph) makes one"
    entries("positions", positions, kinds, wanted)
    for name, group in kinds.items():
        shape = getattr(positions[name], "shape", None)
        if shape is not None and group.kind != "custom" and shape[-1:] != (group.size,):
            raise refusal(
                f"positions[{name!r}].shape", shape, f"must end in ({group.size},), the group's size"
            )


def position_kinds(kernel: Any) -> Kinds | None:
    """The kinds of the variables that a kernel moves, where it knows them."""
    kinds = getattr(kernel, "kinds", None)
    if isinstance(kinds, Variables):
        return kinds
    groups = getattr(kernel, "groups", None)
    if isinstance(groups, tuple) and groups and isinstance(groups[0][1], Variables):
        return dict(groups)
    model, update = getattr(kernel, "model", None), getattr(kernel, "update", None)
    if isinstance(model, AbstractLatticeModel):
        return model.kinds
    if isinstance(update, AbstractValues):
        return categorical(1, update.num_values)
    if isinstance(update, Spins) or isinstance(getattr(kernel, "sweep", None), PackedSweep):
        return spin(1)
    if isinstance(update, Angles):
        return real(1)
    inner = (getattr(kernel, name, None) for name in _INNER)
    return next((found for part in inner if part is not None and (found := position_kinds(part))), None)
