"""Blocks of the grid-world study beside inferactively-pymdp, sides in turn, CPU time.

    pip install isotherm[peers]
    python benchmarks/gridworld_vs_pymdp.py [rounds]

A block is 51 steps of 20 agents and the learning after it, both sides compiled before the clock starts. The other
side is compiled as a whole too, by ``jax.jit`` around its rollout, which is faster than a call as documented.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.act.episodes import episodes
from isotherm.random import run_keys
from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.runs import every_alpha
from isotherm.studies.gridworld.scenarios import SCENARIOS, agent_of, model_of, the_world

AGENTS, STEPS = 20, 51
WANTED = {1: 70, 2: 4, 3: 4, 4: 100, 5: 100, 6: 100}
"""How many times as fast as the other side."""

ALPHAS_WANTED = 6.0
"""Times the cost of 20 agents that 100 agents in five alphas may take."""


def ours(scenario: int) -> Callable[[], None]:
    """A block after another."""
    agent, world, keys = agent_of(scenario, GridworldConfig(), 0.4), the_world(), run_keys(0, 0, AGENTS)
    earlier = episodes(keys, agent, world, 1, STEPS)

    def block() -> None:
        nonlocal earlier
        earlier = jax.block_until_ready(episodes(keys, agent, world, 1, STEPS, earlier=earlier))

    return block


def many(tensors: Any) -> Any:
    return None if tensors is None else [jnp.broadcast_to(t, (AGENTS, *t.shape)) for t in tensors]


def theirs(scenario: int) -> Callable[[], None]:
    from pymdp.agent import Agent  # pyright: ignore[reportMissingImports]
    from pymdp.envs.grid_world import GridWorld  # pyright: ignore[reportMissingImports]
    from pymdp.envs.rollout import rollout  # pyright: ignore[reportMissingImports]

    model, learned = model_of(scenario), SCENARIOS[scenario].learned
    agent = Agent(
        A=many(model.A),
        B=many(model.B),
        D=many(model.D),
        pA=many(model.pA),
        pB=many(model.pB),
        policy_len=3,
        alpha=0.4,
        use_utility=False,
        use_param_info_gain=True,
        action_selection="stochastic",
        inference_algo="exact",
        learning_mode="offline",
        learn_A=learned == "A",
        learn_B=learned == "B",
        batch_size=AGENTS,
    )
    env = GridWorld(shape=(7, 7), initial_position=(3, 3), include_stay=False)
    step = jax.jit(lambda agent, key: rollout(agent, env, STEPS - 1, key)[0]["agent"])
    key = jax.random.PRNGKey(0)
    agent = step(agent, key)

    def block() -> None:
        nonlocal agent, key
        key = jax.random.fold_in(key, 1)
        agent = jax.block_until_ready(step(agent, key))

    return block


def five_alphas() -> tuple[Callable[[], Any], Callable[[], Any]]:
    """A block of scenario 1 for 20 agents, and for 100 in five alphas, each one call."""
    agent, world, keys = agent_of(1, GridworldConfig()), the_world(), run_keys(0, 0, AGENTS)

    def run(alphas: Any) -> Callable[[], Any]:
        return lambda: jax.block_until_ready(
            every_alpha(keys, agent, jnp.asarray(alphas, jnp.float32), world, 1, STEPS).sums
        )

    return run([0.4]), run([0.0, 0.2, 0.4, 0.6, 0.8])


def cpu(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def medians(rounds: int, *sides: Callable[[], Any]) -> list[float]:
    for side in sides:
        side()  # compiled, and warm
    found = np.array([[cpu(side) for side in sides] for _ in range(rounds)])
    return [statistics.median(column) for column in found.T]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"CPU seconds a block of {STEPS} steps x {AGENTS} agents, medians of {rounds}")
    for scenario in WANTED:
        own, other = medians(rounds, ours(scenario), theirs(scenario))
        ratio = other / own
        verdict = "" if ratio >= WANTED[scenario] else "   below what is wanted"
        print(
            f"S{scenario}: {own:.3f} against {other:.3f}: {ratio:.0f} times (wanted {WANTED[scenario]}){verdict}"
        )
    few, many = medians(rounds, *five_alphas())
    print(f"100 agents in five alphas: {many / few:.1f} times 20 agents (wanted < {ALPHAS_WANTED:g})")


if __name__ == "__main__":
    main()
