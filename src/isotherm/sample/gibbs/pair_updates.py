"""Heat baths of many chains at once whose values lie side by side in the bits of words.

A *lane* is one place in a word: bit ``b`` for spins, a group of bits for categories. Words of the rows of a
chunk make an array ``(rows, words)``; each lane of it holds as many chains. A row is one variable, in the order of
:mod:`isotherm.sample.gibbs.pair_plan`; lane ``b`` of word ``w`` is chain ``w * lanes + b``::

    state                word 0                      word 1
                  bit  31 ... 2   1   0       31 ...  1   0
    row 0             c31 ... c2  c1  c0      c63 ... c33 c32    spins: a bit a chain, 1 is up
    row 1             c31 ... c2  c1  c0      c63 ... c33 c32
     :
    row r             [ c7 ] ... [c1 ][c0 ]   [c15]  ...  [c8 ]   5 .. 16 values: four bits a chain

    a chunk: rows start .. start + rows - 1, none of which interact
    neighbours[k, r]  the words of the row that stands in slot k of row r, (slots, rows, words)
    part[k, r]        what belongs to that pair: a coupling, a scale, or the number of a table

All chains of a word are updated by the same instructions: fields are floats ``(lanes, rows, words)``, unpacked from
the neighbours slot by slot, or counts in binary that stay packed.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int32, UInt32

from isotherm.random.bernoulli import bernoulli_words, probability_bits
from isotherm.random.bits import GOLDEN, Lanes, make_lanes, mix, uniform
from isotherm.random.counter import counted_words

MAX_UNROLLED_SLOTS = 8
"""More neighbours are summed in a loop, whose sums pass through memory; unrolled it takes long to compile."""

MIN_COUNTED_LANES = 8
"""With fewer chains a word, sums of floats are faster than 24 random words for one decision each."""

_T = TypeVar("_T")


def over_slots(num_slots: int, body: Callable[[Any, _T], _T], start: _T) -> _T:
    """Fold the neighbours of all rows of a chunk, one slot at a time."""
    if num_slots > MAX_UNROLLED_SLOTS:
        return lax.fori_loop(0, num_slots, body, start)
    for k in range(num_slots):
        start = body(k, start)
    return start


class WordSource(NamedTuple):
    """Where the random words of one chunk in one sweep come from.

    Attributes:
        seeds: 128 bits a word of chains, other ones each sweep; uint32 ``(4, words)``.
        first: the chunk's first row, a scalar.
    """

    seeds: UInt32[Array, "4 words"]
    first: UInt32[Array, ""]

    def lanes(self, rows: int) -> Lanes:
        """A generator for each word."""
        return make_lanes(mix(self.seeds + self.first * jnp.uint32(GOLDEN)), rows, stream=1)

    def uniforms(self, num_lanes: int, rows: int) -> Float[Array, "lanes rows words"]:
        """One for each chain of each row, in ``[0, 1)``, multiples of ``2**-24``; ``(lanes, rows, words)``."""
        row = self.first + jnp.arange(rows, dtype=jnp.uint32)
        lane = jnp.arange(num_lanes, dtype=jnp.uint32)[:, None]
        counts = row[None] * jnp.uint32(num_lanes) + lane
        return uniform(counted_words(self.seeds, counts.ravel()).reshape(num_lanes, rows, -1))


class SpinPairs(eqx.Module):
    r"""Spins, :math:`P(s_i = +1) = \sigma(2 \beta (b_i + \sum_k J_{ik} s_k))`; one bit a chain.

    Where all couplings have one magnitude and all biases one, neighbours that agree are counted by bitwise
    adders, all chains of a word at once; few probabilities are left, compared digit by digit.

    Attributes:
        couplings: of each width, shape ``(chunks, slots, rows)``; zero where there is no neighbour.
        biases: shape ``(rows,)`` of the whole graph and spare ones, or None.
        magnitudes: those of couplings and biases, shape ``(2,)``, or None where they differ. With it, all rows
            of a width have a neighbour in every slot.

    References:
        Geman and Geman, IEEE Trans. Pattern Analysis and Machine Intelligence 6 (1984) 721, for the heat bath.
    """

    couplings: tuple[Float[Array, "..."], ...]
    biases: Float[Array, " all_rows"] | None
    magnitudes: Float[Array, "2"] | None

    @property
    def parts(self) -> tuple[Array, ...]:
        """What belongs to the slots of each width, ``(chunks, slots, rows)``; :meth:`update` gets one chunk's."""
        return self.couplings

    def at(self, beta: Float[Array, "lanes words"]) -> Any:
        """What updates need of beta, ``(lanes, words)``: once a step.

        Either ``-2 beta``, of that shape; or for each width the digits of the probability of every count.
        """
        if self.magnitudes is None or beta.shape[0] < MIN_COUNTED_LANES:
            return -2 * beta
        digits = []
        for couplings in self.couplings:
            num_slots = couplings.shape[1]
            count = jnp.arange(num_slots + 1, dtype=jnp.float32)
            fields = self.magnitudes[0] * (2 * count - num_slots) + self.magnitudes[1]
            digits.append(probability_bits(lax.logistic(2 * beta[None] * fields[:, None, None])))
        return tuple(digits)

    def update(
        self,
        width: int,
        part: Array,
        start: Int32[Array, ""],
        neighbours: UInt32[Array, "slots rows words"],
        at_beta: Any,
        source: WordSource,
    ) -> UInt32[Array, "rows words"]:
        """New words of the rows of one chunk, drawn given the words of their neighbours.

        Args:
            width: entry of :attr:`couplings`.
            part: couplings of the chunk, ``(slots, rows)``.
            start: its first row.
            neighbours: words, ``(slots, rows, words)``.
            at_beta: from :meth:`at`.
            source: of random words.

        Returns:
            uint32, shape ``(rows, words)``.
        """
        biases = None
        if self.biases is not None:
            biases = lax.dynamic_slice(self.biases, (start,), (neighbours.shape[1],))
        if isinstance(at_beta, tuple):
            return _counted(neighbours, part, biases, at_beta[width], source)
        return _summed(neighbours, part, biases, at_beta, source)


def _summed(neighbours, couplings, biases, minus_two_beta, source: WordSource) -> Array:
    """Fields as sums of floats, an array over lanes."""
    num_lanes, rows = minus_two_beta.shape[0], neighbours.shape[1]
    bits = lax.bitcast_convert_type(couplings, jnp.uint32)[:, None, :, None]
    lane = jnp.arange(num_lanes, dtype=jnp.uint32)[:, None, None]

    def add(k: Any, fields: Array) -> Array:
        # a spin that is down turns the sign bit of its coupling
        sign = (~neighbours[k][None] << (31 - lane)) & jnp.uint32(1 << 31)
        return fields + lax.bitcast_convert_type(bits[k] ^ sign, jnp.float32)

    fields = jnp.zeros((num_lanes, *neighbours.shape[1:]), jnp.float32)
    if biases is not None:
        fields = fields + biases[None, :, None]
    fields = over_slots(neighbours.shape[0], add, fields)
    is_up = source.uniforms(num_lanes, rows) * (1 + jnp.exp(minus_two_beta[:, None] * fields)) < 1
    return jnp.sum(is_up.astype(jnp.uint32) << lane, axis=0, dtype=jnp.uint32)


def _counted(neighbours, couplings, biases, digits, source: WordSource) -> Array:
    """Neighbours that agree are counted in binary; a field below zero is turned away by a gauge."""
    gauge = jnp.zeros((1, 1), jnp.uint32) if biases is None else _all_ones_below_zero(biases)[:, None]
    agree = neighbours ^ _all_ones_below_zero(couplings)[:, :, None] ^ gauge[None]
    binary: list[Array] = []
    for k in range(agree.shape[0]):
        carry = agree[k]
        for place, plane in enumerate(binary):
            binary[place], carry = plane ^ carry, plane & carry
        if k + 1 >= 1 << len(binary):
            binary.append(carry)
    is_count = []
    for count in range(agree.shape[0] + 1):
        planes = [plane if count >> place & 1 else ~plane for place, plane in enumerate(binary)]
        is_count.append(functools.reduce(jnp.bitwise_and, planes, jnp.full(agree.shape[1:], ~jnp.uint32(0))))

    def digit(level: int) -> Array:
        return functools.reduce(
            jnp.bitwise_or, [mask & digits[level, count][None] for count, mask in enumerate(is_count)]
        )

    return bernoulli_words(digit, source.lanes(agree.shape[1])) ^ gauge


def _all_ones_below_zero(values: Float[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    return lax.bitcast_convert_type(lax.bitcast_convert_type(values, jnp.int32) >> 31, jnp.uint32)


class CategoryPairs(eqx.Module):
    r"""Categories, :math:`P(c_i = v) \propto \exp(\beta (h_i(v) + \sum_k W_k(v, c_k)))`; a few bits a chain.

    Attributes:
        pairs: how neighbours enter.
        fields: shape ``(rows, cardinality)`` of the whole graph and spare ones, or None.
        bits: of one value (static).
        cardinality: number of values (static).

    References:
        Geman and Geman, IEEE Trans. Pattern Analysis and Machine Intelligence 6 (1984) 721, for the heat bath.
    """

    pairs: "SharedTable | EdgeTables"
    fields: Float[Array, "all_rows cardinality"] | None
    bits: int = eqx.field(static=True)
    cardinality: int = eqx.field(static=True)

    @property
    def parts(self) -> tuple[Array, ...]:
        """What belongs to the slots of each width, ``(chunks, slots, rows)``; :meth:`update` gets one chunk's."""
        return self.pairs.scales if isinstance(self.pairs, SharedTable) else self.pairs.which

    def at(self, beta: Float[Array, "lanes words"]) -> Float[Array, "lanes words"]:
        """What updates need of beta, in its shape ``(lanes, words)``; at zero it would allow what is forbidden."""
        return jnp.where(beta == 0, 1e-20, beta)

    def update(
        self,
        width: int,
        part: Array,
        start: Int32[Array, ""],
        neighbours: UInt32[Array, "slots rows words"],
        at_beta: Float[Array, "lanes words"],
        source: WordSource,
    ) -> UInt32[Array, "rows words"]:
        """New words of the rows of one chunk, drawn given the words of their neighbours.

        Args:
            width: entry of :attr:`parts`.
            part: scales or numbers of tables of the chunk, ``(slots, rows)``.
            start: its first row.
            neighbours: words, ``(slots, rows, words)``.
            at_beta: from :meth:`at`, ``(lanes, words)``.
            source: of random words.

        Returns:
            uint32, shape ``(rows, words)``.
        """
        num_lanes = at_beta.shape[0]
        shifts = (self.bits * jnp.arange(num_lanes, dtype=jnp.uint32))[:, None, None]
        mask = jnp.uint32((1 << self.bits) - 1)
        values = (neighbours[:, None] >> shifts[None]) & mask
        log_weights = self.pairs.log_weights(part, values)
        if self.fields is not None:
            shape = (neighbours.shape[1], self.cardinality)
            fields = lax.dynamic_slice(self.fields, (start, jnp.zeros_like(start)), shape)
            log_weights = [w + fields[:, v][None, :, None] for v, w in enumerate(log_weights)]
        uniforms = source.uniforms(num_lanes, neighbours.shape[1])
        new = _draw([at_beta[:, None] * w for w in log_weights], uniforms)
        return jnp.sum(new << shifts, axis=0, dtype=jnp.uint32)


def _draw(log_weights: list[Array], uniforms: Array) -> Array:
    """Values with these log weights, from one uniform each by a running sum."""
    top = functools.reduce(jnp.maximum, log_weights)
    levels = [jnp.exp(log_weights[0] - top)]
    for w in log_weights[1:]:
        levels.append(levels[-1] + jnp.exp(w - top))
    aim = uniforms * levels[-1]
    return functools.reduce(jnp.add, [(level <= aim).astype(jnp.uint32) for level in levels[:-1]])


class SharedTable(eqx.Module):
    """One symmetric table, scaled for each pair: neighbours of a value are counted, then meet the table once.

    Attributes:
        table: log weights, shape ``(cardinality, cardinality)``, finite.
        scales: of each width, shape ``(chunks, slots, rows)``; zero where there is no neighbour.
        is_diagonal: whether only equal neighbours count (static).
    """

    table: Float[Array, "cardinality cardinality"]
    scales: tuple[Float[Array, "..."], ...]
    is_diagonal: bool = eqx.field(static=True)

    def log_weights(
        self, part: Array, values: UInt32[Array, "slots lanes rows words"]
    ) -> list[Float[Array, "lanes rows words"]]:
        """Log weight of each value of the rows, without beta: an array ``(lanes, rows, words)`` a value.

        Args:
            part: scales, ``(slots, rows)``.
            values: of neighbours, ``(slots, lanes, rows, words)``.
        """
        q = self.table.shape[0]
        scales = part[:, None, :, None]

        def count(k: Any, counts: list[Array]) -> list[Array]:
            return [c + jnp.where(values[k] == v, scales[k], 0.0) for v, c in enumerate(counts)]

        zero = jnp.zeros(values.shape[1:], jnp.float32)
        counts = over_slots(values.shape[0], count, [zero] * q)
        if self.is_diagonal:
            return [self.table[v, v] * counts[v] for v in range(q)]
        return [functools.reduce(jnp.add, [self.table[v, u] * counts[u] for u in range(q)]) for v in range(q)]


class EdgeTables(eqx.Module):
    """A table for each pair, or a few that pairs share, read at the value of the neighbour.

    Attributes:
        tables: log weights, shape ``(tables, cardinality, cardinality)``: of one neighbour's value, then of
            one's own.
        which: of each width, shape ``(chunks, slots, rows)``; a table of zeros where there is no neighbour.
    """

    tables: Float[Array, "tables cardinality cardinality"]
    which: tuple[Int32[Array, "..."], ...]

    def log_weights(
        self, part: Array, values: UInt32[Array, "slots lanes rows words"]
    ) -> list[Float[Array, "lanes rows words"]]:
        """Log weight of each value of the rows, without beta: an array ``(lanes, rows, words)`` a value.

        Args:
            part: numbers of tables, ``(slots, rows)``.
            values: of neighbours, ``(slots, lanes, rows, words)``.
        """
        q = self.tables.shape[1]
        flat = self.tables.reshape(-1)
        which = part[:, None, :, None]

        def add(k: Any, sums: list[Array]) -> list[Array]:
            first = which[k] * (q * q) + values[k].astype(jnp.int32) * q
            return [s + flat.at[first + v].get(mode="promise_in_bounds") for v, s in enumerate(sums)]

        zero = jnp.zeros(values.shape[1:], jnp.float32)
        return over_slots(values.shape[0], add, [zero] * q)
