"""Spins and real variables on one grid, updated together in super-blocks; draws seen through two components."""

import jax
import matplotlib.pyplot as plt
import numpy as np
import rustworkx

from isotherm.energy import edges_of, spin_gaussian
from isotherm.plot.look import ACCENT, STRONG
from isotherm.plot.style import RC
from isotherm.sample import gibbs, initial_state, sample

SIZE = 8
rng = np.random.default_rng(1)
pairs = edges_of(rustworkx.generators.grid_graph(SIZE, SIZE)).pairs
is_spin = rng.random(SIZE * SIZE) < 0.5
graph = spin_gaussian(is_spin, pairs, couplings=0.45, precisions=2.0)

site = np.arange(SIZE * SIZE)
is_even = (site // SIZE + site % SIZE) % 2 == 0
place = np.where(is_spin, np.cumsum(is_spin), np.cumsum(~is_spin)) - 1  # of each site in its group
BLOCKS = [  # two steps; in each, the spins and the reals of one colour of the board
    ({"s": place[is_spin & colour]}, {"x": place[~is_spin & colour]}) for colour in (is_even, ~is_even)
]


def measure(beta, num_chains=64, num_samples=50):
    """Draws of all sites in the order of the board, shape (chains samples, sites)."""
    start = lambda key: initial_state(key, graph, beta)  # noqa: E731
    run = {"num_chains": num_chains, "num_warmup": 200, "num_samples": num_samples}
    kernel = gibbs(graph, beta, num_sweeps=10, blocks=BLOCKS)
    values = sample(jax.random.key(int(10 * beta)), kernel, start, **run).values
    board = np.zeros((num_chains * num_samples, SIZE * SIZE), np.float32)
    board[:, is_spin] = np.asarray(values["s"]).reshape(len(board), -1)
    board[:, ~is_spin] = np.asarray(values["x"]).reshape(len(board), -1)
    return board


def components(board):
    """Draws along the two directions in which they vary most, and the share of variance of every direction."""
    centred = board - board.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    upwards = np.sign(directions[:2].sum(axis=1, keepdims=True))
    return centred @ (upwards * directions[:2]).T, sizes**2 / (sizes**2).sum()


def draw(boards):
    figure, axes = plt.subplots(2, len(boards), figsize=(8, 5), layout="constrained", squeeze=False)
    for (beta, board), (top, bottom) in zip(boards.items(), axes.T, strict=True):
        seen, share = components(board)
        top.imshow(board[-1].reshape(SIZE, SIZE), cmap="RdBu_r", vmin=-1.8, vmax=1.8)
        rows, columns = np.divmod(site[is_spin], SIZE)
        top.scatter(columns, rows, s=5, color="black", linewidths=0)
        top.set_title(f"β = {beta}")
        top.set_axis_off()
        colours = np.where(board[:, is_spin].mean(axis=1) > 0, ACCENT, STRONG)
        bottom.scatter(*seen.T, s=3, c=colours, linewidths=0, alpha=0.5, rasterized=True)
        bottom.set(
            xlabel=f"first component, {share[0]:.0%}",
            ylabel=f"second, {share[1]:.0%}",
            xlim=(-9, 9),
            ylim=(-6, 6),
        )
    return figure


if __name__ == "__main__":
    with plt.rc_context(RC):
        draw({beta: measure(beta) for beta in (0.3, 1.0, 1.8)}).savefig("mixed.png", dpi=160)
