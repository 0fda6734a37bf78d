"""Random models: their law, shapes and seeds; full control; lifted likelihoods."""

import itertools

import jax
import numpy as np
import pytest
from scipy import stats

from isotherm.energy.hidden.drawn import controllable, lifted, random_laws, random_model

KEY = jax.random.key(0)


@pytest.mark.parametrize("concentration", [1.0, 0.05])
def test_columns_are_dirichlet(concentration: float) -> None:
    """One entry of a symmetric Dirichlet law of four is beta distributed."""
    laws = np.asarray(random_laws(KEY, (4, 3000, 2), concentration), np.float64)
    np.testing.assert_allclose(laws.sum(0), 1, rtol=1e-5)
    law = stats.beta(concentration, 3 * concentration)
    assert stats.kstest(laws[1].ravel(), law.cdf).pvalue > 1e-4
    assert (
        stats.kstest(laws[1].ravel(), stats.beta(1.2 * concentration, 3.6 * concentration).cdf).pvalue < 1e-4
    )


def test_models_have_the_shapes_asked_for_and_follow_the_key() -> None:
    model = random_model(
        KEY,
        [3, 2],
        [2, 1, 4],
        [2, 3],
        A_dependencies=[[2, 0], [1]],
        B_dependencies=[[1, 0], [1], [2]],
        B_action_dependencies=[[0, 1], [], [1]],
    )
    assert [A.shape for A in model.A] == [(3, 4, 2), (2, 1)]
    assert [B.shape for B in model.B] == [(2, 1, 2, 6), (1, 1, 1), (4, 4, 3)]
    assert model.num_controls == (2, 3)
    again, other = (random_model(key, [3], [2], [2]) for key in (KEY, jax.random.key(1)))
    np.testing.assert_array_equal(again.A[0], random_model(KEY, [3], [2], [2]).A[0])
    assert (again.A[0] != other.A[0]).all()
    assert not np.allclose(again.B[0][:, :, 0], again.B[0][:, :, 1])
    assert np.ptp(again.D[0]) > 1e-3
    batch = jax.vmap(lambda key: random_model(key, [3], [2], [2]))(jax.random.split(KEY, 5))
    assert batch.batch_size == 5


def test_a_control_leads_to_its_state() -> None:
    B = controllable(3)
    for a, start, end in itertools.product(range(3), repeat=3):
        assert float(B[end, start, a]) == float(end == a)


def test_lifted_laws_ignore_the_other_factors() -> None:
    law = np.asarray(random_laws(KEY, (2, 4, 3)))
    found = np.asarray(lifted(law, [2, 0], [3, 5, 4]))
    assert found.shape == (2, 3, 5, 4)
    for i, j, k in np.ndindex(3, 5, 4):
        np.testing.assert_array_equal(found[:, i, j, k], law[:, k, i])
    assert lifted([0.5, 0.5], [], [1, 2]).shape == (2, 1, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: random_laws(KEY, (0, 2)), "shape = 0: should be at least 1"),
        (lambda: random_laws(KEY, ()), "shape = '\\[\\]': must have a number"),
        (lambda: random_laws(KEY, (2,), 0.0), "concentration = 0.0"),
        (
            lambda: random_model(KEY, [2], [2, 2], [2]),
            "B_action_dependencies = None: must be given: there are 1",
        ),
        (lambda: controllable(0), "num_states = 0"),
        (lambda: lifted(np.ones((2, 3)), [0], [2, 3]), r"law.shape = \(2, 3\): must be \(events, 2\)"),
        (
            lambda: lifted(np.ones((2, 3)), [2], [2, 3]),
            r"parents\[0\] = 2: factors are numbered within 0 .. 1",
        ),
    ],
)
def test_bad_arguments_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
