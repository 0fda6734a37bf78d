"""How an agent's counts grow: at every step from the window, or at the end of an episode from all of it."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.act.inference.history import Experience
from isotherm.act.inference.learning import observation_counts_of, smoothed, transition_counts_of
from isotherm.act.inference.mind import LearnedCounts, Rates
from isotherm.act.inference.settings import Settings
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.learn.counts.dirichlet import updated


def counted_in(
    model: GenerativeModel,
    settings: Settings,
    B: Tensors,
    seen: Experience,
    of_steps: Float[Array, "ways steps"],
    of_links: Float[Array, "ways links"],
) -> LearnedCounts:
    """What a window adds to the counts of A and B, for several ways to weigh its steps: leaves lead with ways.

    Args:
        model: priors of counts, and who depends on whom.
        settings: what is learned, by which algorithm.
        B: laws by which beliefs are smoothed, event axis last.
        seen: the window.
        of_steps: weights of observations, ``(ways, T)``.
        of_links: weights of transitions, ``(ways, T - 1)``.
    """
    pairs = smoothed(settings, seen, B)
    beliefs = seen.beliefs if pairs is None else tuple(one.beliefs for one in pairs)

    def weighed(steps: Array, links: Array) -> LearnedCounts:
        of_A = of_B = None
        if settings.learn_A:
            of_A = observation_counts_of(model, seen.weighted(steps), beliefs, settings.keep_zeros)
        if settings.learn_B:
            of_B = transition_counts_of(model, seen, pairs, B, links, settings.keep_zeros)
        return LearnedCounts(of_A, of_B, None)

    return jax.vmap(weighed)(of_steps, of_links)


def counted_offline(
    model: GenerativeModel,
    settings: Settings,
    rates: Rates,
    B: Tensors,
    seen: Experience,
    counts: LearnedCounts,
) -> LearnedCounts:
    """Counts after an episode, all steps of which count once.

    Args:
        model: priors.
        settings: what is learned.
        rates: of learning and forgetting.
        B: laws in use, event axis last.
        seen: the episode.
        counts: before it.
    """
    ones = jnp.ones((1, seen.actions.shape[0]), seen.beliefs[0].dtype)
    added = counted_in(model, settings, B, seen, ones, ones[:, 1:])
    return grown(counts, jax.tree.map(lambda leaf: leaf[0], added), model, rates)


def grown(counts: LearnedCounts, added: LearnedCounts, model: GenerativeModel, rates: Rates) -> LearnedCounts:
    """Counts of A and B after one update: decayed towards the prior, and added to."""

    def of(old: Tensors | None, new: Tensors | None, prior: Tensors | None, rate: Array) -> Tensors | None:
        if old is None or new is None or prior is None:
            return old
        return tuple(
            updated(o, n, rate=rate, forgetting=rates.forgetting, base=p)
            for o, n, p in zip(old, new, prior, strict=True)
        )

    A = of(counts.A, added.A, model.pA, rates.A)
    return LearnedCounts(A, of(counts.B, added.B, model.pB, rates.B), counts.D)


def counted_online(
    model: GenerativeModel,
    settings: Settings,
    rates: Rates,
    B: Tensors,
    seen: Experience,
    settled: LearnedCounts,
) -> tuple[LearnedCounts, LearnedCounts]:
    """Counts after a step, and those of them that no longer change: each step counts once, however long the window.

    What has left the window is settled; the window is counted anew each time, as later observations change what is
    believed of it.

    Args:
        model: priors.
        settings: what is learned.
        rates: of learning and forgetting.
        B: laws in use, event axis last.
        seen: the window, of which the last step is now.
        settled: counts of all steps before the window.
    """
    size = seen.actions.shape[0]
    age = jnp.arange(size - 1, -1, -1, dtype=jnp.int32).astype(seen.beliefs[0].dtype)
    weights = rates.forgetting**age
    is_leaving = (jnp.arange(size, dtype=jnp.int32) == 0) & (seen.num_valid >= size)
    leaving = jnp.where(is_leaving, weights, 0.0)
    leaving_links = jnp.where(is_leaving[:-1], weights[1:], 0.0)  # a transition is as old as what it led to
    steps, links = jnp.stack([weights, leaving]), jnp.stack([weights[1:], leaving_links])
    added = counted_in(model, settings, B, seen, steps, links)
    every, first = (jax.tree.map(lambda leaf, way=way: leaf[way], added) for way in (0, 1))
    return grown(settled, every, model, rates), grown(settled, first, model, rates)
