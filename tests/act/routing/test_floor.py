"""The floor: the regret of an agent that knows the truth is what enumeration says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.act.rollout import rollout
from isotherm.act.routing.floor import Floor
from isotherm.world.routing.venues import VenueMarket, grouped_couplings, venue_market, win_probabilities

BIASES = np.linspace(0.8, -0.8, 5)
STEPS = 400


def market_of(signs: tuple[int, int], mode: str, weight: float = 0.4) -> VenueMarket:
    """Two phases, so that all cells compile once; the same twice is no shift."""
    return venue_market(np.outer(signs, BIASES), weight, shifts=(STEPS // 2,), context_mode=mode)


def floor_of(market: VenueMarket) -> Floor:
    return Floor(market, jnp.asarray(win_probabilities(market), jnp.float32))


def regrets(market: VenueMarket, agent: Floor, runs: int = 200) -> np.ndarray:
    keys = jax.random.split(jax.random.key(0), runs)
    return np.asarray(rollout(keys, agent, market, STEPS, 1).sums["regret"])[:, 0]


def expected_a_step(p: np.ndarray, mode: str) -> float:
    """Regret 2 when the best venue is neither the context nor the most probable of the others."""
    costs = []
    for context in range(5) if mode == "random" else [0]:
        others = np.delete(p, context)
        costs.append(2 * (others.sum() - others.max()))
    return float(np.mean(costs))


@pytest.mark.parametrize(
    ("signs", "mode", "at_ten_thousand"),
    [
        ((1, 1), "fixed", 613.0),
        ((1, 1), "random", 1717.1),
        ((1, -1), "fixed", 1635.2),
        ((1, -1), "random", 1717.1),
    ],
)
def test_regret_is_the_enumerated_floor(signs: tuple[int, int], mode: str, at_ten_thousand: float) -> None:
    market = market_of(signs, mode)
    rate = np.mean([expected_a_step(p, mode) for p in win_probabilities(market)])
    assert 10_000 * rate == pytest.approx(at_ten_thousand, abs=0.5)
    found = regrets(market, floor_of(market))
    assert_mean(found[:, None], np.array([rate * STEPS]))


def test_a_wrong_truth_is_above_the_floor() -> None:
    market = market_of((1, 1), "random")
    found = regrets(market, floor_of(market_of((1, -1), "random")))
    with pytest.raises(AssertionError, match="moment 0"):
        assert_mean(found[:, None], np.array([0.17171 * STEPS]))


def test_without_couplings_the_floor_is_zero() -> None:
    for mode in ("fixed", "random"):
        market = market_of((1, 1), mode, weight=0.0)
        assert not regrets(market, floor_of(market)).any()


def test_with_own_outcomes_the_floor_is_exactly_zero() -> None:
    market = venue_market(
        np.linspace(0.2, -0.2, 6),
        grouped_couplings(6, 2, 0.5, -0.3),
        context_mode="random",
        outcome="own",
    )
    found = rollout(jax.random.split(jax.random.key(1), 20), Floor(market, None), market, 300, 1)
    # exact zero but for venues whose success rates tie within the tie-break of 1e-6
    assert np.asarray(found.sums["regret"]).max() < 1e-3
    rate = np.asarray(found.sums["success"])[:, 0] / 300
    assert_mean(rate[:, None], np.array([0.9462]))
