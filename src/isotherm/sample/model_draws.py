"""Draws that carry the names of the model they are of."""

import html
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.variables import Variables, spin
from isotherm.errors import refusal
from isotherm.estimate import diagnostics
from isotherm.sample.draws import MAX_LINES, MAX_RHAT, Draws


class ModelDraws:
    """What :func:`~isotherm.sample.until.run` found, by the model's names.

    Attributes:
        model: what was sampled.
        beta: at which inverse temperature.
        kernel: the sampler's name.
        draws: of all chains, with diagnostics of everything that was kept.
        steps: that each chain took, those of the warm-up counted.
        is_precise: whether the error that was wanted was reached.
        held: which variables are, by group, bool ``(size,)``.
    """

    def __init__(
        self,
        model: Ising | FactorGraph | AbstractLatticeModel,
        beta: float,
        kernel: str,
        draws: Draws,
        steps: int,
        is_precise: bool,
        held: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.model, self.beta, self.kernel = model, beta, kernel
        self.draws, self.steps, self.is_precise, self.held = draws, steps, is_precise, dict(held or {})

    @property
    def groups(self) -> dict[str, Variables]:
        """Kinds of variables by name; those of dense and lattice models are ``"s"``."""
        if isinstance(self.model, FactorGraph):
            return self.model.variables
        if isinstance(self.model, Ising):
            return {"s": spin(self.model.num_spins)}
        kind = self.model.kinds
        return {"s": Variables(kind.kind, self.model.lattice.num_sites, kind.cardinality)}

    def __getitem__(self, name: str) -> np.ndarray:
        """Draws of a group or of an observable such as ``"energy"``.

        Of a group ``(chains, samples, size)``, of a lattice's sites ``(chains, samples, *shape)``; of an observable
        ``(chains, samples)``.

        Raises:
            KeyError: naming what there is.
        """
        scalars, states = self._scalars, self._states
        if name in states:
            return states[name]
        if name in scalars:
            return scalars[name]
        raise KeyError(str(refusal("name", name, f"known: {', '.join([*states, *scalars])}")))

    @property
    def marginals(self) -> Any:
        """Estimated probabilities, in the shapes of ``exact(model, beta).marginals``.

        Of a graph ``(size, values)`` by group, spins as ``-1, +1``; of a dense model ``P(s = +1)``, ``(n,)``; of a
        lattice ``(*shape, values)``. Float64.

        Raises:
            ValueError: of a lattice whose states were not kept, or of reals and angles.
        """
        return self._per_group(lambda hits: hits.mean(axis=(0, 1)))

    @property
    def marginal_errors(self) -> Any:
        """Monte Carlo standard errors of :attr:`marginals`, in the same shapes; NaN where no chain ever moved."""
        return self._per_group(diagnostics.mcse)

    def with_note(self, note: str) -> "ModelDraws":
        """The same, with one more thing to be known of it."""
        draws = Draws(self.draws.values, self.draws.states, (*self.draws.notes, note))
        return ModelDraws(self.model, self.beta, self.kernel, draws, self.steps, self.is_precise, self.held)

    def __str__(self) -> str:
        shown, hidden = self._averages()
        rows = [f"{name} = {told}" for name, told in shown.rows()]
        more = [f"... and {hidden} more"] if hidden else []
        return "\n".join([self._headline(), *rows, *more, *self.draws.notes])

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        shown, hidden = self._averages()
        cells = [
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(told)}</td></tr>"
            for name, told in shown.rows()
        ]
        if hidden:
            cells.append(f"<tr><td colspan='2'>... and {hidden} more</td></tr>")
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.draws.notes)
        return f"<p>{html.escape(self._headline())}</p><table>{''.join(cells)}</table>{notes}"

    def plot(self) -> Any:
        """A figure of matplotlib: averages with their errors beside the paths of the chains' energies."""
        from isotherm.plot.draws import averages_and_paths

        shown, _ = self._averages()
        return averages_and_paths(shown.names, shown.means, shown.errors, self["energy"], self._headline())

    @property
    def _states(self) -> dict[str, np.ndarray]:
        position = self.draws.values.get("position", {})
        named = position if isinstance(position, dict) else {"s": position}
        return {name: np.asarray(leaf) for name, leaf in named.items()}

    @property
    def _scalars(self) -> dict[str, np.ndarray]:
        values = self.draws.values
        found = values["observables"] if "observables" in values else {"energy": values["energy"]}
        return {name: np.asarray(leaf) for name, leaf in found.items()}

    def _headline(self) -> str:
        values = jax.tree.leaves(self.draws.values)[0]
        chains, samples = values.shape[:2]
        return f"{self.kernel} at beta = {self.beta:g}: {chains} chains of {self.steps:,} steps, {samples} draws each"

    def _averages(self) -> tuple["_Averages", int]:
        """Of the first variables and of each observable; and how many variables are left out."""
        named: list[_Told] = []
        if not isinstance(self.model, AbstractLatticeModel):
            for name, states in self._states.items():
                named += _series(name, self.groups[name], states, self.held.get(name))
        shown = named[:MAX_LINES] + [_Told(name, draws, False) for name, draws in self._scalars.items()]
        values = np.stack([one.draws.astype(np.float64) for one in shown], axis=-1)
        found = _Averages(
            [one.name for one in shown],
            values.mean(axis=(0, 1)),
            diagnostics.mcse(values),
            diagnostics.rhat(values),
            [one.is_held for one in shown],
        )
        return found, max(0, len(named) - MAX_LINES)

    def _per_group(self, statistic: Any) -> Any:
        states, groups = self._states, self.groups
        if isinstance(self.model, AbstractLatticeModel) and not states:
            allowed = "its states were not kept; sample(key, gibbs(model, beta), ...) keeps them"
            raise refusal("model.lattice.num_sites", self.model.lattice.num_sites, allowed)
        tables: dict[str, Float[np.ndarray, "..."]] = {}
        for name, values in states.items():
            group = groups[name]
            if not group.is_discrete:
                raise refusal("model", name, "is real, and has no probabilities of values")
            codes = group.values()
            tables[name] = np.stack(
                [statistic((values == code).astype(np.float64)) for code in codes], axis=-1
            )
        if isinstance(self.model, FactorGraph):
            return tables
        (table,) = tables.values()
        return table[..., 1] if isinstance(self.model, Ising) else table


class _Told(NamedTuple):
    """What is told of a variable, ``(chains, samples)``."""

    name: str
    draws: np.ndarray
    is_held: bool


class _Averages(NamedTuple):
    names: list[str]
    means: np.ndarray
    errors: np.ndarray
    rhats: np.ndarray
    is_held: list[bool]

    def rows(self) -> list[tuple[str, str]]:
        """Each name, and its average with its error in words."""
        numbers = zip(
            self.means.tolist(), self.errors.tolist(), self.rhats.tolist(), self.is_held, strict=True
        )
        return list(zip(self.names, [_in_words(*one) for one in numbers], strict=True))


def _series(name: str, group: Variables, states: np.ndarray, held: np.ndarray | None) -> list[_Told]:
    """Of each variable of a group; of each of its values, where it is no spin and has several."""
    is_held = np.zeros(group.size, bool) if held is None else held
    if not group.is_discrete:
        return [_Told(f"{name}[{i}]", states[..., i], bool(is_held[i])) for i in range(group.size)]
    codes = group.values()[1 if group.kind == "spin" else 0 :].tolist()
    signed = "+d" if group.kind == "spin" else "d"
    return [
        _Told(f"P({name}[{i}] = {code:{signed}})", states[..., i] == code, bool(is_held[i]))
        for i in range(group.size)
        for code in codes
    ]


def _in_words(mean: float, error: float, rhat: float, is_held: bool) -> str:
    """An error is told only where chains moved and agree."""
    if is_held:
        return f"{mean:.4g} [held]"
    if np.isnan(error):
        return f"{mean:.4g} [never changed: no error is known]"
    if rhat > MAX_RHAT:
        return f"{mean:.4g} [chains do not agree, rhat {rhat:.3f}: no error is known]"
    return f"{mean:.4g} ± {error:.2g} [rhat {rhat:.3f}]"
