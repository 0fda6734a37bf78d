"""Block Gibbs for dense Ising models: chains and models side by side as the trailing vector axis.

A sweep updates the spins in order, each from its conditional ``P(s_i = +1 | rest) = σ(2 beta h_i)`` with
local field ``h_i = b_i + Σ_j J_ij s_j``. Up to :data:`MAX_UNROLLED` spins the sweep is unrolled, the spins of
a chain are bits of one word, and XLA fuses sweeps into one vector loop over all chains; larger models loop
over sites, and chains that share a model take its rows as matrix products. Both are one function of batches
(:func:`run_lanes`); ``vmap`` over anything (models, temperatures, clamps, chains) lands in its trailing axis.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int8, Int32, Key

from isotherm.doors import flag, instance, random_key, whole
from isotherm.energy.centre import centred
from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.variables import Variables, spin
from isotherm.errors import refusal
from isotherm.random.bits import seed_words
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import (
    Clamp,
    Clamps,
    Evidence,
    Holding,
    Values,
    checked_evidence,
    dense_clamp,
    held_variables,
)
from isotherm.sample.gibbs.conditional import Conditional
from isotherm.sample.gibbs.gather import GraphGibbs, check_conditionals
from isotherm.sample.gibbs.lanes import Fields, run_chain
from isotherm.sample.gibbs.matrices import dense_gibbs
from isotherm.sample.gibbs.pairs import applies, pair_gibbs
from isotherm.sample.gibbs.plan import independent_blocks, plan_of
from isotherm.sample.gibbs.steps import Steps, flat_steps
from isotherm.sample.initial import Init, initial_spins
from isotherm.sample.kernel import AnyKernel, Kernel
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.rounding.coarseness import is_coarse, local_size, rounding
from isotherm.sample.rounding.temperature import sampling_beta
from isotherm.sample.schedule import PUBLISHED, Schedule, checked_schedule


class GibbsState(NamedTuple):
    """Spins of one chain, ``+1`` and ``-1``, int8 ``(n,)``."""

    position: Int8[Array, " n"]


class GibbsInfo(NamedTuple):
    """Fraction of spins that a step changed, a scalar in ``[0, 1]``."""

    flipped: Float[Array, ""]


class Moments(NamedTuple):
    """First and second moments of spins, in [-1, 1].

    Attributes:
        spins: ``⟨s_i⟩``, shape ``(n,)``.
        pairs: ``⟨s_i s_j⟩``, shape ``(n, n)``, symmetric with unit diagonal.
    """

    spins: Float[Array, " n"]
    pairs: Float[Array, "n n"]


def gibbs(
    model: Ising | FactorGraph | AbstractLatticeModel,
    beta: Array | float = 1.0,
    clamp: Clamp | Values | Evidence | None = None,
    num_sweeps: int = 1,
    *,
    blocks: Steps | None = None,
    conditionals: Mapping[str, Conditional] | None = None,
    allow_parallel: bool = False,
) -> AnyKernel:
    """Heat bath over all variables that are not held, for any model.

    A dense :class:`Ising` model is swept spin by spin in order; its position is int8 of shape ``(n,)``. A factor
    graph is swept block by block; its position is a dict with an array a group. Reals have the normal law that
    linear and :class:`~isotherm.energy.factor.Quadratic` factors give; a category none of whose values is
    allowed stays as it is. Concrete weights so large that float32 would lose kT beside them are added up without
    rounding, which is slower; a constant in a table costs nothing. A lattice model is swept by
    :func:`~isotherm.sample.lattice.checkerboard.checkerboard`; its position has the lattice's shape.

    Args:
        model: parameters may be traced.
        beta: inverse temperature; may be traced. Kernels of factor graphs that run many chains (see
            :func:`isotherm.sample.kernel.over_chains`) also take one value a chain, shape ``(chains,)``.
        clamp: what is held: of a dense model a :class:`Clamp`, or values by the spin's number, ``{2: -1}``; of a
            factor graph one of these for each group, ``{"road": {2: -1}}``. None holds nothing, as lattices must.
        num_sweeps: sweeps in one step, at least 1 (static); of lattices 1. For dense models seeding costs as
            much as a few updates, so steps of several sweeps are faster.
        blocks: of a factor graph: steps of a sweep in order, each a block or a tuple of blocks, which read the
            same state and are then updated together. A block is a group's name or a mapping from group to whole
            numbers. Held variables in a block are left alone. By default independent blocks by colouring.
        conditionals: of a factor graph: the user's own way to draw a group, see
            :class:`~isotherm.sample.gibbs.conditional.Conditional`.
        allow_parallel: let the variables of a step interact. The law is then not Boltzmann's.

    Raises:
        ValueError: if ``num_sweeps`` is below 1; naming the variable, if a block holds variables that interact,
            a free variable is in no block, what is held is unknown or out of range, or nobody knows how to draw
            it.

    >>> from isotherm.energy import ising
    >>> kernel = gibbs(ising([[0, 1], [1, 2]], couplings=1.0), beta=0.5)
    >>> state = kernel.init({"s": jnp.array([1, -1, 1], jnp.int8)})
    >>> state.position["s"].tolist()
    [1, -1, 1]
    """
    kinds = (Ising, FactorGraph, AbstractLatticeModel)
    instance("model", model, kinds, "an Ising model, a FactorGraph or a lattice model")
    num_sweeps, allow_parallel = whole("num_sweeps", num_sweeps, 1), flag("allow_parallel", allow_parallel)
    if isinstance(model, FactorGraph):
        evidence = checked_evidence(model, clamp)
        kernel = _graph_kernel(model, beta, evidence, num_sweeps, blocks, conditionals or {}, allow_parallel)
        return Holding(kernel, model.groups, evidence) if evidence else kernel
    for name, given in (
        ("blocks", blocks),
        ("conditionals", conditionals),
        ("allow_parallel", allow_parallel),
    ):
        if given:
            raise refusal(name, given, "is for factor graphs; other models are swept site by site")
    if isinstance(model, AbstractLatticeModel):
        return _lattice_kernel(model, beta, clamp, num_sweeps)
    clamp = None if clamp is None else dense_clamp(model.num_spins, clamp)
    return Kernel(init=_Init(clamp, model.num_spins), step=_Step(_fields(model, beta, clamp), num_sweeps))


def _lattice_kernel(model: AbstractLatticeModel, beta: Any, clamp: Any, num_sweeps: int) -> AnyKernel:
    if clamp is not None:
        raise refusal("clamp", clamp, "lattice models hold nothing; pass to_graph(model)")
    if num_sweeps != 1:
        raise refusal("num_sweeps", num_sweeps, "must be 1 of a lattice model; take more steps")
    return checkerboard(model, beta)


def _graph_kernel(
    graph: FactorGraph,
    beta: Any,
    evidence: Clamps,
    num_sweeps: int,
    blocks: Steps | None,
    conditionals: Mapping[str, Conditional],
    allow_parallel: bool,
) -> AnyKernel:
    held, beta = held_variables(graph, evidence), sampling_beta(beta, graph)
    graph, _ = centred(graph)
    exactly = is_coarse(graph, local_size(graph), beta)
    if applies(graph) and blocks is None and not conditionals and not held.all() and not exactly:
        colours = independent_blocks(graph, held)
        dense = dense_gibbs(graph, beta, colours, num_sweeps)
        return pair_gibbs(graph, beta, held, colours, num_sweeps) if dense is None else dense
    check_conditionals(graph, held, conditionals)
    steps = None if blocks is None else flat_steps(graph, blocks, held)
    plan = plan_of(graph, held, steps, conditionals, allow_parallel)
    return GraphGibbs.of(graph, plan, beta, conditionals, num_sweeps, exactly)


class _Init(eqx.Module):
    """A pytree, so that :func:`isotherm.sample.run.sample` sweeps clamps without recompiling."""

    clamp: Clamp | None
    num_spins: int = eqx.field(static=True)

    @property
    def kinds(self) -> Variables:
        """Spins."""
        return spin(1)

    def __call__(self, position: Int8[Array, " n"], key: Key[Array, ""] | None = None) -> GibbsState:
        del key
        _check_spins("position", position, self.num_spins)
        if self.clamp is None:
            return GibbsState(position)
        return GibbsState(jnp.where(self.clamp.mask, self.clamp.values, position))


class _Step(eqx.Module):
    fields: Fields
    num_sweeps: int = eqx.field(static=True)

    def __call__(self, key: Key[Array, ""], state: GibbsState) -> tuple[GibbsState, GibbsInfo]:
        run = run_chain(state.position.shape[0], Schedule(0, 1, self.num_sweeps), "none")
        position, _ = run(*self.fields, state.position, seed_words(key))
        flipped = jnp.mean((position != state.position).astype(jnp.float32))
        return GibbsState(position), GibbsInfo(flipped)

    def rounding(self, states: GibbsState) -> float:
        """In kT, of the local fields that are summed; 0 where they are traced."""
        del states
        if any(isinstance(leaf, Tracer) for leaf in self.fields):
            return 0.0
        known = [np.asarray(leaf, np.float64) for leaf in self.fields]
        biases, couplings = (np.where(np.isfinite(values), values, 0.0) for values in known)
        fields = np.abs(biases) + np.abs(couplings).reshape(len(biases), len(biases), -1).sum(1).reshape(
            biases.shape
        )
        return rounding([biases, couplings], float(fields.max(initial=0.0)))


def gibbs_moments(
    key: KeyOrSeed,
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | Values | None = None,
    schedule: Schedule = PUBLISHED,
    init: Init = "independent",
) -> Moments:
    """Moments averaged over one fresh chain; memory does not grow with the budget.

    Args:
        key: a JAX key.
        model: dense Ising model of ``n`` spins, float32 parameters.
        beta: inverse temperature.
        clamp: spins held, and their values; their moments are their values.
        schedule: the budget (static).
        init: law of the first state, see :func:`initial_spins`.

    Returns:
        Shapes ``(n,)`` and ``(n, n)``, float32.

    Raises:
        TypeError: if ``key``, ``model`` or ``schedule`` is of another kind.
        ValueError: as :func:`initial_spins`.
    """
    sums = _sums("pairs", key, model, beta, clamp, schedule, init)
    return _unpack_moments(sums, model.num_spins, schedule.num_samples)


def gibbs_means(
    key: KeyOrSeed,
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | Values | None = None,
    schedule: Schedule = PUBLISHED,
    init: Init = "independent",
) -> Float[Array, " n"]:
    """``⟨s_i⟩`` alone, float32 ``(n,)``, as :func:`gibbs_moments` estimates it, without the cost of the pairs.

    Raises:
        TypeError: if ``key``, ``model`` or ``schedule`` is of another kind.
        ValueError: as :func:`initial_spins`.
    """
    sums = _sums("spins", key, model, beta, clamp, schedule, init)
    return sums.astype(jnp.float32) / schedule.num_samples


def _sums(
    of: Literal["spins", "pairs"],
    key: KeyOrSeed,
    model: Ising,
    beta: Float[Array, ""] | float,
    clamp: Clamp | Values | None,
    schedule: Schedule,
    init: Init,
) -> Int32[Array, " features"]:
    """Over the samples of one fresh chain."""
    key_init, key_run = jax.random.split(random_key("key", key))
    start = initial_spins(key_init, model, beta, clamp, init)
    run = run_chain(model.num_spins, checked_schedule("schedule", schedule), of)
    return run(*_fields(model, beta, clamp), start, seed_words(key_run))[1]


def _check_spins(name: str, given: Any, num_spins: int) -> None:
    if jnp.shape(given) != (num_spins,):
        raise refusal(f"{name}.shape", jnp.shape(given), f"must be ({num_spins},), the model's spins")


def _fields(model: Ising, beta: Float[Array, ""] | float, clamp: Clamp | Values | None) -> Fields:
    beta = sampling_beta(beta, model)
    biases = 2.0 * beta * model.biases.astype(jnp.float32)
    if clamp is not None:
        clamp = dense_clamp(model.num_spins, clamp)
        biases = jnp.where(clamp.mask, jnp.where(clamp.values > 0, jnp.inf, -jnp.inf), biases)
    return Fields(biases, 2.0 * beta * model.couplings.astype(jnp.float32))


def _unpack_moments(sums: Int32[Array, " features"], n: int, num_samples: int) -> Moments:
    means = sums.astype(jnp.float32) / num_samples
    first, second = np.triu_indices(n, 1)
    upper = jnp.zeros((n, n), jnp.float32).at[first, second].set(means[n:])
    return Moments(means[:n], upper + upper.T + jnp.eye(n, dtype=jnp.float32))
