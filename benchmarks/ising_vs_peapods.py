"""Ising sweeps of periodic squares: `peapods` (Rust) against Isotherm, core for core.

Claims: at 1024 squared at least 30 times peapods' spin updates a nanosecond on one core, and at least 3 a nanosecond
with a lattice in each of two processes.

Both sides run through their public functions at T = 2, heat bath here and Metropolis there, and both measure energy
and magnetization once in ten sweeps: ``sample_means(..., thin=10)``, and peapods with nine tenths of its sweeps for
warming up, which it does not measure. Everything is pinned to one core, with ``NPROC=1`` and one thread of rayon;
sides take turns, and compilation is apart. The time of the two processes is that of the slower one. On a GPU, or
where peapods is missing, Isotherm runs alone; a GPU also gets 2**14 squared.

``python benchmarks/ising_vs_peapods.py [ROUNDS]`` (5); peapods comes with ``pip install peapods``.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.lattice.models import LatticeIsing
from isotherm.energy.lattice.shapes import square
from isotherm.exact.lattice.onsager import onsager
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.lattice.packed.bands import PackedBands
from isotherm.sample.run import sample_means
from stopwatch import machine, once, paired, ratio

try:
    import peapods  # pyright: ignore[reportMissingImports]
except ImportError:
    peapods = None

TEMPERATURE, THIN = 2.0, 10
UPDATES, THEIR_UPDATES = 1_000_000_000, 10_485_760
"""Spin updates in a call, more or less, so that both take about as long."""

CORES = sorted(os.sched_getaffinity(0))


def num_sweeps(size: int, updates: int) -> int:
    """A multiple of ten."""
    return max(updates // size**2 // THIN, 1) * THIN


def ours(size: int, updates: int = UPDATES) -> Callable[[], Any]:
    """Sweeps of one lattice from the ordered state."""
    model = LatticeIsing(square(size))
    kernel = checkerboard(model, jnp.float32(1 / TEMPERATURE))
    assert isinstance(kernel, PackedBands)
    start = model.ordered_state()[None]
    samples = num_sweeps(size, updates) // THIN

    def call() -> Any:
        key = jax.random.key(0)
        return sample_means(
            key, kernel, start, num_warmup=0, num_samples=samples, thin=THIN, observe=kernel.measure
        ).means

    return call


def theirs(size: int, updates: int) -> Callable[[], Any]:
    """The same of peapods."""
    assert peapods is not None
    model = peapods.Ising((size, size), temperatures=np.array([TEMPERATURE]))
    sweeps = num_sweeps(size, updates)

    def call() -> None:
        model.sample(sweeps, sweep_mode="metropolis", warmup_ratio=1 - 1 / THIN, sequential=True)

    return call


def compare(size: int, rounds: int) -> None:
    """One row of the table."""
    work = num_sweeps(size, UPDATES) * size**2
    if peapods is None:
        timing = paired({"isotherm": ours(size)}, rounds)["isotherm"]
        print(f"{size:6d}  isotherm {work / timing.median / 1e9:7.3f} updates/ns")
        return
    few = num_sweeps(size, THEIR_UPDATES) * size**2
    times = paired({"isotherm": ours(size), "peapods": theirs(size, THEIR_UPDATES)}, rounds)
    here, there = times["isotherm"], times["peapods"]
    factor = ratio(there, here) * work / few
    print(
        f"{size:6d}  isotherm {work / here.median / 1e9:6.3f} (best {work / min(here.later) / 1e9:.3f})"
        f"  peapods {few / there.median / 1e9:6.3f} (best {few / min(there.later) / 1e9:.3f}) updates/ns"
        f"  ratio {factor:.0f}",
        flush=True,
    )


def worker(size: int) -> None:
    """One of two processes: compile, say so, wait for the word, run, tell the seconds."""
    call = ours(size, 4 * UPDATES)
    once(call)
    print("ready", flush=True)
    sys.stdin.readline()
    print(once(call), flush=True)


def side_by_side(size: int) -> None:
    """A lattice in each of two processes, each on a core of its own."""
    command = [sys.executable, __file__, "worker", str(size)]
    processes = [
        subprocess.Popen(
            [*command, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for core in CORES[:2]
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n")[0] for process in processes]
    slower = max(float(answer) for answer in answers)
    work = len(processes) * num_sweeps(size, 4 * UPDATES) * size**2
    print(f"{size:6d}  {len(processes)} processes side by side: {work / slower / 1e9:.3f} updates/ns")


def main(rounds: int) -> None:
    """All rows."""
    print(f"{machine()}; pinned to one of {len(CORES)} cores")
    energy = float(ours(1024)()["energy"][0])
    print(f"energy per site {energy:.5f}, infinite lattice {onsager(1 / TEMPERATURE)['energy_per_site']:.5f}")
    is_gpu = jax.default_backend() == "gpu"
    for size in (64, 256, 1024, *((2**14,) if is_gpu else ())):
        compare(size, rounds)
    if not is_gpu:
        side_by_side(1024)


def pin(core: int) -> None:
    """One core and one thread, before JAX and rayon start theirs."""
    os.environ |= {"NPROC": "1", "RAYON_NUM_THREADS": "1"}
    os.sched_setaffinity(0, {core})


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        pin(int(sys.argv[3]))
        worker(int(sys.argv[2]))
    else:
        pin(CORES[0])
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
