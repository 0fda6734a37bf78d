"""The descent loop: against optax by hand, cut anywhere, many sets at once, the best kept, and what is refused."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from isotherm.learn.descend import Descent, DescentState, descend
from isotherm.learn.steps import Slope

KEY = jax.random.key(0)
START = {"x": jnp.array([3.0, -2.0, 1.0]), "y": jnp.array([[0.5], [4.0]])}


class Bowl(eqx.Module):
    """``½ Σ (x - centre)²`` of each leaf, its gradient shaken by a key; counts in Python how often it is traced."""

    centre: jax.Array
    noise: jax.Array
    traced: list[int] = eqx.field(static=True)

    def __call__(self, key: Any, parameters: Any, memory: Any) -> Slope:
        self.traced.append(1)
        shake = self.noise * jax.random.normal(key, ())
        gradient = jax.tree.map(lambda leaf: leaf - self.centre + shake, parameters)
        value = jax.tree.reduce(lambda a, leaf: a + 0.5 * jnp.sum((leaf - self.centre) ** 2), parameters, 0.0)
        return Slope(gradient, memory + 1, value)


def bowl(centre: float = 1.0, noise: float = 0.3) -> Bowl:
    return Bowl(jnp.float32(centre), jnp.float32(noise), [])


def run(gradient: Any = None, optimizer: Any = None, start: Any = START, **changes: Any) -> Descent:
    settings = {"num_steps": 12, "steps_per_call": 4, "memory": jnp.int32(0)} | changes
    return descend(KEY, start, gradient or bowl(), optimizer or optax.adam(0.1), **settings)


def assert_same(one: Any, other: Any) -> None:
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_steps_are_those_of_optax_by_hand() -> None:
    gradient, optimizer = bowl(), optax.adam(0.1)
    parameters, moments, norms, values = START, optimizer.init(START), [], []
    for number in range(12):
        slope = gradient(jax.random.fold_in(KEY, number + 1), parameters, jnp.int32(number))
        norms.append(float(optax.tree.norm(slope.gradient)))
        values.append(float(slope.value))
        with jax.numpy_dtype_promotion("standard"):
            updates, moments = optimizer.update(slope.gradient, moments, parameters)
        parameters = optax.apply_updates(parameters, updates)
    found = run()
    for name, leaf in parameters.items():
        np.testing.assert_allclose(found.parameters[name], leaf, rtol=1e-5)
    np.testing.assert_allclose(found.state.values, values, rtol=1e-5)
    np.testing.assert_allclose(found.state.gradient_norms, np.reshape(norms, (3, 4)).mean(axis=1), rtol=1e-5)
    assert found.state.memory == found.state.step == found.best_step == 12


@pytest.mark.parametrize("stop", [1, 4, 7])
@pytest.mark.parametrize("set_axis", [None, 0])
def test_a_descent_cut_anywhere_equals_an_unbroken_one(stop: int, set_axis: Any) -> None:
    start = START if set_axis is None else {"x": jnp.arange(6.0).reshape(2, 3)}
    gradient = bowl() if set_axis is None else pull
    memory = jnp.int32(0) if set_axis is None else ()

    def until(num_steps: int, state: DescentState | None) -> DescentState:
        settings = {"averaging": 0.5, "score": lambda p: -float(abs(p["x"]).sum()), "memory": memory}
        return run(
            gradient, start=start, set_axis=set_axis, num_steps=num_steps, state=state, **settings
        ).state

    whole, first = until(12, None), until(stop, None)
    cut = until(12, first)
    assert first.step == stop
    assert_same(whole[:4], cut[:4])  # parameters, mean, optimiser, memory
    np.testing.assert_array_equal(whole.values, cut.values)
    if stop % 4 == 0:
        assert_same(whole, cut)


def test_the_length_of_a_call_changes_no_step() -> None:
    short, long = run(steps_per_call=1), run(steps_per_call=12)
    for name in START:
        np.testing.assert_allclose(short.parameters[name], long.parameters[name], rtol=1e-6)
    assert short.state.gradient_norms.shape == (12,)
    assert long.state.gradient_norms.shape == (1,)


def test_values_compile_once_and_an_odd_end_once_more() -> None:
    gradient, optimizer = bowl(), optax.adam(0.1)
    for centre, averaging in ((1.0, 0.5), (2.0, 0.9)):
        moved = eqx.tree_at(lambda g: g.centre, gradient, jnp.float32(centre))
        start = jax.tree.map(lambda leaf, centre=centre: leaf + centre, START)
        run(moved, optimizer, start, averaging=averaging)
    assert len(gradient.traced) == 1
    run(gradient, optimizer, averaging=0.5, num_steps=10)
    assert len(gradient.traced) == 2


# ------------------------------------------------------------------------------
# Sets


def pull(key: Any, parameters: Any, memory: Any) -> Slope:
    """Towards 1, harder the further: another size of gradient in each set."""
    return Slope(jax.tree.map(lambda leaf: (leaf - 1) ** 3, parameters), memory)


CLIPPED = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(0.1))


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("optimizer", [CLIPPED, optax.adamw(0.1)], ids=["clipped", "adamw"])
def test_sets_descend_as_each_by_itself(axis: Any, optimizer: Any) -> None:
    sets = [
        {"x": jnp.array([3.0, -2.0]), "y": jnp.array([[0.5], [4.0]])},
        {"x": jnp.zeros(2), "y": -jnp.ones((2, 1))},
    ]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves, axis), *sets)
    found = run(pull, optimizer, together, memory=(), set_axis=axis)
    assert found.state.gradient_norms.shape == (3, 2)
    for number, one in enumerate(sets):
        alone = run(pull, optimizer, one, memory=())
        for name in one:
            ours = jnp.take(found.parameters[name], number, axis)
            np.testing.assert_allclose(ours, alone.parameters[name], rtol=1e-5)
        np.testing.assert_allclose(
            found.state.gradient_norms[:, number], alone.state.gradient_norms, rtol=1e-5
        )


def climbing(scores: list[list[float]]) -> Callable[[Any], Any]:
    """A score that says what it was told to, a row each time."""
    rows = iter(scores)
    return lambda parameters: np.array(next(rows))


@pytest.mark.parametrize("axis", [0, -1])
def test_each_set_keeps_its_own_best_and_the_best_pair_is_told(axis: Any) -> None:
    seen: list[Any] = []
    start = jnp.moveaxis(1.5 + jnp.arange(6.0).reshape(3, 2), 0, axis)
    scores = [[1.0, 0.0, np.nan], [5.0, 2.0, np.nan], [4.0, 7.0, np.nan]]
    found = run(
        pull,
        start=start,
        memory=(),
        set_axis=axis,
        score=climbing(scores),
        callback=lambda state: seen.append(np.moveaxis(np.asarray(state.parameters), axis, 0)),
    )
    assert (found.best_step, found.best_set) == (12, 1)
    np.testing.assert_array_equal(found.state.best_score, [5.0, 7.0, -np.inf])
    best = np.moveaxis(np.asarray(found.parameters), axis, 0)
    np.testing.assert_array_equal(best[0], seen[1][0])
    np.testing.assert_array_equal(best[1], seen[2][1])
    np.testing.assert_array_equal(best[2], seen[2][2])  # never scored: where it is
    assert np.abs(seen[1] - seen[2]).min() > 0
    np.testing.assert_array_equal(found.state.scored_at, [4, 8, 12])


def test_a_set_that_is_lost_leaves_the_others_alone() -> None:
    start = jnp.array([[2.0], [np.inf]])
    found = run(pull, start=start, memory=(), set_axis=0, score=lambda p: -np.abs(np.asarray(p))[:, 0])
    assert found.best_set == 0
    assert np.isfinite(found.parameters[0]).all()
    with pytest.raises(ValueError, match="optimizer = 'step 4': the gradient is no longer finite"):
        run(pull, start=start[1:], memory=(), set_axis=0)


def test_an_optimiser_that_mends_a_gradient_may_go_on() -> None:
    def broken_once(key: Any, x: Any, memory: Any) -> Slope:
        return Slope(jnp.where(memory == 5, jnp.nan, x - 1), memory + 1)

    found = run(broken_once, optax.apply_if_finite(optax.sgd(0.5), 3), jnp.zeros(2))
    np.testing.assert_allclose(found.parameters, 1 - 0.5**11)


# ------------------------------------------------------------------------------
# What is trained, which way, and what optimisers ask for


def test_what_is_not_trained_is_neither_moved_nor_seen() -> None:
    """Decay would move it, a huge gradient would clip the others, and NaN would spoil all."""

    def slope(key: Any, parameters: Any, memory: Any) -> Slope:
        return Slope({"x": parameters["x"] - 1, "fixed": [jnp.full(2, 1e6), jnp.full(1, jnp.nan)]}, memory)

    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.1, weight_decay=0.5))
    start = {"x": START["x"], "fixed": [jnp.ones(2), jnp.ones(1)]}
    found = run(slope, optimizer, start, memory=(), trained={"x": True, "fixed": False}, averaging=0.3)
    alone = run(lambda key, x, memory: Slope(x - 1, memory), optimizer, START["x"], memory=(), averaging=0.3)
    np.testing.assert_array_equal(found.parameters["x"], alone.parameters)
    np.testing.assert_array_equal(found.state.gradient_norms, alone.state.gradient_norms)
    for leaf in found.parameters["fixed"]:
        np.testing.assert_array_equal(leaf, 1)
    assert np.abs(np.asarray(alone.parameters - START["x"])).min() > 0.01


def test_a_chained_sign_climbs() -> None:
    up, down = (
        run(
            lambda key, x, memory, sign=sign: Slope(sign * (x - 1), memory),
            optimizer,
            jnp.zeros(2),
            memory=(),
        )
        for sign, optimizer in ((-1, optax.chain(optax.scale(-1.0), optax.adam(0.1))), (1, optax.adam(0.1)))
    )
    np.testing.assert_array_equal(up.parameters, down.parameters)
    assert np.asarray(up.parameters).min() > 0.5


@pytest.mark.parametrize("sets", [0, 2])
def test_optimisers_that_ask_for_the_value_get_it(sets: int) -> None:
    """The value never falls, so that the rate is halved every second step, of each set for itself."""
    plateau = optax.contrib.reduce_on_plateau(factor=0.5, patience=1, rtol=0.0, atol=1e-4)

    def flat(key: Any, x: Any, memory: Any) -> Slope:
        value = jnp.where(jnp.arange(sets) == 0, 1.0, -memory) if sets else jnp.float32(1)
        return Slope(jnp.ones_like(x), memory + 1, value)

    start = jnp.zeros((sets, 1)) if sets else jnp.zeros(1)
    optimizer = optax.chain(optax.sgd(1.0), plateau)
    found = run(flat, optimizer, start, set_axis=0 if sets else None, memory=jnp.float32(0))
    assert float(found.parameters.ravel()[0]) > -8  # 12 at the full rate
    if sets:
        assert float(found.parameters[1, 0]) == -12
    assert found.state.values.shape == ((12, 2) if sets else (12,))


# ------------------------------------------------------------------------------
# Scores and patience


def test_patience_counts_scores_without_a_better_one() -> None:
    scores = iter([1.0, 3.0, 3.0, 2.0, 9.0])
    found = run(num_steps=40, score=lambda parameters: next(scores), patience=2)
    assert (int(found.state.step), int(found.state.waited), found.best_step) == (16, 2, 8)
    np.testing.assert_array_equal(found.state.scores, [1, 3, 3, 2])


def test_patience_waits_for_the_best_of_all_sets() -> None:
    scores = climbing([[5.0, 0.0], [1.0, 1.0], [1.0, 4.0], [9.0, 9.0]])
    found = run(pull, start=jnp.zeros((2, 1)), memory=(), set_axis=0, num_steps=40, score=scores, patience=2)
    assert int(found.state.step) == 12
    np.testing.assert_array_equal(found.state.best_score, [5.0, 4.0])


def test_scores_come_as_often_as_asked_and_at_the_end() -> None:
    found = run(num_steps=22, score_every=8, score=lambda parameters: 0.0)
    np.testing.assert_array_equal(found.state.scored_at, [8, 16, 22])
    assert found.best_step == 8


def test_the_mean_is_what_is_scored_and_returned() -> None:
    judged: list[Any] = []
    found = run(averaging=0.9, score=lambda parameters: (judged.append(parameters), len(judged))[1])
    assert_same(judged[-1], found.state.averaged)
    assert_same(found.parameters, found.state.averaged)
    assert not np.array_equal(found.state.averaged["x"], found.state.parameters["x"])


def test_the_host_takes_the_same_steps_and_traces_nothing() -> None:
    def on_host(key: Any, parameters: Any, memory: Any) -> Slope:
        float(parameters["x"][0])  # a traced one would refuse
        return bowl()(key, parameters, memory)

    one, other = run(), run(on_host, is_compiled=False)
    for name in START:
        np.testing.assert_allclose(one.parameters[name], other.parameters[name], rtol=1e-5)
    np.testing.assert_allclose(one.state.values, other.state.values, rtol=1e-5)


def test_float64_stays_float64() -> None:
    with jax.enable_x64(True):
        start = jnp.full(2, 2.0)
        found = descend(
            KEY,
            start,
            lambda key, x, memory: Slope(x - 1, memory),
            optax.sgd(0.5),
            num_steps=20,
            steps_per_call=20,
            averaging=0.1,
            score=lambda x: -float(abs(x - 1).max()),
        )
        assert found.state.parameters.dtype == found.parameters.dtype == jnp.float64
        np.testing.assert_array_equal(found.state.parameters, 1 + 0.5**20)
        assert 0 < -found.state.best_score < 1e-5


# ------------------------------------------------------------------------------
# Refusals


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_steps": 0}, "num_steps = 0: should be at least 1"),
        ({"steps_per_call": 0}, "steps_per_call = 0: should be at least 1"),
        ({"score_every": 6, "score": len}, "score_every = 6: should be a multiple of steps_per_call, 4"),
        ({"patience": 2}, "patience = 2: needs a score"),
        ({"averaging": 1.0}, r"averaging = 1\.0: should be a finite number, at least 0 and below 1"),
        ({"start": {"x": 3}}, "parameters = .*: should be a pytree of floating arrays"),
        ({"start": {}}, "parameters = .*: should be a pytree of floating arrays"),
        ({"set_axis": 0}, r"set_axis = 0: parameters of shapes \[\(3,\), \(2, 1\)\] have no such axis"),
        ({"set_axis": 0, "start": jnp.float32(0)}, r"set_axis = 0: parameters of shapes \[\(\)\]"),
        ({"trained": {"x": True}}, "trained = .*: should be shaped as the parameters"),
        ({"trained": {"x": True, "y": 1}}, "trained = .*: should be a pytree of True and False"),
        ({"memory": "chains"}, "memory = 'chains': should be a pytree of arrays"),
        ({"optimizer": "adam"}, "optimizer = 'adam': should be an optimiser of optax"),
        ({"gradient": lambda x: x}, "gradient = .*: should be a function of input, parameters and memory"),
        (
            {"gradient": lambda key, x, memory: x},
            r"gradient\(input, parameters, memory\) = .*: should be a Slope",
        ),
        (
            {"gradient": lambda key, x, memory: Slope(x, memory[None])},
            r"gradient: Slope.memory = \(1,\): should be shaped as \(\)",
        ),
        ({"gradient": lambda key, x, memory: Slope(x["x"], memory)}, r"gradient: Slope.gradient = "),
        ({"score": lambda x: np.zeros(2)}, r"score\(parameters\) = .*: should be a number"),
        ({"score": lambda x: "good"}, r"score\(parameters\) = 'good': should be a number"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message) as refused:
        run(**changes)
    assert "\n" not in str(refused.value)


def test_a_state_of_other_parameters_or_optimiser_is_refused() -> None:
    state = run(num_steps=4).state
    with pytest.raises(ValueError, match=r"state\.parameters = .*: is of other parameters or optimizer"):
        run(start={"x": jnp.zeros(1), "y": jnp.zeros(1)}, state=state)
    with pytest.raises(ValueError, match=r"state\.optimizer = .*: is of other parameters or optimizer"):
        run(optimizer=optax.sgd(0.1), state=state)
