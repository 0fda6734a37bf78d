"""Sweeps of lattice models, colour after colour: sites of one colour do not interact and move together.

Heat bath, Metropolis and, for continuous angles, over-relaxation, for any lattice, disorder and field. What a
site does is its model's (:mod:`spins`, :mod:`states`, :mod:`angles`); where its neighbours stand is
:mod:`isotherm.sample.lattice.sites`'s.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, UInt32

from isotherm import doors
from isotherm.energy.kinds import lattice_model
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    AbstractStates,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.tilt.inputs import checked_number
from isotherm.errors import refusal
from isotherm.random.bits import seed_words
from isotherm.random.counter import counted_words
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.kernel import Chains
from isotherm.sample.lattice.angles import Angles
from isotherm.sample.lattice.packed.bands import PackedBands
from isotherm.sample.lattice.packed.choice import SitesOrReplicas, packed_kernel
from isotherm.sample.lattice.packed.plan import why_not_packed
from isotherm.sample.lattice.packed.replicas import PackedReplicas
from isotherm.sample.lattice.sites import Side, Sublattices
from isotherm.sample.lattice.spins import Spins
from isotherm.sample.lattice.states import ClockStates, PottsStates
from isotherm.sample.lattice.updates import AbstractUpdate, CheckerboardInfo, Method, Pull, Surroundings

Layout = Literal["auto", "packed", "sites"]


class SitesState(eqx.Module):
    """A state inside the loop.

    Attributes:
        parts: sublattices, stacked, ``(*chains, stride, *shape)``.
        sites: where which site is (static).
    """

    parts: Array
    sites: Sublattices = eqx.field(static=True)

    @property
    def position(self) -> Array:
        """As the model has it, shape ``(*chains, *shape)``."""
        join = self.sites.join
        for _ in range(self.parts.ndim - 1 - len(self.sites.shape)):
            join = jax.vmap(join)
        return join(self.parts)


class _Carry(NamedTuple):
    parts: Array
    seen: tuple[tuple[Array, ...], ...]
    pull: Pull


class Checkerboard(eqx.Module):
    """Made by :func:`checkerboard`.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        update: what a site does.
        couplings: side by side of all parts, zero where there is no bond; numbers if uniform.
        field: of all parts; a number if uniform.
        sites: where sites are stored (static).
        over_relaxation: sweeps of reflections in a step (static).
        is_apart: whether to look at neighbours in a loop of its own (static). Of many chains the compiler would
            else look them up amid arithmetic, which is then no longer vectorised: five times slower. Of one
            chain it does not, and copies between loops would cost a third more.
    """

    beta: Float[Array, "..."]
    update: AbstractUpdate
    couplings: tuple[Array, ...]
    field: Array
    sites: Sublattices = eqx.field(static=True)
    over_relaxation: int = eqx.field(static=True)
    is_apart: bool = eqx.field(static=True, default=False)
    remembers_beta: ClassVar[bool] = False

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> SitesState:
        """Start from a state of the model, shape ``(*shape,)`` of the lattice.

        Raises:
            ValueError: if it has another shape.
        """
        del key
        return SitesState(self.sites.split(jnp.asarray(position)), self.sites)

    def step(self, key: Key[Array, ""], state: SitesState) -> tuple[SitesState, CheckerboardInfo]:
        """Sweeps of reflections, and one of the method's."""
        seeds = seed_words(key)

        def draw(colour: Array, part: Array, pull: Pull) -> Array:
            return self.update.draw(functools.partial(self._words, seeds, colour), self.beta, part, pull)

        def reflect(colour: Array, part: Array, pull: Pull) -> Array:
            return self.update.reflect(part, pull)

        parts = state.parts
        if self.over_relaxation:
            sweep = functools.partial(self._sweep, reflect)
            parts = jax.lax.fori_loop(0, self.over_relaxation, lambda _, parts: sweep(parts), parts)
        parts = self._sweep(draw, parts)
        changed = self.sites.join(parts != state.parts)
        return SitesState(parts, self.sites), CheckerboardInfo(jnp.mean(changed.astype(jnp.float32)))

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        many = chains_with_betas(dataclasses.replace(self, is_apart=True))

        def step(keys: Key[Array, " chains"], state: SitesState) -> tuple[SitesState, CheckerboardInfo]:
            if len(keys) > 1:
                return many.step(keys, state)
            alone = dataclasses.replace(self, beta=self.beta.reshape(()))
            after = alone.step(keys[0], jax.tree.map(lambda leaf: leaf[0], state))
            return jax.tree.map(lambda leaf: leaf[None], after)

        return Chains(many.init, step, many.view)

    def _sweep(self, move: Callable[[Array, Array, Pull], Array], parts: Array) -> Array:
        """Colour after colour: look at the neighbours, add up what they do, move."""

        def look(colour: Array, carry: _Carry) -> _Carry:
            return _Carry(carry.parts, self._seen(carry.parts, colour), carry.pull)

        def add_up(colour: Array, carry: _Carry) -> _Carry:
            return _Carry(carry.parts, carry.seen, self._pull(carry.seen, colour))

        def change(colour: Array, carry: _Carry) -> _Carry:
            values = move(colour, self.sites.part(carry.parts, colour), carry.pull)
            return _Carry(self.sites.replaced(carry.parts, colour, values), carry.seen, carry.pull)

        phases = (look, add_up, change)
        zero = jnp.int32(0)
        seen = self._seen(parts, zero)
        carry = _Carry(parts, *jax.tree.map(jnp.zeros_like, (seen, self._pull(seen, zero))))

        def phase(index: Array, carry: _Carry) -> _Carry:
            return jax.lax.switch(index % 3, phases, index // 3, carry)

        def update(colour: Array, carry: _Carry) -> _Carry:
            return functools.reduce(lambda carry, phase: phase(colour, carry), phases, carry)

        if self.is_apart:
            return jax.lax.fori_loop(0, 3 * self.sites.num_colours, phase, carry).parts
        return jax.lax.fori_loop(0, self.sites.num_colours, update, carry).parts

    def _seen(self, parts: Array, colour: Array) -> tuple[tuple[Array, ...], ...]:
        """What :meth:`_pull` must know of each part that neighbours of a colour are in."""
        return tuple(self.update.seen(self.sites.part(parts, colour + step)) for step in self._steps)

    @property
    def _steps(self) -> tuple[int, ...]:
        return tuple(sorted({self.sites.source(side) for side in self.sites.sides}))

    def _pull(self, seen: tuple[tuple[Array, ...], ...], colour: Array) -> Pull:
        sites = self.sites
        neighbours = tuple(
            tuple(sites.shifted(a, colour, side) for a in seen[self._steps.index(sites.source(side))])
            for side in sites.sides
        )
        couplings = tuple(
            self._coupling(coupling, colour, side)
            for coupling, side in zip(self.couplings, sites.sides, strict=True)
        )
        field = self._of_part(self.field, colour)
        return self.update.pull(Surroundings(neighbours, couplings, field))

    def _coupling(self, coupling: Array, colour: Array, side: Side) -> Array:
        exists = self.sites.has_bond(side)
        coupling = self._of_part(coupling, colour)
        if exists is None:
            return coupling
        return jnp.where(self.sites.part(jnp.asarray(exists), colour), coupling, 0.0)

    def _of_part(self, values: Array, colour: Array) -> Array:
        return self.sites.part(values, colour) if values.ndim else values

    def _words(self, seeds: UInt32[Array, "4"], colour: Array, which: int) -> UInt32[Array, "..."]:
        """A word for each site of a colour, each ``which`` another one."""
        shape = self.sites.shape
        num = int(np.prod(shape))
        first = (colour.astype(jnp.uint32) * self.update.num_words + which) * jnp.uint32(num)
        counts = first + jnp.arange(num, dtype=jnp.uint32)
        return counted_words(seeds[:, None], counts).reshape(shape)


def checkerboard(
    model: AbstractLatticeModel,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    *,
    method: Method = "heat-bath",
    over_relaxation: int = 0,
    layout: Layout = "auto",
) -> Checkerboard | PackedBands | PackedReplicas | SitesOrReplicas:
    """Every site once a step, colour after colour.

    Args:
        model: any model on any lattice; its coupling and field may be traced.
        beta: inverse temperature, of either sign, may be traced; ``(chains,)`` for :func:`over_chains`.
        method: ``"heat-bath"`` draws sites from their law given the neighbours (XY: from von Mises's by two
            tries of a rejection sampler, and leaves the site if both fail, which is as exact);
            ``"metropolis"`` proposes another value, uniformly, to 15 sites of 16 (XY: to all, an angle within a
            width that shrinks with the local field).
        over_relaxation: sweeps before each of the method's that reflect every angle about its local field:
            they keep the energy and move far. XY only.
        layout: ``"sites"`` has an entry a site, ``"packed"`` a bit: Ising models on lattices of two colours, with
            couplings of one magnitude (or one each direction) and a uniform field. Of one chain 32 bands of rows
            share words if the first extent is a multiple of 64; else 32 chains do. ``"auto"`` packs what it can,
            single chains and fewer than 8 of other extents excepted.

    Returns:
        A kernel on states of the model, with a leaf ``beta``.

    Raises:
        ValueError: naming the argument out of range.

    References:
        Newman and Barkema, Monte Carlo Methods in Statistical Physics (1999), chapters 3 and 4; Brown and Woch,
        Phys. Rev. Lett. 58 (1987) for over-relaxation; Best and Fisher, Applied Statistics 28 (1979).
    """
    _check(model, beta, method, over_relaxation, layout)
    if layout == "packed":
        if not isinstance(model, LatticeIsing):
            raise refusal("layout", layout, "is for Ising models only")
        return packed_kernel(model, beta, method, None)
    sites = _of_sites(model, beta, method, over_relaxation)
    if layout == "sites" or not isinstance(model, LatticeIsing) or why_not_packed(model):
        return sites
    return packed_kernel(model, beta, method, sites)


def _of_sites(model: AbstractLatticeModel, beta: Any, method: Method, over_relaxation: int) -> Checkerboard:
    sites = Sublattices(model.lattice)
    return Checkerboard(
        beta=jnp.asarray(beta, jnp.float32),
        update=_update(model, method),
        couplings=tuple(_coupling(model, sites, side) for side in sites.sides),
        field=_field(model, sites),
        sites=sites,
        over_relaxation=over_relaxation,
    )


def _update(model: AbstractLatticeModel, method: Method) -> AbstractUpdate:
    if isinstance(model, LatticeIsing):
        return Spins(method)
    if isinstance(model, LatticeXY):
        return Angles(method)
    assert isinstance(model, AbstractStates)
    kind = PottsStates if isinstance(model, LatticePotts) else ClockStates
    return kind(method, model.num_values)


def _coupling(model: AbstractLatticeModel, sites: Sublattices, side: Side) -> Array:
    coupling = jnp.asarray(model.coupling, jnp.float32)
    return coupling[side.direction] if coupling.ndim == 1 else sites.bond_values(coupling, side)


def _field(model: AbstractLatticeModel, sites: Sublattices) -> Array:
    field = jnp.asarray(model.field, jnp.float32)
    return sites.split(field) if field.ndim else field


def _check(model: Any, beta: Any, method: Any, over_relaxation: int, layout: Any) -> None:
    lattice_model("model", model, "gibbs(graph, beta) samples factor graphs")
    checked_number("beta", beta, per_chain=True)
    doors.choice("method", method, get_args(Method))
    doors.choice("layout", layout, get_args(Layout))
    doors.whole("over_relaxation", over_relaxation, 0)
    if over_relaxation and not isinstance(model, LatticeXY):
        raise refusal(
            "over_relaxation", over_relaxation, "must be 0 but for LatticeXY: others cannot reflect"
        )
