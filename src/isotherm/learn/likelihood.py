r"""Held-out log-likelihood: :math:`\log p(v) = \log \sum_h e^{-\beta E(v, h)} - \log Z`, exact or with its error.

The first term is exact: nothing to sum, or latents that do not interact, or a small graph. ``log Z`` is exact
for graphs of small tree-width, and otherwise estimated by annealed importance sampling in both directions. An
estimate of ``log Z`` that is too low flatters a model, so its error is told, and whether it converged.

References:
    Salakhutdinov and Murray, On the quantitative analysis of deep belief networks, ICML (2008).
"""

from typing import Literal, NamedTuple, get_args

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.errors import refusal
from isotherm.exact.exact import exact
from isotherm.exact.graph.solve import TooCostlyError
from isotherm.learn.free_energy import free_energies
from isotherm.learn.gradient import closed_latents
from isotherm.learn.observations import Observations, checked_data
from isotherm.learn.phases import Beta
from isotherm.learn.relaxation import precisely, relaxed
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.clamp import Clamp
from isotherm.sample.temperatures.ais import log_z as ais_log_z

LogZMethod = Literal["auto", "exact", "ais"]


class Normalization(NamedTuple):
    """Log partition function in nats.

    Attributes:
        value: the estimate.
        error: its standard error; 0 where exact.
        method: how it was found, in words.
        is_converged: whether nothing speaks against value and error; what does is said in ``method``.
    """

    value: float
    error: float
    method: str
    is_converged: bool = True


class LogLikelihood(NamedTuple):
    """Log-probability of each row, in nats.

    Attributes:
        rows: float64, shape ``(rows,)``.
        log_z: the partition function that all rows share.
    """

    rows: np.ndarray
    log_z: Normalization

    @property
    def mean(self) -> float:
        """Mean over rows."""
        return float(self.rows.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean: the scatter of rows and the error of ``log_z``; NaN for one row."""
        scatter = self.rows.std(ddof=1) / len(self.rows) ** 0.5 if len(self.rows) > 1 else np.nan
        return float(np.hypot(scatter, self.log_z.error))

    def __str__(self) -> str:
        error = f" ± {self.error:.3f}" if self.log_z.is_converged else ""
        return f"{self.mean:.3f}{error} nats a row ({len(self.rows)}); log Z by {self.log_z.method}"


def log_likelihood(
    graph: FactorGraph,
    data: Observations,
    beta: float = 1.0,
    *,
    key: KeyOrSeed | None = None,
    method: LogZMethod = "auto",
    error: float = 0.05,
    num_chains: int = 256,
) -> LogLikelihood:
    """Log-probability of what was seen of each row.

    Args:
        graph: the model, discrete.
        data: complete rows, rows with latents that do not interact, or any rows of a graph that ``exact`` takes.
        beta: inverse temperature.
        key: one JAX key, or a seed; needed where ``log Z`` is sampled.
        method: ``"auto"`` is exact where the graph allows it, else annealed importance sampling.
        error: wanted standard error of ``log Z``, where it is sampled.
        num_chains: of the annealing.

    Raises:
        ValueError: naming what stands in the way: a key that is missing, or latents that cannot be summed.

    >>> from isotherm.energy import ising
    >>> graph = ising([[0, 1]], couplings=0.0)
    >>> found = log_likelihood(graph, Observations.of(graph, np.array([[1, 1], [1, -1]])))
    >>> found.rows.round(6).tolist()  # a quarter each
    [-1.386294, -1.386294]
    """
    checked_data("data", data, factor_graph("graph", graph))
    latent, (graph, constant) = closed_latents(graph, data), centred(graph)
    beta = float(doors.number("beta", beta))
    log_z = find_log_z(graph, beta, key=key, method=method, error=error, num_chains=num_chains)
    if latent is not None and not data.has_holes:
        weights = np.asarray(precisely(_log_weights, graph, data, beta), np.float64)
    else:
        weights = _by_elimination(graph, data, beta)
    return LogLikelihood(weights - log_z.value, log_z._replace(value=log_z.value - beta * constant))


def find_log_z(
    graph: FactorGraph,
    beta: float = 1.0,
    *,
    key: KeyOrSeed | None = None,
    method: LogZMethod = "auto",
    error: float = 0.05,
    num_chains: int = 256,
) -> Normalization:
    """Log partition function; arguments as :func:`log_likelihood`, ``key`` a scalar.

    Raises:
        ValueError: if the graph is too wide for an exact answer where that was asked for, or ``key`` is missing.
    """
    graph = factor_graph("graph", graph)
    beta = float(doors.number("beta", beta))
    doors.choice("method", method, get_args(LogZMethod))
    if key is not None:
        key = doors.random_key("key", key)
    doors.number("error", error, above=0)
    num_chains = doors.whole("num_chains", num_chains, 2)
    if method != "ais":
        try:
            found = exact(graph, beta)
            return Normalization(found.log_z, 0.0, found.method)
        except TooCostlyError:
            if method == "exact":
                raise
    if key is None:
        raise refusal(
            "key", None, "is needed: this graph's log Z is estimated by annealed importance sampling"
        )
    found = ais_log_z(key, graph, beta, error=error, num_chains=num_chains)
    how = f"annealed importance sampling ({found.num_steps} steps, {num_chains} chains, ess {found.ess:.0f})"
    if not found.is_converged:
        how += f", not converged: {found.reason}"
    return Normalization(found.value, found.error, how, found.is_converged)


@eqx.filter_jit
def _log_weights(graph: FactorGraph, data: Observations, beta: Beta) -> Float[Array, " rows"]:
    latent = data.masks("never")
    return -beta * free_energies(graph, relaxed(graph, data.values), latent, beta)


def _by_elimination(graph: FactorGraph, data: Observations, beta: float) -> np.ndarray:
    """``log Σ exp(-beta E)`` over the states that agree with each row; equal rows are summed once."""
    names = list(graph.variables)
    shown = [np.where(data.seen[name], data.values[name], 0) for name in names]
    codes = np.concatenate([*shown, *(np.asarray(data.seen[name]) for name in names)], axis=1)
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    found = []
    for row in first:
        clamp = {
            name: Clamp(np.asarray(data.seen[name][row]), np.asarray(data.values[name][row]))
            for name in names
        }
        found.append(exact(graph, beta, clamp).log_z)
    return np.array(found)[inverse.ravel()]
