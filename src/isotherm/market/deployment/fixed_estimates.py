"""Streaming estimators in whole numbers of 1e-18: the steps of ``rules/estimators.py``, a token at a time.

What decays is rounded toward zero, so that it dies out where prices stand still.
"""

from typing import NamedTuple

from isotherm.market.deployment.fixed_math import ONE, div, mul, quotient

LEAST_LAMBDA = 10**9
"""In units: 1e-9, to which decays are raised."""

STILL = 10**14
"""A running ``a`` of which so many times are less than the average counts as none."""


class FixedAverage(NamedTuple):
    """A price and how far it is above its average."""

    price: int
    deviation: int


class FixedGradient(NamedTuple):
    """Of a proportional gradient, as :class:`.GradientState`."""

    price: int
    deviation: int
    alt_deviation: int
    running_a: int


class FixedVariance(NamedTuple):
    """Of the variance of returns, as :class:`.VarianceState`; ``has_change`` is 0 or one in units."""

    price: int
    change: int
    has_change: int
    deviation: int
    running: int


def average_step(state: FixedAverage, price: int, lamb: int) -> tuple[FixedAverage, int]:
    """The state after a price, and the average."""
    deviation = mul(_decay(lamb), state.deviation + price - state.price)
    return FixedAverage(price, deviation), price - deviation


def gradient_step(
    state: FixedGradient, price: int, lamb: int, alt_lamb: int | None = None
) -> tuple[FixedGradient, int]:
    """The state after a price, and the proportional gradient ``a (1 - lambda)^3 / (lambda e)``, rounded once."""
    decay = _decay(lamb)
    rest = ONE - decay
    (_, deviation), average = average_step(FixedAverage(state.price, state.deviation), price, lamb)
    running = mul(decay, state.running_a) + div(deviation, rest)
    alt_deviation, base = deviation, average
    if alt_lamb is not None:
        before = FixedAverage(state.price, state.alt_deviation)
        (_, alt_deviation), base = average_step(before, price, alt_lamb)
    seen = 0 if abs(running) * STILL < abs(average) else running
    gradient = quotient(seen * rest**3, decay * base * ONE)
    return FixedGradient(price, deviation, alt_deviation, running), gradient


def variance_step(state: FixedVariance, price: int, lamb: int) -> tuple[FixedVariance, int]:
    """The state after a price, and the variance of returns in units of 1e-36; 1 at the first return."""
    decay = _decay(lamb)
    change = div(price - state.price, state.price)
    earlier = state.change if state.has_change else change
    deviation = mul(decay, state.deviation + change - earlier)
    running = mul(decay, state.running) + quotient(deviation * deviation, decay)
    variance = (ONE - decay) * running if state.has_change else ONE * ONE
    return FixedVariance(price, change, ONE, deviation, running), variance


def _decay(lamb: int) -> int:
    return max(lamb, LEAST_LAMBDA)
