"""Replica exchange over any kernel, and a ladder of temperatures fitted to it.

Temperatures travel, states stay: a swap of two rungs only renumbers them, whatever layout the chains of a
kernel run in. Rungs are tried in alternation, even pairs and odd pairs (not at random), which lets a replica
keep its direction.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int32, Key, PyTree

from isotherm import doors
from isotherm.energy.graph import FactorGraph
from isotherm.energy.inputs import finite
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.betas import BetasOf, betas_of
from isotherm.sample.kernel import Chains
from isotherm.sample.positions import Kinds, position_kinds
from isotherm.sample.rounding.comparing import Comparison, Energies, Energy, comparison
from isotherm.sample.run import bytes_of, sample_means

PILOT_ACCEPTANCE = 0.1
"""Below this a barrier of rejections is not resolved: 1 a pair is the most that it can show."""


class TemperingState(NamedTuple):
    """A ladder of replicas.

    Attributes:
        position: of the replica at the last, the wanted inverse temperature.
        replicas: states of the kernel that is tempered, replicas leading.
        rung: where on the ladder each replica is, int32 ``(*chains, rungs)``.
        acceptance: probability of a swap of each pair of neighbouring rungs at the last step, in ``[0, 1]``,
            tried or not, ``(*chains, rungs - 1)``: observe it to see the ladder's mean acceptance with its error.
        from_hottest: whether a replica has been at the first rung since it last was at the last, bool, likewise
            ``(*chains, rungs)``.
        round_trips: how often a replica has come from the first rung to the last, int32 ``(*chains,)``.
        time: steps done, int32 ``(*chains,)``.
    """

    position: PyTree
    replicas: Any
    rung: Int32[Array, "*chains rungs"]
    acceptance: Float[Array, "*chains pairs"]
    from_hottest: Bool[Array, "*chains rungs"]
    round_trips: Int32[Array, "*chains"]
    time: Int32[Array, "*chains"]


class TemperingInfo(NamedTuple):
    """Probability of a swap of each pair of neighbouring rungs, in ``[0, 1]``, shape ``(rungs - 1,)``."""

    acceptance: Float[Array, " pairs"]


class Tempering(eqx.Module):
    """Made by :func:`tempering`.

    Attributes:
        tempered: the kernel at any inverse temperatures.
        betas: ascending, shape ``(rungs,)``.
        energy: what swaps compare.
    """

    tempered: BetasOf
    betas: Float[Array, " rungs"]
    energy: Comparison

    def init(self, position: PyTree, key: Key[Array, ""] | None = None) -> TemperingState:
        """All replicas start from one position; leaves of the replicas lead with ``(rungs, ...)``."""
        keys = (jax.random.key(0) if key is None else key)[None]
        return self._alone(self._init_chains(jax.tree.map(lambda leaf: leaf[None], position), keys))

    def step(self, key: Key[Array, ""], state: TemperingState) -> tuple[TemperingState, TemperingInfo]:
        """One step of every replica of one ladder, then swaps, by one key, a scalar."""
        together = jax.tree.map(lambda leaf: leaf[None], state._replace(replicas=None, position=None))
        state, info = self._step_chains(key[None], together._replace(replicas=state.replicas))
        return self._alone(state), TemperingInfo(info.acceptance[0])

    def over_chains(self) -> Chains:
        """Many ladders: all their replicas are chains of the kernel that is tempered."""
        return Chains(self._init_chains, self._step_chains, self._view)

    def rounding(self, states: TemperingState) -> Float[Array, ""]:
        """In kT, of the energies that swaps compare, at the states of many ladders: a scalar."""
        num_replicas = states.rung.size
        positions = jax.tree.map(
            lambda leaf: leaf.reshape(num_replicas, *leaf.shape[states.rung.ndim :]), states.replicas.position
        )
        return jnp.diff(self.betas).max() * self.energy.spacing(positions).astype(self.betas.dtype)

    def _init_chains(self, positions: PyTree, keys: Key[Array, " chains"]) -> TemperingState:
        num_chains, num_rungs = len(keys), len(self.betas)
        everywhere = jax.tree.map(lambda leaf: jnp.repeat(leaf, num_rungs, axis=0), positions)
        rung = jnp.broadcast_to(jnp.arange(num_rungs, dtype=jnp.int32), (num_chains, num_rungs))
        return TemperingState(
            position=None,
            replicas=self._chains(rung).init(everywhere, _split_all(keys, num_rungs)),
            rung=rung,
            acceptance=jnp.zeros((num_chains, num_rungs - 1), self.betas.dtype),
            from_hottest=rung == 0,
            round_trips=jnp.zeros(num_chains, jnp.int32),
            time=jnp.zeros(num_chains, jnp.int32),
        )

    def _step_chains(
        self, keys: Key[Array, " chains"], state: TemperingState
    ) -> tuple[TemperingState, TemperingInfo]:
        key_step, key_swap, key_fresh = jax.vmap(lambda key: jax.random.split(key, 3), out_axes=1)(keys)
        num_rungs, chains = len(self.betas), self._chains(state.rung)
        replicas, _ = chains.step(_split_all(key_step, num_rungs), state.replicas)
        positions = chains.view(replicas).position
        gaps = jax.vmap(self._gaps)(self._by_ladder(positions, state.rung), state.rung)
        swap = jax.vmap(_swap, (0, None, 0, 0, 0))
        rung, acceptance = swap(key_swap, self.betas, state.rung, gaps, state.time % 2)
        if self.tempered.forgets:
            replicas = self._chains(rung).init(positions, _split_all(key_fresh, num_rungs))
        arrived = state.from_hottest & (rung == num_rungs - 1)
        after = TemperingState(
            position=None,
            replicas=replicas,
            rung=rung,
            acceptance=acceptance,
            from_hottest=(state.from_hottest & ~arrived) | (rung == 0),
            round_trips=state.round_trips + arrived.sum(1, dtype=jnp.int32),
            time=state.time + 1,
        )
        return after, TemperingInfo(acceptance)

    def _by_ladder(self, positions: PyTree, rung: Int32[Array, "chains rungs"]) -> Energies:
        """Energies of all replicas, leading with chains, then replicas."""
        return jax.tree.map(lambda e: e.reshape(*rung.shape, *e.shape[1:]), self.energy.of(positions))

    def _gaps(self, found: Energies, rung: Int32[Array, " rungs"]) -> Float[Array, " pairs"]:
        """Energy at each rung less that at the one before."""
        at = jnp.argsort(rung)
        low, high = (jax.tree.map(lambda e, at=at: e[at], found) for at in (at[:-1], at[1:]))
        return self.energy.less(high, low).astype(self.betas.dtype)

    def _chains(self, rung: Int32[Array, "chains rungs"]) -> Chains:
        return self.tempered(self.betas[rung].reshape(-1))

    def _view(self, state: TemperingState) -> TemperingState:
        def by_chain(leaf: Array) -> Array:
            return leaf.reshape(*state.rung.shape, *leaf.shape[1:])

        replicas = jax.tree.map(by_chain, self._chains(state.rung).view(state.replicas))
        return state._replace(position=_at_last(replicas.position, state.rung), replicas=replicas)

    def _alone(self, state: TemperingState) -> TemperingState:
        position = self._view(state).position
        first = jax.tree.map(lambda leaf: leaf[0], state._replace(replicas=None, position=position))
        return first._replace(replicas=state.replicas)


def tempering(
    kernel_at: Callable[..., Any],
    betas: Float[Array | np.ndarray, " rungs"] | list[float],
    energy: Energy,
) -> Tempering:
    """Parallel tempering: replicas at many temperatures that exchange them.

    Args:
        kernel_at: ``kernel_at(beta) -> kernel``, ours or anybody's with BlackJAX's ``init`` and ``step``, such as
            ``lambda beta: gibbs(graph, beta)``. Called with one inverse temperature a chain if kernels have
            ``over_chains`` and a leaf ``beta``, as ours do; else with a scalar under ``vmap``. States are made
            anew after swaps, since they may hold a density at their own temperature, unless the kernel's class
            says ``remembers_beta = False``.
        betas: inverse temperatures, increasing; the last is the one wanted. Traced values are not checked.
        energy: what ``beta`` multiplies: a graph, or a function of a position.

    Returns:
        A kernel. Its position is that of the replica at the last of ``betas``;
        ``observe=lambda state: (state.position, state.acceptance)`` shows how often rungs would swap.

    Raises:
        ValueError: if there are fewer than two betas, or they do not increase.

    References:
        Okabe et al., Chem. Phys. Lett. 335 (2001); Syed et al., Non-reversible parallel tempering,
        JRSS B 84 (2022).
    """
    _check_energy(energy)
    betas = betas if isinstance(betas, Tracer) else finite("betas", betas)
    if betas.ndim != 1 or len(betas) < 2:
        raise refusal("betas.shape", betas.shape, "should be at least two numbers in a row")
    if not isinstance(betas, Tracer) and not bool(jnp.all(jnp.diff(betas) > 0)):
        raise refusal("betas", betas.tolist(), "should increase")
    tempered = betas_of(kernel_at, betas)
    _check_same_model(energy, position_kinds(tempered))
    return Tempering(tempered=tempered, betas=betas, energy=comparison(energy, betas))


class Ladder(NamedTuple):
    """Inverse temperatures between which replicas swap equally often.

    Attributes:
        betas: increasing, shape ``(rungs,)``.
        acceptance: mean probability of a swap of each pair of neighbours, shape ``(rungs - 1,)``, measured.
        barrier: communication barrier, the rejections of a ladder with many rungs added up: about ``2 barrier``
            rungs serve best.
        notes: what is to be known of it, such as how coarse the energies are that swaps compare.
    """

    betas: Float[np.ndarray, " rungs"]
    acceptance: Float[np.ndarray, " pairs"]
    barrier: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{len(self.betas)} rungs, barrier {self.barrier:.2f}"]
        pairs = zip(self.betas[:-1], self.betas[1:], self.acceptance, strict=True)
        swaps = (f"beta {low:.4g} | {high:.4g}: {a:.0%} swap" for low, high, a in pairs)
        return "\n".join([*lines, *swaps, *self.notes])


def find_ladder(
    key: KeyOrSeed,
    kernel_at: Callable[..., Any],
    energy: Energy,
    positions: PyTree,
    *,
    beta_min: float,
    beta_max: float,
    num_rungs: int | None = None,
    num_steps: int = 200,
    num_rounds: int = 3,
) -> Ladder:
    """Place rungs so that neighbours swap equally often, as many as the measured barrier asks for.

    Runs a pilot ladder a few times, each time with rungs moved to equal parts of the barrier that was seen; the
    pilot grows until neighbours swap at all.

    Args:
        key: a JAX key.
        kernel_at: as for :func:`tempering`.
        energy: as for :func:`tempering`.
        positions: first positions of some ladders, leaves lead with the axis of ladders.
        beta_min: hottest inverse temperature, at which the kernel mixes well; at least 0.
        beta_max: the one wanted.
        num_rungs: how many; by default twice the barrier, rounded up, and one.
        num_steps: steps in each round.
        num_rounds: rounds of the pilot, at least 1.

    Raises:
        ValueError: naming the argument out of range.

    References:
        Syed et al., Non-reversible parallel tempering, JRSS B 84 (2022), algorithms 2 and 4.
    """
    key = doors.random_key("key", key)
    _check_energy(energy)
    finite("beta_max", doors.number("beta_max", beta_max))
    if not doors.number("beta_min", beta_min, least=0) < beta_max:
        raise refusal("beta_min", beta_min, f"should be at least 0 and below beta_max = {beta_max}")
    num_steps, num_rounds = doors.whole("num_steps", num_steps, 1), doors.whole("num_rounds", num_rounds, 1)
    if num_rungs is not None:
        num_rungs = doors.whole("num_rungs", num_rungs, 2)
        size = bytes_of(positions)
        doors.affordable(
            "num_rungs", num_rungs, 4.0 * num_rungs * (size + 64.0), "have fewer rungs, or ladders"
        )

    def measure(at: int, betas: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        return _acceptance(jax.random.fold_in(key, at), kernel_at, energy, positions, betas, num_steps)

    betas = beta_min + (beta_max - beta_min) * np.linspace(0, 1, 8) ** 2
    acceptance, _ = measure(0, betas)
    for at in range(1, num_rounds):
        crowded = acceptance.min() < PILOT_ACCEPTANCE
        betas = _even(betas, acceptance, 2 * len(betas) if crowded else len(betas))
        acceptance, _ = measure(at, betas)
    barrier = float(np.sum(1 - acceptance))
    betas = _even(betas, acceptance, num_rungs or max(2, int(np.ceil(2 * barrier)) + 1))
    acceptance, notes = measure(num_rounds, betas)
    return Ladder(betas, acceptance, barrier, notes)


def _check_energy(energy: Any) -> None:
    if not isinstance(energy, FactorGraph):
        doors.function("energy", energy, "a FactorGraph, or a function of a position", num_arguments=1)


def _check_same_model(energy: Energy, kinds: Kinds | None) -> None:
    """Refuse a graph that knows other groups than the positions of the kernel, where those are known."""
    if isinstance(energy, FactorGraph) and isinstance(kinds, Mapping):
        ours, theirs = (
            {name: group.size for name, group in one.items()} for one in (energy.variables, kinds)
        )
        if not ours.items() <= theirs.items():
            raise refusal("energy", ours, f"is another model than that of kernel_at, which has {theirs}")


def _acceptance(
    key: Key[Array, ""],
    kernel_at: Callable[..., Any],
    energy: Energy,
    positions: PyTree,
    betas: np.ndarray,
    num_steps: int,
) -> tuple[np.ndarray, tuple[str, ...]]:
    kernel = tempering(kernel_at, betas, energy)
    half = max(num_steps // 2, 1)
    means = sample_means(key, kernel, positions, num_warmup=half, num_samples=half, observe=_swap_rates)
    return np.asarray(means.mean, np.float64), means.notes


def _swap_rates(state: TemperingState) -> Float[Array, "*chains pairs"]:
    """What is observed; no lambda, so that rounds of equally many rungs share one compilation."""
    return state.acceptance


def _even(betas: np.ndarray, acceptance: np.ndarray, num_rungs: int) -> np.ndarray:
    """As many rungs at equal parts of the barrier between the same ends."""
    from scipy.interpolate import PchipInterpolator  # slow to import

    barrier = np.concatenate([[0.0], np.cumsum(1 - acceptance + 1e-6)])
    inner = PchipInterpolator(barrier, betas)(np.linspace(0, barrier[-1], num_rungs)[1:-1])
    return np.concatenate([betas[:1], inner, betas[-1:]])


def _swap(
    key: Key[Array, ""],
    betas: Float[Array, " rungs"],
    rung: Int32[Array, " rungs"],
    gaps: Float[Array, " pairs"],
    parity: Int32[Array, ""],
) -> tuple[Int32[Array, " rungs"], Float[Array, " pairs"]]:
    """New rung of each replica, and how probable each swap was."""
    acceptance = jnp.exp(jnp.minimum(0.0, jnp.diff(betas) * gaps))
    tried = jnp.arange(len(betas) - 1, dtype=jnp.int32) % 2 == parity
    swapped = (tried & (jax.random.uniform(key, acceptance.shape) < acceptance)).astype(jnp.int32)
    moved = jnp.arange(len(betas), dtype=jnp.int32) + jnp.pad(swapped, (0, 1)) - jnp.pad(swapped, (1, 0))
    return moved[rung].astype(jnp.int32), acceptance


def _at_last(positions: PyTree, rung: Int32[Array, "chains rungs"]) -> PyTree:
    last = jnp.argmax(rung, axis=1)
    return jax.tree.map(lambda leaf: leaf[jnp.arange(len(last)), last], positions)


def _split_all(keys: Key[Array, " chains"], count: int) -> Key[Array, " replicas"]:
    return jax.vmap(lambda key: jax.random.split(key, count))(keys).reshape(-1)
