"""Exact answers about lattices against each other, and the identities between models."""

import math

import numpy as np
import pytest

from isotherm.energy.lattice.critical import critical_beta, potts_critical_energy, potts_latent_heat
from isotherm.energy.lattice.models import LatticeClock, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.shapes import chain, cubic, honeycomb, square, triangular
from isotherm.exact.exact import exact
from isotherm.exact.lattice.lattice import exact_lattice
from isotherm.exact.lattice.onsager import kaufman, onsager, spontaneous_magnetization
from isotherm.sample.clamp import Clamp


def assert_same(found: dict, expected: dict, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    names = set(found) & set(expected)
    assert {"log_z", "energy_per_site", "heat_capacity_per_site"} <= names
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol, atol, err_msg=name)


def disordered(lattice, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    return {"coupling": rng.normal(size=lattice.has_bond.shape), "field": rng.normal(size=lattice.shape)}


@pytest.mark.parametrize(
    ("lattice", "has_field"),
    [
        (square(3, periodic=[True, False]), True),
        (triangular(3), False),
        (honeycomb(2, 4, [False, True]), True),
    ],
)
def test_enumeration_and_elimination_agree(lattice, has_field: bool) -> None:
    given = disordered(lattice)
    if not has_field:
        given["field"] = 0.0
    for model in (LatticeIsing(lattice, **given), LatticePotts(lattice, 3, **given)):
        enumerated, eliminated = (exact(model, 0.6, method=m) for m in ("enumeration", "elimination"))
        assert_same(eliminated.outputs, enumerated.outputs, rtol=1e-7)


def test_enumeration_averages_what_a_loop_over_states_averages() -> None:
    lattice, q, beta = square(2, 3, [False, True]), 4, 0.7
    model = LatticeClock(lattice, q, **disordered(lattice, 3))
    states = np.indices((q,) * 6).reshape(6, -1).T
    z = 2 * np.pi * states / q
    sites = np.arange(6).reshape(2, 3)
    right = np.roll(sites, -1, 1).reshape(-1)
    across = model.coupling[0].reshape(-1) * np.stack([f(z - z[:, right]) for f in (np.cos, np.sin)])
    energy = -across[0].sum(1) - (model.coupling[1][0] * np.cos(z[:, :3] - z[:, 3:])).sum(1)
    energy -= np.cos(z) @ model.field.reshape(-1)
    p = np.exp(-beta * energy)
    total, p = p.sum(), p / p.sum()
    m = np.abs(np.exp(1j * z).mean(1))
    found = exact(model, beta)
    expected = {
        "log_z": np.log(total),
        "energy_per_site": p @ energy / 6,
        "heat_capacity_per_site": beta**2 * (p @ energy**2 - (p @ energy) ** 2) / 6,
        "magnetization": p @ np.cos(z).mean(1),
        "abs_magnetization": p @ m,
        "magnetization4": p @ m**4,
        "correlation_1": p @ np.cos(z[:, 0] - z[:, 1]),
        "helicity_modulus": (p @ across[0].sum(1) - beta * (p @ across[1].sum(1) ** 2)) / 6,
    }
    assert_same(found.outputs, expected)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_tori_of_any_couplings_are_what_enumeration_finds(beta: float) -> None:
    for lattice, coupling in (
        (square(3, 4), [1.0, 0.7]),
        (square(3, 4), [-0.4, -0.6]),
        (square(3), [0.5, -0.8]),
        (triangular(3, 4), [1.0, 0.7, 0.3]),
        (triangular(3), [-1.0, -1.0, -1.0]),
        (triangular(4, 3), [1.0, -1.0, -0.4]),
    ):
        model = LatticeIsing(lattice, np.array(coupling))
        torus = exact_lattice(LatticeIsing(lattice, np.array(coupling)), beta).outputs
        assert_same(_kaufman(model, beta), torus, atol=1e-10)


def _kaufman(model: LatticeIsing, beta: float) -> dict:
    from isotherm.exact.lattice.torus import ising_torus

    return ising_torus(*model.lattice.shape, beta, (*map(float, model.coupling), 0.0)[:3])


def test_large_tori_come_near_the_infinite_lattice() -> None:
    for k in (0.001, 0.0199, 0.0201, 0.2, 0.6, 2.0):
        torus, infinite = kaufman(96, 96, k), onsager(k)
        for name in ("energy_per_site", "heat_capacity_per_site"):
            assert infinite[name] == pytest.approx(torus[name], rel=1e-9, abs=1e-13)
        ground_states = math.log(2) / 96**2 if k > 0.5 else 0.0
        assert infinite["log_z_per_site"] == pytest.approx(torus["log_z_per_site"] - ground_states, rel=1e-12)
    assert kaufman(64, 64, 50.0)["energy_per_site"] == pytest.approx(-2)
    critical = onsager(math.asinh(1) / 2, coupling=1.0)
    assert critical["energy_per_site"] == pytest.approx(-math.sqrt(2), abs=1e-7)
    assert spontaneous_magnetization(0.44) == 0 < spontaneous_magnetization(0.4407) < 0.6
    assert onsager(0.5, -1.0)["energy_per_site"] == onsager(0.5)["energy_per_site"]


def test_potts_of_two_states_is_ising_at_half_beta() -> None:
    lattice = square(3, 4, [True, False])
    coupling = disordered(lattice)["coupling"]
    potts, ising = exact(LatticePotts(lattice, 2, coupling), 1.4), exact(LatticeIsing(lattice, coupling), 0.7)
    strength = coupling[lattice.has_bond].sum()
    assert potts.log_z == pytest.approx(ising.log_z + 0.7 * strength)
    for name in ("magnetization2", "magnetization4", "heat_capacity_per_site", "correlation_1"):
        assert potts[name] == pytest.approx(ising[name])


def test_clocks_of_two_three_and_four_angles_are_ising_and_potts_models() -> None:
    lattice = square(3)
    ising = exact(LatticeIsing(lattice), 0.5)
    four = exact(LatticeClock(lattice, 4), 1.0)
    assert four.log_z == pytest.approx(2 * ising.log_z)
    assert four["energy_per_site"] == pytest.approx(ising["energy_per_site"])
    assert exact(LatticeClock(lattice, 2), 0.5).log_z == pytest.approx(ising.log_z)
    three, potts = exact(LatticeClock(lattice, 3), 0.8), exact(LatticePotts(lattice, 3, 1.5), 0.8)
    assert three.log_z == pytest.approx(potts.log_z - 0.8 * 0.5 * 18)
    for name in ("magnetization2", "magnetization4", "heat_capacity_per_site", "correlation_1"):
        assert three[name] == pytest.approx(potts[name])


def test_chains_of_rotors_agree_with_quadrature_and_many_angles() -> None:
    couplings = np.array([[1.0, -0.5, 0.7, 2.0]])
    for periodic in (False, True):
        lattice = chain(4, periodic)
        for beta in (0.0, 0.8):
            bessel = exact(LatticeXY(lattice, couplings), beta).outputs
            assert_same(
                exact(LatticeXY(lattice, couplings), beta, method="elimination").outputs, bessel, rtol=1e-7
            )
            clock = dict(exact(LatticeClock(lattice, 24, couplings), beta).outputs)
            clock["log_z"] += 4 * math.log(2 * math.pi / 24)
            clock["log_z_per_site"] = clock["log_z"] / 4
            assert_same(bessel, clock)


def test_small_rotors_agree_with_sixteen_angles() -> None:
    lattice = square(2, periodic=False)
    xy, clock = exact(LatticeXY(lattice), 0.5), exact(LatticeClock(lattice, 16), 0.5)
    assert xy.method == "quadrature"
    for name in ("energy_per_site", "heat_capacity_per_site", "magnetization2"):
        assert xy[name] == pytest.approx(clock[name], rel=1e-7)


def test_critical_points_are_the_published_ones() -> None:
    known = [
        (LatticeIsing(square(4)), 1 / 2.269185314213022),
        (LatticeIsing(square(4), [0.5, 1.0]), 0.6093778634360063),
        (LatticeIsing(triangular(6)), math.log(3) / 4),
        (LatticeIsing(triangular(6), [1.0, 1.0, 1e-12]), 0.4406867935),
        (LatticeIsing(honeycomb(4), 2.0), math.log(2 + math.sqrt(3)) / 4),
        (LatticeIsing(cubic(4)), 0.22165463),
        (LatticePotts(square(4), 5), 1.174359),
        (LatticePotts(square(4), 2, [1.0, 2.0]), 0.6093778634360063),
        (LatticeClock(square(4), 4), math.log(1 + math.sqrt(2))),
        (LatticeXY(square(4)), 1.1199),
    ]
    for model, beta in known:
        assert critical_beta(model) == pytest.approx(beta, rel=1e-6)
    heats = {4: 0.0, 5: 0.052919, 6: 0.201464, 7: 0.353277, 8: 0.486358, 10: 0.696049}
    assert {q: round(potts_latent_heat(q), 6) for q in heats} == heats
    assert potts_critical_energy(4) == -1.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: exact(LatticeIsing(square(30), field=0.1)),
            r"10\^270 states': too many to enumerate, and too wide",
        ),
        (lambda: exact(LatticeXY(square(6))), "too wide for quadrature with 21 angles a site"),
        (lambda: exact(LatticeXY(square(3)), 900.0), "beta = 900.0: is too large for quadrature"),
        (lambda: exact(LatticeXY(chain(5), -1.0), 40.0), "too large for a frustrated ring"),
        (lambda: kaufman(3, 3, 9.0, -1.0), "products of a frustrated torus cancel"),
        (lambda: kaufman(2, 8, 0.4), "rows = 2: should be at least 3"),
        (lambda: onsager(-1.0), "beta = -1.0: should be a finite number, at least 0"),
        (lambda: exact(LatticeIsing(chain(3)), math.nan), "beta = nan: should be a finite number"),
        (
            lambda: exact(LatticeIsing(chain(3)), 1.0, Clamp(np.ones(3, bool), np.ones(3, np.int8))),
            "a lattice takes none",
        ),
        (
            lambda: exact(LatticeXY(chain(3)), 1.0, method="enumeration"),
            "continuous angles cannot be enumerated",
        ),
        (lambda: critical_beta(LatticeIsing(chain(8))), "LatticeIsing on a chain lattice"),
        (lambda: critical_beta(LatticeClock(square(8), 6)), "or more than one"),
        (lambda: critical_beta(LatticeIsing(square(8), field=0.1)), "no field to be critical"),
        (lambda: critical_beta(LatticeIsing(square(8), -1.0)), "must be positive"),
        (lambda: potts_latent_heat(1), "num_states = 1: should be at least 2"),
    ],
)
def test_what_cannot_be_answered_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_output_that_a_method_does_not_know_is_refused_by_name() -> None:
    law = exact(LatticeIsing(square(16)), 0.4)
    assert law.method == "Kaufman"
    with pytest.raises(KeyError, match=r"abs_magnetization.*is not known by Kaufman, which gives log_z"):
        law["abs_magnetization"]
