"""Factors joined into one: joint laws are products, entry by entry."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.hidden.joined import joined
from isotherm.energy.hidden.model import GenerativeModel, generative_model

RNG = np.random.default_rng(3)


def law(size: int, *rest: int, lead: tuple[int, ...] = ()) -> np.ndarray:
    return np.moveaxis(RNG.dirichlet(np.ones(size), (*lead, *rest)), -1, len(lead))


def model(lead: tuple[int, ...] = ()) -> GenerativeModel:
    """Two factors, the second driven by both controls and by the first factor; A's axes in another order."""
    return generative_model(
        A=[law(3, 3, 2, lead=lead), law(2, 2, lead=lead)],
        B=[law(2, 2, 2, lead=lead), law(3, 3, 2, 2, 2, lead=lead)],
        D=[law(2, lead=lead), law(3, lead=lead)],
        goal=[[1, 0], [0, 1, 1]],
        A_dependencies=[[1, 0], [0]],
        B_dependencies=[[0], [1, 0]],
        B_action_dependencies=[[0], [0, 1]],
        num_controls=[2, 2],
        batch_size=lead[0] if lead else None,
    )


def test_joint_laws_are_products() -> None:
    apart = model()
    one = joined(apart)
    A, B = ([np.asarray(tensor) for tensor in tensors] for tensors in (apart.A, apart.B))
    assert one.num_states == (6,)
    assert one.num_controls == (2, 2)
    pairs = list(itertools.product(range(2), range(3)))
    for s, (x, y) in enumerate(pairs):
        assert one.D[0][s] == pytest.approx(float(apart.D[0][x] * apart.D[1][y]))
        np.testing.assert_array_equal(one.A[0][:, s], A[0][:, y, x])
        np.testing.assert_array_equal(one.A[1][:, s], A[1][:, x])
        for u, (first, second) in enumerate(itertools.product(range(2), range(2))):
            expected = [B[0][v, x, first] * B[1][w, y, x, 2 * first + second] for v, w in pairs]
            np.testing.assert_allclose(one.B[0][:, s, u], expected, rtol=1e-6)
    assert one.goal is not None
    assert one.goal[0].tolist() == [0, 1, 1, 0, 0, 0]


def test_a_batch_is_joined_agent_by_agent() -> None:
    batch = model((2,))
    both = joined(batch)
    assert both.batch_size == 2
    for i in range(2):
        alone = joined(jax.tree.map(lambda leaf, i=i: leaf[i], batch))
        jax.tree.map(lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-6), both, alone)


def test_products_that_are_too_large_are_refused() -> None:
    still = jnp.eye(300)[:, :, None]
    many = generative_model(A=[jnp.ones((1, 300))], B=[still] * 3, A_dependencies=[[0]])
    with pytest.raises(ValueError, match=r"num_states = \(300, 300, 300\).*join fewer factors"):
        joined(many)
