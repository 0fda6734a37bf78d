"""How far groups of draws are from a law in closed form: moments, divergences, next states; errors by the jackknife.

A group is a chain, or a replicate of weighted draws. Groups are independent, draws within one need not be; so every
error here comes from leaving out one group after the other, and every distance compares draws of different groups.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax

from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.quantities import from_replicates
from isotherm.exact.tilt import MixtureLaw

Statistic = Callable[[np.ndarray], np.ndarray]


def names(d: int, parts: int) -> list[str]:
    """Names of :func:`moments`: means, variances and covariances, and the weights of two parts or more."""
    pairs = [
        f"var {i + 1}" if i == j else f"cov {i + 1},{j + 1}" for i, j in zip(*np.triu_indices(d), strict=True)
    ]
    weights = [f"weight {k + 1}" for k in range(parts)] if parts > 1 else []
    return [*(f"mean {i + 1}" for i in range(d)), *pairs, *weights]


def exact_moments(law: MixtureLaw) -> np.ndarray:
    """What :func:`moments` are for the law itself, shape ``(statistics,)``."""
    weights = law.weights if len(law.weights) > 1 else law.weights[:0]
    upper = np.triu_indices(len(law.mean))
    return np.concatenate([law.mean, law.covariance[upper], weights])


def features(law: MixtureLaw, actions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of each group of what :func:`moments` needs, shape ``(groups, features)``.

    The probability that a draw is of a part has the part's weight as its exact mean, so that it serves better
    than a count of the draws nearest to the part.
    """
    d = actions.shape[-1]
    rows, columns = np.triu_indices(d)
    away = actions - law.mean  # keeps squares small, and is undone by `moments`
    each = [away, away[..., rows] * away[..., columns]]
    if len(law.weights) > 1:
        each.append(_responsibilities(law, actions))
    return (np.concatenate(each, axis=-1) * weights[..., None]).mean(axis=1)


def moments(law: MixtureLaw, means: np.ndarray) -> np.ndarray:
    """Means, covariances and weights of the parts from mean features, ``(..., features)``."""
    d = len(law.mean)
    rows, columns = np.triu_indices(d)
    away, rest = means[..., :d], means[..., d:].copy()
    rest[..., : len(rows)] -= away[..., rows] * away[..., columns]
    return np.concatenate([away + law.mean, rest], axis=-1)


def gaussian_kl(law: MixtureLaw, means: np.ndarray) -> np.ndarray:
    """``KL(N(fitted moments) || law)`` of a normal law, from mean features: shape ``(...,)``."""
    d = len(law.mean)
    found = moments(law, means)
    covariance = np.zeros((*found.shape[:-1], d, d))
    rows, columns = np.triu_indices(d)
    covariance[..., rows, columns] = covariance[..., columns, rows] = found[..., d : d + len(rows)]
    precision = np.linalg.inv(law.covariance)
    away = found[..., :d] - law.mean
    trace = np.einsum("ij,...ji->...", precision, covariance)
    far = np.einsum("...i,ij,...j->...", away, precision, away)
    volumes = np.linalg.slogdet(law.covariance)[1] - np.linalg.slogdet(covariance)[1]
    return np.asarray(0.5 * (trace - d + far + volumes))


def pooled(
    statistic: Statistic, by_group: np.ndarray, weights: np.ndarray, unbiased: bool = False
) -> WithError:
    """A statistic of mean features, and its error, leaving out one group after the other.

    Args:
        statistic: of mean features with any leading axes.
        by_group: shape ``(groups, features)``, each group's mean of weighted features.
        weights: mean weight of each group, shape ``(groups,)``.
        unbiased: takes the jackknife's estimate of the bias off.
    """
    left_out, masses = (np.concatenate([np.zeros_like(x[:1]), x]) for x in (by_group, weights))
    values = statistic((by_group.sum(axis=0) - left_out) / (weights.sum() - masses)[:, None])
    return from_replicates(np.moveaxis(values, 0, -1), unbiased)


def log_normaliser(log_z: np.ndarray) -> WithError:
    """Of all replicates together: the log of their mean normaliser."""
    top = log_z.max()
    scaled = np.exp(log_z - top)
    found = pooled(lambda z: np.log(z[..., 0]), scaled[:, None], np.ones(len(log_z)))
    return WithError(found.value + top, found.error)


def energy_distance(
    one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """Energy distance ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` between the laws of two sets of groups, and its error.

    Only draws of different groups are compared, so exact draws read 0 on average, with errors of either sign.

    Args:
        one: draws ``(groups, draws, d)`` and weights ``(groups, draws)``.
        two: the same of the other law.

    References:
        Székely and Rizzo, Energy statistics, J. Statist. Plann. Inference 143 (2013).
    """
    cross, within = _distances(one, two), [_distances(x, x) for x in (one, two)]
    masses = [np.asarray(x[1].mean(axis=1)) for x in (one, two)]

    def distance(first: np.ndarray, second: np.ndarray) -> float:
        share, other = masses[0] * first, masses[1] * second
        total = 2 * (first @ cross @ second) / (share.sum() * other.sum())
        for kept, mass, matrix in ((first, share, within[0]), (second, other, within[1])):
            total -= (kept @ matrix @ kept - (kept * np.diag(matrix)).sum()) / (
                mass.sum() ** 2 - (mass**2).sum()
            )
        return float(total)

    sizes = [len(mass) for mass in masses]
    full = [np.ones(size) for size in sizes]
    left = [distance(full[0] - row, full[1]) for row in np.eye(sizes[0])]
    right = [distance(full[0], full[1] - row) for row in np.eye(sizes[1])]
    variance = sum((len(values) - 1) * np.var(values) for values in (left, right))
    return distance(*full), float(np.sqrt(variance))


def next_state_scores(whitened: np.ndarray) -> dict[str, float]:
    """Whether next states still follow ``q(s' | a)``: their whitened residuals should be standard normal.

    Args:
        whitened: shape ``(groups, draws, m)``.

    Returns:
        ``ks`` and ``p`` of Kolmogorov and Smirnov on the last draws of the groups, which are independent; and
        the z of the mean and of the variance of all draws, coordinates pooled, errors by the jackknife over groups.
    """
    last = stats.kstest(whitened[:, -1].ravel(), "norm")
    by_group = np.stack([whitened.mean(axis=(1, 2)), (whitened**2).mean(axis=(1, 2))], axis=-1)
    found = pooled(lambda x: x, by_group, np.ones(len(by_group)))
    z = (found.value - [0.0, 1.0]) / found.error
    return {"ks": float(last.statistic), "p": float(last.pvalue), "z_mean": float(z[0]), "z_var": float(z[1])}


def _distances(one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Weighted mean distance of each group of one to each group of the other, ``(groups, groups)``."""
    (x, v), (y, w) = one, two
    far = cdist(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1]))
    far *= v.reshape(-1, 1) * w.reshape(1, -1)
    return far.reshape(*v.shape, *w.shape).mean(axis=(1, 3))


def _responsibilities(law: MixtureLaw, x: np.ndarray) -> np.ndarray:
    """Probability that each action is of each part of the law, ``(..., k)``."""
    return np.asarray(softmax(_log_parts(law, x), axis=-1))


def log_density(law: MixtureLaw, x: np.ndarray) -> np.ndarray:
    """Of actions ``(..., d)``."""
    return np.asarray(logsumexp(_log_parts(law, x), axis=-1))


def _log_parts(law: MixtureLaw, x: np.ndarray) -> np.ndarray:
    away = x[..., None, :] - law.means
    far = np.einsum("...ki,kij,...kj->...k", away, np.linalg.inv(law.covariances), away)
    size = x.shape[-1] * np.log(2 * np.pi) + np.linalg.slogdet(law.covariances)[1]
    return np.log(law.weights) - 0.5 * (far + size)
