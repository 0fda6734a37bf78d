"""Which Ising models words can hold, and what their sweeps need.

The layouts (:mod:`isotherm.sample.lattice.packed.layout`) store the two colours apart, ``even`` and ``odd``, and give
the 32 bits of a word to bands of rows of one chain, or to 32 chains. Of 128 rows and 8 columns::

    Bands: words (4, 4)                               Replicas: words (128, 4)

    bit b of     word row 0   1     2     3           bit b of any word: chain b
      b = 0      site row 0   1     2     3           word row i: site row i
      b = 1               4   5     6     7
        :                     :
      b = 31            124  125  126   127

    word k of a row: column 2k or 2k + 1, by the colour and the row
        row 0    e o e o e o e o     even:  k = 0 1 2 3  is column 0 2 4 6
        row 1    o e o e o e o e                         is column 1 3 5 7

For each side on which sites have a neighbour there may be two planes in that same layout, ``(2, *shape)``, even sites
first: ``missing`` has ones where a site has no bond there, ``negative`` where the bond favours unequal spins. A plane
of zeros is left out.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array

from isotherm.energy.lattice.models import LatticeIsing
from isotherm.energy.lattice.shapes import Lattice
from isotherm.sample.lattice.packed.bands import PackedSweep, Planes
from isotherm.sample.lattice.packed.layout import BAND_MULTIPLE, Bands, Replicas
from isotherm.sample.lattice.packed.rule import Group, Rule
from isotherm.sample.lattice.sites import Side, Sublattices
from isotherm.sample.lattice.updates import Method


def why_not_packed(model: LatticeIsing) -> tuple[str, object, str] | None:
    """What of a model forbids words: field, value and what is allowed; None if nothing does."""
    lattice = model.lattice
    if not lattice.is_bipartite:
        for axis, (extent, is_periodic) in enumerate(zip(lattice.shape, lattice.periodic, strict=True)):
            if is_periodic and extent % 2 and lattice.kind != "triangular":
                return f"shape[{axis}]", extent, "must be even where periodic to pack spins into words"
        return "lattice", lattice.kind, "needs three colours, packed words have two"
    if Sublattices(lattice).stride != 2:
        return "shape", lattice.shape, "must have bonds to pack spins into words"
    if np.ndim(model.field):
        return "field.shape", np.shape(model.field), "must be () to pack spins into words"
    if np.ndim(model.coupling) > 1 and _strength(model) is None:
        return "coupling", "unequal", "must have one magnitude, and be known, to pack spins into words"
    return None


def why_not_bands(lattice: Lattice) -> tuple[str, object, str] | None:
    """What of a lattice keeps one chain of it from being packed."""
    if len(lattice.shape) == 1:
        return "lattice", lattice.kind, "has one dimension: its chains are packed 32 together only"
    if lattice.shape[0] % BAND_MULTIPLE:
        allowed = f"must be a multiple of {BAND_MULTIPLE} to pack one chain into words"
        return "shape[0]", lattice.shape[0], allowed
    if lattice.shape[-1] % 2:
        return (
            f"shape[{len(lattice.shape) - 1}]",
            lattice.shape[-1],
            "must be even to pack one chain into words",
        )
    return None


def sweep_of(model: LatticeIsing, method: Method, layout: Bands | Replicas) -> PackedSweep:
    """A sweep of a model that :func:`why_not_packed` lets pass."""
    missing, negative = _missing(model, layout), _negative(model, layout)
    groups, couplings = _groups(model, layout, missing)
    has_field = isinstance(model.field, Tracer) or bool(np.asarray(model.field) != 0)
    return PackedSweep(
        couplings=couplings,
        field=jnp.asarray(model.field, jnp.float32),
        missing=missing,
        negative=negative,
        rule=Rule(groups, has_field, method),
        layout=layout,
    )


def _groups(
    model: LatticeIsing, layout: Bands | Replicas, missing: Planes
) -> tuple[tuple[Group, ...], Array]:
    """Sides of equal strength together, with the strength of each group."""
    directions = [side.direction for side in layout.sides[0]]
    if np.ndim(model.coupling) > 1:
        strengths, members = jnp.asarray([_strength(model)], jnp.float32), [list(range(len(directions)))]
    else:
        members = [[k for k, d in enumerate(directions) if d == which] for which in np.unique(directions)]
        strengths = jnp.asarray(model.coupling, jnp.float32)[np.unique(directions)]
        if not isinstance(model.coupling, Tracer) and len(np.unique(np.asarray(model.coupling))) == 1:
            strengths, members = strengths[:1], [list(range(len(directions)))]
    groups = tuple(Group(tuple(sides), all(missing[k] is None for k in sides)) for sides in members)
    return groups, strengths


def _strength(model: LatticeIsing) -> float | None:
    """The magnitude that all bonds have but those of zero; None if there are several or they are traced."""
    if isinstance(model.coupling, Tracer):
        return None
    magnitudes = np.unique(np.abs(np.asarray(model.coupling))[model.lattice.has_bond])
    magnitudes = magnitudes[magnitudes > 0]
    return float(magnitudes[0]) if len(magnitudes) == 1 else None


def _missing(model: LatticeIsing, layout: Bands | Replicas) -> Planes:
    def exists(side: Side) -> np.ndarray:
        found = layout.sites.has_bond(side)
        found = np.ones((2, *layout.sites.shape), bool) if found is None else found
        return found if np.ndim(model.coupling) == 1 else found & (_bond_values(model, layout, side) != 0)

    return _planes(layout, lambda side: ~exists(side))


def _negative(model: LatticeIsing, layout: Bands | Replicas) -> Planes:
    if np.ndim(model.coupling) == 1:
        return (None,) * len(layout.sides[0])
    return _planes(layout, lambda side: _bond_values(model, layout, side) < 0)


def _planes(layout: Bands | Replicas, bits: Callable[[Side], np.ndarray]) -> Planes:
    """From a bool for each site of both parts on each side."""
    found = []
    for sides in zip(*layout.sides, strict=True):
        each = [bits(side)[part] for part, side in enumerate(sides)]
        planes = jnp.stack([layout.plane(jnp.asarray(part)) for part in each])
        found.append(planes if any(part.any() for part in each) else None)
    return tuple(found)


def _bond_values(model: LatticeIsing, layout: Bands | Replicas, side: Side) -> np.ndarray:
    with jax.ensure_compile_time_eval():
        return np.asarray(layout.sites.bond_values(jnp.asarray(model.coupling, jnp.float32), side))
