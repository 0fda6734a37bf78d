r"""Learning rates: schedules over the steps, and what a plateau makes of them. Section 7.4, and 7.5 of plateaus.

Schedules are optax's, whose definitions are the same: ``constant``; ``cosine`` from ``base`` to ``least`` at ``N``;
``exponential``, :math:`base (least / base)^{t / N}`; ``warmup_cosine``, a line from ``least`` to ``base`` over
``warmup_steps``, then a cosine to ``least`` at ``N``.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optax
from jaxtyping import Float64, Int64

from isotherm import doors
from isotherm.errors import refusal

SCHEDULES = ("constant", "cosine", "exponential", "warmup_cosine")


def least_rate(settings: Mapping[str, Any]) -> float:
    """The rate where schedules end and plateaus stop.

    Where ``lr_decay_ratio`` is told it is ``base_lr`` over it, else ``min_lr``, or a hundredth of ``base_lr`` where
    that is not below it. Runs have the ratio among their defaults.

    Args:
        settings: of training.

    Raises:
        ValueError: naming a setting out of range.

    >>> least_rate({"base_lr": 0.5, "lr_decay_ratio": 10}), least_rate({"base_lr": 0.5, "min_lr": 0.7})
    (0.05, 0.005)
    """
    base = float(doors.number("base_lr", settings["base_lr"], above=0))
    ratio, least = settings.get("lr_decay_ratio"), settings.get("min_lr")
    if ratio is not None:
        return base / float(doors.number("lr_decay_ratio", ratio, above=0))
    if least is None:
        raise refusal("min_lr", None, "must be set where lr_decay_ratio is not")
    return float(least) if doors.number("min_lr", least, above=0) < base else base / 100


def rate_schedule(settings: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The rate as a function of the steps done before.

    Args:
        settings: of training: ``base_lr``, ``lr_schedule_type``, ``n_iterations``, ``lr_decay_ratio`` or ``min_lr``,
            and of ``warmup_cosine`` ``warmup_steps``.

    Raises:
        TypeError: naming a setting of another kind.
        ValueError: naming a setting out of range: N must be 1 or more for all but ``constant``, and more than
            ``warmup_steps``.

    References:
        Loshchilov and Hutter, SGDR, arXiv 1608.03983 (2016).

    >>> cosine = {"base_lr": 0.1, "lr_schedule_type": "cosine", "lr_decay_ratio": 10, "n_iterations": 200}
    >>> [round(float(rate_schedule(cosine)(step)), 4) for step in (0, 100, 200)]
    [0.1, 0.055, 0.01]
    """
    kind = doors.choice("lr_schedule_type", settings.get("lr_schedule_type", "constant"), SCHEDULES)
    base, least = float(doors.number("base_lr", settings["base_lr"], above=0)), 0.0
    if kind == "constant":
        return optax.constant_schedule(base)
    steps, least = doors.whole("n_iterations", settings["n_iterations"], 1), least_rate(settings)
    if kind == "cosine":
        return optax.cosine_decay_schedule(base, steps, least / base)
    if kind == "exponential":
        return optax.exponential_decay(base, steps, least / base)
    warmup = doors.whole("warmup_steps", settings["warmup_steps"], 0)
    if warmup >= steps:
        raise refusal("warmup_steps", warmup, f"must be below n_iterations, {steps}")
    return optax.warmup_cosine_decay_schedule(least, base, warmup, steps, least)


def plateau_factors(
    scores: Float64[np.ndarray, "scores sets"],
    steps: Int64[np.ndarray, " scores"],
    patience: int,
    ratio: float | int,
) -> Float64[np.ndarray, " sets"]:
    """By what the rate of each set has been multiplied, ``(sets,)``.

    A set whose own score has not risen for more than ``patience`` steps takes smaller ones, and waits as long again.

    Args:
        scores: of each set, ``(scores, sets)``; NaN is no rise.
        steps: done when they were taken, ``(scores,)``.
        patience: in steps.
        ratio: that the rate is multiplied by.

    >>> scores = np.array([[1.0, 1.0], [0.5, 2.0], [0.6, 3.0]])
    >>> plateau_factors(scores, np.array([1, 11, 21]), 15, 0.5).tolist()
    [0.5, 1.0]
    """
    num_sets = scores.shape[1]
    factors, since = np.ones(num_sets), np.zeros(num_sets)
    best = np.full(num_sets, -np.inf)
    for row, step in zip(scores, steps, strict=True):
        is_better = row > best
        best = np.where(is_better, row, best)
        since = np.where(is_better, step, since)
        is_flat = step - since > patience
        factors = np.where(is_flat, factors * ratio, factors)
        since = np.where(is_flat, step, since)
    return factors
