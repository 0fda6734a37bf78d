"""Measure what presets take, for `isotherm list` and `isotherm run STUDY --help`.

    python tools/durations.py                            # the preset smoke of each study of the package
    python tools/durations.py ising:published tilt:late

Each is run twice by one worker, in stores of its own: first with nothing compiled before, then with all of it kept.
Counted is the time of processors, of the command and all that it starts, so that what else the machine does counts
little. `src/isotherm/data/durations.json` is brought up to date after each.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from isotherm.study.durations import DURATIONS, settings_key
from isotherm.study.registry import STUDIES, find_study


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "jobs", nargs="*", default=[f"{name}:smoke" for name in STUDIES], metavar="STUDY:PRESET"
    )
    for job in parser.parse_args(words).jobs:
        study, _, preset = job.partition(":")
        first_s, again_s = measured(study, preset)
        print(f"{job}: {first_s:.1f} s, again {again_s:.1f} s", flush=True)
        record(study, preset, first_s, again_s)


def measured(study: str, preset: str) -> tuple[float, float]:
    """Seconds of processors that a run takes first and again."""
    with tempfile.TemporaryDirectory() as place:
        environment = os.environ | {"ISOTHERM_COMPILATION_CACHE": f"{place}/programs"}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        trial = "from isotherm.files.programs import look_over; assert not look_over().fault"
        subprocess.run([sys.executable, "-c", trial], env=environment, check=True)
        words = [sys.executable, "-m", "isotherm", "run", study, "--preset", preset, "--workers", "1"]
        first, again = (
            processor_seconds([*words, "--out", f"{place}/{store}"], environment)
            for store in ("first", "again")
        )
        return first, again


def processor_seconds(words: Sequence[str], environment: dict[str, str]) -> float:
    process = subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)}: exit code {process.returncode}: {said.strip()[-400:]}")
    return used.ru_utime + used.ru_stime


def record(study: str, preset: str, first_s: float, again_s: float) -> None:
    """Bring the file up to date: what is of a study or preset that is no longer there goes."""
    found = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    entry = {
        "first_s": round(first_s, 1),
        "again_s": round(again_s, 1),
        "settings": settings_key(find_study(study), preset),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
    }
    found.setdefault(study, {})[preset] = entry
    kept = {name: presets for name, presets in sorted(found.items()) if name in STUDIES}
    DURATIONS.write_text(json.dumps(kept, indent=1) + "\n")


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


if __name__ == "__main__":
    main()
