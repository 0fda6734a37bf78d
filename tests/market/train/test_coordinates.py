"""Trained numbers in a row, there and back: of one set, of several, of chains."""

import jax.numpy as jnp
import numpy as np

from isotherm.market.train.coordinates import Coordinates, coordinates_of


def test_coordinates_hold_what_is_trained_and_give_it_back() -> None:
    rng = np.random.default_rng(0)
    params = {"sp_k": rng.normal(size=(4, 3)), "phi": np.ones((4, 2)), "a": rng.normal(size=(4, 1))}
    places = coordinates_of(params, {"sp_k": True, "phi": False, "a": True})
    assert (places.names, places.shapes, places.size) == (("a", "sp_k"), ((1,), (3,)), 4)
    assert places.labels == ("a", "sp_k[0]", "sp_k[1]", "sp_k[2]")
    rows = places.rows(params)
    np.testing.assert_array_equal(rows, np.concatenate([params["a"], params["sp_k"]], axis=1))
    np.testing.assert_array_equal(places.rows({name: value[2] for name, value in params.items()}), rows[2])
    other = places.placed(rows + 1, params)
    np.testing.assert_array_equal(other["sp_k"], params["sp_k"] + 1)
    np.testing.assert_array_equal(other["a"], params["a"] + 1)
    np.testing.assert_array_equal(other["phi"], params["phi"])


def test_draws_of_chains_become_parameters() -> None:
    places = Coordinates(("a", "b", "c"), ((2,), (), (2, 3)))
    params = {"a": jnp.arange(2.0), "b": jnp.asarray(7.0), "c": jnp.arange(6.0).reshape(2, 3)}
    row = places.rows(params)
    assert places.size == len(row) == len(places.labels) == 9
    assert places.labels[:3] == ("a[0]", "a[1]", "b")
    back = places.params(jnp.stack([row, row + 1]))
    assert {name: value.shape for name, value in back.items()} == {"a": (2, 2), "b": (2,), "c": (2, 2, 3)}
    for name, value in params.items():
        np.testing.assert_array_equal(back[name][1], np.asarray(value) + 1)
