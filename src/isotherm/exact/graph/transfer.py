"""Transfer matrices: strips of any length, exactly, from one layer and what joins it to the next.

With the weight ``D(x)`` of a layer and ``B(x, y)`` of the bonds between two, the symmetrised matrix is
``T = D^½ B D^½``; then ``Z = d T^(L-1) d`` with ``d = D^½`` for an open strip of ``L`` layers, and ``tr T^L`` for
a periodic one.

References:
    Kramers and Wannier, Statistics of the two-dimensional ferromagnet, Phys. Rev. 60 (1941).
"""

from collections.abc import Sequence

import numpy as np

from isotherm.doors import flag, instance, number, sequence, whole
from isotherm.energy.expand import tables_of
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.energy.variables import Variables
from isotherm.errors import refusal

MAX_STATES = 2048
"""Most states of a layer: eleven spins; a matrix then takes 34 MB."""

_NEXT = "'"


class Strip:
    """Layers of one model, each joined alike to the next; made by :func:`transfer`. Float64.

    Attributes:
        layer: the model of one layer.
        states: values of a layer's variables counted from 0, in flat numbering, int64 ``(states, n)``.
    """

    def __init__(
        self, layer: FactorGraph, states: np.ndarray, inside: np.ndarray, between: np.ndarray
    ) -> None:
        self.layer, self.states = layer, states
        logs = inside[:, None] / 2 + between + inside[None] / 2
        self._log_scale, self._log_end = float(logs.max()), float(inside.max()) / 2
        self._matrix = np.exp(logs - self._log_scale)
        self._end = np.exp(inside / 2 - self._log_end)

    def log_z(self, length: int, periodic: bool = False) -> float:
        """Log partition function of ``length`` layers; at least 2 where periodic.

        Raises:
            ValueError: if the strip is too short, or none of its states is possible.
        """
        length = whole("length", length, 2 if flag("periodic", periodic) else 1)
        power, log_scale = self._power(length if periodic else length - 1)
        total = np.trace(power) if periodic else self._end @ power @ self._end
        if total <= 0:
            raise refusal("log Z", "-inf", "no state of the strip is possible")
        return float(np.log(total) + log_scale + (0.0 if periodic else 2 * self._log_end))

    def marginals(self, length: int, at: int, periodic: bool = False) -> dict[str, np.ndarray]:
        """Probabilities of the values of the variables of layer ``at``, ``(size, cardinality)`` a group.

        Raises:
            ValueError: if there is no such layer.
        """
        length = whole("length", length, 1)
        at = whole("at", at, 0, length - 1)
        if periodic:
            weights = np.diagonal(self._power(length)[0])
        else:
            left, right = self._power(at)[0], self._power(length - 1 - at)[0]
            weights = (self._end @ left) * (right @ self._end)
        law, found, first = weights / weights.sum(), {}, 0
        for name, group in self.layer.groups:
            columns = self.states[:, first : first + group.size]
            found[name] = np.einsum("k,kiv->iv", law, columns[..., None] == np.arange(group.cardinality))
            first += group.size
        return found

    @property
    def log_z_per_layer(self) -> float:
        """Limit of ``log_z(length) / length`` of a long strip."""
        return float(np.log(self._eigenvalues[0]) + self._log_scale)

    @property
    def correlation_length(self) -> float:
        """Layers over which the slowest correlation falls to ``1/e``: ``-1 / ln |λ_2 / λ_1|``."""
        first, second = self._eigenvalues[:2]
        if second >= first * (1 - 1e-14):
            return np.inf
        return float(-1 / np.log(second / first)) if second > 0 else 0.0

    @property
    def _eigenvalues(self) -> np.ndarray:
        """Moduli, the largest first; bonds that are not alike both ways make the matrix asymmetric."""
        symmetric = np.array_equal(self._matrix, self._matrix.T)
        values = np.linalg.eigvalsh(self._matrix) if symmetric else np.linalg.eigvals(self._matrix)
        return np.append(np.sort(np.abs(values))[::-1], 0.0)

    def _power(self, exponent: int) -> tuple[np.ndarray, float]:
        """The matrix to a power by squaring, as a mantissa and the log of its factor."""
        result, log_result = np.eye(len(self._matrix)), 0.0
        base, log_base = self._matrix, self._log_scale
        while exponent:
            if exponent & 1:
                result, log_result = _rescaled(result @ base, log_result + log_base)
            exponent >>= 1
            if exponent:
                base, log_base = _rescaled(base @ base, 2 * log_base)
        return result, log_result


def transfer(layer: FactorGraph, bonds: Sequence[Factor], beta: float = 1.0) -> Strip:
    """A strip of repeated layers, for log Z and marginals at any length, and its correlation length.

    Args:
        layer: the discrete model of one layer, at most 2,048 states.
        bonds: factors between a layer and the next, whose groups have a prime: ``Factor.of(("s", "s'"),
            [[i, i] for i in range(width)], 1.0)`` joins like to like.
        beta: inverse temperature.

    Raises:
        ValueError: if a layer has too many states (use :func:`isotherm.exact.exact` on the whole graph), or
            naming the factor or group at fault.

    >>> from isotherm.energy import Factor, FactorGraph, spin
    >>> layer = FactorGraph.of({"s": spin(1)}, [Factor.of("s", [0], weights=0.0)])
    >>> strip = transfer(layer, [Factor.of(("s", "s'"), [[0, 0]], weights=1.0)], beta=0.5)
    >>> round(strip.log_z(3, periodic=True), 6)  # log((2 cosh 0.5)^3 + (2 sinh 0.5)^3)
    2.5339
    """
    factor_graph("layer", layer)
    beta = float(number("beta", beta))
    factors = sequence("bonds", bonds, "a list of factors between a layer and the next")
    for k, bond in enumerate(factors):
        instance(f"bonds[{k}]", bond, Factor, "a Factor", "Factor.of(...) makes one")
    if not factors:
        raise refusal("bonds", (), "at least one factor is needed")
    num_states = float(np.prod([float(group.cardinality) ** group.size for _, group in layer.groups]))
    if num_states > MAX_STATES:
        allowed = f"a layer may have at most {MAX_STATES}; use `exact` on the whole graph"
        raise refusal("layer", f"{num_states:.0f} states", allowed)
    inside = tables_of(layer, beta)
    states = np.stack(np.unravel_index(np.arange(int(num_states)), inside.cardinalities), axis=1)
    both: dict[str, Variables] = dict(layer.groups) | {name + _NEXT: group for name, group in layer.groups}
    across = tables_of(FactorGraph.of(both, factors), beta)
    pairs = np.concatenate(
        [np.repeat(states, len(states), axis=0), np.tile(states, (len(states), 1))], axis=1
    )
    between = across.log_weight(pairs).reshape(len(states), len(states))
    return Strip(layer, states, inside.log_weight(states), between)


def _rescaled(matrix: np.ndarray, log_scale: float) -> tuple[np.ndarray, float]:
    top = matrix.max()
    return (matrix / top, log_scale + float(np.log(top))) if top > 0 else (matrix, log_scale)
