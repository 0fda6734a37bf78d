"""Planners judged on random models: what is promised of their regret, against an optimum written out plainly."""

import itertools
from collections.abc import Sequence

import jax
import numpy as np
import pytest
from benchmarks.planners import (
    RIVALS,
    Problems,
    cue_problems,
    cue_sets,
    laws,
    losses,
    random_problems,
    random_sets,
)

from isotherm.energy.hidden.model import GenerativeModel

EXACT, SAMPLED = "`Sophisticated`, unpruned, gamma 1e7", "`MonteCarlo`, 2000 simulations"


class Joint:
    """Laws of joint states and joint choices, both in lexicographic order, by loops over their parts.

    ``seen[m][s, o]`` is of a modality's symbol, ``moves[u][s, r]`` of a move from ``s`` to ``r``.
    """

    def __init__(self, model: GenerativeModel) -> None:
        states = list(itertools.product(*map(range, model.num_states)))
        of_parents = lambda law, state, parents: law[(slice(None), *(state[f] for f in parents))]  # noqa: E731
        self.seen = [
            np.array([of_parents(np.asarray(law, float), state, parents) for state in states])
            for law, parents in zip(model.A, model.A_dependencies, strict=True)
        ]
        self.moves = []
        for choice in itertools.product(*map(range, model.num_controls)):
            moves = np.ones((len(states), len(states)))
            for f, law in enumerate(model.B):
                assert model.B_dependencies[f] == (f,)
                assert len(model.B_action_dependencies[f]) <= 1
                control = [choice[at] for at in model.B_action_dependencies[f]] or [0]
                table = np.asarray(law, float).reshape(*law.shape[:2], -1)[:, :, control[0]]
                moves *= np.array([[table[to[f], now[f]] for to in states] for now in states])
            self.moves.append(moves)
        self.C = [np.asarray(C, float) for C in model.C]
        self.start = np.array(
            [np.prod([q[s] for q, s in zip(model.D, state, strict=True)]) for state in states]
        )


def mean_log(law: np.ndarray) -> np.ndarray:
    """Minus the entropy of each row."""
    return np.sum(law * np.log(law, out=np.zeros_like(law), where=law > 0), axis=-1)


def worth_of_choices(joint: Joint, reached: np.ndarray, steps: int) -> np.ndarray:
    """Of each first choice, the probability of a history times what the best choices are worth from there.

    Nothing is normalised on the way: ``reached[s]`` is the probability that all that was seen was seen and that the
    state is ``s``, so that sums over histories are means.
    """
    found = np.zeros(len(joint.moves))
    for u, moves in enumerate(joint.moves):
        then = reached @ moves
        for law, C in zip(joint.seen, joint.C, strict=True):
            of_symbol = then @ law
            found[u] += of_symbol @ C + then @ mean_log(law)
            found[u] -= then.sum() * mean_log(of_symbol / then.sum())
        if steps > 1:
            for symbols in itertools.product(*(range(law.shape[1]) for law in joint.seen)):
                and_seen = then * np.prod(
                    [law[:, o] for law, o in zip(joint.seen, symbols, strict=True)], axis=0
                )
                if and_seen.any():
                    found[u] += worth_of_choices(joint, and_seen, steps - 1).max()
    return found


def regret_of_choices(problems: Problems) -> np.ndarray:
    """Of each model and first choice, how much less it is worth than the best one, ``(models, choices)``."""
    each = [jax.tree.map(lambda leaf, i=i: leaf[i], problems.models) for i in range(problems.num_models)]
    joints = list(map(Joint, each))
    worth = np.stack([worth_of_choices(joint, joint.start, problems.horizon) for joint in joints])
    return worth.max(1, keepdims=True) - worth


def regrets(name: str, sets: Sequence[Problems], of_choices: Sequence[np.ndarray]) -> np.ndarray:
    """Of each model, the regret of the law by which a planner chooses."""
    with jax.enable_x64(True):
        found = [laws(RIVALS[name], problems)[0] for problems in sets]
    return np.concatenate([(law * regret).sum(1) for law, regret in zip(found, of_choices, strict=True)])


@pytest.fixture(scope="module")
def random_models() -> tuple[tuple[Problems, ...], list[np.ndarray]]:
    """The 20 random models, and the regrets of their choices."""
    with jax.enable_x64(True):
        sets = random_sets()
        return sets, list(map(regret_of_choices, sets))


@pytest.fixture(scope="module")
def cue_tasks() -> tuple[tuple[Problems, ...], list[np.ndarray]]:
    """The 20 cue tasks, and the regrets of their choices."""
    with jax.enable_x64(True):
        sets = cue_sets()
        return sets, list(map(regret_of_choices, sets))


def test_of_five_models_all_that_is_exact_finds_the_best_choice() -> None:
    """And policies of one step do not: the models need planning."""
    with jax.enable_x64(True):
        sets = (random_problems((3,), (3,), (2,), 3),)
        of_choices = [regret_of_choices(problems) for problems in sets]
    assert regrets("`Exhaustive`, gamma 1e7", sets, of_choices).max() <= 1e-6
    assert regrets("policies of 1 step", sets, of_choices).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random_models", "cue_tasks"])
def test_the_benchmark_has_the_regrets_of_a_plain_recursion(
    kind: str, request: pytest.FixtureRequest
) -> None:
    sets, of_choices = request.getfixturevalue(kind)
    assert sum(problems.num_models for problems in sets) == 20
    for problems, expected in zip(sets, of_choices, strict=True):
        np.testing.assert_allclose(losses(problems), expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random_models", "cue_tasks"])
def test_sophisticated_inference_without_pruning_loses_nothing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    sets, of_choices = request.getfixturevalue(kind)
    found = regrets(EXACT, sets, of_choices)
    assert found.shape == (20,)
    assert found.max() <= 1e-6
    assert regrets("policies of all steps", sets, of_choices).max() > 0.05  # enumeration does not do


@pytest.mark.slow
def test_monte_carlo_with_2000_simulations_loses_little(
    random_models: tuple[tuple[Problems, ...], list[np.ndarray]],
) -> None:
    sets, of_choices = random_models
    found = regrets(SAMPLED, sets, of_choices)
    assert found.shape == (20,)
    assert found.mean() <= 0.02
    assert regrets("a choice at random", sets, of_choices).mean() > 0.05  # what 0.02 is small beside


@pytest.mark.slow
def test_simulations_go_where_they_tell_most() -> None:
    """200 do where the tree is ten times as large: not if values on the way are wrong, or nothing is explored."""
    with jax.enable_x64(True):
        sets = (cue_problems(3, 20),)
        of_choices = [regret_of_choices(problems) for problems in sets]
    assert regrets("`MonteCarlo`, 200 simulations", sets, of_choices).mean() <= 0.02
