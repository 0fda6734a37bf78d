"""Block Gibbs for dense Ising models: chains and models side by side as the trailing vector axis.

A sweep updates the spins in order, each from its conditional ``P(s_i = +1 | rest) = σ(2 beta h_i)`` with
local field ``h_i = b_i + Σ_j J_ij s_j``. Up to :data:`MAX_UNROLLED` spins the sweep is unrolled, the spins of
a chain are bits of one word, and XLA fuses sweeps into one vector loop over all chains; larger models loop
over sites, and chains that share a model take its rows as matrix products. Both are one function of batches
(:func:`_run_lanes`); ``vmap`` over anything (models, temperatures, clamps, chains) lands in its trailing axis.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int8, Int32, Key, UInt32

from isotherm.doors import choice, flag, instance, random_key, whole
from isotherm.energy.centre import centred
from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import dense_model, graph_or_dense
from isotherm.energy.variables import Variables, spin
from isotherm.errors import refusal
from isotherm.random.bits import Lanes, make_lanes, next_words, seed_words, uniform
from isotherm.sample.clamp import Clamp, Evidence, Holding, checked_evidence, dense_clamp, held_variables
from isotherm.sample.gibbs.conditional import Conditional
from isotherm.sample.gibbs.gather import GraphGibbs, check_conditionals
from isotherm.sample.gibbs.matrices import dense_gibbs
from isotherm.sample.gibbs.pairs import applies, pair_gibbs
from isotherm.sample.gibbs.plan import independent_blocks, plan_of
from isotherm.sample.gibbs.steps import Steps, flat_steps
from isotherm.sample.kernel import AnyKernel, Kernel
from isotherm.sample.rounding.coarseness import is_coarse, local_size, rounding
from isotherm.sample.rounding.temperature import sampling_beta

MAX_UNROLLED = 10
"""Largest number of spins whose sweep is unrolled; from 12 on the loop over sites was faster."""

UNROLLED_UPDATES = 20
"""Spin updates in one fused loop body: more gained no speed and compiled slower."""

LANE_MULTIPLE = 8
"""Lanes are padded to a multiple of a CPU vector of float32: 100 lanes took 10 % longer than 104."""

EXPONENT_LIMIT = 80.0
"""Largest ``2 beta Σ|..|`` at which products of float32 exponentials neither overflow nor vanish."""

_T = TypeVar("_T")

Init = Literal["independent", "hinton", "uniform"]


class GibbsState(NamedTuple):
    """Spins of one chain, ``+1`` and ``-1``."""

    position: Int8[Array, " n"]


class GibbsInfo(NamedTuple):
    """Fraction of spins that a step changed, in ``[0, 1]``."""

    flipped: Float[Array, ""]


class Schedule(NamedTuple):
    """A sampling budget, counted in sweeps; static, so a change recompiles.

    Attributes:
        num_warmup: sweeps before the first sample, at least 0.
        num_samples: samples taken, at least 1; sample ``k = 1, 2, ...`` is the state after
            ``num_warmup + k * thin`` sweeps.
        thin: sweeps between samples, at least 1.
    """

    num_warmup: int = 50
    num_samples: int = 100
    thin: int = 4

    def checked(self, within: str = "") -> "Schedule":
        """This schedule.

        Args:
            within: what refusals put before a field, such as ``"schedule."``.

        Raises:
            ValueError: naming the first field out of range.
        """
        for name, value, least in zip(self._fields, self, (0, 1, 1), strict=True):
            whole(within + name, value, least)
        return self


def checked_schedule(field: str, value: Any) -> Schedule:
    """A schedule whose fields are in range.

    Raises:
        TypeError: naming ``field``, if it is none.
        ValueError: naming the schedule's field out of range, after ``field``.
    """
    return instance(field, value, Schedule, "a Schedule(num_warmup, num_samples, thin)").checked(f"{field}.")


PUBLISHED = Schedule()
"""The budget of the published routing study."""


class Moments(NamedTuple):
    """First and second moments of spins: ``⟨s_i⟩`` and ``⟨s_i s_j⟩`` with unit diagonal."""

    spins: Float[Array, " n"]
    pairs: Float[Array, "n n"]


class _Fields(NamedTuple):
    """``2 beta`` times the parameters, batch last; infinite biases stand for clamped spins.

    Couplings that all lanes share have one lane.
    """

    biases: Float[Array, "n lanes"]
    couplings: Float[Array, "n n lanes_or_1"]


def initial_spins(
    key: Key[Array, ""],
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | None = None,
    init: Init = "independent",
) -> Int8[Array, " n"]:
    """Random spins to start a chain from.

    Args:
        key: a JAX key.
        model: dense Ising model of ``n`` spins.
        beta: inverse temperature.
        clamp: held spins take their values.
        init: ``"independent"`` draws ``+1`` with probability ``σ(2 beta b_i)``, the law without couplings;
            ``"hinton"`` with ``σ(beta b_i)`` as the reference library does; ``"uniform"`` with one half.

    Raises:
        ValueError: if ``init`` is none of these, or a clamp is of another number of spins.
    """
    random_key("key", key)
    num_spins = dense_model("model", model).num_spins
    clamp = None if clamp is None else dense_clamp(num_spins, clamp)
    beta = sampling_beta(beta, model).astype(model.biases.dtype)
    slopes = {"independent": 2.0, "hinton": 1.0, "uniform": 0.0}
    choice("init", init, slopes)
    up = jax.random.bernoulli(key, jax.nn.sigmoid(slopes[init] * beta * model.biases))
    spins = jnp.where(up, 1, -1).astype(jnp.int8)
    if clamp is None:
        return spins
    return jnp.where(clamp.mask, clamp.values, spins).astype(spins.dtype)


def gibbs(
    model: Ising | FactorGraph,
    beta: Array | float = 1.0,
    clamp: Clamp | Evidence | None = None,
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
    rounding, which is slower; a constant in a table costs nothing.

    Args:
        model: parameters may be traced.
        beta: inverse temperature; may be traced. Kernels of factor graphs that run many chains (see
            :func:`isotherm.sample.kernel.over_chains`) also take one value a chain, shape ``(chains,)``.
        clamp: what is held: for a factor graph a mapping from group to :class:`Clamp`. None holds nothing.
        num_sweeps: sweeps in one step, at least 1 (static). For dense models seeding costs as much as a few
            updates, so steps of several sweeps are faster.
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
    """
    graph_or_dense("model", model, sampler="checkerboard(model, beta)")
    num_sweeps, allow_parallel = whole("num_sweeps", num_sweeps, 1), flag("allow_parallel", allow_parallel)
    if isinstance(model, FactorGraph):
        evidence = _evidence(clamp)
        kernel = _graph_kernel(model, beta, evidence, num_sweeps, blocks, conditionals or {}, allow_parallel)
        return Holding(kernel, model.groups, evidence) if evidence else kernel
    for name, given in (
        ("blocks", blocks),
        ("conditionals", conditionals),
        ("allow_parallel", allow_parallel),
    ):
        if given:
            raise refusal(name, given, "is for factor graphs; a dense model is swept spin by spin")
    if isinstance(clamp, Mapping):
        raise refusal("clamp", list(clamp), "must be one `Clamp` for a dense model")
    clamp = None if clamp is None else dense_clamp(model.num_spins, clamp)
    return Kernel(init=_Init(clamp, model.num_spins), step=_Step(_fields(model, beta, clamp), num_sweeps))


def _evidence(clamp: Clamp | Evidence | None) -> dict[str, Clamp]:
    if isinstance(clamp, Clamp):
        raise refusal("clamp", "Clamp", "must map groups to `Clamp` for a factor graph")
    return checked_evidence(clamp)


def _graph_kernel(
    graph: FactorGraph,
    beta: Any,
    evidence: Evidence,
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
    fields: _Fields
    num_sweeps: int = eqx.field(static=True)

    def __call__(self, key: Key[Array, ""], state: GibbsState) -> tuple[GibbsState, GibbsInfo]:
        run = _chain(state.position.shape[0], Schedule(0, 1, self.num_sweeps), "none")
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
    key: Key[Array, ""],
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | None = None,
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
    """
    key_init, key_run = jax.random.split(random_key("key", key))
    start = initial_spins(key_init, model, beta, clamp, init)
    run = _chain(model.num_spins, checked_schedule("schedule", schedule), "pairs")
    _, sums = run(*_fields(model, beta, clamp), start, seed_words(key_run))
    return _unpack_moments(sums, model.num_spins, schedule.num_samples)


def gibbs_means(
    key: Key[Array, ""],
    model: Ising,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Clamp | None = None,
    schedule: Schedule = PUBLISHED,
    init: Init = "independent",
) -> Float[Array, " n"]:
    """``⟨s_i⟩`` alone, as :func:`gibbs_moments` estimates it, without the cost of the pairs."""
    key_init, key_run = jax.random.split(random_key("key", key))
    start = initial_spins(key_init, model, beta, clamp, init)
    run = _chain(model.num_spins, checked_schedule("schedule", schedule), "spins")
    _, sums = run(*_fields(model, beta, clamp), start, seed_words(key_run))
    return sums.astype(jnp.float32) / schedule.num_samples


def _check_spins(name: str, given: Any, num_spins: int) -> None:
    if jnp.shape(given) != (num_spins,):
        raise refusal(f"{name}.shape", jnp.shape(given), f"must be ({num_spins},), the model's spins")


def _fields(model: Ising, beta: Float[Array, ""] | float, clamp: Clamp | None) -> _Fields:
    beta = sampling_beta(beta, model)
    biases = 2.0 * beta * model.biases.astype(jnp.float32)
    if clamp is not None:
        clamp = dense_clamp(model.num_spins, clamp)
        biases = jnp.where(clamp.mask, jnp.where(clamp.values > 0, jnp.inf, -jnp.inf), biases)
    return _Fields(biases, 2.0 * beta * model.couplings.astype(jnp.float32))


def _unpack_moments(sums: Int32[Array, " features"], n: int, num_samples: int) -> Moments:
    means = sums.astype(jnp.float32) / num_samples
    first, second = np.triu_indices(n, 1)
    upper = jnp.zeros((n, n), jnp.float32).at[first, second].set(means[n:])
    return Moments(means[:n], upper + upper.T + jnp.eye(n, dtype=jnp.float32))


# ------------------------------------------------------------------------------
# From one chain to lanes

Observe = Literal["none", "spins", "pairs"]


@functools.cache
def _chain(n: int, schedule: Schedule, observe: Observe):
    """One chain as a function that ``vmap`` turns into lanes, however deeply it is nested."""

    @jax.custom_batching.custom_vmap
    def lanes(biases, couplings, spins, seeds):
        return _run_lanes(_Fields(biases, couplings), spins, seeds, schedule, observe)

    @lanes.def_vmap
    def _merge(axis_size, in_batched, *args):
        biases, couplings, spins, seeds = args
        num_lanes = spins.shape[-1]

        def to_lanes(x, is_batched):
            batched = jnp.moveaxis(x, 0, -1) if is_batched else x[..., None]
            batched = jnp.broadcast_to(batched, (*batched.shape[:-2], num_lanes, axis_size))
            return batched.reshape(*batched.shape[:-2], -1)

        def from_lanes(x):
            return jnp.moveaxis(x.reshape(*x.shape[:-1], x.shape[-1] // axis_size, axis_size), -1, 0)

        are_shared = not in_batched[1] and couplings.shape[-1] == 1
        out = lanes(
            to_lanes(biases, in_batched[0]),
            couplings if are_shared else to_lanes(couplings, in_batched[1]),
            to_lanes(spins, in_batched[2]),
            to_lanes(seeds, in_batched[3]),
        )
        return jax.tree.map(from_lanes, out), (True, True)

    def chain(biases, couplings, spins, seeds):
        position, sums = lanes(biases[:, None], couplings[:, :, None], spins[:, None], seeds[:, None])
        return position[:, 0], sums[:, 0]

    return chain


def _run_lanes(
    fields: _Fields,
    spins: Int8[Array, "n lanes"],
    seeds: UInt32[Array, "4 lanes"],
    schedule: Schedule,
    observe: Observe,
) -> tuple[Int8[Array, "n lanes"], Int32[Array, "features lanes"]]:
    """All chains through the whole schedule: final spins and the sums of what is observed."""
    n, num_lanes = spins.shape
    biases, couplings = fields
    if n <= MAX_UNROLLED:
        couplings = jnp.broadcast_to(couplings, (n, n, num_lanes))
    are_shared = n > MAX_UNROLLED and couplings.shape[-1] == 1
    surplus = 0 if are_shared and num_lanes == 1 else -num_lanes % LANE_MULTIPLE

    def pad(x: Array) -> Array:
        return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, surplus)])

    fields = _Fields(pad(biases), couplings if are_shared else pad(couplings))
    position, sums = _run_padded(fields, pad(spins), pad(seeds), schedule, observe)
    return position[:, :num_lanes], sums[:, :num_lanes]


def _run_padded(
    fields: _Fields,
    spins: Int8[Array, "n lanes"],
    seeds: UInt32[Array, "4 lanes"],
    schedule: Schedule,
    observe: Observe,
) -> tuple[Int8[Array, "n lanes"], Int32[Array, "features lanes"]]:
    n = spins.shape[0]
    by_site = functools.partial(_run_sites, schedule=schedule, observe=observe)
    if n > MAX_UNROLLED:
        return by_site(fields, spins, seeds)
    finite = jnp.where(jnp.isinf(fields.biases), 0.0, jnp.abs(fields.biases))
    exponent = jnp.max(finite + jnp.sum(jnp.abs(fields.couplings), axis=1))
    unrolled = functools.partial(_run_unrolled, schedule=schedule, observe=observe)
    return lax.cond(exponent < EXPONENT_LIMIT, unrolled, by_site, fields, spins, seeds)


def _features(n: int, observe: Observe) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``(i, j)`` whose product is summed; ``j = n`` stands for the constant one."""
    singles = (np.arange(n), np.full(n, n))
    if observe == "none":
        return singles[0][:0], singles[1][:0]
    if observe == "spins":
        return singles
    first, second = np.triu_indices(n, 1)
    return np.concatenate([singles[0], first]), np.concatenate([singles[1], second])


def _loop(times: int, body: Callable[[_T], _T], carry: _T) -> _T:
    if times <= 1:
        return body(carry) if times else carry
    return lax.fori_loop(0, times, lambda _, c: body(c), carry)


# ------------------------------------------------------------------------------
# Few spins: unrolled sweeps, the spins of a chain as bits of one word


class _Factors(NamedTuple):
    """Odds of ``-1`` against ``+1`` as products, so that an update needs no exponential."""

    bias: Float[Array, "n lanes"]
    if_up: Float[Array, "n n lanes"]
    if_down: Float[Array, "n n lanes"]


def _run_unrolled(fields, spins, seeds, schedule: Schedule, observe: Observe):
    n, num_lanes = spins.shape
    first, second = (jnp.asarray(x[:, None], jnp.uint32) for x in _features(n, observe))
    factors = _Factors(jnp.exp(-fields.biases), jnp.exp(-fields.couplings), jnp.exp(fields.couplings))

    def draw(carry):
        word, lanes, sums = carry
        word, lanes = _block(factors, schedule.thin, (word, lanes))
        differ = ((word[None] >> first) ^ (word[None] >> second)) & 1
        return word, lanes, sums + 1 - 2 * differ.astype(jnp.int32)

    word = _pack(list(spins > 0))
    warm_lanes = make_lanes(seeds, _rows(schedule.num_warmup, n))
    word, _ = _block(factors, schedule.num_warmup, (word, warm_lanes))
    lanes = make_lanes(seeds, _rows(schedule.thin, n), stream=1)
    sums = jnp.zeros((len(first), num_lanes), jnp.int32)
    word, _, sums = _loop(schedule.num_samples, draw, (word, lanes, sums))
    bit = jnp.arange(n, dtype=jnp.uint32)[:, None]
    return jnp.where((word[None] >> bit) & 1, 1, -1).astype(jnp.int8), sums


def _rows(num_sweeps: int, n: int) -> int:
    """Spin updates in one fused part: the largest equal share of the sweeps that is worth unrolling."""
    shares = (num_sweeps // parts for parts in range(1, num_sweeps + 1) if num_sweeps % parts == 0)
    return n * next((share for share in shares if share * n <= UNROLLED_UPDATES), 1)


def _block(factors: _Factors, num_sweeps: int, carry: tuple[UInt32[Array, " lanes"], Lanes]):
    n = factors.bias.shape[0]

    def part(carry):
        word, lanes = carry
        words, lanes = next_words(lanes)
        return _update(factors, word, words), lanes

    return _loop(num_sweeps * n // _rows(num_sweeps, n), part, carry)


def _update(factors: _Factors, word: UInt32[Array, " lanes"], words: UInt32[Array, "rows lanes"]):
    """One update a row of ``words``, cycling through the spins in order."""
    n = factors.bias.shape[0]
    is_up = [(word >> i) & 1 != 0 for i in range(n)]
    for row, u in enumerate(uniform(words)):
        i = row % n
        odds = [jnp.where(is_up[j], factors.if_up[i, j], factors.if_down[i, j]) for j in range(n) if j != i]
        odds_down = _product([factors.bias[i], *odds])
        is_up[i] = u * (1 + odds_down) < 1
    return _pack(is_up)


def _product(terms: list[Array]) -> Array:
    while len(terms) > 1:  # pairwise, for instruction-level parallelism
        pairs = [a * b for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


def _pack(is_up: list[Bool[Array, " lanes"]]) -> UInt32[Array, " lanes"]:
    """Bit ``i`` is spin ``i``; bit ``n`` is the constant one of :func:`_features`."""
    n = len(is_up)
    bits = [jnp.where(up, jnp.uint32(1 << i), jnp.uint32(0)) for i, up in enumerate(is_up)]
    return functools.reduce(jnp.bitwise_or, bits, jnp.uint32(1 << n))


# ------------------------------------------------------------------------------
# Many spins, or extreme temperatures: a loop over sites


def _run_sites(fields, spins, seeds, schedule: Schedule, observe: Observe):
    n, num_lanes = spins.shape
    first, second = _features(n, observe)

    def sweep(carry):
        s, lanes = carry
        words, lanes = next_words(lanes)
        u = uniform(words)
        levels = jnp.log(u / (1 - u)) - fields.biases

        def update(site, s):
            up = _coupled(fields.couplings[site], s) > levels[site]
            return s.at[site].set(jnp.where(up, 1.0, -1.0))

        return lax.fori_loop(0, n, update, s), lanes

    def draw(carry):
        s, lanes, sums = carry
        s, lanes = _loop(schedule.thin, sweep, (s, lanes))
        rows = jnp.concatenate([s, jnp.ones((1, num_lanes), jnp.float32)])
        return s, lanes, sums + (rows[first] * rows[second]).astype(jnp.int32)

    s, lanes = spins.astype(jnp.float32), make_lanes(seeds, n)
    s, lanes = _loop(schedule.num_warmup, sweep, (s, lanes))
    sums = jnp.zeros((len(first), num_lanes), jnp.int32)
    s, _, sums = _loop(schedule.num_samples, draw, (s, lanes, sums))
    return s.astype(jnp.int8), sums


def _coupled(row: Float[Array, "n lanes_or_1"], s: Float[Array, "n lanes"]) -> Float[Array, " lanes"]:
    if row.shape[-1] == 1:
        return jnp.matmul(row[:, 0], s, precision=lax.Precision.HIGHEST)
    return jnp.sum(row * s, axis=0)
