"""Agents smooth without joint tables; what they find is what the oracles' smoother finds, whatever the floor."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.models import columns

from isotherm.act.inference.learning import backward
from isotherm.energy.hidden.logs import Floor
from isotherm.exact import smooth
from isotherm.exact.hidden.smoothing import SmoothingFloor, transitions_of

CONTROLS = np.array([0, 1, -1, 0, 1], np.int32)


def window(is_lossy: bool) -> tuple[np.ndarray, np.ndarray]:
    """Filtered beliefs of six steps and B; lossy: a state is believed that could not be reached, twice."""
    rng = np.random.default_rng(3)
    filtered, B = columns(rng, 4, 6).T.astype(float), columns(rng, 4, 4, 2).astype(float)
    if is_lossy:
        B[:, :, 0] = np.eye(4)
        B[:, :, 1] = np.roll(np.eye(4), 1, 0)
        filtered[0] = [1, 0, 0, 0]
        filtered[1] = [1e-18, 0.5, 0.5, 0]
        filtered[4] = [0, 0, 0.25, 0.75]
    return filtered / filtered.sum(1, keepdims=True), B / B.sum(0)


@pytest.mark.parametrize("is_lossy", [False, True])
@pytest.mark.parametrize(
    ("floor", "is_exact", "same"),
    [(None, True, None), (None, False, None), ("reference", True, "reference"), ("reference", False, "ovf")],
)
def test_both_find_the_same(is_lossy: bool, floor: Floor | None, is_exact: bool, same: SmoothingFloor | None):
    with jax.enable_x64(True):
        filtered, B = window(is_lossy)
        laws = jnp.asarray(np.moveaxis(B, 0, -1))
        ours = backward(jnp.asarray(filtered), laws, jnp.asarray(CONTROLS), floor, is_exact)
        oracle = smooth(filtered, transitions_of(jnp.asarray(B), CONTROLS), same)
        used = np.moveaxis(np.asarray(transitions_of(jnp.asarray(B), CONTROLS)), 1, 2)  # curr, next
        ratio, stray = np.asarray(ours.ratio), np.asarray(ours.stray)
        joints = (used * ratio[:, None, :] + stray[:, None, :]) * filtered[:-1, :, None]
    np.testing.assert_allclose(ours.beliefs, oracle.marginals, atol=1e-13)
    np.testing.assert_allclose(np.swapaxes(joints, 1, 2), oracle.joints, atol=1e-13)
    total = np.asarray(ours.beliefs).sum(1)
    assert (abs(total - 1) < 1e-12).all() == (floor is None or not is_lossy)
