"""Continuous angles: heat bath by a rejection sampler that may fail, Metropolis, and reflections."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.random.bits import uniform
from isotherm.sample.lattice.circle import angle_of, unit_vector
from isotherm.sample.lattice.states import local_field
from isotherm.sample.lattice.updates import AbstractUpdate, Method, Pull, Surroundings, Words

NUM_TRIES = 2
"""Tries of the rejection sampler; each succeeds with probability 0.66 to 1, the less the stronger the field."""

MAX_WIDTH = math.pi
"""Of proposals; :data:`WIDTH` over the square root of beta times the local field, where that is less."""

WIDTH = 2.5


class Angles(AbstractUpdate):
    """Angles in radians, ``[0, 2π)``."""

    method: Method = eqx.field(static=True)

    @property
    def num_words(self) -> int:
        """Two a try."""
        return 2 * NUM_TRIES if self.method == "heat-bath" else 2

    def seen(self, part: Array) -> tuple[Array, ...]:
        """Cosines and sines, each in the shape ``(*shape,)`` of the part."""
        return unit_vector(part)

    def pull(self, around: Surroundings) -> Pull:
        """The local field."""
        return local_field(around)

    def draw(self, words: Words, beta: Array, part: Array, pull: Pull) -> Array:
        """Heat bath, or a turn by Metropolis' rule: radians in ``[0, 2π)``, ``(*shape,)`` as the part."""
        x, y = pull
        return (_von_mises if self.method == "heat-bath" else _turn)(words, part, beta * x, beta * y)

    def reflect(self, part: Array, pull: Pull) -> Array:
        """Twice the local field's direction minus the angle, ``(*shape,)``; without a field the angle as it is."""
        x, y = pull
        cosine, sine = unit_vector(part)
        # the square of the field as a complex number, times the conjugate of the angle's
        x, y = x * x - y * y, 2 * x * y
        reflected = angle_of(x * cosine + y * sine, y * cosine - x * sine)
        return jnp.where((x == 0) & (y == 0), part, reflected)


def _von_mises(words: Words, part: Array, x: Array, y: Array) -> Array:
    """The law ``exp(x cos θ + y sin θ)`` by :data:`NUM_TRIES` tries; where all fail, the angle as it was.

    The tries do not know the angle, so whether they fail is independent of it: a mixture of the heat bath and
    of standing still, which keeps detailed balance. Best and Fisher's envelope, a wrapped Cauchy law, comes
    from a Cauchy variable as the tangent of half the angle; with their ``r`` the constants are, for
    ``k = |(x, y)|``, ``k (r - 1) = 1/2 + 1/(4 (k + q))`` where ``q² = 1/4 + k²``. Any constants would be exact.
    """
    k = jnp.sqrt(x * x + y * y)
    gap = 0.5 + 0.25 / (k + jnp.sqrt(0.25 + k * k))
    squeeze = jnp.sqrt(gap / (gap + 2 * k))
    tangent = jnp.full_like(k, jnp.inf)
    for which in range(NUM_TRIES):
        cosine, sine = unit_vector(_half_turn(words(2 * which)))
        proposed = squeeze * sine / cosine
        square = proposed * proposed
        weight = gap + 2 * k * (square / (1 + square))
        taken = uniform(words(2 * which + 1)) < weight * jnp.exp(1 - weight)
        tangent = jnp.where(taken, proposed, tangent)
    along, across = 1 - tangent * tangent, 2 * tangent
    x = jnp.where(k == 0, 1.0, x)
    drawn = angle_of(x * along - y * across, y * along + x * across)
    return jnp.where(jnp.isinf(tangent), part, drawn)


def _half_turn(words: Array) -> Float[Array, "..."]:
    """Uniform in ``(-π/2, π/2)``, both ends excluded."""
    return math.pi * (uniform(words) - (0.5 - 2.0**-25))


def _turn(words: Words, part: Array, x: Array, y: Array) -> Array:
    """Metropolis: a turn of either sign, uniform up to a width that depends on neighbours alone."""
    width = jnp.minimum(MAX_WIDTH, WIDTH / jnp.sqrt(jnp.sqrt(x * x + y * y) + 1e-6))
    angle = part + width * (2 * uniform(words(0)) - 1)
    angle = jnp.where(angle < 0, angle + 2 * math.pi, angle)
    angle = jnp.where(angle >= 2 * math.pi, angle - 2 * math.pi, angle)
    (cosine, sine), (c, s) = unit_vector(part), unit_vector(angle)
    taken = uniform(words(1)) < jnp.exp(x * (c - cosine) + y * (s - sine))
    return jnp.where(taken, angle, part)
