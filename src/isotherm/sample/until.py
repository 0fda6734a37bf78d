"""Sampling until the answer is precise: one call that picks the kernel and starts, warms up, and knows when to stop.

Rounds double. Each keeps as many draws as the last, from twice as many steps, and all that came before it is its
warm-up: in the end about half of all steps are thrown away, memory does not grow, and one compiled program runs every
round.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, PyTree

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.lattice.observables import measure
from isotherm.estimate import diagnostics
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import checked_evidence, dense_clamp
from isotherm.sample.clusters.graph import swendsen_wang
from isotherm.sample.draws import Draws
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import initial_state
from isotherm.sample.kernel import AnyKernel
from isotherm.sample.model_draws import ModelDraws
from isotherm.sample.run import bytes_of, sample
from isotherm.study.run.progress import Meter

NUM_WARMUP = 100
"""Steps before the first draw of the first round."""

MOST_DRAWS, FEWEST_DRAWS = 500, 50
"""Of a chain, as far as memory allows."""

MEMORY = 2**27
"""Bytes of draws that are kept."""

AT_ONCE = 2**26
"""Bytes of draws that are looked at together."""

AGREED = 1.02
"""R-hat of half chains up to which chains agree."""

MOST_SITES = 4096
"""Of a lattice whose states are kept beside its observables."""


class _Way(NamedTuple):
    """How a model is sampled: the kernel and its name, first states, and what is kept of a state."""

    kernel: AnyKernel
    name: str
    start: Callable[[Any], Any]
    observe: Callable[[Any], PyTree]


def run(
    model: Ising | FactorGraph | AbstractLatticeModel,
    beta: float | Array = 1.0,
    *,
    seed: KeyOrSeed = 0,
    clamp: Any = None,
    error: float = 0.01,
    max_steps: int = 100_000,
    num_chains: int = 8,
) -> ModelDraws:
    """Sample a model until its averages are known to the error that is wanted.

    Graphs and dense models are swept by :func:`~isotherm.sample.gibbs.gibbs.gibbs`. Lattice models without negative
    couplings are by :func:`~isotherm.sample.clusters.graph.swendsen_wang`, others by the checkerboard. Interrupted
    (Ctrl-C), it returns the last round that was finished.

    Args:
        model: of any kind that ``gibbs`` takes.
        beta: inverse temperature.
        seed: a seed or a JAX key; the same one gives the same draws.
        clamp: what is held, as ``gibbs`` takes it.
        error: standard error to reach, above 0: of the probability of each value of each variable; of reals in units
            of their standard deviation; of lattices of the energy per site and the other observables.
        max_steps: of a chain, at least 1; reached, what is known is returned, and says so.
        num_chains: at least 2.

    Returns:
        Draws that carry the model's names.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range, or what no sampler of these takes.

    >>> from isotherm.energy import ising
    >>> draws = run(ising([[0, 1], [1, 2]], couplings=1.0, biases=[0.5, 0.0, 0.0]), beta=0.5, error=0.02)
    >>> bool(abs(draws.marginals["s"][0, 1] - 0.65) < 0.1), draws.is_precise
    (True, True)
    """
    key = doors.random_key("seed", seed)
    error = doors.number("error", error, above=0)
    max_steps, num_chains = doors.whole("max_steps", max_steps, 1), doors.whole("num_chains", num_chains, 2)
    way, held = _way(model, doors.number("beta", beta), clamp), _held(model, clamp)
    one = jax.eval_shape(way.start, jax.random.key(0))
    num_samples = int(np.clip(MEMORY / (num_chains * bytes_of(one)), FEWEST_DRAWS, MOST_DRAWS))
    positions: Any = way.start
    found: ModelDraws | None = None
    thin, steps = 1, 0
    with Meter("sampling", max_steps, is_quiet=not sys.stderr.isatty()) as meter:
        while found is None or (not found.is_precise and steps < max_steps):
            warmup = NUM_WARMUP if found is None else 0
            try:
                draws = sample(
                    jax.random.fold_in(key, thin),
                    way.kernel,
                    positions,
                    num_warmup=warmup,
                    num_samples=num_samples,
                    thin=thin,
                    num_chains=num_chains if found is None else None,
                    observe=way.observe,
                )
                jax.block_until_ready(draws.values)
            except KeyboardInterrupt:
                if found is None:
                    raise
                return found.with_note("interrupted: sampled for as long as it ran")
            steps += warmup + num_samples * thin
            worst = _worst_error(draws)
            notes = (
                ()
                if worst <= error
                else (f"the error wanted, {error:g}, was not reached in {steps:,} steps",)
            )
            noted = Draws(draws.values, draws.states, (*draws.notes, *notes))
            found = ModelDraws(model, float(beta), way.name, noted, steps, worst <= error, held)
            meter.advance(min(warmup + num_samples * thin, max_steps))
            positions, thin = draws.states.position, thin * 2
    return found


def _held(model: Any, clamp: Any) -> dict[str, np.ndarray]:
    """Which variables of each group are held."""
    if clamp is None:
        return {}
    if isinstance(model, Ising):
        return {"s": np.asarray(dense_clamp(model.num_spins, clamp).mask)}
    return {name: np.asarray(one.mask) for name, one in checked_evidence(model, clamp).items()}


def _way(model: Any, beta: float, clamp: Any) -> _Way:
    kernel, name = gibbs(model, beta, clamp), "Gibbs sampling"
    if not isinstance(model, AbstractLatticeModel):

        def seen(state: Any) -> PyTree:
            return {"position": state.position, "energy": model.energy(state.position)}

        return _Way(kernel, name, lambda key: initial_state(key, model, beta, clamp), seen)
    if beta >= 0 and bool((np.asarray(model.coupling) >= 0).all()):
        kernel, name = swendsen_wang(model, beta), "Swendsen-Wang"
    is_kept = model.lattice.num_sites <= MOST_SITES

    def measured(state: Any) -> PyTree:
        found = {"observables": measure(model, state.position)}
        return found | {"position": state.position} if is_kept else found

    return _Way(kernel, name, model.random_state, measured)


def _worst_error(draws: Draws) -> float:
    """Largest standard error of what is asked for, infinite where chains do not agree or never moved apart."""
    values = draws.values
    if "observables" in values:
        return max(
            _error_of(np.asarray(leaf, np.float64)[..., None]) for leaf in values["observables"].values()
        )
    return max(_error_of(column) for leaf in jax.tree.leaves(values["position"]) for column in _columns(leaf))


def _columns(leaf: Array | np.ndarray) -> Iterator[np.ndarray]:
    """What errors are told of, some variables at a time: indicators of values, reals in units of their spread."""
    host = np.asarray(leaf)
    width = max(1, AT_ONCE // (8 * host.shape[0] * host.shape[1]))
    for first in range(0, host.shape[2], width):
        some = host[:, :, first : first + width]
        if host.dtype.kind == "f":
            spread = some.std(axis=(0, 1), dtype=np.float64)
            yield some / np.where(spread > 0, spread, 1.0)
        else:
            yield from ((some == code).astype(np.float64) for code in np.unique(some))


def _error_of(values: np.ndarray) -> float:
    """The largest over variables, from the means of half chains: ``(chains, samples, variables)``."""
    half = values.shape[1] // 2
    halves = np.concatenate([values[:, :half], values[:, half : 2 * half]])
    means, within = halves.mean(axis=1), halves.var(axis=1, ddof=1).mean(axis=0)
    between = means.var(axis=0, ddof=1)
    moves = (within > 0) | (between > 0)
    rhat = diagnostics.rhat_of_moments(between[moves], within[moves], half)
    if (rhat > AGREED).any():
        return float("inf")
    return float(np.sqrt(between / len(halves)).max(initial=0.0))
