"""States of a video, a chunk of frames at a time: one compiled loop, never more than a chunk in memory."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.lattice.models import AbstractLatticeModel, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.observables import energy_per_site, largest_fraction, magnetization
from isotherm.energy.lattice.vortices import has_plaquettes, vortices
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.lattice.record import CONTINUOUS, Seen
from isotherm.random.keys import named, seeded
from isotherm.sample.lattice.checkerboard import checkerboard

_CHUNK_BYTES = 16 * 2**20
_CHUNK_FRAMES = 60


def sampled(config: VideoConfig, model: AbstractLatticeModel) -> Iterator[Seen]:
    """Chunks of frames; the next one is computed while the caller works on this one.

    The state carries over from frame to frame, whatever the temperature does.
    """
    key = seeded(config.seed)
    temperatures = config.temperatures()
    sizes = chunk_size(config)
    kernel = checkerboard(model, 1 / temperatures[0], method=config.method)
    first = model.random_state(named(key, "start")) if config.start == "random" else model.ordered_state()
    state = eqx.filter_jit(kernel.init)(first, named(key, "init"))
    if config.warmup:
        state = _warm(named(key, "warm-up"), kernel, state, jnp.int32(config.warmup))
    # The sweeps after a frame lead to the next one, at its temperature; those after the last lead nowhere.
    num_chunks = -(-config.frames // sizes)
    betas = np.full(num_chunks * sizes, 1 / temperatures[-1], np.float32)
    betas[: config.frames - 1] = 1 / temperatures[1:]
    steps = (config.sweeps_per_frame, "vortices" in config.overlay)
    waiting: Seen | None = None
    for chunk in range(num_chunks):
        times = np.arange(chunk * sizes, (chunk + 1) * sizes)
        state, seen = _run(named(key, "sweeps"), kernel, model, state, times, betas[times], steps)
        if waiting is not None:
            yield jax.tree.map(np.asarray, waiting)
        waiting = seen
    last = config.frames - (num_chunks - 1) * sizes
    yield jax.tree.map(lambda part: np.asarray(part)[:last], waiting)


@eqx.filter_jit
def _warm(key: Key[Array, ""], kernel: Any, state: Any, num_sweeps: Array) -> Any:
    """Sweeps before the first frame; their number does not recompile."""

    def sweep(index: Array, state: Any) -> Any:
        return kernel.step(jax.random.fold_in(key, index), state)[0]

    return jax.lax.fori_loop(0, num_sweeps, sweep, state)


def chunk_size(config: VideoConfig) -> int:
    """Frames in a chunk; chunks are equal, and the last may compute a few that are not shown."""
    rows, columns = config.rows_columns
    most = max(1, min(_CHUNK_FRAMES, _CHUNK_BYTES // (2 * rows * columns), config.frames))
    return -(-config.frames // -(-config.frames // most))


@eqx.filter_jit
def _run(
    key: Key[Array, ""],
    kernel: Any,
    model: AbstractLatticeModel,
    state: Any,
    times: Any,
    betas: Any,
    steps: tuple[int, bool],
) -> tuple[Any, Seen]:
    num_sweeps, with_charges = steps

    def frame(state: Any, now: tuple[Array, Array]) -> tuple[Any, Seen]:
        time, beta = now
        seen = _look(model, state.position, with_charges)
        at_beta = eqx.tree_at(lambda kernel: kernel.beta, kernel, beta)

        def sweep(state: Any, index: Array) -> tuple[Any, None]:
            return at_beta.step(jax.random.fold_in(jax.random.fold_in(key, time), index), state)[0], None

        return jax.lax.scan(sweep, state, jnp.arange(num_sweeps))[0], seen

    return jax.lax.scan(frame, state, (jnp.asarray(times), jnp.asarray(betas)))


def _look(model: AbstractLatticeModel, x: Array, with_charges: bool) -> Seen:
    energy, is_cube = energy_per_site(model, x), model.lattice.kind == "cubic"
    whole, x = x, x[x.shape[0] // 2] if is_cube else x
    nothing, none = jnp.zeros((0, 0), jnp.int8), jnp.zeros(2, jnp.int32)
    if isinstance(model, LatticePotts):
        return Seen(x, energy, largest_fraction(model, whole), nothing, none)
    order = magnetization(model, whole)
    if isinstance(model, LatticeIsing):
        return Seen((x > 0).astype(jnp.uint8), energy, order, nothing, none)
    charges, counts = nothing, none
    if has_plaquettes(model.lattice):
        charges = vortices(model, whole)
        counts = jnp.stack([jnp.sum(charges == sign, dtype=jnp.int32) for sign in (1, -1)])
    if isinstance(model, LatticeXY):
        x = jnp.round(x * (CONTINUOUS / (2 * np.pi))).astype(jnp.int32).astype(jnp.uint8)
    return Seen(x, energy, order, charges if with_charges else nothing, counts)
