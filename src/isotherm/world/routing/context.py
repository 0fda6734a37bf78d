"""What every routing world shows: the context of an order, and how contexts are chosen."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int8, Int32, Key

from isotherm.doors import choice, is_traced, number, random_key, real_numbers
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed
from isotherm.random.ties import choose_best
from isotherm.sample.clamp import Clamp

ContextMode = Literal["fixed", "random"]

TOLERANCE = 1e-6
"""Scores this close tie: inference in float32 tells equal venues apart by less."""


class Context(NamedTuple):
    """What an agent knows when it routes an order.

    Attributes:
        venues: the ``k`` venues whose outcome is seen for free, in order, shape ``(k,)``, int32.
        outcomes: their outcomes, ``+1`` or ``-1``, shape ``(k,)``, int8.
        available: venues that the order may go to, shape ``(n,)``; never a context venue.

    >>> context = Context(jnp.array([2]), jnp.array([1], jnp.int8), jnp.array([True, True, False]))
    >>> context.num_venues, context.clamp().values.tolist()
    (3, [0, 0, 1])
    """

    venues: Int32[Array, " k"]
    outcomes: Int8[Array, " k"]
    available: Bool[Array, " n"]

    @property
    def num_venues(self) -> int:
        """Number of venues ``n``."""
        return self.available.shape[-1]

    def clamp(self) -> Clamp:
        """The context as evidence on ``n`` spins."""
        return observed(self.num_venues, self.venues, self.outcomes)

    def with_action(self, action: Int32[Array, ""], outcome: Int8[Array, ""]) -> Clamp:
        """The context and the outcome of the chosen venue as evidence of shape ``(n,)``: all that a step has shown.

        Args:
            action: the venue, an int32 scalar.
            outcome: above 0 for a success, an int8 scalar.
        """
        venues = jnp.append(self.venues, action)
        return observed(self.num_venues, venues, jnp.append(self.outcomes, outcome))


def observed(n: int, venues: Int32[Array, " m"], outcomes: Int8[Array, " m"]) -> Clamp:
    """Evidence of ``outcomes`` at ``venues`` among ``n``: what is above 0 is a success, as agents count it.

    Args:
        n: venues in all.
        venues: numbers of different ones, int32, shape ``(m,)``.
        outcomes: of each, int8, shape ``(m,)``.

    Returns:
        Mask and values of shape ``(n,)``; values are 0 where nothing was observed.
    """
    at = venues[:, None] == jnp.arange(n)[None]
    signs = jnp.where(outcomes > 0, 1, -1).astype(jnp.int8)
    values = jnp.sum(jnp.where(at, signs[:, None], 0), axis=0, dtype=jnp.int8)
    return Clamp(mask=at.any(axis=0), values=values)


def is_random_mode(context_mode: str) -> Bool[Array, ""]:
    """Whether contexts are random, as a bool scalar of JAX, so that worlds of both modes compile once.

    Raises:
        ValueError: if ``context_mode`` is neither ``"fixed"`` nor ``"random"``.
    """
    choice("context_mode", context_mode, get_args(ContextMode))
    return jnp.asarray(context_mode == "random")


def choose_context(
    key: Key[Array, ""], eligible: Bool[Array, " n"], num_context: int, is_random: Bool[Array, ""]
) -> Int32[Array, " k"]:
    """The context venues of one step: a uniformly random subset in random order, or the first eligible ones.

    Args:
        key: used where ``is_random``.
        eligible: venues that may be context, shape ``(n,)``; at least ``num_context`` of them.
        num_context: ``k``, at least 1 (static).
        is_random: random or fixed.
    """
    in_order = -jnp.arange(eligible.shape[0], dtype=jnp.float32)
    priority = jnp.where(is_random, jax.random.uniform(key, eligible.shape), in_order)
    return jax.lax.top_k(jnp.where(eligible, priority, -jnp.inf), num_context)[1].astype(jnp.int32)


def route(
    key: KeyOrSeed,
    scores: Float[Array, " n"],
    available: Bool[Array, " n"],
    tolerance: float = TOLERANCE,
) -> Int32[Array, ""]:
    """The available venue of the highest score; where several have it, each with the same probability.

    Nothing depends on the order of the venues.

    Args:
        key: decides between venues that tie.
        scores: shape ``(n,)``; large ones tie within a few steps of their type, see
            :func:`isotherm.random.ties.is_best`.
        available: shape ``(n,)``, at least one.
        tolerance: scores this close to the highest tie with it, at least 0; 0 where the scores are draws themselves.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming a shape that does not fit, or a number out of range; or if no venue is available.
    """
    key = random_key("key", key)
    number("tolerance", tolerance, least=0)
    for name, given in (("scores", scores), ("available", available)):
        if not is_traced(given):
            real_numbers(name, given)
    if jnp.ndim(scores) != 1 or jnp.shape(scores) != jnp.shape(available):
        shapes = (jnp.shape(scores), jnp.shape(available))
        raise refusal("scores.shape, available.shape", shapes, "must both be (n,)")
    if not (is_traced(available) or np.asarray(available).any()):
        raise refusal("available", False, "at least one venue must be")
    scores, available = jnp.asarray(scores, jnp.result_type(float)), jnp.asarray(available, bool)
    return choose_best(key, scores, available, tolerance)
