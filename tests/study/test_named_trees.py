"""Pytrees as the arrays of a chunk, and back."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from isotherm.energy.machines import boltzmann_machine
from isotherm.files.content import npz_bytes, read_npz
from isotherm.learn.descend import descend, first_state
from isotherm.learn.fit import fit
from isotherm.learn.objectives import Sampled
from isotherm.learn.observations import Observations
from isotherm.learn.steps import Slope
from isotherm.study.trees import named_arrays, tree_of


class Point(NamedTuple):
    x: Any
    y: Any


TREE = {
    "a": [np.arange(3, dtype=np.int8), jnp.ones((2, 0))],
    "b": Point(jax.random.key(7), None),
    "c": Point(3, (0.5, True)),
    "d": np.float32(2),
}


def through_a_chunk(tree: Any) -> dict[str, np.ndarray]:
    return read_npz(npz_bytes(named_arrays(tree)))


def test_names_lead_to_the_leaves() -> None:
    assert sorted(named_arrays(TREE)) == [
        "state/a/0", "state/a/1", "state/b/x", "state/c/x", "state/c/y/0", "state/c/y/1", "state/d",
    ]  # fmt: skip
    assert list(named_arrays(np.ones(2), "weights")) == ["weights"]


def test_leaves_come_back_as_what_they_were() -> None:
    back = tree_of(through_a_chunk(TREE), TREE)
    assert jax.tree.structure(back) == jax.tree.structure(TREE)
    assert (back["c"], type(back["d"])) == (TREE["c"], np.float32)
    assert [type(leaf) for leaf in jax.tree.leaves(back["c"])] == [int, float, bool]
    assert isinstance(back["a"][0], np.ndarray)
    assert isinstance(back["a"][1], jax.Array)
    np.testing.assert_array_equal(back["a"][0], TREE["a"][0])
    assert back["a"][1].shape == (2, 0)
    assert jax.random.bits(back["b"].x) == jax.random.bits(TREE["b"].x)


def test_others_names_are_left_alone_and_two_states_fit_into_one_chunk() -> None:
    arrays = named_arrays([1.0], "one") | named_arrays([2.0], "oneself") | {"else": np.ones(3)}
    assert tree_of(arrays, [0.0], "one") == [1.0]
    assert tree_of(arrays, [0.0], "oneself") == [2.0]


def test_a_descent_goes_on_from_a_chunk_bit_for_bit() -> None:
    """Histories are longer than the template's."""

    def slope(key: Any, x: Any, memory: Any) -> Slope:
        return Slope(x - jax.random.normal(key, x.shape), memory + 1, (x**2).sum())

    start, optimizer, memory = jnp.ones(3), optax.adam(0.1), jnp.zeros(2)
    settings: Any = {"steps_per_call": 5, "memory": memory, "score": lambda x: -float(abs(x).sum())}
    whole, first = (
        descend(jax.random.key(0), start, slope, optimizer, num_steps=steps, **settings).state
        for steps in (20, 10)
    )
    state = tree_of(through_a_chunk(first), first_state(start, optimizer, memory=memory))
    later = descend(jax.random.key(0), start, slope, optimizer, num_steps=20, state=state, **settings).state
    assert npz_bytes(named_arrays(later)) == npz_bytes(named_arrays(whole))


def test_a_fit_goes_on_from_a_chunk_bit_for_bit() -> None:
    graph = boltzmann_machine(3)
    rows = Observations.of(graph, np.random.default_rng(0).choice([-1, 1], (40, 3)).astype(np.int8))
    optimizer, objective = optax.adam(0.1), Sampled(num_chains=8)

    def until(num_epochs: int, state: Any = None) -> Any:
        return fit(
            jax.random.key(0),
            graph,
            rows,
            objective,
            optimizer,
            num_epochs=num_epochs,
            batch_size=10,
            held_out=rows,
            state=state,
        ).state

    whole, first = until(4), until(2)
    later = until(4, tree_of(through_a_chunk(first), first))
    assert npz_bytes(named_arrays(later)) == npz_bytes(named_arrays(whole))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state/x": None}, "arrays = 'state/x': is missing"),
        ({"state/z": np.ones(2)}, "arrays = 'state/z': has no place in the template"),
        ({"state": np.ones(2)}, "arrays = 'state': has no place in the template"),
        ({"state/x": np.ones(2, np.float32)}, r"arrays: state/x = dtype\('float32'\): should be of float64"),
    ],
)
def test_other_arrays_are_refused(changes: dict[str, Any], message: str) -> None:
    arrays = named_arrays({"x": np.ones(2)}) | changes
    arrays = {name: array for name, array in arrays.items() if array is not None}
    with pytest.raises(ValueError, match=message):
        tree_of(arrays, {"x": np.zeros(2)})


def test_what_is_no_array_or_has_no_name_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match=r"tree: state/f = .*: should be an array of numbers"):
        named_arrays({"f": np.sin})
    with pytest.raises(TypeError, match=r"tree: state/f = .*: should be an array of numbers"):
        named_arrays({"f": "text"})
    with pytest.raises(ValueError, match="tree = 'state/a/b': is the name of two leaves"):
        named_arrays({"a/b": 1, "a": {"b": 2}})
