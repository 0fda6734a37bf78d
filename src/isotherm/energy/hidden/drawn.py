"""Models drawn at random, and two regular ones: full control, and likelihoods lifted to all factors."""

from collections.abc import Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.hidden.checks import dependencies
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.energy.inputs import floating
from isotherm.errors import refusal


def random_laws(key: Any, shape: Sequence[int], concentration: Any = 1.0) -> Float[Array, "..."]:
    """Independent columns of symmetric Dirichlet laws, uniform over all laws by default.

    Args:
        key: one JAX key, or a seed.
        shape: of the result, events first.
        concentration: above 0; small ones draw laws that are nearly certain.

    Returns:
        Shape ``(*shape,)``; sums over the first axis are 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range.

    >>> random_laws(jax.random.key(0), (3, 2)).sum(0).round(4).tolist()
    [1.0, 1.0]
    """
    key = doors.random_key("key", key)
    extents = _sizes("shape", shape)
    doors.number("concentration", concentration, above=0)
    doors.affordable("shape", extents, 16.0 * float(np.prod(extents, dtype=float)), "draw fewer at a time")
    return _drawn(key, [extents], concentration)[0]


def _drawn(key: Any, shapes: Sequence[tuple[int, ...]], concentration: Any) -> list[Float[Array, "..."]]:
    """All from one draw, since each shape of gammas would compile anew."""
    ends = np.cumsum([prod(shape) for shape in shapes]).tolist()
    # Normalised as logarithms: gammas of small concentrations are below the smallest float.
    logs = jnp.split(jax.random.loggamma(key, concentration, (ends[-1],)), ends[:-1])
    return [jax.nn.softmax(part.reshape(shape), axis=0) for part, shape in zip(logs, shapes, strict=True)]


def random_model(
    key: Any,
    num_obs: Sequence[int],
    num_states: Sequence[int],
    num_controls: Sequence[int],
    *,
    A_dependencies: Any = None,
    B_dependencies: Any = None,
    B_action_dependencies: Any = None,
    concentration: Any = 1.0,
) -> GenerativeModel:
    """A model with random ``A``, ``B`` and ``D``: every column a draw of :func:`random_laws`.

    Args:
        key: one JAX key, or a seed.
        num_obs: symbols of each modality.
        num_states: states of each factor.
        num_controls: choices of each control.
        A_dependencies: as of ``generative_model``: all factors, by default.
        B_dependencies: each factor on itself, by default.
        B_action_dependencies: each factor has its own control, by default.
        concentration: of the columns, above 0.

    Returns:
        Tensors of shapes ``(O_m, *S_parents)``, ``(S_f, *S_parents, U_f)`` and ``(S_f,)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range, or a list that does not fit.

    >>> model = random_model(jax.random.key(0), [3], [2, 4], [2, 1])
    >>> [A.shape for A in model.A], [B.shape for B in model.B]
    ([(3, 2, 4)], [(2, 2, 2), (4, 4, 1)])
    """
    key = doors.random_key("key", key)
    symbols, states = _sizes("num_obs", num_obs), _sizes("num_states", num_states)
    choices = _sizes("num_controls", num_controls)
    of_A = dependencies("A_dependencies", A_dependencies, len(symbols), len(states), "factor")
    of_B = dependencies("B_dependencies", B_dependencies, len(states), len(states), "factor", own=True)
    used = dependencies(
        "B_action_dependencies", B_action_dependencies, len(states), len(choices), "control", own=True
    )
    shapes = [(n, *(states[p] for p in of)) for n, of in zip(symbols, of_A, strict=True)]
    shapes += [
        (n, *(states[p] for p in of), *(choices[c] for c in controls))
        for n, of, controls in zip(states, of_B, used, strict=True)
    ]
    shapes += [(n,) for n in states]
    doors.number("concentration", concentration, above=0)
    num_entries = sum(float(np.prod(shape, dtype=float)) for shape in shapes)
    doors.affordable(
        "num_states", states, 16.0 * num_entries, "give fewer states, or shorter lists of parents"
    )
    laws = _drawn(key, shapes, concentration)
    return generative_model(
        A=laws[: len(symbols)],
        B=laws[len(symbols) : -len(states)],
        D=laws[-len(states) :],
        A_dependencies=of_A,
        B_dependencies=of_B,
        B_action_dependencies=used,
        num_controls=choices,
    )


def controllable(num_states: int) -> Float[Array, "states states states"]:
    """Transitions under full control, ``(next, curr, control)``: control ``a`` leads to state ``a`` from anywhere.

    Raises:
        TypeError: if ``num_states`` is no whole number.
        ValueError: if it is below 1.

    >>> controllable(2)[:, :, 1].tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    n = doors.whole("num_states", num_states, 1)
    doors.affordable("num_states", n, 8.0 * n**3, "have fewer states")
    return jnp.broadcast_to(jnp.eye(n)[:, None, :], (n, n, n))


def lifted(law: Any, parents: Sequence[int], num_states: Sequence[int]) -> Float[Array, "..."]:
    """The same observation law as one of all factors, alike for all states of those it does not depend on.

    Args:
        law: ``(events, *S_parents)``.
        parents: factors that its axes are, in their order.
        num_states: states of every factor.

    Returns:
        Shape ``(events, *num_states)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a parent that is no factor, or a shape that does not fit.

    >>> lifted([[0.9, 0.2], [0.1, 0.8]], [1], [3, 2]).shape
    (2, 3, 2)
    """
    found = jnp.asarray(floating("law", law))
    states = _sizes("num_states", num_states)
    of = dependencies("parents", [parents], 1, len(states), "factor")[0]
    wanted = tuple(states[parent] for parent in of)
    if found.ndim != 1 + len(of) or found.shape[1:] != wanted:
        raise refusal("law.shape", found.shape, f"must be (events, {', '.join(map(str, wanted))})")
    order = sorted(range(len(of)), key=lambda i: of[i])
    ordered = found.transpose(0, *(1 + i for i in order))
    narrow = [n if factor in of else 1 for factor, n in enumerate(states)]
    return jnp.broadcast_to(ordered.reshape(-1, *narrow), (found.shape[0], *states))


def _sizes(field: str, values: Any) -> tuple[int, ...]:
    listed = doors.sequence(field, values, "a list of whole numbers")
    if not listed:
        raise refusal(field, "[]", "must have a number")
    return tuple(doors.whole(field, value, 1) for value in listed)
