"""The rules in whole numbers of 1e-18: what each reads of an export, and its streaming step.

Values and states are by the names that exports have, a number a token in units; of the rule with three gradients the
state has three rows of them. States that a rule lacks are empty.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from isotherm.market.deployment import fixed_signals as signals
from isotherm.market.deployment.fixed_estimates import (
    FixedAverage,
    FixedGradient,
    FixedVariance,
    average_step,
    gradient_step,
    variance_step,
)  # fmt: skip
from isotherm.market.deployment.fixed_math import ONE, Units, mul, quotient
from isotherm.market.parameters.chain import GRADIENTS
from isotherm.market.parameters.names import TRIPLE

Values = Mapping[str, Units]
State = dict[str, Any]
"""Estimator by name: ``(n,)``, or rows of such."""

Step = Callable[[Values, State, Units], tuple[State, Units]]


class FixedRule(NamedTuple):
    """One rule.

    Attributes:
        reads: values that it needs.
        step: values, state and price to the next state, and changes of weights or target weights.
        blend: the value that says how much of the old weights stays, of rules that give targets.
        needs_supply: whether prices are to be multiplied by circulating supply.
        state: names of what it remembers.
    """

    reads: tuple[str, ...]
    step: Step
    blend: str | None = None
    needs_supply: bool = False
    state: tuple[str, ...] = ()


def _gradients(state: State, price: Units, lamb: Units, alt_lamb: Units | None) -> tuple[State, Units]:
    found = [
        gradient_step(FixedGradient(*before), now, own, None if alt_lamb is None else alt_lamb[i])
        for i, (*before, now, own) in enumerate(
            zip(*(state[name] for name in _GRADIENT), price, lamb, strict=True)
        )
    ]
    return _by_name(_GRADIENT, [one for one, _ in found]), tuple(gradient for _, gradient in found)


def _by_name(names: tuple[str, ...], states: list[Any], end: str = "") -> State:
    return {name + end: column for name, column in zip(names, zip(*states, strict=True), strict=True)}


def _momentum(values: Values, state: State, price: Units) -> tuple[State, Units]:
    state, gradient = _gradients(state, price, values["lamb"], values.get("alt_lamb"))
    return state, signals.zero_sum(gradient, values["k"])


def _anti_momentum(values: Values, state: State, price: Units) -> tuple[State, Units]:
    state, row = _momentum(values, state, price)
    return state, tuple(-one for one in row)


def _power(values: Values, state: State, price: Units) -> tuple[State, Units]:
    state, gradient = _gradients(state, price, values["lamb"], values.get("alt_lamb"))
    parts = zip(gradient, values["pre_exp_scaling"], values["exponents"], strict=True)
    signal = tuple(signals.signed_power(quotient(g * ONE, 2 * h), q) for g, h, q in parts)
    return state, signals.zero_sum(signal, values["k"])


def _reversion(values: Values, gradients: list[Units]) -> Units:
    shape = (values[name] for name in ("width", "amplitude", "exponents", "pre_exp_scaling"))
    signal = tuple(
        signals.channel_signal((a, b, c), *own) for a, b, c, *own in zip(*gradients, *shape, strict=True)
    )
    return signals.zero_sum(signal, values["k"])


def _mean_reversion(values: Values, state: State, price: Units) -> tuple[State, Units]:
    state, gradient = _gradients(state, price, values["lamb"], values.get("alt_lamb"))
    return state, _reversion(values, [gradient] * 3)


def _triple(values: Values, state: State, price: Units) -> tuple[State, Units]:
    found = []
    for row, name in enumerate(GRADIENTS):
        own = {key: rows[row] for key, rows in state.items()}
        found.append(_gradients(own, price, values[f"lamb_{name}"], values["lamb_for_ewma"]))
    after = {name: tuple(one[name] for one, _ in found) for name in _GRADIENT}
    return after, _reversion(values, [gradient for _, gradient in found])


def _difference(values: Values, state: State, price: Units) -> tuple[State, Units]:
    after: State = {}
    averages = []
    for end in ("_1", "_2"):
        columns = (*(state[name + end] for name in _AVERAGE), price, values[f"lamb{end}"])
        found = [average_step(FixedAverage(a, b), now, own) for a, b, now, own in zip(*columns, strict=True)]
        after |= _by_name(_AVERAGE, [one for one, _ in found], end)
        averages.append([average for _, average in found])
    signal = tuple(quotient((one - two) * ONE, one) for one, two in zip(*averages, strict=True))
    return after, signals.zero_sum(signal, values["k"])


def _variance(values: Values, state: State, price: Units) -> tuple[State, Units]:
    columns = (*(state[name] for name in _MOMENTS), price, values["lamb_1"])
    found = [variance_step(FixedVariance(*own), now, lamb) for *own, now, lamb in zip(*columns, strict=True)]
    row = signals.inverse_shares(tuple(variance for _, variance in found))
    return _by_name(_MOMENTS, [one for one, _ in found]), row


def _index(values: Values, state: State, price: Units) -> tuple[State, Units]:
    row = signals.shares(price)
    return state, signals.capped_shares(row, values["cap_weights"]) if "cap_weights" in values else row


def _stay(values: Values, state: State, price: Units) -> tuple[State, Units]:
    return state, (0,) * len(price)


def capitalization(price: Units, supply: Units) -> Units:
    """Price times supply.

    >>> capitalization((2 * ONE,), (3 * ONE,))
    (6000000000000000000,)
    """
    return tuple(mul(one, many) for one, many in zip(price, supply, strict=True))


_GRADIENT, _AVERAGE, _MOMENTS = FixedGradient._fields, FixedAverage._fields, FixedVariance._fields
_CHANNEL = ("k", "exponents", "pre_exp_scaling", "width", "amplitude")
_INDEX = FixedRule((), _index, "alt_lamb", needs_supply=True)

FIXED_RULES = {
    "momentum": FixedRule(("lamb", "k"), _momentum, state=_GRADIENT),
    "anti_momentum": FixedRule(("lamb", "k"), _anti_momentum, state=_GRADIENT),
    "power_channel": FixedRule(("lamb", "k", "exponents", "pre_exp_scaling"), _power, state=_GRADIENT),
    "mean_reversion_channel": FixedRule(("lamb", *_CHANNEL), _mean_reversion, state=_GRADIENT),
    TRIPLE: FixedRule(
        (*(f"lamb_{name}" for name in GRADIENTS), "lamb_for_ewma", *_CHANNEL), _triple, state=_GRADIENT
    ),
    "difference_momentum": FixedRule(
        ("lamb_1", "lamb_2", "k"), _difference, state=tuple(f"{name}_{i}" for i in (1, 2) for name in _AVERAGE)
    ),
    "min_variance": FixedRule(("lamb_1",), _variance, "lamb_2", state=_MOMENTS),
    "index_market_cap": _INDEX,
    "hodling_index_market_cap": _INDEX,
    "trad_hodling_index_market_cap": _INDEX,
    "balancer": FixedRule((), _stay),
    "hodl": FixedRule((), _stay),
}  # fmt: skip
"""By name: those that have weights of their own, and two that keep them."""
