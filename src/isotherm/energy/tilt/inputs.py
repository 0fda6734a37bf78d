"""What tilts accept: actions, rewards and densities whose shapes fit each other, told without computing anything."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.doors import real_numbers
from isotherm.energy.inputs import holds_traced
from isotherm.errors import refusal, shortened

_KEY = jax.eval_shape(lambda: jax.random.key(0))
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call")


def check_shape(name: str, x: Any, shape: tuple[int, ...], what: str) -> None:
    """Refuse an array of another shape, which JAX might broadcast without a word.

    Raises:
        ValueError: ``name.shape = ...: must be ..., what``.
    """
    if jnp.shape(x) != shape:
        raise refusal(f"{name}.shape", jnp.shape(x), f"must be {shape}, {what}")


def checked_number(name: str, value: Any, per_chain: bool = False, is_positive: bool = False) -> Array:
    """A finite number of JAX's default floats, of shape ``()``, or where allowed ``(chains,)``; may be traced.

    Raises:
        ValueError: naming ``name``, if it has another shape, or is not finite, or not above 0 where it has to be,
            once it is of that type.
    """
    known = None if holds_traced(value) else real_numbers(name, value)
    with np.errstate(over="ignore"):  # told below, as a refusal
        number = jnp.asarray(value if known is None else known, jnp.result_type(float))
    if number.ndim > per_chain:
        allowed = "must be (), or (chains,)" if per_chain else "must be (), one number"
        raise refusal(f"{name}.shape", number.shape, allowed)
    if known is None:
        return number
    if not known.size:
        raise refusal(f"{name}.shape", known.shape, "must hold a number")
    with np.errstate(over="ignore"):
        kept = known.astype(number.dtype)  # not from `number`, which may be traced where JAX is tracing
    if not np.isfinite(kept).all():
        raise refusal(name, known.tolist(), f"must be finite in {number.dtype}")
    if is_positive and not (kept > 0).all():
        raise refusal(name, known.tolist(), f"must be above 0 in {number.dtype}")
    return number


def drawn_shape(draw: Callable[[Any], Any], name: str = "base.draw(key)") -> jax.ShapeDtypeStruct | None:
    """Shape and dtype of one action; ``None`` of a policy that says, by ``NotImplementedError``, that it cannot draw.

    Raises:
        ValueError: if a draw is no single array of numbers.
    """
    try:
        action = jax.eval_shape(draw, _KEY)
    except NotImplementedError:
        return None
    except (TypeError, ValueError) as error:
        raise refusal(name, draw, f"cannot be computed of a key: {_reason(error)}") from error
    if not isinstance(action, jax.ShapeDtypeStruct) or action.ndim > 1:
        shown = jax.tree.map(lambda leaf: leaf.shape, action)
        raise refusal(name, shown, "must be one action: an array of shape (d,), or ()")
    return action


def check_scalar(
    name: str, function: Callable[[Any], Any], action: jax.ShapeDtypeStruct, num_actions: int | None = None
) -> None:
    """Refuse a function of an action that does not give one real number, or reads what an action does not hold.

    JAX reads ``x[2]`` of two numbers as ``x[1]``; constant indices (and those of discrete actions) are therefore
    followed through the function's program.

    Args:
        name: of the function, for the refusal.
        function: of one action.
        action: shape and dtype of one.
        num_actions: how many there are, if discrete.

    Raises:
        ValueError: in one line.
    """
    try:
        program, found = jax.make_jaxpr(function, return_shape=True)(action)
    except (TypeError, ValueError, IndexError) as error:
        raise refusal(
            "action.shape", action.shape, f"{name} cannot be computed of it: {_reason(error)}"
        ) from error
    if not hasattr(found, "shape") or found.shape != ():
        shown = jax.tree.map(lambda leaf: leaf.shape, found)
        raise refusal(
            f"{name}(action).shape", shown, f"must be (), one number for an action of {action.shape}"
        )
    if found.dtype == bool or jnp.issubdtype(found.dtype, jnp.complexfloating):
        raise refusal(f"{name}(action).dtype", str(found.dtype), "must be a real number's")
    for value in [None] if num_actions is None else [0, num_actions - 1]:
        with jax.ensure_compile_time_eval():
            outside = next(
                _outside(program, None if value is None else np.asarray(value, action.dtype)), None
            )
        if outside is not None:
            index, size = outside
            of = f"an action of shape {action.shape}" if value is None else f"action {value}"
            allowed = f"reads an axis of {size}, of {of}; JAX would take another element without a word"
            raise refusal(f"index in {name}", index, allowed)


def _reason(error: Exception) -> str:
    """The first line of what somebody else's function says."""
    return shortened((str(error).strip().splitlines() or [type(error).__name__])[0])


class _UnknownError(Exception):
    """A value that depends on the action."""


def _outside(program: Any, value: np.ndarray | None) -> Iterator[tuple[int, int]]:
    """Indices that are known and out of range, with the sizes that they exceed; of a closed jaxpr."""
    known: dict[Any, Any] = dict(zip(program.jaxpr.constvars, program.consts, strict=True))
    if value is not None:
        known[program.jaxpr.invars[0]] = value
    yield from _outside_of(program.jaxpr, known)


def _outside_of(jaxpr: Any, known: dict[Any, Any]) -> Iterator[tuple[int, int]]:
    makers = {var: equation for equation in jaxpr.eqns for var in equation.outvars}

    def value_of(var: Any) -> Any:
        if hasattr(var, "val"):  # a number written into the program
            return var.val
        if var not in known:
            equation = makers.get(var)
            if equation is None or equation.primitive.name.startswith("custom_"):  # these want functions too
                raise _UnknownError
            values = [value_of(one) for one in equation.invars]
            found = equation.primitive.bind(*values, **equation.params)
            known.update(
                zip(equation.outvars, found if equation.primitive.multiple_results else [found], strict=True)
            )
        return known[var]

    for equation in jaxpr.eqns:
        yield from _of_equation(equation, value_of)


def _of_equation(equation: Any, value_of: Callable[[Any], Any]) -> Iterator[tuple[int, int]]:
    name, variables = equation.primitive.name, equation.invars
    if name in _CALLS:
        inner = next((one for one in equation.params.values() if hasattr(one, "consts")), None)
        if inner is not None and len(inner.jaxpr.invars) == len(variables):
            given = dict(zip(inner.jaxpr.constvars, inner.consts, strict=True))
            for outer, own in zip(variables, inner.jaxpr.invars, strict=True):
                try:
                    given[own] = value_of(outer)
                except _UnknownError:
                    continue
            yield from _outside_of(inner.jaxpr, given)
        return
    if name not in ("dynamic_slice", "gather"):
        return
    try:
        starts = [np.asarray(value_of(one)) for one in variables[1:]]
    except _UnknownError:
        return
    sizes = variables[0].aval.shape
    if name == "dynamic_slice":
        axes, indices = range(len(sizes)), np.array([int(start) for start in starts]).reshape(1, -1)
    else:
        if equation.params["mode"] not in (
            jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS,
            jax.lax.GatherScatterMode.CLIP,
        ):
            return
        axes = equation.params["dimension_numbers"].start_index_map
        indices = starts[0].reshape(-1, len(axes))
    for column, axis in zip(indices.T, axes, strict=True):
        last = sizes[axis] - equation.params["slice_sizes"][axis]
        wrong = column[(column < 0) | (column > last)]
        if len(wrong):
            yield int(wrong[0]) - sizes[axis] * int(wrong[0] < 0), sizes[axis]
