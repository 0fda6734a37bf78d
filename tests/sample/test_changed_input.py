"""Input that float32, int32 or a key would take for something else is refused, or means what it says."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.dense import Ising
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.disorder import gaussian_couplings, gaussian_fields, plus_minus_couplings
from isotherm.energy.lattice.models import LatticeIsing
from isotherm.energy.lattice.shapes import square
from isotherm.energy.models import ising, p_spin, potts, random_field_ising
from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.energy.variables import categorical, spin
from isotherm.exact.exact import exact
from isotherm.random.keys import checked_seed, run_keys, seeded
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import initial_state
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.metropolis.independence import independence
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.metropolis.langevin import mala
from isotherm.sample.run import sample
from isotherm.sample.temperatures.annealing import anneal
from isotherm.sample.temperatures.tempering import tempering

NAN, INF = float("nan"), float("inf")
PAIR = ising([[0, 1]], 0.5, [0.1, 0.2])
DENSE = Ising.checked([0.1, 0.2], 0.3)
LATTICE = LatticeIsing(square(4))
TILTED = Tilted(GaussianPolicy(jnp.zeros(1), jnp.eye(1)), QuadraticReward(jnp.eye(1), jnp.ones(1)))

REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: Factor.of(("s", "s"), [[0, 2**32]], 0.5), r"factor.variables\[0\] = \[0, 4294967296\]: variables are"),
    (lambda: Factor.of(("s", "s"), [[0, -(2**32)]], 0.5), r"factor.variables\[0\]"),
    (lambda: Factor.of("s", np.array([2**63], np.uint64), 0.5), r"factor.variables\[0\]"),
    (lambda: ising([[0, 2**32]], 1.0), r"edges\[0\] = \[0, 4294967296\]"),
    (lambda: potts([[0, 1], [1, 2**31]], 3, 1.0), r"edges\[1\]"),
    (lambda: p_spin([[0, 1, 2**32]], 1.0), r"scopes\[0\]"),
    (lambda: spin(2**31), "size = 2147483648: should be at most"),
    (lambda: ising([[0, 1]], 1e39), r"couplings = 1e\+39: must be within ±1e\+30"),
    (lambda: ising([[0, 1]], 1.0, [0.0, -1e39]), r"biases = -1e\+39"),
    (lambda: potts([[0, 1]], 3, 1.0, [0.0, 1.0, -1e200]), r"fields = -1e\+200"),
    (lambda: Ising.checked([0.1, 0.2], [[0, 1e39], [1e39, 0]]), r"couplings = 1e\+39"),
    (lambda: LatticeIsing(square(4), 1e39), r"coupling = 1e\+39"),
    (lambda: gaussian_couplings(jax.random.key(0), square(4), 1e39), r"mean = 1e\+39"),
    (lambda: gaussian_couplings(jax.random.key(0), square(4), std=1e31), r"std = "),
    (lambda: gaussian_fields(jax.random.key(0), square(4), float("inf")), r"std = inf"),
    (lambda: plus_minus_couplings(jax.random.key(0), square(4), strength=float("nan")), r"strength = nan"),
    (lambda: random_field_ising(jax.random.key(0), [[0, 1]], strength=1e39), r"strength = 1e\+39"),
    (lambda: LatticeIsing(square(4), jnp.inf * jnp.ones(2)), "coupling = inf: must be finite"),
    (lambda: FactorGraph.of({"s": spin(2)}, [Factor(np.full(2, 1e35), PAIR.factors[0].scope)]), "weights should be"),
    *((lambda door=door: door(NAN), "beta = nan") for door in (
        lambda b: gibbs(PAIR, b), lambda b: gibbs(DENSE, b), lambda b: swendsen_wang(PAIR, b),
        lambda b: wolff(PAIR, b), lambda b: informed(PAIR, b), lambda b: exact(PAIR, b),
        lambda b: exact(DENSE, b), lambda b: initial_state(jax.random.key(0), PAIR, b),
        lambda b: checkerboard(LATTICE, b), lambda b: mala(TILTED, b, 0.1), lambda b: independence(TILTED, b),
    )),
    *((lambda door=door: door(1e308), r"beta = 1e\+308") for door in (
        lambda b: exact(PAIR, b), lambda b: exact(DENSE, b), lambda b: checkerboard(LATTICE, b),
        lambda b: swendsen_wang(LATTICE, b), lambda b: mala(TILTED, b, 0.1), lambda b: independence(TILTED, b),
    )),
    (lambda: tempering(lambda b: gibbs(PAIR, b), [0.5, INF], PAIR), "betas = .*must be finite"),
    (lambda: anneal(jax.random.key(0), PAIR, np.array([0.5, NAN])), "betas = .*must be finite"),
    (lambda: swendsen_wang(PAIR, -1.0), "beta = -1.0: must be at least 0"),
    *((lambda seed=seed: seeded(seed), "seed = ") for seed in (-1, 2**32, 2**64, 0.5, True, "7")),
    (lambda: run_keys(0, 2**31 - 1, 2), "runs are numbered"),
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(REFUSED)))
def test_what_would_change_its_meaning_is_refused(at: int) -> None:
    call, message = REFUSED[at]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_the_ends_of_the_ranges_are_allowed() -> None:
    assert checked_seed(np.uint32(2**32 - 1)) == 2**32 - 1
    assert (jax.random.key_data(seeded(7)) == jax.random.key_data(jax.random.key(7))).all()
    assert gibbs(PAIR, -0.5).beta == np.float32(-0.5)
    forbidding = Factor.of("c", [0], [[-np.inf, 1e30, 0.0]])
    assert FactorGraph.of({"c": categorical(1, 3)}, [forbidding]).num_variables == 1


@pytest.mark.parametrize("beta", [1e30, 1e308, INF])
def test_a_beta_without_bound_freezes_what_is_pulled_and_nothing_else(beta: float) -> None:
    fields = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 3.0], [1e-9, 0.0, -1e9]])
    models = [
        (ising([[0, 1]], 0.0, [0.0, 1e-6, -1e6], 3), "s", np.array([0.0, 1.0, -1.0])),
        (
            FactorGraph.of({"c": categorical(3, 3)}, [Factor.of("c", [0, 1, 2], fields)]),
            "c",
            np.array([1, 1.5, 0]),
        ),
    ]
    for graph, name, right in models:
        first = {name: jnp.ones((64, 3), graph.variables[name].dtype)}
        draws = sample(jax.random.key(0), gibbs(graph, beta), first, num_warmup=1, num_samples=200)
        np.testing.assert_allclose(draws.mean[name], right, atol=0.05)


def test_a_frozen_pair_tells_no_error() -> None:
    pair = ising([[0, 1]], 10.0, [1.0, 0.0])
    first = {"s": jnp.ones((8, 2), jnp.int8)}
    draws = sample(jax.random.key(0), gibbs(pair), first, num_warmup=5, num_samples=50)
    assert "±" not in str(draws)
    assert str(draws).count("no chain ever moved") == 2
    assert np.isnan(draws.mcse["s"]).all()
