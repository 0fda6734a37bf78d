"""Sweeps of lattice models, colour after colour: sites of one colour do not interact and move together.

Heat bath, Metropolis and, for continuous angles, over-relaxation, for any lattice, disorder and field. What a
site does is its model's (:mod:`spins`, :mod:`states`, :mod:`angles`); where its neighbours stand is
:mod:`isotherm.sample.lattice.sites`'s.
"""

import functools
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Key, UInt32

from isotherm.energy.lattice_models import (
    AbstractLatticeModel,
    AbstractStates,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.errors import refusal
from isotherm.random.bits import seed_words
from isotherm.random.counter import counted_words
from isotherm.sample.batched import chains_with_betas
from isotherm.sample.kernel import Chains
from isotherm.sample.lattice.angles import Angles
from isotherm.sample.lattice.sites import Sublattices
from isotherm.sample.lattice.spins import Spins
from isotherm.sample.lattice.states import ClockStates, PottsStates
from isotherm.sample.lattice.updates import AbstractUpdate, Method, Surroundings

Layout = Literal["auto", "packed", "sites"]


class SitesState(eqx.Module):
    """A state inside the loop.

    Attributes:
        parts: of each sublattice the arrays that its update works on.
        sites: which they are (static).
        update: how to read them (static but for its arrays).
    """

    parts: tuple[tuple[Array, ...], ...]
    sites: Sublattices = eqx.field(static=True)
    kind: type[AbstractUpdate] = eqx.field(static=True)

    @property
    def position(self) -> Array:
        """As the model has it, shape ``(*chains, *shape)``."""
        read = self._read
        for _ in range(self.parts[0][0].ndim - len(self.sites.shape)):
            read = jax.vmap(read)
        return read(self.parts)

    def _read(self, parts: tuple[tuple[Array, ...], ...]) -> Array:
        return self.sites.join(tuple(self.kind.position(part) for part in parts))


class CheckerboardInfo(NamedTuple):
    """Fraction of sites that the last sweep changed, in ``[0, 1]``."""

    moved: Float[Array, ""]


class Checkerboard(eqx.Module):
    """Made by :func:`checkerboard`.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        update: what a site does.
        couplings: of each part, side by side; numbers if uniform.
        fields: of each part; numbers if uniform.
        sites: where sites are stored (static).
        over_relaxation: sweeps of reflections in a step (static).
    """

    beta: Float[Array, "..."]
    update: AbstractUpdate
    couplings: tuple[tuple[Array, ...], ...]
    fields: tuple[Array, ...]
    sites: Sublattices = eqx.field(static=True)
    over_relaxation: int = eqx.field(static=True)

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> SitesState:
        """Start from a state of the model."""
        del key
        parts = tuple(self.update.stored(part) for part in self.sites.split(jnp.asarray(position)))
        return SitesState(parts, self.sites, type(self.update))

    def step(self, key: Key[Array, ""], state: SitesState) -> tuple[SitesState, CheckerboardInfo]:
        """Sweeps of reflections, and one of the method's."""
        parts = state.parts
        if self.over_relaxation:
            parts = jax.lax.fori_loop(0, self.over_relaxation, lambda _, parts: self._reflect(parts), parts)
        seeds = seed_words(key)
        for colour in range(self.sites.num_colours):
            words = functools.partial(self._words, seeds, colour)
            parts = self._updated(parts, colour, functools.partial(self.update.draw, words, self.beta))
        after = SitesState(parts, self.sites, type(self.update))
        moved = jnp.mean((after.position != state.position).astype(jnp.float32))
        return after, CheckerboardInfo(moved)

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)

    def _reflect(self, parts: tuple[tuple[Array, ...], ...]) -> tuple[tuple[Array, ...], ...]:
        for colour in range(self.sites.num_colours):
            parts = self._updated(parts, colour, self.update.reflect)
        return parts

    def _updated(
        self, parts: tuple[tuple[Array, ...], ...], colour: int, change: Any
    ) -> tuple[tuple[Array, ...], ...]:
        part = self.sites.part(colour)
        after = change(parts[part], self._surroundings(parts, part))
        only = self.sites.only(colour)
        if only is not None:
            after = tuple(jnp.where(only, new, old) for new, old in zip(after, parts[part], strict=True))
        return (*parts[:part], after, *parts[part + 1 :])

    def _surroundings(self, parts: tuple[tuple[Array, ...], ...], part: int) -> Surroundings:
        each = [list(self.sites.neighbours(arrays, part)) for arrays in zip(*parts, strict=True)]
        bonds = [self.sites.has_bond(part, side) for side in self.sites.sides]
        couplings = [
            coupling if exists is None else jnp.where(exists, coupling, 0.0)
            for coupling, exists in zip(self.couplings[part], bonds, strict=True)
        ]
        return Surroundings(tuple(zip(*each, strict=True)), tuple(couplings), self.fields[part])

    def _words(self, seeds: UInt32[Array, "4"], colour: int, which: int) -> UInt32[Array, "..."]:
        """A word for each site of a colour, each ``which`` another one."""
        shape = self.sites.shape
        first = (colour * self.update.num_words + which) * int(np.prod(shape))
        counts = jnp.uint32(first) + jnp.arange(int(np.prod(shape)), dtype=jnp.uint32)
        return counted_words(seeds[:, None], counts).reshape(shape)


def checkerboard(
    model: AbstractLatticeModel,
    beta: Float[Array, "..."] | float = 1.0,
    *,
    method: Method = "heat-bath",
    over_relaxation: int = 0,
    layout: Layout = "auto",
) -> Checkerboard:
    """Every site once a step, colour after colour.

    Args:
        model: any model on any lattice; its coupling and field may be traced.
        beta: inverse temperature, of either sign, may be traced; one a chain for :func:`over_chains`.
        method: ``"heat-bath"`` draws sites from their law given the neighbours (XY: from von Mises's by two
            tries of a rejection sampler, and leaves the site if both fail, which is as exact);
            ``"metropolis"`` proposes another value, uniformly, to 15 sites of 16 (XY: to all, an angle within a
            width that shrinks with the local field).
        over_relaxation: sweeps before each of the method's that reflect every angle about its local field:
            they keep the energy and move far. XY only.
        layout: ``"sites"`` has an entry a site.

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
        raise refusal("layout", layout, "only for Ising models")
    sites = Sublattices(model.lattice)
    return Checkerboard(
        beta=jnp.asarray(beta, jnp.float32),
        update=_update(model, method),
        couplings=tuple(_couplings(model, sites, part) for part in range(sites.stride)),
        fields=tuple(_field(model, sites, part) for part in range(sites.stride)),
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


def _couplings(model: AbstractLatticeModel, sites: Sublattices, part: int) -> tuple[Array, ...]:
    coupling = jnp.asarray(model.coupling, jnp.float32)
    if coupling.ndim == 1:
        return tuple(coupling[side.direction] for side in sites.sides)
    return tuple(sites.bond_values(coupling, part, side) for side in sites.sides)


def _field(model: AbstractLatticeModel, sites: Sublattices, part: int) -> Array:
    field = jnp.asarray(model.field, jnp.float32)
    return sites.take(field, part) if field.ndim else field


def _check(model: Any, beta: Any, method: Any, over_relaxation: int, layout: Any) -> None:
    if not isinstance(model, AbstractLatticeModel):
        raise refusal("model", type(model).__name__, "must be a lattice model; see gibbs for factor graphs")
    if not isinstance(beta, Tracer) and not bool(np.isfinite(np.asarray(beta)).all()):
        raise refusal("beta", np.asarray(beta).tolist(), "must be finite")
    if method not in ("heat-bath", "metropolis"):
        raise refusal("method", method, "must be 'heat-bath' or 'metropolis'")
    if layout not in ("auto", "packed", "sites"):
        raise refusal("layout", layout, "must be 'auto', 'packed' or 'sites'")
    if over_relaxation < 0:
        raise refusal("over_relaxation", over_relaxation, "must be at least 0")
    if over_relaxation and not isinstance(model, LatticeXY):
        raise refusal(
            "over_relaxation", over_relaxation, "must be 0 but for LatticeXY: others cannot reflect"
        )
