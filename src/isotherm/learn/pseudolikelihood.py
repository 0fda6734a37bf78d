r"""Pseudo-likelihood: the product of every variable's conditional, needing no partition function.

.. math:: \log PL(x) = \sum_i \log p(x_i \mid x_{\setminus i})

It is concave in the parameters of a graph without latents, its maximiser consistent, and its gradient one
backward pass. Latents that do not interact are summed in closed form. An entry that is missing takes no part:
its factors drop out of its neighbours' conditionals, which is exact only where they are independent of it.

References:
    Besag, Statistical analysis of non-lattice data, The Statistician 24 (1975); Beck and Teboulle, A fast
    iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sciences 2 (2009); Ravikumar, Wainwright and
    Lafferty, High-dimensional Ising model selection, Annals of Statistics 38 (2010).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from isotherm import doors
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.energy.tilt.inputs import checked_number
from isotherm.errors import refusal
from isotherm.learn.free_energy import check_latents, free_energies
from isotherm.learn.observations import Observations, checked_data
from isotherm.learn.relaxation import Relaxed, as_traced, fields, precisely, relaxed


def pseudo_log_likelihood(
    graph: FactorGraph, data: Observations, beta: Float[Array, ""] | float = 1.0
) -> Float[Array, " rows"]:
    """Sum over seen variables of the log-probability of their value given the other seen ones, in nats.

    Pure and differentiable by the parameters.

    Args:
        graph: spins and categories only.
        data: complete, with holes, or with latents of which no factor joins two.
        beta: inverse temperature, a number.

    Returns:
        Shape ``(rows,)``, at most 0.

    Raises:
        ValueError: naming a group that is not discrete, or two latents that interact.
    """
    beta = checked_number("beta", beta)
    checked_data("data", data, factor_graph("graph", graph))
    for name, group in graph.groups:
        if not group.is_discrete:
            raise refusal(f"graph[{name!r}]", group.kind, "pseudo-likelihood needs spins and categories")
    check_latents(graph, data.masks("never"))
    graph, _ = centred(graph)
    return jnp.asarray(precisely(_log_likelihoods, graph, data, beta))


@eqx.filter_jit
def _log_likelihoods(graph: FactorGraph, data: Observations, beta: Float[Array, ""]) -> Float[Array, " rows"]:
    x = relaxed(graph, data.values, data.seen)
    if any(mask.any() for mask in data.masks("never").values()):
        return _by_changes(graph, data, x, beta)
    total = jnp.zeros(data.num_rows, jax.tree.leaves(x)[0].dtype)
    for name, field in fields(graph, x).items():
        if graph.variables[name].kind == "spin":
            terms = jax.nn.log_sigmoid(2 * beta * x[name] * field)
        else:
            terms = (jax.nn.log_softmax(beta * field) * x[name]).sum(axis=-1)
        total += jnp.where(data.seen[name], terms, jnp.zeros((), terms.dtype)).sum(axis=1)
    return total


def _by_changes(
    graph: FactorGraph, data: Observations, x: Relaxed, beta: Float[Array, ""] | float
) -> Float[Array, " rows"]:
    """Conditionals of the observed variables with the latents summed: each changed to every value in turn."""
    latent = data.masks("never")
    own = -beta * free_energies(graph, x, latent, beta)
    total = jnp.zeros_like(own)
    for name, group in graph.groups:
        observed = np.flatnonzero(~latent[name])
        if not len(observed):
            continue
        values = jnp.eye(group.cardinality) if group.kind == "categorical" else jnp.array([-1.0, 1.0])

        def conditional(i: Array, name: str = name, values: Array = values) -> Float[Array, " rows"]:
            def changed(value: Array) -> Float[Array, " rows"]:
                return -beta * free_energies(graph, x | {name: x[name].at[:, i].set(value)}, latent, beta)

            terms = own - jax.nn.logsumexp(jax.vmap(changed)(values.astype(own.dtype)), axis=0)
            return jnp.where(jnp.asarray(data.seen[name])[:, i], terms, jnp.zeros((), own.dtype))

        total += jax.lax.map(conditional, jnp.asarray(observed)).sum(axis=0)
    return total


class SparseFit(NamedTuple):
    """A graph whose weak factors are exactly zero, and how well the minimum was found.

    Attributes:
        graph: the fitted model.
        num_nonzero: factors with a parameter other than zero, by the name of their entry in ``factors``.
        residual: largest change of a parameter in the last step: the fit has converged where it is small.
    """

    graph: FactorGraph
    num_nonzero: dict[str, int]
    residual: float


def sparse_pseudo_likelihood(
    graph: FactorGraph, data: Observations, strength: float, beta: float = 1.0, num_steps: int = 500
) -> SparseFit:
    r"""Structure learning: minimise :math:`-\log PL / rows + strength \sum |W|` over factors of two or more.

    Accelerated proximal gradient with backtracking and restarts, from the graph's own parameters; biases are
    not penalised.

    Args:
        graph: candidates, say all pairs; without latents.
        data: complete or with holes.
        strength: at least 0, in nats a unit of weight; about ``sqrt(log(size) / rows)`` keeps false pairs out.
        beta: inverse temperature.
        num_steps: at least 1.

    Raises:
        ValueError: naming the argument at fault.
    """
    checked_data("data", data, factor_graph("graph", graph))
    doors.number("strength", strength, least=0)
    doors.number("beta", beta)
    num_steps = doors.whole("num_steps", num_steps, 1)
    if any(mask.any() for mask in data.masks("never").values()):
        raise refusal("data", "latent variables", "structure learning needs every variable seen somewhere")
    start = jax.tree.map(jnp.asarray, graph)
    values = as_traced(start, strength), as_traced(start, beta)
    parameters, residual = _shrink(start, jax.tree.map(jnp.asarray, data), *values, num_steps)
    found = graph.with_parameters(parameters)
    counts = {
        factor.name: int(np.any(np.asarray(weights).reshape(len(weights), -1) != 0, axis=1).sum())
        for factor, weights in zip(graph.factors, parameters, strict=True)
    }
    return SparseFit(found, counts, float(residual))


@eqx.filter_jit
def _shrink(
    graph: FactorGraph,
    data: Observations,
    strength: Float[Array, ""],
    beta: Float[Array, ""],
    num_steps: int,
) -> tuple[PyTree, Float[Array, ""]]:
    thresholds = tuple(strength * float(factor.scope.arity > 1) for factor in graph.factors)

    def loss(parameters: PyTree) -> Float[Array, ""]:
        return -pseudo_log_likelihood(graph.with_parameters(parameters), data, beta).mean()

    def proximal(point: PyTree, gradient: PyTree, rate: Float[Array, ""]) -> PyTree:
        moved = jax.tree.map(lambda w, g: w - rate * g, point, gradient)
        return tuple(
            jax.tree.map(lambda w, t=t: jnp.sign(w) * jnp.maximum(jnp.abs(w) - rate * t, 0.0), part)
            for part, t in zip(moved, thresholds, strict=True)
        )

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        now, ahead, momentum, rate, size, _ = carry
        value, gradient = jax.value_and_grad(loss)(ahead)
        slack = 1e-6 * jnp.abs(
            value
        )  # what float32 leaves of a decrease; steps below it would pass at any rate
        growth = jnp.where(size / (2 * rate) > slack, 1.1, 1.0)

        def too_long(rate: Float[Array, ""]) -> Array:
            change = jax.tree.map(jnp.subtract, proximal(ahead, gradient, rate), ahead)
            bound = value + _dot(gradient, change) + _dot(change, change) / (2 * rate)
            return loss(jax.tree.map(jnp.add, ahead, change)) > bound + slack

        rate = jax.lax.while_loop(too_long, lambda rate: rate / 2, rate * growth)
        new = proximal(ahead, gradient, rate)
        difference = jax.tree.map(jnp.subtract, new, now)
        restart = _dot(jax.tree.map(jnp.subtract, ahead, new), difference) > 0
        momentum = jnp.where(restart, 1.0, momentum)
        following = (1 + jnp.sqrt(1 + 4 * momentum**2)) / 2
        pull = jnp.where(restart, 0.0, (momentum - 1) / following)
        ahead = jax.tree.map(lambda n, d: n + pull * d, new, difference)
        residual = jnp.stack([jnp.abs(leaf).max() for leaf in jax.tree.leaves(difference)]).max()
        return (new, ahead, following, rate, _dot(difference, difference), residual), None

    first = graph.parameters
    carry = (first, first, jnp.ones(()), jnp.ones(()), jnp.full((), jnp.inf), jnp.zeros(()))
    (found, *_, residual), _ = jax.lax.scan(step, carry, None, length=num_steps)
    return found, residual


def _dot(a: PyTree, b: PyTree) -> Float[Array, ""]:
    return jnp.stack(
        [jnp.sum(x * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)]
    ).sum()
