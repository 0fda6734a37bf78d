"""Agents by their id in configs and results."""

from typing import TYPE_CHECKING, Any

from isotherm.studies.routing.config import AgentConfig

if TYPE_CHECKING:
    from isotherm.act import AbstractAgent
    from isotherm.world.world import AbstractWorld

LABELS = {
    "epsilon-greedy": "ε-greedy",
    "epsilon-greedy-labels": "ε-greedy, context labels too",
    "thompson": "Thompson",
    "thompson-labels": "Thompson, context labels too",
    "ucb": "UCB",
    "linucb": "LinUCB",
    "winner-counts": "Counter of winners",
    "ising": "Ising router (published)",
    "ising-exact": "Ising router, exact inference",
    "ising-no-clamping": "Ising, no clamping",
    "ising-no-couplings": "Ising, no couplings",
    "ising-no-damping": "Ising, no propagation",
    "joint": "Joint router (new)",
    "floor": "Floor (knows the truth)",
}

COSTS = {"ising": 12.0, "joint": 3.0, "thompson": 4.0, "thompson-labels": 4.0, "winner-counts": 2.0}
"""Seconds of 100 runs of 10,000 steps at the published size, roughly; 1 where unlisted."""

MAX_JOINT_EXACT = 12


def make_agent(agent: str, config: AgentConfig, n: int, k: int, world: "AbstractWorld") -> "AbstractAgent":
    """The agent of that id for ``n`` venues and ``k`` context venues; the floor reads the truth off ``world``."""
    from isotherm.act import UCB, EpsilonGreedy, LinUCB, Thompson, WinnerCounts

    table = {"num_venues": n, "num_context": k, "discount": config.discount}
    makers: dict[str, Any] = {
        "epsilon-greedy": lambda **kind: EpsilonGreedy(**table, **kind, epsilon=config.epsilon),
        "thompson": lambda **kind: Thompson(**table, **kind),
        "ucb": lambda: UCB(**table),
        "linucb": lambda: LinUCB(n, width=config.linucb_width),
        "winner-counts": lambda: WinnerCounts(n, sharpness=config.counter_sharpness),
        "joint": lambda: _joint(config, n),
        "floor": lambda: _floor(world),
    }
    if agent.startswith("ising"):
        return _ising(agent, config, n)
    kind, has_labels, _ = agent.partition("-labels")
    return makers[kind](learns_labels=True) if has_labels else makers[kind]()


def _ising(agent: str, config: AgentConfig, n: int) -> "AbstractAgent":
    import jax.numpy as jnp

    from isotherm.act import IsingRouter
    from isotherm.learn.online.moments import MatchingRates
    from isotherm.sample.schedule import Schedule

    propagation = 0.0 if agent == "ising-no-damping" else config.propagation
    # arrays, so that sweeps over them compile once
    rates = MatchingRates(
        *(jnp.float32(x) for x in (config.learning_rate, config.forgetting, propagation)),
        couplings=jnp.float32(agent != "ising-no-couplings"),
    )
    return IsingRouter(
        num_venues=n,
        beta=jnp.float32(config.beta),
        schedule=Schedule(config.num_warmup, config.num_samples, config.steps_per_sample),
        inference="exact" if agent == "ising-exact" else "gibbs",
        window=config.window,
        rates=rates,
        clamps=agent != "ising-no-clamping",
    )


def _joint(config: AgentConfig, n: int) -> "AbstractAgent":
    from isotherm.act import JointRouter

    inference = config.joint_inference
    if inference == "auto":
        inference = "exact" if n <= MAX_JOINT_EXACT else "local"
    return JointRouter(
        num_venues=n,
        inference=inference,
        width=config.joint_width,
        draw_width=config.joint_draw_width,
        threshold=config.joint_threshold,
    )


def _floor(world: "AbstractWorld") -> "AbstractAgent":
    import jax.numpy as jnp

    from isotherm.act import Floor
    from isotherm.world.routing.venues import VenueMarket, win_probabilities

    assert isinstance(world, VenueMarket)
    if world.outcome == "own":
        return Floor(world, None)
    return Floor(world, jnp.asarray(win_probabilities(world), jnp.float32))
