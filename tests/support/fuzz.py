"""Seeded cases of files and flags, right and spoilt, run through the command line in this process.

    python -m tests.support.fuzz FIRST COUNT

Each case must end as an answer that a plain sum confirms (exit code 0), or as one printable line below 300 characters
(exit code 2), within ten seconds and two gigabytes. What does not is printed, a JSON object a line; then a summary.
"""

import contextlib
import io
import json
import math
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.fuzz_models import FORMATS, Rng, Truth

from isotherm.cli import main as cli
from isotherm.energy.files.read import read_model_file

MOST_SECONDS = 10
MOST_BYTES = 2 << 30
LONGEST = 300
NASTY = [
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1e-400",
    "-1",
    "0",
    "00",
    "1_0",
    "١",
    "１",
    "0x10",
    "1,5",
    "1.5.2",
    "1e",
    "9999999999",
    "-9999999999",
    "65536",
    "65537",
    "1e308",
    "-0",
    "+1",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "&",
    "|",
    ";",
    ":",
    ",",
    ",,",
    '"',
    "'",
    "#",
    "=",
    "==",
    "%",
    "null",
    "true",
    "None",
    "{}",
    "[]",
    "\x1b[2J",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2028",
    "\ud7ff",
    "\ufeff",
    "cnf",
    "MARKOV",
    "network",
    "variable",
    " ",
    "\n",
    "\t",
    "",
    "9" * 400,
    "1" * 5000,
    "x" * 5000,
    "[" * 3000,
    '{"a":' * 500,
    "-" * 300,
    "\x1b]0;t\x07",
]
COINS = "tests.support.toy_study:Coins"


class WrongError(Exception):
    """A case that did not end as it should."""


class _Slow(BaseException):
    pass


def spoilt(rng: Rng, text: str) -> str:
    """The text with a few things wrong."""
    for _ in range(int(rng.integers(1, 4))):
        text = _SPOILERS[int(rng.integers(len(_SPOILERS)))](rng, text)
    return text


def _word(rng: Rng, text: str) -> str:
    found = list(re.finditer(r"[^\s,{}\[\]()<>;:\"]+", text))
    if not found:
        return text + _nasty(rng)
    one = found[int(rng.integers(len(found)))]
    return text[: one.start()] + _nasty(rng) + text[one.end() :]


def _number(rng: Rng, text: str) -> str:
    found = list(re.finditer(r"\d+", text))
    if not found:
        return text
    one = found[int(rng.integers(len(found)))]
    return text[: one.start()] + str(int(rng.integers(-2, 70))) + text[one.end() :]


def _cut(rng: Rng, text: str) -> str:
    return text[: int(rng.integers(len(text) + 1))]


def _insert(rng: Rng, text: str) -> str:
    at = int(rng.integers(len(text) + 1))
    return text[:at] + _nasty(rng) + text[at:]


def _delete(rng: Rng, text: str) -> str:
    at = int(rng.integers(len(text) + 1))
    return text[:at] + text[at + int(rng.integers(1, 9)) :]


def _repeat(rng: Rng, text: str) -> str:
    lines = text.split("\n")
    at = int(rng.integers(len(lines)))
    return "\n".join(lines[: at + 1] + lines[at:])


def _swap(rng: Rng, text: str) -> str:
    lines = text.split("\n")
    one, two = rng.integers(len(lines), size=2)
    lines[one], lines[two] = lines[two], lines[one]
    return "\n".join(lines)


def _nasty(rng: Rng) -> str:
    return NASTY[int(rng.integers(len(NASTY)))]


_SPOILERS: tuple[Callable[[Rng, str], str], ...] = (
    _word,
    _word,
    _number,
    _cut,
    _insert,
    _delete,
    _repeat,
    _swap,
)


def run(words: list[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of a command; ``WrongError`` where it hangs, or shows a
    traceback."""
    out, err = io.StringIO(), io.StringIO()

    def late(*_: Any) -> None:
        raise _Slow

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(MOST_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(words)
    except _Slow:
        raise WrongError("hangs:\n" + traceback.format_exc()[-1500:]) from None
    except BaseException as error:
        raise WrongError(f"raises {type(error).__name__}:\n{traceback.format_exc()[-1500:]}") from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return code, out.getvalue(), err.getvalue()


def refused(code: int, out: str, err: str) -> bool:
    """Whether a command refused, as it should: one line, short, printable."""
    if code == 0:
        return False
    lines = err.splitlines()
    if code != 2 or out or len(lines) != 1 or not err.endswith("\n"):
        raise WrongError(f"exit {code}, out {out[:200]!r}, err {err[:600]!r}")
    if not lines[0].startswith("error: ") or len(lines[0]) >= LONGEST or not lines[0].isprintable():
        raise WrongError(f"line of {len(lines[0])}: {lines[0]!r}")
    return True


def confirm(found: dict[str, Any], truth: Truth, held: dict[int, int], beta: float) -> None:
    """Hold an answer against plain enumeration."""
    right = truth.answers(held, beta)
    if right is None:
        raise WrongError("answered, though no state is possible")
    log_z, marginals, best = right
    scale = 1e-8 * max(1.0, abs(log_z), abs(best))
    largest = max(
        (float(np.abs(table[np.isfinite(table)]).max()) for _, table in truth.functions), default=0.0
    )
    rounding = (
        1e-8 + 8 * np.finfo(float).eps * beta * largest
    )  # of energies so large that float64 rounds them
    if abs(found["log_z"]["value"] - log_z) > scale or abs(found["map"]["log_weight"] - best) > scale:
        raise WrongError(
            f"log Z, MAP {found['log_z']['value']}, {found['map']['log_weight']} for {log_z}, {best}"
        )
    for mine, theirs in zip(found["marginals"], marginals, strict=True):
        if len(mine) != len(theirs) or max(abs(p - q) for p, q in zip(mine, theirs, strict=True)) > rounding:
            raise WrongError(f"marginals {mine} for {theirs}")
    state = found["map"]["assignment"]
    logs = [float(table[tuple(state[v] for v in scope)]) for scope, table in truth.functions]
    if abs(beta * (math.fsum(logs) + truth.constant) - best) > scale:
        raise WrongError(f"MAP state {state} has not its weight")


def read_truth(path: Path, form: str | None) -> Truth:
    """What the readers made of a spoilt file, to be summed by this module."""
    file = read_model_file(path, form)
    functions = [
        (tuple(scope), logs[row if len(logs) > 1 else 0])
        for scopes, logs in zip(file.tables.scopes, file.tables.logs, strict=True)
        for row, scope in enumerate(scopes.tolist())
    ]
    return Truth(tuple(file.tables.cardinalities.tolist()), functions, file.constant)


def parsed(out: str) -> dict[str, Any]:
    """The one JSON object, without NaN."""

    def refuse(word: str) -> None:
        raise WrongError(f"prints {word}")

    if not out.rstrip("\n").isprintable():
        raise WrongError(f"prints {out[:200]!r}")
    return json.loads(out, parse_constant=refuse)


# ------------------------------------------------------------------------------
# Cases


def model_case(rng: Rng, folder: Path) -> str:
    """A model file, right or spoilt, perhaps with evidence."""
    form = str(rng.choice(list(FORMATS)))
    content, truth = FORMATS[form](rng)
    is_spoilt = rng.random() < 0.7
    if is_spoilt and isinstance(content, str):
        content = spoilt(rng, content)
    elif is_spoilt:
        content = _spoilt_bytes(rng, content)
    path = folder / f"m.{form}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    beta = float(rng.choice([1.0, 1.0, 0.5, 2.0]))
    held = {v: int(rng.integers(size)) for v, size in enumerate(truth.sizes) if rng.random() < 0.2}
    words = ["infer", str(path), "--json", f"--beta={beta}"]
    if held and rng.random() < 0.7:
        (folder / "e").write_text(f"{len(held)} " + " ".join(f"{v} {k}" for v, k in held.items()))
        words.append(f"--evidence={folder / 'e'}")
        if form not in ("uai", "wcsp", "edges", "coo"):
            held = {}
            words.pop()
        elif form in ("edges", "coo"):  # called by the numbers in the file
            pass
    else:
        held = {}
    code, out, err = run(words)
    if refused(code, out, err):
        if not is_spoilt and truth.answers(held, beta) is not None:
            raise WrongError(f"refuses a sound file: {err!r}")
        return "refused"
    found = parsed(out)
    if is_spoilt:
        truth = read_truth(path, None)
    if math.prod(truth.sizes) <= 5000 and (not is_spoilt or not held):
        confirm(found, truth, held, beta)
    return "answered"


def _spoilt_bytes(rng: Rng, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(data) or 1))
        kind = rng.integers(3)
        if kind == 0 and data:
            data[at] = int(rng.integers(256))
        elif kind == 1:
            del data[at:]
        else:
            data[at:at] = bytes(rng.integers(0, 256, int(rng.integers(1, 9)), dtype=np.uint8))
    return bytes(data)


def evidence_case(rng: Rng, folder: Path) -> str:
    """Evidence of a sound model, by file or by name, right or spoilt."""
    content, truth = FORMATS["uai"](rng)
    (folder / "m.uai").write_text(str(content))
    held = {v: int(rng.integers(size)) for v, size in enumerate(truth.sizes) if rng.random() < 0.5}
    words = ["infer", str(folder / "m.uai"), "--json"]
    is_spoilt = rng.random() < 0.7
    spoil = spoilt if is_spoilt else lambda _, text: text
    if rng.random() < 0.6:
        text = f"{len(held)} " + " ".join(f"{v} {k}" for v, k in held.items())
        if held and rng.random() < 0.3:
            text = "\n".join(f"{v}={k}" for v, k in held.items())
        text = spoil(rng, text)
        (folder / "e.evid").write_bytes(text.encode("utf-8", "surrogatepass"))
        words.append(f"--evidence={folder / 'e.evid'}")
    else:
        held = held or {0: 0}
        words += [f"--given={_shell(spoil(rng, f'{v}={k}'))}" for v, k in held.items()]
    code, out, err = run(words)
    if refused(code, out, err):
        if not is_spoilt and truth.answers(held) is not None:
            raise WrongError(f"refuses sound evidence: {err!r}")
        return "refused"
    found = parsed(out)
    if is_spoilt:
        # whatever was read as evidence shows in marginals that are certain; those say what to sum
        held = {v: row.index(1.0) for v, row in enumerate(found["marginals"]) if 1.0 in row}
    confirm(found, truth, held, 1.0)
    return "answered"


def _shell(word: str) -> str:
    """As a shell could pass it: without NUL."""
    return word.replace("\0", "")


def flag_case(rng: Rng, folder: Path) -> str:
    """Flags of infer with odd values."""
    (folder / "m.uai").write_text("MARKOV\n2\n2 2\n1\n2 0 1\n4\n1 2 3 4\n")
    flags = {
        "--beta": ["1.5"],
        "--draws": ["7"],
        "--seed": ["3"],
        "--sample": ["1"],
        "--time-limit": ["5"],
        "--task": ["z"],
        "--method": ["exact"],
        "--format": ["uai"],
        "--given": ["0=1"],
        "--evidence": [str(folder)],
        "--nonsense": ["1"],
    }
    words, is_plain, beta = ["infer", str(folder / "m.uai"), "--json"], True, 1.0
    for flag in rng.choice(list(flags), int(rng.integers(1, 4)), replace=False):
        value = flags[flag][0]
        if rng.random() < 0.6:
            value, is_plain = _shell(_nasty(rng) if rng.random() < 0.7 else spoilt(rng, value)), False
        if flag == "--beta" and is_plain:
            beta = float(value)
        words.append(f"{flag}={value}")
    code, out, err = run(words)
    if refused(code, out, err):
        return "refused"
    found = parsed(out)
    given = dict(word.split("=", 1) for word in words[3:])
    for flag in ("--draws", "--seed", "--sample"):
        if flag in given and not re.fullmatch(r"[+-]?[0-9]{1,18}", given[flag]):
            raise WrongError(f"takes {flag}={given[flag]!r}")
    for flag in ("--beta", "--time-limit"):
        if flag in given and not re.fullmatch(
            r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", given[flag]
        ):
            raise WrongError(f"takes {flag}={given[flag]!r}")
    beta = float(given.get("--beta", "1"))
    logs = np.log([[1.0, 2.0], [3.0, 4.0]])
    truth = Truth((2, 2), [((0, 1), logs)])
    held = {0: 1} if "--given" in given else {}
    right = truth.answers(held, beta)
    if (
        found["log_z"] is not None
        and right is not None
        and abs(found["log_z"]["value"] - right[0]) > 1e-8 * max(1, beta)
    ):
        raise WrongError(f"log Z {found['log_z']} for {right[0]}")
    return "answered"


_COIN_FLAGS = {
    "tosses": "12",
    "biases": "0.5,-0.25",
    "runs": "3",
    "mode": "fair",
    "is-counted": "true",
    "seed": "5",
    "delay-s": "0.5",
    "lamp.watts": "40",
    "lamp.colour": "green",
    "table": "x",
}


def study_case(rng: Rng, folder: Path) -> str:
    """Settings of a study, by flags or in a file; a store that cannot be made ends those that are taken."""
    chosen = rng.choice(list(_COIN_FLAGS), int(rng.integers(1, 4)), replace=False)
    values = {name: _COIN_FLAGS[name] for name in chosen}
    for name in values:
        if rng.random() < 0.5:
            values[name] = _shell(_nasty(rng) if rng.random() < 0.6 else spoilt(rng, values[name]))
    words = ["run", COINS, "--out=/proc/no/store"]
    is_file = rng.random() < 0.5
    if is_file:
        quoted = {"mode", "table", "lamp.colour"}
        lines = []
        for name, value in sorted(values.items()):
            value = f"[{value}]" if name == "biases" else json.dumps(value) if name in quoted else value
            lines.append(f"{name.replace('-', '_')} = {value}")
        text = "\n".join(lines) + "\n"
        if rng.random() < 0.4:
            text = spoilt(rng, text)
        (folder / "c.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        words.append(f"--config={folder / 'c.toml'}")
    else:
        words += [f"--{name}={value}" for name, value in values.items()]
    code, out, err = run(words)
    if not refused(code, out, err):
        raise WrongError("ran into /proc")
    if "out = '/proc/no/store'" not in err:
        return "refused"
    if not is_file:  # all settings were taken, so each must be plain
        for name, value in values.items():
            plain = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
            if name in ("tosses", "runs", "seed", "lamp.watts") and not re.fullmatch(
                r"[+-]?[0-9]{1,18}", value
            ):
                raise WrongError(f"takes --{name}={value!r}")
            if name == "delay-s" and not re.fullmatch(plain, value):
                raise WrongError(f"takes --{name}={value!r}")
            if name == "biases" and not all(
                re.fullmatch(plain, one.strip()) for one in value.removesuffix(",").split(",")
            ):
                raise WrongError(f"takes --{name}={value!r}")
    return "answered"


def table_case(rng: Rng, folder: Path) -> str:
    """A table of outcomes, right or spoilt, through the door that studies read it by."""
    from isotherm.data.outcomes import read_outcome_table

    rows, columns = int(rng.integers(2, 12)), int(rng.integers(1, 5))
    outcomes = rng.integers(0, 2, (rows, columns))
    separator = str(rng.choice([",", ";", "\t", "|"]))
    text = separator.join(f"v{k}" for k in range(columns)) + "\n"
    text += "".join(separator.join(map(str, row)) + "\n" for row in outcomes.tolist())
    is_spoilt = rng.random() < 0.7
    if is_spoilt:
        text = spoilt(rng, text)
    kind = str(rng.choice(["csv", "csv", "csv", "tsv", "parquet"]))
    path = folder / f"t{int(rng.integers(1 << 40))}.{kind}"
    content = text.encode("utf-8", "surrogatepass")
    if kind == "parquet":
        content = _parquet(outcomes)
        content = _spoilt_bytes(rng, content) if is_spoilt else content
    path.write_bytes(content)
    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err):
            found = read_outcome_table(path)
    except ValueError as error:
        with contextlib.redirect_stderr(err):
            code = cli._refuse(str(error), 2)
        refused(code, "", err.getvalue())
        if not is_spoilt:
            raise WrongError(f"refuses a sound table: {error}") from None
        return "refused"
    if not set(np.unique(found.outcomes).tolist()) <= {-1, 0, 1}:
        raise WrongError("other outcomes than -1, 0, 1")
    if not is_spoilt and not np.array_equal(found.outcomes, 2 * outcomes - 1):
        raise WrongError(f"reads {found.outcomes.tolist()} for {outcomes.tolist()}")
    if is_spoilt and kind != "parquet":
        _confirm_columns(text, found.outcomes, found.venues)
    return "answered"


def _parquet(outcomes: np.ndarray) -> bytes:
    import polars as pl

    file = io.BytesIO()
    pl.DataFrame({f"v{k}": column.tolist() for k, column in enumerate(outcomes.T)}).write_parquet(file)
    return file.getvalue()


def _confirm_columns(text: str, outcomes: np.ndarray, venues: tuple[str, ...]) -> None:
    """Successes of each venue, counted by plain words of the text."""
    ones = len(re.findall(r"(?<![^\s,;|\"])\+?0*1(?:\.0*)?(?![^\s,;|\"])|\btrue\b", text, re.IGNORECASE))
    if int((outcomes == 1).sum()) > ones + text.count("e0") + text.count("E0"):
        raise WrongError(f"counts {int((outcomes == 1).sum())} successes in {ones} of {venues}")


CASES: tuple[tuple[Callable[[Rng, Path], str], int], ...] = (
    (model_case, 10),
    (evidence_case, 3),
    (flag_case, 3),
    (study_case, 3),
    (table_case, 3),
)


def cases(first: int, count: int) -> Iterator[tuple[int, Callable[[Rng, Path], str]]]:
    """Numbers and kinds."""
    kinds = [kind for kind, share in CASES for _ in range(share)]
    yield from ((number, kinds[number % len(kinds)]) for number in range(first, first + count))


def limit_memory() -> None:
    """No more than two gigabytes beyond what the libraries take."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_BYTES, resource.RLIM_INFINITY))


def main(first: int, count: int) -> int:
    """Run cases; the number of those that went wrong."""
    warnings.simplefilter("error")
    sys.path.insert(0, str(Path(__file__).parents[2]))
    run(["infer", "/nowhere"])  # whatever is imported late
    with tempfile.TemporaryDirectory() as name:
        table_case(np.random.default_rng(1), Path(name))
        limit_memory()
        ends: dict[str, int] = {}
        begun, slowest = time.monotonic(), 0.0
        for number, kind in cases(first, count):
            folder = Path(name) / "case"
            folder.mkdir(exist_ok=True)
            start = time.monotonic()
            try:
                end = kind(np.random.default_rng(number), folder)
            except Exception as error:
                end = "wrong"
                said = str(error) if isinstance(error, WrongError) else traceback.format_exc()[-1500:]
                sys.stdout.write(json.dumps({"case": number, "kind": kind.__name__, "why": said}) + "\n")
                sys.stdout.flush()
            slowest = max(slowest, time.monotonic() - start)
            ends[f"{kind.__name__} {end}"] = ends.get(f"{kind.__name__} {end}", 0) + 1
    spent = {"seconds": round(time.monotonic() - begun, 1), "slowest": round(slowest, 2)}
    sys.stdout.write(json.dumps({"ends": ends} | spent) + "\n")
    return sum(num for end, num in ends.items() if end.endswith("wrong"))


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
