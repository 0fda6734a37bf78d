"""A Gaussian graphical model on a 5 x 5 grid: covariance by Gibbs sampling against the inverse of its precision."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import rustworkx

from isotherm.energy import edges_of, gaussian
from isotherm.plot.look import ACCENT, STRONG
from isotherm.plot.style import RC
from isotherm.sample import gibbs, initial_state, sample_means

rng = np.random.default_rng(0)
pairs = edges_of(rustworkx.generators.grid_graph(5, 5)).pairs
precision = np.diag(rng.uniform(1, 2, 25))
precision[pairs[:, 0], pairs[:, 1]] = precision[pairs[:, 1], pairs[:, 0]] = rng.uniform(
    -0.25, 0.25, len(pairs)
)
mean = rng.normal(size=25)
graph = gaussian(pairs, np.diag(precision), precision[pairs[:, 0], pairs[:, 1]], biases=precision @ mean)


def first_and_second(state):
    x = state.position["x"] - jnp.asarray(mean, jnp.float32)
    return {"mean": x, "covariance": x[:, None] * x[None, :]}


def measure(beta=1.0, num_chains=64, num_samples=2000):
    """Running moments about the exact mean: nothing but sums is kept, and chains give the error."""
    start = lambda key: initial_state(key, graph, beta)  # noqa: E731
    run = {"num_chains": num_chains, "num_warmup": 50, "num_samples": num_samples}
    kernel = gibbs(graph, beta, num_sweeps=2)
    return sample_means(jax.random.key(0), kernel, start, **run, observe=first_and_second)


def draw(moments):
    exact, ours = np.linalg.inv(precision), moments.mean["covariance"]
    z = ((ours - exact) / moments.mcse["covariance"])[np.triu_indices(25)]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
    image = left.imshow(np.where(np.eye(25), np.nan, exact), cmap="RdBu_r", vmin=-0.16, vmax=0.16)
    figure.colorbar(image, ax=left, ticks=[-0.15, 0, 0.15], shrink=0.85)
    left.set_title("exact covariance")
    left.set_axis_off()
    upper = np.triu_indices(25, 1)
    middle.errorbar(
        exact[upper], ours[upper], 2 * moments.mcse["covariance"][upper], fmt=".", color=STRONG, lw=0.6
    )
    middle.axline((0, 0), slope=1, color=ACCENT, lw=0.8)
    middle.set_xticks([-0.1, 0, 0.1])
    middle.set(title="off its diagonal", xlabel="inverse of the precision", ylabel="sampled ± 2 s.e.")
    right.hist(z, bins=np.linspace(-4, 4, 25), density=True, color=STRONG, alpha=0.6)
    grid = np.linspace(-4, 4, 200)
    right.plot(grid, np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color=ACCENT, label="standard normal")
    right.set(title=f"{len(z)} z-scores", xlabel="z", yticks=[], ylim=(0, 0.62))
    right.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    with plt.rc_context(RC):
        draw(measure()).savefig("gaussian.png", dpi=160)
