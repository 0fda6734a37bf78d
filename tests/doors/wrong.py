"""Wrong values of each parameter, tried on every public callable: run as ``python -m tests.doors.wrong ROOM,ROOM``.

It runs in a process of its own, without the checks of annotations that tests have: users have none either. A trial is
a call with arguments that work, one of them replaced. It may succeed only where the value means something; else it
must end in one line of ``ValueError`` or ``TypeError`` that names the parameter.
"""

import functools
import importlib
import inspect
import json
import os
import re
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from tests.doors.valid import (
    CLOCK,
    DATA,
    DENSE,
    DESCRIPTION,
    GRAPH,
    HIDDEN,
    HOLDERS,
    KEY,
    KEYS,
    LATTICE,
    MODEL,
    NORMAL,
    SCHEDULE,
    TILTED,
    VALID,
)

from isotherm.learn import Sampled

LISTED = ("energy", "exact", "sample", "estimate", "learn", "market", "act", "world", "random", "study")
"""Rooms whose ``__init__`` says what is public."""

OTHERS = "others"
"""Where all else is that pages of the site name."""

ROOMS = (*LISTED, OTHERS)
LONGEST = 300
SLOWEST_S = 10
MEMORY = 6 * 2**30
"""Bytes of address space beyond what is there at the start: a result of terabytes is an error, not a dead machine."""


class Stranger:
    """An object that no function expects."""

    def __repr__(self) -> str:
        return "<a stranger>"


class Rude(Exception):  # noqa: N818
    """What is reported of a call that ended as it should not."""


ROOT = Path(__file__).parents[2]
PAGES = ((".", "README.md"), ("docs", "*.md"), ("docs/howto", "*.md"), ("docs/examples", "*.py"))
NAN = float("nan")
INFINITE = float("inf")

# ------------------------------------------------------------------------------
# Values that must be refused, and values that may mean something

ANYWHERE = [Stranger(), Stranger]
"""Refused by every parameter."""

PERHAPS = ["nonsense", None, -1, NAN, [], {}, lambda: 0]
"""Tried on every parameter; any answer but a rude one will do."""

NO_COUNT = [-3, 1.5, "3", True, 10**13, 2**63, NAN, [2], np.float32(2.5), GRAPH]
NO_NUMBER = [NAN, "0.5", 1j, [0.1, "a"], KEY, GRAPH, [[1.0], [2.0, 3.0]]]
NO_ARRAY = [
    "0.5",
    1j,
    [0.1, "a"],
    KEY,
    GRAPH,
    [[1.0], [2.0, 3.0]],
    np.array(["a", "b"]),
    np.array([object()]),
]
NO_KEY = [-1, "key", KEYS, np.zeros(2, np.uint32), 2**64]
NO_MODEL = [0, "model", type(GRAPH), KEY, LATTICE, lambda x: 0.0]
NO_INSTANCE = [0, "name", type(GRAPH), GRAPH, KEY, lambda: 0]

MUST: dict[str, list[Any]] = {
    "beta": [*NO_NUMBER, np.full(3, NAN)],
    "betas": [*NO_ARRAY, [1.0, NAN], 0.5, -1, [[0.1, 0.2]]],
    "key": NO_KEY,
    "keys": [0, KEY, [1, 2], np.zeros((2, 2), np.uint32), KEYS[:0]],
    "seed": [-1, 2**32, 2**64, 10**30, 1.5, "0", True, 10**5000],
    "edges": [
        [[0, 2**32]],
        [[0, 0]],
        [[0, -1]],
        [[0, 1], [1, 0]],
        [[0.5, 1]],
        [0, 1],
        "01",
        5,
        [[0, 1, 2]],
        [[0], [1, 2]],
    ],
    "variables": [[[0, 2**32]], [[0.5, 1]], "01", 5, [[0], [1, 2]], {}],
    "scopes": [[[0, 2**32, 1]], [[0, 0, 1]], [[0, -7, 1]], [[0.5, 1, 2]], "01", 5, [[0], [1, 2]]],
    "graph": [*NO_MODEL, TILTED, DENSE],
    "model": NO_MODEL,
    "lattice": [*NO_MODEL[:4], MODEL, GRAPH, (4, 4)],
    "layer": [*NO_MODEL, TILTED, DENSE, MODEL],
    "tilted": [*NO_MODEL, GRAPH, MODEL],
    "transition": [*NO_MODEL, GRAPH, TILTED],
    "kernel": [0, "gibbs", type(GRAPH), GRAPH, MODEL, lambda: 0, KEY],
    "kernel_at": [0, "gibbs", GRAPH, KEY, lambda: 0, lambda beta: 0],
    "observe": [0, "energy", GRAPH, KEY],
    "clamp": [7, "s", {"t": 1}, {"s": 1}, [1, 2], {"s": None}, KEY],
    "x": [*NO_ARRAY, np.full((4, 4), 7, np.int8), np.zeros((9, 9), np.int8), np.ones((2, 2, 2)), None],
    "positions": [
        0,
        "start",
        {"s": np.zeros((0, 3), np.int8)},
        {"s": np.ones((4, 9), np.int8)},
        np.ones((4, 3)),
        KEY,
    ],
    "data": [*NO_INSTANCE, np.ones((4, 3), np.int8), type(DATA)],
    "objective": NO_INSTANCE,
    "optimizer": [*NO_INSTANCE, "adam"],
    "schedule": [*NO_INSTANCE, (1, 2, 3), SCHEDULE._replace(num_samples=0), SCHEDULE._replace(thin=1.5)],
    "agent": NO_INSTANCE,
    "world": NO_INSTANCE,
    "market": NO_INSTANCE,
    "path": [5.5, 0, True, b"a", "a\0b", KEY],
    "evidence": [5.5, 0, True, b"a", "a\0b", KEY, GRAPH],
    "out": [5.5, 0, True, b"a", "a\0b", KEY],
    "held": [0, "s", [True], np.zeros((3, 3), bool), KEY],
    "parameters": NO_INSTANCE,
    "policy": [*NO_INSTANCE, NORMAL],
    "reward": [0, "name", type(GRAPH), GRAPH, KEY],
    "alpha_bar": [-0.1, 1.1, NAN, "0.5"],
    "levels": [*NO_ARRAY, [0.5, NAN], [0.5], [0.5, 1.5]],
    "state": NO_INSTANCE,
    "spins": [*NO_ARRAY, np.ones(4, np.int8), np.ones((2, 3), np.int8), [1, 0, 1]],
    "rates": NO_INSTANCE,
    "observation": [*NO_ARRAY, np.ones(4, np.int8), np.ones((2, 3), np.int8)],
    "scores": [*NO_ARRAY, np.ones(4), np.ones((1, 3)), np.float32(1)],
    "available": [*NO_ARRAY, np.ones(4, bool), np.zeros(3, bool)],
    "tolerance": [*NO_NUMBER, -1.0],
    "study": [0, "routing", GRAPH, KEY],
    "config": [*NO_INSTANCE, {}],
    "pool": NO_INSTANCE,
    "command": ["isotherm", [1], 5],
    "is_quiet": ["no", 2, GRAPH],
    "preset": [5, GRAPH],
    "threshold": [*NO_NUMBER, -1.0],
    "tasks": ["z", ["z", 1], ["mean"], 5, GRAPH],
    "draws": [*NO_COUNT, 0],
    "sample": [*NO_COUNT, 0],
    "form": ["magic", 0, GRAPH],
    "given": ["a=b", [1], 5, GRAPH],
    "time_limit": [*NO_NUMBER, 0.0, -1.0, INFINITE],
    "is_progress_shown": ["no", 2, GRAPH],
    "codec": ["magic", 0, GRAPH, [], np.array(["a", "b"])],
    "effort": ["magic", 0, GRAPH, np.array(["a", "b"])],
    "quality": [1.5, "3", True, -1, 99, GRAPH],
    "fps": [1.5, "3", True, 0, -1, 9999, GRAPH],
    "palette": ["red", [[1, 2, 3]], np.zeros((3, 3)), GRAPH, np.zeros((2, 3), np.uint8)],
    "keep_partial": ["no", 2, GRAPH],
    "frame": [0, "frame", None, np.zeros((64, 64, 3)), np.zeros((32, 64, 3), np.uint8), [[1], [1, 2]]],
    "beta_schedule": ["magic", 0, GRAPH],
    "K": [1.5, "3", True, 0, GRAPH],
    "refresh_L": [1.5, "3", True, -1, GRAPH],
    "lambda_scale": [*NO_NUMBER, -1.0],
    "window_alpha_low": [*NO_NUMBER, -0.1, 1.1],
    "ca": [*NO_NUMBER, 0.0],
    "sigma_a": [*NO_NUMBER, 0.0],
    "mu_a": NO_NUMBER,
    "periodic": ["yes", 2, [1, 0], 0.5, [True] * 7],
    "discount": [0.0, -0.1, 2.0, NAN, "0.9"],
    "epsilon": [-0.1, 3.0, NAN, "0.1"],
    "probability": [-0.1, 1.1, NAN, "0.5"],
    "resample_below": [-0.1, 1.1, NAN, "0.5"],
    "beta_min": [*NO_NUMBER, -1.0, 9.0],
    "beta_max": [*NO_NUMBER, -1.0, INFINITE],
    "axis": [1.5, "x", 7, GRAPH, [0]],
    "couplings": NO_ARRAY[1:],
    "method": ["magic", 0, GRAPH, np.array(["a", "b"])],
    "init": ["magic", 0, GRAPH, np.array(["a", "b"])],
    "inference": ["exakt", 0, GRAPH, np.array(["a", "b"])],
    "layout": ["magic", 0, GRAPH],
    "start": ["cd", 0, GRAPH],
    "kind": ["hexagonal", 0, GRAPH],
    "vartype": ["QUBIT", 0, GRAPH],
    "context_mode": ["magic", 0, np.array(["a", "b"])],
    "outcome": ["magic", 0, np.array(["a", "b"])],
    "which": ["often", 0, np.array(["a", "b"])],
    "learns_labels": ["no", 2, GRAPH],
    "clamps": ["no", 2, GRAPH],
    "allow_parallel": ["no", 2, GRAPH],
    "tells_wrapping": ["no", 2, GRAPH],
}
MAY: dict[str, list[Any]] = {
    "beta": [INFINITE, -INFINITE, 1e308, True, -1.0, -1e30],
    "betas": [[1.0, 0.5], [0.5], np.full(3, 1e39)],
    "graph": [GRAPH, MODEL, CLOCK],
    "model": [GRAPH, DENSE, MODEL, CLOCK, TILTED],
    "positions": [{}, {"s": np.zeros((4, 3), np.int8)}],
    "path": ["/nowhere/at/all", "/", "\x1b[31m" + "a" * 5000],
    "x": [np.zeros((4, 4), np.int8), np.ones(4, np.int8), {"s": np.zeros(3, np.int8)}, np.full((4, 4), NAN)],
}
COUNTS = (
    "num_samples", "num_warmup", "thin", "num_chains", "num_sweeps", "num_moves", "num_steps", "num_points",
    "num_rungs", "num_rounds", "num_draws", "num_particles", "num_blocks", "num_batches", "num_epochs",
    "num_venues", "num_context", "num_spins", "num_variables", "num_visible", "num_hidden", "num_angles",
    "num_states", "num_sites", "num_nodes", "cardinality", "size", "rows", "columns", "depth", "length",
    "window", "max_steps", "batch_size", "score_every", "over_relaxation", "extent", "num", "first",
    "count", "n", "flat", "look_every", "steps", "num_runs", "num_groups", "action_steps", "height",
)  # fmt: skip
NUMBERS = (
    "step_size", "step_action", "step_next", "error", "strength", "std", "mean", "low", "high", "width",
    "ridge", "prior", "sharpness", "inside", "across", "draw_width", "l1", "l2", "constant", "coupling", "field",
    "weight", "published",
)  # fmt: skip
ARRAYS = (
    "couplings", "biases", "fields", "weights", "logits", "means", "covariance", "covariances", "matrix",
    "shift", "curvature", "peak", "values", "diagonal", "off_diagonal", "precisions", "visible_biases",
    "hidden_biases", "visible_couplings", "outcomes", "sums", "series", "samples", "is_spin",
    "preconditioner", "labels", "is_open",
)  # fmt: skip
for _name in COUNTS:
    MUST[_name], MAY[_name] = NO_COUNT, [0]
for _name in NUMBERS:
    MUST.setdefault(_name, NO_NUMBER)
    MAY.setdefault(_name, [INFINITE, -INFINITE, 1e308, np.zeros((7, 5))])
for _name in ARRAYS:
    MUST.setdefault(_name, NO_ARRAY)
    MAY.setdefault(
        _name, [np.zeros((0, 0)), np.full((2, 2, 2, 2), NAN), np.full(3, 1e39), np.zeros((7, 5)), INFINITE]
    )


class Trial(NamedTuple):
    """A wrong value among arguments that work.

    Attributes:
        row: of :data:`VALID`.
        parameter: which argument is replaced.
        value: by what.
        must: whether success would be meaningless.
    """

    row: str
    parameter: str
    value: Any
    must: bool


def trials(room: str) -> Iterator[Trial]:
    """Of each row and parameter of a room; no value twice."""
    for row, arguments in VALID.items():
        for parameter in arguments() if is_in(room, row) else ():
            if parameter in ("self", "*variables"):
                continue
            tried: set[str] = set()
            name = row.split(" ")[0]
            meant = {_words(one) for one in ACCEPTED.get((name, parameter), ())}
            must = [*STRICT.get((row, parameter), ()), *MUST.get(parameter, ()), *ANYWHERE]
            may = () if name in SLOW else [*MAY.get(parameter, ()), *PERHAPS]
            for value, is_must in [*((v, True) for v in must), *((v, False) for v in may)]:
                if (said := f"{type(value).__name__} {_words(value)}") not in tried:
                    tried.add(said)
                    yield Trial(row, parameter, value, is_must and _words(value) not in meant)


def is_in(room: str, row: str) -> bool:
    """Whether a row is of a room."""
    first = row.split(".")[0]
    return first == room or (room == OTHERS and first not in LISTED)


def public(room: str) -> dict[str, Callable[..., Any]]:
    """Public callables of a room by ``room.name``; of the others what pages name."""
    if room == OTHERS:
        return documented()
    module = importlib.import_module(f"isotherm.{room}")
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    ]
    return {f"{room}.{name}": getattr(module, name) for name in names if callable(getattr(module, name))}


def documented() -> dict[str, Callable[..., Any]]:
    """Callables that pages and examples import or point to, beside those of the rooms' own lists."""
    pages = [path for folder, kind in PAGES for path in (ROOT / folder).glob(kind)]
    names: set[str] = set()
    for text in (page.read_text(encoding="utf-8") for page in pages):
        for module, listed in re.findall(r"^ *from isotherm\.([\w.]+) import ([\w, ]+)$", text, re.M):
            names |= {f"{module}.{name.strip()}" for name in listed.split(",")}
        names |= set(re.findall(r"\{py:\w+\}`~?isotherm\.([\w.]+)`", text))
    listed_ones = {id(value) for room in LISTED for value in public(room).values()}
    found = {name: resolve(name) for name in sorted(names)}
    return {name: value for name, value in found.items() if callable(value) and id(value) not in listed_ones}


def without_row(room: str) -> list[str]:
    """Public callables that nobody tries; a class may be tried through its factory, and abstract ones cannot be."""

    def is_tried(name: str, what: Any) -> bool:
        has_row = any(row.split(" ")[0] == name or row.startswith(f"{name}.") for row in VALID)
        is_abstract = inspect.isclass(what) and (
            inspect.isabstract(what) or what.__name__.startswith("Abstract")
        )
        return has_row or name in HOLDERS or is_abstract

    return [name for name, what in public(room).items() if not is_tried(name, what)]


def resolve(name: str) -> Callable[..., Any]:
    """The callable of a row, such as ``energy.FactorGraph.of`` or ``exact.exact [dense]``."""
    path = name.split(" ")[0].split(".")
    try:
        return functools.reduce(getattr, path[1:], importlib.import_module(f"isotherm.{path[0]}"))
    except AttributeError:  # of a module that nobody imported yet, or that a function of its name hides
        module = ".".join(step for step in path[:-1] if step.islower())
        return functools.reduce(
            getattr, path[module.count(".") + 1 :], importlib.import_module(f"isotherm.{module}")
        )


def call(row: str, arguments: dict[str, Any]) -> Any:
    """Call a row's function and wait for what it computes."""
    arguments = dict(arguments)
    given = [arguments.pop("self")] if "self" in arguments else []
    if "*variables" in arguments:
        given, arguments = [arguments["graph"], *arguments["*variables"]], {}
    return jax.block_until_ready(resolve(row)(*given, **arguments))


def judge(trial: Trial) -> None:
    """Call with one wrong value.

    Raises:
        Rude: unless the call is refused in one line that names the parameter, or succeeds where it may.
    """
    arguments = VALID[trial.row]() | {trial.parameter: trial.value}
    signal.setitimer(signal.ITIMER_PROF, SLOWEST_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(trial.row, arguments)
    except Rude:
        raise
    except (ValueError, TypeError) as error:
        _judge_message(trial, error)
        return
    except OSError as error:
        if trial.parameter != "path":
            raise Rude(f"OSError: {error}") from None
        return
    except Exception as error:
        raise Rude(f"{type(error).__name__}: {str(error)[:120]!r}") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if trial.must:
        raise Rude("accepted, though it means nothing")


def _judge_message(trial: Trial, error: Exception) -> None:
    message = str(error)
    if "\n" in message or len(message) >= LONGEST or not message.isprintable():
        raise Rude(f"{type(error).__name__} of {len(message)} characters: {message[:120]!r}")
    names = [trial.parameter, *ALIASES.get(trial.parameter, ())]
    if trial.parameter == "path":
        names.append(str(trial.value))
    if not any(re.search(rf"\b{re.escape(name)}\b", message) for name in names):
        raise Rude(f"does not name it: {message[:200]}")


def _words(value: Any) -> str:
    try:
        return " ".join(repr(value).split())[:200]
    except ValueError:  # a whole number of more digits than Python writes
        return "a very large number"


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _too_slow(*_: Any) -> None:
    raise Rude(f"took more than {SLOWEST_S} s of CPU time")


def main(rooms: str, only: str = "") -> int:
    """Print a line of JSON for each rude answer, and the number of trials of each room, named with commas between."""
    os.chdir(tempfile.mkdtemp())  # some names of files are written
    signal.signal(signal.SIGPROF, _too_slow)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    for room in rooms.split(","):
        _try(room, only)
    return 0


def _try(room: str, only: str) -> None:
    for name in without_row(room):
        _say({"row": name, "fault": "has no row in tests/doors/valid.py"})
    for row, arguments in VALID.items():
        if is_in(room, row) and only in row and row not in NOT_CALLED:
            call(row, arguments())
    count = 0
    for trial in trials(room):
        if only not in trial.row:
            continue
        count += 1
        try:
            judge(trial)
        except Rude as fault:
            said = {"row": trial.row, "parameter": trial.parameter, "value": _words(trial.value)[:60]}
            _say(said | {"fault": str(fault)})
    _say({"room": room, "trials": count})


NOT_CALLED = {"sample.find_ladder", "study.run.runner.run", "study.run.archive.open_run"}
"""Rows that are never called as they are: it would take long, or there is no run."""

ALIASES = {
    "root": ("prices",),
    "initial_values": ("initial value",),
    "settings": ("initial value",),
    "quote": ("prices",),
    "names": ("return_val",),
    "A": ("A_dependencies", "pA", "modalities"),
    "B": ("B_dependencies", "factors"),
    "batch": ("values",),
    "description": ("states",),
    "num_controls": ("B_action_dependencies",),
    "parents": ("law",),
    "path": ("file", "out", "RUN", "bundle", "to"),
    "model": ("file",),
    "evidence": ("file",),
    "form": ("format",),
    "tasks": ("task",),
    "study": ("RUN",),
    "alpha_bar": ("levels",),
    "levels": ("betas",),
    "name": ("STUDY", "return_val"),
    "num_visible": ("num_hidden",),
    "num_hidden": ("edges",),
    "x": ("s",),
    "values": ("s",),
    "choice": ("params",),
}
"""What else a refusal may name: a group of a state, or the argument that a value does not fit."""

SLOW = {
    "sample.gibbs_moments", "sample.gibbs_means", "sample.find_ladder", "sample.log_z", "sample.tempered",
    "learn.fit", "study.run.runner.run", "act.fit_map", "act.fit_nuts", "act.sampled_policies",
}  # fmt: skip
"""Callables of which a call compiles for a second, or runs a study: only what must be refused is tried on them."""

STRICT: dict[tuple[str, str], list[Any]] = {
    ("act.IsingRouter", "beta"): [-1.0, 0.0, INFINITE],
    ("act.IsingRouter", "window"): [0],
    ("act.stretch_ends", "num_steps"): [0],
    ("act.stretch_ends", "num_points"): [0],
    ("act.rollout", "num_steps"): [0],
    ("learn.Sampled", "num_chains"): [0],
    ("learn.dirichlet_mean", "counts"): [*NO_ARRAY, 1.0, [-1.0, 2.0], [1.0, NAN], []],
    ("learn.dirichlet_mean", "floor"): ["magic", 0, 1e-9, GRAPH],
    ("learn.dirichlet_kl", "q"): [*NO_ARRAY, 1.0, [-1.0, 2.0], [1.0, NAN]],
    ("learn.dirichlet_kl", "p"): [*NO_ARRAY, 1.0, [-1.0, 2.0], [1.0, 2.0, 3.0]],
    ("learn.novelty_weight", "counts"): [*NO_ARRAY, 1.0, [-1.0, 2.0], [1.0, INFINITE]],
    ("learn.reduced", "q"): [*NO_ARRAY, [0.0, 5.0], [2.0, NAN]],
    ("learn.reduced", "p"): [*NO_ARRAY, [1.0, -1.0], [9.0, 1.0]],
    ("learn.reduced", "r"): [*NO_ARRAY, [1.0, -1.0], [1.0, 1.0, 1.0]],
    ("learn.descend", "averaging"): [*NO_NUMBER, -0.1, 1.0],
    ("learn.descend", "steps_per_call"): [*NO_COUNT, 0],
    ("learn.descend", "num_steps"): [0],
    ("learn.descend", "patience"): [*NO_COUNT, 0],
    ("learn.descend", "gradient"): [0, lambda: 0, lambda given, parameters, memory: parameters],
    ("learn.descend", "trained"): [0, "x", {"y": True}, {"x": 1}, {}],
    ("learn.descend", "score"): [0, lambda: 0, lambda parameters: "good"],
    ("learn.first_state", "set_axis"): [1, True, 0.0, "0", GRAPH],
    ("learn.fit", "averaging"): [*NO_NUMBER, -0.1, 1.0],
    ("learn.fit", "beta"): [INFINITE],
    ("learn.fit", "callback"): [0, "print", lambda: None, lambda epoch, state: None],
    ("learn.fit", "l1"): [-0.1, INFINITE],
    ("learn.fit", "l2"): [-0.1, INFINITE],
    ("learn.fit", "objective"): [Sampled],
    ("exact.Exact.draw", "shape"): [(10**6, 10**6), (-1,), 3.5],
    ("sample.checkerboard", "beta"): [INFINITE],
    ("exact.exact [dense]", "beta"): [INFINITE],
    ("exact.exact [lattice]", "beta"): [INFINITE],
    ("energy.compile_model", "description"): [
        0,
        "model",
        [],
        {},
        {"states": 3},
        DESCRIPTION | {"states": {}},
    ],
    ("energy.compile_model", "batch_size"): [*NO_COUNT, 0],
    ("energy.controllable", "num_states"): [0],
    ("energy.generative_model", "A"): [
        *NO_ARRAY,
        [np.eye(3)],
        [np.ones((2, 2))],
        [np.full((2, 2), NAN)],
        [[1.0]],
    ],
    ("energy.generative_model", "B"): [*NO_ARRAY, [np.eye(2)], [np.ones((2, 2, 2))], []],
    ("energy.generative_model", "D"): [*NO_ARRAY, [[0.5, 0.4]], [[1.0]], [[2.0, -1.0]], []],
    ("energy.generative_model", "pA"): [*NO_ARRAY, [-np.eye(2)], [np.ones((3, 2))], [np.zeros((2, 2))]],
    ("energy.generative_model", "goal"): [*NO_ARRAY, [[0.5, 0.5]], [[1]]],
    ("energy.generative_model", "B_dependencies"): [0, "f", [], [[]], [[1]], [[0, 0]], [[0.5]]],
    ("energy.LabelledTensor", "event"): [0, "x", [], {}, {1: ["a"]}, {"x": []}, {"x": ["a", "a"]}, {"x": 0}],
    ("energy.LabelledTensor", "values"): [*NO_ARRAY, np.zeros(2)],
    ("energy.LabelledTensor", "num_agents"): [*NO_COUNT, 0],
    ("energy.LabelledTensor.unfilled", "slack"): [*NO_NUMBER, -1.0],
    ("energy.lifted", "law"): [*NO_ARRAY, np.ones(2), np.ones((2, 3)), 1.0],
    ("energy.lifted", "parents"): [0, "f", [2], [-1], [0, 0], [0.0]],
    ("energy.random_laws", "shape"): [3, "x", (), (0,), (2.5,), (10**6, 10**7)],
    ("energy.random_laws", "concentration"): [*NO_NUMBER, 0.0, -1.0, INFINITE],
    ("energy.random_model", "num_obs"): [3, "x", [], [0], [1.5]],
    ("energy.random_model", "num_states"): [3, "x", [], [0], [1.5]],
    ("energy.random_model", "num_controls"): [3, "x", [0], [1.5]],
    ("energy.unfilled", "model"): [{}, DESCRIPTION, HIDDEN],
    ("energy.window_graph", "model"): [GRAPH, MODEL, DESCRIPTION],
    ("energy.window_graph", "observations"): [*NO_ARRAY, [[0, 2]], [[0, -2]], [0, 1], [[]], [[0.5, 0.5]]],
    ("energy.window_graph", "actions"): [*NO_ARRAY, [[2]], [[-2]], [1], [[0.5]]],
    ("exact.hidden_chain", "pi"): [*NO_ARRAY, [0.5, 0.4], [1.0], [NAN, 1.0], [2.0, -1.0]],
    ("exact.hidden_chain", "transitions"): [*NO_ARRAY, np.eye(3), np.ones((2, 2)), np.full((2, 2), NAN)],
    ("exact.hidden_chain", "log_likelihoods"): [
        *NO_ARRAY,
        np.zeros(2),
        np.full((3, 2), NAN),
        np.zeros((0, 2)),
    ],
    ("exact.hidden_chain", "orientation"): ["magic", 0, GRAPH],
    ("exact.hidden_chain", "parallel"): ["no", 2, GRAPH],
    ("exact.smooth", "filtered"): [*NO_ARRAY, np.ones(2), np.ones((3, 2)), np.full((3, 2), NAN)],
    ("exact.smooth", "transitions"): [*NO_ARRAY, np.eye(2), np.ones((2, 2, 2)), np.full((2, 2, 2), NAN)],
    ("exact.smooth", "floor"): ["magic", 0, GRAPH],
    ("exact.kaufman", "beta"): [-1.0, INFINITE],
    ("sample.mala", "beta"): [INFINITE],
    ("sample.mala", "step_size"): [0.0, -1.0, INFINITE],
    ("exact.onsager", "beta"): [-1.0, INFINITE],
    ("sample.sample", "kernel"): [GRAPH, MODEL],
    ("sample.sample", "num_samples"): [0, 10**12],
    ("sample.swendsen_wang", "beta"): [-1.0],
    ("sample.ula", "step_size"): [0.0, -1.0],
    ("sample.wolff", "beta"): [-1.0],
    ("world.venue_market", "beta"): [-1.0, INFINITE],
}
"""More values that one callable must refuse."""

ACCEPTED: dict[tuple[str, str], tuple[Any, ...]] = {
    ("energy.lifted", "num_states"): ([2],),
    ("learn.descend", "parameters"): (GRAPH,),
    ("energy.random_model", "num_states"): ([2],),
    ("sample.Binned", "edges"): ([0, 1],),
    ("sample.components", "edges"): ([[0, 1], [1, 0]],),
    ("sample.Energy", "graph"): (TILTED, DENSE),
    ("market.retrieve_best", "threshold"): (-1.0,),
    ("market.parameters.restore.load", "threshold"): (-1.0,),
    # tables show "n/a"
    ("study.Estimate", "mean"): (NAN,),
    ("study.Estimate", "published"): (NAN,),
    ("study.Estimate.of", "published"): (NAN,),
}
"""Values that mean something to one callable though to no other."""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
