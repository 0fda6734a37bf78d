"""JAX's hash of keys written out (:mod:`isotherm.random.threefry`) against JAX's own loop, on a CPU.

Claims: the same bits; keys, uniform and normal draws compile in less than half of the CPU time and run 1.3 to 4 times
as fast; a rollout compiles in two thirds of the time and takes two thirds of it for each step.

Both sides run in processes of their own, which take turns. ``python benchmarks/random_bits.py [ROUNDS]`` (3).
"""

import json
import statistics
import subprocess
import sys
import time
import zlib

from stopwatch import machine

SIDES = ("loop", "written out")
STEPS = 2000


def side(name: str) -> dict[str, dict[str, float]]:
    """Compile and run everything in this process."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.extend.core.primitives import threefry2x32_p
    from jax.interpreters import mlir

    own = mlir._platform_specific_lowerings["cpu"][threefry2x32_p]
    from isotherm.act import LinUCB, rollout
    from isotherm.random import run_keys
    from isotherm.world import venue_market

    if name == "loop":
        mlir._platform_specific_lowerings["cpu"][threefry2x32_p] = own
    key = jax.random.key(0)
    keys = jax.random.split(key, 64)
    draws = {
        "split, 64 keys": (jax.vmap(jax.random.split), keys),
        "uniform, 64 keys x 64": (jax.vmap(lambda k: jax.random.uniform(k, (64,))), keys),
        "uniform, 10^6": (lambda k: jax.random.uniform(k, (10**6,)), key),
        "normal, 10^5": (lambda k: jax.random.normal(k, (10**5,)), key),
        "beta, 64 keys": (jax.vmap(lambda k: jax.random.beta(k, jnp.float32(0.3), jnp.float32(0.4))), keys),
    }
    found = {}
    for what, (draw, argument) in draws.items():
        lowered = jax.jit(draw).lower(argument)
        start = time.process_time()
        compiled = lowered.compile()
        cpu = time.process_time() - start
        seconds, bits = [], compiled(argument)
        for _ in range(30):
            start = time.perf_counter()
            jax.block_until_ready(compiled(argument))
            seconds.append(time.perf_counter() - start)
        data = jax.random.key_data(bits) if jnp.issubdtype(bits.dtype, jax.dtypes.prng_key) else bits
        digest = zlib.crc32(np.asarray(data).tobytes())
        found[what] = {"compile": cpu, "run": statistics.median(seconds), "bits": digest}
    world, agent = venue_market(np.linspace(-0.4, 0.4, 5), 0.2), LinUCB(5)
    runs, seconds = run_keys(0, 0, 100), []
    for _ in range(4):
        start, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(rollout(runs, agent, world, STEPS, 10).sums)
        seconds.append((time.perf_counter() - start, time.process_time() - cpu))
    sums = rollout(runs, agent, world, STEPS, 10).sums
    digest = zlib.crc32(np.asarray(sums["regret"]).tobytes())
    step = statistics.median(wall for wall, _ in seconds[1:]) / STEPS
    found["rollout of LinUCB, 100 runs"] = {"compile": seconds[0][1], "run": step, "bits": digest}
    return found


def main(rounds: int) -> None:
    print(machine())
    results: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in SIDES}
    for _ in range(rounds):
        for name in SIDES:
            words = [sys.executable, __file__, "--side", name]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            results[name].append(json.loads(done.stdout))
    print(f"{'':28} {'compiling, CPU s':>24} {'ratio':>6} {'running, us':>24} {'ratio':>6}  same bits")
    for what in results["loop"][0]:
        row = f"{what:28}"
        for part, unit in (("compile", 1.0), ("run", 1e6)):
            loop, out = ([unit * one[what][part] for one in results[name]] for name in SIDES)
            both = f"{statistics.median(loop):.4g} -> {statistics.median(out):.4g}"
            row += f" {both:>24} {statistics.median(a / b for a, b in zip(loop, out, strict=True)):6.2f}"
        print(row, "", len({one[what]["bits"] for name in SIDES for one in results[name]}) == 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        print(json.dumps(side(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
