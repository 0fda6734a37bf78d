"""What an agent is shown and what it did, checked where their values are known; shapes and kinds are always known."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from isotherm import doors
from isotherm.energy.hidden.checks import check_numbers_of
from isotherm.errors import refusal


def checked_observation(observation: Any, num_obs: Sequence[int], is_weights: bool) -> tuple[Array, ...]:
    """A symbol or weights of each modality, as arrays.

    Args:
        observation: a tuple or list over modalities; of one modality, the thing itself.
        num_obs: symbols of each modality.
        is_weights: whether weights ``(O_m,)``, at least 0, are wanted; else symbols, whole scalars, ``-1`` not seen.

    Raises:
        ValueError: naming the modality, its shape or the value out of range.
    """
    found = tuple(observation) if isinstance(observation, tuple | list) else (observation,)
    if len(found) != len(num_obs):
        raise refusal("len(observation)", len(found), f"must be {len(num_obs)}, one for each modality")
    check = _weights if is_weights else _symbol
    return tuple(
        check(f"observation[{m}]", seen, n) for m, (seen, n) in enumerate(zip(found, num_obs, strict=True))
    )


def checked_action(action: Any, num_controls: Sequence[int]) -> Int[Array, "*controls"]:
    """The number of a joint choice, or the choice of each control, int32; ``-1`` for none.

    Args:
        action: a scalar, or ``(controls,)``.
        num_controls: choices of each control.

    Raises:
        ValueError: naming its shape, or the value out of range.
    """
    count = len(num_controls)
    if np.shape(action) not in ((), (count,)):
        raise refusal(
            "action.shape", np.shape(action), f"must be () or ({count},), one choice for each control"
        )
    if not doors.is_traced(action):
        values = _whole("action", action)
        check_numbers_of("action", values, np.asarray(num_controls) if values.ndim else np.prod(num_controls))
    return jnp.asarray(action, jnp.int32)


def _symbol(field: str, seen: Any, n: int) -> Array:
    if np.shape(seen) != ():
        raise refusal(
            f"{field}.shape", np.shape(seen), "must be (), a symbol; weights need categorical_obs=True"
        )
    if not doors.is_traced(seen):
        check_numbers_of(field, _whole(field, seen), n)
    return jnp.asarray(seen, jnp.int32)


def _weights(field: str, seen: Any, n: int) -> Array:
    if np.shape(seen) != (n,):
        raise refusal(f"{field}.shape", np.shape(seen), f"must be ({n},), a weight for each symbol")
    if not doors.is_traced(seen):
        doors.numbers(field, np.asarray(seen), least=0)
    return jnp.asarray(seen)


def _whole(field: str, value: Any) -> np.ndarray:
    values = doors.real_numbers(field, value)
    if (values % 1 != 0).any():
        raise refusal(field, values.tolist(), "must be whole")
    return values
