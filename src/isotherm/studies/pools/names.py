"""What competitors and pools are called."""

from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.routing.agents import LABELS, label_of

FIXED = "fixed"
JOINT_LEARNERS = ("ising", "ising-exact", "joint")
"""Agents that learn one law of all pools' outcomes."""


def pool_names(config: PoolRoutingConfig) -> list[str]:
    """``5 bp, 100 M``, with a word on what sets a pool apart: drifting weights, arbitrage every so many rows."""
    found = []
    for fee, value, swing, interval in zip(
        config.fees_bps, config.values, config.swings, config.intervals, strict=True
    ):
        words = [f"{fee:g} bp", _size(value)]
        words += [f"every {interval}"] if interval > 1 else []
        words += ["drifting"] if swing > 0 else []
        found.append(", ".join(words))
    return found


def fixed_names(config: PoolRoutingConfig) -> list[str]:
    """Ids of the agents fixed on each pool, file-safe."""
    return [f"fixed-{at}" for at in range(len(config.fees_bps))]


def labels(config: PoolRoutingConfig) -> dict[str, str]:
    """Of every competitor."""
    fixed = zip(fixed_names(config), pool_names(config), strict=True)
    named = {agent: label_of(agent) for agent in config.agents}
    return LABELS | named | {name: f"always {pool}" for name, pool in fixed}


def _size(value: float) -> str:
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
