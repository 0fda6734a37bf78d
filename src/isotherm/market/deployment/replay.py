"""A deployed pool in whole numbers of 1e-18, as a contract would run it: from the strings of an export, no floats.

Prices come as whole numbers in units, one update after the other. For 90 days weights stay within 1e-12 of those of
the float64 rule. What an update adds is a few units of each quotient, ``period`` units since steps are cut to whole
ones, and the float64 rounding of ``k`` times a signal, which is the largest: 3e-14 are seen. It holds

- for prices of 0.01 and more in the numeraire, and decays of 0.01 and more: of a price ``p`` a gradient is off by
  about ``1e-18 / (lambda p)``, times ``k``;
- for returns of 1e-3 and more where variances are compared, which are off by ``1e-18 / return^2`` of themselves;
- for exponents of one and more, or gradients away from 0, where a power below one has no bounded slope;
- away from where guardrails jump: a weight at the floor while another is raised to it, a step at the limit.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from isotherm.errors import refusal
from isotherm.market.deployment.fixed_guards import FixedGuards, guarded, limited_step
from isotherm.market.deployment.fixed_math import ONE, Units, quotient
from isotherm.market.deployment.fixed_rules import FixedRule, State, capitalization


class FixedState(NamedTuple):
    """All that the next update needs, in units.

    Attributes:
        rule: estimator by name, ``(n,)`` or rows of such.
        weights: where the next move starts, ``(n,)``; in all exactly one.
    """

    rule: State
    weights: Units


class FixedMove(NamedTuple):
    """One update, in units, ``(n,)`` each.

    Attributes:
        start: weights before.
        step: change a minute; in all exactly zero.
        target: what it aims at.
        period: minutes for which it moves.
    """

    start: Units
    step: Units
    target: Units
    period: int

    def at(self, minute: int) -> Units:
        """Weights so many minutes after the update, on a straight line that ends after ``period`` minutes.

        >>> FixedMove((4, 6), (1, -1), (6, 4), 2).at(5)
        (6, 4)
        """
        moved = min(minute, self.period)
        return tuple(weight + moved * step for weight, step in zip(self.start, self.step, strict=True))


class FixedPool(NamedTuple):
    """A rule with its numbers, in units.

    Attributes:
        rule: what it is.
        values: effective parameters by name, ``(n,)`` each.
        guards: what holds its weights back.
        num_tokens: n.
    """

    rule: FixedRule
    values: Mapping[str, Units]
    guards: FixedGuards
    num_tokens: int

    def updated(
        self, state: FixedState, price: Units, supply: Units | None = None
    ) -> tuple[FixedMove, FixedState]:
        """The move that a price gives, and the state after it.

        Args:
            state: before.
            price: above 0, in units, ``(n,)``.
            supply: circulating, in units, of rules of capitalisation.

        Raises:
            ValueError: naming a price or a supply that is missing, not above 0, or of another number of tokens.
        """
        check_units("price", price, self.num_tokens)
        if self.rule.needs_supply:
            price = capitalization(price, check_units("supply", supply, self.num_tokens))
        rule, row = self.rule.step(self.values, state.rule, price)
        target = guarded(self._raw(row, state.weights), state.weights, self.guards)
        step = limited_step(target, state.weights, self.guards)
        move = FixedMove(state.weights, step, target, self.guards.period)
        return move, FixedState(rule, move.at(move.period))

    def run(
        self, state: FixedState, prices: Iterable[Units], supply: Units | None = None
    ) -> tuple[list[FixedMove], FixedState]:
        """One update after the other: the moves, and the state after the last."""
        moves = []
        for price in prices:
            move, state = self.updated(state, price, supply)
            moves.append(move)
        return moves, state

    def _raw(self, row: Units, weights: Units) -> Units:
        if self.rule.blend is None:
            return tuple(weight + one for weight, one in zip(weights, row, strict=True))
        blend = self.values[self.rule.blend]
        return tuple(
            quotient(stays * weight + (ONE - stays) * one, ONE)
            for stays, weight, one in zip(blend, weights, row, strict=True)
        )


def check_units(field: str, units: object, num_tokens: int, is_positive: bool = True) -> Units:
    """Whole numbers of tokens, as they are.

    Raises:
        ValueError: naming ``field``, if they are none, of another number of tokens, or one is not above 0.
    """
    if not isinstance(units, tuple) or len(units) != num_tokens or not all(type(one) is int for one in units):
        raise refusal(field, units, f"must be {num_tokens} whole numbers in units of 1e-18, one a token")
    if is_positive and min(units) <= 0:
        raise refusal(field, units, "must be above 0")
    return units
