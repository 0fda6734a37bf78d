"""Observables of lattice states against loops in NumPy, and what they must be on planted states."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.observables import (
    Measure,
    correlation_function,
    domain_wall_length,
    energy_per_site,
    magnetization,
    magnetization2,
    measure,
    order_parameter,
    structure_kmin,
)
from isotherm.energy.lattice.shapes import Lattice, cubic, honeycomb, square, triangular
from isotherm.energy.lattice.vortices import vortices

NUM_STATES = 3

LATTICES = [
    square(3, 4, [False, True]),
    pytest.param(honeycomb(4, 4), marks=pytest.mark.slow),
    pytest.param(cubic(3, 2, 3, [True, False, True]), marks=pytest.mark.slow),
]

charges_of = eqx.filter_jit(vortices)


def models(lattice: Lattice) -> list[AbstractLatticeModel]:
    rng = np.random.default_rng(lattice.num_sites)
    couplings = rng.normal(size=lattice.has_bond.shape)
    uniform = rng.normal(size=len(lattice.directions))
    return [
        LatticeIsing(lattice, couplings, rng.normal(size=lattice.shape)),
        LatticePotts(lattice, 5, uniform, 0.3),
        LatticeClock(lattice, 6, couplings),
        LatticeXY(lattice, uniform, rng.normal(size=lattice.shape)),
    ]


def random_states(model: AbstractLatticeModel, num: int) -> np.ndarray:
    rng, shape = np.random.default_rng(7), (num, *model.lattice.shape)
    if isinstance(model, LatticeXY):
        return rng.uniform(0, 2 * np.pi, shape).astype(np.float32)
    if isinstance(model, LatticeIsing):
        return rng.choice(np.array([-1, 1], np.int8), shape)
    return rng.integers(
        0, model.num_states if isinstance(model, LatticePotts) else model.num_angles, shape, np.uint8
    )


def spins_of(model: AbstractLatticeModel, x: np.ndarray) -> np.ndarray:
    """Order vectors, components first, written down anew."""
    if isinstance(model, LatticeIsing):
        return x[None].astype(float)
    if isinstance(model, LatticePotts):
        q = model.num_states
        return np.stack([(x == s) - 1 / q for s in range(q)]) * np.sqrt(q / (q - 1))
    angles = 2 * np.pi * x / model.num_angles if isinstance(model, LatticeClock) else x
    return np.stack([np.cos(angles), np.sin(angles)])


def pair(model: AbstractLatticeModel, a: np.ndarray, b: np.ndarray) -> float:
    return float(a == b) if isinstance(model, LatticePotts) else float((a * b).sum())


def brute(model: AbstractLatticeModel, x: np.ndarray) -> dict[str, float]:
    lattice, n = model.lattice, model.lattice.num_sites
    spins = spins_of(model, x.astype(float)).reshape(-1, n)
    site = x.reshape(-1)
    fields = np.broadcast_to(model.field, lattice.shape).reshape(-1)
    favoured = (site == 0) if isinstance(model, LatticePotts) else spins[0]
    found = {"energy": -(fields * favoured).sum() / n}
    cosine = sine = walls = 0.0
    for d in range(len(lattice.directions)):
        strengths = np.broadcast_to(
            np.reshape(model.coupling[d], np.shape(model.coupling[d]) or (1,) * x.ndim), lattice.shape
        )
        for (i, j), strength in zip(lattice.bonds_along(d), strengths[lattice.has_bond[d]], strict=True):
            a, b = (site[i], site[j]) if isinstance(model, LatticePotts) else (spins[:, i], spins[:, j])
            found["energy"] -= strength * pair(model, a, b) / n
            walls += site[i] != site[j]
            if d == 0 and len(spins) == 2:
                cosine += strength * pair(model, a, b) / n
                sine += strength * (a[1] * b[0] - a[0] * b[1]) / n
    found |= order_of(model, site, spins)
    if isinstance(model, LatticeIsing | LatticePotts):
        found["wall_density"] = walls / n
    else:
        found |= {"helicity_cosine": cosine, "helicity_sine": sine}
    if any(lattice.periodic):
        found["structure_kmin"] = brute_structure(lattice, spins.reshape(-1, *lattice.shape))
    return found


def order_of(model: AbstractLatticeModel, site: np.ndarray, spins: np.ndarray) -> dict[str, float]:
    if isinstance(model, LatticePotts):
        counts = np.bincount(site.astype(int), minlength=model.num_states) / len(site)
        q = model.num_states
        return {
            "largest_fraction": counts.max(),
            "magnetization2": q / (q - 1) * ((counts - 1 / q) ** 2).sum(),
        }
    mean = spins.mean(axis=1)
    return {"magnetization": mean[0] if isinstance(model, LatticeIsing) else np.hypot(*mean)}


def brute_structure(lattice: Lattice, spins: np.ndarray) -> float:
    found = []
    for axis in np.flatnonzero(lattice.periodic):
        phase = np.exp(2j * np.pi * np.indices(lattice.shape)[axis] / lattice.shape[axis])
        found.append((np.abs((spins * phase).reshape(len(spins), -1).sum(axis=1)) ** 2).sum())
    return float(np.mean(found)) / lattice.num_sites**2


def brute_charges(model: AbstractLatticeModel, x: np.ndarray) -> np.ndarray:
    """The rule of the specification, plaquette by plaquette."""
    lattice = model.lattice
    turn = model.num_angles if isinstance(model, LatticeClock) else 2 * np.pi
    (rows, columns), x = lattice.shape, x.astype(float)
    found = np.zeros([n - (not p) for n, p in zip(lattice.shape, lattice.periodic, strict=True)], int)
    for i, j in np.ndindex(found.shape):
        down, right = (i + 1) % rows, (j + 1) % columns
        corners = [x[i, j], x[i, right], x[down, right], x[down, j], x[i, j]]
        total = 0.0
        for difference in np.diff(corners):
            if difference > turn / 2:
                difference -= turn
            if difference < -turn / 2:
                difference += turn
            total += difference
        found[i, j] = int(total > turn / 2) - int(total < -turn / 2)
    return found


@pytest.mark.parametrize("lattice", LATTICES, ids=lambda lattice: f"{lattice.kind}-{lattice.shape}")
def test_measures_are_what_loops_find(lattice: Lattice) -> None:
    given = models(lattice)
    states = [random_states(model, NUM_STATES) for model in given]
    found = jax.jit(
        lambda given, states: [
            jax.vmap(lambda x, m=m: measure(m, x))(s) for m, s in zip(given, states, strict=True)
        ]
    )(given, states)
    for model, ours, xs in zip(given, found, states, strict=True):
        for index, x in enumerate(np.asarray(xs)):
            expected = brute(model, x)
            if lattice.kind == "square" and isinstance(model, LatticeClock | LatticeXY):
                charges = brute_charges(model, x)
                expected |= {
                    "vortex_density": (charges > 0).mean(),
                    "antivortex_density": (charges < 0).mean(),
                }
            assert set(ours) == set(expected)
            for name, value in expected.items():
                np.testing.assert_allclose(ours[name][index], value, rtol=2e-6, atol=2e-6, err_msg=name)


def test_charges_are_what_the_rule_says_and_add_up_to_nothing_on_a_torus() -> None:
    lattice = square(5, 6)
    given = [*(LatticeClock(lattice, q) for q in range(4, 17)), LatticeXY(lattice)]
    states = [random_states(model, 20) for model in given]

    @jax.jit
    def charges_of(states: list[jax.Array]) -> list[jax.Array]:
        return [jax.vmap(lambda x, m=m: vortices(m, x))(x) for m, x in zip(given, states, strict=True)]

    for model, x, charges in zip(given, states, map(np.asarray, charges_of(states)), strict=True):
        assert (charges.sum(axis=(1, 2), dtype=int) == 0).all()
        assert np.abs(charges).sum() > 0
        np.testing.assert_array_equal(charges[0], brute_charges(model, x[0]))


def test_angles_beyond_one_turn_have_the_same_vortices() -> None:
    model = LatticeXY(square(6))
    x = random_states(model, 1)[0]
    turns = 2 * np.pi * np.random.default_rng(0).integers(-2, 3, (6, 6)).astype(np.float32)
    np.testing.assert_array_equal(
        charges_of(model, jnp.asarray(x)), charges_of(model, jnp.asarray(x + turns))
    )


@pytest.mark.parametrize("q", [0, 8])
def test_a_planted_pair_is_found(q: int) -> None:
    rows, columns = np.indices((12, 12)).astype(float)
    plus, minus = (5.5, 2.5), (5.5, 8.5)
    # Rows grow downwards, and plaquettes are passed clockwise as drawn: angles grow that way around a vortex.
    angles = np.arctan2(rows - plus[0], columns - plus[1]) - np.arctan2(rows - minus[0], columns - minus[1])
    lattice = square(12, periodic=False)
    if q:
        model, x = LatticeClock(lattice, q), (np.round(angles * q / (2 * np.pi)) % q).astype(np.uint8)
    else:
        model, x = LatticeXY(lattice), (angles % (2 * np.pi)).astype(np.float32)
    charges = np.asarray(charges_of(model, jnp.asarray(x)))
    assert charges.shape == (11, 11)
    assert np.argwhere(charges > 0).tolist() == [[5, 2]]
    assert np.argwhere(charges < 0).tolist() == [[5, 8]]


def test_ties_keep_their_sign() -> None:
    model = LatticeClock(square(2, 2, False), 4)
    for corners in ([0, 2, 0, 2], [0, 2, 1, 3], [2, 0, 1, 3]):
        top_left, top_right, bottom_right, bottom_left = corners
        x = np.array([[top_left, top_right], [bottom_left, bottom_right]], np.uint8)
        assert charges_of(model, jnp.asarray(x)).tolist() == brute_charges(model, x).tolist()


def test_correlations_are_what_shifting_finds() -> None:
    lattice = triangular(4, 7, [False, True])
    for model in models(lattice)[1:3]:
        x = random_states(model, 1)[0]
        spins = spins_of(model, x.astype(float))
        expected = [(spins * np.roll(spins, -r, -1)).sum(0).mean() for r in range(4)]
        found = eqx.filter_jit(correlation_function)(model, jnp.asarray(x))
        np.testing.assert_allclose(found, expected, atol=3e-6)


def test_ordered_states_are_ordered() -> None:
    given = [LatticeIsing(square(4)), LatticePotts(square(4), 3), LatticeXY(square(4))]

    @jax.jit
    def look() -> list[tuple[jax.Array, ...]]:
        states = [(model, model.ordered_state()) for model in given]
        return [(energy_per_site(m, x), magnetization2(m, x), structure_kmin(m, x)) for m, x in states]

    for found in look():
        np.testing.assert_allclose(found, (-2, 1, 0), atol=1e-6)
    assert float(order_parameter(LatticePotts(square(4), 3), jnp.zeros((4, 4), jnp.uint8))) == pytest.approx(
        1
    )
    assert int(domain_wall_length(LatticeIsing(square(4)), jnp.ones((4, 4), jnp.int8).at[1].set(-1))) == 8


def test_large_lattices_keep_their_digits() -> None:
    model = LatticeXY(square(1024), 0.7)
    x = model.ordered_state() + 0.1
    assert float(eqx.filter_jit(energy_per_site)(model, x)) == pytest.approx(-1.4, rel=3e-7)
    assert float(eqx.filter_jit(magnetization2)(model, x)) == pytest.approx(1, rel=2e-6)


def test_new_couplings_and_fields_do_not_recompile() -> None:
    program = eqx.filter_jit(eqx.debug.assert_max_traces(lambda measure, state: measure(state), max_traces=1))
    for coupling, field in ((1.0, 0.0), (0.5, 0.25)):
        model = LatticeIsing(square(4), coupling, field)
        found = program(Measure(model), State(model.ordered_state()))
        assert float(found["energy"]) == pytest.approx(-2 * coupling - field)


class State(NamedTuple):
    position: jax.Array


def test_what_has_no_meaning_is_refused() -> None:
    xy, ising, potts = LatticeXY(square(3)), LatticeIsing(square(3)), LatticePotts(square(3), 3)
    with pytest.raises(TypeError, match="LatticeXY: continuous angles have no domain walls"):
        domain_wall_length(xy, xy.ordered_state())
    with pytest.raises(TypeError, match="a LatticeIsing: should be a clock or XY model"):
        vortices(ising, ising.ordered_state())
    with pytest.raises(TypeError, match="use magnetization2 or largest_fraction"):
        magnetization(potts, potts.ordered_state())
    flat = LatticeClock(square(1, 4, [False, True]), 6)
    with pytest.raises(ValueError, match="axis = 0: is open"):
        correlation_function(flat, flat.ordered_state(), axis=0)
    with pytest.raises(ValueError, match=r"axis = 2: should be within -2 .. 1"):
        correlation_function(flat, flat.ordered_state(), axis=2)
    with pytest.raises(ValueError, match="must be square with at least one plaquette"):
        vortices(flat, flat.ordered_state())
    opened = LatticeIsing(square(3, periodic=False))
    with pytest.raises(ValueError, match="needs a periodic dimension"):
        structure_kmin(opened, opened.ordered_state())
