"""Bit-packed Ising sweeps of many chains: each word holds one site of 32 of them."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int8, Key, UInt32

from isotherm.random.seeds import joined_words, key_words
from isotherm.sample.kernel import Chains
from isotherm.sample.lattice.packed.bands import PackedSweep, spins_of
from isotherm.sample.lattice.packed.layout import BITS, pack, unpack
from isotherm.sample.lattice.updates import CheckerboardInfo


class ReplicaState(eqx.Module):
    """Many chains inside the loop; the last ones of the last words may be spare.

    Attributes:
        even: words of the sites whose indices add up to an even number, uint32 ``(words, *shape)``.
        odd: of the others, likewise.
        num_chains: how many chains there are (static).
    """

    even: UInt32[Array, "words *shape"]
    odd: UInt32[Array, "words *shape"]
    num_chains: int = eqx.field(static=True)


class PositionState(eqx.Module):
    """Spins of one chain, int8 ``(*shape,)``; or of several, leading."""

    position: Int8[Array, "*shape"]


class PackedReplicas(eqx.Module):
    """Sweeps of 32 chains a word, for :meth:`over_chains`: alone, a chain would waste 31 bits of each word.

    Chains of a word share a generator, which depends on the keys of them all: more chains change the first ones.

    Attributes:
        beta: inverse temperature: a number, or one a chain.
        sweep: the move.
    """

    beta: Float[Array, "..."]
    sweep: PackedSweep
    remembers_beta: ClassVar[bool] = False

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> PositionState:
        """Start from spins of the lattice's shape ``(*shape,)``."""
        del key
        return PositionState(jnp.asarray(position).astype(jnp.int8))

    def step(self, key: Key[Array, ""], state: PositionState) -> tuple[PositionState, CheckerboardInfo]:
        """One sweep of one chain by one key, a scalar; 31 bits of each word are spare."""
        chains = self.over_chains()
        packed, info = chains.step(key[None], chains.init(state.position[None], key[None]))
        return jax.tree.map(lambda x: x[0], (chains.view(packed), info))

    def over_chains(self) -> Chains:
        """Chains packed into words."""
        return Chains(self._init_chains, self._step_chains, self._view)

    def _init_chains(self, positions: Array, keys: Key[Array, " chains"] | None = None) -> ReplicaState:
        del keys
        even, odd = jax.vmap(self.sweep.layout.sites.split, out_axes=1)(positions > 0)
        pack_all = jax.vmap(pack)
        return ReplicaState(pack_all(_in_words(even)), pack_all(_in_words(odd)), len(positions))

    def _step_chains(
        self, keys: Key[Array, " chains"], state: ReplicaState
    ) -> tuple[ReplicaState, CheckerboardInfo]:
        num_chains = state.num_chains
        betas = _in_words(jnp.broadcast_to(self.beta, (num_chains,)))
        digits = self.sweep.digits(betas.T)
        seeds = joined_words(_in_words(jax.vmap(key_words)(keys)))
        even, odd = jax.vmap(self.sweep)(seeds, digits, (state.even, state.odd))
        moved = self._moved(state.even ^ even, state.odd ^ odd, num_chains)
        return ReplicaState(even, odd, num_chains), CheckerboardInfo(moved)

    def _moved(self, even: Array, odd: Array, num_chains: int) -> Float[Array, " chains"]:
        changed = self._view(ReplicaState(even, odd, num_chains)).position > 0
        return jnp.mean(changed.reshape(num_chains, -1).astype(jnp.float32), axis=1)

    def _view(self, state: ReplicaState) -> PositionState:
        parts = (
            jax.vmap(unpack)(words).reshape(-1, *words.shape[1:])[: state.num_chains]
            for words in (state.even, state.odd)
        )
        return PositionState(spins_of(jax.vmap(self.sweep.layout.sites.join, 1)(jnp.stack(list(parts)))))


def _in_words(leaves: Any) -> Array:
    """From chains leading to ``(words, 32, ...)``; spare places repeat the last chain."""
    spare = -len(leaves) % BITS
    padded = jnp.pad(leaves, [(0, spare)] + [(0, 0)] * (leaves.ndim - 1), mode="edge")
    return padded.reshape(-1, BITS, *leaves.shape[1:])
