"""The knapsack as one step of planning: one control an item, one factor that knows the capacity."""

from typing import Any

import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.energy.hidden.controls import all_choices
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.errors import refusal
from isotherm.world.discrete.laws import sure
from isotherm.world.discrete.world import HiddenWorld, hidden_world

MAX_ITEMS = 24
"""Transitions have an entry for each subset."""

LARGEST = 1e28
"""Of weights and rewards: the sum of all is still far within float32."""

PREFERENCES = ("exact", "softmax")


def knapsack_model(
    weights: Any,
    rewards: Any,
    capacity: float | int,
    penalty: float | int | None = None,
    preferences: str = "exact",
) -> GenerativeModel:
    """Choose items of the largest total reward whose weights do not exceed a capacity.

    Factors are whether each of ``n`` items is in, set by a control of its own, and last whether the capacity is
    exceeded, which all controls drive; all are seen. A joint choice is a subset, and the one that one step of
    planning values highest is a best one.

    Args:
        weights: of items, ``(n,)`` with ``n`` within 1 .. 24, at least 0.
        rewards: of items, ``(n,)``.
        capacity: at least 0.
        penalty: of exceeding the capacity, above the sum of all positive rewards, so that no subset is worth it; by
            default one more than twice that sum.
        preferences: ``"exact"``, under which a subset is valued at its total reward, less the penalty if it is too
            heavy; or ``"softmax"``, those of a published example: ``C = softmax([0, reward])`` of an item, 1 for
            keeping the capacity. The best subset under the latter is the best one only by luck.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range or of another shape; or ``penalty``, where preferences are not
            exact.

    References:
        Kellerer, Pferschy and Pisinger, Knapsack Problems (2004), chapter 1.

    >>> model = knapsack_model([2.0, 3.0, 4.0], [1.0, 2.0, 2.5], capacity=5.0)
    >>> model.num_controls, [table.tolist() for table in model.C]
    ((2, 2, 2), [[0.0, 1.0], [0.0, 2.0], [0.0, 2.5], [0.0, -12.0]])
    """
    heavy = _items("weights", weights)
    if heavy.min() < 0:
        raise refusal("min(weights)", float(heavy.min()), "must be at least 0")
    worth = _items("rewards", rewards)
    if len(worth) != len(heavy):
        raise refusal("rewards.shape", worth.shape, f"must be {heavy.shape}, as that of weights")
    limit = float(doors.number("capacity", capacity, least=0))
    chosen = all_choices([2] * len(heavy))
    is_exceeded = chosen @ heavy > limit
    n = len(heavy)
    spread = np.stack([~is_exceeded, is_exceeded]).astype(np.float64)[:, None]  # whatever it was before
    copies = np.repeat(np.eye(2)[:, None], 2, axis=1)
    return generative_model(
        A=[np.eye(2)] * (n + 1),
        B=[*[copies] * n, np.repeat(spread, 2, axis=1).reshape(2, 2, *[2] * n)],
        C=_values(worth, penalty, doors.choice("preferences", preferences, PREFERENCES)),
        D=[sure(0, 2)] * (n + 1),
        A_dependencies=[[i] for i in range(n + 1)],
        B_action_dependencies=[*([i] for i in range(n)), list(range(n))],
    )


def knapsack_world(
    weights: Any,
    rewards: Any,
    capacity: float | int,
    penalty: float | int | None = None,
    *,
    ends_on: Any = None,
) -> HiddenWorld:
    """The world of :func:`knapsack_model`: a step packs a subset anew, and pays its reward, less the penalty.

    Args:
        weights: of items.
        rewards: of items; they are what outcomes pay.
        capacity: of the knapsack.
        penalty: of exceeding it.
        ends_on: outcomes that end an episode, as :func:`hidden_world` takes it.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range or of another shape.

    >>> import jax
    >>> world = knapsack_world([2.0, 3.0, 4.0], [1.0, 2.0, 2.5], capacity=5.0)
    >>> _, state = world.reset(jax.random.key(0))
    >>> [float(world.step(jax.random.key(1), state, subset).reward) for subset in ([1, 1, 0], [1, 1, 1])]
    [3.0, -6.5]
    """
    model = knapsack_model(weights, rewards, capacity, penalty)
    return hidden_world(model, model.C, ends_on=ends_on)


def _items(field: str, values: Any) -> Float[np.ndarray, " items"]:
    found = doors.real_numbers(field, values)
    if found.ndim != 1 or not 1 <= len(found) <= MAX_ITEMS:
        raise refusal(f"{field}.shape", found.shape, f"must be (items,), 1 .. {MAX_ITEMS} of them")
    doors.numbers(field, found, least=-LARGEST, most=LARGEST)
    return found


def _values(worth: Float[np.ndarray, " items"], penalty: Any, preferences: str) -> list[np.ndarray]:
    """Log-preferences of each item, and of the capacity."""
    if preferences == "softmax":
        if penalty is not None:
            raise refusal("penalty", penalty, "softmax preferences have their own, 1")
        share = 0.5 + 0.5 * np.tanh(0.5 * worth)
        return [*np.stack([1.0 - share, share], axis=1), np.array([1.0, 0.0])]
    most = float(worth[worth > 0].sum())
    loss = (
        1.0 + 2.0 * most if penalty is None else float(doors.number("penalty", penalty, most=100 * LARGEST))
    )
    if loss <= most:
        raise refusal("penalty", loss, f"must be above {most:g}, the sum of all positive rewards")
    return [*(np.array([0.0, value]) for value in worth), np.array([0.0, -loss])]
