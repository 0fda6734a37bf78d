"""Temperatures of a lattice model side by side, from order and from disorder, kept as means over blocks."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.lattice.observables import Measure
from isotherm.estimate.quantities import moments
from isotherm.random import named
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import sample

Method = Literal["swendsen-wang", "wolff", "heat-bath", "metropolis"]
START = ("order", "disorder")
"""Of the first axis of all results, unless asked for one of them: every site aligned, or every site by itself."""

MAX_SITES = 2**21
"""Sites of all chains of one call; more temperatures than fit are run one group after another."""


class SweepPlan(NamedTuple):
    """How long to run.

    Attributes:
        method: the kernel; a step of a local one is a sweep.
        num_chains: of each start at each temperature.
        num_warmup: steps before the first draw, rounded up to whole blocks.
        num_blocks: blocks of each chain.
        block_length: draws a block.
        thin: steps before each draw.
        over_relaxation: sweeps of over-relaxation before each of the heat bath.
    """

    method: Method = "swendsen-wang"
    num_chains: int = 8
    num_warmup: int = 200
    num_blocks: int = 20
    block_length: int = 50
    thin: int = 1
    over_relaxation: int = 0


class SweepResult(NamedTuple):
    """What :func:`sweep` found.

    Attributes:
        betas: inverse temperatures, ``(betas,)``.
        means: mean over each block, float64 ``(starts, betas, chains, blocks)``, by name: the raw observables of
            :func:`isotherm.energy.lattice.observables.measure` and the powers of
            :func:`isotherm.estimate.quantities.moments`.
        samples: the raw observables asked for, float32 ``(starts, betas, chains, samples)``.
        states: after each of the last blocks, as many as asked for, ``(starts, betas, chains, blocks, *shape)``.
    """

    betas: np.ndarray
    means: dict[str, np.ndarray]
    samples: dict[str, np.ndarray]
    states: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it under flat names, as a task of a study returns it."""
        found = {"betas": self.betas}
        found |= {f"mean/{name}": value for name, value in self.means.items()}
        return found | {f"sample/{name}": value for name, value in self.samples.items()}


def sweep(
    key: Key[Array, ""],
    model: AbstractLatticeModel,
    betas: np.ndarray,
    plan: SweepPlan = SweepPlan(),  # noqa: B008
    keep: tuple[str, ...] = (),
    num_states: int = 0,
    starts: tuple[str, ...] = START,
) -> SweepResult:
    """Run a model at many temperatures; compiles once for each shape, whatever the temperatures.

    Memory holds one block of draws and the means; besides what ``keep`` names.

    Args:
        key: one JAX key.
        model: any lattice model.
        betas: inverse temperatures, ``(betas,)``.
        plan: how long.
        keep: raw observables to keep of every draw, such as ``("energy", "magnetization")`` for reweighting.
        num_states: states to keep, one at the end of each of the last blocks.
        starts: which of :data:`START`, in their order.
    """
    betas = np.asarray(betas, np.float64)
    groups = betas.reshape(
        -1, _group_size(len(betas), len(starts) * plan.num_chains * model.lattice.num_sites)
    )
    found = [
        _run(jax.random.fold_in(key, i), model, group, plan, keep, num_states, starts)
        for i, group in enumerate(groups)
    ]
    means, samples = (
        {name: np.concatenate([one[part][name] for one in found], axis=1) for name in found[0][part]}
        for part in (0, 1)
    )
    return SweepResult(betas, means, samples, np.concatenate([one[2] for one in found], axis=1))


def kernel_at(model: AbstractLatticeModel, beta: Float[Array, "..."], plan: SweepPlan) -> Any:
    """The kernel that a plan names."""
    if plan.method == "swendsen-wang":
        return swendsen_wang(model, beta)
    if plan.method == "wolff":
        return wolff(model, beta)
    return checkerboard(model, beta, method=plan.method, over_relaxation=plan.over_relaxation)


def _group_size(num_betas: int, sites_each: int) -> int:
    """The most temperatures of one call, a divisor of their number so that all calls are alike."""
    fitting = max(1, MAX_SITES // sites_each)
    return max(n for n in range(1, min(num_betas, fitting) + 1) if num_betas % n == 0)


def _run(
    key: Key[Array, ""],
    model: AbstractLatticeModel,
    betas: np.ndarray,
    plan: SweepPlan,
    keep: tuple[str, ...],
    num_states: int,
    starts: tuple[str, ...],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    shape = (len(starts), len(betas), plan.num_chains)
    spread = jnp.broadcast_to(jnp.asarray(betas, jnp.float32)[None, :, None], shape).reshape(-1)
    kernel = kernel_at(model, spread, plan)
    positions = _starts(named(key, "start"), model, starts, shape[1] * shape[2])
    num_warm = -(-plan.num_warmup // (plan.block_length * plan.thin))
    means: list[dict[str, np.ndarray]] = []
    kept: list[dict[str, np.ndarray]] = []
    states = np.empty((*shape, num_states, *model.lattice.shape), model.dtype)
    for block in range(num_warm + plan.num_blocks):
        draws = sample(
            jax.random.fold_in(key, block),
            kernel,
            positions,
            num_warmup=0,
            num_samples=plan.block_length,
            thin=plan.thin,
            observe=Measure(model),
        )
        positions = draws.states.position
        place = block - (num_warm + plan.num_blocks - num_states)
        if place >= 0:
            states[:, :, :, place] = np.asarray(positions).reshape(*shape, *model.lattice.shape)
        if block >= num_warm:
            raw = {name: np.asarray(value).reshape(*shape, -1) for name, value in draws.values.items()}
            means.append({name: value.mean(-1) for name, value in moments(raw).items()})
            kept.append({name: raw[name] for name in keep})
    return (
        {name: np.stack([one[name] for one in means], axis=-1) for name in means[0]},
        {name: np.concatenate([one[name] for one in kept], axis=-1) for name in keep},
        states,
    )


def _starts(
    key: Key[Array, ""], model: AbstractLatticeModel, starts: tuple[str, ...], num_each: int
) -> Array:
    """First states of all chains, one start after the other."""

    def of(start: str) -> Array:
        if start == "order":
            return jnp.broadcast_to(model.ordered_state(), (num_each, *model.lattice.shape))
        return jax.vmap(model.random_state)(jax.random.split(key, num_each))

    return jnp.concatenate([of(start) for start in starts])
