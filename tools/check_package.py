"""The wheel, as users get it: built, looked into, installed alone, and every verb of it run.

    python tools/check_package.py [--constraint constraints.txt]

Makes ``build/wheel`` and ``build/alone`` anew. It is a step of ``.ci/run``; nothing of the checkout is on the path of
what it runs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHEELS, ALONE = ROOT / "build" / "wheel", ROOT / "build" / "alone"

MODEL = "MARKOV\n2\n2 2\n1\n2 0 1\n\n4\n1 2 2 1\n"
PRICES = "unix,close\n" + "".join(f"{1_600_041_600_000 + 60_000 * i},{100 + i % 7}\n" for i in range(1440))

VERBS: tuple[tuple[str, ...], ...] = (
    ("--version",),
    ("--help",),
    ("list",),
    ("doctor",),
    ("run", "backtest", "--preset", "smoke"),
    ("runs",),
    ("show", "backtest"),
    ("compare", "backtest", "backtest"),
    ("export", "backtest", "--to", "pool.json"),
    ("inspect", "pool.json"),
    ("infer", "model.uai"),
    ("infer", "--example", "asia"),
    ("picture", "--list"),
    ("video", "--list"),
    ("data", "check", "prices.csv"),
    ("open", "backtest"),
    ("rm", "backtest", "--yes"),
)
"""One use of each, in an order in which each finds what it needs."""


def built() -> Path:
    """The wheel of the checkout."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(WHEELS),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    (wheel,) = WHEELS.glob("isotherm-*.whl")
    return wheel


def faults(names: set[str]) -> list[str]:
    """What a wheel lacks of the package's files and licences, and what it has beyond them."""
    package = ROOT / "src" / "isotherm"
    wanted = {
        f"isotherm/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    lacking = [f"lacks {name}" for name in sorted(wanted - found)]
    beyond = [f"holds {name}" for name in sorted(found - wanted)]
    licence = [] if any(name.endswith("licenses/LICENSE") for name in names) else ["lacks its own licence"]
    return lacking + beyond + licence


def installed(wheel: Path, constraint: Path) -> Path:
    """The folder of commands of an empty environment that holds the wheel and what it asks for."""
    shutil.rmtree(ALONE, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(ALONE)], check=True)
    python = str(ALONE / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", str(constraint), str(wheel)], check=True)
    return ALONE / "bin"


def run_verbs(commands: Path) -> list[str]:
    """Verbs that fail, with what they said, tried in an empty folder."""
    failed = []
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "model.uai").write_text(MODEL)
        (Path(place) / "prices.csv").write_text(PRICES)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        for words in VERBS:
            done = subprocess.run(
                [str(commands / "isotherm"), *words],
                cwd=place,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            if done.returncode or not done.stdout.strip():
                failed.append(
                    f"isotherm {' '.join(words)}: exit code {done.returncode}; {done.stderr.strip()[-500:]}"
                )
    return failed


def main() -> int:
    """Check, tell faults, and return the exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--constraint", type=Path, default=ROOT / "constraints.txt")
    constraint = parser.parse_args().constraint
    wheel = built()
    with zipfile.ZipFile(wheel) as content:
        told = [f"{wheel.name} {fault}" for fault in faults(set(content.namelist()))]
    told += run_verbs(installed(wheel, constraint))
    for line in told:
        print(line, file=sys.stderr)
    print(f"{wheel.name}: {'wrong' if told else 'whole, and every verb runs alone'}")
    return bool(told)


if __name__ == "__main__":
    sys.exit(main())
