"""One call that chooses how to answer a discrete model exactly, says what it chose, or why it cannot. NumPy only."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from isotherm.energy.tables import Tables, checked_evidence
from isotherm.errors import refusal
from isotherm.exact.graph.elimination import CliqueTree, TooWideError, clique_tree, single_clique
from isotherm.exact.graph.junction import Junction

Method = Literal["auto", "enumeration", "elimination"]

TINY = 4096
"""So many states are enumerated without asking for an order."""

MAX_STATES = 1 << 24
"""Most states that are enumerated."""

MAX_ENTRIES = 1e8
"""Most entries of a clique."""

MAX_TOTAL = 1e9
"""Most entries of all cliques: about a minute on the reference machine."""

MAX_BYTES = 3.5e9
"""Most memory, of 4 GB."""

_INSTEAD = "sample instead, with `gibbs` or `tempering`, and `ais` for log Z"


class TooCostlyError(ValueError):
    """An exact answer would need too much time or memory; the message says how much."""


class Solution(NamedTuple):
    """A law that answers, and how it was come by.

    Attributes:
        law: marginals, moments, the best state, draws.
        method: ``"enumeration"`` or ``"elimination"``.
        reason: why, with the size of what was summed.
    """

    law: Junction
    method: str
    reason: str


def solve(tables: Tables, evidence: np.ndarray | None = None, method: Method = "auto") -> Solution:
    """Sum out a discrete model exactly.

    Args:
        tables: the model, its temperature included.
        evidence: int, shape ``(n,)``: values counted from 0, ``-1`` where a variable is free.
        method: ``"auto"`` enumerates up to 4,096 states and eliminates beyond.

    Raises:
        TooCostlyError: a ``ValueError`` that says what it would take, and what to use instead.
        ValueError: if the method is unknown, or no state agrees with model and evidence.
    """
    if method not in get_args(Method):
        raise refusal("method", method, f"should be one of {', '.join(get_args(Method))}")
    free_everywhere = np.full(tables.num_variables, -1)
    values = checked_evidence(tables, free_everywhere if evidence is None else evidence)
    log_states = float(np.log(tables.cardinalities[values < 0]).sum())
    if method == "enumeration" or (method == "auto" and log_states <= np.log(TINY) + 1e-9):
        tree, method, reason = _enumeration(tables, values, log_states)
    else:
        tree, method, reason = _elimination(tables, values)
    law = Junction(tables, tree, values)
    if law.log_z == -np.inf:
        raise impossible(values)
    return Solution(law, method, reason)


def impossible(values: np.ndarray) -> ValueError:
    """What is raised where no state has a weight, under the evidence ``values``, int ``(n,)``, -1 where free."""
    why = "the evidence contradicts the model" if (values >= 0).any() else "the model forbids every one"
    return refusal("log Z", "-inf", f"no state is possible: {why}")


def _enumeration(tables: Tables, values: np.ndarray, log_states: float) -> tuple[CliqueTree, Method, str]:
    if log_states > np.log(MAX_STATES) + 1e-9:
        states = f"10^{log_states / np.log(10):.1f} states"
        raise TooCostlyError(str(refusal("method", "enumeration", f"{states}; at most {MAX_STATES} fit")))
    tree = single_clique(tables.cardinalities, values >= 0)
    return tree, "enumeration", f"{tree.largest:.0f} states, few enough to enumerate"


def _elimination(tables: Tables, values: np.ndarray) -> tuple[CliqueTree, Method, str]:
    try:
        tree = clique_tree(tables.cardinalities, tables.scopes, values >= 0, MAX_ENTRIES)
    except TooWideError as error:
        size = f"at least {error.entries:.1e} entries ({8 * error.entries:.1e} bytes, {error.width + 1} variables)"
        raise _too_costly(f"a table of {size}; at most {MAX_ENTRIES:.0e} entries fit") from None
    if tree.entries > MAX_TOTAL or tree.num_bytes > MAX_BYTES:
        size = f"{tree.entries:.1e} entries and {tree.num_bytes:.1e} bytes in all"
        raise _too_costly(f"{size}; at most {MAX_TOTAL:.0e} and {MAX_BYTES:.1e} fit")
    cliques = (
        f"{len(tree.cliques)} cliques of at most {tree.largest:.3g} entries ({tree.width + 1} variables)"
    )
    return tree, "elimination", f"{cliques}, {tree.entries:.3g} in all, by {tree.order}"


def _too_costly(why: str) -> TooCostlyError:
    return TooCostlyError(str(refusal("method", "elimination", f"would need {why}; {_INSTEAD}")))
