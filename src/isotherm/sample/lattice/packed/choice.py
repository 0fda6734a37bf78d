"""When Ising sweeps are packed into words, and how."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.energy.lattice.models import LatticeIsing
from isotherm.errors import refusal
from isotherm.sample.betas import at_beta
from isotherm.sample.kernel import Chains
from isotherm.sample.lattice.packed.bands import PackedBands
from isotherm.sample.lattice.packed.layout import Bands, Replicas
from isotherm.sample.lattice.packed.plan import sweep_of, why_not_bands, why_not_packed
from isotherm.sample.lattice.packed.replicas import PackedReplicas, ReplicaState
from isotherm.sample.lattice.updates import Method

MIN_REPLICAS = 8
"""With fewer chains, most bits of a word of replicas would be spare."""


class SitesOrReplicas(eqx.Module):
    """Sites for few chains, 32 chains a word for many.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        sites: kernel of one chain; its own beta is not used.
        replicas: kernel of many; likewise.
    """

    beta: Float[Array, "..."]
    sites: Any
    replicas: PackedReplicas
    remembers_beta: ClassVar[bool] = False

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> Any:
        """Start from spins of the lattice's shape ``(*shape,)``."""
        return self.sites.init(position, key)

    def step(self, key: Key[Array, ""], state: Any) -> tuple[Any, Any]:
        """One sweep of one chain by one key, a scalar."""
        return at_beta(self.sites, self.beta).step(key, state)

    def over_chains(self) -> Chains:
        """The faster way for as many chains as there are."""
        few = at_beta(self.sites, self.beta).over_chains()
        many = at_beta(self.replicas, self.beta).over_chains()

        def init(positions: Array, keys: Key[Array, " chains"]) -> Any:
            return (few if len(positions) < MIN_REPLICAS else many).init(positions, keys)

        def step(keys: Key[Array, " chains"], state: Any) -> tuple[Any, Any]:
            return (many if isinstance(state, ReplicaState) else few).step(keys, state)

        def view(state: Any) -> Any:
            return (many if isinstance(state, ReplicaState) else few).view(state)

        return Chains(init, step, view)


def packed_kernel(
    model: LatticeIsing, beta: Any, method: Method, sites: Any | None
) -> PackedBands | PackedReplicas | SitesOrReplicas:
    """The packed kernel of a model.

    Args:
        model: Ising spins.
        beta: inverse temperature.
        method: which.
        sites: the kernel for chains that cannot be packed alone; None if words are wanted whatever they cost.

    Raises:
        ValueError: naming what forbids words.
    """
    reason = why_not_packed(model)
    if reason is not None:
        raise refusal(*reason)
    beta = jnp.asarray(beta, jnp.float32)
    if why_not_bands(model.lattice) is None:
        return PackedBands(beta, sweep_of(model, method, Bands(model.lattice)))
    replicas = PackedReplicas(beta, sweep_of(model, method, Replicas(model.lattice)))
    return replicas if sites is None else SitesOrReplicas(beta, sites, replicas)
