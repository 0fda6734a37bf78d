import jax.numpy as jnp
import numpy as np

from isotherm.energy.expand import all_values
from isotherm.random.inversion import inverted


def test_the_first_value_whose_running_sum_exceeds_the_share_is_drawn() -> None:
    weights = jnp.array([0.0, 1.0, 0.0, 3.0])
    uniforms = jnp.array([0.0, 0.2499, 0.25, 0.9999])
    found = inverted(jnp.broadcast_to(weights, (4, 4)), uniforms)
    # values without weight are never drawn; an edge belongs to the value above it
    assert found.tolist() == [1, 1, 3, 3]


def test_rounding_of_many_weights_draws_none_of_weight_0() -> None:
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((200, 400)) < 0.5, 0, rng.random((200, 400))).astype(np.float32)
    levels = np.asarray(jnp.cumsum(jnp.asarray(weights), axis=1))
    lifted = (np.diff(levels, axis=1) > 0) & (weights[:, 1:] == 0)
    assert lifted.any()  # the running sum moves where it must not
    rows, places = np.nonzero(lifted)
    shares = np.concatenate([levels[rows, places], levels[rows, places + 1]]) / np.tile(levels[rows, -1], 2)
    drawn = inverted(jnp.asarray(np.tile(weights[rows], (2, 1))), jnp.asarray(shares))
    assert weights[np.tile(rows, 2), drawn].min() > 0


def test_all_values_count_with_the_last_variable_fastest() -> None:
    expected = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    np.testing.assert_array_equal(all_values([2, 3]), expected)
