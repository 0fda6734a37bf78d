"""The contract of every energy: an immutable pytree with a scalar energy of a state."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree


class AbstractEnergy(eqx.Module):
    """A function of a state; low energy means high probability, ``p(x) ∝ q(x) exp(-beta E(x))``.

    Parameters are array leaves, so that an energy can be ``vmap``-ped, differentiated and swept over without
    recompiling; sizes and structure are static. ``beta`` is never stored here: whoever samples says at which
    temperature.
    """

    @abc.abstractmethod
    def energy(self, x: PyTree) -> Float[Array, ""]:
        """Energy of one state, a scalar in floats; ``vmap`` for more.

        Args:
            x: one state without a batch axis: an array, or a tree of them, in the shapes that the model says.
        """
