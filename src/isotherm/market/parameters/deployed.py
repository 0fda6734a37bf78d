"""Weights of a deployed pool as its contract keeps them, and what a router reads of them at a moment."""

from typing import Any, NamedTuple

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.chain import deployed_weights
from isotherm.market.parameters.fixed_point import DECIMALS, to_units
from isotherm.market.parameters.host import real_values

ONE = 10**DECIMALS
MOST_TOKENS = 8

Units = tuple[int, ...]


class DeployedWeights(NamedTuple):
    """Weights in units of ``1e-18``, moving by multipliers until an end; times in seconds of Unix.

    Attributes:
        first_four: weights of the first four tokens, then their multipliers; of fewer, as many of each.
        second_four: the same of the others; empty if there are none.
        last_update_s: when the weights were as they stand here.
        interpolation_end_s: when they stop moving.
        oracle_staleness_threshold_s: age at which a price is refused.
        max_trade_size_ratio: largest trade as a share of a reserve, in units of ``1e-18``.
    """

    first_four: Units
    second_four: Units
    last_update_s: int
    interpolation_end_s: int
    oracle_staleness_threshold_s: int
    max_trade_size_ratio: int

    @property
    def weights(self) -> Units:
        """At the last update, of every token; they sum to 1 exactly."""
        return _half(self.first_four, 0) + _half(self.second_four, 0)

    @property
    def multipliers(self) -> Units:
        """Change of each weight a second; they sum to 0 exactly."""
        return _half(self.first_four, 1) + _half(self.second_four, 1)

    def at(self, unix_s: int) -> Units:
        """Weights at a moment, in units of ``1e-18``: they stop at the end of the interpolation.

        Raises:
            TypeError: naming ``unix_s``, if it is no whole number.
            ValueError: naming ``unix_s``, if it is before the last update.
        """
        now = doors.whole("unix_s", unix_s, self.last_update_s, None)
        elapsed = min(now, self.interpolation_end_s) - self.last_update_s
        return tuple(w + m * elapsed for w, m in zip(self.weights, self.multipliers, strict=True))

    def record(self) -> dict[str, Any]:
        """By the names of the contract, numbers as decimal digits."""
        return {
            "firstFourWeightsAndMultipliers": list(map(str, self.first_four)),
            "secondFourWeightsAndMultipliers": list(map(str, self.second_four)),
            "lastUpdateTime": str(self.last_update_s),
            "lastInteropTime": str(self.interpolation_end_s),
            "oracleStalenessThreshold": str(self.oracle_staleness_threshold_s),
            "maxTradeSizeRatio": str(self.max_trade_size_ratio),
        }


def deploy_weights(
    weights: Any,
    step: Any,
    last_update_s: int,
    weight_interpolation_period: int,
    oracle_staleness_threshold_s: int = 3600,
    max_trade_size_ratio: float | int = 0.1,
) -> DeployedWeights:
    """Weights of a pool in the form of its contract.

    Rounding leaves a sum that is not 1, by a few units; the largest weight takes them up, and the multiplier of that
    token those of the multipliers, so that the sum stays 1 at every moment.

    Args:
        weights: at the update, ``(n,)``, at most eight tokens, sum 1.
        step: change of each weight a minute, ``(n,)``, sum 0.
        last_update_s: seconds of Unix.
        weight_interpolation_period: minutes for which weights move, at least 1.
        oracle_staleness_threshold_s: seconds, at least 1.
        max_trade_size_ratio: within (0, 1].

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: naming an argument out of range or of another shape, or weights that move out of (0, 1).

    >>> found = deploy_weights([0.25, 0.75], [6e-4, -6e-4], 1_700_000_000, 10)
    >>> [weight / 1e18 for weight in found.at(1_700_000_000 + 600)]
    [0.256, 0.744]
    """
    first = deployed_weights("weights", weights)
    if first.size > MOST_TOKENS:
        raise refusal(
            "weights.shape", first.shape, f"must be of at most {MOST_TOKENS} tokens, as contracts hold"
        )
    change = np.asarray(real_values("step", step))
    if change.shape != first.shape:
        raise refusal("step.shape", change.shape, f"must be {first.shape}")
    if abs(change.sum()) > 1e-9:
        raise refusal("step", change.tolist(), f"must sum to 0, not to {change.sum():.3g}")
    minutes = doors.whole("weight_interpolation_period", weight_interpolation_period, 1)
    begin = doors.whole("last_update_s", last_update_s, 0, None)
    largest = int(np.argmax(first))
    units = _summing_to(ONE, [to_units(weight, "weights") for weight in first], largest)
    slopes = _summing_to(0, [to_units(one / 60, "step") for one in change], largest)
    ends = [weight + slope * 60 * minutes for weight, slope in zip(units, slopes, strict=True)]
    if min(ends) <= 0 or max(ends) >= ONE:
        raise refusal("step", change.tolist(), f"must keep weights within 0 .. 1 for {minutes} minutes")
    return DeployedWeights(
        tuple(units[:4] + slopes[:4]),
        tuple(units[4:] + slopes[4:]),
        begin,
        begin + 60 * minutes,
        doors.whole("oracle_staleness_threshold_s", oracle_staleness_threshold_s, 1, None),
        to_units(doors.number("max_trade_size_ratio", max_trade_size_ratio, above=0, most=1)),
    )


def _summing_to(total: int, units: list[int], largest: int) -> list[int]:
    units[largest] += total - sum(units)
    return units


def _half(units: Units, which: int) -> Units:
    size = len(units) // 2
    return units[which * size : (which + 1) * size]
