"""Evidence: which variables are held, and at which values."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Key

from isotherm import doors
from isotherm.energy.coding import check_state, coded_bools, concrete
from isotherm.energy.graph import FactorGraph, State, stored
from isotherm.energy.variables import Variables, spin
from isotherm.errors import refusal, wrong_kind
from isotherm.sample.kernel import Chains, over_chains


class Clamp(NamedTuple):
    """Variables of one group held at given values; new values never recompile.

    For a dense model the mask is traced as well. For a factor graph, whose plan depends on which variables
    are held, it must be concrete.

    Attributes:
        mask: shape ``(n,)``, True where the variable is held.
        values: shape ``(n,)``, such as int8 ``+1`` and ``-1``, or bools; ignored where not held. None, for factor
            graphs only: each chain holds the values that it starts with.

    >>> import jax.numpy as jnp
    >>> held = Clamp(mask=jnp.array([True, False, False]), values=jnp.array([1, 1, 1], jnp.int8))
    >>> int(held.mask.sum())  # the first spin is held up
    1
    """

    mask: Bool[Array | np.ndarray, " n"]
    values: Any = None

    @classmethod
    def none(cls, n: int) -> "Clamp":
        """No spin is held.

        Raises:
            ValueError: if ``n`` is below 1.
        """
        doors.whole("n", n, 1)
        doors.affordable("n", n, 2.0 * n, "hold fewer spins")
        return cls(mask=jnp.zeros(n, bool), values=jnp.ones(n, jnp.int8))


Values = Mapping[int, Any]
"""The value of each variable that is held, by its number within its group, such as ``{2: -1}``."""

Evidence = Mapping[str, Clamp | Values]
"""What is held in each group of a factor graph, such as ``{"road": {2: -1}}``; groups left out are free."""

Clamps = Mapping[str, Clamp]
"""The same with a mask for each group."""


def checked_evidence(graph: FactorGraph, clamp: Any) -> dict[str, Clamp]:
    """What is held of a factor graph by group; nothing by default.

    Args:
        graph: whose variables are held.
        clamp: by group, each a :class:`Clamp`, or values by the number of the variable.

    Raises:
        TypeError: naming ``clamp``, if it is no such mapping.
        ValueError: naming the group or variable that the graph does not have, or whose value is no single number.
    """
    if clamp is None:
        return {}
    wanted = "a mapping from groups to what is held, such as {'s': {2: -1}} or {'s': Clamp(mask, values)}"
    if isinstance(clamp, Clamp):
        raise refusal(
            "clamp", "Clamp", "a graph needs one for each group, such as {'s': Clamp(mask, values)}"
        )
    variables = graph.variables
    found: dict[str, Clamp] = {}
    for name, held in doors.mapping("clamp", clamp, wanted).items():
        if name not in variables:
            raise refusal("clamp", name, f"unknown; the graph has {', '.join(variables)}")
        found[name] = _clamp(f"clamp[{name!r}]", variables[name], held)
    return found


def _clamp(field: str, group: Variables, held: Any) -> Clamp:
    """A clamp of one group, from itself or from values by number."""
    if isinstance(held, Clamp):
        return held
    values = doors.mapping(field, held, "a Clamp(mask, values), or values by number such as {2: -1}")
    if group.kind == "custom":
        raise refusal(field, dict(values), "is of a custom kind; hold it by a Clamp(mask, values)")
    mask = np.zeros(group.size, bool)
    full = np.full(group.size, 1.0 if group.kind == "spin" else 0.0)
    for index, value in values.items():
        at = doors.whole(f"{field}: a variable's number", index, 0, group.size - 1)
        one = np.asarray(coded_bools(f"{field}[{at}]", group, value))
        if one.shape != ():
            raise refusal(f"{field}[{at}].shape", one.shape, "must be (), one value")
        mask[at], full[at] = True, one
    check_state(field, group, full, mask)
    return Clamp(mask, full.astype(group.dtype))


def dense_clamp(num_spins: int, clamp: Any) -> Clamp:
    """Evidence on the spins of a dense model, its values ``-1`` and ``+1`` where they are held.

    Args:
        num_spins: ``n``.
        clamp: shapes ``(..., n)``; traced or not. Values may be bools. Or values by the spin's number, ``{2: -1}``.

    Raises:
        TypeError: if it is neither.
        ValueError: if the mask is not bool, there are no values, the shapes do not end in ``n``, or a held
            value is known to be neither ``-1`` nor ``+1``.
    """
    if not isinstance(clamp, Clamp):
        if not isinstance(clamp, Mapping):
            raise wrong_kind("clamp", clamp, "a Clamp(mask, values), or values by number such as {2: -1}")
        return _clamp("clamp", spin(num_spins), clamp)
    held = clamp.mask if isinstance(clamp.mask, jax.Array) else doors.regular("clamp.mask", clamp.mask)
    if held.shape[-1:] != (num_spins,) or held.dtype != np.bool_:
        raise refusal("clamp.mask", f"{held.dtype}{held.shape}", f"must be bool of shape ({num_spins},)")
    if clamp.values is None:
        raise refusal("clamp.values.shape", None, f"must be ({num_spins},)")
    values = coded_bools("clamp.values", spin(num_spins), clamp.values)
    if values.shape[-1:] != (num_spins,):
        raise refusal("clamp.values.shape", values.shape, f"must be ({num_spins},)")
    mask = concrete(held)
    if mask is not None:
        check_state("clamp.values", spin(num_spins), values, mask)
    return Clamp(held, values)


def held_variables(graph: FactorGraph, evidence: Evidence | None) -> np.ndarray:
    """Which variables are held, bool ``(n,)`` in flat numbering, after checking the evidence.

    Raises:
        ValueError: naming the group or variable, if it is unknown, a mask is traced or has the wrong shape, or
            a held value is none that the variable can take.
    """
    held = np.zeros(graph.num_variables, bool)
    variables, offsets = graph.variables, graph.offsets()
    for name, clamp in checked_evidence(graph, evidence).items():
        mask = _mask(name, variables[name], clamp)
        held[offsets[name] : offsets[name] + len(mask)] = mask
        if clamp.values is not None:
            _check_values(name, variables[name], mask, clamp.values)
    return held


def hold(graph: FactorGraph, evidence: Clamps | None, position: State) -> State:
    """A state in which the held variables have their values."""
    position = dict(position)
    for name, clamp in (evidence or {}).items():
        if clamp.values is not None:
            hold_group = functools.partial(_hold, jnp.asarray(clamp.mask))
            values = stored(graph.variables[name], clamp.values)
            position[name] = jax.tree.map(hold_group, values, position[name])
    return position


class Holding(eqx.Module):
    """Any kernel of a factor graph that leaves the held variables alone, from states in which they have their values.

    Attributes:
        kernel: it never updates what is held.
        groups: those of the graph (static).
        evidence: what is held; its values change without recompiling.
    """

    kernel: Any
    groups: tuple[tuple[str, Variables], ...] = eqx.field(static=True)
    evidence: dict[str, Clamp]

    def init(self, position: State, key: Key[Array, ""] | None = None) -> Any:
        """The kernel's own state, what is held at its values."""
        return self.kernel.init(self._held(position), key)

    def step(self, key: Key[Array, ""], state: Any) -> tuple[Any, Any]:
        """The kernel's own step."""
        return self.kernel.step(key, state)

    def over_chains(self) -> Chains:
        """The kernel's own way to run many chains."""
        chains = over_chains(self.kernel)

        def init(positions: State, keys: Key[Array, " chains"]) -> Any:
            return chains.init(jax.vmap(self._held)(positions), keys)

        return chains._replace(init=init)

    def _held(self, position: State) -> State:
        return hold(FactorGraph(groups=self.groups, factors=()), self.evidence, position)


def _hold(mask: Bool[Array, " n"], values: Array, free: Array) -> Array:
    return jnp.where(mask.reshape(-1, *(1,) * (free.ndim - 1)), values.astype(free.dtype), free)


def _mask(name: str, group: Variables, clamp: Clamp) -> np.ndarray:
    if isinstance(clamp.mask, Tracer):
        raise refusal(f"clamp[{name!r}].mask", "traced", "must be concrete: it decides what is updated")
    mask = doors.regular(f"clamp[{name!r}].mask", clamp.mask)
    if mask.shape != (group.size,) or mask.dtype != np.bool_:
        allowed = f"must be bool of shape ({group.size},) to match the group"
        raise refusal(f"clamp[{name!r}].mask", f"{mask.dtype}{mask.shape}", allowed)
    return mask


def _check_values(name: str, group: Variables, mask: np.ndarray, values: Any) -> None:
    if group.kind != "custom":
        values = coded_bools(f"clamp: {name}", group, values)
    for leaf in jax.tree.leaves(values):
        if leaf.shape[:1] != mask.shape or (group.kind != "custom" and leaf.ndim != 1):
            allowed = f"must be ({group.size},) to match the group"
            raise refusal(f"clamp[{name!r}].values.shape", leaf.shape, allowed)
    if group.kind != "custom":
        check_state(f"clamp: {name}", group, values, mask)
