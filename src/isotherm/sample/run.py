"""Chains, warm-up, thinning and what is kept: one compiled loop around any kernel."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.draws import ChainMeans, Draws, differing
from isotherm.sample.kernel import AnyKernel, checked_kernel, over_chains
from isotherm.sample.positions import coded_positions
from isotherm.sample.rounding.notes import rounding_notes
from isotherm.sample.schedule import Schedule
from isotherm.sample.traced import traced

MANY = 1_000_000
"""Chains up to which nobody asks whether their first positions fit into memory."""

MUCH = 2**24
"""Bytes of draws up to which there may be room for more of them than are drawn,"""

FEW = 1024
"""in this number, or 4, 16, ... times as many."""

MAX_STEPS = 2**31 - 1
"""Of a chain: they are numbered by an int32."""


def position(state: Any) -> Any:
    """The position of a kernel's state, which :func:`sample` keeps by default."""
    return state.position


def sample(
    key: KeyOrSeed,
    kernel: AnyKernel,
    positions: PyTree | Callable[..., Any],
    *,
    num_warmup: int = 1000,
    num_samples: int = 1000,
    thin: int = 1,
    num_chains: int | None = None,
    observe: Callable[..., Any] = position,
) -> Draws:
    """Run chains x (warm-up + samples x thinning) steps in one compiled loop.

    Args:
        key: one JAX key, or a seed. The same key gives the same draws; more chains leave the first ones as they were,
            unless the kernel packs many chains into one word.
        kernel: ``init`` and ``step``, ours or BlackJAX's. Where they are pytrees, such as
            ``jax.tree_util.Partial``, their arrays and floats change from call to call without recompiling.
            Closures compile anew for each new kernel, unless the call itself stands under ``jit`` or ``vmap``.
        positions: first positions, a pytree whose leaves lead with the chain axis; or a function of a key
            that gives the first position of one chain.
        num_warmup: steps of each chain before the first draw, at least 0.
        num_samples: draws a chain, at least 1.
        thin: steps before each draw, at least 1.
        num_chains: at least 1, by default 4; only for ``positions`` that are a function.
        observe: what to keep of a state, any pytree of numbers; the position by default. It is told apart by
            what it computes: the same ``lambda`` written again compiles nothing.

    Returns:
        Draws, each leaf of shape ``(chains, samples, ...)``; their ``notes`` say where floats rounded energies that
        were compared by more than a hundredth of kT.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range, or the entry of a first position that the kernel's model
            cannot take; or if what is kept would not fit into memory, or a chain took 2**31 steps or more.

    >>> from isotherm.energy import Ising
    >>> from isotherm.sample import gibbs
    >>> kernel = gibbs(Ising.checked([0.5, 0.0], couplings=0.3))
    >>> starts = jnp.ones((4, 2), jnp.int8)
    >>> draws = sample(jax.random.key(0), kernel, starts, num_warmup=10, num_samples=20)
    >>> draws.values.shape
    (4, 20, 2)
    """
    budget = Schedule(num_warmup, num_samples, thin).checked()
    starts, keys = _starts(key, kernel, positions, num_chains)
    look, bytes_of_draw = _observer(observe, kernel, starts, keys)
    doors.affordable(
        "num_samples",
        budget.num_samples,
        2.0 * budget.num_samples * bytes_of_draw,
        "`thin` more, `observe` less, or use sample_means",
    )
    rows = _rows(budget.num_samples, bytes_of_draw)
    states, values, _ = _run(keys, starts, _traceable(kernel), look, _steps(budget), rows)
    if rows != budget.num_samples:
        values = jax.tree.map(lambda leaf: leaf[:, : budget.num_samples], values)
    return Draws(values, states, rounding_notes(kernel, states), _betas(kernel))


def sample_means(
    key: KeyOrSeed,
    kernel: AnyKernel,
    positions: PyTree | Callable[..., Any],
    *,
    num_warmup: int = 1000,
    num_samples: int = 1000,
    thin: int = 1,
    num_chains: int | None = None,
    observe: Callable[..., Any] = position,
) -> ChainMeans:
    """The same chains as :func:`sample`, but only their running means and variances are kept.

    Memory does not grow with ``num_samples``. Error bars need at least two chains.

    Args:
        key: one JAX key, or a seed.
        kernel: as for :func:`sample`, as all others.
        positions: first ones, leaves lead with chains; or a function of a key.
        num_warmup: steps of each chain before the first draw.
        num_samples: draws a chain.
        thin: steps before each draw.
        num_chains: where ``positions`` are a function.
        observe: what to take the means of.

    Returns:
        Means and variances of each chain, each leaf ``(chains, ...)``.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: as :func:`sample`.

    >>> from isotherm.energy import Ising
    >>> from isotherm.sample import gibbs
    >>> kernel = gibbs(Ising.checked([100.0, -100.0], couplings=0.3))
    >>> found = sample_means(jax.random.key(0), kernel, jnp.ones((2, 2), jnp.int8), num_warmup=1, num_samples=4)
    >>> found.means.tolist()
    [[1.0, -1.0], [1.0, -1.0]]
    """
    budget = Schedule(num_warmup, num_samples, thin).checked()
    starts, keys = _starts(key, kernel, positions, num_chains)
    look, _ = _observer(observe, kernel, starts, keys)
    states, _, (means, squares) = _run(keys, starts, _traceable(kernel), look, _steps(budget))
    variances = jax.tree.map(lambda x: x / max(budget.num_samples - 1, 1), squares)
    return ChainMeans(
        means, variances, states, budget.num_samples, rounding_notes(kernel, states), _betas(kernel)
    )


class _Steps(NamedTuple):
    """A schedule as arrays, int32 scalars, so that other numbers of steps compile nothing anew."""

    num_warmup: Array
    num_samples: Array
    thin: Array


@eqx.filter_jit
def _run(
    keys: Key[Array, " chains"],
    starts: PyTree,
    kernel: AnyKernel,
    observe: Callable[..., Any],
    steps: _Steps,
    rows: int | None = None,
) -> tuple[PyTree, PyTree, PyTree]:
    """Last states; draws in so many rows, those beyond ``num_samples`` empty; without rows running means instead."""
    chains = over_chains(kernel)
    init_keys, step_keys = jax.vmap(jax.random.split, out_axes=1)(keys)

    def look(state: PyTree) -> PyTree:
        return jax.vmap(observe)(chains.view(state))

    def step(time: Array, state: PyTree) -> PyTree:
        keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(step_keys, time)
        return chains.step(keys, state)[0]

    def draw(index: Array, carry: tuple[PyTree, PyTree]) -> tuple[PyTree, PyTree]:
        state, kept = carry
        end = steps.num_warmup + (index + 1) * steps.thin
        # the warm-up belongs to the first draw, so that a kernel's step is compiled once
        state = jax.lax.fori_loop(jnp.where(index == 0, 0, end - steps.thin), end, step, state)
        if rows is None:
            return state, _accumulate(kept, look(state), index + 1)
        return state, jax.tree.map(lambda leaf, value: leaf.at[index].set(value), kept, look(state))

    state = chains.init(starts, init_keys)
    shapes = jax.eval_shape(look, state)
    kept = _nothing_yet(shapes) if rows is None else _empty(rows, shapes)
    state, kept = jax.lax.fori_loop(0, steps.num_samples, draw, (state, kept))
    if rows is None:
        return chains.view(state), None, kept
    return chains.view(state), jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, 1), kept), None


def _steps(budget: Schedule) -> _Steps:
    total = budget.num_warmup + budget.num_samples * budget.thin
    if total > MAX_STEPS:
        raise refusal("num_warmup + num_samples * thin", total, f"at most {MAX_STEPS:,} steps a chain")
    return _Steps(*jax.device_put([np.int32(one) for one in budget]))


def _rows(num_samples: int, bytes_of_draw: float) -> int:
    """Room for draws: of few bytes for more than are asked, so that other numbers of them compile nothing anew."""
    room = FEW
    while room < num_samples:
        room *= 4
    return room if room * bytes_of_draw <= MUCH else num_samples


def _observer(
    observe: Callable[..., Any], kernel: AnyKernel, starts: PyTree, keys: Key[Array, " chains"]
) -> tuple[Callable[..., Any], float]:
    """The observer as what it computes, so that the same ``lambda`` compiles nothing anew; bytes of a draw."""
    doors.function("observe", observe, "a function of a state", num_arguments=1)
    if observe is position:
        return observe, bytes_of(starts)

    def seen() -> PyTree:
        chains = over_chains(kernel)
        return chains.view(chains.init(starts, keys))  # of all: the layout may depend on how many there are

    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), jax.eval_shape(seen))
    look = traced(_looked_at(observe), one)
    return look, len(keys) * bytes_of(look.shapes)


def _looked_at(observe: Callable[..., Any]) -> Callable[[PyTree], PyTree]:
    """The observer, refused while it is traced if it returns anything else than numbers."""

    def look(state: PyTree) -> PyTree:
        values = observe(state)
        for leaf in jax.tree.leaves(values):
            if not (hasattr(leaf, "dtype") or isinstance(leaf, int | float)):
                raise wrong_kind("observe(state)", leaf, "arrays, or nothing")
        return values

    return look


def _empty(rows: int, shapes: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.zeros((rows, *x.shape), x.dtype), shapes)


def _nothing_yet(shapes: PyTree) -> tuple[PyTree, PyTree]:
    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, _float(x.dtype)), shapes)
    return zeros, zeros


def _accumulate(running: tuple[PyTree, PyTree], values: PyTree, count: Array) -> tuple[PyTree, PyTree]:
    """Welford's update of means and centred sums of squares."""
    means, squares = running
    values = jax.tree.map(lambda x, m: x.astype(m.dtype), values, means)
    new_means = jax.tree.map(lambda x, m: m + (x - m) / count.astype(m.dtype), values, means)
    new_squares = jax.tree.map(lambda x, m, n, s: s + (x - m) * (x - n), values, means, new_means, squares)
    return new_means, new_squares


def _float(dtype: Any) -> Any:
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.float32


def _traceable(kernel: AnyKernel) -> AnyKernel:
    return jax.tree.map(lambda leaf: jnp.asarray(leaf) if isinstance(leaf, float) else leaf, kernel)


def _starts(
    key: KeyOrSeed, kernel: AnyKernel, positions: PyTree | Callable[..., Any], num_chains: int | None
) -> tuple[PyTree, Key[Array, " chains"]]:
    """First positions of all chains, and the key of each."""
    key = doors.random_key("key", key)
    checked_kernel("kernel", kernel)
    if num_chains is not None:
        num_chains = doors.whole("num_chains", num_chains, 1)
    if callable(positions):
        doors.function(
            "positions", positions, "arrays that lead with chains, or a function of a key", num_arguments=1
        )
    else:
        for leaf in jax.tree.leaves(positions):
            if not isinstance(leaf, jax.Array):
                doors.real_numbers("positions", leaf)
        chains = {jnp.shape(leaf)[:1] for leaf in jax.tree.leaves(positions)}
        if len(chains) != 1 or chains & {(), (0,)}:
            shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(positions)]
            raise refusal("positions.shape", shapes, "all leaves must lead with the same axis of chains")
        found = chains.pop()[0]
        if num_chains not in (None, found):
            raise refusal("num_chains", num_chains, f"must be left out, since positions hold {found} chains")
        num_chains = found
    num_chains = 4 if num_chains is None else num_chains
    _check_beta(kernel, num_chains)
    start_keys, keys = _chain_keys(key, num_chains)
    if not callable(positions):
        return coded_positions(kernel, jax.tree.map(jnp.asarray, positions)), keys
    _check_chains(positions, num_chains)
    return coded_positions(kernel, jax.vmap(positions)(start_keys)), keys


@functools.partial(jax.jit, static_argnums=1)
def _chain_keys(key: Key[Array, ""], num_chains: int) -> tuple[Key[Array, " chains"], Key[Array, " chains"]]:
    """Of each chain's start and of its steps; those of the first chains stay when there are more."""
    indices = jnp.arange(num_chains)
    both = jax.vmap(lambda i: jax.random.split(jax.random.fold_in(key, i)), out_axes=1)(indices)
    return both[0], both[1]


def _betas(kernel: AnyKernel) -> tuple[float, ...] | None:
    """Of each chain, where they differ."""
    return differing(getattr(kernel, "beta", None)) if hasattr(type(kernel), "over_chains") else None


def _check_beta(kernel: AnyKernel, num_chains: int) -> None:
    """Refuse one inverse temperature a chain for other chains than there are; kernels of others know none."""
    beta = getattr(kernel, "beta", 1.0) if hasattr(type(kernel), "over_chains") else 1.0
    shape = getattr(beta, "shape", ())
    if shape not in ((), (num_chains,)):
        raise refusal("kernel.beta.shape", shape, f"must be (), or ({num_chains},), one a chain")


def _check_chains(positions: Callable[..., Any], num_chains: int) -> None:
    """Refuse more chains than there is memory for; few are not asked, which would cost a trace."""
    if num_chains >= MANY:
        one = bytes_of(jax.eval_shape(positions, jax.random.key(0)))
        doors.affordable("num_chains", num_chains, 4.0 * num_chains * one, "have fewer chains")


def bytes_of(arrays: PyTree) -> float:
    """Bytes of arrays, or of shapes with dtypes; of anything else as if it held float64."""
    dtypes = [(leaf, getattr(leaf, "dtype", None)) for leaf in jax.tree.leaves(arrays)]
    return float(sum(np.size(leaf) * getattr(dtype, "itemsize", 8) for leaf, dtype in dtypes))
