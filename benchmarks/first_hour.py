"""How long a newcomer waits: smoke runs of studies, a small answer, a first small chain, with nothing kept and again.

    python benchmarks/first_hour.py [--against COMMIT] [--studies ising,routing]

Each line is a process of its own. *First* has an empty folder of compiled programs, *again* the one that the first
filled, in another place for runs, so that nothing is taken from a finished run. ``--against`` measures a commit of
this repository beside the working tree, line by line, in the same run.
Claims on two idle cores: a smoke run within 15 s first and 6 s again, a sampled answer of a small model within 2.5 s
again, the first small chain in Python within 1.5 s. What misses its goal is marked.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stopwatch import machine

ROOT = Path(__file__).parents[1]
GOALS = {"smoke": (15.0, 6.0), "infer": (None, 2.5), "python": (1.5, None)}

KEY_MADE = "from isotherm.files.programs import keep_programs; keep_programs()"
"""The cache's own trial, made once for a machine, is not part of what is measured."""

MODEL = "MARKOV\n3\n2 2 2\n2\n2 0 1\n2 1 2\n\n4\n1 0.2 0.2 1\n4\n1 0.5 0.5 2\n"

PYTHON = """
import time
import jax
from isotherm.energy import ising
from isotherm.sample import gibbs, initial_state, sample
jax.devices()
model = ising([[0, 1], [1, 2]], 0.5)
start = lambda key: initial_state(key, model)
def told(name, **options):
    begin = time.perf_counter()
    str(sample(jax.random.key(0), gibbs(model), start, **options))
    print(f"{name}\\t{time.perf_counter() - begin:.3f}")
told("first small Gibbs")
told("other num_samples", num_samples=900)
told("other num_warmup, thin", num_warmup=7, thin=3)
told("observe=lambda", observe=lambda state: state.position["s"].sum())
told("the same lambda written again", observe=lambda state: state.position["s"].sum())
told("other number of chains", num_chains=9)
"""


def environment(source: Path, kept: Path) -> dict[str, str]:
    """Of a process that runs one tree's code, with a folder of programs of its own."""
    return os.environ | {"PYTHONPATH": str(source / "src"), "ISOTHERM_COMPILATION_CACHE": str(kept)}


def timed(words: list[str], source: Path, kept: Path, folder: Path) -> float:
    """Seconds of a command, from start to end.

    Raises:
        RuntimeError: if it fails.
    """
    begin = time.perf_counter()
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(source, kept),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return time.perf_counter() - begin


def studies(source: Path) -> list[str]:
    """Names of all that the tree's command line lists."""
    command = [sys.executable, "-m", "isotherm", "list", "--json"]
    told = subprocess.run(
        command, env=environment(source, Path("off")), capture_output=True, text=True, check=True
    )
    return [study["name"] for study in json.loads(told.stdout)["studies"]]


def commands(names: list[str], model: Path) -> dict[str, list[str]]:
    """What is timed first and again, by the name of its line."""
    isotherm = [sys.executable, "-m", "isotherm"]
    runs = {f"smoke {name}": [*isotherm, "run", name, "--preset", "smoke", "--out", "runs"] for name in names}
    return {
        **{f"infer {how}": [*isotherm, "infer", str(model), "--method", how] for how in ("auto", "gibbs")},
        **runs,
    }


def in_python(source: Path, folder: Path) -> dict[str, float]:
    """Seconds of calls in one Python session that keeps nothing on disk."""
    told = subprocess.run(
        [sys.executable, "-c", PYTHON],
        cwd=folder,
        env=environment(source, Path("off")),
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: float(value) for name, value in (line.split("\t") for line in told.stdout.splitlines())}


def shown(seconds: float, goal: float | None) -> str:
    """A time, and whether it misses its goal."""
    return f"{seconds:8.2f}{'*' if goal is not None and seconds > goal else ' '}"


def measure(trees: dict[str, Path], names: list[str] | None) -> None:
    """Print a table: for each command and each tree, first and again."""
    columns = "".join(f"{name + ' first':>18}{'again':>9}" for name in trees)
    print(f"{'seconds':<32}{columns}    goals")
    with tempfile.TemporaryDirectory() as place:
        model = Path(place) / "three.uai"
        model.write_text(MODEL)
        known = {name: studies(tree) for name, tree in trees.items()}
        asked = names or next(iter(known.values()))
        for line, words in commands(asked, model).items():
            row, goal = f"{line:<32}", GOALS[line.split()[0]]
            for name, tree in trees.items():
                if line.startswith("smoke") and line.split()[1] not in known[name]:
                    row += f"{'-':>18}{'-':>9}"
                    continue
                kept = Path(tempfile.mkdtemp(dir=place))
                timed([sys.executable, "-c", KEY_MADE], tree, kept, kept)
                pair = [timed(words, tree, kept, Path(tempfile.mkdtemp(dir=place))) for _ in range(2)]
                row += f"{shown(pair[0], goal[0]):>18}{shown(pair[1], goal[1]):>9}"
            print(row, f"  {goal[0] or '-'}, {goal[1] or '-'}", flush=True)
        found = [in_python(tree, Path(place)) for tree in trees.values()]
        for line in found[0]:
            goal = GOALS["python"][0] if line.startswith("first") else None
            print(
                f"{line:<32}" + "".join(f"{shown(one[line], goal):>18}{'':>9}" for one in found), flush=True
            )
    print("* misses its goal")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--against", help="a commit to measure beside the working tree")
    parser.add_argument("--studies", help="names, with commas between; all by default")
    told = parser.parse_args()
    print(machine())
    names = told.studies.split(",") if told.studies else None
    if told.against is None:
        measure({"now": ROOT}, names)
        return
    with tempfile.TemporaryDirectory() as place:
        other = Path(place) / "before"
        subprocess.run(
            ["git", "worktree", "add", "--detach", "-q", str(other), told.against], cwd=ROOT, check=True
        )
        try:
            measure({"now": ROOT, "before": other}, names)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
