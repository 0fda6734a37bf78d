"""One published cell, 200 runs × 10,000 steps, on two cores, compilation included.

Claims: the published Ising router with Gibbs inference at the published budget ends within 20 s, with exact
inference within 4 s. Measured on the whole command ``isotherm run routing ...`` into an empty store, as a user
runs it: process start, imports, compilation in each worker, computation, tables, figures and report; with the CPU
time of all its processes, which a busy machine changes less; and apart, in a process of its own, what a worker spends
on importing, tracing and compiling, and running its half of the cell.

``python benchmarks/routing_cell.py [ROUNDS]`` repeats the commands ``ROUNDS`` times (3), taking turns.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

CLAIMS = {"ising": 20.0, "ising-exact": 4.0}
BATCH = 100


def command(agent: str) -> tuple[float, float, float]:
    """Wall time of the command, CPU time of its processes, and the final regret that it found."""
    with tempfile.TemporaryDirectory() as store:
        flags = ["--scenarios=correlated", "--modes=fixed", f"--agents={agent}", f"--batch={BATCH}"]
        words = [sys.executable, "-m", "isotherm", "run", "routing", *flags, f"--out={store}", "--json"]
        start, cpu = time.perf_counter(), _children_cpu()
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        seconds, cpu = time.perf_counter() - start, _children_cpu() - cpu
    found = json.loads(done.stdout)["metrics"]["final_regret"]["correlated"]["fixed"][agent]
    return seconds, cpu, found["mean"]


def _children_cpu() -> float:
    """CPU seconds of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def one_worker(agent: str) -> dict[str, float]:
    """Where a worker's time goes, each part in a new process that has one thread."""
    done = subprocess.run(
        [sys.executable, __file__, "--worker", agent],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NPROC": "1"},
    )
    return json.loads(done.stdout)


def worker(agent: str) -> dict[str, float]:
    """Import, set up, compile and run one batch of the cell."""
    start = time.perf_counter()
    import jax

    from isotherm.act import rollout
    from isotherm.random import run_keys
    from isotherm.studies.routing.agents import AGENTS, AgentPlace
    from isotherm.studies.routing.comparison import Routing, RoutingConfig

    study = Routing()
    parts = {"import": time.perf_counter() - start}
    start = time.perf_counter()
    config = RoutingConfig.model_validate(
        {"scenarios": ("correlated",), "modes": ("fixed",), "agents": (agent,), "batch": BATCH}
    )
    cell = study.cells(config)[0]
    world = study.world(config, cell)
    router = AGENTS[agent].make(AgentPlace(config, *study.sizes(config), world))
    keys = jax.block_until_ready(run_keys(0, 0, BATCH))
    parts["set up"] = time.perf_counter() - start
    for name in ("compile and run", "run again"):
        start, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(rollout(keys, router, world, config.num_steps, config.num_points))
        parts[name] = time.perf_counter() - start
        parts[f"{name}, CPU"] = time.process_time() - cpu
    return parts


def main(rounds: int) -> None:
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    times: dict[str, list[float]] = {agent: [] for agent in CLAIMS}
    for _ in range(rounds):
        for agent in CLAIMS:
            seconds, cpu, regret = command(agent)
            times[agent].append(seconds)
            print(
                f"{agent:12} {seconds:6.2f} s wall, {cpu:6.2f} s of CPU, final regret {regret:.1f}, "
                f"load {os.getloadavg()[0]:.1f}"
            )
    print()
    for agent, limit in CLAIMS.items():
        median, best = statistics.median(times[agent]), min(times[agent])
        print(
            f"{agent:12} whole command: median {median:.2f} s, best {best:.2f} s (claim: within {limit:g} s)"
        )
        for part, seconds in one_worker(agent).items():
            print(f"{'':12} one worker, {part}: {seconds:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(worker(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
