"""What chains leave behind, with its errors: all draws, or the running moments of each chain."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, PyTree

from isotherm.doors import is_traced
from isotherm.errors import refusal
from isotherm.estimate import diagnostics

MAX_RHAT = 1.05
"""Beyond, chains that started apart do not agree, and the mean over them has no error to tell."""

MAX_LINES = 24
"""Parameters shown when results are printed."""


class Draws(eqx.Module):
    """Draws of all chains; diagnostics are computed when asked for, and printed one parameter a line.

    Attributes:
        values: what was observed, each leaf of shape ``(chains, samples, *parameter)``.
        states: the last state of each chain, chains leading; ``states.position`` starts a continuation.
        notes: what is to be known of the answer, such as how coarse its energies are; printed last (static).
        betas: of each chain, where they differ; then chains of one temperature are told by themselves (static).
    """

    values: PyTree
    states: PyTree
    notes: tuple[str, ...] = eqx.field(static=True, default=())
    betas: tuple[float, ...] | None = eqx.field(static=True, default=None)

    @property
    def mean(self) -> PyTree:
        """Mean over chains and samples, each leaf of shape ``parameter``, float64 on the host."""
        return jax.tree.map(lambda x: _host(x).mean(axis=(0, 1)), self.values)

    @property
    def mcse(self) -> PyTree:
        """Monte Carlo standard error of the mean; see :func:`isotherm.estimate.diagnostics.mcse`."""
        return jax.tree.map(diagnostics.mcse, self.values)

    @property
    def ess(self) -> PyTree:
        """Bulk effective sample size; see :func:`isotherm.estimate.diagnostics.ess`."""
        return jax.tree.map(diagnostics.ess, self.values)

    @property
    def rhat(self) -> PyTree:
        """Split R-hat; see :func:`isotherm.estimate.diagnostics.rhat`."""
        return jax.tree.map(diagnostics.rhat, self.values)

    def at(self, beta: float) -> "Draws":
        """The chains at one of several inverse temperatures.

        Raises:
            ValueError: if no chain is at it.
        """
        values, states = _chosen((self.values, self.states), self.betas, beta)
        return Draws(values, states, self.notes)

    def __str__(self) -> str:
        if self.betas is not None:
            return _by_temperature(self, self.betas)
        still = jax.tree.map(diagnostics.stands_still, self.values)
        return _table(self.notes, self.mean, self.mcse, self.ess, self.rhat, still)

    def to_arviz(self) -> Any:
        """An ArviZ ``DataTree`` with the draws as its posterior group.

        Raises:
            ImportError: if the extra ``arviz`` is not installed.
        """
        try:
            from arviz_base import from_dict
        except ImportError:
            raise ImportError("to_arviz needs arviz-base: pip install 'isotherm[arviz]'") from None
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.values)
        return from_dict({"posterior": {_name(path): np.asarray(leaf) for path, leaf in leaves}})


class ChainMeans(eqx.Module):
    """Running moments of each chain instead of its draws; errors come from the spread between chains.

    Attributes:
        means: mean over the samples of each chain, each leaf of shape ``(chains, *parameter)``.
        variances: variance over the samples of each chain, as ``means``.
        states: the last state of each chain, chains leading.
        num_samples: samples a chain (static).
        notes: what is to be known of the answer, such as how coarse its energies are; printed last (static).
        betas: of each chain, where they differ (static).
    """

    means: PyTree
    variances: PyTree
    states: PyTree
    num_samples: int = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True, default=())
    betas: tuple[float, ...] | None = eqx.field(static=True, default=None)

    @property
    def mean(self) -> PyTree:
        """Mean over chains, each leaf of shape ``parameter``, float64 on the host."""
        return jax.tree.map(lambda means: _host(means).mean(axis=0), self.means)

    @property
    def mcse(self) -> PyTree:
        """Standard error of the mean from independent chains; NaN with one chain, or where no chain ever moved."""

        def leaf(means: Array, still: np.ndarray) -> np.ndarray:
            return np.asarray(np.where(still, np.nan, np.sqrt(_between(means) / len(means))))

        return jax.tree.map(leaf, self.means, self._stands_still)

    @property
    def _stands_still(self) -> PyTree:
        """Whether no chain ever moved; of chains of one sample nothing is known."""
        return jax.tree.map(
            lambda v: np.asarray((_host(v) == 0).all(axis=0) & (self.num_samples > 1)), self.variances
        )

    @property
    def ess(self) -> PyTree:
        """Independent draws that would give the same error; NaN with one chain or if nothing varies."""

        def leaf(means: Array, variances: Array) -> np.ndarray:
            between, within = _between(means), _host(variances).mean(axis=0)
            return _ratio((between + within) * len(means), between)

        return jax.tree.map(leaf, self.means, self.variances)

    @property
    def rhat(self) -> PyTree:
        """Gelman and Rubin's R-hat of whole chains, not split; NaN with one chain or if nothing varies."""

        def leaf(means: Array, variances: Array) -> np.ndarray:
            within = _host(variances).mean(axis=0)
            return diagnostics.rhat_of_moments(_between(means), within, self.num_samples)

        return jax.tree.map(leaf, self.means, self.variances)

    def at(self, beta: float) -> "ChainMeans":
        """The chains at one of several inverse temperatures.

        Raises:
            ValueError: if no chain is at it.
        """
        found = _chosen((self.means, self.variances, self.states), self.betas, beta)
        return ChainMeans(*found, num_samples=self.num_samples, notes=self.notes)

    def __str__(self) -> str:
        if self.betas is not None:
            return _by_temperature(self, self.betas)
        return _table(self.notes, self.mean, self.mcse, self.ess, self.rhat, self._stands_still)


def differing(beta: Any) -> tuple[float, ...] | None:
    """Inverse temperatures of chains where they are known and differ; else None."""
    if not isinstance(beta, jax.Array | np.ndarray) or is_traced(beta) or beta.ndim != 1:
        return None
    found = tuple(np.asarray(beta, np.float64).tolist())
    return found if len(set(found)) > 1 else None


def _chosen(leading: tuple[PyTree, ...], betas: tuple[float, ...] | None, beta: float) -> Any:
    """Of trees that lead with chains, those of one temperature."""
    if betas is None:
        raise refusal("beta", beta, "all chains are at one temperature")
    near = np.isclose(betas, beta, rtol=1e-6, atol=0.0)
    if not near.any():
        raise refusal("beta", beta, f"known: {', '.join(f'{one:g}' for one in sorted(set(betas)))}")
    at = np.flatnonzero(near)
    return jax.tree.map(lambda leaf: leaf[at], leading)


def _by_temperature(draws: "Draws | ChainMeans", betas: tuple[float, ...]) -> str:
    """Chains of different temperatures have different laws: each is told by itself, in the order of the chains."""
    parts = []
    for beta in dict.fromkeys(betas):
        count, some = betas.count(beta), dataclasses.replace(draws.at(beta), notes=())
        parts.append(f"beta = {beta:g}, {count} chain{'s' * (count > 1)}:\n{some}")
    return "\n".join([*parts, *draws.notes])


def _host(x: Array) -> np.ndarray:
    return np.asarray(x).astype(np.float64)


def _between(means: Array) -> np.ndarray:
    """Variance between chains."""
    values = _host(means)
    return np.asarray(values.var(axis=0, ddof=1)) if len(values) > 1 else np.full(values.shape[1:], np.nan)


def _ratio(numerator: Any, denominator: Any) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(numerator, denominator))


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".") or "x"


def _table(notes: tuple[str, ...], *columns: PyTree) -> str:
    leaves, _ = jax.tree_util.tree_flatten_with_path(columns[0])
    names = [
        _name(path) + (str(list(index)) if index else "")
        for path, leaf in leaves
        for index in np.ndindex(np.shape(leaf))
    ]
    flat = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(column)]) for column in columns]
    lines = [_line(*row) for row in zip(names, *(column.tolist() for column in flat), strict=True)]
    hidden = len(lines) - MAX_LINES
    shown = lines if hidden <= 0 else [*lines[:MAX_LINES], f"... and {hidden} more"]
    return "\n".join([*shown, *notes])


def _line(name: str, mean: float, mcse: float, ess: float, rhat: float, still: bool) -> str:
    """An error is told only where chains moved and agree."""
    if still:
        return f"{name} = {mean:.4g} [no chain ever moved: no error is known]"
    if rhat > MAX_RHAT:
        return f"{name} = {mean:.4g} [chains do not agree, rhat {rhat:.3f}: no error is known]"
    return f"{name} = {mean:.4g} ± {mcse:.2g} [ess {ess:.0f}, rhat {rhat:.3f}]"
