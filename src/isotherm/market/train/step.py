"""The mean objective of a batch of windows, and its gradient for all sets. Section 7.3."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from isotherm.learn.steps import Slope
from isotherm.market.train.objective import WindowObjective, WindowPrices

Sets = dict[str, Array]


class BatchGradient(eqx.Module):
    """The gradient for ``isotherm.learn.descend``: of the mean objective of a batch, for each set its own.

    Attributes:
        objective: of a window.
    """

    objective: WindowObjective

    def __call__(self, starts: Int[Array, " windows"], params: Sets, memory: tuple[()]) -> Slope:
        """Downhill of the negative objective; ``value`` is the objective, ``(sets,)``.

        Args:
            starts: rows at which the windows start, the same for all sets.
            params: raw parameters, ``(sets, ...)`` each.
            memory: none.
        """
        known = jax.lax.map(
            self.objective.read, starts
        )  # one after the other: a window is large, its sums are not
        climb = jax.vmap(jax.value_and_grad(self.mean), in_axes=(0, None, None))
        values, uphill = climb(params, starts, known)
        return Slope(jax.tree.map(jnp.negative, uphill), memory, values)

    def mean(
        self, params: Sets, starts: Int[Array, " windows"], known: WindowPrices | None
    ) -> Float[Array, ""]:
        """Over the windows, of one set; ``known`` is what the objective reads of each before."""
        return jnp.mean(jax.vmap(self.objective.judged, in_axes=(None, 0, 0))(params, starts, known))
