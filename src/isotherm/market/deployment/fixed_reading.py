"""From the strings of a bundle to a pool in whole numbers of 1e-18; the floats beside them are not looked at."""

from collections.abc import Mapping
from typing import Any

from isotherm.errors import refusal
from isotherm.market.deployment.bundle import check_form
from isotherm.market.deployment.fixed_guards import FixedGuards, summing_to
from isotherm.market.deployment.fixed_math import ONE, Units, from_digits
from isotherm.market.deployment.fixed_rules import FIXED_RULES, FixedRule
from isotherm.market.deployment.replay import FixedPool, FixedState, check_units
from isotherm.market.parameters.names import known_word, pool_name

KINDS = ("clip", "projection", "kl_projection")
OPTIONAL = ("alt_lamb", "cap_weights")
"""Values that a rule reads where they are there."""

_POSITIVE = ("width", "pre_exp_scaling", "exponents", "cap_weights")
_ROUNDING = 10**6
"""Units by which written weights may miss one."""

Read = Mapping[str, Any]


def fixed_pool(bundle: Mapping[str, Any]) -> tuple[FixedPool, FixedState]:
    """A pool and its state from a bundle, such as :func:`.bundle.read_bundle` gives.

    Args:
        bundle: its ``rule``, ``tokens``, ``parameters``, ``guardrails`` and ``state`` are read.

    Raises:
        ValueError: naming what the bundle lacks, what does not fit, or a setting that is not replayed.
    """
    check_form(bundle)
    n, guardrails, state = len(bundle["tokens"]), bundle["guardrails"], bundle["state"]
    if state is None:
        raise refusal(
            "state", None, "must be in the bundle, to go on from; a result file has none, a run has"
        )
    rule = FIXED_RULES[known_word("rule", pool_name(bundle["rule"]).rule, FIXED_RULES)]
    if guardrails["weight_interpolation_method"] != "linear":
        method = guardrails["weight_interpolation_method"]
        raise refusal(
            "weight_interpolation_method", method, "must be linear, to be replayed in whole numbers"
        )
    read = {
        key: from_digits(key, digits)
        for key, digits in {**bundle["parameters"]["strings"], **guardrails["strings"]}.items()
    }
    guards = FixedGuards(
        floor=_only("minimum_weight", read, most=ONE // n),
        maximum_change=_only("maximum_change", read),
        period=_only("weight_interpolation_period", read) // ONE,
        kind=known_word("guardrail", guardrails["kind"], KINDS),
        bounds=_bounds(read, n),
    )
    return FixedPool(rule, _values(rule, read, n), guards, n), _state(rule, state["strings"], n)


def _values(rule: FixedRule, read: Read, n: int) -> dict[str, Units]:
    wanted = [*rule.reads, *filter(None, [rule.blend]), *(key for key in OPTIONAL if key in read)]
    values = {key: _spread(key, read, n) for key in wanted}
    for key, units in values.items():
        if key in _POSITIVE:
            check_units(key, units, n)
        elif "lamb" in key and (min(units) < 0 or max(units) >= ONE):
            raise refusal(key, units, "must be at least 0 and below one")
    return values


def _bounds(read: Read, n: int) -> tuple[Units, Units] | None:
    return (
        None
        if "min_weights" not in read
        else (_spread("min_weights", read, n), _spread("max_weights", read, n))
    )


def _state(rule: FixedRule, strings: Mapping[str, Any], n: int) -> FixedState:
    for key in (*rule.state, "final_weights"):
        if key not in strings:
            raise refusal("state", sorted(strings), f"must hold {key}")
    read = {key: from_digits(key, strings[key]) for key in (*rule.state, "final_weights")}
    for key, units in read.items():
        is_positive = key.startswith(("price", "final_weights"))
        for row in units if units and isinstance(units[0], tuple) else [units]:
            check_units(key, row, n, is_positive)
    weights = read.pop("final_weights")
    if abs(sum(weights) - ONE) > _ROUNDING:
        raise refusal("final_weights", weights, "must sum to one")
    return FixedState(read, summing_to(ONE, weights))


def _spread(key: str, read: Read, n: int) -> Units:
    """One a token, of one for all too."""
    if key not in read:
        raise refusal("parameters", sorted(read), f"must hold {key}")
    units = read[key]
    return check_units(key, units * n if isinstance(units, tuple) and len(units) == 1 else units, n, False)


def _only(key: str, read: Read, most: int | None = None) -> int:
    (units,) = check_units(key, read.get(key), 1)
    if most is not None and units > most:
        raise refusal(key, units, f"must be at most {most}")
    return units
