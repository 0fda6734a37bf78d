"""Continuous angles, kept as unit vectors: no trigonometry among neighbours, and reflections by products."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from isotherm.random.bits import uniform
from isotherm.sample.lattice.states import local_field
from isotherm.sample.lattice.updates import AbstractUpdate, Method, Stored, Surroundings, Words

NUM_TRIES = 2
"""Tries of the rejection sampler; each succeeds with probability 0.66 to 1, the less the stronger the field."""


class Angles(AbstractUpdate):
    """Cosine and sine of each angle."""

    method: Method = eqx.field(static=True)

    @property
    def num_words(self) -> int:
        """Two a try."""
        return 2 * NUM_TRIES if self.method == "heat-bath" else 2

    def stored(self, x: Array) -> Stored:
        """Unit vectors."""
        return jnp.cos(x), jnp.sin(x)

    @staticmethod
    def position(part: Stored) -> Array:
        """Angles in ``[0, 2π)``."""
        angle = jnp.arctan2(part[1], part[0])
        angle = jnp.where(angle < 0, angle + 2 * math.pi, angle)
        return jnp.where(angle >= 2 * math.pi, 0.0, angle)

    def draw(self, words: Words, beta: Array, part: Stored, around: Surroundings) -> Stored:
        """Heat bath, or a turn by Metropolis' rule."""
        x, y = local_field(around.neighbours, around)
        move = _von_mises if self.method == "heat-bath" else _turn
        return move(words, part, beta * x, beta * y)

    def reflect(self, part: Stored, around: Surroundings) -> Stored:
        """Twice the projection on the local field minus the vector, shortened or stretched to length one."""
        x, y = local_field(around.neighbours, around)
        cosine, sine = part
        square = x * x + y * y
        twice = 2 * (x * cosine + y * sine) / jnp.where(square > 0, square, 1.0)
        return normal(twice * x - cosine, twice * y - sine)


def _von_mises(words: Words, part: Stored, x: Array, y: Array) -> Stored:
    """The law ``exp(x cos θ + y sin θ)`` by :data:`NUM_TRIES` tries; where all fail, the angle as it was.

    The tries do not know the angle, so whether they fail is independent of it: a mixture of the heat bath and
    of standing still, which keeps detailed balance. Best and Fisher's envelope, a wrapped Cauchy law, comes
    from a Cauchy variable as the tangent of half the angle; with their ``r`` the constants are, for
    ``k = |(x, y)|``, ``k (r - 1) = 1/2 + 1/(4 (k + q))`` where ``q² = 1/4 + k²``. Any constants would be exact.
    """
    k = jnp.sqrt(x * x + y * y)
    gap = 0.5 + 0.25 / (k + jnp.sqrt(0.25 + k * k))
    squeeze = gap / (gap + 2 * k)
    is_free = k == 0
    x = jnp.where(is_free, 1.0, x / jnp.where(is_free, 1.0, k))
    y = jnp.where(is_free, 0.0, y / jnp.where(is_free, 1.0, k))
    for which in range(NUM_TRIES):
        cosine, sine = half_circle(words(2 * which))
        along, across = cosine * cosine, squeeze * sine * sine
        scale = 1 / (along + across)
        c, s = (along - across) * scale, 2 * jnp.sqrt(squeeze) * sine * cosine * scale
        weight = gap + 2 * k * across * scale
        taken = uniform(words(2 * which + 1)) < weight * jnp.exp(1 - weight)
        drawn = (x * c - y * s, y * c + x * s)
        part = tuple(jnp.where(taken, new, old) for new, old in zip(drawn, part, strict=True))
    return part


def _turn(words: Words, part: Stored, x: Array, y: Array) -> Stored:
    """Metropolis: a turn of either sign, uniform up to a width that depends on neighbours alone."""
    cosine, sine = part
    width = jnp.minimum(math.pi, 2.5 / jnp.sqrt(jnp.maximum(jnp.sqrt(x * x + y * y), 0.1)))
    angle = width * (2 * uniform(words(0)) - 1)
    c, s = jnp.cos(angle), jnp.sin(angle)
    proposed = (cosine * c - sine * s, sine * c + cosine * s)
    gain = x * (proposed[0] - cosine) + y * (proposed[1] - sine)
    taken = uniform(words(1)) < jnp.exp(gain)
    return tuple(jnp.where(taken, new, old) for new, old in zip(normal(*proposed), part, strict=True))


def normal(x: Array, y: Array) -> Stored:
    """Nearly unit vectors, made so by one Newton step."""
    stretch = 1.5 - 0.5 * (x * x + y * y)
    return x * stretch, y * stretch


def half_circle(words: UInt32[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Cosine, at least 0, and sine of angles uniform in ``(-π/2, π/2)``, off by less than ``4e-7``.

    Four octants from two bits: the sign of the sine, and which of the two is the larger; Taylor's series
    up to a quarter of π.
    """
    x = uniform(words) * (math.pi / 4)
    z = x * x
    sine = x * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040))))
    cosine = 1 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320))))
    swap = (words & 1) != 0
    cosine, sine = jnp.where(swap, sine, cosine), jnp.where(swap, cosine, sine)
    return cosine, jnp.where((words & 2) != 0, -sine, sine)
