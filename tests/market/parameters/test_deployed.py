"""Weights in the form of a contract: exact sums, what a router reads, layout, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.deployed import ONE, deploy_weights

BEGIN = 1_700_000_000


@st.composite
def moves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Weights of 2 .. 8 tokens, a step a minute to other weights, and minutes."""
    n, minutes = draw(st.integers(2, 8)), draw(st.integers(1, 2000))
    parts = st.lists(st.floats(0.05, 1.0), min_size=n, max_size=n)
    start, end = (np.array(draw(parts)) for _ in range(2))
    start, end = start / start.sum(), end / end.sum()
    return start, (end - start) / minutes, minutes


@given(moves(), st.floats(0, 1.5))
def test_weights_sum_to_one_at_every_moment_and_follow_the_line(move, share: float) -> None:
    start, step, minutes = move
    found = deploy_weights(start, step, BEGIN, minutes)
    elapsed = int(share * minutes * 60)
    units = found.at(BEGIN + elapsed)
    assert sum(units) == sum(found.weights) == ONE
    assert sum(found.multipliers) == 0
    line = start + step * min(elapsed / 60, minutes)
    # half a unit a second of each multiplier, and what the largest takes up
    bound = 1e-15 + 1e-18 * (start.size + 1) * minutes * 60
    np.testing.assert_allclose(np.array(units) / 1e18, line, rtol=0, atol=bound)


def test_first_four_and_second_four_tokens() -> None:
    weights, step = np.full(6, 1 / 6), np.array([6e-4, -6e-4, 0.0, 1.2e-3, -1.2e-3, 0.0])
    found = deploy_weights(
        weights, step, BEGIN, 10, oracle_staleness_threshold_s=120, max_trade_size_ratio=0.25
    )
    assert (len(found.first_four), len(found.second_four)) == (8, 4)
    assert found.first_four[4] == 10**13
    assert found.second_four[2] == -2 * 10**13
    assert found.interpolation_end_s == BEGIN + 600
    record = found.record()
    assert record["firstFourWeightsAndMultipliers"] == list(map(str, found.first_four))
    assert record["secondFourWeightsAndMultipliers"][2] == "-20000000000000"
    assert record["lastUpdateTime"] == str(BEGIN)
    assert record["lastInteropTime"] == str(BEGIN + 600)
    assert record["oracleStalenessThreshold"] == "120"
    assert record["maxTradeSizeRatio"] == "250000000000000000"
    assert found.weights[1] == found.first_four[1]
    two = deploy_weights([0.5, 0.5], [0.0, 0.0], BEGIN, 1)
    assert (len(two.first_four), two.second_four) == (4, ())
    with pytest.raises(ValueError, match=r"^unix_s = "):
        two.at(BEGIN - 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([0.5, 0.4], [0.0, 0.0], BEGIN, 1), "^weights = .*must sum to 1"),
        (([1 / 9] * 9, [0.0] * 9, BEGIN, 1), "at most 8 tokens"),
        (([0.5, 0.5], [0.0], BEGIN, 1), r"^step\.shape = \(1,\): must be \(2,\)"),
        (([0.5, 0.5], [1e-3, 0.0], BEGIN, 1), "^step = .*must sum to 0, not to 0.001"),
        (([0.5, 0.5], [0.01, -0.01], BEGIN, 60), "keep weights within 0 .. 1 for 60 minutes"),
        (([0.5, 0.5], [0.0, 0.0], BEGIN, 0), "^weight_interpolation_period = 0"),
        (([0.5, 0.5], [0.0, 0.0], -1, 1), "^last_update_s = -1"),
        (([0.5, 0.5], [0.0, 0.0], BEGIN, 1, 0), "^oracle_staleness_threshold_s = 0"),
        (([0.5, 0.5], [0.0, 0.0], BEGIN, 1, 1, 0.0), "^max_trade_size_ratio = 0"),
        (([0.5, 0.5], [0.0, 0.0], BEGIN, 1, 1, 1.5), "^max_trade_size_ratio = 1.5"),
    ],
)
def test_what_no_contract_holds_is_refused(arguments: tuple, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        deploy_weights(*arguments)
