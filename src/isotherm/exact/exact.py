"""Exact answers: of dense Ising models by enumeration of all states, traced; of graphs and lattices on the host."""

import math
from typing import Any, NamedTuple, get_args, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int8

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.tilt.inputs import checked_number
from isotherm.errors import refusal
from isotherm.exact.graph.graph import GraphExact, exact_graph
from isotherm.exact.graph.solve import Method
from isotherm.exact.lattice.lattice import LatticeExact, exact_lattice
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import Clamp, Evidence, Values, dense_clamp
from isotherm.sample.rounding.temperature import largest_energy

MAX_SPINS = 20
"""Largest model that is enumerated: 2**20 states, 4 MB of float32 a model."""

_SPLIT_ABOVE = 8
_PRECISION = jax.lax.Precision.HIGHEST


class _Features(NamedTuple):
    """Constants of one half of the spins: states ``(2^m, m)`` and their products ``(2^m, m m)``."""

    states: Float[Array, "states m"]
    products: Float[Array, "states mm"]


def all_states(n: int) -> Int8[np.ndarray, "states n"]:
    """All ``2^n`` configurations of ``n`` spins, shape ``(2^n, n)``, int8; the first spin varies slowest.

    >>> all_states(2).tolist()
    [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    """
    bits = np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)
    return (2 * (bits & 1) - 1).astype(np.int8)


class Exact(eqx.Module):
    """The law of a small Ising model, possibly with spins held, as the table of its log weights.

    Everything is computed from the table when asked for, so that a compiled caller pays for what it uses.
    All properties accept leading batch axes, as ``jax.vmap(exact)`` makes them.

    Attributes:
        log_weights: ``-beta E(s)`` of each state in the order of :func:`all_states`, shape ``(2^n,)``;
            ``-inf`` where the state contradicts the evidence.
    """

    log_weights: Float[Array, "*batch states"]

    @property
    def num_spins(self) -> int:
        """Number of spins ``n``."""
        return self.log_weights.shape[-1].bit_length() - 1

    @property
    def log_z(self) -> Float[Array, "*batch"]:
        """Log partition function, a scalar or ``(*batch,)``; with evidence, the sum over states that agree."""
        return jax.nn.logsumexp(self.log_weights, axis=-1)

    @property
    def probabilities(self) -> Float[Array, "*batch states"]:
        """Probability of each state in the order of :func:`all_states`, shape ``(*batch, 2^n)``; sums to 1."""
        return jax.nn.softmax(self.log_weights, axis=-1)

    @property
    def spins(self) -> Float[Array, "*batch n"]:
        r"""First moments :math:`\langle s_i \rangle`, in [-1, 1], ``(*batch, n)``; a held spin has its value."""
        halves = self._weights()[:2]
        means = [_dot(half, _features(half).states) / half.sum(-1, keepdims=True) for half in halves]
        return jnp.concatenate(means, axis=-1)

    @property
    def pairs(self) -> Float[Array, "*batch n n"]:
        r"""Second moments :math:`\langle s_i s_j \rangle`, ``(*batch, n, n)``, symmetric with unit diagonal."""
        left, right, joint = self._weights()
        first, second = _features(left), _features(right)
        a, b = first.states.shape[-1], second.states.shape[-1]
        batch = left.shape[:-1]
        upper = _dot(left, first.products).reshape(*batch, a, a)
        lower = _dot(right, second.products).reshape(*batch, b, b)
        cross = jnp.einsum("...kb,ka->...ab", _dot(joint, second.states), first.states, precision=_PRECISION)
        top = jnp.concatenate([upper, cross], axis=-1)
        bottom = jnp.concatenate([jnp.swapaxes(cross, -1, -2), lower], axis=-1)
        return jnp.concatenate([top, bottom], axis=-2) / left.sum(-1)[..., None, None]

    @property
    def marginals(self) -> Float[Array, "*batch n"]:
        """``P(s_i = +1)``, in [0, 1], shape ``(*batch, n)``; conditional on the evidence where there is any."""
        return (1 + self.spins) / 2

    def condition(self, clamp: Clamp | Values) -> "Exact":
        """The same model with more spins held; the energies are not computed again.

        Args:
            clamp: shape ``(n,)``; values of held spins are ``-1`` and ``+1``, or bools. Evidence that
                contradicts earlier evidence leaves no state: ``log_z`` is
                then ``-inf`` and every moment is NaN.
        """
        a, b = _halves(self.num_spins)
        clamp = dense_clamp(self.num_spins, clamp)
        mask, values = jnp.asarray(clamp.mask), jnp.asarray(clamp.values)
        rows = _agrees(a, mask[:a], values[:a])
        columns = _agrees(b, mask[a:], values[a:])
        agrees = (rows[:, None] & columns[None, :]).reshape(-1)
        return Exact(jnp.where(agrees, self.log_weights, -jnp.inf))

    def draw(self, key: KeyOrSeed, shape: tuple[int, ...] = ()) -> Int8[Array, "*shape n"]:
        """Independent draws by inversion of the distribution function.

        Args:
            key: one JAX key, or a seed.
            shape: shape of the result before its last axis of ``n`` spins.

        Returns:
            Spins of +1 and -1, int8, shape ``(*shape, n)``; held spins have their values.

        Raises:
            ValueError: naming the argument out of range, or if the result would not fit into memory.
        """
        key = doors.random_key("key", key)
        extents = doors.sequence("shape", shape, "a tuple of extents")
        shape = tuple(doors.whole(f"shape[{at}]", extent, 0) for at, extent in enumerate(extents))
        doors.affordable("shape", shape, 16.0 * math.prod(shape) * self.num_spins, "draw fewer at a time")
        p = self.probabilities
        levels = jnp.cumsum(p)
        uniforms = jax.random.uniform(key, shape, p.dtype) * levels[-1]
        index = jnp.searchsorted(levels, uniforms, side="right", method="scan_unrolled")
        # A parallel prefix sum may rise by a rounding error across states of probability zero: step back.
        possible = jax.lax.cummax(jnp.where(p > 0, jnp.arange(p.size), 0))
        index = jnp.maximum(possible[index], jnp.argmax(p > 0))
        bits = jnp.stack([(index >> shift) & 1 for shift in reversed(range(self.num_spins))], axis=-1)
        return (2 * bits - 1).astype(jnp.int8)

    def _weights(self) -> tuple[Array, Array, Array]:
        """Unnormalised weights: of the first half of the spins, of the second, and of both."""
        top = jax.lax.stop_gradient(self.log_weights.max(-1, keepdims=True))
        a, b = _halves(self.num_spins)
        joint = jnp.exp(self.log_weights - top).reshape(*self.log_weights.shape[:-1], 2**a, 2**b)
        return joint.sum(-1), joint.sum(-2), joint


@overload
def exact(
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | Values | None = None,
    method: Method = "auto",
) -> Exact: ...


@overload
def exact(
    model: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Evidence | None = None,
    method: Method = "auto",
) -> GraphExact: ...


@overload
def exact(
    model: AbstractLatticeModel,
    beta: Float[Array, ""] | float = 1.0,
    clamp: None = None,
    method: Method = "auto",
) -> LatticeExact: ...


def exact(
    model: Ising | FactorGraph | AbstractLatticeModel,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | Values | Evidence | None = None,
    method: Method = "auto",
) -> Exact | GraphExact | LatticeExact:
    """Exact law of a discrete model, free or with variables held.

    A dense Ising model is enumerated; that is pure and traced in every value: ``jit``, ``vmap`` and ``grad`` go
    through it, and it follows the dtype of the model. For both the free and the clamped law, condition the free
    one, which shares the energies. A factor graph is answered on the host in float64: enumerated where tiny, else
    eliminated on a clique tree; ``.method`` and ``.reason`` say which. A lattice model answers with the averages
    of its observables, see :class:`~isotherm.exact.lattice.lattice.LatticeExact`.

    Args:
        model: at most 20 spins where dense; a graph of spins and categories whose cliques fit into memory; a model
            on a lattice.
        beta: inverse temperature.
        clamp: what is held: of a dense model a :class:`~isotherm.sample.clamp.Clamp`, or values by the spin's
            number, ``{2: -1}``; of a graph one of these for each group of which anything is held. None for
            lattices, whose graphs (:func:`~isotherm.energy.lattice.graph.to_graph`) take evidence.
        method: ``"auto"`` chooses; ``"enumeration"`` and, for graphs, ``"elimination"`` insist.

    Raises:
        ValueError: if the model is too large (it says what it would take and what to use instead), or no state
            of the graph agrees with the evidence.

    >>> coin = Ising.checked([0.5], 0.0)
    >>> round(float(exact(coin, beta=2.0).marginals[0]), 4)
    0.8808
    """
    kinds = (Ising, FactorGraph, AbstractLatticeModel)
    doors.instance("model", model, kinds, "an Ising model, a FactorGraph or a lattice model")
    doors.choice("method", method, get_args(Method))
    if isinstance(model, FactorGraph):
        return exact_graph(model, beta, clamp, method)
    if isinstance(model, AbstractLatticeModel):
        if clamp is not None:
            raise refusal(
                "clamp", type(clamp).__name__, "a lattice takes none; hold sites of to_graph(model)"
            )
        return exact_lattice(model, doors.number("beta", beta), method)
    if method == "elimination":
        raise refusal("method", method, "a dense model is enumerated; make it a graph to eliminate")
    return _enumerated(model, beta, clamp)


def _enumerated(model: Ising, beta: Float[Array, ""] | float, clamp: Any) -> Exact:
    n = model.num_spins
    if n > MAX_SPINS:
        raise refusal(
            "model.num_spins", n, f"enumeration takes at most {MAX_SPINS} spins; sample with `gibbs`"
        )
    beta = checked_number("beta", beta)
    _check_products(model, beta)
    a, b = _halves(n)
    dtype = model.biases.dtype
    fields, couplings = jnp.asarray(beta, dtype) * model.biases, jnp.asarray(beta, dtype) * model.couplings
    rows = _log_weights(fields[:a], couplings[:a, :a])
    columns = _log_weights(fields[a:], couplings[a:, a:])
    table = rows[:, None] + columns[None, :]
    across = (couplings[:a, a:] + couplings[a:, :a].T) / 2
    onto_columns = _dot(across, _constants(b, dtype).states.T)
    table += _dot(_constants(a, dtype).states, onto_columns)
    free = Exact(table.reshape(-1))
    return free if clamp is None else free.condition(clamp)


def _check_products(model: Ising, beta: Any) -> None:
    """Refuse what would leave the model's floats; traced numbers are not looked at."""
    if any(isinstance(x, Tracer) for x in (beta, model.biases, model.couplings)):
        return
    largest = float(np.finfo(model.biases.dtype).max)
    with np.errstate(over="ignore", invalid="ignore"):
        product = np.abs(np.asarray(beta, np.float64)) * largest_energy(model)
    for leaf in (model.biases, model.couplings):
        if not np.isfinite(np.asarray(leaf)).all():
            raise refusal("model", "not finite", "biases and couplings must be finite; see Ising.checked")
    if not np.all(product < largest):
        allowed = f"must be a finite number whose product with the energies is below {largest:.2g}"
        raise refusal("beta", np.asarray(beta).tolist(), allowed)


def _log_weights(fields: Float[Array, " m"], couplings: Float[Array, "m m"]) -> Float[Array, " states"]:
    features = _constants(fields.shape[0], fields.dtype)
    return _dot(fields, features.states.T) + _dot(couplings.reshape(-1) / 2, features.products.T)


def _halves(n: int) -> tuple[int, int]:
    # One product with all features is quickest for a few spins; two halves need far fewer products for more.
    a = n // 2 if n > _SPLIT_ABOVE else 0
    return a, n - a


def _features(weights: Array) -> _Features:
    return _constants(weights.shape[-1].bit_length() - 1, weights.dtype)


def _constants(m: int, dtype: jnp.dtype) -> _Features:
    states = all_states(m)
    products = (states[:, :, None] * states[:, None, :]).reshape(2**m, m * m)
    return _Features(jnp.asarray(states, dtype), jnp.asarray(products, dtype))


def _agrees(m: int, mask: Array, values: Array) -> Array:
    return (~mask[None] | (all_states(m) == values[None])).all(axis=-1)


def _dot(x: Array, matrix: Array) -> Array:
    # The default of some accelerators, TF32, keeps three digits only.
    return jnp.matmul(x, matrix, precision=_PRECISION)
