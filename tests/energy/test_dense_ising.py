import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.zoo import random_model

from isotherm.energy.dense import Ising


def test_energy_counts_each_pair_once() -> None:
    model = random_model(0, 5)
    for state in itertools.product((-1, 1), repeat=5):
        s = np.array(state, np.float64)
        pairs = sum(
            float(model.couplings[i, j]) * s[i] * s[j] for i, j in itertools.combinations(range(5), 2)
        )
        expected = -float(np.asarray(model.biases, np.float64) @ s) - pairs
        assert float(model.energy(jnp.asarray(state, jnp.int8))) == pytest.approx(expected, abs=1e-5)


def test_is_a_pytree_of_parameters() -> None:
    model = random_model(1, 3)
    assert len(jax.tree.leaves(model)) == 2
    assert jax.tree.map(lambda x: 2 * x, model).biases[0] == 2 * model.biases[0]
    assert model.num_spins == 3


def test_scalar_coupling_fills_every_pair() -> None:
    np.testing.assert_array_equal(Ising.checked([0.0, 0.0], 0.3).couplings, np.float32([[0, 0.3], [0.3, 0]]))


@pytest.mark.parametrize(
    ("biases", "couplings", "message"),
    [
        ([], np.zeros((0, 0)), "at least one spin"),
        ([[0.0]], 0.0, "one-dimensional"),
        ([0.0, np.nan], 0.0, "biases = nan: must be finite"),
        ([0.0, 0.0], [[0, np.inf], [np.inf, 0]], "couplings = inf: must be finite"),
        ([0.0, 0.0], [[0, 1], [2, 0]], r"couplings\[0, 1\] = 1.0: must equal couplings\[1, 0\]"),
        ([0.0, 0.0], [[1, 0], [0, 0]], r"couplings\[0, 0\] = 1.0: the diagonal must be zero"),
    ],
)
def test_refuses_bad_parameters_in_one_line(biases: object, couplings: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Ising.checked(biases, couplings)
    assert "\n" not in str(caught.value)
