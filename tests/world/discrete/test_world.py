"""Worlds driven by a model: what they draw, what they pay, when they end, where they begin."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_frequencies

from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.world import HiddenWorld, HiddenWorldState, grid_world, hidden_world, simplified_t_maze

KEY = jax.random.key(7)
KEYS = jax.random.split(KEY, 20_000)


def laws(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Columns over the first axis, a third of the entries 0."""
    found = rng.random(shape) * (rng.random(shape) > 1 / 3)
    found[0] += 0.1
    return found / found.sum(0)


def crossed() -> GenerativeModel:
    """Two factors that move each other, driven by two controls of which one is shared; parents out of order."""
    rng = np.random.default_rng(3)
    return generative_model(
        A=[laws(rng, 4, 3, 2), laws(rng, 3, 3)],
        B=[laws(rng, 2, 3, 2, 2), laws(rng, 3, 2, 3, 3, 2)],
        D=[laws(rng, 2), laws(rng, 3)],
        A_dependencies=[[1, 0], [1]],
        B_dependencies=[[1, 0], [0, 1]],
        B_action_dependencies=[[1], [0, 1]],
        num_controls=[3, 2],
    )


def swapping() -> HiddenWorld:
    """Each factor takes the other's state, whatever is done."""
    takes = np.stack([np.eye(2)] * 2, axis=2)[..., None]  # (next, other, own, 1)
    model = generative_model(
        A=[np.eye(2), np.eye(2)],
        B=[takes, takes],
        D=[[1, 0], [0, 1]],
        A_dependencies=[[0], [1]],
        B_dependencies=[[1, 0], [0, 1]],
    )
    return hidden_world(model, [[0.0, 1.0], [0.0, 10.0]], ends_on=[[1], []])


def agree(drawn: Any, law: Any) -> None:
    """Independent draws against their law; what has no probability never comes."""
    assert_frequencies(np.asarray(drawn), np.asarray(law, np.float64).reshape(-1))


def test_first_states_and_observations_follow_their_laws() -> None:
    model = crossed()
    observations, state = jax.jit(jax.vmap(hidden_world(model).reset))(KEYS)
    for f in range(2):
        agree(state.states[:, f], model.D[f])
    joint = model.D[0][:, None] * model.D[1][None]
    agree(observations[0], jnp.einsum("oba,ab->o", model.A[0], joint))
    agree(observations[1], model.A[1] @ model.D[1])
    assert state.visited is None


@pytest.mark.parametrize("choice", [(0, 0), (2, 1)])
def test_all_factors_move_from_the_states_before_by_their_own_controls(choice: tuple[int, int]) -> None:
    model, at = crossed(), (1, 2)
    world, state = hidden_world(model), HiddenWorldState(jnp.array(at, jnp.int32))
    found = jax.jit(jax.vmap(lambda key: world.step(key, state, jnp.array(choice))))(KEYS)
    first, second = (
        model.B[0][:, at[1], at[0], choice[1]],
        model.B[1][:, at[0], at[1], 2 * choice[0] + choice[1]],
    )
    agree(found.state.states[:, 0], first)
    agree(found.state.states[:, 1], second)
    pairs = 3 * found.state.states[:, 0] + found.state.states[:, 1]
    agree(pairs, first[:, None] * second[None])  # and independently of each other
    together = 4 * found.observation[1] + found.observation[0]
    seen = jnp.einsum("oba,pb,a,b->po", model.A[0], model.A[1], first, second)
    agree(together, seen)


def test_the_twin_law_is_told_apart() -> None:
    drawn = jax.jit(jax.vmap(hidden_world(crossed()).reset))(KEYS)[1].states[:, 1]
    wrong = np.asarray(crossed().D[1])[[0, 2, 1]]
    with pytest.raises(AssertionError):
        agree(drawn, wrong)


def test_states_swap_at_once_and_pay_and_end() -> None:
    world = swapping()
    observation, state = world.reset(KEY)
    assert [int(o) for o in observation] == state.states.tolist() == [0, 1]
    answer = world.step(KEY, state, 0)
    assert answer.state.states.tolist() == [1, 0]
    assert (float(answer.reward), bool(answer.terminated), bool(answer.truncated)) == (1.0, True, False)
    again = world.step(KEY, answer.state, 0)
    assert (float(again.reward), bool(again.terminated)) == (10.0, False)
    assert answer.reward.dtype == jnp.float32
    assert {o.dtype for o in observation} == {answer.state.states.dtype} == {jnp.dtype("int32")}
    assert answer.info == {}


@pytest.mark.parametrize("action", [None, -1, (-1, -1), (1, -1)])
def test_no_action_keeps_the_states_and_observes_anew(action: Any) -> None:
    model = crossed()
    world, state = hidden_world(model), HiddenWorldState(jnp.array([1, 0], jnp.int32))
    action = action if action is None else jnp.array(action)
    found = jax.jit(jax.vmap(lambda key: world.step(key, state, action)))(KEYS[:4000])
    assert (np.asarray(found.state.states) == [1, 0]).all()
    agree(found.observation[0], model.A[0][:, 0, 1])


def test_a_number_is_a_joint_choice() -> None:
    world = hidden_world(crossed())
    assert [world.choice(number).tolist() for number in range(6)] == [
        [0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]
    ]  # fmt: skip
    assert world.choice(np.int64(5)).dtype == jnp.int32
    assert world.choice([2, 0]).tolist() == [2, 0]
    assert jax.jit(lambda action: world.choice(action))(jnp.int32(3)).tolist() == [1, 1]
    assert (
        world.choice(None).tolist() == world.choice(-1).tolist() == world.choice([0, -1]).tolist() == [-1, -1]
    )


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (6, r"action = 6: must be within -1 \.\. 5"),
        (-2, r"action = -2: must be within -1 \.\. 5"),
        ([0, 2], r"action = \[0, 2\]: must be within \[-1, -1\] \.\. \[2, 1\]"),
        ([0], r"action\.shape = \(1,\): must be \(2,\)"),
        (1.0, "action = 1.0: should be whole numbers"),
        (jnp.array([0.0, 1.0]), "action = an? .*Array.*: should be whole numbers"),
        ("up", "action = 'up': should be whole numbers"),
    ],
)
def test_other_actions_are_refused(action: Any, message: str) -> None:
    world, state = hidden_world(crossed()), HiddenWorldState(jnp.zeros(2, jnp.int32))
    with pytest.raises((TypeError, ValueError), match=message):
        world.step(KEY, state, action)


def test_a_world_without_controls_moves_by_itself() -> None:
    model = generative_model(
        A=[np.eye(3)], B=[np.eye(3)[[2, 0, 1]]], D=[[1, 0, 0]], B_action_dependencies=[[]]
    )
    world = hidden_world(model)
    _, state = world.reset(KEY)
    for action, cell in ((0, 1), (jnp.zeros(0, jnp.int32), 2), (0, 0), (-1, 0), (None, 0)):
        answer = world.step(KEY, state, action)
        state = answer.state
        assert int(answer.observation[0]) == cell


def test_start_at_begins_there_and_nowhere_else() -> None:
    world = simplified_t_maze()
    there = world.start_at([2, 1])
    observations, state = jax.jit(jax.vmap(there.reset))(KEYS[:50])
    assert (np.asarray(state.states) == [2, 1]).all()
    assert (observations[1] == 1).all()
    assert world.model.D[1].tolist() == [0.5, 0.5]
    starts = jnp.array([[0, 1], [3, 0], [1, 1]], jnp.int32)
    begin = jax.jit(jax.vmap(lambda states, key: world.start_at(states).reset(key)))
    _, state = begin(starts, KEYS[:3])
    assert (state.states == starts).all()
    for states, message in (
        ([0, 2], r"states = \[0, 2\]: must be within"),
        ([-1, 0], "states = "),
        ([0], r"states\.shape = \(1,\)"),
        ([0.0, 1.0], "states = .*whole numbers"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            world.start_at(states)


def test_a_batch_of_worlds_gives_each_run_its_own() -> None:
    up, down = np.eye(2)[[1, 1]].T, np.eye(2)[[0, 0]].T
    B = np.stack([np.stack([up, down], 2), np.stack([down, up], 2)])
    model = generative_model(A=[np.eye(2)], B=[B], D=[[1, 0]], batch_size=2)
    worlds = hidden_world(model, [[[0.0, 3.0], [0.0, 5.0]]])

    def run(world: HiddenWorld, key: jax.Array) -> Any:
        _, state = world.reset(key)
        return [world.step(key, state, action).reward for action in (0, 1)]

    assert np.array(jax.jit(jax.vmap(run))(worlds, KEYS[:2])).T.tolist() == [[3.0, 0.0], [0.0, 5.0]]
    alone = hidden_world(generative_model(A=[np.eye(2)], B=[B[1]], D=[[1, 0]]), [[0.0, 5.0]])
    assert [float(reward) for reward in run(alone, KEY)] == [0.0, 5.0]
    for call in (lambda: worlds.reset(KEY), lambda: worlds.start_at([0])):
        with pytest.raises(ValueError, match=r"model\.batch_size = 2: .*jax\.vmap over the world"):
            call()
    with pytest.raises(ValueError, match=r"rewards\[0\]\.shape = \(3, 2\)"):
        hidden_world(model, [np.zeros((3, 2))])


def test_probabilities_may_differ_from_run_to_run() -> None:
    worlds = jax.vmap(lambda p: grid_world((1, 2), initial_position=(0, 0), success_prob=p))(
        jnp.array([0.0, 1.0])
    )
    step = jax.jit(jax.vmap(lambda world, key: world.step(key, world.reset(key)[1], 1).state.states))
    moved = step(worlds, KEYS[:2])
    assert moved.tolist() == [[0], [1]]


def test_runs_of_a_batch_are_the_runs_alone() -> None:
    world = hidden_world(crossed())
    actions = jnp.arange(6)

    @jax.jit
    def run(key: jax.Array, action: jax.Array) -> Any:
        observation, state = world.reset(key)
        return observation, world.step(key, state, action)

    together = jax.vmap(run)(KEYS[:6], actions)
    for i in range(6):
        alone = run(KEYS[i], actions[i])
        same = jax.tree.map(lambda x, y, i=i: bool((x[i] == y).all()), together, alone)
        assert jax.tree.all(same)


def test_double_precision() -> None:
    with jax.enable_x64(True):
        world = hidden_world(crossed(), [np.full(4, 0.1), None])
        assert world.model.B[0].dtype == jnp.float64
        answer = world.step(KEY, world.reset(KEY)[1], jnp.array([2, 1], jnp.int32))
        assert answer.reward.dtype == jnp.float32
        assert float(answer.reward) == np.float32(0.1)
        assert answer.state.states.dtype == answer.observation[0].dtype == jnp.int32


def test_new_cells_add_up_to_the_cells_visited() -> None:
    world = grid_world((3, 3), initial_position=(1, 1), include_stay=False)
    actions = jnp.array([0, 0, 2, 1, 3, 3, 0, 0])

    @jax.jit
    def walk(key: jax.Array) -> tuple[Any, Any]:
        def step(state: Any, action: Any) -> Any:
            answer = world.step(key, state, action)
            return answer.state, (state.states[0], answer.info["new_cell"])

        return jax.lax.scan(step, world.reset(key)[1], actions)

    state, (cells, new) = walk(KEY)
    assert cells.tolist() == [4, 1, 1, 4, 5, 4, 3, 0]
    assert new.tolist() == [1, 1, 0, 0, 1, 0, 1, 1]
    assert new.dtype == jnp.float32
    assert int(state.visited.sum()) == new.sum() == len(set(cells.tolist()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rewards": [None]}, r"len\(rewards\) = 1: must be 2"),
        ({"rewards": [np.zeros(3), None]}, r"rewards\[0\]\.shape = \(3,\): must be \(4,\)"),
        ({"rewards": [None, [0.0, np.nan, 1.0]]}, r"rewards\[1\] = .*NaN"),
        ({"rewards": 1.0}, "rewards = 1.0: should be a list"),
        ({"ends_on": [[4], []]}, r"ends_on\[0\] = 4: should be within 0 \.\. 3"),
        ({"ends_on": [[]]}, r"len\(ends_on\) = 1: must be 2"),
        ({"ends_on": [1, 2]}, r"ends_on\[0\] = 1: should be a list"),
        ({"cell_factor": 2}, "cell_factor = 2: should be within 0 .. 1"),
    ],
)
def test_what_fits_no_world_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        hidden_world(**({"model": crossed()} | change))


def test_other_numbers_compile_nothing_anew() -> None:
    traces = []

    @eqx.filter_jit
    def begin(world: HiddenWorld, key: jax.Array) -> Any:
        traces.append(1)
        return world.reset(key)

    for p in (0.2, 0.9):
        begin(grid_world(success_prob=p), KEY)
    assert len(traces) == 1
