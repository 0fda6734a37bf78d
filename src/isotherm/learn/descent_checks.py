"""What the descent loop refuses at its door."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.learn.steps import SetAxis, held


def checked_settings(
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
    """How many steps lie between scores, after refusing what cannot be.

    Raises:
        TypeError: naming what is of another kind.
        ValueError: naming what is out of range.
    """
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


def checked_parameters(parameters: Any, set_axis: Any) -> PyTree:
    """The parameters as arrays of JAX, shaped as they came.

    Raises:
        TypeError: if a leaf is no floating array, or there is none.
        ValueError: if they have no such axis, of one length.
    """
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


def check_trained(trained: Any, parameters: PyTree) -> None:
    """Refuse a mask that does not fit the parameters.

    Raises:
        TypeError: if a leaf is no boolean.
        ValueError: if it is of another structure.
    """
    if trained is None:
        return
    leaves = jax.tree.leaves(trained, is_leaf=lambda leaf: leaf is None)
    if not leaves or not all(isinstance(leaf, bool) for leaf in leaves):
        raise wrong_kind("trained", trained, "a pytree of True and False")
    try:
        held(trained, parameters, parameters)
    except (ValueError, TypeError):
        raise refusal("trained", trained, "should be shaped as (a prefix of) the parameters") from None


def checked_memory(memory: Any) -> PyTree:
    """The memory as arrays of JAX, shaped as they came.

    Raises:
        TypeError: if a leaf is no array.
    """
    try:
        return jax.tree.map(jnp.asarray, memory)
    except (TypeError, ValueError):
        raise wrong_kind("memory", memory, "a pytree of arrays") from None


def checked_score(found: Any, parameters: PyTree, set_axis: SetAxis) -> np.ndarray:
    """What a score function answered, float64 of shape ``()``, or ``(sets,)``.

    Raises:
        TypeError: if it is no number, and not one of each set.
    """
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
