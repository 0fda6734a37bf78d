"""Bit-packed Ising sweeps in plain JAX: a large lattice, or 32 chains, in the bits of words.

A step is one sweep: all sites of one colour, then all of the other. Each half is one elementwise loop over words that
shifts, adds, draws and decides without storing anything on the way.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int8, Key, UInt32

from isotherm.random.seeds import key_words, lanes_at
from isotherm.sample.kernel import Chains
from isotherm.sample.lattice.packed.layout import BITS, Bands, Replicas
from isotherm.sample.lattice.packed.rule import Rule
from isotherm.sample.lattice.updates import CheckerboardInfo

Parts = tuple[Array, Array]
"""Words of both colours."""

Planes = tuple[Array | None, ...]
"""For each side a bit for each site's bond, ``(2, *shape)``, even sites first; None where all are zero."""


class PackedSweep(eqx.Module):
    """One sweep over one array of words.

    Attributes:
        couplings: of each group of neighbours, shape ``(groups,)``.
        field: of all sites, a scalar.
        missing: bonds that are not there, by side.
        negative: bonds that favour unequal spins instead, by side.
        layout: what words hold (static).
        rule: what spins do (static).
    """

    couplings: Float[Array, " groups"]
    field: Float[Array, ""]
    missing: Planes
    negative: Planes
    rule: Rule
    layout: Bands | Replicas = eqx.field(static=True)

    def digits(self, beta: Float[Array, "lanes words"]) -> UInt32[Array, "words levels classes"]:
        """Of probabilities at an inverse temperature of each bit of each array of words.

        Args:
            beta: shape ``(32, words)``.

        Returns:
            uint32, shape ``(words, levels, classes)``.
        """
        return jnp.moveaxis(self.rule.digits(beta, self.couplings, self.field), -1, 0)

    def __call__(
        self, seeds: UInt32[Array, "4"], digits: UInt32[Array, "levels classes"], parts: Parts
    ) -> Parts:
        """All sites once, in a loop over the colours.

        Unrolled, XLA would compute the first colour again for each neighbour of the second: ten times slower.
        """

        def half(part: Array, parts: Parts) -> Parts:
            mine, others = parts
            return others, self._half(seeds, digits, mine, others, part)

        return jax.lax.fori_loop(0, 2, half, parts)

    def measure(self, parts: Parts) -> dict[str, Float[Array, ""]]:
        """Energy, in units of ``J``, and magnetization per site, scalars, by counting bits.

        Args:
            parts: words of both colours, of one chain.
        """
        num_sites = self.layout.lattice.num_sites
        even, odd = parts
        neighbours, missing = self._neighbours(odd, 0), _of_part(self.missing, 0)
        energy = -self.field * self._magnetization(parts)
        for strength, group in zip(self.couplings, self.rule.groups, strict=True):
            bonds = [self._bonds(even, neighbours[k], missing[k]) for k in group.sides]
            energy -= strength * jnp.sum(jnp.stack(bonds)).astype(jnp.float32) / num_sites
        return {"energy": energy, "magnetization": self._magnetization(parts)}

    def _bonds(self, spins: Array, neighbours: Array, missing: Array | None) -> Array:
        """Sum of products over the bonds on one side of a part."""
        there = jnp.uint32(0xFFFFFFFF) if missing is None else ~missing
        unlike = _count((spins ^ neighbours) & there)
        return _count(jnp.broadcast_to(there, spins.shape)) - 2 * unlike

    def _magnetization(self, parts: Parts) -> Float[Array, ""]:
        up = _count(jnp.stack(parts)).astype(jnp.float32)
        return 2 * up / self.layout.lattice.num_sites - 1

    def _neighbours(self, others: Array, part: Array | int) -> list[Array]:
        """Turned over where the coupling is negative."""
        found = zip(self.layout.neighbours(others, part), _of_part(self.negative, part), strict=True)
        return [words if negative is None else words ^ negative for words, negative in found]

    def _half(self, seeds: Array, digits: Array, mine: Array, others: Array, part: Array) -> Array:
        shape = self.layout.shape
        size = int(np.prod(shape))
        first = 1 + part.astype(jnp.uint32) * size
        lanes = lanes_at(seeds, (first + jnp.arange(size, dtype=jnp.uint32)).reshape(shape))
        neighbours, missing = self._neighbours(others, part), _of_part(self.missing, part)
        return self.rule.update(mine, neighbours, missing, digits, lanes)


def _of_part(planes: Planes, part: Array | int) -> list[Array | None]:
    return [None if plane is None else jnp.where(part == 0, plane[0], plane[1]) for plane in planes]


class BandState(eqx.Module):
    """A state of one chain, or of several, leading.

    Attributes:
        even: words of the sites whose indices add up to an even number, uint32 ``(*chains, rows / 32, *others)``.
        odd: of the others, likewise.
        layout: where sites are (static).
    """

    even: UInt32[Array, "*chains words columns"]
    odd: UInt32[Array, "*chains words columns"]
    layout: Bands = eqx.field(static=True)

    @property
    def position(self) -> Int8[Array, "*chains rows columns"]:
        """Spins, int8, shape ``(*chains, *shape)`` of the lattice."""
        read = self._read
        for _ in range(self.even.ndim - len(self.layout.shape)):
            read = jax.vmap(read)
        return read((self.even, self.odd))

    def _read(self, parts: Parts) -> Array:
        even, odd = (self.layout.values(words) for words in parts)
        return spins_of(self.layout.sites.join(jnp.stack([even, odd])))


class PackedBands(eqx.Module):
    """Sweeps of one large lattice; made by :func:`isotherm.sample.lattice.checkerboard.checkerboard`.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        sweep: the move.
    """

    beta: Float[Array, "..."]
    sweep: PackedSweep
    remembers_beta: ClassVar[bool] = False

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> BandState:
        """Start from spins of the lattice's shape ``(*shape,)``; what is above 0 is up."""
        del key
        layout = self._layout
        even, odd = (layout.plane(part > 0) for part in layout.sites.split(jnp.asarray(position)))
        return BandState(even, odd, layout)

    def step(self, key: Key[Array, ""], state: BandState) -> tuple[BandState, CheckerboardInfo]:
        """One sweep of one chain by one key, a scalar."""
        digits = self.sweep.digits(jnp.broadcast_to(self.beta, (BITS, 1)))[0]
        return self._step(digits, key, state)

    def measure(self, state: BandState) -> dict[str, Float[Array, ""]]:
        """``energy`` and ``magnetization`` per site of one state, scalars; pass it as ``observe`` to ``sample``.

        Bits are counted where they lie, which costs less than a sweep does; unpacking costs as much.
        """
        return self.sweep.measure((state.even, state.odd))

    def over_chains(self) -> Chains:
        """Chain after chain, what depends on temperature once for all steps."""
        digits = self.sweep.digits(jnp.broadcast_to(jnp.atleast_1d(self.beta)[None], (BITS, self.beta.size)))
        digits, axis = (digits, 0) if self.beta.ndim else (digits[0], None)
        step = jax.vmap(self._step, (axis, 0, 0))
        return Chains(jax.vmap(self.init), lambda keys, states: step(digits, keys, states), lambda s: s)

    def _step(self, digits: Array, key: Array, state: BandState) -> tuple[BandState, CheckerboardInfo]:
        even, odd = self.sweep(key_words(key), digits, (state.even, state.odd))
        changed = _count(jnp.stack([even ^ state.even, odd ^ state.odd])).astype(jnp.float32)
        moved = changed / self._layout.lattice.num_sites
        return BandState(even, odd, self._layout), CheckerboardInfo(moved)

    @property
    def _layout(self) -> Bands:
        layout = self.sweep.layout
        assert isinstance(layout, Bands)
        return layout


def _count(words: Array) -> Array:
    """Ones, int32."""
    return jnp.sum(jax.lax.population_count(words).astype(jnp.int32))


def spins_of(is_up: Array) -> Int8[Array, "..."]:
    """Plus one where up, else minus one; int8 in the shape ``(...)`` of the bools."""
    return 2 * is_up.astype(jnp.int8) - 1
