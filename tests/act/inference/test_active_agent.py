"""The active-inference agent: what it draws, what it learns, what it refuses."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.models import chain_model, columns, two_factor_model

from isotherm.act.agent import Transition
from isotherm.act.episodes import episodes
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.build import active_inference
from isotherm.act.inference.choice import policy_law
from isotherm.act.inference.mind import Mind
from isotherm.act.rollout import rollout
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.exact import tilted_law
from isotherm.world.discrete.world import HiddenWorld, hidden_world

KEY = jax.random.key(0)
ALGORITHMS = ("exact", "fpi", "ovf", "vmp", "mmp")


def lived(agent: ActiveInference, observations: Any, actions: Any) -> Mind:
    """The state after recorded observations and actions."""
    no = jnp.zeros((), bool)

    @jax.jit
    def step(mind: Mind, seen: Any, action: Any) -> Mind:
        _, mind = agent.law(mind, seen)
        return agent.learn(KEY, mind, Transition(seen, action, jnp.float32(0), no, no, seen))

    mind = agent.init(KEY)
    for seen, action in zip(observations, actions, strict=True):
        mind = step(mind, tuple(jnp.int32(o) for o in seen), jnp.int32(action))
    return mind


def counts_like(model: GenerativeModel) -> dict[str, Any]:
    return {"pA": [np.asarray(a) + 0.5 for a in model.A], "pB": [np.asarray(b) + 0.5 for b in model.B]}


def counting(model: GenerativeModel, **settings: Any) -> ActiveInference:
    given = generative_model(
        model.A,
        model.B,
        D=model.D,
        A_dependencies=model.A_dependencies,
        B_dependencies=model.B_dependencies,
        **counts_like(model),
    )
    return ActiveInference(given, learn_A=True, learn_B=True, **settings)


def added(mind: Mind, agent: ActiveInference) -> tuple[list[float], list[float]]:
    """What was added to the counts of each modality and factor."""
    assert mind.counts.A is not None
    assert mind.counts.B is not None
    assert agent.model.pA is not None
    assert agent.model.pB is not None
    total = lambda new, old: [float((n - o).sum()) for n, o in zip(new, old, strict=True)]  # noqa: E731
    return total(mind.counts.A, agent.model.pA), total(mind.counts.B, agent.model.pB)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ten_observations_give_ten_counts_online(algorithm: str) -> None:
    model = chain_model() if algorithm == "exact" else two_factor_model()
    agent = counting(model, inference_algo=algorithm, inference_horizon=4)
    rng = np.random.default_rng(1)
    seen = [tuple(rng.integers(n) for n in model.num_obs) for _ in range(10)]
    mind = lived(agent, seen, rng.integers(np.prod(model.num_controls), size=10))
    of_A, of_B = added(mind, agent)
    np.testing.assert_allclose(of_A, 10.0, rtol=1e-5)
    np.testing.assert_allclose(of_B, 9.0, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["exact", "fpi", "mmp"])
def test_offline_learning_counts_what_was_seen_and_no_more(algorithm: str) -> None:
    """Twelve steps, room for sixteen, one of them without an observation, one without an action."""
    model = chain_model()
    agent = counting(
        model, inference_algo=algorithm, learning_mode="offline", episode_length=16, inference_horizon=3
    )
    rng = np.random.default_rng(2)
    seen = [(int(o),) for o in rng.integers(4, size=12)]
    seen[5] = (-1,)
    actions = rng.integers(2, size=12)
    actions[7] = -1
    mind = lived(agent, seen, actions)
    assert added(mind, agent) == ([0.0], [0.0])
    of_A, of_B = added(agent.end(KEY, mind), agent)
    np.testing.assert_allclose(of_A, 11.0, rtol=1e-5)
    np.testing.assert_allclose(of_B, 10.0, rtol=1e-5)


def test_online_and_offline_learning_agree_where_states_are_seen() -> None:
    """Each transition counts once, under its own action."""
    chain = chain_model()
    model = generative_model([np.eye(3)], chain.B, pB=[np.asarray(chain.B[0]) + 0.5])
    rng = np.random.default_rng(3)
    states, actions = rng.integers(3, size=8), rng.integers(2, size=8)
    wanted = np.zeros((3, 3, 2))
    for now, after, action in zip(states[:-1], states[1:], actions[:-1], strict=True):
        wanted[after, now, action] += 1
    seen = [(int(s),) for s in states]
    online = lived(ActiveInference(model, learn_B=True), seen, actions)
    offline = ActiveInference(model, learn_B=True, learning_mode="offline", episode_length=8)
    ended = offline.end(KEY, lived(offline, seen, actions))
    for mind in (online, ended):
        assert mind.counts.B is not None
        np.testing.assert_allclose(mind.counts.B[0] - model.pB[0], wanted, atol=1e-4)


def test_counts_that_are_forgotten_settle_where_they_should() -> None:
    """``p_min + rate / (1 - omega)`` for one count an update."""
    agent = counting(chain_model(), inference_algo="fpi", forgetting=0.8, rate_A=0.5)
    rng = np.random.default_rng(4)
    mind = lived(agent, [(int(o),) for o in rng.integers(4, size=60)], rng.integers(2, size=60))
    of_A, _ = added(mind, agent)
    np.testing.assert_allclose(of_A, 0.5 / (1 - 0.8), rtol=1e-4)


def test_windows_forget_as_filters_do() -> None:
    """The age of a step counts, not whether it is still in the window."""
    rng = np.random.default_rng(5)
    seen, actions = [(int(o),) for o in rng.integers(4, size=9)], rng.integers(2, size=9)
    for algorithm in ("exact", "mmp"):
        agent = counting(chain_model(), inference_algo=algorithm, inference_horizon=3, forgetting=0.7)
        of_A, of_B = added(lived(agent, seen, actions), agent)
        np.testing.assert_allclose(of_A, (1 - 0.7**9) / 0.3, rtol=1e-4)
        np.testing.assert_allclose(of_B, (1 - 0.7**8) / 0.3, rtol=1e-4)


def test_what_cannot_be_is_never_counted() -> None:
    rng = np.random.default_rng(6)
    A = columns(rng, 4, 3, zeros=0.4)
    B = columns(rng, 3, 3, 2, zeros=0.4)
    model = generative_model([A], [B], pA=[A], pB=[B])
    agent = ActiveInference(model, inference_algo="exact", learn_A=True, learn_B=True, inference_horizon=3)
    seen = [(int(o),) for o in rng.integers(4, size=9)]
    mind = lived(agent, seen, rng.integers(2, size=9))
    assert mind.counts.A is not None
    assert mind.counts.B is not None
    assert (np.asarray(mind.counts.A[0])[A == 0] == 0).all()
    assert (np.asarray(mind.counts.B[0])[B == 0] == 0).all()
    assert np.isfinite(np.asarray(mind.beliefs[0])).all()


def test_first_states_are_counted_once_an_episode() -> None:
    """Smoothed where the algorithm smooths: what came later tells where it began."""
    A, B = [np.eye(2)], [np.eye(2)[:, :, None]]
    model = generative_model(A, B, D=[[0.5, 0.5]], pD=[[1.0, 1.0]])
    agent = ActiveInference(model, inference_algo="exact", learn_D=True, episode_length=4, rate_D=2.0)
    ended = agent.end(KEY, lived(agent, [(-1,), (1,), (1,)], [0, 0, 0]))
    assert ended.counts.D is not None
    np.testing.assert_allclose(ended.counts.D[0], [1.0, 3.0], rtol=1e-5)
    np.testing.assert_allclose(ended.beliefs[0], [0.25, 0.75], rtol=1e-5)
    filtered = ActiveInference(model, learn_D=True)
    ended = filtered.end(KEY, lived(filtered, [(-1,), (1,), (1,)], [0, 0, 0]))
    assert ended.counts.D is not None
    np.testing.assert_allclose(ended.counts.D[0], [1.5, 1.5], rtol=1e-5)


def test_an_action_is_planned_before_its_observation_is_learned_from() -> None:
    agent = counting(chain_model(), use_param_info_gain=True)
    mind = agent.init(KEY)
    law, after = agent.law(mind, (jnp.int32(2),))
    still = ActiveInference(agent.model, use_param_info_gain=True)
    np.testing.assert_allclose(law, still.law(still.init(KEY), (jnp.int32(2),))[0], rtol=1e-6)
    assert after.counts.A is not None
    np.testing.assert_array_equal(after.counts.A[0], mind.counts.A[0])


# ------------------------------------------------------------------------------
# Choice


def test_policies_are_a_tilted_law() -> None:
    model = two_factor_model(C=[[0.0, 1.0, -1.0], [0.5, 0.0]], E=np.arange(1.0, 37.0))
    agent = ActiveInference(model, policy_len=2, gamma=1.7, alpha=0.6, action_selection="stochastic")
    _, mind = agent.law(agent.init(KEY), (jnp.int32(1), jnp.int32(0)))
    found = tilted_law(policy_law(mind.plan.neg_efe, jnp.log(model.E)), 1.7)
    np.testing.assert_allclose(np.exp(mind.plan.log_q), found.probabilities, rtol=2e-5)
    law, _ = agent.law(agent.init(KEY), (jnp.int32(1), jnp.int32(0)))
    sharpened = np.exp(0.6 * np.log(found.probabilities))
    by_action = (sharpened / sharpened.sum()).reshape(6, 6).sum(axis=1)
    np.testing.assert_allclose(np.exp(law), by_action, rtol=2e-5)


def test_draws_follow_the_law_and_controls_are_independent_in_marginal_mode() -> None:
    model = two_factor_model(C=[[0.0, 1.0, -1.0], [0.5, 0.0]])
    agent = ActiveInference(model, sampling_mode="marginal", action_selection="stochastic", alpha=2.0)
    seen = (jnp.int32(1), jnp.int32(0))
    law, _ = agent.law(agent.init(KEY), seen)
    draw = jax.jit(jax.vmap(lambda key: agent.act(key, agent.init(key), seen)[0]))
    drawn = np.bincount(np.asarray(draw(jax.random.split(KEY, 20_000))), minlength=6)
    p = np.exp(np.asarray(law, np.float64))
    z = (drawn - 20_000 * p) / np.sqrt(20_000 * p * (1 - p))
    assert np.abs(z).max() < 4
    joint = p.reshape(2, 3)
    np.testing.assert_allclose(joint, np.outer(joint.sum(1), joint.sum(0)), rtol=1e-4)


def test_policies_that_tie_give_the_first_whatever_the_rounding() -> None:
    model = generative_model([np.eye(4)], [np.full((4, 4, 3), 0.25)], C=[[0.1, 0.2, 0.3, 0.4]])
    agent = ActiveInference(model, policy_len=3)
    law, _ = agent.law(agent.init(KEY), (jnp.int32(2),))
    assert np.asarray(law).tolist() == [0.0, -np.inf, -np.inf]


def test_what_is_unavailable_is_never_chosen() -> None:
    model = chain_model(E=[0.0, 1.0])
    for selection in ("deterministic", "stochastic"):
        for alpha in (0.0, 2.0):
            agent = ActiveInference(model, action_selection=selection, alpha=alpha)
            law, _ = agent.law(agent.init(KEY), (jnp.int32(0),))
            assert np.asarray(law).tolist() == [-np.inf, 0.0]


# ------------------------------------------------------------------------------
# Batches and loops


def walk_world(model: GenerativeModel) -> HiddenWorld:
    return hidden_world(model)


def test_an_agent_of_a_batch_is_that_agent_alone() -> None:
    world = walk_world(chain_model())
    keys = jax.random.split(KEY, 3)
    C = np.array([[0.0, 1.0, 2.0, 0.0], [3.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    settings: dict[str, Any] = {"inference_algo": "exact", "learn_B": True, "action_selection": "stochastic"}
    B = np.asarray(world.model.B[0]) + 0.5
    many = active_inference(world.model.A, C=[C], pB=[B], batch_size=3, alpha=[0.5, 1.0, 2.0], **settings)
    run = jax.vmap(lambda agent, key: rollout(key[None], agent, world, 6, keep=lambda m: m.transition.action))
    together = run(many, keys)
    for i, alpha in enumerate((0.5, 1.0, 2.0)):
        alone = active_inference(world.model.A, C=[C[i]], pB=[B], alpha=alpha, **settings)
        found = rollout(keys[i : i + 1], alone, world, 6, keep=lambda m: m.transition.action)
        np.testing.assert_array_equal(found.kept[0], together.kept[i, 0])
        for one, other in zip(
            jax.tree.leaves(found.agent_state), jax.tree.leaves(together.agent_state), strict=True
        ):
            np.testing.assert_allclose(one[0], other[i, 0], rtol=2e-5, atol=1e-6)


def test_novelty_is_not_computed_within_a_step() -> None:
    """Neither for a policy nor for a step: its digamma stands in ``end`` alone."""
    model = chain_model()
    agent = counting(
        model, inference_algo="exact", use_param_info_gain=True, learning_mode="offline", episode_length=4,
        policy_len=3,
    )  # fmt: skip
    mind = agent.init(KEY)
    step = str(jax.make_jaxpr(agent.law)(mind, (jnp.int32(0),)))
    assert "digamma" not in step
    assert "digamma" in str(jax.make_jaxpr(lambda mind: agent.end(KEY, mind))(mind))


def test_a_step_more_of_planning_costs_as_many_times_as_there_are_choices() -> None:
    from isotherm.act.inference.policies import enumerated_policies

    nodes = [enumerated_policies((4,), ((0,),), H).num_nodes for H in (3, 4)]
    assert nodes == [84, 340]


def test_every_algorithm_lives_in_a_world_and_learns() -> None:
    world = walk_world(chain_model())
    keys = jax.random.split(KEY, 2)
    for algorithm in ALGORITHMS:
        agent = counting(
            chain_model(), inference_algo=algorithm, inference_horizon=3, action_selection="stochastic"
        )
        found = episodes(keys, agent, world, 2, 5)
        A = found.agent_state.counts.A[0]
        np.testing.assert_allclose(A.sum(axis=(1, 2)) - agent.model.pA[0].sum(), 10.0, rtol=1e-4)


def test_six_agents_by_the_names_of_the_original() -> None:
    """The scenarios of the grid world, with its own arguments; preferences an agent beside a shared A."""
    from isotherm.studies.gridworld.scenarios import counts_of_moves, flat, true_moves

    D_flat, D_sure = flat(), np.eye(49)[24]
    eye, moves = np.eye(49), true_moves()
    law = lambda counts: counts / counts.sum(axis=0)  # noqa: E731
    settings: dict[str, Any] = {
        "policy_len": 3, "gamma": 1.0, "alpha": 0.4, "use_utility": False, "use_states_info_gain": True,
        "use_param_info_gain": True, "action_selection": "stochastic", "sampling_mode": "full",
        "inference_algo": "exact", "learning_mode": "offline", "batch_size": 2,
    }  # fmt: skip
    flat_B, near_B = counts_of_moves("flat"), counts_of_moves("informative")
    scenarios = (
        {"A": [eye], "B": [law(flat_B)], "D": [D_flat], "pB": [flat_B], "learn_B": True},
        {"A": [law(flat(49))], "B": [moves], "C": [np.zeros((2, 49))], "D": [D_sure], "pA": [flat(49)]},
        {"A": [law(flat(49))], "B": [moves], "D": [D_flat], "pA": [flat(49)]},
        {"A": [law(flat(49))], "B": [law(flat_B)], "D": [D_sure], "pA": [flat(49)], "pB": [flat_B]},
        {"A": [law(flat(49))], "B": [law(near_B)], "D": [D_flat], "pA": [flat(49)], "pB": [near_B]},
        {"A": [law(flat(49))], "B": [law(near_B)], "D": [D_sure], "pA": [flat(49)], "pB": [near_B]},
    )
    for scenario in scenarios:
        learns = {} if "learn_B" in scenario else {"learn_A": True}
        agents = active_inference(**scenario, **settings, **learns, learn_C=False, learn_E=False)
        assert agents.model.C[0].shape == (2, 49)

        def step(agent: ActiveInference, key: Any) -> Any:
            action, mind = agent.act(key, agent.init(key), (jnp.int32(24),))
            return action, mind.plan.neg_efe

        actions, neg_efe = jax.vmap(step)(agents, jax.random.split(KEY, 2))
        assert actions.shape == (2,)
        assert np.ptp(np.asarray(neg_efe)) < 1e-3 * abs(
            float(neg_efe[0, 0])
        )  # at first all policies are alike


# ------------------------------------------------------------------------------
# Refusals


TWO = {"B": [np.ones((2, 2, 1)) / 2] * 2, "A": [np.ones((2, 2, 2)) / 2]}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"A": [[[0.9, 0.09], [0.09, 0.9]]]}, "sum(A[0][:, 0]) = 0.98999"),
    (TWO | {"B_dependencies": [[0], [0]]}, "B_dependencies[1] = [0]"),
    (TWO | {"inference_algo": "exact"}, "inference_algo = 'exact'"),
    ({"learn_B": True}, "learn_B = True: needs counts: give pB"),
    ({"learn_A": True}, "learn_A = True: needs counts: give pA"),
    ({"alpha": -0.1}, "alpha = -0.1"),
    ({"gamma": -1.0}, "gamma = -1.0"),
    ({"pA": [[[np.nan, 1.0], [1.0, 1.0]]]}, "pA[0] = 'holds NaN"),
    ({"pA": [[[-1.0, 1.0], [1.0, 1.0]]]}, "min(pA[0]) = -1.0"),
    ({"policy_len": 0}, "policy_len = 0"),
    ({"B": [np.full((2, 2, 4), 0.5)], "policy_len": 20}, "policy_len = 20: gives 1.1e+12 policies of 4 choices"),
    ({"inference_algo": "fip"}, "did you mean fpi?"),
    ({"action_selection": "random"}, "action_selection = 'random'"),
    ({"sampling_mode": "margin"}, "did you mean marginal?"),
    ({"learn_C": True}, "learn_C = True: is not implemented"),
    ({"learn_E": True}, "learn_E = True: is not implemented"),
    ({"use_param_info_gain": True}, "use_param_info_gain = True: needs counts"),
    ({"use_inductive": True}, "use_inductive = True: needs states to reach"),
    ({"E": [1.0, 1.0, 1.0]}, "E.shape = (3,): must be (2,)"),
    ({"policies": [[[2]]]}, "policies[:, :, 0] = 2: choices are within 0 .. 1"),
    ({"policies": [[0]]}, "policies.shape = (1, 1)"),
    ({"num_iter": 0}, "num_iter = 0"),
    ({"forgetting": 0.0}, "forgetting = 0.0"),
    ({"alpha": [1.0, 2.0]}, "alpha.shape = (2,)"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "told"), BAD, ids=[told[:40] for _, told in BAD])
def test_bad_input_is_refused_in_one_line(given: dict[str, Any], told: str) -> None:
    good = {"A": [[[0.9, 0.1], [0.1, 0.9]]], "B": [[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]]}
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        active_inference(**(good | given))
    assert "\n" not in str(error.value)


def test_an_observation_of_another_number_of_modalities_is_refused() -> None:
    agent = ActiveInference(two_factor_model())
    with pytest.raises(ValueError, match=re.escape("len(observation) = 1: must be 2")):
        agent.law(agent.init(KEY), (jnp.int32(0),))
