"""The descent loop of the package: compiled calls, a score, the best so far, and a state to go on from."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64, Int64, PyTree

from isotherm import doors
from isotherm.errors import refusal
from isotherm.learn.descent_checks import (
    check_trained,
    checked_memory,
    checked_optimizer,
    checked_parameters,
    checked_score,
    checked_settings,
)
from isotherm.learn.steps import (
    CallTold,
    DescentNow,
    DescentTask,
    Gradient,
    Inputs,
    SetAxis,
    compiled_call,
    host_call,
    opened,
    shapes_of,
    step_keys,
)
from isotherm.random.keys import KeyOrSeed

Score = Callable[[PyTree], Any]


class DescentState(NamedTuple):
    """All that the next step needs: a pytree of arrays.

    Attributes:
        parameters: as they are now.
        averaged: their running mean, shaped alike; the parameters themselves where none was asked for.
        optimizer: the optimiser's state, with an axis of sets where there are sets.
        memory: the gradient's.
        best: what was judged at the best score so far, parameters or their mean; of each set its own.
        best_score: that score, ``()`` or ``(sets,)``; minus infinity before the first.
        waited: scores since one was better than all before, ``()``.
        step: steps done, ``()``.
        gradient_norms: mean over the steps of a call of the gradient's norm, ``(calls,)`` or ``(calls, sets)``.
        values: that the gradient told, ``(steps,)`` or ``(steps, sets)``; empty where it tells none.
        scores: that were taken, ``(scores,)`` or ``(scores, sets)``.
        scored_at: steps done when they were, ``(scores,)``.
    """

    parameters: PyTree
    averaged: PyTree
    optimizer: PyTree
    memory: PyTree
    best: PyTree
    best_score: np.ndarray
    waited: np.ndarray
    step: np.ndarray
    gradient_norms: np.ndarray
    values: np.ndarray
    scores: np.ndarray
    scored_at: np.ndarray


class Descent(NamedTuple):
    """Where a descent led.

    Attributes:
        parameters: at the best score where one was taken, of each set its own; else at the end.
        best_step: steps done at the best score of all; where none was taken, at the end.
        best_set: the set that had it; 0 where scores are of all sets together.
        state: to go on from.
    """

    parameters: PyTree
    best_step: int
    best_set: int
    state: DescentState


class BestStep(NamedTuple):
    """The best of all scores.

    Attributes:
        score: itself; minus infinity where there is none.
        step: steps done when it was taken; 0 where there is none.
        set: that had it; 0 where scores are of all sets together.
    """

    score: float
    step: int
    set: int


Callback = Callable[[DescentState], object]


def descend(
    key: KeyOrSeed,
    parameters: PyTree,
    gradient: Gradient,
    optimizer: Any,
    *,
    num_steps: int,
    steps_per_call: int = 1,
    inputs: Inputs = step_keys,
    memory: PyTree = (),
    averaging: float = 0.0,
    trained: PyTree | None = None,
    set_axis: SetAxis = None,
    score: Score | None = None,
    score_every: int | None = None,
    patience: int | None = None,
    callback: Callback | None = None,
    state: DescentState | None = None,
    is_compiled: bool = True,
) -> Descent:
    """Step against a gradient until the steps are done or the score no longer rises.

    The steps of a call are one compiled scan. Arrays inside ``gradient``, ``inputs`` and ``optimizer``, as in the
    fields of an Equinox module or a ``jax.tree_util.Partial``, are traced as parameters are: other values of the
    same shapes compile nothing, as long as functions and settings are the same objects. A descent continued from
    ``state`` with the same other arguments equals an unbroken one bit for bit.

    To climb, put ``optax.chain(optax.scale(-1.0), ...)`` around the optimiser.

    Args:
        key: one JAX key, or a seed.
        parameters: a pytree of floating arrays; with sets, each has the axis of sets.
        gradient: ``gradient(input, parameters, memory)`` gives a :class:`Slope`; of all sets at once.
        optimizer: such as ``optax.adam(0.01)``, or anything with its ``init`` and ``update``.
        num_steps: steps in all, those of ``state`` included, at least 1.
        steps_per_call: steps compiled as one scan, at least 1. A call ends at a multiple of it or at the last
            step, so that at most one call of another length is compiled.
        inputs: ``inputs(key, step, length)`` gives what ``length`` steps after ``step`` are handed, each an entry
            along the leading axis ``(length, ...)``; by default a key each.
        memory: what the first step gets, a pytree of arrays.
        averaging: share, at least 0 and below 1, that a running mean of the parameters keeps at each step. Where it
            is above 0, the mean is what is scored and returned; steps go on from the parameters themselves.
        trained: a pytree of booleans, or a prefix of one: where false, parameters stay as they are, and neither
            norms nor the optimiser see their gradient.
        set_axis: 0 or -1 where parameters hold several sets along it, each with its own state of the optimiser.
        score: ``score(parameters)``, called on the host, higher is better: a number, or one for each set,
            ``(sets,)``; then each set keeps its own best.
        score_every: steps between scores, a multiple of ``steps_per_call``, which it is by default; the last step
            is scored in any case.
        patience: stop after this many scores without one better than all before; ``None``: never.
        callback: called on the host with the state after each call; what it returns is not looked at.
        state: where an earlier descent stopped, or :func:`first_state`; its memory counts then.
        is_compiled: whether ``gradient`` and ``inputs`` may be traced; else each step runs on the host.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range; or once gradient and parameters of every set are no longer
            finite.

    >>> import optax
    >>> from isotherm.learn.steps import Slope
    >>> def towards_one(input, parameters, memory):
    ...     return Slope(jax.tree.map(lambda x: x - 1, parameters), memory)
    >>> start = {"x": jnp.zeros(2), "y": jnp.zeros(2)}
    >>> only_x = {"x": True, "y": False}
    >>> key = jax.random.key(0)
    >>> found = descend(key, start, towards_one, optax.sgd(0.5), num_steps=3, steps_per_call=3, trained=only_x)
    >>> found.parameters["x"].tolist(), found.parameters["y"].tolist()
    ([0.875, 0.875], [0.0, 0.0])
    """
    key = doors.random_key("key", key)
    parameters = checked_parameters(parameters, set_axis)
    score_every = checked_settings(
        gradient, optimizer, inputs, num_steps, steps_per_call, score, score_every, patience, callback
    )
    doors.number("averaging", averaging, least=0, below=1)
    doors.flag("is_compiled", is_compiled)
    check_trained(trained, parameters)
    shares = (jnp.asarray(averaging), jnp.asarray(1 - averaging)) if averaging else None
    task = DescentTask(gradient, optimizer, inputs, trained, shares, set_axis)
    if state is None:
        state = first_state(parameters, optimizer, memory=memory, set_axis=set_axis)
    else:
        doors.instance("state", state, DescentState, "the .state of an earlier descent")
        _check_state(state, parameters, optimizer, set_axis)
    advance = compiled_call if is_compiled else host_call
    while state.step < num_steps and not (patience is not None and state.waited >= patience):
        step = int(state.step)
        length = min(steps_per_call - step % steps_per_call, num_steps - step)
        state = _advanced(state, length, *advance(task, _now(state, shares), key, jnp.int32(step), length))
        if score is not None and (state.step % score_every == 0 or state.step == num_steps):
            state = scored(state, score, set_axis)
        if callback is not None:
            callback(state)
    return _chosen(state, set_axis)


def _now(state: DescentState, shares: Any) -> DescentNow:
    return DescentNow(state.parameters, state.averaged if shares else None, state.optimizer, state.memory)


def first_state(
    parameters: PyTree, optimizer: Any, *, memory: PyTree = (), set_axis: SetAxis = None
) -> DescentState:
    """The state before the first step, and the template of every later one.

    Args:
        parameters: a pytree of floating arrays; with sets, each has the axis of sets.
        optimizer: such as ``optax.adam(0.01)``.
        memory: what the first step gets, a pytree of arrays.
        set_axis: 0 or -1 where parameters hold several sets along it.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if the parameters have no such axis.

    >>> import optax
    >>> first_state({"x": jnp.zeros((4, 2))}, optax.adam(0.1), set_axis=0).optimizer[0].count.shape  # of each set
    (4,)
    """
    parameters = checked_parameters(parameters, set_axis)
    nothing = np.zeros(0)
    return DescentState(
        parameters=parameters,
        averaged=parameters,
        optimizer=opened(checked_optimizer(optimizer), parameters, set_axis),
        memory=checked_memory(memory),
        best=parameters,
        best_score=np.asarray(-np.inf),
        waited=np.asarray(0),
        step=np.asarray(0),
        gradient_norms=nothing,
        values=nothing,
        scores=nothing,
        scored_at=np.zeros(0, np.int64),
    )


def best_step(scores: Float64[np.ndarray, "scores *sets"], steps: Int64[np.ndarray, " scores"]) -> BestStep:
    """The first score that no later one exceeds; what is not finite is passed over.

    Args:
        scores: ``(scores,)`` or ``(scores, sets)``.
        steps: done when they were taken, ``(scores,)``.

    >>> best_step(np.array([[0.1, np.nan], [0.3, 0.2], [0.3, 0.0]]), np.array([1, 11, 21]))
    BestStep(score=0.3, step=11, set=0)
    """
    known = np.where(np.isfinite(scores), scores, -np.inf)
    if not (known > -np.inf).any():
        return BestStep(-np.inf, 0, 0)
    row, *columns = np.unravel_index(known.argmax(), known.shape)
    return BestStep(float(known.max()), int(steps[row]), int(sum(columns)))


def scored(state: DescentState, score: Score, set_axis: SetAxis = None) -> DescentState:
    """The state after a score of what it has, for loops that take their steps in another way.

    Args:
        state: after a step.
        score: as of :func:`descend`, called with ``state.averaged``.
        set_axis: as of :func:`descend`.

    Raises:
        TypeError: if the score is no number, and not one of each set.
    """
    found = checked_score(score(state.averaged), state.averaged, set_axis)
    is_better = np.asarray(found > state.best_score)
    is_best = np.where(is_better, found, -np.inf).max() > state.best_score.max()
    return state._replace(
        best=_chosen_of(is_better, state.averaged, state.best, set_axis),
        best_score=np.where(is_better, found, state.best_score),
        waited=np.asarray(0 if is_best else state.waited + 1),
        scores=_grown(state.scores, found[None]),
        scored_at=np.append(state.scored_at, state.step),
    )


# ------------------------------------------------------------------------------
# Between calls


def _advanced(state: DescentState, length: int, now: DescentNow, told: CallTold) -> DescentState:
    step = np.asarray(state.step + length)
    if np.all(told.is_lost):
        raise refusal("optimizer", f"step {step}", "the gradient is no longer finite; step less far")
    return state._replace(
        parameters=now.parameters,
        averaged=now.parameters if now.averaged is None else now.averaged,
        optimizer=now.optimizer,
        memory=now.memory,
        step=step,
        gradient_norms=_grown(state.gradient_norms, np.asarray(told.norm)[None]),
        values=state.values if told.values is None else _grown(state.values, np.asarray(told.values)),
    )


def _grown(history: np.ndarray, rows: np.ndarray) -> np.ndarray:
    before = history if len(history) else history.reshape(0, *rows.shape[1:])
    return np.concatenate([before, rows.astype(np.float64)])


def _chosen_of(is_new: np.ndarray, new: PyTree, old: PyTree, set_axis: SetAxis) -> PyTree:
    """One or the other, or of each set one or the other."""
    if is_new.ndim == 0:
        return new if is_new else old

    def chosen(new: Array, old: Array) -> Array:
        shape = [1] * new.ndim
        shape[set_axis or 0] = -1
        return jnp.where(is_new.reshape(shape), new, old)

    return jax.tree.map(chosen, new, old)


def _chosen(state: DescentState, set_axis: SetAxis) -> Descent:
    is_scored = np.asarray(np.isfinite(state.best_score))
    parameters = _chosen_of(is_scored, state.best, state.averaged, set_axis)
    best = best_step(state.scores, state.scored_at)
    return Descent(parameters, best.step if is_scored.any() else int(state.step), best.set, state)


def _check_state(state: DescentState, parameters: PyTree, optimizer: Any, set_axis: SetAxis) -> None:
    """Refuse the state of a descent of other parameters, or by another optimiser."""
    moments = jax.eval_shape(lambda: opened(optimizer, parameters, set_axis))
    wanted = {"parameters": parameters, "averaged": parameters, "optimizer": moments}
    for field, right in wanted.items():
        found, allowed = shapes_of(getattr(state, field)), shapes_of(right)
        if found != allowed:
            raise refusal(
                f"state.{field}", found, f"is of other parameters or optimizer, whose shapes are {allowed}"
            )
