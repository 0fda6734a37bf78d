"""The hidden path behind a window of observations and actions, as a factor graph: exact answers for any model."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from isotherm import doors
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.hidden.checks import check_numbers_of
from isotherm.energy.hidden.controls import flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.energy.variables import categorical
from isotherm.errors import refusal


def window_graph(model: GenerativeModel, observations: Any, actions: Any = None) -> FactorGraph:
    """Law of the hidden states of a window given what was observed and done, as a graph at ``beta = 1``.

    Its ``log_z`` is the log evidence of the window, its marginals are what every approximate scheme aims at. Groups
    are ``"s0"``, ``"s1"``, ..., one a factor, with a variable for each step; a factor of a single state has nothing
    to tell and no group. Everything is on the host, in float64; zeros of the model forbid.

    Args:
        model: one model, no batch.
        observations: of each modality either whole numbers ``(steps,)``, -1 for none, or probabilities
            ``(steps, O_m)``, a row of zeros for none; soft ones count as expected log-likelihoods.
        actions: the choice of every control, ``(steps - 1, controls)``. A factor stays where it is when one of its
            controls is -1. None: where no control has a choice, or there is one step.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the observation or action out of range, a shape that does not fit, a batch of models, or a
            model whose factors have one state each.

    >>> from isotherm.energy.hidden.model import generative_model
    >>> model = generative_model(A=[[[0.9, 0.2], [0.1, 0.8]]], B=[[[[0.7], [0.4]], [[0.3], [0.6]]]])
    >>> graph = window_graph(model, [[0, 1, 1]])
    >>> graph.variables["s0"].size, [factor.name for factor in graph.factors]
    (3, ['D[0]', 'A[0]', 'B[0]'])
    """
    doors.instance("model", model, GenerativeModel, "a GenerativeModel", "generative_model(...) makes one")
    if model.batch_size is not None:
        raise refusal("model.batch_size", model.batch_size, "must be None: take one model of the batch")
    if any(doors.is_traced(leaf) for leaf in jax.tree.leaves(model)):
        raise refusal("model", "traced", "graphs of windows are made outside jit")
    if max(model.num_states) < 2:
        raise refusal("model.num_states", model.num_states, "must be 2 or more of at least one factor")
    rows = _observed(observations, model.num_obs)
    steps = len(rows[0])
    controls = _controls(actions, model, steps)
    evidence = [_evidence(row, _log(A)) for row, A in zip(rows, model.A, strict=True)]
    transitions = [_transitions(f, model, controls[:, f]) for f in range(len(model.B))]
    factors, constant = [], 0.0
    for m, (table, parents) in enumerate(zip(evidence, model.A_dependencies, strict=True)):
        there = [(factor, 0) for factor in parents]
        made = _factors(f"A[{m}]", table, there, model.num_states)
        factors += made
        constant += 0.0 if made else float(table.sum())
    for f, table in enumerate(transitions):
        there = [(f, 1), *((parent, 0) for parent in model.B_dependencies[f])]
        factors += _factors(f"B[{f}]", table, there, model.num_states)
    groups = {f"s{f}": categorical(steps, n) for f, n in enumerate(model.num_states) if n > 1}
    return FactorGraph.of(groups, [*_first_states(model, constant), *factors])


def _first_states(model: GenerativeModel, constant: float) -> list[Factor]:
    """Priors of the first step; a constant stands with the first."""
    found = []
    for f, law in enumerate(model.D):
        if law.shape[0] > 1:
            weights = _log(law) + (0.0 if found else constant)
            found.append(Factor.of(f"s{f}", [0], weights[None], name=f"D[{f}]"))
    return found


def _factors(
    name: str, tables: Float[np.ndarray, "times ..."], axes: list[tuple[int, int]], sizes: tuple[int, ...]
) -> list[Factor]:
    """A factor at each time over the axes that have more than one state: factors, each with its delay in steps."""
    kept = [(factor, delay) for factor, delay in axes if sizes[factor] > 1]
    if not kept or not len(tables):
        return []
    times = np.arange(len(tables))
    scope = np.stack([times + delay for _, delay in kept], axis=1)
    weights = tables.reshape(len(tables), *(sizes[factor] for factor, _ in kept))
    return [Factor.of([f"s{factor}" for factor, _ in kept], scope, weights, name=name)]


def _evidence(obs: Float[np.ndarray, "steps events"], log_A: Float[np.ndarray, "events ..."]) -> np.ndarray:
    """Expected log-likelihood of each step, ``(steps, *parents)``, where what was not seen counts nothing."""
    found = []
    for row in obs:
        seen = np.flatnonzero(row)
        found.append((row[seen].reshape(-1, *(1,) * (log_A.ndim - 1)) * log_A[seen]).sum(axis=0))
    return np.stack(found)


def _transitions(f: int, model: GenerativeModel, controls: Int[np.ndarray, " times"]) -> np.ndarray:
    """Log laws of the next state under the controls, ``(times, next, *parents)``; the state stays without one."""
    log_B = np.moveaxis(_log(model.B[f]), -1, 0)
    own = 1 + model.B_dependencies[f].index(f)
    n = model.num_states[f]
    shape = [n if axis in (0, own) else 1 for axis in range(log_B.ndim - 1)]
    stays = np.broadcast_to(_log(np.eye(n)).reshape(shape), log_B.shape[1:])
    return np.stack([stays, *log_B])[controls + 1]


def _log(law: Any) -> np.ndarray:
    law = np.asarray(law, np.float64)
    return np.log(law, where=law > 0, out=np.full(law.shape, -np.inf))


def _observed(observations: Any, sizes: tuple[int, ...]) -> list[Float[np.ndarray, "steps events"]]:
    """Probabilities of symbols of each modality."""
    listed = doors.sequence("observations", observations, "a list of arrays, one for each modality")
    if len(listed) != len(sizes):
        raise refusal("len(observations)", len(listed), f"must be {len(sizes)}, one for each modality")
    found = [
        _rows(f"observations[{m}]", one, n) for m, (one, n) in enumerate(zip(listed, sizes, strict=True))
    ]
    for m, rows in enumerate(found):
        if len(rows) != len(found[0]) or not len(rows):
            allowed = f"must have {max(1, len(found[0]))} steps"
            raise refusal(f"observations[{m}]", f"{len(rows)} steps", allowed)
    return found


def _rows(field: str, values: Any, n: int) -> Float[np.ndarray, "steps events"]:
    given = doors.real_array(field, values)
    if given.ndim == 1:
        return np.eye(n + 1)[_whole(field, given, n), :n]
    if given.ndim != 2 or given.shape[1] != n:
        raise refusal(f"{field}.shape", given.shape, f"must be (steps,) or (steps, {n})")
    rows = given.astype(np.float64)
    totals = rows.sum(axis=1)
    is_law = (rows >= 0).all(axis=1) & ((np.abs(totals - 1) < 1e-5) | (totals == 0))
    if not is_law.all():
        t = int(np.flatnonzero(~is_law)[0])
        raise refusal(f"{field}[{t}]", rows[t].tolist(), "must be probabilities that sum to 1, or zeros")
    return rows


def _controls(actions: Any, model: GenerativeModel, steps: int) -> Int[np.ndarray, "times factors"]:
    """The flat control of each factor in each transition, -1 where it has none."""
    sizes = model.num_controls
    if actions is None:
        if steps > 1 and any(n > 1 for n in sizes):
            raise refusal("actions", None, f"must be of shape ({steps - 1}, {len(sizes)})")
        actions = np.zeros((steps - 1, len(sizes)), np.int32)
    given = doors.real_array("actions", actions)
    if given.shape != (steps - 1, len(sizes)):
        raise refusal("actions.shape", given.shape, f"must be ({steps - 1}, {len(sizes)})")
    choices = [_whole(f"actions[:, {c}]", given[:, c], n) for c, n in enumerate(sizes)]
    stacked = np.stack(choices, axis=1) if choices else np.zeros((steps - 1, 0), np.int32)
    return np.asarray(flat_controls(jax.numpy.asarray(stacked), model.B_action_dependencies, sizes))


def _whole(field: str, values: np.ndarray, n: int) -> Int[np.ndarray, " rows"]:
    """Whole numbers within ``-1 .. n - 1``."""
    if values.size and not np.issubdtype(values.dtype, np.integer):
        raise refusal(f"{field}.dtype", str(values.dtype), "must be whole numbers")
    check_numbers_of(field, values, n)
    return values.astype(np.int32)
