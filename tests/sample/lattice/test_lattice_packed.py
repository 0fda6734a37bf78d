"""Packed Ising sweeps: bit for bit against NumPy, against enumeration, Kaufman, Onsager and Yang."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.lattice.disorder import plus_minus_couplings
from isotherm.energy.lattice.models import LatticeIsing
from isotherm.energy.lattice.observables import measure
from isotherm.energy.lattice.shapes import cubic, honeycomb, square, triangular
from isotherm.exact.lattice.onsager import kaufman, onsager, spontaneous_magnetization
from isotherm.random.seeds import key_words, lanes_at
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.lattice.packed.bands import PackedBands
from isotherm.sample.lattice.packed.choice import SitesOrReplicas
from isotherm.sample.lattice.packed.replicas import PackedReplicas
from isotherm.sample.run import sample, sample_means
from support.stats import assert_mean


def _words(lanes, count):
    """xoshiro128++ in NumPy."""
    s0, s1, s2, s3 = (np.asarray(s) for s in lanes)
    for _ in range(count):
        total = s0 + s3
        yield ((total << 7) | (total >> 25)) + s0
        shifted = s1 << 9
        s2, s3 = s2 ^ s0, s3 ^ s1
        s1, s0 = s1 ^ s2, s0 ^ s3
        s2, s3 = s2 ^ shifted, (s3 << 11) | (s3 >> 21)


def _numbers(seeds, part, shape):
    """The 24 bits that each site of a part is decided by, ``(rows, width)``: 16 of its own, 8 of its word."""
    rows, width = shape[0] // 32, shape[1] // 2
    counts = jnp.uint32(1 + part * rows * width) + jnp.arange(rows * width, dtype=jnp.uint32)
    common, *own = _words(lanes_at(seeds, counts.reshape(rows, width)), 17)
    bit = np.arange(32, dtype=np.uint32)[:, None, None]
    digits = [np.broadcast_to(common[None] >> k & 1, (32, rows, width)) for k in range(8)]
    digits += [words[None] >> bit & 1 for words in own]
    number = sum((1 - d.astype(np.int64)) << k for k, d in enumerate(digits))
    return number.reshape(shape[0], width)


def _local_fields(model, x):
    total = np.full(x.size, float(model.field))
    couplings = np.broadcast_to(
        np.asarray(model.coupling, float).reshape(
            len(model.coupling), *np.shape(model.coupling)[1:] or (1, 1)
        ),
        model.lattice.has_bond.shape,
    )
    for d, exists in enumerate(model.lattice.has_bond):
        for (i, j), strength in zip(model.lattice.bonds_along(d), couplings[d][exists], strict=True):
            total[i] += strength * x.flat[j]
            total[j] += strength * x.flat[i]
    return total.reshape(x.shape)


def _sweep(model, beta, method, seeds, x):
    """One sweep by whole numbers, site by site."""
    x, place = x.copy(), np.arange(x.shape[0])[:, None]
    for part in range(2):
        columns = 2 * np.arange(x.shape[1] // 2) + (place + part) % 2
        number = _numbers(seeds, part, x.shape)
        field, spins = _local_fields(model, x)[place, columns], x[place, columns]
        if method == "metropolis":
            level = 15 / 16 * np.exp(np.minimum(-2 * beta * field * spins, 0))
            new = np.where(number < np.round(level * 2**24), -spins, spins)
        elif float(model.field):
            new = np.where(number < np.round(2**24 / (1 + np.exp(-2 * beta * field))), 1, -1)
        else:
            level = np.round(2**24 / (1 + np.exp(2 * beta * np.abs(field))))
            new = np.where(field > 0, 1, -1) * np.where(number < level, -1, 1)
        x[place, columns] = new
    return x


@pytest.mark.parametrize(
    ("periodic", "coupling", "field", "method"),
    [
        (True, 1.0, 0.0, "heat-bath"),
        pytest.param(False, [-0.5, 1.0], 0.25, "heat-bath", marks=pytest.mark.slow),
        ((False, True), "signs", 0.5, "metropolis"),
    ],
)
def test_sweeps_are_bit_for_bit_those_of_numpy(periodic, coupling, field, method):
    lattice = square(64, 6, periodic=periodic)
    if coupling == "signs":
        coupling = plus_minus_couplings(jax.random.key(5), lattice)
    model = LatticeIsing(lattice, coupling, field)
    kernel = checkerboard(model, 0.375, method=method, layout="packed")
    assert isinstance(kernel, PackedBands)
    start, key = model.random_state(jax.random.key(1)), jax.random.key(2)
    after, info = eqx.filter_jit(kernel.step)(key, kernel.init(start))
    expected = _sweep(model, 0.375, method, key_words(key), np.asarray(start).astype(int))
    np.testing.assert_array_equal(after.position, expected)
    assert info.moved == pytest.approx((expected != np.asarray(start)).mean())
    for name, value in kernel.measure(after).items():
        assert value == pytest.approx(float(measure(model, after.position)[name]), abs=1e-6)


def _moments(state):
    x = state.position.reshape(-1).astype(jnp.float32)
    return jnp.concatenate([x, (x[:, None] * x[None])[jnp.triu_indices(len(x), 1)]])


def _exact_moments(model, betas):
    """Of all ``2^n`` states, for each inverse temperature."""
    n, lattice = model.lattice.num_sites, model.lattice
    states = 1.0 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    energies = -float(model.field) * states.sum(1)
    for d, strength in enumerate(np.asarray(model.coupling, float)):
        start, end = lattice.bonds_along(d).T
        energies -= (states[:, start] * states[:, end]) @ np.broadcast_to(strength, lattice.shape).flat[start]
    rows, columns = np.triu_indices(n, 1)
    for beta in betas:
        weights = np.exp(-beta * (energies - energies.min()))[:, None]
        weights /= weights.sum()
        pairs = (states * weights).T @ states
        yield np.concatenate([(states * weights).sum(0), pairs[rows, columns]])


REPLICAS = [
    (square(4), 0.5, 0.0, "heat-bath"),
    (cubic(2, 2, 3, periodic=False), "signs", -0.25, "metropolis"),
    (honeycomb(4), np.array([-0.25, 0.75]), 0.125, "heat-bath"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("lattice", "coupling", "field", "method"), REPLICAS)
def test_replicas_have_the_moments_of_enumeration(lattice, coupling, field, method):
    if isinstance(coupling, str):
        coupling = 0.5 * plus_minus_couplings(jax.random.key(5), lattice)
    model = LatticeIsing(lattice, coupling, field)
    betas = np.repeat([0.7, 1.2], 250)
    kernel = checkerboard(model, jnp.asarray(betas, jnp.float32), method=method, layout="packed")
    assert isinstance(kernel, PackedReplicas)
    means = sample_means(
        jax.random.key(3),
        kernel,
        model.random_state,
        num_warmup=50,
        num_samples=150,
        thin=2,
        num_chains=500,
        observe=_moments,
    ).means
    hot, cold, wrong = _exact_moments(model, (0.7, 1.2, 1.14))
    assert_mean(np.asarray(means)[betas == 0.7], hot)
    assert_mean(np.asarray(means)[betas == 1.2], cold)
    if not field:
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(np.asarray(means)[betas == 1.2], wrong)


@pytest.mark.slow
def test_energies_of_a_torus_are_kaufmans():
    betas = np.repeat([0.3, 0.43, 0.5], 32)
    model = LatticeIsing(square(64))
    kernel = checkerboard(model, jnp.asarray(betas, jnp.float32))
    start = jnp.broadcast_to(model.ordered_state(), (len(betas), 64, 64))
    means = sample_means(
        jax.random.key(4), kernel, start, num_warmup=1000, num_samples=500, thin=10, observe=_energy_powers
    ).means
    for beta in (0.3, 0.43, 0.5):
        energy, square_of_it = np.asarray(means, np.float64)[betas == beta].T
        exact = kaufman(64, 64, beta)
        assert_mean(energy[:, None], np.array([exact["energy_per_site"]]))
        wanted = exact["energy_per_site"] ** 2 + exact["heat_capacity_per_site"] / (beta**2 * 64**2)
        assert_mean(square_of_it[:, None], np.array([wanted]))
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(energy[:, None], np.array([kaufman(64, 64, beta * 0.98)["energy_per_site"]]))


def _energy_powers(state):
    energy = measure(LatticeIsing(square(64)), state.position)["energy"]
    return jnp.stack([energy, energy**2])


@pytest.mark.slow
def test_large_lattices_are_onsagers_and_yangs():
    temperatures = np.array([1.5, 2.0, 2.15, 2.5, 3.0])
    model = LatticeIsing(square(512))
    kernel = checkerboard(model, jnp.asarray(np.repeat(1 / temperatures, 6), jnp.float32))
    start = jnp.broadcast_to(model.ordered_state(), (30, 512, 512))
    means = sample_means(
        jax.random.key(6), kernel, start, num_warmup=300, num_samples=40, thin=10, observe=kernel.measure
    ).means
    energy, magnetization = (
        np.asarray(means[name], np.float64).reshape(5, 6) for name in ("energy", "magnetization")
    )
    for k, temperature in enumerate(temperatures):
        exact = np.array(
            [onsager(1 / temperature)["energy_per_site"], spontaneous_magnetization(1 / temperature)]
        )
        assert_mean(np.stack([energy[k], magnetization[k]], 1), exact)
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(energy[k][:, None], np.array([onsager(1.02 / temperature)["energy_per_site"]]))


def test_values_change_without_compiling_again(compiled):
    def run(beta: float, coupling: float):
        model = LatticeIsing(square(64, 4), coupling)
        kernel = checkerboard(model, beta)
        sample(
            jax.random.key(0),
            kernel,
            model.random_state,
            num_chains=2,
            num_warmup=0,
            num_samples=1,
            observe=lambda state: state.even.sum(),
        )

    run(0.1, 1.0)
    before = len(compiled())
    assert "jit(_run)" in compiled()
    for beta in (0.2, 0.4, 0.6, 0.8, 1.0):
        run(beta, 1 - beta / 4)
    assert "jit(_run)" not in compiled()[before:]


def test_auto_packs_what_it_can():
    assert isinstance(checkerboard(LatticeIsing(square(64))), PackedBands)
    assert isinstance(checkerboard(LatticeIsing(cubic(64, 4, 4))), PackedBands)
    assert isinstance(checkerboard(LatticeIsing(square(6))), SitesOrReplicas)
    for model in (LatticeIsing(square(5)), LatticeIsing(square(64), field=np.ones((64, 64)))):
        assert not isinstance(checkerboard(model), PackedBands | SitesOrReplicas)


def test_what_words_cannot_hold_is_refused():
    uneven = np.random.default_rng(0).normal(size=(2, 64, 64))
    for model, message in (
        (LatticeIsing(square(64, 5)), r"shape\[1\] = 5: must be even"),
        (LatticeIsing(triangular(6)), "lattice = 'triangular'"),
        (LatticeIsing(square(64), field=np.ones((64, 64))), r"field.shape = \(64, 64\)"),
        (LatticeIsing(square(64), coupling=uneven), "one magnitude"),
    ):
        with pytest.raises(ValueError, match=message):
            checkerboard(model, layout="packed")
