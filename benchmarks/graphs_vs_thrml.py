"""Block Gibbs on random 4-regular graphs: `thrml` against Isotherm.

Claims, in updates a second on the same two cores: 100,000 spins with normal couplings at least 2 times thrml's rate
with one chain and 4 times with 32; with couplings of plus and minus one 15 times with 32; 20,000 variables of ten
states at least 4 times with a table for each pair and 20 times with one that all share; model, plan and kernel
built at least 10 times faster.

Both sides get the same graph, blocks and beta, run sweeps in one compiled loop, chains vectorised (by ``vmap`` on
thrml's side, whose program is an argument of the compiled function), and return the last states. Sides take turns;
compilation is apart. Building means everything from arrays of edges to the first call, colouring left out on
thrml's side and kept on ours. Memory is what the compiled sweep holds: arguments, results, temporaries.
Needs the extra ``peers``. ``python benchmarks/graphs_vs_thrml.py [ROUNDS]`` (5).
"""

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.blocks import colour_blocks
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin
from isotherm.sample.gibbs.pairs import pair_gibbs
from isotherm.sample.kernel import over_chains
from stopwatch import machine, paired, ratio

try:
    import thrml  # pyright: ignore[reportMissingImports]
    from thrml import block_sampling, factor, models  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: thrml = not installed: pip install 'isotherm[peers]'")

BETA = 0.5
STATES = 10


class Case(NamedTuple):
    """One row of the table; weights of shape ``(edges or 1, *table)``."""

    name: str
    num_variables: int
    weights: Callable[[np.random.Generator, int], np.ndarray]
    claims: dict[int, float]


CASES = [
    Case("spins, normal couplings", 100_000, lambda rng, m: rng.normal(size=m), {1: 2, 32: 4}),
    Case("spins, plus-minus couplings", 100_000, lambda rng, m: rng.choice([-1.0, 1.0], m), {32: 15}),
    Case("ten states, a table a pair", 20_000, lambda rng, m: rng.normal(size=(m, 10, 10)), {1: 4, 32: 4}),
    Case("ten states, one shared table", 20_000, lambda rng, m: np.eye(10)[None], {32: 20}),
]


def regular_graph(n: int, degree: int, seed: int) -> np.ndarray:
    """Edges of a random regular graph: stubs paired at random, clashes swapped away."""
    rng = np.random.default_rng(seed)
    edges = rng.permutation(np.repeat(np.arange(n), degree)).reshape(-1, 2)
    while True:
        low, high = edges.min(axis=1), edges.max(axis=1)
        first = np.unique(low * n + high, return_index=True)[1]
        bad = np.ones(len(edges), bool)
        bad[first] = False
        bad |= low == high
        if not bad.any():
            return edges
        mixed = np.union1d(np.flatnonzero(bad), rng.choice(len(edges), bad.sum() + 1, replace=False))
        edges[mixed] = rng.permutation(edges[mixed].ravel()).reshape(-1, 2)


def build_isotherm(edges: np.ndarray, weights: np.ndarray, n: int, num_sweeps: int) -> Any:
    """From arrays to a kernel."""
    kind = spin(n) if weights.ndim == 1 else categorical(n, STATES)
    graph = FactorGraph.of({"x": kind}, [Factor.of(("x", "x"), edges, weights)])
    return pair_gibbs(graph, BETA, None, colour_blocks(graph), num_sweeps)


@eqx.filter_jit
def isotherm_sweeps(kernel: Any, keys: jax.Array, state: Any) -> Any:
    return over_chains(kernel).step(keys, state)[0]


def build_thrml(edges: np.ndarray, weights: np.ndarray, n: int, blocks: list[np.ndarray]) -> Any:
    """From arrays to a program."""
    is_spin = weights.ndim == 1
    nodes: list[Any] = [thrml.SpinNode() if is_spin else thrml.CategoricalNode() for _ in range(n)]
    free: list[Any] = [thrml.Block([nodes[i] for i in block]) for block in blocks]
    pairs: list[Any] = [(nodes[i], nodes[j]) for i, j in edges.tolist()]
    if is_spin:
        beta = jnp.array(BETA)
        ebm = models.IsingEBM(nodes, pairs, jnp.zeros(n), jnp.asarray(weights, jnp.float32), beta)
        return models.IsingSamplingProgram(ebm, free, [])
    each = np.broadcast_to(weights, (len(edges), STATES, STATES))
    ends = [thrml.Block([pair[side] for pair in pairs]) for side in (0, 1)]
    tables = models.CategoricalEBMFactor(ends, BETA * jnp.asarray(each, jnp.float32))
    spec = block_sampling.BlockGibbsSpec(free, [])
    rules: list[Any] = [models.CategoricalGibbsConditional(STATES) for _ in free]
    return factor.FactorSamplingProgram(spec, rules, [tables], [])


@eqx.filter_jit
def thrml_sweeps(program: Any, keys: jax.Array, state: Any, num_sweeps: int) -> Any:
    def chain(key: jax.Array, state: Any) -> Any:
        def sweep(state: Any, key: jax.Array) -> tuple[Any, None]:
            rules = [None] * len(state)
            return block_sampling.sample_blocks(key, list(state), [], program, rules)[0], None

        return jax.lax.scan(sweep, state, jax.random.split(key, num_sweeps))[0]

    return jax.vmap(chain)(keys, state)


def timed_build(build: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    built = jax.block_until_ready(build())
    return built, time.perf_counter() - start


def megabytes(function: Any, *args: Any) -> float:
    stats = function.lower(*args).compile().compiled.memory_analysis()
    parts = (stats.argument_size_in_bytes, stats.output_size_in_bytes, stats.temp_size_in_bytes)
    return sum(parts) / 1e6


def run_case(case: Case, rounds: int) -> None:
    """Build both sides, run them in turn, print a line for each number of chains."""
    n = case.num_variables
    edges = regular_graph(n, 4, seed=0)
    weights = case.weights(np.random.default_rng(1), len(edges))
    kind = spin(n) if weights.ndim == 1 else categorical(n, STATES)
    blocks = colour_blocks(FactorGraph.of({"x": kind}, [Factor.of(("x", "x"), edges, weights)]))
    program, slow = timed_build(lambda: build_thrml(edges, weights, n, blocks))
    ours = {}
    for num_chains in case.claims:
        num_sweeps = 20 if num_chains == 1 else 4
        ours[num_chains], fast = timed_build(lambda s=num_sweeps: build_isotherm(edges, weights, n, s))
        if num_chains == min(case.claims):
            print(
                f"{case.name}: built in {slow:.2f} s and {fast:.2f} s, {slow / fast:.0f} times faster (claim: 10)"
            )
    for num_chains, claim in case.claims.items():
        num_sweeps = 20 if num_chains == 1 else 4
        rng = np.random.default_rng(2)
        start = rng.choice(kind.values(), (num_chains, n)).astype(kind.dtype)
        keys = jax.random.split(jax.random.key(0), num_chains)
        packed = over_chains(ours[num_chains]).init({"x": start}, keys)
        theirs = [jnp.asarray(start[:, b] > 0 if kind.kind == "spin" else start[:, b]) for b in blocks]
        isotherm_args = (ours[num_chains], keys, packed)
        thrml_args = (program, keys, theirs, 1)
        times = paired(
            {
                "thrml": lambda a=thrml_args: thrml_sweeps(*a),
                "isotherm": lambda a=isotherm_args: isotherm_sweeps(*a),
            },
            rounds,
        )
        rate = {"thrml": n * num_chains / times["thrml"].median / 1e6}
        rate["isotherm"] = n * num_chains * num_sweeps / times["isotherm"].median / 1e6
        memory = megabytes(thrml_sweeps, *thrml_args), megabytes(isotherm_sweeps, *isotherm_args)
        print(
            f"  {num_chains:3} chains: {rate['thrml']:7.1f} and {rate['isotherm']:7.1f} million updates/s, "
            f"{ratio(times['thrml'], times['isotherm']) * num_sweeps:6.1f} times (claim: {claim:g}); "
            f"{memory[0]:5.0f} and {memory[1]:5.0f} MB; "
            f"first call {times['thrml'].first:.1f} and {times['isotherm'].first:.1f} s",
            flush=True,
        )


def main(rounds: int) -> None:
    print(f"{machine()}; thrml {getattr(thrml, '__version__', '')}\n")
    for case in CASES:
        run_case(case, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
