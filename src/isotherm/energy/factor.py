"""Factors: the terms of a factor graph's energy, many of one shape at a time."""

import abc
import functools
import hashlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from isotherm import doors
from isotherm.doors import regular
from isotherm.energy.inputs import check_indices, floating
from isotherm.errors import refusal


class Scope:
    """Which variables each of many like factors joins; immutable, equal and hashed by content.

    Attributes:
        groups: the group of each argument, such as ``("s", "s", "c")``.
        variables: int32, shape ``(num_factors, arity)``: the index of each argument within its group.

    Raises:
        ValueError: if ``variables`` is not of shape ``(num_factors, arity)``, or holds anything else than whole
            numbers.
    """

    __slots__ = ("__dict__", "groups", "variables")

    def __init__(self, groups: tuple[str, ...], variables: np.ndarray) -> None:
        self.groups = doors.words("groups", groups)
        indices = regular("variables", variables)
        if indices.ndim != 2 or indices.shape[1] != len(self.groups):
            raise refusal(
                "variables.shape",
                indices.shape,
                f"must be (num_factors, {len(self.groups)}), to match the groups",
            )
        check_indices("variables", indices)
        self.variables = np.asarray(indices, np.int32)
        self.variables.setflags(write=False)

    @functools.cached_property
    def _content(self) -> tuple[tuple[str, ...], tuple[int, ...], bytes]:
        return self.groups, self.variables.shape, hashlib.sha256(self.variables.tobytes()).digest()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Scope) and self._content == other._content)

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def arity(self) -> int:
        """Variables a factor."""
        return len(self.groups)

    def __len__(self) -> int:
        return len(self.variables)


class AbstractFactor(eqx.Module):
    """Many factors of one form: the same function, other variables and parameters.

    To extend the engine, write :meth:`energy_of` for one factor; conditionals of discrete variables follow
    by evaluating it at each value.

    Attributes:
        scope: which variables each factor joins (static).
        name: what refusals call it (static).
    """

    scope: eqx.AbstractVar[Scope]
    name: eqx.AbstractVar[str]

    @property
    @abc.abstractmethod
    def parameters(self) -> PyTree:
        """Arrays that lead with ``num_factors``, or with 1 where all factors share them."""

    @abc.abstractmethod
    def energy_of(self, parameters: PyTree, *values: Any) -> Float[Array, ""]:
        """Energy of one factor at the values of its arguments (scalars, or one variable's custom state).

        ``parameters`` is the entry of :attr:`parameters` that belongs to the factor, without its first axis.
        """

    def energy(self, states: tuple[Any, ...]) -> Float[Array, ""]:
        """Sum over all factors, a scalar, given the state of each argument's group, of shape ``(size,)``."""
        values = [
            jax.tree.map(lambda leaf, at=column: leaf[at], state)
            for state, column in zip(states, self.scope.variables.T, strict=True)
        ]
        leaves, tree = jax.tree.flatten(self.parameters)
        axes = tree.unflatten([None if leaf.shape[0] == 1 else 0 for leaf in leaves])
        parameters = tree.unflatten([jnp.asarray(leaf[0] if leaf.shape[0] == 1 else leaf) for leaf in leaves])
        return jax.vmap(self.energy_of, in_axes=(axes, *(0 for _ in values)))(parameters, *values).sum()


class Factor(AbstractFactor):
    r"""Weighted products, :math:`E = -\sum_b W[b, c_1, \dots, c_N] \, s_1 \cdots s_M`.

    Spins and reals of the scope are multiplied; categories index the table. A positive weight favours
    alignment. A weight of minus infinity forbids a value.

    Attributes:
        weights: shape ``(num_factors, *cardinalities)``, or ``(1, *cardinalities)`` where all share one
            table: an axis for each categorical argument, in the order of the scope. NumPy arrays are kept as
            they are, so that exact answers see all their digits.

    References:
        Jelinčič et al., thrml (2025): its ``DiscreteEBMFactor``.

    >>> field = Factor.of("s", [0, 1], weights=[0.5, -0.5])
    >>> coupling = Factor.of(("s", "s"), [[0, 1]], weights=[1.0], name="coupling")
    >>> field.scope.variables.tolist(), coupling.weights.shape
    ([[0], [1]], (1,))
    """

    weights: Float[Array | np.ndarray, "num *cardinalities"]
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="factor")

    @classmethod
    def of(
        cls, groups: tuple[str, ...] | list[str] | str, variables: Any, weights: Any, name: str = "factor"
    ) -> "Factor":
        """Build from anything array-like; the graph checks the rest when it is made.

        Args:
            groups: the group of each argument, or the one group of all factors of a single variable.
            variables: whole numbers, shape ``(num_factors, arity)``, or ``(num_factors,)`` for a single one.
            weights: shape ``(num_factors, *cardinalities)``; or ``cardinalities`` alone, shared by all.
            name: what refusals call these factors.

        Raises:
            ValueError: naming the factor whose scope or weights are wrong.
        """
        names = (groups,) if isinstance(groups, str) else doors.words("groups", groups)
        scope = scope_of(names, variables, doors.text("name", name))
        table = floating(f"{name}.weights", weights)
        return cls(weights=table if table.ndim else table[None], scope=scope, name=name)

    @property
    def parameters(self) -> PyTree:
        """The weights."""
        return self.weights

    def energy_of(self, parameters: Float[Array, "*cardinalities"], *values: Any) -> Float[Array, ""]:
        """Minus one weight times the product of spins and reals.

        Args:
            parameters: table of one factor, shape ``(*cardinalities,)``; a scalar where no argument is a category.
            values: a scalar for each argument; unsigned ones index the table.
        """
        weight = jnp.asarray(parameters)
        categories = tuple(v for v in values if jnp.issubdtype(v.dtype, jnp.unsignedinteger))
        product = weight[categories] if categories else weight
        for value in values:
            if not jnp.issubdtype(value.dtype, jnp.unsignedinteger):
                product = product * value.astype(weight.dtype)
        return -product


class Quadratic(AbstractFactor):
    r"""A parabola for each real variable of its scope, :math:`E = \tfrac12 \sum_i a_i x_i^2`.

    Attributes:
        precisions: shape ``(num_factors,)`` or ``(1,)``, positive.

    Raises:
        TypeError: if ``scope`` is no :class:`Scope`, ``name`` no text or ``precisions`` no numbers.
        ValueError: if a known precision is not above 0.
    """

    precisions: Float[Array | np.ndarray, " num"]
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="quadratic")

    def __check_init__(self) -> None:
        doors.text("name", self.name)
        doors.instance("scope", self.scope, Scope, "a Scope")
        doors.numbers("precisions", self.precisions, above=0)

    @property
    def parameters(self) -> PyTree:
        """The precisions."""
        return self.precisions

    def energy_of(self, parameters: Float[Array, ""], *values: Any) -> Float[Array, ""]:
        """Half the precision times the square.

        Args:
            parameters: one precision, a scalar.
            values: one real variable, a scalar.
        """
        precision = jnp.asarray(parameters)
        x = values[0].astype(precision.dtype)
        return 0.5 * precision * x * x


def scope_of(groups: tuple[str, ...], variables: Any, name: str) -> Scope:
    """A checked scope: whole numbers, an index for each group, no variable twice in a factor.

    Raises:
        ValueError: naming the factor at fault.
    """
    if not groups:
        raise refusal(f"{name}.groups", (), "at least one group is needed")
    indices = regular(f"{name}.variables", variables)
    if indices.ndim == 1 and len(groups) == 1:
        indices = indices[:, None]
    if indices.ndim != 2 or indices.shape[1] != len(groups):
        raise refusal(
            f"{name}.variables.shape",
            indices.shape,
            f"must be (factors, {len(groups)}), to match the groups {groups}",
        )
    if not len(indices):
        raise refusal(f"{name}.variables", "[]", "at least one factor is needed")
    check_indices(f"{name}.variables", indices)
    for j in range(len(groups)):
        for k in range(j + 1, len(groups)):
            same = indices[:, j] == indices[:, k]
            if groups[j] == groups[k] and same.any():
                row = int(np.flatnonzero(same)[0])
                which = f"{groups[j]}[{indices[row, j]}]"
                raise refusal(
                    f"{name}[{row}]", indices[row].tolist(), f"holds {which} twice; a factor may hold it once"
                )
    return Scope(groups, np.array(indices, dtype=np.int32))  # a copy: the caller's array stays writable
