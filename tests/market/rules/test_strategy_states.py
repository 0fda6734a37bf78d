"""Runs in parts: each goes on from the state that the one before left, to the last bit."""

import jax
import numpy as np
import pytest
from tests.market.rules.rule_cases import NAMES, PERIOD, RULES, SETTINGS, raw, supply, walk

from isotherm.market.rules.coarse import minutes_of
from isotherm.market.rules.weights import calculate_weights, next_block, run_weights, warm_state

PRICES = walk(80, 6)
CHUNKS = 8
WHOLE, HALF = CHUNKS * PERIOD + 1, CHUNKS // 2 * PERIOD + 1
"""Minutes and one of a bout of eight chunks, and of half of it."""


def run(name: str, start: int, length: int, method: str = "scan", **others):
    return run_weights(name, raw(name), PRICES, start, length, SETTINGS, method, **supply(name), **others)


def minutes(name: str, start: int, length: int, method: str = "scan", **others) -> np.ndarray:
    found = calculate_weights(
        name, raw(name), PRICES, start, length, SETTINGS, method, **supply(name), **others
    )
    return np.asarray(found)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_in_two_parts_is_the_whole_to_the_last_bit(name: str) -> None:
    for start in (0, 7, 18):
        whole = run(name, start, WHOLE)
        part = run(name, start, HALF)
        rest = run(name, start + HALF - 1, HALF, state=part.state)
        for ours, theirs, last in zip(part.blocks, whole.blocks, rest.blocks, strict=True):
            np.testing.assert_array_equal(np.concatenate([ours[:-1], last]), theirs)
        for ours, theirs in zip(leaves(rest.state), leaves(whole.state), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_parts_cut_within_a_chunk_show_the_rest_of_it_again() -> None:
    """A part goes on from where its last whole chunk ended, to the last bit."""
    name, start = "momentum", 12
    whole, cut = minutes(name, start, WHOLE), 3 * PERIOD + 4
    np.testing.assert_array_equal(minutes(name, start, cut + 1), whole[:cut])
    state, at = run(name, start, cut + 1).state, 3 * PERIOD
    np.testing.assert_array_equal(minutes(name, start + at, WHOLE - at, state=state), whole[at:])


@pytest.mark.parametrize(
    "name", ["triple_threat_mean_reversion_channel", "difference_momentum", "min_variance"]
)
def test_the_vectorized_form_goes_on_to_rounding(name: str) -> None:
    whole = run(name, 6, WHOLE, "vectorized")
    part = run(name, 6, HALF, "vectorized")
    rest = run(name, 6 + HALF - 1, HALF, "vectorized", state=part.state)
    np.testing.assert_allclose(rest.blocks.start, whole.blocks.start[4:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["power_channel", "difference_momentum", "min_variance", "index_market_cap"])
def test_a_live_strategy_makes_the_blocks_of_a_bout(name: str) -> None:
    """One price at a time, from the prices before."""
    bout = run(name, 12, WHOLE)
    lag = RULES[name].lag
    state = warm_state(name, raw(name), PRICES[: 12 + lag], SETTINGS, **supply(name))
    for block in range(lag, CHUNKS):
        one, state = next_block(name, raw(name), state, PRICES[12 + block * PERIOD], SETTINGS, **supply(name))
        for ours, theirs in zip(one, bout.blocks, strict=True):
            np.testing.assert_allclose(ours, theirs[block], rtol=0, atol=1e-13)
    for ours, theirs in zip(leaves(state), leaves(bout.state), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    np.testing.assert_array_equal(minutes_of_block(bout, 3), minutes(name, 12, WHOLE)[18:24])


def minutes_of_block(bout, block: int) -> np.ndarray:

    with jax.enable_x64(True):
        return np.asarray(
            minutes_of(jax.tree.map(lambda x: jax.numpy.asarray(x[block]), bout.blocks), SETTINGS)
        )


def leaves(tree) -> list[np.ndarray]:

    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def test_states_of_gradients_hold_what_a_pool_exports() -> None:
    bout = run("momentum", 12, WHOLE, "vectorized")
    last = {key: values[-2] for key, values in bout.readouts.items()}
    np.testing.assert_allclose(bout.state.rule.ewma, last["ewma"], rtol=1e-13)
    np.testing.assert_allclose(bout.state.rule.running_a, last["running_a"], rtol=1e-9)
    np.testing.assert_array_equal(bout.state.rule.price, PRICES[12 + 7 * PERIOD])
    assert run("momentum", 12, 4).state is None


def test_a_price_of_another_kind_is_refused() -> None:
    state = warm_state("momentum", raw("momentum"), PRICES[:1], SETTINGS)
    with pytest.raises(ValueError, match=r"price\[1\] = -1.0"):
        next_block("momentum", raw("momentum"), state, [1.0, -1.0, 2.0], SETTINGS)
    with pytest.raises(ValueError, match=r"price.shape = \(1, 3\)"):
        next_block("momentum", raw("momentum"), state, [[1.0, 1.0, 2.0]], SETTINGS)
