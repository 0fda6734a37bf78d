"""Ising spins, a byte each."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from isotherm.random.bits import uniform
from isotherm.sample.lattice.updates import PROPOSED, AbstractUpdate, Method, Pull, Surroundings, Words


class Spins(AbstractUpdate):
    """Spins of +1 and -1, int8."""

    method: Method = eqx.field(static=True)

    @property
    def num_words(self) -> int:
        """One."""
        return 1

    def seen(self, part: Array) -> tuple[Array, ...]:
        """The spins, int8 ``(*shape,)``."""
        return (part,)

    def pull(self, around: Surroundings) -> Pull:
        """The local field."""
        total = around.field
        for (spins,), coupling in zip(around.neighbours, around.couplings, strict=True):
            total = total + coupling * spins.astype(jnp.float32)
        return (total,)

    def draw(self, words: Words, beta: Array, part: Array, pull: Pull) -> Array:
        """Up with the probability that the local field gives, or flipped by Metropolis' rule; int8 ``(*shape,)``."""
        field = beta * pull[0]
        if self.method == "heat-bath":
            up = uniform(words(0)) < jax.nn.sigmoid(2 * field)
            return jnp.where(up, 1, -1).astype(jnp.int8)
        loss = 2 * field * part.astype(jnp.float32)
        taken = uniform(words(0)) < PROPOSED * jnp.exp(jnp.minimum(-loss, 0.0))
        return jnp.where(taken, -part, part)

    def reflect(self, part: Array, pull: Pull) -> Array:
        """Spins cannot."""
        raise NotImplementedError
