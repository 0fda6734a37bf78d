"""What each agent of the routing studies is made with."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from isotherm import act
from isotherm.studies.routing.agents import AGENTS, AgentPlace
from isotherm.studies.routing.config import AgentConfig
from isotherm.world import venue_market

# no setting has its default, so that one which is not handed on is seen
CONFIG = AgentConfig(
    epsilon=0.21,
    discount=0.9,
    linucb_width=1.3,
    beta=0.7,
    num_warmup=3,
    num_samples=5,
    steps_per_sample=2,
    forgetting=0.97,
    learning_rate=0.11,
    propagation=0.4,
    window=17,
    counter_sharpness=1.9,
    joint_inference="local",
    joint_width=1.7,
    joint_draw_width=0.6,
    joint_threshold=9.0,
)
TABLE = {"num_venues": 5, "num_context": 2, "discount": 0.9}
ISING = {
    "num_venues": 5,
    "beta": 0.7,
    "schedule": (3, 5, 2),
    "inference": "gibbs",
    "window": 17,
    "clamps": True,
    "rates.forgetting": 0.97,
    "rates.learning_rate": 0.11,
    "rates.propagation": 0.4,
    "rates.couplings": 1.0,
}
EXPECTED: dict[str, tuple[type, dict[str, Any]]] = {
    "epsilon-greedy": (act.EpsilonGreedy, TABLE | {"epsilon": 0.21, "learns_labels": False}),
    "epsilon-greedy-labels": (act.EpsilonGreedy, TABLE | {"epsilon": 0.21, "learns_labels": True}),
    "thompson": (act.Thompson, TABLE | {"learns_labels": False}),
    "thompson-labels": (act.Thompson, TABLE | {"learns_labels": True}),
    "ucb": (act.UCB, TABLE),
    "linucb": (act.LinUCB, {"num_venues": 5, "width": 1.3}),
    "winner-counts": (act.WinnerCounts, {"num_venues": 5, "sharpness": 1.9}),
    "active-inference": (
        act.ActiveRouter,
        {"num_venues": 5, "num_context": 2, "agent.rates.forgetting": 0.97**0.5},
    ),
    "ising": (act.IsingRouter, ISING),
    "ising-exact": (act.IsingRouter, ISING | {"inference": "exact"}),
    "ising-no-clamping": (act.IsingRouter, ISING | {"clamps": False}),
    "ising-no-couplings": (act.IsingRouter, ISING | {"rates.couplings": 0.0}),
    "ising-no-damping": (act.IsingRouter, ISING | {"rates.propagation": 0.0}),
    "joint": (
        act.JointRouter,
        {"num_venues": 5, "inference": "local", "width": 1.7, "draw_width": 0.6, "threshold": 9.0},
    ),
    "floor": (act.Floor, {}),
}


def made(name: str, config: AgentConfig = CONFIG, n: int = 5) -> act.AbstractAgent:
    return AGENTS[name].make(AgentPlace(config, n, 2, venue_market(np.linspace(-0.4, 0.4, n), 0.2)))


def setting(agent: Any, path: str) -> Any:
    for part in path.split("."):
        agent = getattr(agent, part)
    return agent


def test_every_agent_is_expected() -> None:
    assert list(EXPECTED) == list(AGENTS)


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_has_the_settings_of_the_config_and_of_its_kind(name: str) -> None:
    kind, settings = EXPECTED[name]
    agent = made(name)
    assert type(agent) is kind
    for path, value in settings.items():
        found = setting(agent, path)
        wanted = np.float32(value) if isinstance(found, jnp.ndarray) else value
        assert found == wanted, path


@pytest.mark.parametrize(("n", "inference"), [(12, "exact"), (13, "local")])
def test_the_joint_router_enumerates_up_to_twelve_venues(n: int, inference: str) -> None:
    config = CONFIG.model_copy(update={"joint_inference": "auto"})
    assert setting(made("joint", config, n), "inference") == inference
