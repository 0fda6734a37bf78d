"""Estimates of log Z from weighted runs: their errors, and what speaks against them."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PyTree

from isotherm.energy.graph import State
from isotherm.sample.temperatures.ais_path import PathProblem
from isotherm.sample.temperatures.ais_run import FollowedPath

FEWEST_EFFECTIVE = 0.1
"""Share of chains that must count before an error of log Z is believed."""

MAX_APART = 4.0
"""Standard errors that two estimates of the same may lie apart."""


class LogZ(NamedTuple):
    """An estimate of log Z, natural logarithm.

    Attributes:
        value: log of the mean weight; of a reverse run, minus the log of the mean inverse weight; of
            :func:`log_z`, Bennett's estimate from both. Never below ``floor``.
        error: its standard error; where few chains count, at least the distance to the second cumulant's estimate.
        bound: mean log weight: at most log Z on average; of a reverse run, at least log Z.
        ess: effective number of chains, between 1 and their number; of :func:`log_z`, of the worse direction.
        num_steps: temperatures.
        log_weights: of each chain, float64 ``(chains,)``, such that log Z is the log of their mean; of a reverse
            run, minus the log of the mean of their inverses.
        positions: last state of each chain; of a forward run, about draws of the target when weighted.
        steps: the path, ``t`` from 0 to 1.
        spread: standard deviation over chains of the derivative of log weights by ``t``, at each of ``steps`` but
            the last; from the 16th and 84th percentile, so that stragglers do not count.
        floor: log of the summed weights of the distinct states that chains ended in: log Z is at least this.
        is_converged: whether nothing speaks against value and error.
        reason: what does, in words; empty where converged.
    """

    value: float
    error: float
    bound: float
    ess: float
    num_steps: int
    log_weights: Float[np.ndarray, " chains"]
    positions: PyTree
    steps: Float[np.ndarray, " steps"]
    spread: Float[np.ndarray, " moves"]
    floor: float
    is_converged: bool
    reason: str

    def __str__(self) -> str:
        chains = f"[ess {self.ess:.0f} of {len(self.log_weights)}, {self.num_steps} steps]"
        if self.is_converged:
            return f"log Z = {self.value:.4f} ± {self.error:.2g} {chains}"
        return f"log Z = {self.value:.4f} {chains}, not converged: {self.reason}"


def one_way(problem: PathProblem, found: FollowedPath, path: Float[np.ndarray, " steps"], sign: int) -> LogZ:
    """Mean weight with its error; ``sign`` is -1 where weights are inverse ones, of a reverse run.

    Args:
        problem: the path.
        found: what chains brought home.
        path: ``t`` of each step, shape ``(steps,)``.
        sign: 1 or -1.
    """
    logs, chains = found.log_weights, len(found.log_weights)
    base = problem.log_z_start + problem.constant
    top = float(logs.max())
    value, error, ess = -np.inf, np.inf, 0.0
    if np.isfinite(top):
        weights = np.exp(logs - top)
        value = float(top + np.log(weights.mean()))
        error = float(weights.std(ddof=1) / weights.mean() / np.sqrt(chains))
        ess = effective(logs)
        finite = logs[np.isfinite(logs)]
        if ess < fewest(chains):
            error = max(error, abs(float(finite.mean() + 0.5 * finite.var()) - value))
    floor = problem.constant + log_sum_distinct(found.positions, found.target) if sign > 0 else -np.inf
    found_z = LogZ(
        value=base + sign * value,
        error=error,
        bound=base + sign * float(logs.mean()),
        ess=ess,
        num_steps=len(path),
        log_weights=base + sign * logs,
        positions=found.positions,
        steps=path,
        spread=found.spread,
        floor=floor,
        is_converged=True,
        reason="",
    )
    reason = ""
    if problem.is_coarse:
        reason = "energies are so large that float32 cannot tell them apart"
    elif ess < fewest(chains):
        reason = f"{ess:.1f} of {chains} chains count"
    elif found_z.value < floor - MAX_APART * error:
        reason = "the estimate is below the weight of states that were met"
    return _lifted(found_z._replace(is_converged=not reason, reason=reason))


def judged(problem: PathProblem, found: LogZ, before: list[LogZ]) -> LogZ:
    """With what speaks against it; lifted to its floor."""
    chains = len(found.log_weights)
    reason = found.reason
    if not reason and found.ess < fewest(chains):
        reason = f"forward and backward runs hardly overlap ({found.ess:.1f} of {chains} chains count)"
    if not reason and found.value < found.floor - MAX_APART * found.error:
        reason = "the estimate is below the weight of states that were met"
    if not reason and not before:
        reason = "one number of steps was tried"
    if not reason and before:
        apart = abs(found.value - before[-1].value)
        if apart > MAX_APART * np.hypot(found.error, before[-1].error):
            reason = f"{before[-1].num_steps} and {found.num_steps} steps differ by {apart:.2g}"
    return _lifted(found._replace(is_converged=not reason, reason=reason))


def pooled_runs(runs: list[LogZ]) -> LogZ:
    """The last of independent runs, where it converged with the mean of all that do, by their precision."""
    last = runs[-1]
    if not last.is_converged or not last.error > 0:
        return last
    alike = [
        run
        for run in runs
        if run.ess >= fewest(len(run.log_weights))
        and run.error > 0
        and abs(run.value - last.value) <= MAX_APART * np.hypot(run.error, last.error)
    ]
    values, precisions = (
        np.array(each) for each in zip(*((r.value, r.error**-2) for r in alike), strict=True)
    )
    value = last.value + float(precisions @ (values - last.value) / precisions.sum())
    return _lifted(last._replace(value=value, error=float(precisions.sum() ** -0.5)))


def is_hopeless(runs: list[LogZ], max_steps: int) -> bool:
    """Whether weights are so unequal that no allowed number of steps will do, or more steps are seen not to help."""
    last = runs[-1]
    finite = last.log_weights[np.isfinite(last.log_weights)]
    if last.ess < fewest(len(last.log_weights)) and len(finite):
        low, high = np.quantile(finite, [0.16, 0.84])
        if last.num_steps * (0.5 * (high - low)) ** 2 > 16 * max_steps:
            return True
    if len(runs) < 4:
        return False
    return last.ess < 1.3 * runs[-4].ess and last.error > 0.75 * runs[-4].error


def widened(error: float, ess: float, num_chains: int, apart: float) -> float:
    """Larger where backward runs start from few draws, ``ess``, or the two directions alone lie ``apart``."""
    return float(max(error * np.sqrt(num_chains / max(ess, 1.0)), 0.25 * apart))


def _lifted(found: LogZ) -> LogZ:
    """Not below its floor; the error covers the lift."""
    if not found.value < found.floor:
        return found
    return found._replace(value=found.floor, error=max(found.error, found.floor - found.value))


def fewest(chains: int) -> float:
    """How many must count."""
    return max(FEWEST_EFFECTIVE * chains, min(8.0, 0.5 * chains))


def effective(logs: Float[np.ndarray, " chains"]) -> float:
    """Effective number of weights, given by their logs ``(chains,)``; 0 where all are nothing."""
    if not np.isfinite(logs.max()):
        return 0.0
    weights = np.exp(logs - logs.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def log_sum_distinct(positions: State, target: Float[np.ndarray, " chains"]) -> float:
    """Log of the summed weights of distinct states.

    Args:
        positions: leaves ``(chains, size)``.
        target: log weight of each, shape ``(chains,)``.
    """
    rows = np.concatenate([np.asarray(leaf) for leaf in jax.tree.leaves(positions)], axis=1)
    _, first = np.unique(rows, axis=0, return_index=True)
    return float(np.logaddexp.reduce(target[first]))
