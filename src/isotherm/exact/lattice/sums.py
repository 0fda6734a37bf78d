"""Additive observables of all states of a small lattice: local terms, and states that grow site by site.

A term (of a site, a bond, a plaquette) is looked up once for all states that begin alike, and its contributions are
passed on to the states that go on from there. NumPy, float64.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from isotherm.energy.lattice.models import AbstractStates, LatticeClock, LatticeIsing, LatticePotts, spread
from isotherm.energy.lattice.vortices import has_plaquettes, plaquettes

_ENTRIES_AT_ONCE = 1 << 19
"""Entries of a block of states: 4 MB of float64."""

Discrete = LatticeIsing | LatticePotts | LatticeClock


class Term(NamedTuple):
    """One local contribution to a sum: ``table[values of the sites]``.

    Attributes:
        sites: row-major numbers.
        table: float64, shape ``(q,) * len(sites)``, an axis a site.
    """

    sites: tuple[int, ...]
    table: np.ndarray


Sums = dict[str, list[Term]]
"""Terms of each additive quantity."""


def num_values(model: Discrete) -> int:
    """Values of a site."""
    return model.num_values if isinstance(model, AbstractStates) else 2


def has_field(model: Discrete) -> bool:
    """Whether the field is anything but zero."""
    return bool(np.any(np.asarray(model.field) != 0))


def local_sums(model: Discrete) -> Sums:
    """What is summed for a model: ``energy``, ``correlation_1``, order components, helicity, vortices.

    Without a field each sum has the same mean over the states that begin with value 0 as over all states. Order
    components are named ``order_0``, ``order_1``, ...: the sum of the spins; of cosines and of sines; or the number
    of sites with each Potts value.
    """
    pair, site = _tables(model)
    found = {"energy": _energy_terms(model, pair, site), "correlation_1": []}
    if model.lattice.num_sites > 1:
        found["correlation_1"].append(Term((0, 1), _alike(model, pair)))
    sites = range(model.lattice.num_sites)
    for c, values in enumerate(_order_components(model)):
        found[f"order_{c}"] = [Term((i,), values) for i in sites]
    if isinstance(model, LatticeClock):
        found |= _helicity_terms(model)
        if has_plaquettes(model.lattice):
            found |= _vortex_terms(model)
    return found


def grown(sums: Sums, first: np.ndarray, n: int, q: int) -> Iterator[Float[np.ndarray, "sums states"]]:
    """Blocks of states, each with the values of all sums in their order.

    Args:
        sums: terms over sites ``0 .. n - 1``.
        first: which values the first site takes, int, shape ``(num,)``.
        n: sites.
        q: values of a site.

    Yields:
        float64, shape ``(sums, states)``; together every state that begins with one of ``first``, once.
    """
    by_last = _by_last_site(sums, n, q)
    at_once = max(_ENTRIES_AT_ONCE // len(sums), q)

    def grow(states: UInt8[np.ndarray, "site parents"], totals: np.ndarray) -> Iterator[np.ndarray]:
        site = len(states)
        if site == n:
            yield totals
            return
        size = max(at_once // q, 1)
        for start in range(0, states.shape[1], size):
            part = states[:, start : start + size]
            values = None if site == 0 else part
            yield from grow(*_children(values, totals[:, start : start + size], by_last[site], options(site)))

    def options(site: int) -> np.ndarray:
        return first if site == 0 else np.arange(q)

    yield from grow(np.zeros((0, 1), np.uint8), np.zeros((len(sums), 1)))


def _children(
    states: np.ndarray | None,
    totals: np.ndarray,
    arriving: list[tuple[int, tuple[int, ...], np.ndarray]],
    options: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """All states one site longer, and their sums."""
    num = totals.shape[1]
    longer = np.repeat(totals[:, :, None], len(options), axis=2)
    for row, earlier, table in arriving:
        index = np.zeros(num, np.int64)
        for site in earlier:
            assert states is not None
            index = index * table.shape[1] + states[site]
        longer[row] += table[index][:, options]
    last = np.tile(options.astype(np.uint8), num)[None]
    grown_states = last if states is None else np.concatenate([np.repeat(states, len(options), axis=1), last])
    return grown_states, longer.reshape(len(totals), -1)


def _by_last_site(sums: Sums, n: int, q: int) -> list[list[tuple[int, tuple[int, ...], np.ndarray]]]:
    """Terms by the site that completes them: row of the sum, earlier sites, table ``(q^earlier, q)``."""
    found: list[list[tuple[int, tuple[int, ...], np.ndarray]]] = [[] for _ in range(n)]
    for row, terms in enumerate(sums.values()):
        for sites, table in terms:
            order = np.argsort(sites)
            flat = np.ascontiguousarray(np.transpose(table, order), np.float64).reshape(-1, q)
            *earlier, last = (sites[i] for i in order)
            found[last].append((row, tuple(earlier), flat))
    return found


def _tables(model: Discrete) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(model, AbstractStates):
        return model.pair_table, model.site_table
    spins = np.array([-1.0, 1.0])
    return np.outer(spins, spins), spins


def _energy_terms(model: Discrete, pair: np.ndarray, site: np.ndarray) -> list[Term]:
    lattice = model.lattice
    fields = np.asarray(spread(model.field, lattice.shape), np.float64).reshape(-1)
    terms = [Term((i,), -h * site) for i, h in enumerate(fields)]
    for d in range(len(lattice.directions)):
        terms += [Term(bond, -j * pair) for bond, j in _bonds(model, d)]
    return terms


def _bonds(model: Discrete, direction: int) -> list[tuple[tuple[int, int], float]]:
    """Ends of the bonds of a direction, start first, and their couplings."""
    lattice = model.lattice
    strengths = spread(np.asarray(model.coupling[direction], np.float64), lattice.shape)
    pairs = lattice.bonds_along(direction).tolist()
    return [
        ((i, j), float(c)) for (i, j), c in zip(pairs, strengths[lattice.has_bond[direction]], strict=True)
    ]


def _alike(model: Discrete, pair: np.ndarray) -> np.ndarray:
    """Products of spins or of order vectors."""
    if isinstance(model, LatticePotts):
        return (model.num_states * pair - 1) / (model.num_states - 1)
    return pair


def _order_components(model: Discrete) -> np.ndarray:
    if isinstance(model, LatticePotts):
        return np.eye(model.num_states)
    if isinstance(model, LatticeClock):
        return np.stack([model.cosines, model.sines])
    return np.array([[-1.0, 1.0]])


def _helicity_terms(model: LatticeClock) -> Sums:
    k = np.arange(model.num_angles)
    turns = (k[:, None] - k[None]) % model.num_angles
    bonds = _bonds(model, 0)
    return {
        "helicity_cosine": [Term(bond, j * model.cosines[turns]) for bond, j in bonds],
        "helicity_sine": [Term(bond, j * model.sines[turns]) for bond, j in bonds],
    }


def _vortex_terms(model: LatticeClock) -> Sums:
    """Vortices and antivortices of each plaquette, as whole numbers of ``2 pi / q``."""
    lattice, q = model.lattice, model.num_angles
    vortices, antivortices = _charges(q) > 0, _charges(q) < 0
    if not has_field(model):
        vortices, antivortices = _turned(vortices), _turned(antivortices)
    sites = np.arange(lattice.num_sites).reshape(lattice.shape)
    right, down = np.roll(sites, -1, 1), np.roll(sites, -1, 0)
    corners = np.stack([sites, right, np.roll(right, -1, 0), down], axis=-1)
    rows, columns = plaquettes(lattice)
    squares = [tuple(square) for square in corners[:rows, :columns].reshape(-1, 4).tolist()]
    return {
        "vortices": [Term(square, vortices) for square in squares],
        "antivortices": [Term(square, antivortices) for square in squares],
    }


def _turned(table: np.ndarray) -> np.ndarray:
    """Mean over turns of all corners together: the sign of a tie depends on where angles are counted from."""
    q = len(table)
    return np.mean([np.roll(table, [s] * table.ndim, range(table.ndim)) for s in range(q)], axis=0)


def _charges(q: int) -> np.ndarray:
    """Charge of a plaquette by the values of its corners, passed in turn; int8 ``(q, q, q, q)``."""
    k = np.arange(q)
    step = k[None] - k[:, None]
    wraps = (2 * step < -q).astype(np.int8) - (2 * step > q).astype(np.int8)
    total = np.zeros((q,) * 4, np.int8)
    for a, b in itertools.pairwise((0, 1, 2, 3, 0)):
        shape = [1] * 4
        shape[a] = shape[b] = q
        total += (wraps if a < b else wraps.T).reshape(shape)
    return total
