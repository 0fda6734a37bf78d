"""What the reference library's own tests establish, on our engine (spec, section 3)."""

import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.random_graphs import brute_force
from tests.support.stats import assert_frequencies

from isotherm.energy.factor import AbstractFactor, Factor, Scope, scope_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical, custom, spin
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.gibbs.plan import plan_of
from isotherm.sample.observe import histogram, moments
from isotherm.sample.run import sample, sample_means

NUM_CHAINS, NUM_SAMPLES = 400, 250


def anywhere(graph: FactorGraph, num_chains: int = NUM_CHAINS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.choice(group.values(), (num_chains, group.size)) for name, group in graph.groups}


def mismatch(
    graph: FactorGraph, beta: float = 1.0, clamp: dict[str, Clamp] | None = None, **how: Any
) -> float:
    """``max|p̂ - p| / max p`` of 100,000 samples over all states that agree with the evidence."""
    variables = [(name, at) for name, group in graph.groups for at in range(group.size)]
    run = sample_means(
        jax.random.key(0),
        gibbs(graph, beta, clamp, **how),
        anywhere(graph),
        num_warmup=50,
        num_samples=NUM_SAMPLES,
        thin=2,
        observe=histogram(graph, *variables),
    )
    truth = brute_force(graph, 1.0, clamp)
    index = np.zeros(len(truth.log_weights), int)
    for name, group in graph.groups:
        codes = (truth.states[name] + 1) // 2 if group.kind == "spin" else truth.states[name]
        for column in codes.T:
            index = index * group.cardinality + column
    exact = np.zeros(run.means.shape[1])
    exact[index] = truth.probabilities
    found = np.asarray(run.means, np.float64).mean(axis=0)
    return float(np.abs(found - exact).max() / exact.max())


def held(size: int, values: dict[int, int], dtype: Any) -> Clamp:
    mask, full = np.zeros(size, bool), np.zeros(size, dtype)
    for at, value in values.items():
        mask[at], full[at] = True, value
    return Clamp(mask, full)


CHAIN = [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_a_chain_with_a_triplet_and_two_clamped() -> None:
    rng = np.random.default_rng(1)
    graph = FactorGraph.of(
        {"s": spin(5)},
        [
            Factor.of("s", range(5), rng.normal(size=5)),
            Factor.of(("s", "s"), CHAIN, rng.normal(size=4)),
            Factor.of(("s", "s", "s"), [[0, 2, 4]], rng.normal(size=1)),
        ],
    )
    clamp = {"s": held(5, {1: -1, 3: 1}, np.int8)}
    assert mismatch(graph, clamp=clamp) < 0.02
    assert mismatch(graph, beta=1.2, clamp=clamp) > 0.02


def test_five_three_state_variables_with_a_triple_table() -> None:
    rng = np.random.default_rng(2)
    graph = FactorGraph.of(
        {"c": categorical(5, 3)},
        [
            Factor.of(("c", "c", "c"), [[0, 2, 4]], rng.normal(size=(1, 3, 3, 3))),
            Factor.of(("c", "c"), CHAIN, rng.normal(size=(4, 3, 3))),
        ],
    )
    assert mismatch(graph, clamp={"c": held(5, {1: 2, 3: 0}, np.uint8)}) < 0.02


def test_spins_and_categories_with_mixed_factors() -> None:
    rng = np.random.default_rng(3)
    graph = FactorGraph.of(
        {"s": spin(3), "c": categorical(4, 3)},
        [
            Factor.of(("s", "c"), [[0, 0], [1, 1], [2, 3]], rng.normal(size=(3, 3))),
            Factor.of(("c", "c"), [[0, 1], [2, 3]], rng.normal(size=(2, 3, 3))),
            Factor.of(("s", "c", "s"), [[0, 2, 1]], rng.normal(size=(1, 3))),
        ],
    )
    assert mismatch(graph) < 0.05


def test_a_mixed_grid_in_super_blocks() -> None:
    """Nodes of a 3 x 3 grid are spins or categories; each colour is one step of two blocks."""
    rng = np.random.default_rng(4)
    is_spin = np.isin(np.arange(9), rng.choice(9, 5, replace=False))
    place = np.where(is_spin, np.cumsum(is_spin), np.cumsum(~is_spin)) - 1
    side = np.arange(9).reshape(3, 3)
    edges = [(int(a), int(b)) for a, b in zip(side[:-1].ravel(), side[1:].ravel(), strict=True)]
    edges += [(int(a), int(b)) for a, b in zip(side[:, :-1].ravel(), side[:, 1:].ravel(), strict=True)]
    forms: dict[tuple[str, str], list] = {}
    for edge in edges:
        a, b = sorted(edge, key=lambda node: not is_spin[node])
        forms.setdefault(tuple("s" if is_spin[node] else "c" for node in (a, b)), []).append(
            [place[a], place[b]]
        )
    factors = [
        Factor.of(groups, rows, rng.normal(size=(len(rows), *(3 for group in groups if group == "c"))))
        for groups, rows in forms.items()
    ]
    assert len(factors) == 3
    graph = FactorGraph.of(
        {"s": spin(int(is_spin.sum())), "c": categorical(int((~is_spin).sum()), 3)}, factors
    )
    colours = [(np.arange(9) % 2 == k) for k in (0, 1)]
    blocks = [({"s": place[on & is_spin]}, {"c": place[on & ~is_spin]}) for on in colours]
    assert mismatch(graph, blocks=blocks) < 0.04


def test_spins_and_their_two_state_categories_agree() -> None:
    """``J = ¼ Σ ab W[a, b]``, and each end's bias ``¼ Σ a W[a, b]``; tables hold values in the order -1, +1."""
    rng = np.random.default_rng(5)
    side = np.arange(9).reshape(3, 3)
    edges = np.concatenate(
        [
            np.stack([side[:-1], side[1:]], -1).reshape(-1, 2),
            np.stack([side[:, :-1], side[:, 1:]], -1).reshape(-1, 2),
        ]
    )
    tables, sign = rng.normal(size=(12, 2, 2)), np.array([-1, 1])
    biases = np.zeros(9)
    np.add.at(biases, edges[:, 0], np.einsum("a,eab->e", sign, tables) / 4)
    np.add.at(biases, edges[:, 1], np.einsum("b,eab->e", sign, tables) / 4)
    spins = ising(edges, np.einsum("a,b,eab->e", sign, sign, tables) / 4, biases)
    categories = FactorGraph.of({"c": categorical(9, 2)}, [Factor.of(("c", "c"), edges, tables)])
    both = [brute_force(graph).probabilities for graph in (spins, categories)]
    np.testing.assert_allclose(*both, rtol=1e-9)
    assert mismatch(spins) < 0.05
    assert mismatch(categories) < 0.05


def test_a_chain_with_one_end_clamped() -> None:
    graph = ising(np.array(CHAIN), 0.8, np.array([0.1, -0.2, 0.3, 0.0, 0.4]))
    assert mismatch(graph, clamp={"s": held(5, {0: 1}, np.int8)}) < 0.02


def mixed_five() -> FactorGraph:
    rng = np.random.default_rng(6)
    return FactorGraph.of(
        {"s": spin(3), "c": categorical(2, 3)},
        [
            Factor.of(("s", "c"), [[0, 0], [1, 1], [2, 1], [0, 1]], rng.normal(size=(4, 3))),
            Factor.of("s", [0, 1], rng.normal(size=2)),
        ],
    )


def test_accumulated_moments_are_averages_of_samples() -> None:
    graph = mixed_five()
    observe = moments(graph, ("s", "c"), [[0, 0], [2, 1]])
    start, kernel, budget = anywhere(graph, 4), gibbs(graph), {"num_warmup": 10, "num_samples": 200}
    run = sample(jax.random.key(0), kernel, start, **budget)
    accumulated = sample_means(jax.random.key(0), kernel, start, observe=observe, **budget)
    s, c = np.asarray(run.values["s"], np.float64), np.asarray(run.values["c"])
    one_hot = c[..., [0, 1], None] == np.arange(3)
    np.testing.assert_allclose(accumulated.means, (s[..., [0, 2], None] * one_hot).mean(axis=1), atol=1e-6)


def test_samples_of_the_five_spin_chain_have_their_shape() -> None:
    graph = ising(np.array(CHAIN), 0.5)
    run = sample(jax.random.key(0), gibbs(graph), anywhere(graph, 1), num_samples=1000)
    assert run.values["s"].shape == (1, 1000, 5)


# ------------------------------------------------------------------------------
# One block update is a draw from the distribution computed by hand


def one_update(graph: FactorGraph, block: dict, start: dict) -> dict[str, np.ndarray]:
    """20,000 chains from one state, after the update of one block; the rest is held at the start."""
    clamp = {
        name: Clamp(~np.isin(np.arange(group.size), block.get(name, [])), None)
        for name, group in graph.groups
    }
    starts = {
        name: np.tile(np.asarray(x, graph.variables[name].dtype), (20_000, 1)) for name, x in start.items()
    }
    kernel = gibbs(graph, 1.0, clamp, blocks=[block])
    run = sample(jax.random.key(1), kernel, starts, num_warmup=0, num_samples=1)
    return {name: np.asarray(values)[:, 0] for name, values in run.values.items()}


def test_an_update_by_biases_only() -> None:
    biases = np.array([-1.0, 0.0, 0.7])
    graph = FactorGraph.of({"s": spin(3)}, [Factor.of("s", range(3), biases)])
    drawn = one_update(graph, {"s": [0, 1, 2]}, {"s": [1, 1, 1]})["s"]
    for column, bias in zip(drawn.T, biases, strict=True):
        up = 1 / (1 + np.exp(-2 * bias))
        assert_frequencies((column + 1) // 2, np.array([1 - up, up]))


def test_an_update_of_a_categorical_triplet() -> None:
    table = np.random.default_rng(7).normal(size=(1, 3, 4, 5))
    groups = {"a": categorical(1, 3), "b": categorical(1, 4), "d": categorical(1, 5)}
    graph = FactorGraph.of(groups, [Factor.of(("a", "b", "d"), [[0, 0, 0]], table)])
    drawn = one_update(graph, {"b": [0]}, {"a": [2], "b": [0], "d": [3]})["b"]
    weights = np.exp(table[0, 2, :, 3])
    assert_frequencies(drawn, weights / weights.sum())


def test_an_update_in_a_ragged_mixed_neighbourhood() -> None:
    graph = mixed_five()
    drawn = one_update(graph, {"c": [0, 1]}, {"s": [1, -1, 1], "c": [0, 0]})["c"]
    tables = np.asarray(graph.factors[0].parameters)
    for at, logits in enumerate([tables[0], -tables[1] + tables[2] + tables[3]]):
        assert_frequencies(drawn[:, at], np.exp(logits) / np.exp(logits).sum())


# ------------------------------------------------------------------------------
# Custom kinds, factors and conditionals with memory


class Turn(AbstractFactor):
    """Planar rotors: minus the cosine between two angles, each stored as a pytree of two numbers."""

    strengths: Any
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="turn")

    @property
    def parameters(self) -> Any:
        return self.strengths

    def energy_of(self, parameters: Any, *values: Any) -> jax.Array:
        a, b = values
        return -parameters * (a["cos"] * b["cos"] + a["sin"] * b["sin"])


class Metropolis(eqx.Module):
    """Any angle is proposed; what is carried counts the acceptances of each variable."""

    def init(self, values: Any) -> jax.Array:
        return jnp.zeros(values["cos"].shape, jnp.int32)

    def sample(self, key: jax.Array, local_energy: Any, values: Any, carry: jax.Array) -> Any:
        key_angle, key_accept = jax.random.split(key)
        angle = jax.random.uniform(key_angle, carry.shape, jnp.float32, 0, 2 * np.pi)
        proposed = {"cos": jnp.cos(angle), "sin": jnp.sin(angle)}
        u = jax.random.uniform(key_accept, carry.shape, jnp.float32)
        accept = u < jnp.exp(local_energy(values) - local_energy(proposed))
        chosen = jax.tree.map(lambda new, old: jnp.where(accept, new, old), proposed, values)
        return chosen, carry + accept.astype(jnp.int32)


def test_metropolis_within_gibbs_on_a_pytree_kind() -> None:
    """Two rotors: ``⟨cos(a - b)⟩ = I₁(K) / I₀(K)``."""
    graph = FactorGraph.of(
        {"u": custom(2)}, [Turn(strengths=np.array([1.5]), scope=scope_of(("u", "u"), [[0, 1]], "turn"))]
    )
    kernel = gibbs(graph, 1.0, conditionals={"u": Metropolis()})
    start = {"u": {"cos": np.ones((300, 2), np.float32), "sin": np.zeros((300, 2), np.float32)}}
    run = sample_means(
        jax.random.key(0),
        kernel,
        start,
        num_warmup=30,
        num_samples=100,
        observe=lambda s: (_cosine(s), s.carry["u"]),
    )
    cosine = np.asarray(run.means[0], np.float64)
    angle = np.linspace(0, 2 * np.pi, 10_001)[:-1]
    for coupling, is_right in ((1.5, True), (1.7, False)):
        weights = np.exp(coupling * np.cos(angle))
        exact = (np.cos(angle) * weights).sum() / weights.sum()
        z = (cosine.mean() - exact) / (cosine.std(ddof=1) / np.sqrt(len(cosine)))
        assert (abs(z) < 4) == is_right
    assert (np.asarray(run.states.carry["u"]) > 0).all()


def _cosine(state: Any) -> jax.Array:
    u = state.position["u"]
    return u["cos"].prod() + u["sin"].prod()


class Agreement(AbstractFactor):
    """A user's factor over discrete variables, of which only the energy is written."""

    strengths: Any
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="agreement")

    @property
    def parameters(self) -> Any:
        return self.strengths

    def energy_of(self, parameters: Any, *values: Any) -> jax.Array:
        s, c = values
        return -parameters * jnp.where((s > 0) == (c == 2), 1.0, 0.0)


def test_a_factor_known_by_its_energy_alone() -> None:
    rows, strengths = [[0, 0], [1, 0], [1, 1]], np.array([0.5, -1.0, 1.5])
    scope = scope_of(("s", "c"), rows, "agreement")
    tables = np.zeros((3, 2, 3)) + strengths[:, None, None] * (np.arange(2)[:, None] == (np.arange(3) == 2))
    own = FactorGraph.of(
        {"s": spin(2), "c": categorical(2, 3)}, [Agreement(strengths=strengths, scope=scope)]
    )
    twin = FactorGraph.of(
        {"t": categorical(2, 2), "c": categorical(2, 3)}, [Factor.of(("t", "c"), rows, tables)]
    )
    run = sample_means(
        jax.random.key(0),
        gibbs(own),
        anywhere(own),
        num_warmup=30,
        num_samples=100,
        observe=histogram(own, ("s", 0), ("s", 1), ("c", 0), ("c", 1)),
    )
    found, exact = np.asarray(run.means, np.float64), brute_force(twin).probabilities
    z = (found.mean(axis=0) - exact) / (found.std(axis=0, ddof=1) / np.sqrt(len(found)))
    assert np.abs(z).max() < 5


class Ranked(AbstractFactor):
    """A user's factor over many like variables and another, in which every place counts differently."""

    strengths: Any
    scope: Scope = eqx.field(static=True)
    name: str = eqx.field(static=True, default="ranked")

    @property
    def parameters(self) -> Any:
        return self.strengths

    def energy_of(self, parameters: Any, *values: Any) -> jax.Array:
        *spins, category = (value.astype(jnp.float32) for value in values)
        ranked = sum((rank + 1) * spin for rank, spin in enumerate(spins))
        return -parameters * jnp.where(ranked > category, 1.0, 0.5 * spins[1])


def test_a_factor_of_many_like_variables_is_evaluated_once_for_all() -> None:
    """Three spins of each factor share one sort of terms; each knows which argument it is."""
    scope = scope_of(("s", "s", "s", "c"), [[0, 1, 2, 0], [2, 3, 1, 0]], "ranked")
    graph = FactorGraph.of(
        {"s": spin(4), "c": categorical(1, 2)}, [Ranked(strengths=np.array([1.0, -1.5]), scope=scope)]
    )
    plan = plan_of(graph, np.zeros(5, bool))
    sorts = {terms.sort for stage in plan.stages for piece in stage.pieces for terms in piece.terms}
    assert len(sorts) == 2
    variables = [("s", 0), ("s", 1), ("s", 2), ("s", 3), ("c", 0)]
    run = sample_means(
        jax.random.key(0),
        gibbs(graph),
        anywhere(graph),
        num_warmup=30,
        num_samples=100,
        observe=histogram(graph, *variables),
    )
    grid = np.indices((2,) * 5).reshape(5, -1).T
    states = {"s": jnp.asarray(2 * grid[:, :4] - 1, jnp.int8), "c": jnp.asarray(grid[:, 4:], jnp.uint8)}
    weights = np.exp(-np.asarray(jax.vmap(graph.energy)(states), np.float64))
    found, exact = np.asarray(run.means, np.float64), weights / weights.sum()
    z = (found.mean(axis=0) - exact) / (found.std(axis=0, ddof=1) / np.sqrt(len(found)))
    assert np.abs(z).max() < 5


# ------------------------------------------------------------------------------
# Compiling and planning


def test_new_values_do_not_compile_again() -> None:
    """Ten temperatures, other weights and other held values: one trace."""
    traces = 0

    @eqx.filter_jit
    def run(key: jax.Array, kernel: Any, start: Any) -> Any:
        nonlocal traces
        traces += 1
        return kernel.step(key, kernel.init(start))[0].position

    start = {name: x[0] for name, x in anywhere(mixed_five(), 1).items()}
    mask = np.array([True, False, False])
    for k in range(10):
        graph = mixed_five()
        graph = graph.with_parameters(tuple(weights * (1 + k) for weights in graph.parameters))
        clamp = {"s": Clamp(mask, np.full(3, 1 - 2 * (k % 2), np.int8))}
        found = run(jax.random.key(k), gibbs(graph, 0.1 * (k + 1), clamp), start)
        assert found["s"][0] == 1 - 2 * (k % 2)
    assert traces == 1


@pytest.mark.slow
def test_planning_is_linear_up_to_a_million_variables() -> None:
    """Ten times as many variables may cost twenty times as much; the largest takes seconds."""
    seconds = {side: min(_seconds(side) for _ in range(2)) for side in (316, 1000)}
    assert seconds[1000] < 20 * seconds[316] + 1
    assert seconds[1000] < 30


def _seconds(side: int) -> float:
    at = np.random.default_rng(time.perf_counter_ns()).permutation(side * side).reshape(side, side)
    edges = np.concatenate([np.stack([at, np.roll(at, 1, k)], -1).reshape(-1, 2) for k in (0, 1)])
    graph = ising(edges, 0.4)
    begin = time.process_time()
    plan_of(graph, np.zeros(graph.num_variables, bool))
    return time.process_time() - begin


# ------------------------------------------------------------------------------
# Refusals


REFUSED = [
    ({"blocks": [{"s": [0, 1, 2], "c": [0]}, {"c": [1]}]}, r"blocks\[0\] = 's\[0\], c\[0\]': interact"),
    ({"blocks": [({"s": [0]}, {"s": [0]}), "s", "c"]}, r"blocks\[0\] = 's\[0\]': is in the step twice"),
    ({"blocks": ["s", {"c": [0]}]}, r"blocks = 'c\[1\]': is in no block"),
    ({"blocks": ["s", "x"]}, "blocks.1. = 'x': unknown; the graph has s, c"),
    ({"blocks": ["s", {"c": [0, 2]}]}, r"blocks\[1\]\['c'\] = 2: unknown; the group has 0 .. 1"),
    (
        {"clamp": {"c": Clamp(np.array([True, False]), np.array([3, 9], np.uint8))}},
        r"c\[0\] = 3: should be within",
    ),
    (
        {"clamp": {"s": Clamp(np.ones(3, bool), np.array([1, 0, 1], np.int8))}},
        r"s\[1\] = 0: should be -1 or \+1",
    ),
    ({"clamp": {"x": Clamp(np.ones(3, bool))}}, "clamp = 'x': unknown"),
    ({"clamp": {"s": Clamp(np.ones(2, bool))}}, "must be bool of shape"),
    ({"num_sweeps": 0}, "num_sweeps = 0"),
    ({"conditionals": {"x": Metropolis()}}, "conditionals = 'x': unknown"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_is_wrong_is_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gibbs(mixed_five(), **arguments)


def test_interacting_variables_may_share_a_step_where_allowed() -> None:
    """Both read the state before: two antiparallel spins at strong coupling swap for ever."""
    graph = ising(np.array([[0, 1]]), 30.0)
    kernel = gibbs(graph, blocks=["s"], allow_parallel=True)
    run = sample(jax.random.key(0), kernel, {"s": np.array([[1, -1]], np.int8)}, num_warmup=0, num_samples=4)
    np.testing.assert_array_equal(run.values["s"][0], [[-1, 1], [1, -1], [-1, 1], [1, -1]])


def test_held_batches_of_data_stay() -> None:
    graph = mixed_five()
    start = anywhere(graph, 8)
    run = sample(jax.random.key(0), gibbs(graph, clamp={"s": Clamp(np.ones(3, bool))}), start, num_samples=5)
    np.testing.assert_array_equal(run.values["s"], np.repeat(start["s"][:, None], 5, axis=1))
    assert (np.asarray(run.values["c"]) != start["c"][:, None]).any()
