"""Cubic factors: Newman and Moore's triangles, whose energy is known exactly and which freeze like a glass."""

import jax
import matplotlib.pyplot as plt
import numpy as np

from isotherm.energy import p_spin
from isotherm.plot.look import ACCENT, SOFT
from isotherm.plot.style import RC
from isotherm.sample import gibbs, initial_state, sample_means

SIZE = 32  # a power of two, so that each pattern of frustrated triangles belongs to one state: Z = (2 cosh beta)^N
site = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
triangles = np.stack([site, np.roll(site, -1, axis=1), np.roll(site, -1, axis=0)], axis=-1).reshape(-1, 3)
graph = p_spin(triangles, couplings=1.0)
BETAS = np.geomspace(0.2, 3.0, 16)


def energy_a_site(state):
    return graph.energy(state.position) / SIZE**2


def cool(sweeps_a_step, num_chains=16, key=0):
    """Energy a site at each temperature, chains cooled from hot to cold; shape (betas, chains)."""
    energies, states = [], None
    for i, beta in enumerate(BETAS.tolist()):
        kernel = gibbs(graph, beta)
        start = (lambda k: initial_state(k, graph, 0.0)) if states is None else states.position
        run = {"num_warmup": sweeps_a_step // 2, "num_samples": sweeps_a_step - sweeps_a_step // 2}
        run |= {"num_chains": num_chains} if states is None else {}
        means = sample_means(jax.random.key(1000 * key + i), kernel, start, **run, observe=energy_a_site)
        energies.append(np.asarray(means.means))
        states = means.states
    return np.stack(energies), np.asarray(states.position["s"])[0].reshape(SIZE, SIZE)


def draw(results):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(1.5, 1))
    for (sweeps, (energies, _)), shade in zip(results.items(), (0.8, 0.5, 0.15), strict=False):
        error = 2 * energies.std(axis=1, ddof=1) / np.sqrt(energies.shape[1])
        colour = plt.get_cmap("viridis")(shade)
        left.errorbar(
            1 / BETAS,
            energies.mean(axis=1),
            error,
            marker="o",
            ms=3.5,
            lw=1,
            color=colour,
            label=f"{sweeps:,} sweeps",
        )
    fine = np.linspace(0.2, 3, 200)
    left.plot(1 / fine, -np.tanh(fine), color=ACCENT, lw=1, zorder=5, label="exact, −tanh β")
    left.set(
        xscale="log", xlabel="temperature 1/β", ylabel="energy a site", title="cooling", ylim=(-1.03, -0.1)
    )
    left.set_xticks([0.4, 1, 2, 5], ["0.4", "1", "2", "5"])
    left.set_xticks([], minor=True)
    left.legend(title="at each temperature", loc="upper left", labelcolor=SOFT)
    state = results[max(results)][1]
    right.imshow(state, cmap="gray_r", interpolation="nearest")
    right.set_title(f"after {max(results):,} sweeps, β = {BETAS[-1]:.0f}")
    right.set_axis_off()
    return figure


if __name__ == "__main__":
    with plt.rc_context(RC):
        draw({sweeps: cool(sweeps) for sweeps in (10, 100, 1000)}).savefig("cubic.png", dpi=160)
