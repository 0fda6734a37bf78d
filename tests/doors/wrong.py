"""Wrong values of each parameter, tried on every public callable: run as ``python -m tests.doors.wrong ROOM``.

It runs in a process of its own, without the checks of annotations that tests have: users have none either.
"""

import importlib
import inspect
import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from tests.doors.valid import CLOCK, DENSE, GRAPH, HOLDERS, KEY, KEYS, MODEL, TILTED, VALID

ROOMS = ("energy", "sample", "learn", "act", "world", "random", "study")
LONGEST = 300
SLOWEST_S = 20.0


class Stranger:
    """An object that no function expects."""

    def __repr__(self) -> str:
        return "<a stranger>"


class Rude(Exception):  # noqa: N818
    """What is reported of a call that ended as it should not."""


ANYWHERE = [Stranger(), Stranger, "nonsense", None, -1, float("nan"), float("inf"), 1e308, [], {}, b"\x00", lambda: 0]
COUNTS = [0, -3, 1.5, "3", True, None, 10**13, 2**63, float("nan"), [2], np.float32(2.5), GRAPH]
NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e308, "0.5", None, True, 1j, [0.1, "a"], KEY, GRAPH, [[1.0], [2.0, 3.0]]]
ARRAYS = [
    *NUMBERS,
    np.zeros((0, 0)),
    np.array(["a", "b"]),
    np.full((2, 2, 2, 2), np.nan),
    np.array([object()]),
    np.full(3, 1e39),
    np.zeros((7, 5)),
]
MODELS = [0, "model", None, FactorGraphClass := type(GRAPH), GRAPH, DENSE, MODEL, CLOCK, TILTED, KEY, lambda x: 0.0]

WRONG: dict[str, list[Any]] = {
    "beta": [*NUMBERS, -1.0, -1e30],
    "betas": [*ARRAYS, [1.0, 0.5], [0.5], 0.5, -1, [0.5, 0.5]],
    "key": [0, None, "key", KEYS, np.zeros(2, np.uint32), 2**64, Stranger()],
    "keys": [0, None, KEY, [1, 2], np.zeros((2, 2), np.uint32)],
    "seed": [-1, 2**32, 2**64, 10**30, 1.5, "0", None, True],
    "edges": [[[0, 2**32]], [[0, 0]], [[0, -1]], [[0, 1], [1, 0]], [[0.5, 1]], [0, 1], "01", 5, [[0, 1, 2]], [[0], [1, 2]]],
    "variables": [[[0, 2**32]], [[0, 0]], [[0, -7]], [[0.5, 1]], "01", 5, None, [[0], [1, 2]], {}],
    "scopes": [[[0, 2**32, 1]], [[0, 0, 1]], [[0, -7, 1]], [[0.5, 1, 2]], "01", 5, None, [[0], [1, 2]]],
    "graph": MODELS,
    "model": MODELS,
    "kernel": [0, None, "gibbs", type(GRAPH), GRAPH, lambda: 0, KEY],
    "tilted": MODELS,
    "clamp": [0, "s", {"t": 1}, {"s": 1}, [1, 2], {"s": None}, KEY],
    "x": [*ARRAYS, np.zeros((4, 4), np.int8), np.full((4, 4), 7, np.int8), {"s": np.zeros(3, np.int8)}, {}, np.ones(4, np.int8)],
    "positions": [0, None, "start", {}, {"s": np.zeros((0, 3), np.int8)}, {"s": np.ones((4, 9), np.int8)}, np.ones((4, 3))],
    "data": [0, None, np.ones((4, 3), np.int8), GRAPH, type(GRAPH)],
    "objective": [0, None, "exact", type(GRAPH), GRAPH],
    "optimizer": [0, None, "adam", lambda: 0],
    "path": ["/nowhere/at/all", "/", "/dev/null", 5.5, None, "\x1b[31m" + "a" * 5000, "\0"],
    "periodic": ["yes", 2, None, [True], [1, 0], 0.5],
    "discount": [0.0, -0.1, 2.0, float("nan"), "0.9", None],
    "epsilon": [-0.1, 3.0, float("nan"), "0.1", None],
}
for _name in (
    "num_samples", "num_warmup", "thin", "num_chains", "num_sweeps", "num_moves", "num_steps", "num_points", "num_rungs",
    "num_rounds", "num_draws", "num_particles", "num_blocks", "num_batches", "num_epochs", "num_venues", "num_context",
    "num_spins", "num_variables", "num_visible", "num_hidden", "num_angles", "num_states", "num_sites", "num_nodes",
    "cardinality", "size", "rows", "columns", "depth", "length", "window", "max_steps", "batch_size", "score_every",
    "over_relaxation", "extent", "num", "first", "count", "n", "flat", "look_every", "steps", "axis",
):  # fmt: skip
    WRONG[_name] = COUNTS
for _name in ("coupling", "field", "couplings", "biases", "fields", "weights", "logits", "mean", "means", "covariance"):
    WRONG[_name] = ARRAYS
DANGEROUS = {10**13, 2**63}


def public(room: str) -> dict[str, Callable[..., Any]]:
    """Public callables of a room by ``room.name``; of classes with a factory, that too."""
    module = importlib.import_module(f"isotherm.{room}")
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    return {f"{room}.{name}": getattr(module, name) for name in names if callable(getattr(module, name))}


def resolve(name: str) -> Callable[..., Any]:
    """The callable of a row, such as ``energy.FactorGraph.of`` or ``sample.exact [dense]``."""
    room, *path = name.split(" ")[0].split(".")
    found: Any = importlib.import_module(f"isotherm.{room}")
    for step in path:
        found = getattr(found, step)
    return found


def trials(room: str) -> Iterator[tuple[str, str, Any]]:
    """Rows, parameters and wrong values."""
    for row, arguments in VALID.items():
        if row.startswith(room + "."):
            for parameter in arguments():
                if parameter != "self" and not parameter.startswith("*"):
                    for value in [*WRONG.get(parameter, ARRAYS), *ANYWHERE]:
                        yield row, parameter, value


def judge(row: str, parameter: str, value: Any) -> None:
    """Call with one wrong value.

    Raises:
        Rude: unless the call succeeds or is refused in one line that names the parameter.
    """
    arguments = VALID[row]() | {parameter: value}
    function, begun = resolve(row), time.perf_counter()
    given = [arguments.pop("self")] if "self" in arguments else []
    if "*variables" in arguments:
        given, arguments = [arguments["graph"], *arguments["*variables"]], {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*given, **arguments)
    except (ValueError, TypeError) as error:
        message = str(error)
        if "\n" in message or len(message) > LONGEST:
            raise Rude(f"{type(error).__name__} of {len(message)} characters: {message[:120]!r}") from None
        if not re.search(rf"\b{re.escape(parameter)}\b", message):
            raise Rude(f"does not name it: {message[:200]}") from None
    except Exception as error:
        raise Rude(f"{type(error).__name__}: {str(error)[:120]!r}") from None
    if time.perf_counter() - begun > SLOWEST_S:
        raise Rude(f"took {time.perf_counter() - begun:.0f} s")


def main(room: str, only: str = "") -> int:
    """Print a line of JSON for each rude answer, and the number of trials."""
    missing = [
        name
        for name, what in public(room).items()
        if not any(row.split(" ")[0] == name or row.startswith(name + ".") for row in VALID)
        and name not in HOLDERS
        and not (inspect.isclass(what) and (inspect.isabstract(what) or name.split(".")[1].startswith("Abstract")))
    ]
    for name in missing:
        print(json.dumps({"row": name, "fault": "has no row in tests/doors/valid.py"}))
    count = 0
    for row, parameter, value in trials(room):
        if only and only not in row:
            continue
        count += 1
        try:
            judge(row, parameter, value)
        except Rude as fault:
            shown = " ".join(repr(value).split())[:60]
            print(json.dumps({"row": row, "parameter": parameter, "value": shown, "fault": str(fault)}))
    print(json.dumps({"trials": count}))
    return 0


if __name__ == "__main__":
    assert jnp is not None
    sys.exit(main(*sys.argv[1:]))
