"""Swendsen-Wang and Wolff on lattices, with the estimators that clusters improve.

Clock and XY models turn over at a random mirror: across it they are Ising models, with couplings that the angles
give, so that fields and couplings of any sign are drawn exactly there too.
"""

import abc
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, Key, UInt32

from isotherm.energy.lattice.models import AbstractLatticeModel, LatticePotts, spread
from isotherm.energy.lattice.shapes import Lattice
from isotherm.energy.tilt.inputs import checked_number
from isotherm.errors import refusal
from isotherm.random.bits import seed_words, uniform
from isotherm.random.counter import counted_words
from isotherm.sample.clusters.labels import cluster_labels, cluster_sums, wrapping
from isotherm.sample.clusters.moves import AbstractMove, draw_move
from isotherm.sample.kernel import Chains


class ClusterStatistics(NamedTuple):
    """Of the clusters that a step drew; each of shape ``(*chains,)``.

    Attributes:
        num_clusters: how many.
        largest: fraction of sites in the largest.
        mean_size: ``Σ size² / N²``: the improved estimator of ``⟨m²⟩`` for Ising models without field and of
            equal signs, and for Potts models without field.
        magnetization2: mean of ``m²`` over all that the clusters could have become; improves ``⟨m²⟩`` of any model.
        wraps: whether a cluster winds around each dimension, an odd number of times, ``(*chains, dimensions)``; None
            unless asked for.
    """

    num_clusters: Int32[Array, "*chains"]
    largest: Float[Array, "*chains"]
    mean_size: Float[Array, "*chains"]
    magnetization2: Float[Array, "*chains"]
    wraps: Bool[Array, "*chains dimensions"] | None = None


class LatticeClusterState(NamedTuple):
    """A state of the model, ``(*chains, *shape)``, and statistics of the clusters of the last step.

    Before the first step these are NaN, but for the number of clusters, which is 0, and ``wraps``, which is false.
    """

    position: Array
    clusters: ClusterStatistics


class LatticeClusterInfo(NamedTuple):
    """Fraction of sites that a step changed, in ``[0, 1]``, shape ``(*chains,)``."""

    flipped: Float[Array, "*chains"]


class Numbers(NamedTuple):
    """Random numbers of one step of many chains, in ``[0, 1)``, by counting from 128 bits a chain.

    Attributes:
        seeds: uint32, shape ``(chains, 4)``.
        lattice: the geometry.
    """

    seeds: UInt32[Array, "chains 4"]
    lattice: Lattice

    def each(self, stream: int) -> Float[Array, "chains *shape"]:
        """A number a site, ``(chains, *shape)``; streams are the bonds' directions, and one more."""
        n = self.lattice.num_sites
        return self._counted(jnp.arange(stream * n, (stream + 1) * n)).reshape(-1, *self.lattice.shape)

    def single(self, index: int) -> Float[Array, " chains"]:
        """A number a chain, ``(chains,)``; other ones for each index."""
        beyond = (len(self.lattice.directions) + 1) * self.lattice.num_sites
        return self._counted(jnp.array([beyond + index]))[:, 0]

    def _counted(self, counts: Array) -> Float[Array, "chains counts"]:
        words = jax.vmap(lambda seed: counted_words(seed[:, None], counts.astype(jnp.uint32))[:, 0])
        return uniform(words(self.seeds))


class AbstractLatticeClusters(eqx.Module):
    """What cluster kernels of lattices share: clusters of all chains are drawn and labelled together.

    Attributes:
        model: the lattice model.
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
        tells_wrapping: whether steps look for clusters that wind around (static).
    """

    model: AbstractLatticeModel
    beta: Float[Array, "..."]
    tells_wrapping: bool = eqx.field(static=True, default=False)
    remembers_beta: ClassVar[bool] = False

    @abc.abstractmethod
    def move(self, beta: Array, labels: Array, move: AbstractMove, numbers: "Numbers") -> Array:
        """States after the move, ``(chains, *shape)``, given the clusters.

        Args:
            beta: shape ``(chains, 1, ...)``, or all ones.
            labels: of clusters, int32 ``(chains, *shape)``.
            move: what clusters may do.
            numbers: random ones.
        """

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> LatticeClusterState:
        """Start from a state of shape ``(*shape,)``, the lattice's, in the dtype of the model.

        Raises:
            ValueError: if it has another shape or dtype.
        """
        del key
        return jax.tree.map(lambda leaf: leaf[0], self._init_chains(position[None], None))

    def step(
        self, key: Key[Array, ""], state: LatticeClusterState
    ) -> tuple[LatticeClusterState, LatticeClusterInfo]:
        """One update of one chain by one key, a scalar."""
        together = jax.tree.map(lambda leaf: leaf[None], state)
        return jax.tree.map(lambda leaf: leaf[0], self._step_chains(key[None], together))

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return Chains(self._init_chains, self._step_chains, lambda state: state)

    def _init_chains(self, positions: Array, keys: Any) -> LatticeClusterState:
        del keys
        shape, dtype = self.model.lattice.shape, self.model.dtype
        if positions.shape[1:] != shape or positions.dtype != dtype:
            found = f"{positions.dtype}{list(positions.shape[1:])}"
            raise refusal("position", found, f"must be {np.dtype(dtype)}{list(shape)}")
        unknown = jnp.full(len(positions), jnp.nan, jnp.float32)
        wraps = jnp.zeros((len(positions), len(shape)), bool) if self.tells_wrapping else None
        statistics = ClusterStatistics(jnp.zeros(len(positions), jnp.int32), unknown, unknown, unknown, wraps)
        return LatticeClusterState(positions, statistics)

    def _step_chains(
        self, keys: Key[Array, " chains"], state: LatticeClusterState
    ) -> tuple[LatticeClusterState, LatticeClusterInfo]:
        lattice, x = self.model.lattice, state.position
        numbers = Numbers(jax.vmap(seed_words)(keys), lattice)
        beta = self.beta.reshape(-1, *(1,) * (x.ndim - 1))
        move = draw_move(numbers.single(0), self.model, x)
        is_open = _open_bonds(lattice, beta, move, numbers)
        labels = cluster_labels(lattice, is_open)
        after = self.move(beta, labels, move, numbers)
        statistics = _statistics(labels, move.magnetization2(beta, labels))
        if self.tells_wrapping:
            statistics = statistics._replace(wraps=wrapping(lattice, is_open))
        flipped = jnp.mean((after != x).reshape(len(x), -1).astype(jnp.float32), axis=1)
        return LatticeClusterState(after, statistics), LatticeClusterInfo(flipped)


class LatticeSwendsenWang(AbstractLatticeClusters):
    """Every cluster is drawn anew; made by :func:`lattice_swendsen_wang`."""

    def move(self, beta: Array, labels: Array, move: AbstractMove, numbers: "Numbers") -> Array:
        """All clusters drawn anew, ``(chains, *shape)``."""
        return move.redraw(beta, labels, numbers.each(len(self.model.lattice.directions)))


class LatticeWolff(AbstractLatticeClusters):
    """The cluster around a random site changes; made by :func:`lattice_wolff`."""

    def move(self, beta: Array, labels: Array, move: AbstractMove, numbers: "Numbers") -> Array:
        """One cluster of each chain, if its fields accept, ``(chains, *shape)``."""
        flat = labels.reshape(len(labels), -1)
        seeds = jnp.minimum((numbers.single(1) * flat.shape[1]).astype(jnp.int32), flat.shape[1] - 1)
        chosen = (flat == jnp.take_along_axis(flat, seeds[:, None], axis=1)).reshape(labels.shape)
        proposed, lost = move.propose(chosen, numbers.single(2))
        is_accepted = jnp.log1p(-numbers.single(3)) <= -beta.reshape(-1) * lost
        return jnp.where(is_accepted.reshape(-1, *(1,) * (labels.ndim - 1)), proposed, move.x)


def lattice_swendsen_wang(
    model: AbstractLatticeModel,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    tells_wrapping: bool = False,
) -> LatticeSwendsenWang:
    """Swendsen-Wang for lattice models; :func:`isotherm.sample.clusters.graph.swendsen_wang` leads here.

    Raises:
        ValueError: if ``beta`` is not finite; or a Potts model of more than two states has a negative coupling
            or ``beta``.
    """
    return LatticeSwendsenWang(model=model, beta=_checked(model, beta), tells_wrapping=tells_wrapping)


def lattice_wolff(
    model: AbstractLatticeModel, beta: Float[Array | np.ndarray, "..."] | float = 1.0
) -> LatticeWolff:
    """Wolff's single cluster for lattice models; :func:`isotherm.sample.clusters.graph.wolff` leads here.

    Raises:
        ValueError: as :func:`lattice_swendsen_wang`.
    """
    return LatticeWolff(model=model, beta=_checked(model, beta))


def _open_bonds(
    lattice: Lattice, beta: Array, move: AbstractMove, numbers: Numbers
) -> Bool[Array, "directions chains *shape"]:
    def along(d: int) -> Array:
        # the complement of a uniform number is above zero, so that no bond without binding opens
        opens = jnp.exp(-beta * move.binding(d)) < 1 - numbers.each(d)
        return opens & lattice.has_bond[d][None]

    return jnp.stack([along(d) for d in range(len(lattice.directions))])


def _statistics(labels: Array, magnetization2: Array) -> ClusterStatistics:
    num_sites = labels[0].size
    parts = cluster_sums(labels, jnp.ones(labels.shape, jnp.float32)).reshape(len(labels), -1) / num_sites
    return ClusterStatistics(
        num_clusters=jnp.sum(parts > 0, axis=1, dtype=jnp.int32),
        largest=parts.max(1),
        mean_size=jnp.square(parts).sum(1),
        magnetization2=magnetization2,
    )


def _checked(
    model: AbstractLatticeModel, beta: Float[Array | np.ndarray, "..."] | float
) -> Float[Array, "..."]:
    number = checked_number("beta", beta, per_chain=True)
    if isinstance(model, LatticePotts) and model.num_states > 2:
        bonds = np.array([spread(j, model.lattice.shape) for j in model.coupling])[model.lattice.has_bond]
        for name, values in (("coupling", bonds), ("beta", np.asarray(beta))):
            if (values < 0).any():
                allowed = "must be at least 0: clusters of more than two states hold equal ones"
                raise refusal(name, float(values.min()), allowed)
    return number.astype(jnp.float32)
