"""Dense models, chains in lanes: one vector loop over all chains."""

import functools
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int8, Int32, UInt32

from isotherm.random.bits import Lanes, make_lanes, next_words, uniform
from isotherm.sample.schedule import Schedule

MAX_UNROLLED = 10
"""Largest number of spins whose sweep is unrolled; from 12 on the loop over sites was faster."""

UNROLLED_UPDATES = 20
"""Spin updates in one fused loop body: more gained no speed and compiled slower."""

LANE_MULTIPLE = 8
"""Lanes are padded to a multiple of a CPU vector of float32: 100 lanes took 10 % longer than 104."""

EXPONENT_LIMIT = 80.0
"""Largest ``2 beta Σ|..|`` at which products of float32 exponentials neither overflow nor vanish."""

_T = TypeVar("_T")


class Fields(NamedTuple):
    """``2 beta`` times the parameters, batch last; infinite biases stand for clamped spins.

    Attributes:
        biases: shape ``(n, lanes)``.
        couplings: shape ``(n, n, lanes)``, or one lane where all share them.
    """

    biases: Float[Array, "n lanes"]
    couplings: Float[Array, "n n lanes_or_1"]


Observe = Literal["none", "spins", "pairs"]


@functools.cache
def run_chain(n: int, schedule: Schedule, observe: Observe):
    """One chain as a function that ``vmap`` turns into lanes, however deeply it is nested."""

    @jax.custom_batching.custom_vmap
    def lanes(biases, couplings, spins, seeds):
        return run_lanes(Fields(biases, couplings), spins, seeds, schedule, observe)

    @lanes.def_vmap
    def _merge(axis_size, in_batched, *args):
        biases, couplings, spins, seeds = args
        num_lanes = spins.shape[-1]

        def to_lanes(x, is_batched):
            batched = jnp.moveaxis(x, 0, -1) if is_batched else x[..., None]
            batched = jnp.broadcast_to(batched, (*batched.shape[:-2], num_lanes, axis_size))
            return batched.reshape(*batched.shape[:-2], -1)

        def from_lanes(x):
            return jnp.moveaxis(x.reshape(*x.shape[:-1], x.shape[-1] // axis_size, axis_size), -1, 0)

        are_shared = not in_batched[1] and couplings.shape[-1] == 1
        out = lanes(
            to_lanes(biases, in_batched[0]),
            couplings if are_shared else to_lanes(couplings, in_batched[1]),
            to_lanes(spins, in_batched[2]),
            to_lanes(seeds, in_batched[3]),
        )
        return jax.tree.map(from_lanes, out), (True, True)

    def chain(biases, couplings, spins, seeds):
        position, sums = lanes(biases[:, None], couplings[:, :, None], spins[:, None], seeds[:, None])
        return position[:, 0], sums[:, 0]

    return chain


def run_lanes(
    fields: Fields,
    spins: Int8[Array, "n lanes"],
    seeds: UInt32[Array, "4 lanes"],
    schedule: Schedule,
    observe: Observe,
) -> tuple[Int8[Array, "n lanes"], Int32[Array, "features lanes"]]:
    """All chains through the whole schedule: final spins and the sums of what is observed.

    Args:
        fields: of each lane.
        spins: int8, shape ``(n, lanes)``.
        seeds: 128 bits a lane, uint32 ``(4, lanes)``.
        schedule: the budget (static).
        observe: what is added up at each sample (static).

    Returns:
        Spins ``(n, lanes)``, and sums ``(features, lanes)``, int32: none, the ``n`` spins, or these and then the
        products of pairs ``i < j``.
    """
    n, num_lanes = spins.shape
    biases, couplings = fields
    if n <= MAX_UNROLLED:
        couplings = jnp.broadcast_to(couplings, (n, n, num_lanes))
    are_shared = n > MAX_UNROLLED and couplings.shape[-1] == 1
    surplus = 0 if are_shared and num_lanes == 1 else -num_lanes % LANE_MULTIPLE

    def pad(x: Array) -> Array:
        return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, surplus)])

    fields = Fields(pad(biases), couplings if are_shared else pad(couplings))
    position, sums = _run_padded(fields, pad(spins), pad(seeds), schedule, observe)
    return position[:, :num_lanes], sums[:, :num_lanes]


def _run_padded(
    fields: Fields,
    spins: Int8[Array, "n lanes"],
    seeds: UInt32[Array, "4 lanes"],
    schedule: Schedule,
    observe: Observe,
) -> tuple[Int8[Array, "n lanes"], Int32[Array, "features lanes"]]:
    n = spins.shape[0]
    by_site = functools.partial(_run_sites, schedule=schedule, observe=observe)
    if n > MAX_UNROLLED:
        return by_site(fields, spins, seeds)
    finite = jnp.where(jnp.isinf(fields.biases), 0.0, jnp.abs(fields.biases))
    exponent = jnp.max(finite + jnp.sum(jnp.abs(fields.couplings), axis=1))
    unrolled = functools.partial(_run_unrolled, schedule=schedule, observe=observe)
    return lax.cond(exponent < EXPONENT_LIMIT, unrolled, by_site, fields, spins, seeds)


def _features(n: int, observe: Observe) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``(i, j)`` whose product is summed; ``j = n`` stands for the constant one."""
    singles = (np.arange(n), np.full(n, n))
    if observe == "none":
        return singles[0][:0], singles[1][:0]
    if observe == "spins":
        return singles
    first, second = np.triu_indices(n, 1)
    return np.concatenate([singles[0], first]), np.concatenate([singles[1], second])


def _loop(times: int, body: Callable[[_T], _T], carry: _T) -> _T:
    if times <= 1:
        return body(carry) if times else carry
    return lax.fori_loop(0, times, lambda _, c: body(c), carry)


class _Factors(NamedTuple):
    """Odds of ``-1`` against ``+1`` as products, so that an update needs no exponential."""

    bias: Float[Array, "n lanes"]
    if_up: Float[Array, "n n lanes"]
    if_down: Float[Array, "n n lanes"]


def _run_unrolled(fields, spins, seeds, schedule: Schedule, observe: Observe):
    n, num_lanes = spins.shape
    first, second = (jnp.asarray(x[:, None], jnp.uint32) for x in _features(n, observe))
    factors = _Factors(jnp.exp(-fields.biases), jnp.exp(-fields.couplings), jnp.exp(fields.couplings))

    def draw(carry):
        word, lanes, sums = carry
        word, lanes = _block(factors, schedule.thin, (word, lanes))
        differ = ((word[None] >> first) ^ (word[None] >> second)) & 1
        return word, lanes, sums + 1 - 2 * differ.astype(jnp.int32)

    word = _pack(list(spins > 0))
    warm_lanes = make_lanes(seeds, _rows(schedule.num_warmup, n))
    word, _ = _block(factors, schedule.num_warmup, (word, warm_lanes))
    lanes = make_lanes(seeds, _rows(schedule.thin, n), stream=1)
    sums = jnp.zeros((len(first), num_lanes), jnp.int32)
    word, _, sums = _loop(schedule.num_samples, draw, (word, lanes, sums))
    bit = jnp.arange(n, dtype=jnp.uint32)[:, None]
    return jnp.where((word[None] >> bit) & 1, 1, -1).astype(jnp.int8), sums


def _rows(num_sweeps: int, n: int) -> int:
    """Spin updates in one fused part: the largest equal share of the sweeps that is worth unrolling."""
    shares = (num_sweeps // parts for parts in range(1, num_sweeps + 1) if num_sweeps % parts == 0)
    return n * next((share for share in shares if share * n <= UNROLLED_UPDATES), 1)


def _block(factors: _Factors, num_sweeps: int, carry: tuple[UInt32[Array, " lanes"], Lanes]):
    n = factors.bias.shape[0]

    def part(carry):
        word, lanes = carry
        words, lanes = next_words(lanes)
        return _update(factors, word, words), lanes

    return _loop(num_sweeps * n // _rows(num_sweeps, n), part, carry)


def _update(factors: _Factors, word: UInt32[Array, " lanes"], words: UInt32[Array, "rows lanes"]):
    """One update a row of ``words``, cycling through the spins in order."""
    n = factors.bias.shape[0]
    is_up = [(word >> i) & 1 != 0 for i in range(n)]
    for row, u in enumerate(uniform(words)):
        i = row % n
        odds = [jnp.where(is_up[j], factors.if_up[i, j], factors.if_down[i, j]) for j in range(n) if j != i]
        odds_down = _product([factors.bias[i], *odds])
        is_up[i] = u * (1 + odds_down) < 1
    return _pack(is_up)


def _product(terms: list[Array]) -> Array:
    while len(terms) > 1:  # pairwise, for instruction-level parallelism
        pairs = [a * b for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


def _pack(is_up: list[Bool[Array, " lanes"]]) -> UInt32[Array, " lanes"]:
    """Bit ``i`` is spin ``i``; bit ``n`` is the constant one of :func:`_features`."""
    n = len(is_up)
    bits = [jnp.where(up, jnp.uint32(1 << i), jnp.uint32(0)) for i, up in enumerate(is_up)]
    return functools.reduce(jnp.bitwise_or, bits, jnp.uint32(1 << n))


def _run_sites(fields, spins, seeds, schedule: Schedule, observe: Observe):
    n, num_lanes = spins.shape
    first, second = _features(n, observe)

    def sweep(carry):
        s, lanes = carry
        words, lanes = next_words(lanes)
        u = uniform(words)
        levels = jnp.log(u / (1 - u)) - fields.biases

        def update(site, s):
            up = _coupled(fields.couplings[site], s) > levels[site]
            return s.at[site].set(jnp.where(up, 1.0, -1.0))

        return lax.fori_loop(0, n, update, s), lanes

    def draw(carry):
        s, lanes, sums = carry
        s, lanes = _loop(schedule.thin, sweep, (s, lanes))
        rows = jnp.concatenate([s, jnp.ones((1, num_lanes), jnp.float32)])
        return s, lanes, sums + (rows[first] * rows[second]).astype(jnp.int32)

    s, lanes = spins.astype(jnp.float32), make_lanes(seeds, n)
    s, lanes = _loop(schedule.num_warmup, sweep, (s, lanes))
    sums = jnp.zeros((len(first), num_lanes), jnp.int32)
    s, _, sums = _loop(schedule.num_samples, draw, (s, lanes, sums))
    return s.astype(jnp.int8), sums


def _coupled(row: Float[Array, "n lanes_or_1"], s: Float[Array, "n lanes"]) -> Float[Array, " lanes"]:
    if row.shape[-1] == 1:
        return jnp.matmul(row[:, 0], s, precision=lax.Precision.HIGHEST)
    return jnp.sum(row * s, axis=0)
