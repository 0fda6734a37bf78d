"""First states follow the law of each variable alone, whether parameters are traced or not."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_frequencies, assert_mean

from isotherm.energy.factor import Factor, Quadratic, scope_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, custom, real, spin
from isotherm.sample import initial
from isotherm.sample.clamp import Clamp
from isotherm.sample.initial import Init, initial_state

FIELDS = np.array([0.7, -np.inf, 0.2])
GRAPH = FactorGraph.of(
    {"s": spin(2), "c": categorical(2, 3), "x": real(2)},
    [
        Factor.of("s", [0, 1], [0.3, -0.4], name="first"),
        Factor.of("s", [1], [0.9], name="second"),
        Factor.of(("s", "s"), [[0, 1]], [5.0], name="not its own"),
        Factor.of("c", [0, 1], FIELDS[None], name="fields"),
        Factor.of("x", [0], [1.5], name="pull"),
        Quadratic(precisions=np.array([3.0]), scope=scope_of(("x",), [0], "well"), name="well"),
    ],
)
KEYS = jax.random.split(jax.random.key(0), 4000)


@pytest.mark.parametrize(("init", "share"), [("independent", 1.0), ("hinton", 0.5), ("uniform", 0.0)])
def test_laws_of_single_variables(init: Init, share: float) -> None:
    found = jax.vmap(lambda key: initial_state(key, GRAPH, 0.8, init=init))(KEYS)
    exact = np.tanh(0.8 * share * np.array([0.3, 0.5]))
    assert_mean(np.asarray(found["s"]), exact)
    if share:
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(np.asarray(found["s"]), 2 * exact)
    weights = np.exp(0.8 * share * np.where(np.isinf(FIELDS), -np.inf if share else 0, FIELDS))
    weights[1] = 0.0
    assert_frequencies(np.asarray(found["c"]), weights / weights.sum())
    x = np.asarray(found["x"])
    assert_mean(x, np.array([0.5, 0.0]))
    assert_mean((x - [0.5, 0.0]) ** 2, np.array([1 / (0.8 * 3.0), 1.0]))


def test_traced_parameters_and_held_values_give_the_same() -> None:
    held = {"s": Clamp(np.array([True, False]), np.array([-1, 1], np.int8))}

    def start(parameters: Any) -> Any:
        return initial_state(KEYS[0], GRAPH.with_parameters(parameters), 0.8, held)

    alone = start(GRAPH.parameters)
    traced = jax.jit(start)(jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), GRAPH.parameters))
    jax.tree.map(np.testing.assert_array_equal, alone, traced)
    assert int(alone["s"][0]) == -1


def test_parameters_and_temperatures_trace_once(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = []

    def counted(*args: Any) -> Any:
        traces.append(1)
        return untraced(*args)

    untraced = initial._reals
    monkeypatch.setattr(initial, "_reals", counted)
    for i in range(5):
        well = Quadratic(precisions=np.array([1.0 + i]), scope=scope_of(("new",), [0], "well"), name="well")
        graph = FactorGraph.of({"new": real(3)}, [well, Factor.of("new", [1], 0.1 * i)])
        initial_state(KEYS[i], graph, 0.1 + 0.1 * i)
    assert len(traces) == 1


def test_custom_kinds_are_refused() -> None:
    strange = FactorGraph.of({"s": spin(1), "u": custom(1)}, [Factor.of("s", [0], 1.0)])
    with pytest.raises(ValueError, match=re.escape("model.groups = 'u': is of a custom kind")):
        initial_state(KEYS[0], strange)
