"""Steps of an optimiser against a gradient, as one compiled scan or one by one on the host."""

import functools
import operator
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from isotherm.errors import refusal, wrong_kind

SetAxis = Literal[0, -1] | None


class Slope(NamedTuple):
    """What a gradient function answers.

    Attributes:
        gradient: of what is to be made small, shaped as the parameters.
        memory: for the next step, shaped as it came.
        value: of what is followed, a scalar, or ``(sets,)``; handed to optimisers that ask for ``value``, and kept.
    """

    gradient: PyTree
    memory: PyTree = ()
    value: Float[Array, "*sets"] | None = None


Gradient = Callable[[PyTree, PyTree, PyTree], Slope]
Inputs = Callable[[Key[Array, ""], Int[Array, ""], int], PyTree]


def step_keys(key: Key[Array, ""], step: Int[Array, ""] | int, length: int) -> Key[Array, " length"]:
    """A key for each of the steps that follow, the same however they are cut into calls.

    Args:
        key: of the whole descent, one JAX key.
        step: steps done, a scalar.
        length: steps to come (static).

    Returns:
        Keys of shape ``(length,)``.
    """
    numbers = step + jnp.arange(1, length + 1, dtype=jnp.int32)
    return jax.vmap(functools.partial(jax.random.fold_in, key))(numbers)


class DescentTask(NamedTuple):
    """What stays the same from call to call.

    Shares are those of the mean so far and of the new parameters: two numbers, since 1 - 0.95 in float32 is not 0.05.
    """

    gradient: Gradient
    optimizer: Any
    inputs: Inputs
    trained: PyTree | None
    shares: tuple[Float[Array, ""], Float[Array, ""]] | None
    set_axis: SetAxis


class DescentNow(NamedTuple):
    """What each step changes."""

    parameters: PyTree
    averaged: PyTree | None
    optimizer: PyTree
    memory: PyTree


class CallTold(NamedTuple):
    """Of the steps of a call.

    Attributes:
        norm: of the gradient, its mean over the steps.
        values: that the gradient told.
        is_lost: whether neither gradient nor parameters are finite.
    """

    norm: Float[Array, "*sets"]
    values: Float[Array, "steps *sets"] | None
    is_lost: Bool[Array, "*sets"]


def opened(task: DescentTask, parameters: PyTree) -> PyTree:
    """The optimiser's state before the first step; with sets, each leaf has their axis."""
    if task.set_axis is None:
        return task.optimizer.init(parameters)
    return jax.vmap(task.optimizer.init, in_axes=task.set_axis, out_axes=task.set_axis)(parameters)


def _step(task: DescentTask, now: DescentNow, given: PyTree) -> tuple[DescentNow, tuple[Array, Array | None]]:
    slope = _checked(task.gradient(given, now.parameters, now.memory), now)
    gradient = held(task.trained, slope.gradient, jax.tree.map(jnp.zeros_like, slope.gradient))
    norm = jnp.sqrt(_summed(lambda leaf: leaf**2, gradient, task.set_axis))
    with jax.numpy_dtype_promotion("standard"):  # optax multiplies floats by its integer count of steps
        updates, optimizer = _updates(task, gradient, now, slope.value)
    parameters = held(task.trained, optax.apply_updates(now.parameters, updates), now.parameters)
    averaged = now.averaged
    if task.shares is not None:
        mixed = jax.tree.map(functools.partial(_mixed, *task.shares), averaged, parameters)
        averaged = held(task.trained, mixed, averaged)
    return DescentNow(parameters, averaged, optimizer, slope.memory), (norm, slope.value)


def _updates(
    task: DescentTask, gradient: PyTree, now: DescentNow, value: Array | None
) -> tuple[PyTree, PyTree]:
    def of_one(gradient: PyTree, state: PyTree, parameters: PyTree, value: Array | None) -> tuple:
        if value is None:
            return task.optimizer.update(gradient, state, parameters)
        return optax.with_extra_args_support(task.optimizer).update(gradient, state, parameters, value=value)

    axis = task.set_axis
    of_all = of_one if axis is None else jax.vmap(of_one, in_axes=(axis, axis, axis, 0), out_axes=axis)
    return of_all(gradient, now.optimizer, now.parameters, value)


def _mixed(kept: Array, taken: Array, mean: Array, new: Array) -> Array:
    return kept.astype(mean.dtype) * mean + taken.astype(mean.dtype) * new


def held(trained: PyTree | None, new: PyTree, old: PyTree) -> PyTree:
    """The new where it is trained, else the old, shaped alike; ``trained`` may be a prefix of both."""
    if trained is None:
        return new
    return jax.tree.map(lambda is_trained, new, old: new if is_trained else old, trained, new, old)


def _summed(of: Callable[[Array], Array], tree: PyTree, set_axis: SetAxis) -> Array:
    """Over all entries, a scalar, or over those of each set, ``(sets,)``."""

    def summed(leaf: Array) -> Array:
        if set_axis is None:
            return jnp.sum(of(leaf))
        others = tuple(axis for axis in range(leaf.ndim) if axis != set_axis % leaf.ndim)
        return jnp.sum(of(leaf), axis=others)

    return functools.reduce(operator.add, map(summed, jax.tree.leaves(tree)))


def _call(
    task: DescentTask, now: DescentNow, key: Array, step: Array, length: int, scan: Any
) -> tuple[DescentNow, CallTold]:
    now, (norms, values) = scan(functools.partial(_step, task), now, task.inputs(key, step, length))
    norm = norms.mean(axis=0)
    num_wild = _summed(lambda leaf: ~jnp.isfinite(leaf), now.parameters, task.set_axis)
    return now, CallTold(norm, values, ~jnp.isfinite(norm) & (num_wild > 0))


@eqx.filter_jit
def compiled_call(
    task: DescentTask, now: DescentNow, key: Array, step: Array, length: int
) -> tuple[DescentNow, CallTold]:
    """So many steps as one compiled scan; ``step`` is a scalar, the number of those done before."""
    return _call(task, now, key, step, length, jax.lax.scan)


def host_call(
    task: DescentTask, now: DescentNow, key: Array, step: Array, length: int
) -> tuple[DescentNow, CallTold]:
    """The same, a scalar ``step`` too, one after another and nothing traced."""

    def scan(step: Any, now: DescentNow, inputs: PyTree) -> tuple[DescentNow, PyTree]:
        told = []
        for number in range(length):
            now, row = step(now, jax.tree.map(lambda leaf: leaf[number], inputs))  # noqa: B023
            told.append(row)
        return now, jax.tree.map(lambda *rows: jnp.stack(rows), *told)

    return _call(task, now, key, step, length, scan)


def _checked(slope: Any, now: DescentNow) -> Slope:
    if not isinstance(slope, Slope):
        raise wrong_kind("gradient(input, parameters, memory)", slope, "a Slope")
    for field, wanted in (("gradient", now.parameters), ("memory", now.memory)):
        found = shapes_of(getattr(slope, field))
        if found != shapes_of(wanted):
            raise refusal(f"gradient: Slope.{field}", found, f"should be shaped as {shapes_of(wanted)}")
    return slope


def shapes_of(tree: PyTree) -> PyTree:
    """The shape of each leaf."""
    return jax.tree.map(jnp.shape, tree)
