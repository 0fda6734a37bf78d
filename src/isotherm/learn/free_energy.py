r"""Free energies: latents that do not interact are summed in closed form.

With latents :math:`h` of which no factor joins two, the energy is linear in each of them given the rest, so

.. math:: F(v) = -\tfrac1\beta \log \sum_h e^{-\beta E(v, h)}
              = E(v, 0) - \tfrac1\beta \sum_j \log \sum_{h_j} e^{\beta h_j \gamma_j(v)}

with their local fields :math:`\gamma_j`. The hidden spins of a restricted Boltzmann machine are such latents.

References:
    Freund and Haussler, Unsupervised learning of distributions on binary vectors using two layer networks,
    NeurIPS 4 (1991).
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.learn.relaxation import Relaxed, energies, fields, mean_features, relaxed

Masks = Mapping[str, np.ndarray]
"""For each group, bool of shape ``(size,)``."""


def latents_interact(graph: FactorGraph, latent: Masks) -> tuple[str, int] | None:
    """Name and index of a factor that joins two latents; None if there is none."""
    for factor in graph.factors:
        columns = zip(factor.scope.groups, factor.scope.variables.T, strict=True)
        counts = sum(latent[name][column].astype(int) for name, column in columns)
        if np.any(counts > 1):
            return factor.name, int(np.flatnonzero(counts > 1)[0])
    return None


def check_latents(graph: FactorGraph, latent: Masks) -> None:
    """Refuse latents that cannot be summed in closed form.

    Raises:
        ValueError: naming the factor that joins two, or the group that is not discrete.
    """
    for name, group in graph.groups:
        if latent[name].any() and not group.is_discrete:
            raise refusal(name, group.kind, "only discrete latents are summed in closed form")
    found = latents_interact(graph, latent)
    if found:
        raise refusal(
            f"{found[0]}[{found[1]}]", "two latents", "latents that interact have no closed sum; sample them"
        )


def free_energies(
    graph: FactorGraph, x: Relaxed, latent: Masks, beta: Float[Array, ""] | float = 1.0
) -> Float[Array, " rows"]:
    """Free energy of the observed part of each row.

    Args:
        graph: its factors must be products and tables.
        x: relaxed states, see :func:`isotherm.learn.relaxation.relaxed`; the latents' values are ignored.
        latent: variables to sum over, which :func:`check_latents` accepts.
        beta: inverse temperature.

    Returns:
        Shape ``(rows,)``, in the units of the energy.
    """
    if not any(mask.any() for mask in latent.values()):
        return energies(graph, x)
    visible = {name: _zeroed(values, latent[name]) for name, values in x.items()}
    total = energies(graph, visible)
    for name, field in fields(graph, visible).items():
        columns = np.flatnonzero(latent[name])
        if not len(columns):
            continue
        slope = beta * field[:, columns]
        sums = (
            jnp.logaddexp(slope, -slope)
            if graph.variables[name].kind == "spin"
            else jax.nn.logsumexp(slope, axis=-1)
        )
        total -= sums.sum(axis=1) / beta
    return total


def mean_statistics(
    graph: FactorGraph, states: State, latent: Masks | None = None, beta: Float[Array, ""] | float = 1.0
) -> tuple[PyTree, ...]:
    """Features averaged over rows; with ``latent``, over these variables given the rest of each row too.

    Args:
        graph: any factors, but products and tables alone where there are latents.
        states: shape ``(rows, size)`` for each group.
        latent: variables to sum over; none by default.
        beta: inverse temperature, at which latents are summed.

    Returns:
        Shaped as ``graph.parameters``.
    """
    if latent is None or not any(mask.any() for mask in latent.values()):
        return mean_features(graph, states)
    x = relaxed(graph, states)

    def energy(parameters: tuple[PyTree, ...]) -> Float[Array, ""]:
        return free_energies(graph.with_parameters(parameters), x, latent, beta).mean()

    return jax.tree.map(jnp.negative, jax.grad(energy)(jax.tree.map(jnp.asarray, graph.parameters)))


def _zeroed(values: Array, mask: np.ndarray) -> Array:
    keep = jnp.asarray(~mask).astype(values.dtype)
    return values * (keep[None, :, None] if values.ndim == 3 else keep[None])
