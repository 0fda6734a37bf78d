"""Potts domains: 20 x 20 sites of five colours, from disorder to order; a point of exact theory beside them."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import rustworkx

from isotherm.energy import edges_of, potts
from isotherm.plot.look import ACCENT, STRONG
from isotherm.plot.style import RC
from isotherm.sample import gibbs, initial_state, sample

SIZE, COLOURS = 20, 5
CRITICAL = np.log(1 + np.sqrt(COLOURS))  # self-duality, Potts (1952)
BETAS = np.array([0.6, 0.8, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4])
net = rustworkx.generators.grid_graph(SIZE, SIZE)
graph = potts(edges_of(net).pairs, COLOURS, couplings=1.0)


def largest_share(state):
    """Share of the most frequent colour, and the colours themselves."""
    counts = jnp.bincount(state.position["c"].astype(jnp.int32), length=COLOURS)
    return {"share": counts.max() / (SIZE * SIZE), "colours": state.position["c"]}


def measure(beta, num_chains=100, num_samples=100):
    """Share of the largest colour in each chain, and a state; one compilation serves every temperature."""
    start = lambda key: initial_state(key, graph, beta)  # noqa: E731
    run = {"num_chains": num_chains, "num_warmup": 100, "num_samples": num_samples}
    kernel = gibbs(graph, beta, num_sweeps=5)
    values = sample(jax.random.key(0), kernel, start, **run, observe=largest_share).values
    return np.asarray(values["share"]).mean(axis=1), np.asarray(values["colours"])[0, -1].reshape(SIZE, SIZE)


def draw(results):
    figure, axes = plt.subplot_mosaic([[0, 1, 2], ["c", "c", "c"]], figsize=(7, 5.4), layout="constrained")
    for axis, (beta, place) in enumerate(((0.8, 1), (1.15, 5), (1.3, 8))):
        axes[axis].imshow(
            results[place][1], cmap="viridis", vmin=0, vmax=COLOURS - 1, interpolation="nearest"
        )
        axes[axis].set_title(f"β = {beta}")
        axes[axis].set_axis_off()
    shares = np.stack([share for share, _ in results])
    error = shares.std(axis=1, ddof=1) / np.sqrt(shares.shape[1])
    axes["c"].errorbar(BETAS, shares.mean(axis=1), 2 * error, color=STRONG, marker="o", ms=4, capsize=2)
    axes["c"].axvline(CRITICAL, color=ACCENT, ls="--", label=f"exact transition, β = {CRITICAL:.4f}")
    axes["c"].axhline(1 / COLOURS, color="#aab1ba", lw=0.8, label="no order, one fifth each")
    axes["c"].set(xlabel="inverse temperature β", ylabel="share of the largest colour", ylim=(0, 1))
    axes["c"].legend(loc="upper left")
    return figure


if __name__ == "__main__":
    with plt.rc_context(RC):
        draw([measure(beta) for beta in BETAS.tolist()]).savefig("potts.png", dpi=160)
