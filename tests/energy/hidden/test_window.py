"""Graphs of windows against the sum over all hidden paths, and against the chain of a single factor."""

import itertools

import jax
import numpy as np
import pytest

from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.energy.hidden.window import window_graph
from isotherm.exact.exact import exact
from isotherm.exact.hidden.chain import hidden_chain
from isotherm.exact.hidden.smoothing import transitions_of

RNG = np.random.default_rng(0)


def laws(rng: np.random.Generator, share: float, *shape: int) -> np.ndarray:
    """Random laws over the first axis, a share of the entries above zero."""
    found = rng.gamma(0.8, size=shape) * (rng.random(shape) < share)
    found[0] += found.sum(0) == 0
    return found / found.sum(0)


def model_of(
    rng: np.random.Generator, sizes: tuple[int, ...], A: list, B: list, controls: list, num_controls: list
) -> GenerativeModel:
    """Random tensors with given dependencies; modalities have three symbols, only the first has zeros."""
    return generative_model(
        A=[laws(rng, 1.0 if m else 0.8, 3, *(sizes[p] for p in of)) for m, of in enumerate(A)],
        B=[
            laws(rng, 0.75, sizes[f], *(sizes[p] for p in of), *(num_controls[c] for c in used))
            for f, (of, used) in enumerate(zip(B, controls, strict=True))
        ],
        D=[laws(rng, 0.8, n) for n in sizes],
        A_dependencies=A,
        B_dependencies=B,
        B_action_dependencies=controls,
        num_controls=num_controls,
    )


def path_weights(model: GenerativeModel, obs: list[np.ndarray], actions: np.ndarray) -> dict:
    """Probability of every hidden path, observations included, from the definition."""
    A, B, D = ([np.asarray(x, np.float64) for x in tensors] for tensors in (model.A, model.B, model.D))
    steps, sizes = len(obs[0]), model.num_states
    states = list(itertools.product(*map(range, sizes)))
    found = {}
    for path in itertools.product(states, repeat=steps):
        weight = np.prod([D[f][path[0][f]] for f in range(len(sizes))])
        for t, state in enumerate(path):
            for m, of in enumerate(model.A_dependencies):
                seen = A[m][(slice(None), *(state[p] for p in of))]
                weight *= np.prod(seen ** obs[m][t])
        for t in range(steps - 1):
            for f, of in enumerate(model.B_dependencies):
                flat = 0
                for c in model.B_action_dependencies[f]:
                    flat = flat * model.num_controls[c] + actions[t, c]
                is_acting = all(actions[t, c] >= 0 for c in model.B_action_dependencies[f])
                moved = (path[t + 1][f], *(path[t][p] for p in of), flat)
                weight *= B[f][moved] if is_acting else float(path[t][f] == path[t + 1][f])
        found[path] = weight
    return found


@pytest.mark.parametrize("seed", range(8))
def test_graphs_agree_with_the_sum_over_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    with jax.enable_x64(True):
        model = model_of(
            rng,
            (2, 3, 1),
            A=[[1, 0], [1], [2], []],
            B=[[1, 0], [1, 2], [2]],
            controls=[[0, 1], [1], []],
            num_controls=[2, 3],
        )
    symbols = rng.integers(-1, 3, 3)
    soft = rng.dirichlet(np.ones(3), 3)
    obs = [symbols, soft, rng.integers(0, 3, 3), np.zeros((3, 3))]
    actions = np.stack([rng.integers(-1, 2, 2), rng.integers(-1, 3, 2)], 1)
    rows = [np.eye(4)[x, :3] if x.ndim == 1 else x for x in obs]
    weights = path_weights(model, rows, actions)
    total = sum(weights.values())
    graph = window_graph(model, obs, actions)
    assert set(graph.variables) == {"s0", "s1"}
    found = exact(graph)
    np.testing.assert_allclose(found.log_z, np.log(total), rtol=1e-12)
    for f in (0, 1):
        marginals = np.zeros((3, model.num_states[f]))
        for path, weight in weights.items():
            for t, state in enumerate(path):
                marginals[t, state[f]] += weight / total
        np.testing.assert_allclose(found.marginals[f"s{f}"], marginals, rtol=1e-10, atol=1e-13)


def test_one_factor_is_a_chain() -> None:
    hard, blurred = (
        np.array([[0.5, 0.0, 0.2], [0.3, 0.6, 0.0], [0.2, 0.4, 0.8]]),
        RNG.dirichlet(np.ones(3), 3).T,
    )
    moves = RNG.dirichlet(np.ones(3), (3, 2)).transpose(2, 0, 1)
    moves[:, 0, 1] = [0.0, 1.0, 0.0]
    symbols, soft = np.array([0, -1, 2, 1, 0]), RNG.dirichlet(np.ones(3), 5)
    actions = np.array([[0], [-1], [1], [1]])
    with np.errstate(divide="ignore"):
        log_hard = np.concatenate([np.log(hard), np.zeros((1, 3))])
    logs = log_hard[symbols] + soft @ np.log(blurred)
    with jax.enable_x64(True):
        model = generative_model(A=[hard, blurred], B=[moves], D=[[0.5, 0.5, 0.0]])
        chain = hidden_chain(model.D[0], transitions_of(model.B[0], actions[:, 0]), logs)
        found = exact(window_graph(model, [symbols, soft], actions))
        np.testing.assert_allclose(found.log_z, chain.log_likelihood, rtol=1e-12)
        np.testing.assert_allclose(found.marginals["s0"], chain.smoothed, rtol=1e-10, atol=1e-13)
        pairs = found.factor_marginals[[factor.name for factor in found.graph.factors].index("B[0]")]
        np.testing.assert_allclose(pairs, chain.pair_curr_next.swapaxes(1, 2), rtol=1e-10, atol=1e-13)
        assert (np.asarray(chain.smoothed) == 0).sum() >= 3


def test_one_step_needs_no_action() -> None:
    model = model_of(RNG, (2,), A=[[0]], B=[[0]], controls=[[0]], num_controls=[2])
    found = exact(window_graph(model, [[1]]))
    law = np.asarray(model.D[0], np.float64) * np.asarray(model.A[0], np.float64)[1]
    np.testing.assert_allclose(found.marginals["s0"][0], law / law.sum(), rtol=1e-6)


def test_what_contradicts_the_model_has_no_law() -> None:
    with pytest.raises(ValueError, match="no state is possible"):
        exact(window_graph(MODEL, [[0, 1]], [[0]]))


MODEL = generative_model(A=[np.eye(2)], B=[np.stack([np.eye(2)] * 2, -1)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"model": generative_model(A=[np.eye(2)], B=[np.eye(2)[..., None]], batch_size=2)},
            "batch_size = 2",
        ),
        ({"model": generative_model(A=[np.ones((1, 1))], B=[np.ones((1, 1, 1))])}, r"num_states = \(1,\)"),
        ({"observations": [[0, 2]]}, r"observations\[0\] = 2: must be within 0 .. 1, or -1 for none"),
        ({"observations": [[0, -2]]}, r"observations\[0\] = -2"),
        ({"observations": [[0.0, 1.0]]}, r"observations\[0\].dtype = 'float64': must be whole numbers"),
        (
            {"observations": [[[0.5, 0.4]] * 2]},
            r"observations\[0\]\[0\] = \[0.5, 0.4\]: must be probabilities",
        ),
        ({"observations": [[[1.0, 0.0, 0.0]] * 2]}, r"observations\[0\].shape = \(2, 3\)"),
        ({"observations": [[0, 1], [0, 1]]}, r"len\(observations\) = 2: must be 1"),
        ({"observations": [[]]}, r"observations\[0\] = '0 steps'"),
        ({"actions": [[2]]}, r"actions\[:, 0\] = 2: must be within 0 .. 1"),
        ({"actions": [0]}, r"actions.shape = \(1,\): must be \(1, 1\)"),
        ({"actions": None}, r"actions = None: must be of shape \(1, 1\)"),
    ],
)
def test_bad_arguments_are_refused(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        window_graph(**{"model": MODEL, "observations": [[0, 1]], "actions": [[1]]} | change)
