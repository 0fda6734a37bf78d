"""The agents of the routing studies: one record each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import PlainSerializer, WrapValidator

from isotherm.errors import refusal
from isotherm.plot.look import ACCENT, DASH, DASH_DOT, DASH_DOTS, DOT, INK, LONG, STRONG, Look
from isotherm.studies.routing.config import AgentConfig
from isotherm.studies.routing.own_agents import check_form, is_own, label_of_own, make_own

if TYPE_CHECKING:
    from isotherm.act import AbstractAgent
    from isotherm.world.world import AbstractWorld

MAX_TABLE = 4_000_000
MAX_ENUMERATED = 16
MAX_JOINT_EXACT = 12


class AgentPlace(NamedTuple):
    """Where an agent is made to act.

    Attributes:
        config: the settings of agents.
        n: venues.
        k: context venues.
        world: the floor reads the truth off it.
    """

    config: AgentConfig
    n: int
    k: int
    world: "AbstractWorld"


class RoutingAgent(NamedTuple):
    """An agent of the routing studies.

    Attributes:
        id: in configs and results.
        label: in tables, sentences and figures.
        make: the agent of a place; imports JAX only when it is called.
        look: in every figure.
        cost: seconds of 100 runs of 10,000 steps at the published size, roughly: heavy tasks start first.
        is_bandit: learns its own rewards alone; figures that look closer leave bandits out.
        has_table: keeps a cell for each context and venue, which bounds how many there may be.
        is_enumerating: lists all states, which bounds how many venues there may be.
    """

    id: str
    label: str
    make: "Callable[[AgentPlace], AbstractAgent]"
    look: Look
    cost: float = 1.0
    is_bandit: bool = False
    has_table: bool = False
    is_enumerating: bool = False


# ------------------------------------------------------------------------------
# Makers


def _epsilon_greedy(place: AgentPlace, **kind: bool) -> "AbstractAgent":
    from isotherm.act import EpsilonGreedy

    return EpsilonGreedy(**_table(place), **kind, epsilon=place.config.epsilon)


def _thompson(place: AgentPlace, **kind: bool) -> "AbstractAgent":
    from isotherm.act import Thompson

    return Thompson(**_table(place), **kind)


def _ucb(place: AgentPlace) -> "AbstractAgent":
    from isotherm.act import UCB

    return UCB(**_table(place))


def _table(place: AgentPlace) -> dict[str, Any]:
    return {"num_venues": place.n, "num_context": place.k, "discount": place.config.discount}


def _linucb(place: AgentPlace) -> "AbstractAgent":
    from isotherm.act import LinUCB

    return LinUCB(place.n, width=place.config.linucb_width)


def _winner_counts(place: AgentPlace) -> "AbstractAgent":
    from isotherm.act import WinnerCounts

    return WinnerCounts(place.n, sharpness=place.config.counter_sharpness)


def _active_inference(place: AgentPlace) -> "AbstractAgent":
    from isotherm.act import ActiveRouter

    return ActiveRouter(place.n, place.k, forgetting=place.config.forgetting)


def _ising(
    place: AgentPlace,
    inference: Literal["gibbs", "exact"] = "gibbs",
    clamps: bool = True,
    has_couplings: bool = True,
    propagates: bool = True,
) -> "AbstractAgent":
    import jax.numpy as jnp

    from isotherm.act import IsingRouter
    from isotherm.learn.online.moments import MatchingRates
    from isotherm.sample.schedule import Schedule

    config = place.config
    propagation = config.propagation if propagates else 0.0
    # arrays, so that sweeps over them compile once
    rates = MatchingRates(
        *(jnp.float32(x) for x in (config.learning_rate, config.forgetting, propagation)),
        couplings=jnp.float32(has_couplings),
    )
    return IsingRouter(
        num_venues=place.n,
        beta=jnp.float32(config.beta),
        schedule=Schedule(config.num_warmup, config.num_samples, config.steps_per_sample),
        inference=inference,
        window=config.window,
        rates=rates,
        clamps=clamps,
    )


def _joint(place: AgentPlace) -> "AbstractAgent":
    from isotherm.act import JointRouter

    config, inference = place.config, place.config.joint_inference
    if inference == "auto":
        inference = "exact" if place.n <= MAX_JOINT_EXACT else "local"
    return JointRouter(
        num_venues=place.n,
        inference=inference,
        width=config.joint_width,
        draw_width=config.joint_draw_width,
        threshold=config.joint_threshold,
    )


def _floor(place: AgentPlace) -> "AbstractAgent":
    import jax.numpy as jnp

    from isotherm.act import Floor
    from isotherm.world.routing.venues import VenueMarket, win_probabilities

    world = place.world
    assert isinstance(world, VenueMarket)
    if world.outcome == "own":
        return Floor(world, None)
    return Floor(world, jnp.asarray(win_probabilities(world), jnp.float32))


# ------------------------------------------------------------------------------
# Records

_ALL = (
    RoutingAgent(
        "epsilon-greedy",
        "ε-greedy",
        _epsilon_greedy,
        Look("#84888b", DASH, "v"),
        is_bandit=True,
        has_table=True,
    ),
    RoutingAgent(
        "epsilon-greedy-labels",
        "ε-greedy, context labels too",
        lambda place: _epsilon_greedy(place, learns_labels=True),
        Look("#4f545b", DOT, "1"),
        is_bandit=True,
        has_table=True,
    ),
    RoutingAgent(
        "thompson",
        "Thompson",
        _thompson,
        Look("#c1a8d8", DOT, "<", 1.7),
        cost=4.0,
        is_bandit=True,
        has_table=True,
    ),
    RoutingAgent(
        "thompson-labels",
        "Thompson, context labels too",
        lambda place: _thompson(place, learns_labels=True),
        Look("#7d69a8", DASH, "2"),
        cost=4.0,
        is_bandit=True,
        has_table=True,
    ),
    RoutingAgent("ucb", "UCB", _ucb, Look("#bda054", DASH_DOT, "X"), is_bandit=True, has_table=True),
    RoutingAgent("linucb", "LinUCB", _linucb, Look("#9ccdab", DASH_DOTS, ">"), is_bandit=True),
    RoutingAgent(
        "winner-counts",
        "Counter of winners",
        _winner_counts,
        Look("#1e8b53", DASH_DOT, "^", 1.8, 3),
        cost=2.0,
    ),
    RoutingAgent(
        "active-inference",
        "Active inference",
        _active_inference,
        Look("#077286", DASH_DOTS, "*", 1.8, 3),
        cost=9.0,
    ),
    RoutingAgent("ising", "Ising router (published)", _ising, Look(STRONG, "-", "s", 2.0, 4), cost=12.0),
    RoutingAgent(
        "ising-exact",
        "Ising router, exact inference",
        lambda place: _ising(place, inference="exact"),
        Look("#649eec", LONG, "P", 1.7, 3),
        is_enumerating=True,
    ),
    RoutingAgent(
        "ising-no-clamping",
        "Ising, no clamping",
        lambda place: _ising(place, clamps=False),
        Look("#d970aa", DASH, "d", 1.7, 2),
        cost=12.0,
    ),
    RoutingAgent(
        "ising-no-couplings",
        "Ising, no couplings",
        lambda place: _ising(place, has_couplings=False),
        Look("#dab93f", DASH_DOT, "h", 1.7, 2),
        cost=12.0,
    ),
    RoutingAgent(
        "ising-no-damping",
        "Ising, no propagation",
        lambda place: _ising(place, propagates=False),
        Look("#86b070", LONG, "p", 1.7, 2),
        cost=12.0,
    ),
    RoutingAgent("joint", "Joint router (new)", _joint, Look(ACCENT, "-", "o", 2.3, 6), cost=3.0),
    RoutingAgent("floor", "Floor (knows the truth)", _floor, Look(INK, (0, (3, 2)), "_", 1.1, 7)),
)

AGENTS = {agent.id: agent for agent in _ALL}
"""Every agent by its id."""

LABELS = {name: agent.label for name, agent in AGENTS.items()}


def agent_of(name: str) -> RoutingAgent:
    """The agent of that id, or one's own, ``module:Class``; nothing is imported before it is made."""
    if not is_own(name):
        return AGENTS[name]

    def make(place: AgentPlace) -> "AbstractAgent":
        return make_own(name, place.n, place.k)

    return RoutingAgent(name, label_of_own(name), make, Look(INK), cost=4.0)


def label_of(name: str) -> str:
    """What tables and figures call an agent; what is none keeps its name."""
    return label_of_own(name) if is_own(name) else LABELS.get(name, name)


def _id_or_own(value: Any, known: Callable[[Any], Any]) -> Any:
    return check_form(value) if isinstance(value, str) and is_own(value) else known(value)


if TYPE_CHECKING:
    AgentId = str
else:
    AgentId = Annotated[Literal[tuple(AGENTS)], WrapValidator(_id_or_own), PlainSerializer(str)]

LEARNERS: tuple[AgentId, ...] = (
    "epsilon-greedy",
    "thompson",
    "ucb",
    "linucb",
    "winner-counts",
    "active-inference",
    "ising",
    "ising-exact",
    "joint",
)
"""Agents that studies compare by default, beside the floor."""


def refuse_agents(config: AgentConfig, agents: tuple[str, ...], n: int, k: int) -> None:
    """Refuse agents that cannot run at this size.

    Raises:
        ValueError: naming the agent, or the setting that makes it too large.
    """
    if len(set(agents)) != len(agents):
        raise refusal("agents", agents, "should name each agent once")
    tables = [name for name in agents if agent_of(name).has_table]
    if tables and (2 * n) ** k * n > MAX_TABLE:
        cells = f"a table of (2 x {n})^{k} contexts x {n} venues"
        raise refusal("agents", tables[0], f"needs {cells}; at most {MAX_TABLE:,} cells, leave it out")
    if n > MAX_ENUMERATED:
        for name in (name for name in agents if agent_of(name).is_enumerating):
            raise refusal("agents", name, f"enumerates: at most {MAX_ENUMERATED} venues, leave it out")
        if config.joint_inference == "exact" and "joint" in agents:
            raise refusal(
                "joint_inference", "exact", f"at most {MAX_ENUMERATED} venues; choose local or auto"
            )
