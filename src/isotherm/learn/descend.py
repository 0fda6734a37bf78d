"""The descent loop of the package: compiled calls, a score, the best so far, and a state to go on from."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.learn.steps import (
    CallTold,
    DescentNow,
    DescentTask,
    Gradient,
    Inputs,
    SetAxis,
    compiled_call,
    held,
    host_call,
    opened,
    shapes_of,
    step_keys,
)

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


Callback = Callable[[DescentState], object]


def descend(
    key: Key[Array, ""],
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
        key: one JAX key.
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
        state: where an earlier descent stopped.
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
    doors.random_key("key", key)
    parameters = _checked_parameters(parameters, set_axis)
    score_every = _check(
        gradient, optimizer, inputs, num_steps, steps_per_call, score, score_every, patience, callback
    )
    doors.number("averaging", averaging, least=0, below=1)
    doors.flag("is_compiled", is_compiled)
    _check_trained(trained, parameters)
    shares = (jnp.asarray(averaging), jnp.asarray(1 - averaging)) if averaging else None
    task = DescentTask(gradient, optimizer, inputs, trained, shares, set_axis)
    if state is None:
        state = _begun(task, parameters, _checked_memory(memory))
    else:
        doors.instance("state", state, DescentState, "the .state of an earlier descent")
        _check_state(task, parameters, state)
    advance = compiled_call if is_compiled else host_call
    while state.step < num_steps and not (patience is not None and state.waited >= patience):
        step = int(state.step)
        length = min(steps_per_call - step % steps_per_call, num_steps - step)
        state = _advanced(state, length, *advance(task, _now(state, shares), key, jnp.int32(step), length))
        if score is not None and (state.step % score_every == 0 or state.step == num_steps):
            state = _scored(state, score, set_axis)
        if callback is not None:
            callback(state)
    return _chosen(state, set_axis)


def _now(state: DescentState, shares: Any) -> DescentNow:
    return DescentNow(state.parameters, state.averaged if shares else None, state.optimizer, state.memory)


def _begun(task: DescentTask, parameters: PyTree, memory: PyTree) -> DescentState:
    nothing = np.zeros(0)
    return DescentState(
        parameters=parameters,
        averaged=parameters,
        optimizer=opened(task, parameters),
        memory=memory,
        best=parameters,
        best_score=np.asarray(-np.inf),
        waited=np.asarray(0),
        step=np.asarray(0),
        gradient_norms=nothing,
        values=nothing,
        scores=nothing,
        scored_at=np.zeros(0, np.int64),
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


def _scored(state: DescentState, score: Score, set_axis: SetAxis) -> DescentState:
    found = _checked_score(score(state.averaged), state.averaged, set_axis)
    is_better = np.asarray(found > state.best_score)
    is_best = np.where(is_better, found, -np.inf).max() > state.best_score.max()
    return state._replace(
        best=_chosen_of(is_better, state.averaged, state.best, set_axis),
        best_score=np.where(is_better, found, state.best_score),
        waited=np.asarray(0 if is_best else state.waited + 1),
        scores=_grown(state.scores, found[None]),
        scored_at=np.append(state.scored_at, state.step),
    )


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
    if not is_scored.any():
        return Descent(parameters, int(state.step), 0, state)
    finite = np.where(np.isfinite(state.scores), state.scores, -np.inf)
    row, *columns = np.unravel_index(finite.argmax(), finite.shape)
    return Descent(parameters, int(state.scored_at[row]), int(sum(columns)), state)


# ------------------------------------------------------------------------------
# Doors


def _check(
    gradient: Any,
    optimizer: Any,
    inputs: Any,
    num_steps: Any,
    steps_per_call: Any,
    score: Any,
    score_every: Any,
    patience: Any,
    callback: Any,
) -> int:
    """Refuse what cannot be; how often scores are taken."""
    doors.function("gradient", gradient, "a function of input, parameters and memory", num_arguments=3)
    checked_optimizer(optimizer)
    doors.function("inputs", inputs, "a function of a key, a step and a length", num_arguments=3)
    doors.whole("num_steps", num_steps, 1)
    doors.whole("steps_per_call", steps_per_call, 1)
    if score_every is not None and doors.whole("score_every", score_every, 1) % steps_per_call:
        raise refusal("score_every", score_every, f"should be a multiple of steps_per_call, {steps_per_call}")
    if patience is not None:
        doors.whole("patience", patience, 1)
        if score is None:
            raise refusal("patience", patience, "needs a score")
    if score is not None:
        doors.function("score", score, "a function of parameters", num_arguments=1)
    if callback is not None:
        doors.function("callback", callback, "a function of a DescentState", num_arguments=1)
    return score_every or steps_per_call


def checked_optimizer(optimizer: Any) -> Any:
    """What has the methods of an optimiser of optax.

    Raises:
        TypeError: naming ``optimizer``.
    """
    methods = (getattr(optimizer, name, None) for name in ("init", "update"))
    if isinstance(optimizer, type) or not all(map(callable, methods)):
        raise wrong_kind("optimizer", optimizer, "an optimiser of optax, such as optax.adam(0.01)")
    return optimizer


def _checked_parameters(parameters: Any, set_axis: Any) -> PyTree:
    leaves = jax.tree.leaves(parameters)
    if not leaves or not all(_is_floating(leaf) for leaf in leaves):
        raise wrong_kind("parameters", parameters, "a pytree of floating arrays")
    if not (set_axis is None or (type(set_axis) is int and set_axis in (0, -1))):
        raise refusal("set_axis", set_axis, "should be 0, -1 or None")
    shapes = [np.shape(leaf) for leaf in leaves]
    if set_axis is not None and (() in shapes or len({shape[set_axis] for shape in shapes}) != 1):
        raise refusal("set_axis", set_axis, f"parameters of shapes {shapes} have no such axis of one length")
    return jax.tree.map(jnp.asarray, parameters)


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(leaf.dtype, jnp.floating)


def _check_trained(trained: Any, parameters: PyTree) -> None:
    if trained is None:
        return
    leaves = jax.tree.leaves(trained, is_leaf=lambda leaf: leaf is None)
    if not leaves or not all(isinstance(leaf, bool) for leaf in leaves):
        raise wrong_kind("trained", trained, "a pytree of True and False")
    try:
        held(trained, parameters, parameters)
    except (ValueError, TypeError):
        raise refusal(
            "trained", trained, "should be shaped as the parameters, or as their upper part"
        ) from None


def _checked_memory(memory: Any) -> PyTree:
    try:
        return jax.tree.map(jnp.asarray, memory)
    except (TypeError, ValueError):
        raise wrong_kind("memory", memory, "a pytree of arrays") from None


def _checked_score(found: Any, parameters: PyTree, set_axis: SetAxis) -> np.ndarray:
    shapes: list[tuple[int, ...]] = [()]
    if set_axis is not None:
        shapes.append((jax.tree.leaves(parameters)[0].shape[set_axis],))
    try:
        value = np.asarray(found)
    except (TypeError, ValueError):
        value = np.asarray(None)
    if value.dtype.kind not in "iuf" or value.shape not in shapes:
        raise wrong_kind("score(parameters)", found, "a number" + ", or one of each set" * (len(shapes) > 1))
    return value.astype(np.float64)


def _check_state(task: DescentTask, parameters: PyTree, state: DescentState) -> None:
    """Refuse the state of a descent of other parameters, or by another optimiser."""
    moments = jax.eval_shape(functools.partial(opened, task), parameters)
    wanted = {"parameters": parameters, "averaged": parameters, "optimizer": moments}
    for field, right in wanted.items():
        found, allowed = shapes_of(getattr(state, field)), shapes_of(right)
        if found != allowed:
            raise refusal(
                f"state.{field}", found, f"is of other parameters or optimizer, whose shapes are {allowed}"
            )
