r"""Multi-histogram reweighting: samples at several temperatures tell of every temperature between them.

All samples are one estimate of the density of states: a sample of energy :math:`E` weighs
:math:`e^{-\beta E} / \sum_k n_k e^{f_k - \beta_k E}` at :math:`\beta`, where :math:`f_k = -\log Z(\beta_k)` make the
weights at each sampled temperature add up to one. Those equations are the stationary point of a convex
function, which SciPy minimises. Samples of equal energy count together, and so do energies so close that their
weights differ by :data:`RESOLUTION` at most, at their mean: then what is left out is of second order, below 1e-4.

References:
    Ferrenberg and Swendsen, Phys. Rev. Lett. 63 (1989); Shirts and Chodera, J. Chem. Phys. 129 (2008).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.estimate.autocorrelation import WithError, block_length, checked
from isotherm.estimate.quantities import from_replicates, moments, quantities

MIN_OVERLAP = 0.05
"""Of the energies at neighbouring temperatures, ``Σ sqrt(p q)``: normal laws five deviations apart have it."""

MIN_SHARE = 0.05
"""Effective samples at a wanted temperature, as a share of those of one sampled temperature."""

RESOLUTION = 0.05
"""Energies that count as one, times the range of inverse temperatures."""

FAR = 1e3
"""Energies this many times their own range away from zero are told from one another without their mean."""

TOLERANCE = 1e-7
"""Of the equations of free energies, as a share of the samples."""


@dataclass(frozen=True)
class Reweighting:
    """Made by :func:`reweighting`.

    Attributes:
        betas: where samples are from, increasing, ``(betas,)``.
        num_sites: of the model.
        log_z: ``log Z`` at ``betas`` less that at the first of them.
        overlap: of the energies at neighbouring ``betas``, between 0 and 1, ``(betas - 1,)``.
    """

    betas: Float64[np.ndarray, " betas"]
    num_sites: int
    log_z: WithError
    overlap: Float64[np.ndarray, " pairs"]
    _samples: "_Samples"
    _free: Float64[np.ndarray, "replicates betas"]
    _shift: float = 0.0
    """What was taken off the energies, a site."""

    def log_z_at(self, betas: Any) -> WithError:
        """``log Z`` at inverse temperatures of any shape, less that at the first of :attr:`betas`.

        Raises:
            ValueError: naming an inverse temperature that too few samples speak for.
        """
        wanted = self._wanted(betas)
        constant = (wanted - self.betas[0]) * self._shift * self.num_sites
        rows = [log_z + free[0] for log_z, _, free in self._rows(wanted, ())]
        near = from_replicates(np.stack(rows, axis=-1))
        return _shaped(WithError(near.value - constant, near.error), np.shape(betas))

    def mean(self, name: str, betas: Any) -> WithError:
        """Mean of an observable at inverse temperatures of any shape.

        Args:
            name: a raw observable, or one of :func:`isotherm.estimate.quantities.moments`.
            betas: within the sampled range, or close to it.

        Raises:
            ValueError: naming an unknown observable; or an inverse temperature that too few samples speak for.
        """
        if name not in self._samples.values:
            raise refusal("name", name, f"must be one of {', '.join(self._samples.values)}")
        if name == "energy":
            return _shaped(self._moved_back(self._means(self._wanted(betas), (name,))[name]), np.shape(betas))
        return self.jackknife(lambda means: means[name], betas, (name,))

    def jackknife(
        self,
        function: Callable[[dict[str, np.ndarray]], np.ndarray],
        betas: Any,
        names: tuple[str, ...] | None = None,
    ) -> WithError:
        """A function of means at inverse temperatures of any shape.

        Args:
            function: elementwise, of means by name, each of shape ``(betas, replicates)``.
            betas: within the sampled range, or close to it.
            names: of the means it needs; all by default.

        Raises:
            ValueError: naming an inverse temperature that too few samples speak for.
        """
        needed = names if names is None or "energy2" not in names else tuple({*names, "energy"})
        means = self._restored(self._means(self._wanted(betas), needed))
        return _shaped(from_replicates(function(means)), np.shape(betas))

    def estimates(self, betas: Any, extent: int | None = None) -> dict[str, WithError]:
        """All that :func:`isotherm.estimate.quantities.estimates` tells, at inverse temperatures of any shape.

        Raises:
            ValueError: naming an inverse temperature that too few samples speak for.
        """
        wanted = self._wanted(betas)
        near = self._means(wanted, None)
        told = quantities(near, wanted[:, None], self.num_sites, extent) | self._restored(near)
        found = {name: from_replicates(value) for name, value in told.items()}
        found["energy"] = self._moved_back(near["energy"])
        return {name: _shaped(value, np.shape(betas)) for name, value in found.items()}

    def _moved_back(self, energy: np.ndarray) -> WithError:
        """Mean energy from its replicates, the constant put back last: the jackknife would magnify its rounding."""
        near = from_replicates(energy)
        return WithError(near.value + self._shift, near.error)

    def _restored(self, means: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Means with the constant that was taken off the energies."""
        found = dict(means)
        if self._shift and "energy" in means:
            found["energy"] = means["energy"] + self._shift
            if "energy2" in means:
                found["energy2"] = means["energy2"] + (means["energy"] + found["energy"]) * self._shift
        return found

    def _means(self, wanted: np.ndarray, names: tuple[str, ...] | None) -> dict[str, np.ndarray]:
        names = tuple(self._samples.values) if names is None else names
        rows = [means for _, means, _ in self._rows(wanted, names)]
        return {name: np.stack([row[name] for row in rows], axis=-1) for name in names}

    def _rows(self, wanted: np.ndarray, names: tuple[str, ...]) -> Iterator[tuple[Any, Any, Any]]:
        """Of each replicate ``log Z``, means by name and free energies."""
        for block, free in enumerate(self._free, start=-1):
            part = self._samples.without(block)
            log_mixture = part.log_mixture(self.betas, free)
            weights = [_weights(-beta * part.energies - log_mixture, part.counts) for beta in wanted]
            sums = {name: part.sums(name) for name in names}
            means = {name: np.array([w @ sums[name] for _, w in weights]) for name in names}
            yield np.array([log_z for log_z, _ in weights]), means, free

    def _wanted(self, betas: Any) -> np.ndarray:
        wanted = np.atleast_1d(doors.real_numbers("betas", betas)).reshape(-1)
        if not np.isfinite(wanted).all():
            raise refusal("betas", betas, "must be finite")
        whole = self._samples.without(-1)
        log_mixture = whole.log_mixture(self.betas, self._free[0])
        for beta in wanted:
            _, weights = _weights(-beta * whole.energies - log_mixture, whole.counts)
            share = 1 / (whole.counts @ weights**2) / (whole.counts.sum() / len(self.betas))
            if share < MIN_SHARE:
                reach = f"{self.betas[0]:.6g} .. {self.betas[-1]:.6g}"
                allowed = (
                    f"too far from the samples at {reach}: {share:.1%} of one temperature's speak for it"
                )
                raise refusal("beta", float(beta), allowed)
        return wanted


def reweighting(values: Mapping[str, Any], betas: Any, num_sites: int, num_blocks: int = 20) -> Reweighting:
    """Join samples at several temperatures into one account of all between them.

    Args:
        values: raw observables a site, ``energy`` among them, in equilibrium, each ``(betas, chains, samples)``.
        betas: inverse temperatures, increasing; energies at neighbouring ones must overlap.
        num_sites: of the model.
        num_blocks: of the jackknife: parts of each temperature's samples that are left out in turn. Parts of chains
            must be ten integrated autocorrelation times long; whole chains are as they are.

    Raises:
        ValueError: naming what is of the wrong shape or not finite; blocks that are too short; or neighbouring
            temperatures whose energies do not overlap.
    """
    betas = doors.real_numbers("betas", betas)
    if betas.ndim != 1 or not len(betas):
        raise refusal("betas.shape", betas.shape, "must be (betas,)")
    doors.mapping("values", values, "a mapping from names to arrays")
    num_sites, num_blocks = doors.whole("num_sites", num_sites, 1), doors.whole("num_blocks", num_blocks, 2)
    raw = {name: checked(value, f"values[{name!r}]") for name, value in values.items()}
    shift = _far_from_zero(raw["energy"]) if "energy" in raw else 0.0
    powers = moments(raw | ({"energy": raw["energy"] - shift} if shift else {}))
    _check(powers, betas, num_blocks)
    samples = _samples(powers, betas, num_sites, num_blocks)
    guess = _guess(powers["energy"].mean((1, 2)) * num_sites, betas)
    free = [_solve(samples.without(-1), betas, guess)]
    overlap = _overlap(samples.without(-1), betas, free[0])
    if overlap.size and overlap.min() < MIN_OVERLAP:
        k = int(overlap.argmin())
        allowed = f"energies overlap by {overlap[k]:.2g}, must by {MIN_OVERLAP}; add temperatures between"
        raise refusal(f"betas[{k}:{k + 2}]", betas[k : k + 2].tolist(), allowed)
    free += [_solve(samples.without(block), betas, free[0]) for block in range(num_blocks)]
    table = np.stack(free)
    near = from_replicates((table[:, :1] - table).T)
    log_z = WithError(near.value - (betas - betas[0]) * shift * num_sites, near.error)
    return Reweighting(betas, num_sites, log_z, overlap, samples, table, shift)


def _far_from_zero(energy: np.ndarray) -> float:
    """A constant to take off energies, where their fluctuations would lose digits beside it; else zero."""
    middle = float(energy.mean())
    return middle if abs(middle) > FAR * float(np.ptp(energy)) else 0.0


@dataclass(frozen=True)
class _SamplePart:
    """Samples of all blocks but one, those of equal energy together."""

    energies: np.ndarray
    counts: np.ndarray
    num_each: int
    kept: np.ndarray
    samples: "_Samples"

    def sums(self, name: str) -> np.ndarray:
        """Sum of an observable over the samples of each energy."""
        values = self.samples.values[name][self.kept]
        return np.bincount(self.samples.at[self.kept], values, len(self.energies))

    def log_mixture(self, betas: np.ndarray, free: np.ndarray) -> np.ndarray:
        """``log Σ_k n exp(f_k - beta_k E)`` at each energy."""
        logs = free[:, None] - betas[:, None] * self.energies
        peak = logs.max(0)
        return peak + np.log(self.num_each * np.exp(logs - peak).sum(0))


@dataclass(frozen=True)
class _Samples:
    """Samples of all temperatures in a row; ``at`` is where their energy stands among ``energies``."""

    energies: np.ndarray
    at: np.ndarray
    block: np.ndarray
    num_betas: int
    values: dict[str, np.ndarray]

    def without(self, block: int) -> _SamplePart:
        """All blocks but one; -1 leaves none out."""
        kept = self.block != block
        counts = np.bincount(self.at[kept], minlength=len(self.energies)).astype(np.float64)
        return _SamplePart(self.energies, counts, int(kept.sum()) // self.num_betas, kept, self)


def _samples(powers: dict[str, np.ndarray], betas: np.ndarray, num_sites: int, num_blocks: int) -> _Samples:
    num_betas, num_each = len(betas), powers["energy"][0].size
    energies = powers["energy"].reshape(-1) * num_sites
    close = np.floor(energies * ((betas[-1] - betas[0]) / RESOLUTION)) if num_betas > 1 else energies
    _, at = np.unique(close, return_inverse=True)
    block = np.tile(np.arange(num_each) * num_blocks // num_each, num_betas)
    values = {name: x.reshape(-1) for name, x in powers.items()}
    return _Samples(np.bincount(at, energies) / np.bincount(at), at, block, num_betas, values)


def _weights(logs: np.ndarray, counts: np.ndarray) -> tuple[float, np.ndarray]:
    """Logarithm of the sum over all samples, and the weight of each sample at an energy."""
    peak = logs[counts > 0].max()
    log_sum = float(peak + np.log(counts @ np.exp(np.minimum(logs - peak, 0))))
    return log_sum, np.exp(logs - log_sum)


def _guess(energies: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """Free energies by integrating the mean energy."""
    steps = np.diff(betas) * (energies[1:] + energies[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


def _solve(part: _SamplePart, betas: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Free energies of all temperatures, that of the first as guessed: all are free up to a constant."""
    from scipy.optimize import minimize  # slow to import

    if len(betas) == 1:
        return guess
    total = part.num_each * len(betas)

    def objective(tail: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        free = np.concatenate([guess[:1], tail])
        log_mixture = part.log_mixture(betas, free)
        shares = np.exp(free[:, None] - betas[:, None] * part.energies - log_mixture) * part.num_each
        expected = shares @ part.counts
        value = part.counts @ log_mixture - part.num_each * tail.sum()
        hessian = np.diag(expected) - (shares * part.counts) @ shares.T
        return value / total, (expected - part.num_each)[1:] / total, hessian[1:, 1:] / total

    found = minimize(
        lambda x: objective(x)[:2],
        guess[1:],
        jac=True,
        hess=lambda x: objective(x)[2],
        method="trust-exact",
        options={"gtol": 1e-10},
    )
    if np.abs(found.jac).max() > TOLERANCE:
        left = f"{np.abs(found.jac).max():.1e} of the samples unaccounted for; join fewer temperatures"
        raise ValueError(f"betas: free energies did not converge, {left}")
    return np.concatenate([guess[:1], found.x])


def _overlap(part: _SamplePart, betas: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Bhattacharyya's coefficient of the energies at neighbouring temperatures."""
    logs = free[:, None] - betas[:, None] * part.energies - part.log_mixture(betas, free)
    laws = part.counts * np.exp(logs)
    laws /= laws.sum(1, keepdims=True)
    return np.sqrt(laws[1:] * laws[:-1]).sum(1)


def _check(powers: dict[str, np.ndarray], betas: np.ndarray, num_blocks: int) -> None:
    if "energy" not in powers:
        raise refusal("values", sorted(powers), "must have energy")
    for name, value in powers.items():
        if value.ndim != 3 or value.shape != powers["energy"].shape or value.shape[:1] != betas.shape:
            raise refusal(
                f"values[{name!r}].shape",
                value.shape,
                f"must be ({betas.size}, chains, samples), as betas",
            )
    if not np.isfinite(betas).all() or not np.all(np.diff(betas) > 0):
        raise refusal("betas", betas.tolist(), "must be finite and increase")
    num_chains, num_samples = powers["energy"].shape[1:]
    if not 2 <= num_blocks <= num_chains * num_samples:
        raise refusal("num_blocks", num_blocks, f"must be within 2 .. {num_chains * num_samples}")
    length = num_chains * num_samples // num_blocks
    if num_chains % num_blocks == 0:
        return
    needed = max(block_length(value) for value in powers.values())
    if length < needed:
        allowed = f"leaves {length} samples a block, fewer than ten autocorrelation times, {needed}"
        raise refusal("num_blocks", num_blocks, allowed)


def _shaped(estimate: WithError, shape: tuple[int, ...]) -> WithError:
    return WithError(estimate.value.reshape(shape), estimate.error.reshape(shape))
