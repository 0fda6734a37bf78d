"""Sophisticated inference: the published points, the unpruned limit, and each rule of pruning and stopping."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.search.models import cue_model, drawn_model, in_double, problem_of

from isotherm.act.inference.policies import enumerated_policies
from isotherm.act.inference.search.exhaustive import exhaustive
from isotherm.act.inference.search.growth import Limits
from isotherm.act.inference.search.problem import Branching, PlanningProblem, foreseen, outcomes
from isotherm.act.inference.search.sophisticated import Sophisticated, SophisticatedPlan, sophisticated
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.world import t_maze

RUN = jax.jit(sophisticated, static_argnums=(3, 4, 5))
LOOK, SEE = jax.jit(foreseen), jax.jit(outcomes, static_argnums=2)

ROOMS = 2500, 5000
"""Of these, so that few programs serve all tests."""

OPEN: dict[str, Any] = {
    "max_branching": 16,
    "policy_prune_threshold": 0.0,
    "observation_prune_threshold": 0.0,
    "entropy_stop_threshold": -1.0,
}
"""Nothing is pruned."""


def planned(problem: PlanningProblem, beliefs: Tensors, settings: Sophisticated) -> SophisticatedPlan:
    limits = settings.limits(beliefs[0].dtype)
    room = next(room for room in ROOMS if settings.max_nodes <= room)
    return RUN(problem, beliefs, limits, settings.branching, room, settings.max_branching)


def plan_of(model: GenerativeModel, gamma: float = 1.0, **settings: Any) -> SophisticatedPlan:
    told = {"horizon": 3, "max_nodes": 2500, **OPEN} | settings
    return planned(problem_of(model, gamma), model.D, Sophisticated(**told))


def test_the_published_points() -> None:
    """Weights in T-mazes with a cue, and the nodes of the larger tree."""
    with jax.enable_x64(True):
        model = in_double(cue_model())
        found = plan_of(model, 3.0, horizon=2, independent_modalities=True)
        np.testing.assert_allclose(found.weight, [0.003444, 0.008283, 0.008283, 0.979990], atol=1e-6)
        maze = t_maze(cue_validity=1.0, dependent_outcomes=True).model
        C = (jnp.zeros(5), jnp.array([0.0, 2, -6]), jnp.array([0.0, -0.5, -0.5]))
        maze = in_double(replace(maze, C=C))
        settings = {"max_branching": 45, "observation_prune_threshold": 1e-4, "max_nodes": 2500}
        found = plan_of(maze, 3.0, horizon=4, independent_modalities=True, **settings)
    np.testing.assert_allclose(found.weight, [0.001242] * 3 + [0.810378, 0.185895], atol=1e-6)
    assert int(found.num_nodes) == 2472


def test_unpruned_it_is_the_whole_tree() -> None:
    with jax.enable_x64(True):
        for gamma in (1.0, 1e7):  # at the large one, the weights of most choices are 0 in float64
            model = in_double(drawn_model(0, steps=2))
            found = plan_of(model, gamma)
            whole = exhaustive(problem_of(model, gamma), model.D, 3)
            np.testing.assert_allclose(found.neg_efe, whole.neg_efe, atol=1e-9)
            np.testing.assert_allclose(found.weight, np.exp(whole.log_q), atol=1e-9)
            assert float(found.value) == pytest.approx(float(whole.value), abs=1e-9)
    num_nodes = 1 + 2 + 2 * 6 * (1 + 2 + 2 * 6 * (1 + 2 + 2 * 6))
    assert int(plan_of(drawn_model(0)).num_nodes) == num_nodes == 2199


def test_a_batch_is_its_agents() -> None:
    models = [drawn_model(seed) for seed in range(3)]
    each = list(map(problem_of, models))
    problems = jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
    beliefs = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(model.D for model in models))
    settings = Sophisticated(horizon=3, max_nodes=600, max_branching=16)
    batch = jax.jit(
        jax.vmap(
            lambda problem, q: sophisticated(
                problem, q, settings.limits(jnp.float32), settings.branching, 600, 16
            )
        )
    )(problems, beliefs)
    assert len(set(batch.num_nodes.tolist())) > 1  # of different trees
    for i, (model, problem) in enumerate(zip(models, each, strict=True)):
        alone = planned(problem, model.D, settings)
        np.testing.assert_allclose(batch.weight[i], alone.weight, atol=1e-6)
        assert int(batch.num_nodes[i]) == int(alone.num_nodes)


def pruned_plainly(problem: PlanningProblem, q: Tensors, settings: Sophisticated) -> tuple[np.ndarray, float]:
    """The rules written out: nested dictionaries, one belief after the other; weights of the root and its value."""

    def node(beliefs: Any) -> dict[str, Any]:
        return {"beliefs": beliefs, "children": None}

    def leaves(one: dict[str, Any]) -> list[dict[str, Any]]:
        if one["children"] is None:
            return [one]
        return [leaf for kids in one["children"].values() for _, kid in kids for leaf in leaves(kid)]

    def living(one: dict[str, Any]) -> list[dict[str, Any]]:
        below = [node for kids in (one["children"] or {}).values() for _, kid in kids for node in living(kid)]
        return [one, *below]

    def came_before(beliefs: Any, before: list[dict[str, Any]]) -> bool:
        if settings.kl_threshold is None:
            return False
        kl = lambda p, q: sum((x * np.log(x / y)).sum() for x, y in zip(p, q, strict=True))  # noqa: E731
        return any(kl(beliefs, other["beliefs"]) <= settings.kl_threshold for other in before)

    def expand(one: dict[str, Any], before: list[dict[str, Any]]) -> None:
        step = jax.tree.map(
            np.asarray, foreseen(problem, tuple(jnp.asarray(b)[None] for b in one["beliefs"]))
        )
        score, one["children"] = step.score[0], {}
        one["score"] = score
        weight = np.exp(float(problem.gamma) * score)
        for u in np.flatnonzero(weight / weight.sum() > settings.policy_prune_threshold):
            see = SEE(problem, tuple(b[0, u] for b in step.beliefs), settings.branching)
            probability, after = jax.tree.map(np.asarray, see)
            likely = np.flatnonzero(probability > settings.observation_prune_threshold)
            kept = [k for k in likely if not came_before([b[k] for b in after], before)]
            if kept:
                one["children"][u] = [(probability[k], node([b[k] for b in after])) for k in kept]

    def value(one: dict[str, Any]) -> float:
        if one["children"] is None:
            return 0.0
        G = np.full(settings.max_branching, -settings.prune_penalty)
        for u, kids in one["children"].items():
            G[u] = one["score"][u] + sum(p * value(kid) for p, kid in kids)
        weight = np.exp(float(problem.gamma) * (G - G.max()))
        one["q"] = weight / weight.sum()
        return float(one["q"] @ G)

    def drop(one: dict[str, Any]) -> None:
        for u in list(one["children"] or ()):
            if one["q"][u] < settings.policy_prune_threshold:
                del one["children"][u]
            else:
                for _, kid in one["children"][u]:
                    drop(kid)

    root, found = node([np.asarray(b) for b in q]), 0.0
    for _ in range(settings.horizon):
        before = living(root)
        for leaf in leaves(root):
            expand(leaf, before)
        found = value(root)
        drop(root)
    q = root["q"][: problem.num_choices]
    return np.where(q < settings.policy_prune_threshold, 0.0, q), found


@pytest.mark.parametrize(
    ("seed", "policy", "observation", "kl"),
    [
        (13, 0.15, 0.1, None),  # what is dropped changes what the rest weighs
        (27, 0.15, 0.1, None),  # something is dropped at last
        (5, 0.3, 0.05, None),
        (6, 0.1, 0.3, None),
        (4, 0.15, 0.02, 0.02),  # a belief that was dropped no longer keeps others out
        (34, 0.15, 0.02, 0.02),
    ],
)
def test_pruning_follows_the_rules(seed: int, policy: float, observation: float, kl: float | None) -> None:
    model = drawn_model(seed, num_controls=(3,))
    settings = Sophisticated(3, 2000, 16, policy, observation, -1.0, kl_threshold=kl)
    problem = problem_of(model, 4.0)
    found = planned(problem, model.D, settings)
    weight, value = pruned_plainly(problem, model.D, settings)
    np.testing.assert_allclose(found.weight, weight, atol=2e-5)
    assert float(found.value) == pytest.approx(value, abs=1e-3)
    assert int(found.num_nodes) < 2000
    free = plan_of(model, 4.0, horizon=2)
    assert np.abs(found.weight - free.weight).max() > 1e-3  # it is pruning that was tested


def test_choices_that_are_dropped_weigh_nothing() -> None:
    """The others do not weigh more for it, but in the law that the agent chooses by."""
    model = drawn_model(27, num_controls=(3,))
    problem, settings = problem_of(model, 4.0), Sophisticated(3, 2000, 16, 0.15, 0.1, -1.0)
    found = planned(problem, model.D, settings)
    assert (found.weight > 0).tolist() == [True, False, False]
    assert 0.85 < float(found.weight.sum()) < 0.95
    np.testing.assert_allclose(settings.plan(problem, model.D).log_q, [0, -np.inf, -np.inf], atol=1e-6)


def test_a_weight_at_the_threshold_is_not_expanded_and_not_dropped() -> None:
    """Two choices that weigh exactly a half, in float64."""
    with jax.enable_x64(True):
        model = in_double(drawn_model(0))
        found = plan_of(model, 0.0, horizon=1, max_branching=2, policy_prune_threshold=0.5)
    np.testing.assert_array_equal(found.neg_efe, [-512, -512])
    np.testing.assert_array_equal(found.weight, [0.5, 0.5])


def test_the_budget_keeps_the_tree_before() -> None:
    model = drawn_model(0)
    whole = plan_of(model, max_nodes=600)
    assert int(whole.depth) == 2  # three steps need 2,199 nodes
    assert int(whole.num_nodes) == 183
    shallow = plan_of(model, horizon=2, max_nodes=600)
    np.testing.assert_array_equal(whole.weight, shallow.weight)
    assert int(plan_of(model, max_nodes=183).depth) == 2
    assert int(plan_of(model, max_nodes=182).depth) == 1
    nothing = plan_of(replace(model, E=jnp.array([0.75, 0.25])), max_nodes=14)
    assert int(nothing.depth) == 0
    np.testing.assert_allclose(nothing.weight, [0.75, 0.25])


def test_where_the_search_ends() -> None:
    model = drawn_model(0)
    shallow = plan_of(model, horizon=1)
    q = np.asarray(shallow.weight, float)
    entropy = -(q * np.log(q)).sum()
    assert int(plan_of(model, horizon=2, entropy_stop_threshold=entropy + 1e-4).depth) == 1
    assert int(plan_of(model, horizon=2, entropy_stop_threshold=entropy - 1e-4).depth) == 2
    value = float(shallow.value)
    assert int(plan_of(model, horizon=2, neg_efe_stop_threshold=value - 1e-4).depth) == 1
    assert int(plan_of(model, horizon=2, neg_efe_stop_threshold=value + 1e-4).depth) == 2


def test_a_choice_of_which_no_observation_is_left_costs_the_penalty() -> None:
    model = drawn_model(0)
    found = plan_of(model, horizon=1, observation_prune_threshold=0.99, prune_penalty=100.0)
    np.testing.assert_array_equal(found.neg_efe, [-100, -100])
    np.testing.assert_allclose(found.weight, [1 / 16, 1 / 16], rtol=1e-5)


def test_beliefs_that_come_again_are_no_children() -> None:
    """Choices that change nothing, observations that say nothing: the root comes again at once."""
    model = drawn_model(0)
    still = replace(
        model,
        A=tuple(jnp.full_like(a, 1 / len(a)) for a in model.A),
        B=(jnp.stack([jnp.eye(3), model.B[0][:, :, 1]], -1),),
    )
    free = plan_of(still, horizon=1)
    again = plan_of(still, horizon=1, kl_threshold=1e-4)
    assert again.neg_efe[0] == -512
    np.testing.assert_allclose(again.neg_efe[1], free.neg_efe[1])
    prior, after = np.asarray(model.D[0], float), np.asarray(model.B[0][:, :, 1] @ model.D[0], float)
    kl = (after * np.log(after / prior)).sum()
    assert plan_of(still, horizon=1, kl_threshold=kl * 1.01).neg_efe[1] == -512
    assert plan_of(still, horizon=1, kl_threshold=kl * 0.99).neg_efe[1] == free.neg_efe[1]


def test_settings_say_which_observations_are_told_apart() -> None:
    assert Sophisticated(topk=2, max_branching=7, independent_modalities=True).branching == Branching(
        2, 7, True
    )


def test_limits_may_be_traced() -> None:
    model, settings = drawn_model(0), Sophisticated(horizon=2, max_nodes=600, **OPEN)
    problem, limits = problem_of(model), settings.limits(jnp.float32)

    def of(entropy: Any) -> SophisticatedPlan:
        return sophisticated(problem, model.D, limits._replace(entropy=entropy), Branching(None, 16), 600, 16)

    found = jax.jit(jax.vmap(of))(jnp.array([-1.0, 9.0]))
    assert isinstance(limits, Limits)
    assert found.depth.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon": 0}, "horizon = 0"),
        ({"max_nodes": 0}, "max_nodes = 0"),
        ({"policy_prune_threshold": 1.0}, "policy_prune_threshold = 1.0"),
        ({"observation_prune_threshold": -0.1}, "observation_prune_threshold = -0.1"),
        ({"prune_penalty": -1.0}, "prune_penalty = -1"),
        ({"kl_threshold": -1.0}, "kl_threshold = -1"),
        ({"neg_efe_stop_threshold": float("nan")}, "neg_efe_stop_threshold = nan"),
        ({"topk": 0}, "topk = 0"),
    ],
)
def test_wrong_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sophisticated(**change)


def test_settings_that_do_not_fit_the_choices_are_refused() -> None:
    policies = lambda choices, steps=1: enumerated_policies((choices,), ((0,),), steps)  # noqa: E731
    Sophisticated().check_fits(policies(10))
    with pytest.raises(ValueError, match=r"max_branching = 10: must be at least 11"):
        Sophisticated().check_fits(policies(11))
    with pytest.raises(ValueError, match=r"policy_prune_threshold = 0.0625: must be below 1 / 16"):
        Sophisticated(max_branching=16).check_fits(policies(16))
    with pytest.raises(ValueError, match="policy_len = 2"):
        Sophisticated().check_fits(policies(2, 2))
