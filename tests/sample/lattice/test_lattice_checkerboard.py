"""Checkerboard sweeps: what sites see on every lattice, what they do about it, and where chains end up."""

from types import SimpleNamespace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy.special import iv
from tests.support.stats import assert_mean

from isotherm.energy.lattice.models import LatticeClock, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.shapes import Lattice, chain, cubic, honeycomb, square, triangular
from isotherm.sample.lattice.checkerboard import Checkerboard, checkerboard
from isotherm.sample.run import sample_means

LATTICES = [
    chain(5),
    square(4, 6),
    square(3, 5),
    square(3, 4, (False, True)),
    triangular(3, 6),
    triangular(4, 6),
    honeycomb(4, 6),
    honeycomb(3, 5, False),
    cubic(4, 4, 6),
    cubic(2, 3, 3, False),
]
NUM_CHAINS = 384
BETAS = np.repeat([-0.5, 0.4, 0.9], NUM_CHAINS // 3).astype(np.float32)


def _disordered(lattice: Lattice, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=lattice.has_bond.shape), rng.normal(size=lattice.shape)


def _sites(kernel: Any) -> Checkerboard:
    assert isinstance(kernel, Checkerboard)
    return kernel


@eqx.filter_jit
def _pulls(lattice: Lattice, couplings: Any, fields: Any, spins: Any) -> Any:
    """What each site sees when its colour's turn comes, in the lattice's shape."""
    kernel = _sites(checkerboard(LatticeIsing(lattice, couplings, fields), layout="sites"))
    sites, parts = kernel.sites, kernel.init(spins).parts

    def look(colour: Any, found: Any) -> Any:
        (pull,) = kernel._pull(kernel._seen(parts, colour), colour)
        return sites.replaced(found, colour, pull)

    blank = jnp.zeros((sites.stride, *sites.shape))
    return sites.join(jax.lax.fori_loop(0, sites.num_colours, look, blank))


@pytest.mark.parametrize("lattice", LATTICES, ids=lambda lattice: f"{lattice.kind}{lattice.shape}")
def test_sites_see_their_neighbours(lattice: Lattice) -> None:
    couplings, fields = _disordered(lattice)
    if len(couplings) == 1 or lattice.shape[-1] == 6:
        couplings, fields = couplings.reshape(len(couplings), -1)[:, 0], np.asarray(0.3)
    spins = np.random.default_rng(1).choice([-1, 1], lattice.shape).astype(np.int8)
    found = np.asarray(_pulls(lattice, jnp.float32(couplings), jnp.float32(fields), spins))
    expected = np.broadcast_to(fields, lattice.shape).astype(float).reshape(-1).copy()
    for d, strengths in enumerate(couplings):
        strengths = np.broadcast_to(strengths, lattice.shape)[lattice.has_bond[d]]
        for (start, end), strength in zip(lattice.bonds_along(d), strengths, strict=True):
            expected[start] += strength * spins.flat[end]
            expected[end] += strength * spins.flat[start]
    np.testing.assert_allclose(found.reshape(-1), expected, atol=1e-5)


# --------------------------------------------------------------------------
# Laws of one site, over a grid of random words instead of random ones


def _grid(num: int) -> Any:
    return jnp.asarray((np.arange(num) + 0.5) / num * 2.0**32, jnp.uint32)


@pytest.mark.parametrize("model", [LatticeIsing, 3, 4, 7, 40], ids=str)
def test_heat_bath_draws_the_conditional_law(model: Any) -> None:
    """Ising, Potts and clock of several sizes: shares of a grid are the law, to one point of the grid a value."""
    num, beta = 2**14, jnp.float32(0.8)
    lattice = square(1, 1, False)
    sites = (
        [LatticeIsing(lattice)]
        if model is LatticeIsing
        else [f(lattice, model) for f in (LatticePotts, LatticeClock)]
    )
    for one in sites:
        update = _sites(checkerboard(one, layout="sites")).update
        pulls, gains = _examples(one)
        for pull, gain in zip(pulls, gains, strict=True):
            pull = tuple(jnp.full(num, a) for a in pull)
            part = jnp.zeros(num, one.dtype)
            drawn = np.asarray(
                jax.jit(lambda u=update, p=part, a=pull: u.draw(lambda _: _grid(num), beta, p, a))()
            )
            counts = np.bincount((drawn == 1) if one.dtype == jnp.int8 else drawn, minlength=len(gain))
            law = np.exp(0.8 * (gain - gain.max()))
            np.testing.assert_allclose(counts / num, law / law.sum(), atol=2.0 / num)


def _examples(model: Any) -> tuple[list[tuple[Any, ...]], list[np.ndarray]]:
    """What a site may see, and minus its energy at each value."""
    if isinstance(model, LatticeIsing):
        fields = np.array([-1.3, 0.0, 0.4])
        return [(jnp.float32(h),) for h in fields], [np.array([-h, h]) for h in fields]
    q = model.num_values
    if isinstance(model, LatticePotts):
        values, couplings = np.array([0, 1, 1, q - 1]), np.array([0.5, -1.0, 1.7, 0.9])
        gain = np.array([(couplings * (values == k)).sum() + 0.4 * (k == 0) for k in range(q)])
        return [(jnp.float32(0.4), *couplings.astype(np.float32), *values.astype(np.uint8))], [gain]
    fields = [(0.0, 0.0), (1.1, -2.3), (150.0, 151.0)]
    return (
        [(jnp.float32(x), jnp.float32(y)) for x, y in fields],
        [x * model.cosines + y * model.sines for x, y in fields],
    )


def test_von_mises_leaves_its_law_and_reflections_the_energy() -> None:
    """From the exact law, one update ends in it; from elsewhere it does not stay there."""
    num = 2**16
    update = _sites(checkerboard(LatticeXY(square(1, 1, False)))).update
    metropolis = _sites(checkerboard(LatticeXY(square(1, 1, False)), method="metropolis")).update
    for seed, k in enumerate([0.0, 2.0, 40.0]):
        rng = np.random.default_rng(seed)
        pull = (jnp.full(num, 0.6 * k, jnp.float32), jnp.full(num, -0.8 * k, jnp.float32))
        start = (rng.vonmises(np.arctan2(-0.8, 0.6), k, num) % (2 * np.pi)).astype(np.float32)
        words = jnp.asarray(rng.integers(2**32, size=(4, num)), jnp.uint32)
        for one in (update, metropolis):
            after = np.asarray(
                jax.jit(lambda w, p, a, u=one: u.draw(lambda i: w[i], jnp.float32(1), p, a))(
                    words, start, pull
                )
            )
            assert after.min() >= 0
            assert after.max() < 2 * np.pi
            assert np.mean(after != start) > 0.5
            turned = after[:, None] - np.arctan2(-0.8, 0.6)
            moments = np.concatenate([np.cos([1, 2] * turned), np.sin([1, 2] * turned)], axis=1)
            ratio = [iv(n, k) / iv(0, k) for n in (1, 2)] if k < 30 else [1 - 1 / 80 - 1 / 12800, None]
            exact = np.array([*ratio, 0.0, 0.0], float)
            keep = ~np.isnan(exact)
            assert_mean(moments.reshape(64, -1, 4).mean(1)[:, keep], exact[keep])
        reflected = np.asarray(jax.jit(update.reflect)(start, pull))
        energy = [0.6 * np.cos(a.astype(float)) - 0.8 * np.sin(a.astype(float)) for a in (start, reflected)]
        if k:
            np.testing.assert_allclose(energy[0], energy[1], atol=2e-6)
            np.testing.assert_allclose(
                np.cos(np.asarray(jax.jit(update.reflect)(reflected, pull)) - start), 1, atol=1e-6
            )


# --------------------------------------------------------------------------
# Chains against enumeration, three temperatures in one run


def _observe(state: Any, model: Any) -> Any:
    """Energy, sites and pairs: of sites, whether they have value 1, and whether 2."""
    x = state.position
    flat = jnp.concatenate([(x.reshape(-1) == 1), (x.reshape(-1) == 2)]).astype(jnp.result_type(float))
    pairs = (flat[:, None] * flat[None])[np.triu_indices(len(flat), 1)]
    return jnp.concatenate([model.energy(x)[None], flat, pairs])


class _Exact:
    """Enumeration in float64."""

    def __init__(self, model: Any) -> None:
        lattice, is_ising = model.lattice, isinstance(model, LatticeIsing)
        codes = np.indices((2 if is_ising else model.num_values,) * lattice.num_sites).reshape(
            lattice.num_sites, -1
        )
        states = (2 * codes - 1 if is_ising else codes).T.reshape(-1, *lattice.shape).astype(model.dtype)
        with jax.enable_x64(True):
            moments = jax.jit(jax.vmap(lambda x: _observe(SimpleNamespace(position=x), model)))(states)
        self.moments = np.asarray(moments, np.float64)

    def __call__(self, beta: float) -> np.ndarray:
        log_weights = -beta * self.moments[:, 0]
        weights = np.exp(log_weights - log_weights.max())
        return weights @ self.moments / weights.sum()


MODELS = [
    LatticeIsing(triangular(3, 3), *_disordered(triangular(3, 3), 1)),
    LatticePotts(square(2, 3, (False, True)), 3, *_disordered(square(2, 3, (False, True)), 2)),
    LatticeClock(chain(4), 5, [1.0], 0.3),
]


@pytest.mark.parametrize(
    ("model", "method"),
    [
        pytest.param(
            model, method, marks=[pytest.mark.slow] * (model is not MODELS[0] or method != "heat-bath")
        )
        for model in MODELS
        for method in ("heat-bath", "metropolis")
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_moments_are_exact_at_a_beta_a_chain(model: Any, method: Any) -> None:
    """And would not be at a beta 5 % off at the coldest."""
    kernel = checkerboard(model, BETAS, method=method, layout="sites")
    found = sample_means(
        jax.random.key(3),
        kernel,
        Partial(lambda key, model: model.random_state(key), model=model),
        num_warmup=40,
        num_samples=250,
        num_chains=NUM_CHAINS,
        observe=Partial(_observe, model=model),
    )
    means, exact = np.asarray(found.means), _Exact(model)
    for beta in np.unique(BETAS):
        assert_mean(means[beta == BETAS], exact(float(beta)))
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(means[BETAS[-1] == BETAS], exact(0.95 * float(BETAS[-1])))


@pytest.mark.slow
@pytest.mark.parametrize(("method", "over_relaxation"), [("heat-bath", 1), ("metropolis", 0)])
def test_xy_energies_are_exact(method: Any, over_relaxation: int) -> None:
    """An open chain against Bessel functions, with couplings of either sign, and a beta 5 % off that fails."""
    couplings = np.array([[1.0, -0.5, 1.5, 0.8, -1.2]], np.float32)
    model = LatticeXY(chain(5, False), couplings)
    betas = np.repeat([0.5, 2.0], 128).astype(np.float32)
    kernel = checkerboard(model, betas, method=method, over_relaxation=over_relaxation)
    found = sample_means(
        jax.random.key(5),
        kernel,
        Partial(lambda key, model: model.random_state(key), model=model),
        num_warmup=60,
        num_samples=400,
        num_chains=256,
        observe=Partial(lambda state, model: model.energy(state.position), model=model),
    )
    means, bonds = np.asarray(found.means), couplings[0, :4].astype(float)

    def exact(beta: float) -> np.ndarray:
        return np.asarray(-(bonds * iv(1, beta * bonds) / iv(0, beta * bonds)).sum())

    for beta in (0.5, 2.0):
        assert_mean(means[betas == beta], exact(beta))
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(means[betas == 2.0], exact(1.9))


def test_nothing_is_compiled_again_for_other_numbers() -> None:
    """Ten of beta, coupling and field."""
    lattice, traces = square(4, 4), []

    @eqx.filter_jit
    def run(kernel: Any, key: Any, start: Any) -> Any:
        traces.append(1)
        return kernel.step(key, kernel.init(start))[0].position

    for i in range(10):
        model = LatticeClock(lattice, 3, 1.0 + 0.1 * i, 0.1 * i)
        run(checkerboard(model, 0.1 * i), jax.random.key(i), np.zeros((4, 4), np.uint8))
    assert len(traces) == 1


def test_one_chain_moves_as_it_does_among_others() -> None:
    """Alone, in an axis of chains, and as the first of two: three ways to compute the same sweep."""
    model = LatticePotts(square(4, 6), 3)
    kernel, keys = checkerboard(model, 0.7), jax.random.split(jax.random.key(1), 2)
    chains, starts = kernel.over_chains(), jnp.stack([model.random_state(key) for key in keys])
    alone = eqx.filter_jit(kernel.step)(keys[0], kernel.init(starts[0]))[0].position
    for num in (1, 2):
        state = eqx.filter_jit(chains.step)(keys[:num], chains.init(starts[:num], keys[:num]))[0]
        np.testing.assert_array_equal(chains.view(state).position[0], alone)


def test_refusals_name_what_is_wrong() -> None:
    """Before any work; names that annotations exclude are refused too where nobody checks annotations."""
    model, potts = LatticeIsing(square(4, 4)), LatticePotts(square(4, 4), 3)
    unchecked: Any = getattr(checkerboard, "__wrapped__", checkerboard)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (model, {"beta": float("nan")}, "beta = nan"),
        (model, {"over_relaxation": -1}, "over_relaxation = -1"),
        (model, {"over_relaxation": 1}, "over_relaxation = 1"),
        (potts, {"layout": "packed"}, "layout = 'packed'"),
        (model, {"method": "glauber"}, "method = 'glauber'"),
        (model, {"layout": "dense"}, "layout = 'dense'"),
        ("ising", {}, "model = 'ising': should be a lattice model"),
    ]
    for of, arguments, message in cases:
        with pytest.raises((ValueError, TypeError), match=message):
            unchecked(of, **arguments)
