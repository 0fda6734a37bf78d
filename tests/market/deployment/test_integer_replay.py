"""The integer replay from exported strings follows the float64 rule for 90 days, whatever the rule."""

import numpy as np
import pytest
from tests.market.deployment.deployed_cases import PARAMS, as_floats, both, calm, settings_of, walk

from isotherm.market.deployment.fixed_math import ONE

BOUND = 1e-12
"""Seen are 8e-14 at most; rounding of floats is the larger part."""

DAYS = 90
RULES = sorted(PARAMS)


@pytest.mark.parametrize("period", [1440, 60])
@pytest.mark.parametrize("rule", RULES)
def test_weights_follow_for_ninety_days(rule: str, period: int) -> None:
    params = PARAMS[rule] if period == 60 else calm(rule)
    series = walk(1 + DAYS * 1440 // period, period)
    moves, blocks = both(rule, params, settings_of(rule, period), series)
    assert len(moves) == DAYS * 1440 // period
    worst = {}
    for name in ("start", "target"):
        worst[name] = np.abs(as_floats(moves, name) - getattr(blocks, name)).max()
        assert worst[name] < BOUND
    worst["step"] = np.abs(as_floats(moves, "step") - blocks.step).max() * period
    assert worst["step"] < BOUND
    assert np.ptp(blocks.start, axis=0).min() > 0.01
    assert {sum(move.start) for move in moves} == {ONE}
    assert {sum(move.step) for move in moves} == {0}
