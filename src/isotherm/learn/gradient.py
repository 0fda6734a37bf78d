r"""The gradient of KL(data‖model) for any factor graph: moments with the data held against moments without.

With :math:`p(x) \propto e^{-\beta E(x)}` and features :math:`f = -\partial E / \partial \theta`,

.. math:: \partial_\theta\, KL = -\beta (\langle f \rangle_+ - \langle f \rangle_-)

where the positive phase holds what was seen and the negative phase holds nothing but the condition.

References:
    Ackley, Hinton and Sejnowski, A learning algorithm for Boltzmann machines, Cognitive Science 9 (1985).
"""

from collections.abc import Sequence
from typing import NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from isotherm import doors
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.kinds import factor_graph
from isotherm.energy.tilt.inputs import checked_number
from isotherm.errors import refusal
from isotherm.exact.exact import exact
from isotherm.learn.free_energy import Masks, latents_interact, mean_statistics
from isotherm.learn.observations import Observations, checked_data
from isotherm.learn.phases import (
    Beta,
    chains_with,
    completing_chains,
    fine,
    overlaid,
    run_phase,
    start_chains,
)
from isotherm.learn.relaxation import as_traced, in_float64
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import Clamp
from isotherm.sample.initial import Init
from isotherm.sample.schedule import Schedule, checked_schedule

MORE = Schedule(num_warmup=200, num_samples=40, thin=5)
"""Sweeps of a phase unless said otherwise: those of the reference library's negative phase."""


class KLGradient(NamedTuple):
    """The gradient, its standard error, and the moments it was made of, each shaped as ``graph.parameters``.

    Attributes:
        value: derivative of KL(data‖model); step against it to learn.
        error: standard error by sampling, for the rows given; 0 where exact.
        positive: mean features with the data held.
        negative: mean features of the model.
    """

    value: tuple[PyTree, ...]
    error: tuple[PyTree, ...]
    positive: tuple[PyTree, ...]
    negative: tuple[PyTree, ...]


def closed_latents(graph: FactorGraph, data: Observations) -> Masks | None:
    """The latents that are summed in closed form instead of sampled: all of them, or ``None``."""
    latent = data.masks("never")
    is_discrete = all(group.is_discrete for name, group in graph.groups if latent[name].any())
    return latent if is_discrete and latents_interact(graph, latent) is None else None


def condition_mask(graph: FactorGraph, data: Observations, condition: Sequence[str]) -> Masks:
    """Variables that both phases hold: all of the groups named.

    Raises:
        ValueError: naming a group that is unknown or not seen in every row.
    """
    for name in doors.words("condition", condition):
        if name not in graph.variables:
            raise refusal("condition", name, f"unknown; the graph has {', '.join(graph.variables)}")
        if not data.masks("always")[name].all():
            raise refusal("condition", name, "must be seen in every row")
    return {name: np.full(group.size, name in condition) for name, group in graph.groups}


def positive_phase(
    key: Key[Array, ""],
    graph: FactorGraph,
    data: Observations,
    beta: Beta,
    schedule: Schedule,
    num_chains: int = 1,
    init: Init = "hinton",
) -> tuple[PyTree, State]:
    """Mean features with the data held: exact where closed, else from chains that draw what was not seen.

    Args:
        key: one JAX key.
        graph: the model.
        data: rows.
        beta: inverse temperature, a number.
        schedule: sweeps, where chains are needed.
        num_chains: chains a row.
        init: where they start.

    Returns:
        The moments, and a completed state for each chain (chain ``c`` belongs to row ``c % rows``).
    """
    latent = closed_latents(graph, data)
    count = num_chains * data.num_rows
    if latent is not None and not data.has_holes:
        states = {name: jnp.asarray(values) for name, values in data.values.items()}
        return mean_statistics(graph, states, latent, beta), states
    start_key, key = jax.random.split(key)
    states = overlaid(start_chains(start_key, graph, beta, count, init), data)
    held = data.masks("always")
    chains = completing_chains(graph, beta, data) if data.has_holes else chains_with(graph, beta, held)
    return run_phase(key, chains, states, schedule, lambda x: mean_statistics(graph, x, latent, beta))


def negative_phase(
    key: Key[Array, ""],
    graph: FactorGraph,
    beta: Beta,
    states: State,
    schedule: Schedule,
    held: Masks,
    latent: Masks | None = None,
) -> tuple[PyTree, State]:
    """Mean features of the model, and the last states of its chains.

    Args:
        key: one JAX key.
        graph: the model.
        beta: inverse temperature.
        states: first states, shape ``(chains, size)`` each.
        schedule: sweeps.
        held: variables that keep the values of their chain's start.
        latent: variables averaged in closed form when features are read, which lessens the noise.
    """
    chains = chains_with(graph, beta, held)
    return run_phase(key, chains, states, schedule, lambda x: mean_statistics(graph, x, latent, beta))


def sampled_kl_gradient(
    key: KeyOrSeed,
    graph: FactorGraph,
    data: Observations,
    beta: Beta = 1.0,
    *,
    positive: Schedule = MORE,
    negative: Schedule = MORE,
    num_chains: int = 25,
    num_batches: int = 8,
    condition: tuple[str, ...] = (),
    init: Init = "hinton",
) -> KLGradient:
    """Gradient of KL by sampling, with errors from the spread between independent batches of chains.

    Args:
        key: one JAX key, or a seed.
        graph: the model.
        data: rows; each has one chain a batch in the positive phase, if that needs chains at all.
        beta: inverse temperature, a number.
        positive: sweeps of the positive phase.
        negative: sweeps of the negative phase.
        num_chains: negative chains a batch; with a condition, as many as are needed to give each row one.
        num_batches: at least 2.
        condition: groups that both phases hold at the data.
        init: where chains start.

    Raises:
        ValueError: naming the argument at fault, or weights too large for float32.
    """
    key = doors.random_key("key", key)
    checked_data("data", data, factor_graph("graph", graph))
    beta = checked_number("beta", beta)
    num_batches, num_chains = (
        doors.whole("num_batches", num_batches, 2),
        doors.whole("num_chains", num_chains, 1),
    )
    positive, negative = checked_schedule("positive", positive), checked_schedule("negative", negative)
    condition_mask(graph, data, condition)
    doors.choice("init", init, get_args(Init))
    if condition:
        num_chains = data.num_rows
    chains = num_chains + data.num_rows
    doors.affordable(
        "num_chains", num_chains, 16.0 * chains * graph.num_variables, "take more batches instead"
    )
    size = sum(leaf.size for leaf in jax.tree.leaves(graph.parameters))
    doors.affordable("num_batches", num_batches, 16.0 * num_batches * size, "take more chains instead")
    sampling = (positive, negative, num_chains, num_batches, tuple(condition), init)
    graph = fine(graph, beta)
    return _sampled(key, graph, data, as_traced(graph, beta), *sampling)


@eqx.filter_jit
def _sampled(
    key: Key[Array, ""],
    graph: FactorGraph,
    data: Observations,
    beta: Beta,
    positive: Schedule,
    negative: Schedule,
    num_chains: int,
    num_batches: int,
    condition: tuple[str, ...],
    init: Init,
) -> KLGradient:
    held, latent = condition_mask(graph, data, condition), closed_latents(graph, data)

    def batch(key: Key[Array, ""]) -> tuple[PyTree, PyTree]:
        keys = jax.random.split(key, 3)
        held_moments, _ = positive_phase(keys[0], graph, data, beta, positive, init=init)
        states = overlaid(start_chains(keys[1], graph, beta, num_chains, init), data, held)
        return held_moments, negative_phase(keys[2], graph, beta, states, negative, held, latent)[0]

    found = jax.lax.map(batch, jax.random.split(key, num_batches))
    (plus, plus_error), (minus, minus_error) = map(_mean_and_error, found)
    value = kl_gradient(plus, minus, beta)
    error = jax.tree.map(lambda p, m: abs(beta) * jnp.hypot(p, m), plus_error, minus_error)
    return KLGradient(value, error, plus, minus)


def exact_kl_gradient(
    graph: FactorGraph, data: Observations, beta: float = 1.0, *, condition: tuple[str, ...] = ()
) -> KLGradient:
    """Gradient of KL by exact answers, in float64; see :func:`isotherm.exact.exact.exact` for their limits.

    Args:
        graph: the model; equal rows of the data are answered once.
        data: rows.
        beta: inverse temperature.
        condition: groups that both phases hold at the data.

    Raises:
        ValueError: naming the argument at fault, or why the graph cannot be solved.
    """
    checked_data("data", data, factor_graph("graph", graph))
    beta = float(doors.number("beta", beta))
    held = condition_mask(graph, data, condition)
    latent, graph = closed_latents(graph, data), centred(graph)[0]
    if latent is None or data.has_holes:
        plus = _average(graph, data, beta, data.seen)
    else:
        with jax.enable_x64(True):
            wide = in_float64(graph)
            plus = jax.tree.map(np.asarray, _closed(wide, data, as_traced(wide, beta)))
    masks = {name: np.broadcast_to(mask, (data.num_rows, len(mask))) for name, mask in held.items()}
    minus = _average(graph, data, beta, masks)
    zeros = jax.tree.map(np.zeros_like, plus)
    return KLGradient(kl_gradient(plus, minus, beta), zeros, plus, minus)


@eqx.filter_jit
def _closed(graph: FactorGraph, data: Observations, beta: Beta) -> tuple[PyTree, ...]:
    return mean_statistics(graph, data.values, closed_latents(graph, data), beta)


def kl_gradient(positive: PyTree, negative: PyTree, beta: Beta = 1.0) -> PyTree:
    """``-beta (⟨f⟩₊ - ⟨f⟩₋)``, leaf by leaf.

    Args:
        positive: moments with the data held, a pytree of arrays.
        negative: moments of the model, shaped alike.
        beta: inverse temperature.

    Raises:
        ValueError: naming what is no array of numbers, of another form than the other, or not finite.
    """
    doors.number("beta", beta)
    _check_alike(positive, negative)
    return jax.tree.map(lambda plus, minus: -beta * (plus - minus), positive, negative)


def _check_alike(positive: PyTree, negative: PyTree) -> None:
    """Refuse moments of different forms, and what are no numbers."""
    for field, moments in (("positive", positive), ("negative", negative)):
        for leaf in jax.tree.leaves(moments):
            if not doors.is_traced(leaf):
                doors.real_numbers(field, leaf)
    first, second = jax.tree.structure(positive), jax.tree.structure(negative)
    shapes = [[np.shape(leaf) for leaf in jax.tree.leaves(tree)] for tree in (positive, negative)]
    if first != second or shapes[0] != shapes[1] or not shapes[0]:
        raise refusal(
            "positive, negative", tuple(shapes), "must hold arrays of the same shapes, at least one"
        )


def _average(graph: FactorGraph, data: Observations, beta: float, seen: State) -> PyTree:
    """Exact features given what was seen of each row, averaged over rows."""
    names = list(graph.variables)
    shown = [np.where(seen[name], data.values[name], 0) for name in names]
    codes = np.concatenate([*shown, *(np.asarray(seen[name]) for name in names)], axis=1)
    _, first, counts = np.unique(codes, axis=0, return_index=True, return_counts=True)
    total = None
    for row, count in zip(first, counts, strict=True):
        clamp = {
            name: Clamp(np.asarray(seen[name][row]), np.asarray(data.values[name][row]))
            for name in names
            if np.any(seen[name][row])
        }
        weight = count / data.num_rows
        moments = exact(graph, beta, clamp or None).moments
        part = jax.tree.map(lambda m, w=weight: w * np.asarray(m), moments)
        total = part if total is None else jax.tree.map(np.add, total, part)
    return total


def _mean_and_error(values: PyTree) -> tuple[PyTree, PyTree]:
    mean = jax.tree.map(lambda v: v.mean(axis=0), values)
    error = jax.tree.map(lambda v: v.std(axis=0, ddof=1) / len(v) ** 0.5, values)
    return mean, error
