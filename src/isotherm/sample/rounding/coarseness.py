"""How much of an energy float32 loses: decided on the host, by the magnitudes of concrete weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.core import Tracer

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph

FINE = 1e-3
"""Rounding steps below this many kT change nothing that can be measured."""

COLDEST = 1e3
"""Colder is not asked for: differences that small beside the largest weight are ties."""


def local_size(graph: FactorGraph) -> float:
    """The largest sum of magnitudes of weights around one variable."""
    total = np.zeros(graph.num_variables)
    for size, scope in _sizes(graph):
        for column in scope.T:
            total += np.bincount(column, size, len(total))
    return float(total.max(initial=0.0))


def whole_size(graph: FactorGraph) -> float:
    """The sum of magnitudes of all weights that an energy adds up."""
    return float(sum(size.sum() for size, _ in _sizes(graph)))


def is_coarse(graph: FactorGraph, size: float, beta: Any = 1.0) -> bool:
    """Whether sums of this size, in float32, are off by more than :data:`FINE` of a unit of ``1 / beta``.

    Weights that are whole multiples of a step that float32 can hold beside the size lose nothing, whatever it is.

    Args:
        graph: traced weights are not judged.
        size: such as :func:`local_size`.
        beta: inverse temperatures; traced ones count as one.
    """
    return loses_digits([_known(factor) for factor in graph.factors], size, beta)


def loses_digits(weights: Sequence[np.ndarray], size: float, beta: Any = 1.0) -> bool:
    """As :func:`is_coarse`, of any finite weights, arrays of any shape ``(...)``, whose sums may reach ``size``."""
    largest = 1.0 if isinstance(beta, Tracer) else float(np.abs(np.asarray(beta)).max(initial=0.0))
    if not size * 2.0**-24 * min(largest, COLDEST) > FINE:
        return False
    step = 2.0 ** (np.ceil(np.log2(size)) - 24)
    return any((known != np.rint(known / step) * step).any() for known in weights)


def rounding(weights: Sequence[np.ndarray], size: float) -> float:
    """By how much sums of these finite weights are off in float32, in kT.

    Args:
        weights: in kT, arrays of any shape ``(...)``.
        size: that their sums may reach, in kT.
    """
    return size * 2.0**-24 if loses_digits(weights, size) else 0.0


def _sizes(graph: FactorGraph) -> list[tuple[np.ndarray, np.ndarray]]:
    """Largest magnitude of each factor of known weights, and its flat scope."""
    found = []
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        if isinstance(factor, Factor) and not isinstance(factor.weights, Tracer):
            known = np.abs(_known(factor)).reshape(len(factor.weights), -1).max(1)
            found.append((np.broadcast_to(known, len(scope)), scope))
    return found


def _known(factor: Any) -> np.ndarray:
    if not isinstance(factor, Factor) or isinstance(factor.weights, Tracer):
        return np.zeros(1)
    weights = np.asarray(factor.weights, np.float64)
    return np.where(np.isfinite(weights), weights, 0.0)
