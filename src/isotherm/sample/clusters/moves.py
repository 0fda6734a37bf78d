"""What clusters of a lattice model may do together: turn over at a mirror, or take another Potts state.

Either is an exact conditional law: given the open bonds, each cluster is free but for its fields.
"""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.sample.clusters.labels import cluster_sums, over_clusters


class AbstractMove(eqx.Module):
    """A way to change all of a cluster.

    Attributes:
        x: states of many chains, ``(chains, *shape)``.
    """

    x: eqx.AbstractVar[Array]

    @abc.abstractmethod
    def binding(self, direction: int) -> Float[Array, "chains *shape"]:
        """Energy won by bonds that hold, ``(chains, *shape)``, for the bond that starts at each site.

        An open one binds with probability ``1 - exp(-beta binding)``.
        """

    @abc.abstractmethod
    def redraw(self, beta: Array, labels: Int32[Array, "chains *shape"], uniforms: Array) -> Array:
        """Every cluster anew, from its conditional law.

        Args:
            beta: of each chain, shape ``(chains, 1, ...)``.
            labels: of the clusters.
            uniforms: a number in ``[0, 1)`` for each site; those at labels are used.
        """

    @abc.abstractmethod
    def magnetization2(self, beta: Array, labels: Int32[Array, "chains *shape"]) -> Float[Array, " chains"]:
        """Mean of ``m²`` over all that :meth:`redraw` could draw: the improved estimator, ``(chains,)``."""

    @abc.abstractmethod
    def propose(
        self, chosen: Bool[Array, "chains *shape"], uniforms: Float[Array, " chains"]
    ) -> tuple[Array, Array]:
        """All that is chosen changed, and the energy that the fields lose by it, a number a chain."""


class Reflection(AbstractMove):
    """Each site's component across a mirror may change sign: an Ising model embedded in another.

    Attributes:
        model: its couplings, halved for Potts, act on components.
        x: states of the chains, ``(chains, *shape)``.
        mirrored: states with all components reversed, likewise.
        component: across the mirror, with a sign, in [-1, 1], likewise.
        pull: field on the component, likewise.
        scale: factor on couplings and fields, 1/2 for Potts models (static).
        dimension: of the order parameter: ``m²`` is so many times the square of a random component's mean.
    """

    model: AbstractLatticeModel
    x: Array
    mirrored: Array
    component: Float[Array, "chains *shape"]
    pull: Float[Array, "chains *shape"]
    scale: float = eqx.field(static=True)
    dimension: int = eqx.field(static=True)

    def binding(self, direction: int) -> Float[Array, "chains *shape"]:
        """Twice the coupling times both components, ``(chains, *shape)``."""
        product = self.component * self.model.lattice.ends(self.component, direction)
        return 2 * self.scale * _sites(self.model.coupling[direction], self.model)[None] * product

    def redraw(self, beta: Array, labels: Int32[Array, "chains *shape"], uniforms: Array) -> Array:
        """Reversed with the probability that fields give, ``(chains, *shape)``."""
        is_reversed = uniforms < jax.nn.sigmoid(-2 * beta * self._forces(labels))
        return jnp.where(over_clusters(labels, is_reversed), self.mirrored, self.x)

    def magnetization2(self, beta: Array, labels: Int32[Array, "chains *shape"]) -> Float[Array, " chains"]:
        """Clusters' components add up with their mean signs, and their variances; ``(chains,)``."""
        total = cluster_sums(labels, self.component) / self.model.lattice.num_sites
        mean = total * jnp.tanh(beta * self._forces(labels))
        variance = jnp.square(total) - jnp.square(mean)
        return self.dimension * (jnp.square(_per_chain(mean)) + _per_chain(variance))

    def _forces(self, labels: Array) -> Array:
        return cluster_sums(labels, self.pull * self.component)

    def propose(
        self, chosen: Bool[Array, "chains *shape"], uniforms: Float[Array, " chains"]
    ) -> tuple[Array, Array]:
        """What is chosen reversed, ``(chains, *shape)``, and the energy lost, ``(chains,)``."""
        del uniforms
        lost = 2 * _per_chain(jnp.where(chosen, self.pull * self.component, 0.0))
        return jnp.where(chosen, self.mirrored, self.x), lost


class Recolouring(AbstractMove):
    """Potts states, equal throughout a cluster.

    Attributes:
        model: couplings at least 0.
        x: states of the chains, uint8 ``(chains, *shape)``.
    """

    model: LatticePotts
    x: Array

    def binding(self, direction: int) -> Float[Array, "chains *shape"]:
        """The coupling where both ends agree, else zero; ``(chains, *shape)``."""
        coupling = _sites(self.model.coupling[direction], self.model)[None]
        return jnp.where(self.x == self.model.lattice.ends(self.x, direction), coupling, 0.0)

    def redraw(self, beta: Array, labels: Int32[Array, "chains *shape"], uniforms: Array) -> Array:
        """State zero with the probability that fields give, the others alike; uint8 ``(chains, *shape)``."""
        q, zero = self.model.num_states, self._zero(beta, labels)
        other = ((uniforms - zero) / (1 - zero) * (q - 1)).astype(jnp.int32)
        drawn = jnp.where(uniforms < zero, 0, 1 + jnp.clip(other, 0, q - 2))
        return over_clusters(labels, drawn.astype(jnp.uint8))

    def magnetization2(self, beta: Array, labels: Int32[Array, "chains *shape"]) -> Float[Array, " chains"]:
        """Of the vector form: squares of the states' mean fractions, and their variances; ``(chains,)``."""
        q, zero = self.model.num_states, self._zero(beta, labels)
        each = (1 - zero) / (q - 1)
        part = cluster_sums(labels, jnp.ones_like(zero)) / self.model.lattice.num_sites
        squares = jnp.square(_per_chain(part * zero)) + (q - 1) * jnp.square(_per_chain(part * each))
        variance = jnp.square(part) * (1 - jnp.square(zero) - (q - 1) * jnp.square(each))
        return (q * (squares + _per_chain(variance)) - 1) / (q - 1)

    def _zero(self, beta: Array, labels: Array) -> Array:
        """Probability of state zero of the cluster that each site labels."""
        fields = jnp.broadcast_to(_sites(self.model.field, self.model), self.x.shape)
        return jax.nn.sigmoid(beta * cluster_sums(labels, fields) - math.log(self.model.num_states - 1))

    def propose(
        self, chosen: Bool[Array, "chains *shape"], uniforms: Float[Array, " chains"]
    ) -> tuple[Array, Array]:
        """What is chosen turned by the same random amount, ``(chains, *shape)``, and the energy lost."""
        q = self.model.num_states
        turn = 1 + jnp.minimum((uniforms * (q - 1)).astype(jnp.int32), q - 2)
        turned = ((self.x.astype(jnp.int32) + _spread(turn, self.x)) % q).astype(jnp.uint8)
        change = self.model.alignment(self.x) - self.model.alignment(turned)
        fields = _sites(self.model.field, self.model)[None]
        return jnp.where(chosen, turned, self.x), _per_chain(jnp.where(chosen, fields * change, 0.0))


def draw_move(uniforms: Float[Array, " chains"], model: AbstractLatticeModel, x: Array) -> AbstractMove:
    """What clusters do in this step: at a random mirror for clock and XY models.

    The mirrors of a clock are those that map its angles onto themselves, ``k -> a - k``; half of the even ones pass
    through two angles, none through any for odd ``a`` and even ``q``, and every one through one for odd ``q``.

    Args:
        uniforms: in ``[0, 1)``, shape ``(chains,)``; used where there are mirrors to choose from.
        model: Ising, Potts, clock or XY.
        x: states, ``(chains, *shape)``.

    Raises:
        TypeError: if it is another model.
    """
    if isinstance(model, LatticePotts) and model.num_states > 2:
        return Recolouring(model=model, x=x)
    if isinstance(model, LatticeIsing):
        return _mirror(model, x, -x, x.astype(jnp.float32))
    if isinstance(model, LatticePotts) or (isinstance(model, LatticeClock) and model.num_angles == 2):
        scale = 0.5 if isinstance(model, LatticePotts) else 1.0
        return _mirror(model, x, 1 - x, 1.0 - 2.0 * x.astype(jnp.float32), scale=scale)
    if isinstance(model, LatticeClock):
        return _clock_mirror(uniforms, model, x)
    if isinstance(model, LatticeXY):
        return _angle_mirror(uniforms, model, x)
    raise TypeError(f"model = {type(model).__name__}: clusters know Ising, Potts, clock and XY models")


def _clock_mirror(uniforms: Float[Array, " chains"], model: LatticeClock, x: Array) -> Reflection:
    q = model.num_angles
    sines = jnp.asarray(_half_sines(q), jnp.float32)
    mirrors = jnp.minimum((uniforms * q).astype(jnp.int32), q - 1)
    at, k = _spread(mirrors, x), x.astype(jnp.int32)
    mirrored = ((at - k) % q).astype(jnp.uint8)
    return _mirror(model, x, mirrored, sines[(2 * k - at) % (2 * q)], -sines[at], dimension=2)


def _angle_mirror(uniforms: Float[Array, " chains"], model: LatticeXY, x: Array) -> Reflection:
    at = _spread(math.pi * uniforms, x)
    turned = jnp.mod(2 * at - x, 2 * math.pi)
    # rounding can give a full turn
    mirrored = jnp.where(turned < 2 * math.pi, turned, 0.0)
    return _mirror(model, x, mirrored, jnp.sin(x - at), -jnp.sin(at), dimension=2)


def _mirror(
    model: AbstractLatticeModel,
    x: Array,
    mirrored: Array,
    component: Array,
    across: Array | float = 1.0,
    scale: float = 1.0,
    dimension: int = 1,
) -> Reflection:
    return Reflection(
        model=model,
        x=x,
        mirrored=mirrored,
        component=component,
        pull=jnp.broadcast_to(scale * across * _sites(model.field, model)[None], x.shape),
        scale=scale,
        dimension=dimension,
    )


def _half_sines(num_angles: int) -> np.ndarray:
    """``sin(pi m / num_angles)`` for two half turns, float64 ``(2 num_angles,)``, with exact zeros."""
    found = np.sin(np.pi * np.arange(2 * num_angles) / num_angles)
    found[[0, num_angles]] = 0.0
    return found


def _sites(values: Any, model: AbstractLatticeModel) -> Float[Array, "*shape"]:
    """A coupling or field at each site."""
    return jnp.broadcast_to(jnp.asarray(values, jnp.float32), model.lattice.shape)


def _spread(numbers: Array, x: Array) -> Array:
    """A number a chain, to go with states."""
    return numbers.reshape(-1, *(1,) * (x.ndim - 1))


def _per_chain(values: Array) -> Float[Array, " chains"]:
    return values.reshape(len(values), -1).sum(1)
