"""The look of each series of the routing studies.

The routers carry colour, the bandits are muted, the floor is a thin dark dashed line. Hues differ in lightness and
every line also in its dashes and marker, so that they stay apart without colour.
"""

from collections.abc import Sequence

from isotherm.plot import style
from isotherm.plot.look import DOT, Look
from isotherm.studies.routing.agents import AGENTS

LOOKS = {name: agent.look for name, agent in AGENTS.items()} | {
    "thompson-stationary": Look("#8533bf", DOT, "p", 1.8, 2)
}
"""Of every agent, and of one that the study of structure sets otherwise."""

BANDITS = tuple(name for name, agent in AGENTS.items() if agent.is_bandit)


def looks(names: Sequence[str]) -> dict[str, Look]:
    """As :func:`isotherm.plot.style.looks`, with those of the agents."""
    return style.looks(names, LOOKS)
