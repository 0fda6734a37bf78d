"""Final regrets of whole runs, against an independent check of the published study."""

import jax
import numpy as np
import pytest

from isotherm.act import EpsilonGreedy, Floor, IsingRouter, Thompson, WinnerCounts, rollout
from isotherm.act.agent import AbstractAgent
from isotherm.random import run_keys
from isotherm.world.routing.venues import venue_market, win_probabilities

BIASES = np.linspace(0.8, -0.8, 5)
SIGNS = {"correlated": (1, 1), "shift": (1, -1)}


def finals(agent: AbstractAgent, scenario: str, mode: str, runs: int = 100) -> np.ndarray:
    market = venue_market(np.outer(SIGNS[scenario], BIASES), 0.4, shifts=(5000,), context_mode=mode)
    return np.asarray(rollout(run_keys(1, 0, runs), agent, market, 10_000, 1).sums["regret"])[:, 0]


AGENTS: dict[str, AbstractAgent] = {
    "epsilon-greedy": EpsilonGreedy(5),
    "thompson": Thompson(5),
    "ising-exact": IsingRouter(5, inference="exact"),
    "ising": IsingRouter(5),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agent", "scenario", "mode", "mean", "error"),
    [
        ("ising-exact", "correlated", "random", 1743.0, 4.1),
        ("ising-exact", "shift", "random", 1783.9, 3.8),
        ("ising", "correlated", "fixed", 623.2, 2.5),
        ("epsilon-greedy", "shift", "fixed", 2395.9, 6.4),
        ("thompson", "shift", "random", 3044.3, 11.0),
    ],
)
def test_final_regret(agent: str, scenario: str, mode: str, mean: float, error: float) -> None:
    """Within 3.5 combined standard errors: five cells fail by chance with probability 0.25 %."""
    found = finals(AGENTS[agent], scenario, mode)
    combined = np.hypot(found.std(ddof=1) / np.sqrt(len(found)), error)
    assert abs(found.mean() - mean) < 3.5 * combined, f"{found.mean():.1f} ± {combined:.1f} (combined)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "mode", "above"), [("correlated", "fixed", 10.2), ("shift", "fixed", 25.0)]
)
def test_the_counter_stands_where_it_was_seen_above_the_floor(scenario: str, mode: str, above: float) -> None:
    market = venue_market(np.outer(SIGNS[scenario], BIASES), 0.4, shifts=(5000,), context_mode=mode)
    floor = Floor(market, jax.numpy.asarray(win_probabilities(market), jax.numpy.float32))
    paired = finals(WinnerCounts(5), scenario, mode, 400) - finals(floor, scenario, mode, 400)
    error = np.hypot(paired.std(ddof=1) / 20, 0.5)
    assert abs(paired.mean() - above) < 3.5 * error, f"{paired.mean():.1f} ± {error:.1f}"
