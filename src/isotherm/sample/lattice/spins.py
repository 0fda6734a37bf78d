"""Ising spins, a byte each."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from isotherm.random.bits import uniform
from isotherm.sample.lattice.updates import PROPOSED, AbstractUpdate, Method, Surroundings, Words


class Spins(AbstractUpdate):
    """Spins of +1 and -1, int8."""

    method: Method = eqx.field(static=True)

    @property
    def num_words(self) -> int:
        """One."""
        return 1

    def seen(self, part: Array) -> tuple[Array, ...]:
        """The spins."""
        return (part,)

    def draw(self, words: Words, beta: Array, part: Array, around: Surroundings) -> Array:
        """Up with the probability that the local field gives, or flipped by Metropolis' rule."""
        field = beta * _local_field(around)
        if self.method == "heat-bath":
            up = uniform(words(0)) < jax.nn.sigmoid(2 * field)
            return jnp.where(up, 1, -1).astype(jnp.int8)
        loss = 2 * field * part.astype(jnp.float32)
        taken = uniform(words(0)) < PROPOSED * jnp.exp(jnp.minimum(-loss, 0.0))
        return jnp.where(taken, -part, part)

    def reflect(self, part: Array, around: Surroundings) -> Array:
        """Spins cannot."""
        raise NotImplementedError


def _local_field(around: Surroundings) -> Array:
    total = around.field
    for (spins,), coupling in zip(around.neighbours, around.couplings, strict=True):
        total = total + coupling * spins.astype(jnp.float32)
    return total
