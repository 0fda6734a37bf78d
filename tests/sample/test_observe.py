"""Observers: bins and their edges, several observations together, memory from step to step."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from isotherm.sample import Binned, Remember, Together, sample_means
from isotherm.sample.kernel import Kernel
from isotherm.sample.observe import Remembering
from isotherm.sample.run import sample


class Held(NamedTuple):
    position: Any


def value_of(state: Any) -> jax.Array:
    return state.position


def _start(position: Any, key: Any) -> Held:
    del key
    return Held(position)


def counter() -> Kernel:
    """Adds one at each step."""
    return Kernel(
        init=Partial(_start), step=Partial(lambda key, state: (Held(state.position + 1), state.position))
    )


@pytest.mark.parametrize(
    ("value", "at"), [(-9.0, 0), (-0.01, 0), (0.0, 1), (0.99, 1), (1.0, 2), (2.49, 2), (2.5, 3), (7.0, 3)]
)
def test_a_bin_holds_its_lower_edge_and_not_its_upper_one(value: float, at: int) -> None:
    found = Binned(value_of, jnp.asarray([0.0, 1.0, 2.5]))(Held(jnp.float32(value)))
    assert np.asarray(found).tolist() == [float(index == at) for index in range(4)]


def test_the_mean_of_bins_is_a_histogram() -> None:
    binned = Binned(value_of, jnp.asarray([3.0, 5.0]))
    means = sample_means(
        jax.random.key(0), counter(), jnp.zeros(2), num_warmup=0, num_samples=10, observe=binned
    )
    # 1 .. 10: two below 3, two of 3 and 4, six from 5 on
    np.testing.assert_allclose(means.mean, [0.2, 0.2, 0.6], atol=1e-6)


def test_edges_are_refused_unless_they_ascend() -> None:
    for edges in ([1.0, 1.0], [2.0, 1.0], [], [float("nan"), 1.0]):
        with pytest.raises(ValueError, match=r"edges = .*: must be a row of ascending numbers, at least one"):
            Binned(value_of, jnp.asarray(edges))
    Binned(value_of, jnp.asarray([1.0]))


def test_together_keeps_each_observation_by_its_name() -> None:
    both = Together({"twice": lambda state: 2 * state.position, "bins": Binned(value_of, jnp.asarray([3.0]))})
    found = both(Held(jnp.float32(4.0)))
    assert set(found) == {"twice", "bins"}
    assert float(found["twice"]) == 8
    assert np.asarray(found["bins"]).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"parts = \{\}: at least one is needed"):
        Together({})


def test_a_memory_follows_every_step_of_the_kernel() -> None:
    """The last state and the sum of products with it, as an autocorrelation needs."""
    kernel = Remember(
        counter(),
        lambda state: (state.position, 0 * state.position),
        lambda memory, state: (state.position, memory[1] + memory[0] * state.position),
    )
    state, info = kernel.init(jnp.float32(2.0)), None
    assert isinstance(state, Remembering)
    assert float(state.position) == 2
    for _ in range(3):
        state, info = kernel.step(jax.random.key(0), state)
    assert float(state.position) == 5
    assert info == 4, "the kernel's own"
    assert [float(part) for part in state.memory] == [5, 2 * 3 + 3 * 4 + 4 * 5]


def test_each_chain_has_a_memory_of_its_own() -> None:
    kernel = Remember(counter(), value_of, lambda memory, state: jnp.maximum(memory, 10 * state.position))
    draws = sample(
        jax.random.key(0),
        kernel,
        jnp.asarray([0.0, 5.0]),
        num_warmup=1,
        num_samples=2,
        observe=lambda s: s.memory,
    )
    np.testing.assert_array_equal(draws.values, [[20, 30], [70, 80]])
