import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from jaxtyping import Array, Key
from scipy.sparse.csgraph import connected_components
from tests.support.stats import assert_mean

from isotherm.energy.lattice.critical import critical_beta
from isotherm.energy.lattice.graph import to_graph
from isotherm.energy.lattice.models import LatticeClock, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.shapes import Lattice, chain, cubic, honeycomb, square, triangular
from isotherm.estimate.autocorrelation import integrated_time
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.clusters.labels import cluster_labels, wrapping
from isotherm.sample.lattice.checkerboard import checkerboard

BETAS = (0.9, 0.9 * 1.05)
CHAINS = 300
FINE = 18
"""Angles that a quadrature of the XY model needs here: sums over them converge as a power series' tail."""


class Features(eqx.Module):
    """Order parameter, energy, and every site and bond of a state, in one vector."""

    model: Any

    def __call__(self, x: jax.Array) -> jax.Array:
        vectors, lattice = unit_vectors(self.model, x), self.model.lattice
        flat = vectors.reshape(-1, vectors.shape[-1])
        pairs = (flat[lattice.bonds[:, 0]] * flat[lattice.bonds[:, 1]]).sum(1)
        m2 = jnp.square(flat.mean(0)).sum()
        return jnp.concatenate([jnp.stack([m2, self.model.energy(x)]), flat.reshape(-1), pairs])


def unit_vectors(model: Any, x: jax.Array) -> jax.Array:
    """Spins as vectors whose squared mean is ``m²``: shape ``(*shape, components)``."""
    if isinstance(model, LatticeIsing):
        return x[..., None].astype(jnp.float32)
    if isinstance(model, LatticePotts):
        q = model.num_states
        return (jax.nn.one_hot(x, q, dtype=jnp.float32) - 1 / q) * np.float32(np.sqrt(q / (q - 1)))
    angles = model.angles(x)
    return jnp.stack([jnp.cos(angles), jnp.sin(angles)], -1)


def all_states(model: Any) -> jax.Array:
    if isinstance(model, LatticeIsing):
        values, dtype = np.array([-1, 1]), np.int8
    elif isinstance(model, LatticeXY):
        values, dtype = 2 * np.pi * np.arange(FINE) / FINE, np.float32
    else:
        values, dtype = np.arange(model.num_values), np.uint8
    states = np.array(list(itertools.product(values, repeat=model.lattice.num_sites)), dtype)
    return jnp.asarray(states.reshape(-1, *model.lattice.shape))


def exact_features(model: Any, beta: float) -> np.ndarray:
    found = np.asarray(jax.jit(jax.vmap(Features(model)))(all_states(model)), np.float64)
    weights = np.exp(-beta * (found[:, 1] - found[:, 1].min()))
    return weights @ found / weights.sum()


@eqx.filter_jit
def program(key: Key[Array, ""], kernel: Any, features: Features, starts: Array, num_steps: int) -> Any:
    """Mean features of each chain, and improved ones of ``m²``, over steps after a fifth of them."""
    chains = kernel.over_chains()

    def step(carry: Any, at: Array) -> Any:
        state, total = carry
        state, _ = chains.step(jax.random.split(jax.random.fold_in(key, at), len(starts)), state)
        seen = (jax.vmap(features)(state.position), state.clusters.magnetization2)
        is_kept = (at >= num_steps // 5).astype(jnp.float32)
        return (state, jax.tree.map(lambda sums, x: sums + is_kept * x, total, seen)), None

    state = chains.init(starts, None)
    zeros = jax.tree.map(jnp.zeros_like, (jax.vmap(features)(starts), state.clusters.magnetization2))
    (_, total), _ = jax.lax.scan(step, (state, zeros), jnp.arange(num_steps))
    return jax.tree.map(lambda sums: sums / (num_steps - num_steps // 5), total)


def run(method: Any, model: Any, num_steps: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Half of the chains at either of BETAS."""
    betas = jnp.repeat(jnp.array(BETAS, jnp.float32), CHAINS)
    starts = (
        jnp.asarray(np.zeros((len(betas), *model.lattice.shape), model.dtype)) + model.ordered_state()[None]
    )
    found = program(jax.random.key(0), method(model, betas), Features(model), starts, num_steps)
    return np.asarray(found[0]), np.asarray(found[1])


def judge(model: Any, means: np.ndarray, improved: np.ndarray) -> None:
    for at, beta in enumerate(BETAS):
        exact = exact_features(model, beta)
        half = slice(at * CHAINS, (at + 1) * CHAINS)
        assert_mean(means[half], exact)
        assert_mean(improved[half, None], exact[:1])


def disordered(kind: Any, lattice: Lattice, seed: int, *count: int) -> Any:
    """Couplings of both signs, unless clusters need them positive, and fields of both."""
    rng = np.random.default_rng(seed)
    couplings = rng.uniform(0.4, 1.2, (len(lattice.directions), *lattice.shape))
    if kind.__name__ != "LatticePotts" or count == (2,):
        couplings *= rng.choice([-1.0, 1.0], couplings.shape)
    return kind(lattice, *count, couplings, rng.normal(0, 0.4, lattice.shape))


LADDER = square(2, 3, periodic=False)
MODELS: dict[str, Any] = {
    "ising": disordered(LatticeIsing, triangular(3, periodic=(True, False)), 0),
    "ising in a field": LatticeIsing(honeycomb(2, 4, periodic=False), [1.0, -0.5], 0.2),
    "potts 2": disordered(LatticePotts, cubic(2, periodic=False), 2, 2),
    "potts 3": disordered(LatticePotts, LADDER, 3, 3),
    "potts 4": LatticePotts(chain(5), 4, 1.0),
    "clock 3": disordered(LatticeClock, LADDER, 5, 3),
    "clock 5": disordered(LatticeClock, square(2, periodic=False), 7, 5),
    "clock 6": LatticeClock(chain(4), 6, 1.0, 0.3),
    "xy": disordered(LatticeXY, square(2, periodic=False), 8),
}

QUICK = (("ising", swendsen_wang), ("xy", wolff))
SLOW = (
    ("ising in a field", wolff),
    ("potts 2", swendsen_wang),
    ("potts 3", swendsen_wang),
    ("potts 4", wolff),
    ("clock 3", wolff),
    ("clock 5", swendsen_wang),
    ("clock 6", wolff),
)


@pytest.mark.parametrize(("name", "method"), QUICK)
def test_all_moments_are_exact(name: str, method: Any) -> None:
    means, improved = run(method, MODELS[name])
    judge(MODELS[name], means, improved)
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(means[CHAINS:], exact_features(MODELS[name], BETAS[0]))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), SLOW)
def test_moments_of_more_models_are_exact(name: str, method: Any) -> None:
    judge(MODELS[name], *run(method, MODELS[name]))


@pytest.mark.parametrize("lattice", [square(24, 30), triangular(18, periodic=False), cubic(6)])
def test_labels_are_those_of_scipy(lattice: Lattice) -> None:
    shares = np.linspace(0, 1, 5).reshape(-1, *(1,) * lattice.has_bond.ndim)
    is_open = (np.random.default_rng(0).random((5, *lattice.has_bond.shape)) < shares) & lattice.has_bond
    labels = np.asarray(
        jax.jit(lambda o: cluster_labels(lattice, o))(jnp.asarray(np.swapaxes(is_open, 0, 1)))
    )
    for at, bonds in enumerate(is_open):
        kept = [bonds[d][lattice.has_bond[d]] for d in range(len(bonds))]
        pairs = np.concatenate([lattice.bonds_along(d)[open_ones] for d, open_ones in enumerate(kept)])
        net = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(lattice.num_sites,) * 2)
        _, expected = connected_components(net, directed=False)
        _, first = np.unique(expected, return_index=True)
        np.testing.assert_array_equal(labels[at].reshape(-1) - at * lattice.num_sites, first[expected])


def windings(lattice: Lattice, is_open: np.ndarray) -> np.ndarray:
    """Loops that open bonds close, in units of the extents, ``(loops, dimensions)``, by walking each cluster."""
    index = np.array(np.unravel_index(np.arange(lattice.num_sites), lattice.shape)).T
    neighbours: dict[int, list[tuple[int, np.ndarray]]] = {i: [] for i in range(lattice.num_sites)}
    for d, step in enumerate(lattice.directions):
        open_here = is_open[d][lattice.has_bond[d]]
        for a, b in lattice.bonds_along(d)[open_here]:
            neighbours[int(a)].append((int(b), np.array(step)))
            neighbours[int(b)].append((int(a), -np.array(step)))
    place: dict[int, np.ndarray] = {}
    found = []
    for root in range(lattice.num_sites):
        stack = [] if root in place else [root]
        place.setdefault(root, index[root])
        while stack:
            at = stack.pop()
            for other, step in neighbours[at]:
                if other not in place:
                    place[other] = place[at] + step
                    stack.append(other)
                found.append((place[at] + step - place[other]) // lattice.shape)
    return np.array(found).reshape(-1, len(lattice.shape))


@pytest.mark.parametrize(
    "lattice", [square(5), square(4, 6), triangular(4), square(5, periodic=(True, False))], ids=str
)
def test_clusters_that_wind_around_are_found(lattice: Lattice) -> None:
    rng = np.random.default_rng(1)
    is_open = (
        rng.random((200, *lattice.has_bond.shape)) < rng.uniform(0.2, 0.7, (200, 1, 1, 1))
    ) & lattice.has_bond
    found = np.asarray(jax.jit(lambda o: wrapping(lattice, o))(jnp.asarray(np.swapaxes(is_open, 0, 1))))
    expected = [windings(lattice, bonds) for bonds in is_open]
    np.testing.assert_array_equal(
        found, [(loops % 2).any(0) if len(loops) else [False] * 2 for loops in expected]
    )
    np.testing.assert_array_equal(found.any(1), [bool(loops.any()) for loops in expected])
    assert 20 < found.any(1).sum() < 180


def test_the_kernel_tells_wrapping_when_asked() -> None:
    model = LatticeIsing(square(6))
    kernel = swendsen_wang(model, jnp.array([0.0, 50.0], jnp.float32), tells_wrapping=True)
    chains = kernel.over_chains()
    state = chains.init(jnp.ones((2, 6, 6), jnp.int8), None)
    state, _ = eqx.filter_jit(chains.step)(jax.random.split(jax.random.key(0), 2), state)
    np.testing.assert_array_equal(state.clusters.wraps, [[False, False], [True, True]])
    with pytest.raises(ValueError, match="tells_wrapping"):
        swendsen_wang(to_graph(model), tells_wrapping=True)


def test_statistics_of_clusters() -> None:
    model = LatticeIsing(square(6))
    kernel = swendsen_wang(model, jnp.array([0.0, 50.0], jnp.float32))
    chains = kernel.over_chains()
    state = chains.init(jnp.ones((2, 6, 6), jnp.int8), None)
    assert np.isnan(np.asarray(state.clusters.mean_size)).all()
    state, _ = eqx.filter_jit(chains.step)(jax.random.split(jax.random.key(0), 2), state)
    np.testing.assert_array_equal(state.clusters.num_clusters, [36, 1])
    np.testing.assert_allclose(state.clusters.largest, [1 / 36, 1.0], rtol=1e-6)
    np.testing.assert_allclose(state.clusters.mean_size, [1 / 36, 1.0], rtol=1e-6)
    np.testing.assert_allclose(state.clusters.magnetization2, [1 / 36, 1.0], rtol=1e-6)
    assert len(np.unique(np.asarray(state.position)[1])) == 1


def test_values_do_not_recompile() -> None:
    @eqx.filter_jit
    @eqx.debug.assert_max_traces(max_traces=1)
    def step(kernel: Any, key: Array, state: Any) -> Any:
        return kernel.step(key, state)

    lattice = square(4)
    for value in (0.0, 0.5, 1.0):
        kernel = wolff(LatticeXY(lattice, [value, -1.0], np.full((4, 4), value)), value)
        step(kernel, jax.random.key(0), kernel.init(kernel.model.ordered_state()))


@pytest.mark.slow
def test_swendsen_wang_forgets_sooner_than_a_local_kernel_at_the_critical_point() -> None:
    model, chains = LatticeIsing(square(16)), 64
    beta = critical_beta(model)

    @jax.jit
    def series(key: Array, kernel: Any) -> Array:
        many = kernel.over_chains()

        def step(state: Any, at: Array) -> Any:
            state, _ = many.step(jax.random.split(jax.random.fold_in(key, at), chains), state)
            x = many.view(state).position.astype(jnp.float32)
            return state, jnp.square(x.mean((1, 2)))

        start = jnp.broadcast_to(model.ordered_state(), (chains, 16, 16))
        _, found = jax.lax.scan(step, many.init(start, jax.random.split(key, chains)), jnp.arange(1200))
        return found[200:].T

    cluster = integrated_time(np.asarray(series(jax.random.key(0), swendsen_wang(model, beta))))
    local = integrated_time(np.asarray(series(jax.random.key(1), checkerboard(model, beta, layout="sites"))))
    assert 1.5 < cluster.value < 8
    assert local.value - 4 * local.error > 3 * (cluster.value + 4 * cluster.error)


def test_refusals_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"coupling = -0\.5: must be at least 0"):
        swendsen_wang(LatticePotts(square(3), 3, [1.0, -0.5]))
    with pytest.raises(ValueError, match=r"beta = -1\.0: must be at least 0"):
        wolff(LatticePotts(square(3), 3), -1.0)
    with pytest.raises(ValueError, match="beta = nan: must be finite"):
        swendsen_wang(LatticeIsing(square(3)), float("nan"))
    with pytest.raises(ValueError, match=r"position = 'float32\[3\]': must be int8\[3, 3\]"):
        swendsen_wang(LatticeIsing(square(3))).init(jnp.ones(3))
    swendsen_wang(
        LatticePotts(square(3, periodic=False), 3, np.where(square(3, periodic=False).has_bond, 1.0, -1.0))
    )
