"""Factor graphs: any discrete model, with real variables where wanted, as groups of variables and factors."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PyTree

from isotherm import doors
from isotherm.energy.base import AbstractEnergy
from isotherm.energy.coding import check_state, coded_bools
from isotherm.energy.factor import AbstractFactor, Factor, Quadratic, Scope
from isotherm.energy.inputs import LARGEST
from isotherm.energy.variables import Variables
from isotherm.errors import refusal

State = dict[str, Any]
"""An array (a pytree for custom kinds) of each group, shape ``(size,)``."""


class FactorGraph(AbstractEnergy):
    """The sum of factors over named groups of variables, ``E(x) = Σ_f E_f(x_scope(f))``.

    Structure (groups and scopes) is static, parameters are leaves: a sweep over weights compiles once.
    Within a graph, variables are also numbered flat, group after group in the order given.

    Attributes:
        groups: name and kind of each group (static), in order.
        factors: terms of the energy.

    >>> import jax.numpy as jnp
    >>> from isotherm.energy import spin
    >>> field = Factor.of("s", [0, 1, 2], weights=0.5)
    >>> pairs = Factor.of(("s", "s"), [[0, 1], [1, 2]], weights=1.0, name="couplings")
    >>> graph = FactorGraph.of({"s": spin(3)}, [field, pairs])
    >>> float(graph.energy({"s": jnp.ones(3, jnp.int8)}))
    -3.5

    References:
        Kschischang, Frey and Loeliger, Factor graphs and the sum-product algorithm, IEEE Transactions on
        Information Theory 47 (2001).
    """

    groups: tuple[tuple[str, Variables], ...] = eqx.field(static=True)
    factors: tuple[AbstractFactor, ...]

    @classmethod
    def of(cls, variables: Mapping[str, Variables], factors: Iterable[AbstractFactor]) -> "FactorGraph":
        """Build after checking everything a sampler would stumble over.

        Args:
            variables: groups by name, such as ``{"s": spin(5), "c": categorical(4, cardinality=3)}``.
            factors: at least one.

        Raises:
            ValueError: naming the factor or variable at fault, if a scope names an unknown group or variable,
                weights have the wrong shape, or are NaN or plus infinity.
        """
        variables = checked_groups("variables", variables)
        listed = doors.sequence("factors", factors, "a list of factors, such as Factor.of(...)")
        for at, factor in enumerate(listed):
            doors.instance(f"factors[{at}]", factor, AbstractFactor, "a factor", "Factor.of(...) makes one")
        shaped = tuple(_with_shared_axis(variables, factor) for factor in listed)
        graph = cls(groups=tuple(variables.items()), factors=shaped)
        if not graph.factors:
            raise refusal("factors", "()", "at least one factor is needed")
        for factor in graph.factors:
            check_scope(graph.variables, factor.scope, factor.name)
            _check_parameters(graph.variables, factor)
        return graph

    @property
    def variables(self) -> dict[str, Variables]:
        """Groups by name."""
        return dict(self.groups)

    @property
    def num_variables(self) -> int:
        """Variables of all groups together."""
        return sum(group.size for _, group in self.groups)

    @property
    def is_discrete(self) -> bool:
        """Whether every variable takes finitely many values."""
        return all(group.is_discrete for _, group in self.groups)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scope of each entry of ``factors``."""
        return tuple(factor.scope for factor in self.factors)

    def energy(self, x: State) -> Float[Array, ""]:
        """Energy of one state, an array of shape ``(size,)`` a group; ``vmap`` for more."""
        states = stored_state(self.groups, x)
        terms = [
            factor.energy(tuple(states[name] for name in factor.scope.groups)) for factor in self.factors
        ]
        return functools.reduce(jnp.add, terms)

    def features(self, x: State) -> tuple[PyTree, ...]:
        """``-∂E/∂parameters`` of each factor at one state: the sufficient statistics, shaped as the parameters.

        For a table it is one at the entry that holds (times the spins), zero elsewhere; shared parameters
        collect all their factors.
        """

        def energy(parameters: tuple[PyTree, ...]) -> Float[Array, ""]:
            return self.with_parameters(parameters).energy(x)

        return jax.tree.map(jnp.negative, jax.grad(energy)(jax.tree.map(jnp.asarray, self.parameters)))

    @property
    def parameters(self) -> tuple[PyTree, ...]:
        """The parameters of each factor."""
        return tuple(factor.parameters for factor in self.factors)

    def with_parameters(self, parameters: tuple[PyTree, ...]) -> "FactorGraph":
        """The same graph with other parameters, in the shapes of :attr:`parameters`.

        Raises:
            ValueError: if they are not one for each factor, as there.
        """
        if jax.tree.structure(parameters) != jax.tree.structure(self.parameters):
            found, wanted = (jax.tree.structure(one) for one in (parameters, self.parameters))
            raise refusal("parameters", str(found), f"must be {wanted}")
        return eqx.tree_at(lambda graph: graph.parameters, self, parameters)

    def offsets(self) -> dict[str, int]:
        """Flat number of each group's first variable."""
        sizes = [group.size for _, group in self.groups]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return {name: int(start) for (name, _), start in zip(self.groups, starts, strict=True)}

    def flat_scopes(self) -> list[np.ndarray]:
        """Scopes in flat numbering, int32 ``(num_factors, arity)`` each."""
        offsets = self.offsets()
        return [
            scope.variables + np.array([offsets[name] for name in scope.groups], np.int32)
            for scope in self.scopes
        ]

    def interacting_pairs(self) -> np.ndarray:
        """Pairs of flat numbers that share a factor, each once, smaller first, int32 ``(num_pairs, 2)``."""
        n = self.num_variables
        codes = [
            np.minimum(scope[:, j], scope[:, k]).astype(np.int64) * n + np.maximum(scope[:, j], scope[:, k])
            for scope in self.flat_scopes()
            for j in range(scope.shape[1])
            for k in range(j + 1, scope.shape[1])
        ]
        ordered = np.sort(np.concatenate([np.zeros(0, np.int64), *codes]))  # np.unique takes 80 times longer
        once = ordered[np.diff(ordered, prepend=-1) > 0]
        return np.stack(np.divmod(once, n), axis=1).astype(np.int32)

    def variable_name(self, flat: int) -> str:
        """What refusals call a variable, such as ``"s[3]"``.

        Raises:
            ValueError: if ``flat`` is not the number of a variable.
        """
        doors.whole("flat", flat, 0, self.num_variables - 1)
        name, start = next(last for last in reversed(self.offsets().items()) if flat >= last[1])
        return f"{name}[{flat - start}]"


def checked_groups(field: str, variables: Any) -> dict[str, Variables]:
    """Groups by name, at least one.

    Raises:
        TypeError: naming ``field``, if it maps anything else than names to kinds.
        ValueError: naming ``field``, if it is empty.
    """
    wanted = "a mapping from names to groups, such as {'s': spin(3)}"
    for name, group in doors.mapping(field, variables, wanted).items():
        doors.text(field, name)
        doors.instance(f"{field}[{name!r}]", group, Variables, "a group of variables, such as spin(3)")
    if not variables:
        raise refusal(field, {}, "at least one group is needed")
    return dict(variables)


def stored(group: Variables, state: Any) -> Any:
    """A group's state in the dtype that its kind is stored in; reals may be wider, bools become numbers."""
    if group.kind == "custom":
        return state
    state = jnp.asarray(coded_bools("state", group, state))
    if group.kind == "real" and jnp.issubdtype(state.dtype, jnp.floating):
        return state
    return state.astype(group.dtype)


def stored_state(groups: tuple[tuple[str, Variables], ...], x: State) -> State:
    """One state in the dtypes that it is stored in.

    Args:
        groups: name and kind of each group.
        x: an array of shape ``(size,)`` for each group; leaves of custom kinds lead with ``size``.

    Raises:
        ValueError: naming the group whose array is missing, or of a shape or dtype that it cannot have, or the
            known value that its kind cannot take.
    """
    names = [name for name, _ in groups]
    doors.entries("x", x, names, f"a mapping with an array for each of {', '.join(names)}")
    for name, group in groups:
        field = f"x[{name!r}]"
        whole = x[name] if group.kind == "custom" else jnp.asarray(coded_bools(field, group, x[name]))
        for leaf in jax.tree.leaves(whole):
            expected = np.shape(leaf)[:1] if group.kind == "custom" else leaf.shape
            if expected != (group.size,):
                raise refusal(f"{field}.shape", np.shape(leaf), f"must be ({group.size},); vmap for more")
            wanted = {"spin": jnp.signedinteger, "categorical": jnp.integer}.get(group.kind)
            if wanted is not None and not jnp.issubdtype(leaf.dtype, wanted):
                raise refusal(f"{field}.dtype", str(leaf.dtype), f"must be {group.dtype}")
        if group.kind != "custom":
            check_state(field, group, whole)
    return {name: stored(group, x[name]) for name, group in groups}


def _with_shared_axis(variables: Mapping[str, Variables], factor: AbstractFactor) -> AbstractFactor:
    """A table alone, as :meth:`Factor.of` takes it, with the leading axis of parameters that all share."""
    kinds = [variables[name].kind for name in factor.scope.groups if name in variables]
    if isinstance(factor, Factor) and factor.weights.ndim == kinds.count("categorical"):
        return Factor(weights=factor.weights[None], scope=factor.scope, name=factor.name)
    return factor


def check_scope(variables: Mapping[str, Variables], scope: Scope, field: str) -> None:
    """Refuse a scope that names a group or variable which the graph has not.

    Raises:
        ValueError: naming it.
    """
    for column, name in zip(scope.variables.T, scope.groups, strict=True):
        if name not in variables:
            raise refusal(f"{field}.groups", name, f"unknown; the graph has {', '.join(variables)}")
        size = variables[name].size
        if column.min() < 0 or column.max() >= size:
            row = int(np.flatnonzero((column < 0) | (column >= size))[0])
            raise refusal(f"{field}[{row}]", f"{name}[{column[row]}]", f"unknown; {name} has 0 .. {size - 1}")


def _check_parameters(variables: Mapping[str, Variables], factor: AbstractFactor) -> None:
    if isinstance(factor, Factor):
        kinds = [variables[name] for name in factor.scope.groups]
        table = tuple(kind.cardinality for kind in kinds if kind.kind == "categorical")
        _check_shape(factor.name, factor.weights.shape, len(factor.scope), table)
        if any(kind.kind == "custom" for kind in kinds):
            raise refusal(
                f"{factor.name}.groups", factor.scope.groups, "custom kinds need a factor of their own"
            )
    if isinstance(factor, Quadratic) and variables[factor.scope.groups[0]].kind != "real":
        raise refusal(f"{factor.name}.groups", factor.scope.groups, "a parabola needs real variables")
    signed = isinstance(factor, Factor) and any(
        variables[g].kind != "categorical" for g in factor.scope.groups
    )
    for leaf in jax.tree.leaves(factor.parameters):
        if leaf.ndim < 1 or leaf.shape[0] not in (1, len(factor.scope)):
            allowed = f"must lead with {len(factor.scope)}, or with 1 where all factors share"
            raise refusal(f"{factor.name}.parameters.shape", leaf.shape, allowed)
        if isinstance(leaf, Tracer) or not np.issubdtype(leaf.dtype, np.floating):
            continue
        host = np.asarray(leaf)
        allowed = "weights should be finite, or -inf to forbid a value"
        _refuse_entry(factor, host, np.isnan(host) | (host == np.inf), allowed)
        too_large = (np.abs(host) > LARGEST) & np.isfinite(host)
        _refuse_entry(
            factor, host, too_large, f"weights should be within ±{LARGEST:g}, -inf to forbid a value"
        )
        if signed:  # minus infinity times a spin would forbid one value and force the other
            _refuse_entry(factor, host, np.isinf(host), "weights beside spins or reals should be finite")


def _refuse_entry(factor: AbstractFactor, host: np.ndarray, bad: np.ndarray, allowed: str) -> None:
    if bad.any():
        at = np.argwhere(bad)[0]
        raise refusal(f"{factor.name}[{', '.join(map(str, at))}]", float(host[tuple(at)]), allowed)


def _check_shape(name: str, shape: tuple[int, ...], num_factors: int, table: tuple[int, ...]) -> None:
    if shape[1:] != table or shape[0] not in (1, num_factors):
        allowed = f"must be {(num_factors, *table)}, or {(1, *table)} where all factors share"
        raise refusal(f"{name}.weights.shape", shape, allowed)
