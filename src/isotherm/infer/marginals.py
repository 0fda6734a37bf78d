"""Marginals of one variable each from weighted chains, with errors, and what speaks against them. NumPy only."""

from dataclasses import dataclass

import numpy as np

from isotherm.estimate.diagnostics import rhat_of_moments

MAX_RHAT = 1.05
"""Beyond, chains that started apart do not agree."""

MAX_APART = 5.0
"""Standard errors that marginals of two methods may lie apart, the worst of all."""


@dataclass(frozen=True)
class Drawn:
    """States of many chains.

    Attributes:
        states: values counted from 0, int64 ``(chains, samples, n)``.
        is_possible: which of them count, ``(chains, samples)``; those where zeros were softened may not.
        weights: of each chain, adding up to 1.
    """

    states: np.ndarray
    is_possible: np.ndarray
    weights: np.ndarray

    @property
    def num_samples(self) -> float:
        """Samples of a chain that count, on average."""
        return float(self.is_possible.sum(axis=1).mean())

    def shares(self, variable: int, cardinality: int) -> np.ndarray:
        """How often each chain shows each value, ``(chains, cardinality)``."""
        hits = (self.states[..., variable, None] == np.arange(cardinality)) & self.is_possible[..., None]
        return hits.sum(axis=1) / np.maximum(self.is_possible.sum(axis=1), 1)[:, None]

    def possible(self) -> np.ndarray:
        """All states that count, chains taking turns, ``(count, n)``."""
        return self.states.swapaxes(0, 1)[self.is_possible.T]


@dataclass(frozen=True)
class Marginals:
    """Of every variable.

    Attributes:
        means: probabilities of its values, float64, shape ``(values,)`` each.
        errors: their standard errors, if chains are independent and mix, in the same shapes.
        rhat: the worst R-hat; infinite where chains stand still apart from each other.
        worst: the variable that has it.
    """

    means: list[np.ndarray]
    errors: list[np.ndarray]
    rhat: float
    worst: int


def marginals_of(drawn: Drawn, cardinalities: np.ndarray, held: np.ndarray) -> Marginals:
    """Means over chains; errors from how far chains lie apart, at least those of as many fair draws.

    The latter matter for values that hardly a chain has seen, whose spread says nothing.

    Args:
        drawn: the states.
        cardinalities: of each variable, int, shape ``(n,)``.
        held: value of each variable that is not free, -1 where it is; int, shape ``(n,)``.
    """
    weights = drawn.weights
    num_fair = drawn.num_samples / (weights @ weights)
    means, errors, rhat, worst = [], [], 1.0, 0
    for v, q in enumerate(cardinalities.tolist()):
        if held[v] >= 0:
            means.append(np.eye(1, q, int(held[v]))[0])
            errors.append(np.zeros(q))
            continue
        shares = drawn.shares(v, q)
        mean = weights @ shares
        spread = weights**2 @ (shares - mean) ** 2 * len(weights) / (len(weights) - 1)
        smoothed = (mean * num_fair + 1) / (num_fair + q)
        means.append(mean)
        errors.append(np.sqrt(np.maximum(spread, smoothed * (1 - smoothed) / num_fair)))
        found = _rhat(shares, drawn.num_samples)
        if found > rhat:
            rhat, worst = found, v
    return Marginals(means, errors, rhat, worst)


def furthest(one: Marginals, two: Marginals) -> tuple[float, int]:
    """Largest distance of two answers in standard errors, and the variable that has it."""
    found, worst = 0.0, 0
    for v, (p, q, e, f) in enumerate(zip(one.means, two.means, one.errors, two.errors, strict=True)):
        error = np.hypot(e, f)
        apart = np.divide(np.abs(p - q), error, out=np.zeros(len(p)), where=error > 0).max()
        if apart > found:
            found, worst = float(apart), v
    return found, worst


def _rhat(shares: np.ndarray, num_samples: float) -> float:
    """Gelman and Rubin's, the worst over values; 1 where nothing varies or there is one sample a chain."""
    if num_samples < 2:
        return 1.0
    within = (shares * (1 - shares)).mean(axis=0) * num_samples / (num_samples - 1)
    between = shares.var(axis=0, ddof=1)
    return float(rhat_of_moments(between, within, num_samples)[between > 0].max(initial=1.0))
