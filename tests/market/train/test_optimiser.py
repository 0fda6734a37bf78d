"""Steps of sets, on bowls without a market: rates, clipping, decay, masks, lost sets, means of steps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from isotherm.learn.descend import Descent, descend
from isotherm.learn.steps import Slope
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.train.optimiser import Climber, climb_rules

KEY = jax.random.key(0)
START = {
    "log_k": np.array([[3.0, -2.0], [1.0, 0.5], [0.2, -0.1]]),
    "initial_weights_logits": np.ones((3, 2)),
}
SPARE = {"log_k": np.arange(64.0).reshape(32, 2) / 10, "initial_weights_logits": np.ones((32, 2))}
TRAINED = {"log_k": True, "initial_weights_logits": False}


@pytest.fixture(autouse=True)
def _in_float64():
    with jax.enable_x64(True):
        yield


def bowl(edge: float = np.inf) -> Any:
    """Uphill towards 1; above ``edge`` a set has no gradient that is a number."""

    def gradient(key: Any, params: Any, memory: Any) -> Slope:
        k = params["log_k"]
        slope = jnp.where((k > edge).any(1, keepdims=True), jnp.nan, k - 1.0)
        objective = -0.5 * ((k - 1.0) ** 2).sum(1)
        return Slope({"log_k": slope, "initial_weights_logits": jnp.ones_like(k)}, memory, objective)

    return gradient


def level(slope: float) -> Any:
    """The same slope everywhere, and an objective that does not rise."""

    def gradient(key: Any, params: Any, memory: Any) -> Slope:
        return Slope(jax.tree.map(lambda x: jnp.full_like(x, slope), params), memory, jnp.zeros(3))

    return gradient


def settings(**training: Any) -> dict[str, Any]:
    given = {"base_lr": 0.1, "n_iterations": 20} | training
    return Fingerprint(optimisation_settings=given).with_defaults()["optimisation_settings"]


def climb(
    start: Any = START, gradient: Any = None, steps: int = 6, decay_to: str = "zero", **training: Any
) -> Descent:
    climber = Climber(jax.tree.map(jnp.asarray, SPARE), climb_rules(settings(**training), decay_to))
    return descend(
        KEY,
        jax.tree.map(jnp.asarray, start),
        gradient or bowl(),
        climber.transformation(),
        num_steps=steps,
        trained=TRAINED,
        set_axis=0,
    )


def by_optax(optimizer: Any, row: int, steps: int = 6) -> np.ndarray:
    params = jnp.asarray(START["log_k"][row])
    state = optimizer.init(params)
    for _ in range(steps):
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(params - 1.0, state, params)
        params = optax.apply_updates(params, updates)
    return np.asarray(params)


@pytest.mark.parametrize(
    ("optimiser", "theirs"),
    [
        ("sgd", optax.sgd(0.1)),
        ("adam", optax.adam(0.1)),
        ("adamw", optax.adamw(0.1, weight_decay=0.3)),
    ],
)
def test_steps_are_those_of_optax_for_each_set(optimiser: str, theirs: Any) -> None:
    found = climb(optimiser=optimiser, weight_decay=0.3).parameters
    for row in range(3):
        np.testing.assert_allclose(found["log_k"][row], by_optax(theirs, row), rtol=1e-12)
    np.testing.assert_array_equal(found["initial_weights_logits"], START["initial_weights_logits"])


def test_decay_may_pull_to_the_start_and_follows_the_schedule() -> None:
    told = {
        "optimiser": "adamw",
        "weight_decay": 0.5,
        "lr_schedule_type": "exponential",
        "lr_decay_ratio": 16,
    }
    to_zero = climb(gradient=level(0.0), steps=2, **told).parameters["log_k"]
    second = 0.1 * 16 ** (-1 / 20)
    np.testing.assert_allclose(to_zero, START["log_k"] * (1 - 0.05) * (1 - second * 0.5), rtol=1e-6)
    to_start = climb(gradient=level(0.0), steps=2, decay_to="start", **told).parameters["log_k"]
    np.testing.assert_array_equal(to_start, START["log_k"])


def test_the_gradient_of_each_set_is_clipped_by_its_own_norm() -> None:
    slope = START["log_k"] - 1.0
    share = np.minimum(1, 0.5 / np.linalg.norm(slope, axis=1, keepdims=True))
    told = {"optimiser": "sgd", "clip_norm": 0.5, "steps": 1}
    found = climb(**told).parameters["log_k"]
    np.testing.assert_allclose(found, START["log_k"] - 0.1 * slope * share, rtol=1e-12)
    free = climb(**told, use_gradient_clipping=False).parameters["log_k"]
    np.testing.assert_allclose(free, START["log_k"] - 0.1 * slope, rtol=1e-12)


def test_a_lost_set_goes_on_from_a_spare_one_and_others_do_not_feel_it() -> None:
    found = climb(gradient=bowl(edge=2.5), steps=4, optimiser="adam")
    whole = climb(steps=4, optimiser="adam")
    state = found.state.optimizer
    assert state.restarts.tolist() == [1, 0, 0]
    assert state.step.tolist() == [4, 4, 4]
    np.testing.assert_array_equal(found.parameters["log_k"][1:], whole.parameters["log_k"][1:])
    spare = SPARE["log_k"][int(state.entry[0])]
    begun = START | {"log_k": np.concatenate([spare[None], START["log_k"][1:]])}
    later = climb(start=begun, steps=3, optimiser="adam").parameters["log_k"]  # the first step was lost
    np.testing.assert_allclose(found.parameters["log_k"][0], later[0], rtol=1e-9)


def test_sgd_is_slowed_by_its_factor_down_to_the_least_rate() -> None:
    rules = climb_rules(settings(optimiser="sgd", lr_decay_ratio=4))
    climber = Climber(jax.tree.map(jnp.asarray, SPARE), rules)
    one = {name: jnp.asarray(value[0]) for name, value in START.items()}
    state = climber.init(one)
    gradient = {"log_k": jnp.ones(2), "initial_weights_logits": jnp.zeros(2)}
    for factor, rate in ((1.0, 0.1), (0.5, 0.05), (0.01, 0.025)):
        slowed = state._replace(factor=jnp.asarray(factor))
        with jax.numpy_dtype_promotion("standard"):
            updates, _ = climber.update(gradient, slowed, one, value=jnp.asarray(0.0))
        np.testing.assert_allclose(updates["log_k"], -rate, rtol=1e-12)


def test_adam_slows_on_a_plateau_of_its_objective_where_asked() -> None:
    told = {"optimiser": "adam", "decay_lr_plateau": 2, "decay_lr_ratio": 0.5, "steps": 9}
    slow = climb(gradient=level(1.0), use_plateau_decay=True, **told)
    fast = climb(gradient=level(1.0), **told)
    assert (np.asarray(slow.state.optimizer.inner[-1].scale) < 0.5).all()
    assert (slow.parameters["log_k"] > fast.parameters["log_k"]).all()


def test_the_mean_of_late_steps_is_kept() -> None:
    told = {"use_swa": True, "val_fraction": 0.0, "swa_start_frac": 0.5, "swa_freq": 2}
    late = [climb(steps=steps, **told).parameters["log_k"] for steps in (11, 13, 15)]
    state = climb(steps=15, **told).state.optimizer
    assert state.num_averaged.tolist() == [3, 3, 3]
    np.testing.assert_allclose(state.total["log_k"], sum(late), rtol=1e-12)


def test_decay_to_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="decay_to = 'middle'"):
        climb_rules(settings(), "middle")
