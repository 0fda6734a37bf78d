"""What to keep of a run of a factor graph: functions for ``observe=``, and observers with a memory.

Given to :func:`isotherm.sample.run.sample_means` they become running means with errors, in memory that does not grow
with the run: moments from :func:`moments`, probabilities from :func:`histogram` and :func:`binned`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from isotherm import doors
from isotherm.energy.factor import Scope, scope_of
from isotherm.energy.graph import FactorGraph, check_scope
from isotherm.energy.kinds import factor_graph, group_and_index
from isotherm.energy.variables import Variables
from isotherm.errors import refusal, wrong_kind
from isotherm.sample.kernel import Chains, checked_kernel, over_chains


class RawMoments(eqx.Module):
    """The function that :func:`moments` returns."""

    kinds: tuple[Variables, ...] = eqx.field(static=True)
    scope: Scope = eqx.field(static=True)

    def __call__(self, state: Any) -> Float[Array, "num *cardinalities"]:
        """Of one state of a kernel."""
        found = jnp.ones(len(self.scope), jnp.float32)
        for name, kind, at in zip(self.scope.groups, self.kinds, self.scope.variables.T, strict=True):
            values = state.position[name][at]
            if kind.kind == "categorical":
                values = jax.nn.one_hot(values, kind.cardinality, dtype=jnp.float32)
                found = found[..., None] * values.reshape(len(values), *(1,) * (found.ndim - 1), -1)
            else:
                found = found * values.astype(jnp.float32).reshape(-1, *(1,) * (found.ndim - 1))
        return found


def moments(graph: FactorGraph, groups: tuple[str, ...] | str, variables: Any) -> RawMoments:
    """Products over tuples of variables: of spins and reals their values, of categories one-hot vectors.

    Args:
        graph: the model.
        groups: the group of each member of a tuple, such as ``("s", "c")``, or one group of single variables.
        variables: whole numbers, shape ``(num, len(groups))``, or ``(num,)`` for single ones.

    Returns:
        A function for ``observe=`` with results of shape ``(num, *cardinalities)``, an axis for each categorical
        member.

    Raises:
        ValueError: naming a group or variable that is unknown, in a tuple twice, or of a custom kind.
    """
    factor_graph("graph", graph)
    names = (groups,) if isinstance(groups, str) else doors.words("groups", groups)
    scope = scope_of(names, variables, "moments")
    check_scope(graph.variables, scope, "moments")
    kinds = tuple(graph.variables[name] for name in names)
    if any(kind.kind == "custom" for kind in kinds):
        raise refusal(
            "moments.groups", names, "a custom kind has no products; observe it by your own function"
        )
    return RawMoments(kinds, scope)


class Histogram(eqx.Module):
    """The function that :func:`histogram` returns."""

    kinds: tuple[Variables, ...] = eqx.field(static=True)
    variables: tuple[tuple[str, int], ...] = eqx.field(static=True)

    def __call__(self, state: Any) -> Float[Array, " configurations"]:
        """Of one state of a kernel."""
        index = jnp.zeros((), jnp.int32)
        for (name, at), kind in zip(self.variables, self.kinds, strict=True):
            value = state.position[name][at].astype(jnp.int32)
            value = (value + 1) // 2 if kind.kind == "spin" else value
            index = index * kind.cardinality + value
        return jax.nn.one_hot(index, self.num_configurations, dtype=jnp.float32)

    @property
    def num_configurations(self) -> int:
        """Product of the cardinalities."""
        return int(np.prod([kind.cardinality for kind in self.kinds], dtype=np.int64))


def histogram(graph: FactorGraph, *variables: tuple[str, int]) -> Histogram:
    """Which joint value some discrete variables have, one-hot; its mean is their joint law.

    Args:
        graph: the model.
        variables: such as ``("s", 0), ("c", 3)``; the last one varies fastest, spins go from -1 to +1.

    Raises:
        ValueError: naming a variable that is unknown, twice given or not discrete.
    """
    factor_graph("graph", graph)
    for at, variable in enumerate(variables):
        group_and_index(f"variables[{at}]", variable, 0)
    scope = scope_of(
        tuple(name for name, _ in variables), np.array([[at for _, at in variables]]), "histogram"
    )
    check_scope(graph.variables, scope, "histogram")
    kinds = tuple(graph.variables[name] for name, _ in variables)
    for (name, _), kind in zip(variables, kinds, strict=True):
        if not kind.is_discrete:
            raise refusal("histogram", name, "is not discrete; use `Binned`")
    entries = math.prod(kind.cardinality for kind in kinds)
    doors.affordable("variables", variables, 8.0 * entries, "count fewer variables together")
    return Histogram(kinds, variables)


class Energy(eqx.Module):
    """The energy of a state, for ``observe=``.

    Attributes:
        graph: any model.

    Raises:
        TypeError: if ``graph`` has no method ``energy``.

    >>> from types import SimpleNamespace as State
    >>> from isotherm.energy import ising
    >>> Energy(ising([(0, 1)], 0.5))(State(position={"s": jnp.array([1, -1], jnp.int8)})).item()
    0.5
    """

    graph: Any

    def __check_init__(self) -> None:
        if isinstance(self.graph, type) or not callable(getattr(self.graph, "energy", None)):
            raise wrong_kind("graph", self.graph, "a model with an `energy`")

    def __call__(self, state: Any) -> Float[Array, ""]:
        """Of one state of a kernel."""
        return self.graph.energy(state.position)


class Binned(eqx.Module):
    """Which bin a number falls into, one-hot; its mean is a histogram.

    Attributes:
        observe: a function of a state that gives one number, such as :class:`Energy`.
        edges: ascending, shape ``(num_bins - 1,)``; bins below the first and above the last are open. A bin holds
            its lower edge.

    Raises:
        TypeError: if ``observe`` is no function of a state.
        ValueError: if known edges are no ascending row.

    >>> from types import SimpleNamespace as State
    >>> size = Binned(lambda state: state.position, jnp.array([0.0, 1.0]))
    >>> [size(State(position=x)).argmax().item() for x in (-0.5, 0.0, 0.5, 1.0)]
    [0, 1, 1, 2]
    """

    observe: Callable[[Any], Array]
    edges: Float[Array, " edges"]

    def __check_init__(self) -> None:
        doors.function("observe", self.observe, "a function of a state", num_arguments=1)
        if doors.is_traced(self.edges):
            return
        edges = doors.real_numbers("edges", self.edges)
        if edges.ndim != 1 or not len(edges) or np.isnan(edges).any() or not (np.diff(edges) > 0).all():
            raise refusal("edges", edges.tolist(), "must be a row of ascending numbers, at least one")

    def __call__(self, state: Any) -> Float[Array, " bins"]:
        """Of one state of a kernel."""
        edges = jnp.asarray(self.edges)
        value = jnp.asarray(self.observe(state)).astype(edges.dtype)
        at = jnp.searchsorted(edges, value, side="right")
        return jax.nn.one_hot(at, edges.shape[0] + 1, dtype=jnp.float32)


class Together(eqx.Module):
    """Several observations of one state, by name.

    Attributes:
        parts: functions for ``observe=``.

    Raises:
        TypeError: if ``parts`` is no mapping, or one of them no function of a state.
        ValueError: if there are none.

    >>> from types import SimpleNamespace as State
    >>> Together({"x": lambda state: state.position, "x2": lambda state: state.position**2})(State(position=3.0))
    {'x': 3.0, 'x2': 9.0}
    """

    parts: Mapping[str, Callable[[Any], PyTree]]

    def __check_init__(self) -> None:
        for name, part in doors.mapping("parts", self.parts, "a mapping from names to functions").items():
            doors.function(f"parts[{name!r}]", part, "a function of a state", num_arguments=1)
        if not self.parts:
            raise refusal("parts", {}, "at least one is needed")

    def __call__(self, state: Any) -> dict[str, PyTree]:
        """Of one state of a kernel."""
        return {name: part(state) for name, part in self.parts.items()}


class Remembering(NamedTuple):
    """State of a kernel beside what an observer carries."""

    inner: Any
    memory: PyTree

    @property
    def position(self) -> Any:
        """That of the kernel."""
        return self.inner.position


class Remember(eqx.Module):
    """Any kernel with an observer that carries a memory from step to step, as autocorrelations need.

    Attributes:
        kernel: the sampler.
        start: ``start(state) -> memory``.
        update: ``update(memory, state) -> memory``, after each step; of the same shapes.

    Raises:
        TypeError: if ``kernel`` is none, or one of the others no function.

    The highest value that a walk upwards has reached:

    >>> from types import SimpleNamespace as State
    >>> from isotherm.sample.kernel import Kernel
    >>> up = Kernel(lambda x, key: State(position=x), lambda key, state: (State(position=state.position + 1), None))
    >>> kernel = Remember(up, lambda state: state.position, lambda top, state: max(top, state.position))
    >>> kernel.step(jax.random.key(0), kernel.init(2))[0].memory
    3
    """

    kernel: Any
    start: Callable[[Any], PyTree]
    update: Callable[[PyTree, Any], PyTree]

    def __check_init__(self) -> None:
        checked_kernel("kernel", self.kernel)
        doors.function("start", self.start, "a function of a state", num_arguments=1)
        doors.function("update", self.update, "a function of a memory and a state", num_arguments=2)

    def init(self, position: PyTree, key: Key[Array, ""] | None = None) -> Remembering:
        """First state and memory, by one key, a scalar, or none."""
        inner = self.kernel.init(position, key)
        return Remembering(inner, self.start(inner))

    def step(self, key: Key[Array, ""], state: Remembering) -> tuple[Remembering, Any]:
        """The kernel's own step, then the update."""
        inner, info = self.kernel.step(key, state.inner)
        return Remembering(inner, self.update(state.memory, inner)), info

    def over_chains(self) -> Chains:
        """The kernel's own way to run many chains; each is viewed after each step."""
        chains = over_chains(self.kernel)

        def init(positions: PyTree, keys: Key[Array, " chains"]) -> Remembering:
            inner = chains.init(positions, keys)
            return Remembering(inner, jax.vmap(self.start)(chains.view(inner)))

        def step(keys: Key[Array, " chains"], state: Remembering) -> tuple[Remembering, Any]:
            inner, info = chains.step(keys, state.inner)
            return Remembering(inner, jax.vmap(self.update)(state.memory, chains.view(inner))), info

        return Chains(init, step, lambda state: Remembering(chains.view(state.inner), state.memory))
