"""Arguments that are right one by one and wrong together; and right ones of unusual kinds, which must pass."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import optax
import polars as pl
import pytest
import scipy.sparse
from tests.doors.valid import (
    CLOCK,
    DATA,
    DENSE,
    EDGES,
    GRAPH,
    KEY,
    KEYS,
    LATTICE,
    MARKET,
    MIXED,
    MODEL,
    NEXT,
    NORMAL,
    REWARD,
    ROWS,
    START,
    TILTED,
    TRANSITION,
    kernel_at,
)

from isotherm import act, energy, estimate, exact, learn, random, sample, world
from isotherm.sample import Clamp

FOUR = energy.ising([[0, 1], [1, 2], [2, 3]], 0.1)
POTTS = energy.potts(EDGES, 3, 0.5)
SPARSE = scipy.sparse.csr_matrix(np.triu(np.ones((3, 3)), 1))
ALL_THREE = jnp.ones(3, bool)
HELD = [True, False, False]


@pytest.fixture(autouse=True)
def without_checks_of_annotations() -> Iterator[None]:
    """As users have it: the doors alone, and JAX's own promotion."""
    jaxtyping.config.update("jaxtyping_disable", True)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
    jaxtyping.config.update("jaxtyping_disable", False)


def held(mask: Any, values: Any) -> Any:
    return sample.gibbs(GRAPH, 1.0, {"s": Clamp(mask, values)})


def drawn(**changed: Any) -> Any:
    arguments = {"kernel": sample.gibbs(GRAPH), "positions": START, "num_samples": 2, "num_warmup": 1}
    return sample.sample(**({"key": KEY} | arguments | changed)).mean


def fitted(**changed: Any) -> Any:
    arguments: dict[str, Any] = {"key": KEY, "graph": GRAPH, "data": DATA, "num_epochs": 1}
    arguments |= {"objective": learn.PseudoLikelihood(), "optimizer": optax.sgd(0.1)}
    return learn.fit(**(arguments | changed))


def state_of_another_graph() -> Any:
    rows = np.array([[1, 1, -1, 1], [1, -1, -1, 1]], np.int8)
    return fitted(graph=FOUR, data=learn.Observations.of(FOUR, rows)).state


def state_of_another_optimizer() -> Any:
    return fitted(optimizer=optax.adam(0.1)).state


def rolled(agent: Any) -> Any:
    return act.rollout(KEYS, agent, MARKET, num_steps=3)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    # evidence
    "mask of another graph": (lambda: held(np.ones(4, bool), np.ones(4, np.int8)), r"clamp\['s'\]\.mask"),
    "mask of rows": (lambda: held([HELD], [1, 1, 1]), r"clamp\['s'\]\.mask"),
    "ragged mask": (lambda: held([[1], [0, 0]], [1, 1, 1]), r"clamp\['s'\]\.mask"),
    "mask of numbers": (lambda: held([1, 0, 0], [1, 1, 1]), r"clamp\['s'\]\.mask"),
    "one value": (lambda: held(HELD, 1), r"clamp\['s'\]\.values\.shape"),
    "value out of range": (lambda: held(HELD, [7, 1, 1]), "clamp: s"),
    "dense ragged values": (
        lambda: sample.initial_spins(KEY, DENSE, 1.0, Clamp(HELD, [[1], [1, 1]])),
        r"clamp\.values",
    ),
    "dense mask of text": (lambda: sample.gibbs(DENSE, 1.0, Clamp("abc", [1, 1, 1])), r"clamp\.mask"),
    # chains
    "positions of two numbers of chains": (
        lambda: drawn(positions={"s": np.ones((4, 3), np.int8), "t": np.ones((5, 3))}),
        r"positions\.shape",
    ),
    "positions of another model": (lambda: drawn(positions=jnp.ones((4, 3), jnp.int8)), "positions"),
    "no positions": (lambda: drawn(positions={}), "positions"),
    "positions that are no state": (lambda: drawn(positions=lambda key: 5, num_chains=2), "positions"),
    "other chains than positions": (lambda: drawn(num_chains=7), "num_chains"),
    "words observed": (lambda: drawn(observe=lambda state: "hi"), r"observe\(state\)"),
    "observer of two": (lambda: drawn(observe=lambda a, b: a), "observe"),
    "several keys": (lambda: drawn(key=KEYS), r"key\.shape"),
    "old key": (lambda: drawn(key=jax.random.PRNGKey(0)), "key"),
    "array of one count": (lambda: drawn(num_samples=np.array([2])), "num_samples"),
    "two temperatures for four chains": (
        lambda: drawn(kernel=sample.gibbs(GRAPH, np.array([1.0, 2.0]))),
        r"kernel\.beta\.shape",
    ),
    "large states, many draws": (
        lambda: drawn(
            kernel=sample.checkerboard(energy.LatticeIsing(energy.square(1000))),
            positions=jnp.ones((4, 1000, 1000), jnp.int8),
            num_samples=200_000,
        ),
        "num_samples = 200000: would take",
    ),
    "beta that is masked": (lambda: sample.gibbs(GRAPH, np.ma.masked), "beta"),
    "beta that is a date": (lambda: sample.gibbs(GRAPH, np.datetime64("2020")), "beta"),
    "beta that is a fraction": (lambda: sample.gibbs(GRAPH, Fraction(1, 2)), "beta"),
    # models
    "sparse couplings": (lambda: energy.ising(EDGES, SPARSE), "couplings"),
    "sparse edges": (lambda: energy.ising(SPARSE, 1.0), "edges"),
    "objects": (lambda: energy.ising(EDGES, np.array([0.1, 0.2], object)), "couplings"),
    "edges of bools": (lambda: energy.ising([(True, False)], 0.1), "edges"),
    "edges one by one": (lambda: energy.ising(zip([0, 1], [1, 2], strict=True), 0.1), "edges"),
    "three couplings of two edges": (lambda: energy.ising(EDGES, [0.1, 0.2, 0.3]), "couplings"),
    "weights of another scope": (
        lambda: energy.FactorGraph.of(
            {"s": energy.spin(3)}, [energy.Factor.of(("s", "s"), EDGES, [0.1, 0.2, 0.3])]
        ),
        r"factor\.weights\.shape",
    ),
    "parameters of another graph": (lambda: GRAPH.with_parameters((1.0, 2.0, 3.0)), "parameters"),
    "state without a group": (lambda: MIXED.energy({"s": jnp.ones(2, jnp.int8)}), "c"),
    "asymmetric covariance": (
        lambda: energy.GaussianPolicy(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]])),
        "covariance",
    ),
    "a base that is a class": (lambda: energy.Tilted(energy.GaussianPolicy, REWARD), "base"),
    "words for a reward": (lambda: energy.Tilted(NORMAL, lambda x: "a"), "reward"),
    # data and fits
    "ragged rows": (lambda: learn.Observations.of(GRAPH, [[1, -1, 1], [1, -1]]), "values"),
    "no rows": (lambda: learn.Observations.of(GRAPH, []), "values"),
    "sparse rows": (lambda: learn.Observations.of(GRAPH, scipy.sparse.csr_matrix(ROWS)), "values"),
    "groups of different length": (
        lambda: learn.Observations.of(MIXED, {"s": np.ones((2, 2)), "c": np.ones((3, 2))}),
        "values",
    ),
    "data of another graph": (lambda: fitted(graph=FOUR), "data"),
    "state of another graph": (
        lambda: fitted(num_epochs=2, state=state_of_another_graph()),
        r"state\.parameters",
    ),
    "state of another optimizer": (
        lambda: fitted(num_epochs=2, state=state_of_another_optimizer()),
        r"state\.optimizer",
    ),
    "state with a mean of another form": (
        lambda: fitted(num_epochs=2, state=fitted().state._replace(averaged=())),
        r"state\.averaged",
    ),
    "words for a score": (
        lambda: fitted(held_out=DATA, score=lambda graph, rows: "x"),
        r"score\(graph, rows\)",
    ),
    "an optimizer's maker": (lambda: fitted(optimizer=optax.sgd), "optimizer"),
    # answers
    "energy of another model": (lambda: sample.tempering(kernel_at, [0.5, 1.0], POTTS), "energy"),
    "same temperature twice": (lambda: sample.tempering(kernel_at, [1.0, 1.0], GRAPH), "betas"),
    "one sample of each chain": (lambda: estimate.integrated_time(np.ones((2, 1))), r"series\.shape"),
    "means of different length": (
        lambda: estimate.jackknife(lambda m: m["a"], {"a": np.ones((2, 3)), "b": np.ones((3, 3))}),
        "means",
    ),
    # agents and worlds
    "agent of more context": (lambda: rolled(act.Thompson(3, num_context=2)), "num_context"),
    "agent of less context": (lambda: rolled(act.Thompson(3, num_context=0)), "num_context"),
    "agent of more venues": (lambda: rolled(act.UCB(5)), "num_venues"),
    "phases of different length": (lambda: world.venue_market([[0.1, 0.2, 0.3], [0.1]], 0.1), "biases"),
    "seed of 64 bits": (lambda: random.run_keys(np.uint64(2**64 - 1), 0, 1), "seed"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore")
def test_what_does_not_fit_together_is_refused_in_one_line(name: str) -> None:
    call, field = WRONG[name]
    with pytest.raises((ValueError, TypeError), match=field) as caught:
        jax.block_until_ready(call())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


RIGHT: dict[str, Callable[[], Any]] = {
    "list for a mask": lambda: held(HELD, [1, 1, 1]),
    "list for a mask of a dense model": lambda: sample.gibbs(DENSE, 1.0, Clamp(HELD, [1, 1, 1])),
    "counts of NumPy and JAX": lambda: drawn(
        num_samples=np.int64(2), num_warmup=jnp.int32(1), thin=np.array(1)
    ),
    "key of another kind": lambda: drawn(key=jax.random.key(0, impl="rbg")),
    "half precision": lambda: drawn(kernel=sample.gibbs(GRAPH, np.float16(0.5))),
    "bfloat16": lambda: drawn(kernel=sample.gibbs(GRAPH, jnp.bfloat16(0.5))),
    "a temperature a chain": lambda: drawn(kernel=sample.gibbs(GRAPH, np.array([0.5, 1.0, 1.5, 2.0]))),
    "couplings of Polars": lambda: energy.ising(EDGES, pl.Series([0.1, 0.2])),
    "edges of Polars": lambda: energy.ising(pl.DataFrame({"a": [0, 1], "b": [1, 2]}), 0.1),
    "edges in uint64": lambda: energy.ising(np.array([[0, 1]], np.uint64), 0.1),
    "sides of NumPy": lambda: energy.square(np.int32(4), np.int64(4)),
    "rows with None": lambda: learn.Observations.of(GRAPH, np.array([[1, None, -1]], object)),
    "rows of JAX bools": lambda: learn.Observations.of(GRAPH, jnp.ones((2, 3), bool)),
    "strengths of NumPy": lambda: fitted(l1=np.float16(0.1), beta=np.float16(1), batch_size=np.int64(2)),
    "score of JAX": lambda: fitted(held_out=DATA, score=lambda graph, rows: jnp.float32(1)),
    "epsilon of JAX": lambda: act.EpsilonGreedy(3, epsilon=jnp.float32(0.1)),
    "window of NumPy": lambda: act.IsingRouter(3, window=np.int64(4), beta=np.float32(1)),
    "seeds of NumPy": lambda: random.run_keys(np.uint64(3), np.int8(0), np.int16(2)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_values_of_unusual_kinds_pass(name: str) -> None:
    jax.block_until_ready(RIGHT[name]())


TRACED: dict[str, Callable[[Any], Any]] = {
    "gibbs": lambda b: sample.gibbs(GRAPH, b),
    "gibbs, held": lambda b: sample.gibbs(GRAPH, b, {"s": Clamp(np.array(HELD), np.ones(3, np.int8))}),
    "gibbs, dense": lambda b: sample.gibbs(DENSE, b),
    "gibbs, couplings": lambda b: sample.gibbs(energy.ising(EDGES, b * jnp.ones(2), b)),
    "gibbs, reals": lambda b: sample.gibbs(energy.gaussian(EDGES, 2 * b * jnp.ones(3), 0.1 * b)),
    "informed": lambda b: sample.informed(GRAPH, b),
    "swendsen_wang": lambda b: sample.swendsen_wang(GRAPH, b),
    "wolff": lambda b: sample.wolff(MODEL, b),
    "checkerboard": lambda b: sample.checkerboard(MODEL, b),
    "checkerboard, clock": lambda b: sample.checkerboard(CLOCK, b),
    "checkerboard, coupling": lambda b: sample.checkerboard(energy.LatticeIsing(LATTICE, b)),
    "mala": lambda b: sample.mala(TILTED, b, 0.1 * b),
    "ula": lambda b: sample.ula(TILTED, b, 0.1),
    "independence": lambda b: sample.independence(TILTED, b),
    "joint_gibbs": lambda b: sample.joint_gibbs(NEXT, TRANSITION, b),
    "whitened_mala": lambda b: sample.whitened_mala(NEXT, TRANSITION, b, 0.1, 0.1),
    "tempering": lambda b: sample.tempering(kernel_at, jnp.stack([0.5 * b, b]), GRAPH),
    "tempering, known": lambda b: sample.tempering(kernel_at, [0.5, 1.0], GRAPH),
    "exact, dense": lambda b: exact.exact(DENSE, b).log_z,
    "tilt": lambda b: energy.Tilted(NORMAL, energy.QuadraticReward(b * jnp.eye(2), b * jnp.ones(2))),
    "pseudo_log_likelihood": lambda b: learn.pseudo_log_likelihood(GRAPH, DATA, b),
    "route": lambda b: world.routing.route(KEY, b * jnp.ones(3), ALL_THREE),
    "router": lambda b: act.IsingRouter(3, beta=b),
    "bandit": lambda b: act.EpsilonGreedy(3, epsilon=b, discount=b),
    "counts": lambda b: act.WinnerCounts(3, prior=b),
}


@pytest.mark.parametrize("name", TRACED)
def test_doors_let_traced_values_pass(name: str) -> None:
    """Under ``jit``, among known values under ``jit``, under ``vmap`` and under ``grad``."""

    def leaves(beta: Any) -> list[Any]:
        return [leaf for leaf in jax.tree.leaves(TRACED[name](beta)) if hasattr(leaf, "dtype")]

    def total(beta: Any) -> Any:
        real = (leaf for leaf in leaves(beta) if jnp.issubdtype(leaf.dtype, jnp.floating))
        return sum((jnp.sum(jnp.asarray(leaf, jnp.float32)) for leaf in real), 0 * beta)

    known, many = jnp.float32(0.5), jnp.array([0.5, 0.75], jnp.float32)

    jax.eval_shape(leaves, known)
    jax.eval_shape(lambda _: leaves(known), known)
    jax.eval_shape(jax.vmap(leaves), many)
    jax.eval_shape(jax.grad(total), known)
