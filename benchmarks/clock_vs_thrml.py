"""Heat bath of the 16-state clock model at 256²: `thrml` against Isotherm.

Claim: at least 25 times thrml's sweeps a second, on the open lattice of the published video and on the torus.

Both sides sweep one chain at ``beta = 1.2``, sublattice after sublattice: thrml a sweep a call, its program of
categorical variables with a table for each pair an argument of the compiled function; ours 50 a call, what
``checkerboard`` makes stepped as ``sample`` steps it. Sides take turns; compilation is apart. Memory is what the
compiled sweeps hold: arguments, results, temporaries. Below, ours alone on other models.
Needs the extra ``peers``. ``python benchmarks/clock_vs_thrml.py [ROUNDS]`` (5).
"""

import sys
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.lattice.models import LatticeClock, LatticePotts, LatticeXY
from isotherm.energy.lattice.shapes import Lattice, square, triangular
from isotherm.sample.kernel import over_chains
from isotherm.sample.lattice.checkerboard import checkerboard
from stopwatch import machine, once, paired, ratio

try:
    import thrml  # pyright: ignore[reportMissingImports]
    from thrml import block_sampling, factor, models  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: thrml = not installed: pip install 'isotherm[peers]'")

SIZE = 256
ANGLES = 16
BETA = 1.2
CLAIM = 25
SWEEPS = 50


@eqx.filter_jit
def isotherm_sweeps(kernel: Any, keys: jax.Array, state: Any) -> Any:
    chains = over_chains(kernel)

    def sweep(state: Any, time: jax.Array) -> tuple[Any, None]:
        return chains.step(jax.vmap(jax.random.fold_in, (0, None))(keys, time), state)[0], None

    return jax.lax.scan(sweep, state, jnp.arange(SWEEPS))[0]


@eqx.filter_jit
def thrml_sweeps(program: Any, key: jax.Array, state: Any) -> Any:
    return block_sampling.sample_blocks(key, state, [], program, [None] * len(state))[0]


def thrml_program(lattice: Lattice) -> Any:
    """The clock model as categorical variables, one table a bond, and its blocks."""
    nodes: list[Any] = [thrml.CategoricalNode() for _ in range(lattice.num_sites)]
    colours = lattice.colours.reshape(-1)
    free: list[Any] = [
        thrml.Block([nodes[i] for i in np.flatnonzero(colours == colour)])
        for colour in range(lattice.num_colours)
    ]
    ends: list[Any] = [thrml.Block([nodes[i] for i in side]) for side in lattice.bonds.T]
    table = BETA * LatticeClock(lattice, ANGLES).pair_table
    tables = jnp.broadcast_to(jnp.asarray(table, jnp.float32), (lattice.num_bonds, ANGLES, ANGLES))
    rules: list[Any] = [models.CategoricalGibbsConditional(ANGLES) for _ in free]
    spec = block_sampling.BlockGibbsSpec(free, [])
    return factor.FactorSamplingProgram(spec, rules, [models.CategoricalEBMFactor(ends, tables)], [])


def megabytes(function: Any, *args: Any) -> float:
    stats = function.lower(*args).compile().compiled.memory_analysis()
    parts = (stats.argument_size_in_bytes, stats.output_size_in_bytes, stats.temp_size_in_bytes)
    return sum(parts) / 1e6


def ours(model: Any, num_chains: int = 1, **options: Any) -> tuple[Any, ...]:
    """Arguments of our sweeps, from random states."""
    kernel, keys = checkerboard(model, BETA, **options), jax.random.split(jax.random.key(0), num_chains)
    return kernel, keys, over_chains(kernel).init(jax.vmap(model.random_state)(keys), keys)


def compare(name: str, lattice: Lattice, rounds: int) -> None:
    """Both sides in turn."""
    args = ours(LatticeClock(lattice, ANGLES))
    program, colours = thrml_program(lattice), lattice.colours.reshape(-1)
    start = np.asarray(LatticeClock(lattice, ANGLES).random_state(jax.random.key(1))).reshape(-1)
    theirs = (
        program,
        jax.random.key(2),
        [jnp.asarray(start[colours == c]) for c in range(lattice.num_colours)],
    )
    times = paired(
        {"thrml": lambda: thrml_sweeps(*theirs), "isotherm": lambda: isotherm_sweeps(*args)}, rounds
    )
    slow, fast = times["thrml"].median * 1e3, times["isotherm"].median / SWEEPS * 1e3
    print(
        f"clock {ANGLES}, {SIZE}² {name}: {slow:.1f} and {fast:.3f} ms a sweep, "
        f"{ratio(times['thrml'], times['isotherm']) * SWEEPS:.0f} times (claim: {CLAIM}); "
        f"{megabytes(thrml_sweeps, *theirs):.0f} and {megabytes(isotherm_sweeps, *args):.1f} MB; "
        f"first call {times['thrml'].first:.1f} and {times['isotherm'].first:.1f} s",
        flush=True,
    )


def alone(name: str, model: Any, rounds: int, num_chains: int = 1, **options: Any) -> None:
    """Ours, the fastest of some rounds."""
    args = ours(model, num_chains, **options)
    once(lambda: isotherm_sweeps(*args))
    best = min(once(lambda: isotherm_sweeps(*args)) for _ in range(rounds)) / SWEEPS
    num_sites = num_chains * model.lattice.num_sites
    print(f"{name:>32}: {best * 1e3:7.3f} ms a sweep, {best / num_sites * 1e9:5.1f} ns a site", flush=True)


def main(rounds: int) -> None:
    print(f"{machine()}; thrml {getattr(thrml, '__version__', '')}\n")
    compare("open", square(SIZE, periodic=False), rounds)
    compare("periodic", square(SIZE), rounds)
    torus = square(SIZE)
    alone("Potts 5", LatticePotts(torus, 5), rounds)
    alone("XY heat bath", LatticeXY(torus), rounds)
    alone("XY and one over-relaxation", LatticeXY(torus), rounds, over_relaxation=1)
    alone("XY Metropolis", LatticeXY(torus), rounds, method="metropolis")
    alone("clock 16, triangular 255²", LatticeClock(triangular(255), ANGLES), rounds)
    alone("clock 16, 32² in 32 chains", LatticeClock(square(32), ANGLES), rounds, num_chains=32)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
