"""Monte Carlo tree search: the cue, exact values where the tree is small, keys, refusals."""

import sys
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.search.models import cue_model, drawn_model, in_double, problem_of

from isotherm.act.inference.search.problem import Branching, foreseen
from isotherm.act.inference.search.tree import MonteCarlo, key_of_beliefs, tree_search
from isotherm.exact.beliefs import belief_optimum

RUN = jax.jit(tree_search, static_argnums=(3, 4, 5, 6))
LOOK = jax.jit(foreseen)


def test_all_of_several_agents_go_to_the_cue() -> None:
    """Of 4, with 64 simulations; the reference's search with as many sends half of its agents elsewhere."""
    models = [cue_model(2.0, 6.0, validity) for validity in (0.95, 0.9, 0.98, 1.0)]
    assert [int(belief_optimum(model, 2).values.argmax()) for model in models] == [3] * 4
    problems = jax.tree.map(lambda *leaves: jnp.stack(leaves), *map(problem_of, models))
    beliefs = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(model.D for model in models))
    search = jax.vmap(lambda problem, q: MonteCarlo(64, 2).plan(problem, q))
    found = jax.jit(search)(problems, beliefs)
    assert found.log_q.argmax(1).tolist() == [3] * 4
    for i, model in enumerate(models):
        values = belief_optimum(model, 2).values
        assert float(found.neg_efe[i, 3]) == pytest.approx(values[3], abs=2e-4)
        assert (found.neg_efe[i] < values + 2e-4).all()  # what has not been tried yet is missing
        np.testing.assert_allclose(jnp.exp(found.log_q[i]), jax.nn.softmax(found.neg_efe[i]), rtol=1e-5)


def test_a_tree_visited_as_a_whole_is_exact() -> None:
    """Preferences that change in time, a choice that is never made; in float64, and for every key."""
    with jax.enable_x64(True):
        model = in_double(drawn_model(0, num_obs=(2,), num_controls=(3,), steps=3, E=[0.0, 0.5, 0.5]))
        problem = problem_of(model, 2.0)
        found = [RUN(jax.random.key(i), problem, model.D, 400, 3, Branching(), 0.25) for i in range(2)]
        rest = replace(model, B=(model.B[0][:, :, 1:],), E=None, num_controls=(2,))
    values = belief_optimum(rest, 3).values
    law = np.exp(2 * values) / np.exp(2 * values).sum()
    for one in (jax.tree.map(np.asarray, planned) for planned in found):
        np.testing.assert_allclose(one.neg_efe, [0, *values], atol=1e-12)
        np.testing.assert_allclose(np.exp(one.log_q), [0, *law], atol=1e-12)
        assert one.log_q[0] == -np.inf
        assert float(one.value) == pytest.approx(law @ values)


def test_what_has_not_been_tried_weighs_nothing() -> None:
    """One simulation: one choice, worth its own step and the best of the next ones if nothing were seen.

    Preferences change in time. Of the next choices the best one is never made, and the one of the largest prior is
    not the best of the rest. Because of the noise, any choice that may be made is tried by some key.
    """
    model = drawn_model(29, num_controls=(4,), steps=2, E=[0.0, 0.5, 0.25, 0.25])
    problem, keys = problem_of(model, 2.0), jax.random.split(jax.random.key(1), 20)
    each = [RUN(key, problem, model.D, 1, 2, Branching(), 1.0) for key in keys]
    found = {int(one.log_q.argmax()): one for one in each}
    assert set(found) == {1, 2, 3}
    first = LOOK(problem, tuple(q[None] for q in model.D), None, 0)
    then = LOOK(problem, tuple(q[0, 1][None] for q in first.beliefs), None, 1).score[0]
    assert (int(then.argmax()), int(then[1:].argmax())) == (0, 2)
    assert float(found[1].neg_efe[1]) == pytest.approx(float(first.score[0, 1] + then[3]), abs=1e-5)
    np.testing.assert_array_equal(found[1].neg_efe[np.array([0, 2, 3])], 0)
    np.testing.assert_array_equal(found[1].log_q, [-np.inf, 0, -np.inf, -np.inf])
    some = RUN(keys[0], problem, model.D, 5, 2, Branching(), 1.0)
    assert np.isfinite(some.neg_efe).all()  # beliefs from which no choice was tried have a value too


@pytest.mark.slow
def test_values_are_backed_up_from_any_depth() -> None:
    """A single choice, two observations, five steps."""
    with jax.enable_x64(True):
        model = in_double(drawn_model(1, num_obs=(2,), num_controls=(1,)))
        found = RUN(jax.random.key(0), problem_of(model), model.D, 300, 5, Branching(), 0.0)
        expected = belief_optimum(model, 5)
    np.testing.assert_allclose(found.neg_efe, expected.values, atol=1e-12)


def test_keys_follow_from_seed_and_beliefs() -> None:
    q = (jnp.array([0.25, 0.75]), jnp.array([0.5, 0.5]))
    words = lambda seed, beliefs: tuple(jax.random.key_data(key_of_beliefs(seed, beliefs)).tolist())  # noqa: E731
    assert words(0, q) == words(0, q)
    swapped = (q[0][::-1], q[1])
    near = (jnp.nextafter(q[0], jnp.ones(2)), q[1])
    assert len({words(0, q), words(1, q), words(0, swapped), words(0, near)}) == 4


def test_without_mctx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mctx", None)
    with pytest.raises(ImportError, match=r"MonteCarlo needs mctx: pip install 'isotherm\[agents\]'"):
        MonteCarlo()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_simulations": 0}, "num_simulations = 0"),
        ({"horizon": 0}, "horizon = 0"),
        ({"noise": 1.5}, "noise = 1.5"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_wrong_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MonteCarlo(**change)
