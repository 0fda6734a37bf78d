"""An Ising model on D-Wave's Pegasus graph: its colours, and how fast a machine without annealer updates it."""

import time
import warnings

import jax
import matplotlib.pyplot as plt
import numpy as np

from isotherm.energy import edges_of, ising
from isotherm.energy.blocks import colour_blocks
from isotherm.plot.look import STRONG
from isotherm.plot.style import RC
from isotherm.sample import gibbs, initial_state, sample_means

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it tells of its successor
    import dwave_networkx as dnx


def pegasus(size, seed=0):
    """Normal fields and couplings, and where the layout of the hardware draws each spin."""
    net, rng = dnx.pegasus_graph(size), np.random.default_rng(seed)
    pairs, labels = edges_of(net)
    layout = dnx.pegasus_layout(net)
    graph = ising(pairs, rng.normal(size=len(pairs)), rng.normal(size=len(labels)))
    return graph, np.array([layout[label] for label in labels])


def first_spin(state):
    return state.position["s"][0]


def updates_a_nanosecond(graph, num_chains, num_updates=2e7):
    """Spins drawn from their conditionals a nanosecond, compilation apart."""
    sweeps = max(1, round(num_updates / (num_chains * graph.num_variables)))
    kernel = gibbs(graph, 1.0, num_sweeps=sweeps)
    starts = jax.vmap(lambda key: initial_state(key, graph))(jax.random.split(jax.random.key(0), num_chains))
    for _ in range(2):  # the first one compiles
        start = time.perf_counter()
        means = sample_means(
            jax.random.key(1), kernel, starts, num_warmup=0, num_samples=1, observe=first_spin
        )
        jax.block_until_ready(means.means)
        seconds = time.perf_counter() - start
    return sweeps * num_chains * graph.num_variables / seconds / 1e9


def draw(small, places, rates):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    segments = places[small.interacting_pairs()]
    left.plot(*segments.transpose(2, 1, 0), color="#d5d9de", lw=0.35, zorder=0)
    for shade, block in enumerate(colour_blocks(small)):
        left.scatter(*places[block].T, s=14, color=plt.get_cmap("turbo")((shade + 0.5) / 8), linewidths=0)
    left.set_title(f"pegasus_graph(3): {small.num_variables} spins, {len(colour_blocks(small))} blocks")
    left.set_aspect("equal")
    left.set_axis_off()
    right.plot(*zip(*rates.items(), strict=True), color=STRONG, marker="o")
    right.set(xscale="log", yscale="log", xlabel="chains side by side", ylabel="spin updates a nanosecond")
    right.set(title="pegasus_graph(14), 4,264 spins")
    return figure


if __name__ == "__main__":
    large, _ = pegasus(14)
    speeds = {
        chains: updates_a_nanosecond(large, chains) for chains in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    }
    with plt.rc_context(RC):
        draw(*pegasus(3), speeds).savefig("pegasus.png", dpi=160)
