"""What a step of training costs: with a fee, without one by days and by minutes; and a training end to end.

Claims, over windows of 163,872 minutes of three tokens in chunks of a day, after compilation: a step of 1 set x 1
window with a fee of 30 bp at most 0.9 CPU s; of 4 sets x 8 windows without fees, by daily values, at most 0.3 s; each
with a peak above that of the import below half of what the reference of the definition takes (its Appendix A). A
power-channel pool trained for 13 iterations on 92 days, 2 sets x 4 windows, judged on 31 more, in under 15 s,
compilation included.

``python benchmarks/market_training.py`` prints the table: seconds of the fastest of some steps of AdamW with
clipping, and megabytes at the peak of a process that does nothing else. ``--minutes`` makes the window shorter,
``--only`` leaves rows out.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax

from isotherm.learn.descend import descend
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.train.loop import train
from isotherm.market.train.problem import TrainingProblem, problem_of

TOKENS = ("BTC", "ETH", "USDC")
MEMORY, ROOM = 30, 7
"""Days before the window, and days within which it starts, at least."""

WINDOW = 163_872
"""Minutes of a window."""


class Step(NamedTuple):
    """A step that is timed.

    Attributes:
        sets: of parameters.
        windows: of a batch.
        fees: of the pool.
        by_days: whether daily values may do.
        wanted: seconds, or None.
        reference: megabytes above the import, of Appendix A.
    """

    sets: int
    windows: int
    fees: float
    by_days: bool
    wanted: float | None
    reference: int


STEPS = {
    "1 x 1, by days": Step(1, 1, 0.0, True, None, 304),
    "1 x 1, by minutes": Step(1, 1, 0.0, False, None, 444),
    "4 x 8, by days": Step(4, 8, 0.0, True, 0.3, 423),
    "4 x 8, by minutes": Step(4, 8, 0.0, False, None, 2858),
    "1 x 1, 30 bp": Step(1, 1, 0.003, True, 0.9, 1431),
}
IMPORT, WHOLE = "import", "power channel"


def market(days: int) -> Any:
    """Prices of a geometric random walk, with the days of memory before and one after."""
    minutes = (MEMORY + days + 1) * 1440 + 1
    path = brownian_prices(jax.random.key(0), minutes, [30000.0, 2000.0, 1.0], volatility=[0.7, 0.8, 0.9])
    return synthetic_table(path, TOKENS, "2023-01-01 00:00:00")


def problem(step: Step, minutes: int) -> TrainingProblem:
    """A training whose windows have so many minutes."""
    days = -(-minutes // 1440) + ROOM
    training = {
        "n_parameter_sets": step.sets,
        "batch_size": step.windows,
        "val_fraction": 0.0,
        "align_starts": False,  # 8 different ones within 7 days
    }
    run = Fingerprint(
        tokens=list(TOKENS),
        rule="momentum",
        max_memory_days=MEMORY,
        fees=step.fees,
        bout_offset=days * 1440 - minutes,
        use_fused_reserves=step.by_days,
        startDateString=date(MEMORY),
        endDateString=date(MEMORY + days),
        optimisation_settings=training,
    )
    return problem_of(run, market(days))


def date(day: int) -> str:
    """Of a day of the prices, from 0."""
    seconds = 1_672_531_200 + 86_400 * day
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def timed(step: Step, minutes: int, rounds: int) -> tuple[float, float, float]:
    """Wall seconds of the first step, and CPU and wall seconds of the fastest later one."""
    built, state = problem(step, minutes), None
    optimizer, first, cpu, wall = built.climber.transformation(), 0.0, float("inf"), float("inf")
    with jax.enable_x64(True):
        for number in range(1 + rounds):
            begin, used = time.perf_counter(), time.process_time()
            state = descend(
                built.key,
                built.params,
                built.gradient,
                optimizer,
                num_steps=number + 1,
                inputs=built.draws,
                trained=built.trained,
                set_axis=0,
                state=state,
            ).state
            taken = time.perf_counter() - begin
            if number:
                cpu, wall = min(cpu, time.process_time() - used), min(wall, taken)
            else:
                first = taken
    return first, cpu, wall


def power_channel() -> tuple[float, float]:
    """Wall and CPU seconds of the last line of Appendix A."""
    run = Fingerprint(
        tokens=list(TOKENS),
        rule="power_channel",
        max_memory_days=MEMORY,
        startDateString=date(MEMORY),
        endDateString=date(MEMORY + 92),
        endTestDateString=date(MEMORY + 92 + 31),
        optimisation_settings={"n_iterations": 12, "n_parameter_sets": 2, "batch_size": 4},
    )
    table, begin, used = market(92 + 31), time.perf_counter(), time.process_time()
    train(run, table)
    return time.perf_counter() - begin, time.process_time() - used


def peak_here() -> float:
    """Megabytes at the peak of this process; what getrusage tells begins with that of the one that started it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def apart(name: str, minutes: int, rounds: int) -> list[float]:
    """What a process of its own tells: its numbers, and its peak."""
    words = [sys.executable, __file__, "--alone", name, "--minutes", str(minutes), "--rounds", str(rounds)]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [float(word) for word in found.split()]


def alone(name: str, minutes: int, rounds: int) -> list[float]:
    if name == IMPORT:
        market(-(-minutes // 1440) + ROOM)
        return [peak_here()]
    if name == WHOLE:
        return [*power_channel(), peak_here()]
    return [*timed(STEPS[name], minutes, rounds), peak_here()]


def lines(minutes: int, rounds: int, only: list[str]) -> list[str]:
    """The table: what was measured, what was wanted."""
    base = apart(IMPORT, minutes, rounds)[0]
    found = [f"{'':20}{'CPU s':>9}{'wall s':>9}{'wanted':>9}{'first call s':>14}{'MB more':>9}{'wanted':>9}"]
    for name in only:
        if name == WHOLE:
            wall, cpu, peak = apart(name, minutes, rounds)
            found.append(f"{name:20}{cpu:9.2f}{wall:9.2f}{'15':>9}{'':14}{peak - base:9.0f}")
            continue
        step = STEPS[name]
        first, cpu, wall, peak = apart(name, minutes, rounds)
        wanted = "" if step.wanted is None else f"{step.wanted * minutes / WINDOW:.2f}"
        found.append(
            f"{name:20}{cpu:9.4f}{wall:9.4f}{wanted:>9}{first:14.2f}{peak - base:9.0f}{step.reference // 2:9d}"
        )
    return found


def main(words: list[str] | None = None) -> None:
    names = [*STEPS, WHOLE]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=int, default=WINDOW)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--alone", choices=[IMPORT, *names])
    told = parser.parse_args(words)
    if told.alone:
        print(*alone(told.alone, told.minutes, told.rounds))
    else:
        print(
            f"{Path(__file__).stem}: windows of {told.minutes:,} minutes of 3 tokens, JAX {jax.__version__}"
        )
        print("\n".join(lines(told.minutes, told.rounds, told.only)))


if __name__ == "__main__":
    main()
