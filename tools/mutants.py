"""Plant single faults in files and see whether their tests notice.

    python tools/mutants.py src/isotherm/estimate/bennett.py --tests tests/estimate/test_bennett.py --count 10

Constants, comparisons, signs and names are changed, one at a time, in a copy of the tree; the tests named run on the
copy after each. A fault *died* if a test fails or runs out of time, and *lived* if all pass. Faults are drawn without
repetition by ``--seed``; some change nothing that can be seen, so that not every survivor is a missing test.
"""

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "runs", "shared", "_build", "autoapi", "__pycache__", ".*_cache", ".hypothesis"
)

COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
}  # fmt: skip

TWINS = [
    ("mean", "sum"), ("min", "max"), ("minimum", "maximum"), ("argmin", "argmax"), ("any", "all"),
    ("sin", "cos"), ("zeros", "ones"), ("floor", "ceil"), ("std", "var"), ("row", "col"), ("log", "log1p"),
]  # fmt: skip
OTHER = dict(TWINS) | {b: a for a, b in TWINS}


class Fault(NamedTuple):
    """Bytes ``start .. end`` of a file, and what stands there instead."""

    file: Path
    line: int
    start: int
    end: int
    text: str


class Verdict(NamedTuple):
    """What became of a fault: ``died``, ``lived`` or ``hung``."""

    fault: Fault
    fate: str
    duration_s: float


class Finder(ast.NodeVisitor):
    """Every place of one file that a fault fits into; words, annotations and decorators are let alone."""

    def __init__(self, file: Path, source: bytes) -> None:
        self.file, self.source, self.faults = file, source, list[Fault]()
        self.offsets = [0]
        for line in source.splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))
        self.parameters: list[str] = []

    def plant(self, line: int, start: int, end: int, text: str) -> None:
        self.faults.append(Fault(self.file, line, start, end, text))

    def at(self, node: ast.expr, end: bool = False) -> int:
        line, column = (node.end_lineno, node.end_col_offset) if end else (node.lineno, node.col_offset)
        assert line is not None
        assert column is not None
        return self.offsets[line - 1] + column

    def replace(self, node: ast.expr, text: str) -> None:
        self.plant(node.lineno, self.at(node), self.at(node, end=True), text)

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        """Change an operator; what stands around it may be brackets and line ends."""
        start, end = self.at(left, end=True), self.at(right)
        place = self.source[start:end].find(old.encode())
        if place >= 0:
            self.plant(right.lineno, start + place, start + place + len(old), new)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.replace(node, str(not value))
        elif isinstance(value, int):
            self.replace(node, str(value + 1))
        elif isinstance(value, float):
            self.replace(node, repr(2 * value if value else 1.0))

    def visit_Compare(self, node: ast.Compare) -> None:
        lefts = [node.left, *node.comparators]
        for left, operator, right in zip(lefts, node.ops, node.comparators, strict=False):
            self.between(left, right, *COMPARISONS[type(operator)])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in OPERATORS and not is_text(node.left) and not is_text(node.right):
            self.between(node.left, node.right, *OPERATORS[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not):
            start = self.at(node)
            self.plant(node.lineno, start, start + len("-" if isinstance(node.op, ast.USub) else "not "), "")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in OTHER:
            end = self.at(node, end=True)
            self.plant(node.end_lineno or node.lineno, end - len(node.attr), end, OTHER[node.attr])
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in self.parameters and len(self.parameters) > 1:
            place = self.parameters.index(node.id)
            self.replace(node, self.parameters[place - 1])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = self.parameters
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self.parameters = [one.arg for one in every if one.arg not in ("self", "cls")]
        for statement in node.body:
            self.visit(statement)
        self.parameters = outer

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Formatted words count, their widths do not; before Python 3.12 their places are not told."""
        if sys.version_info >= (3, 12):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    self.visit(part.value)


def is_text(node: ast.expr) -> bool:
    """Whether words stand here, which ``+`` and ``%`` join."""
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", 0), str | bytes)


def faults(root: Path, file: Path) -> list[Fault]:
    """All faults of one file, given relative to the root."""
    source = (root / file).read_bytes()
    finder = Finder(file, source)
    finder.visit(ast.parse(source))
    return finder.faults


def planted(source: bytes, fault: Fault) -> bytes:
    """The file with the fault; must parse."""
    changed = source[: fault.start] + fault.text.encode() + source[fault.end :]
    ast.parse(changed)
    return changed


def told(root: Path, fault: Fault) -> str:
    """Where, and the line before and after."""
    source = (root / fault.file).read_bytes()
    before, after = (
        text.splitlines()[fault.line - 1].decode().strip() for text in (source, planted(source, fault))
    )
    return f"{fault.file}:{fault.line}  {before}  ->  {after}"


def run_tests(tree: Path, tests: Sequence[str], timeout_s: float) -> str:
    """``passed``, ``failed`` or ``hung`` of the tests of a tree."""
    paths = os.pathsep.join(str(path) for path in (tree / "src", tree))
    # most faults leave most compiled programs as they are
    kept = {
        "JAX_COMPILATION_CACHE_DIR": str(tree.parent / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    process = subprocess.Popen(
        command, cwd=tree, env=os.environ | kept | {"PYTHONPATH": paths}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return "failed" if process.wait(timeout_s) else "passed"
    except subprocess.TimeoutExpired:
        return "hung"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def verdicts(
    root: Path, files: Sequence[Path], tests: Sequence[str], count: int, seed: int, timeout_s: float | None
) -> Iterator[Verdict]:
    """Plant faults in a copy of the tree, one after another.

    Raises:
        ValueError: if the tests fail without a fault, or no fault fits into the files.
    """
    every = [fault for file in files for fault in faults(root, file)]
    if not every:
        raise ValueError(f"files = {[str(file) for file in files]}: hold nothing to plant a fault in")
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=NOT_COPIED)
        began = time.monotonic()
        if run_tests(tree, tests, timeout_s or 3600.0) != "passed":
            raise ValueError(f"tests = {list(tests)}: must pass before a fault is planted")
        limit = timeout_s or 30.0 + 4 * (time.monotonic() - began)
        for number, fault in enumerate(chosen):
            yield verdict(tree, fault, tests, limit, number)


def verdict(tree: Path, fault: Fault, tests: Sequence[str], timeout_s: float, number: int) -> Verdict:
    """Plant, test, and take out again."""
    path, began = tree / fault.file, time.monotonic()
    source = path.read_bytes()
    path.write_bytes(planted(source, fault))
    # compiled files are told apart by size and time in seconds, which two faults may share
    os.utime(path, (number + 1, number + 1))
    fate = {"failed": "died", "passed": "lived", "hung": "hung"}[run_tests(tree, tests, timeout_s)]
    path.write_bytes(source)
    return Verdict(fault, fate, time.monotonic() - began)


def main(words: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print what became of each fault; 0, or 2 where nothing could be tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, help="of the source, relative to the repository")
    parser.add_argument(
        "--tests", nargs="+", required=True, help="files or folders of tests, options of pytest"
    )
    parser.add_argument("--count", type=int, default=10, help="faults to plant")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument(
        "--timeout", type=float, help="seconds for each; by default four times an unbroken run"
    )
    given = parser.parse_args(words)
    fates = []
    try:
        for one in verdicts(root, given.files, given.tests, given.count, given.seed, given.timeout):
            fates.append(one.fate)
            print(f"{one.fate:5}  {told(root, one.fault)}  ({one.duration_s:.0f} s)", flush=True)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(fates) - fates.count('lived')} of {len(fates)} faults died")
    return 0


if __name__ == "__main__":
    sys.exit(main())
