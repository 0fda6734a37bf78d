"""The law that an ensemble of strategies is drawn from: a prior of raw parameters, tilted towards the objective."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from isotherm import doors
from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import refusal
from isotherm.market.objectives.registry import CEILING
from isotherm.market.train.objective import WindowObjective, WindowPrices
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.windows import WindowStarts

WIDTHS = (1e-6, 1e3)
"""Deviations of a prior of raw parameters that make sense."""


class Layout(NamedTuple):
    """Where each trained parameter lies among the numbers of a draw.

    Attributes:
        names: sorted.
        shapes: of one set, in the order of the names.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Numbers of a draw, ``d``."""
        return sum(self._sizes)

    @property
    def labels(self) -> tuple[str, ...]:
        """Of each number: the parameter's name, and its place where it has several."""
        return tuple(
            name if size == 1 else f"{name}[{at}]"
            for name, size in zip(self.names, self._sizes, strict=True)
            for at in range(size)
        )

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(int(np.prod(shape, dtype=int)) for shape in self.shapes)

    def flat(self, params: dict[str, Array]) -> Float[Array, " d"]:
        """The trained numbers of one set in a row, ``(d,)``."""
        return jnp.concatenate([jnp.ravel(params[name]) for name in self.names])

    def params(self, draws: Any) -> dict[str, Any]:
        """Parameters by name, ``(..., *shape)`` each, of draws ``(..., d)``, of NumPy or JAX."""
        ends = np.cumsum(self._sizes)
        parts = zip(self.names, self.shapes, ends, self._sizes, strict=True)
        return {
            name: draws[..., end - size : end].reshape(*draws.shape[:-1], *shape)
            for name, shape, end, size in parts
        }


class MeanObjective(eqx.Module):
    """What the prior is tilted towards: the mean objective of fixed windows of the fitted minutes.

    Minus infinity outside of the support: where the objective of a window is no number, or infinite.

    Attributes:
        objective: of a window; it holds fitted rows only.
        starts: rows at which the windows start, ``(windows,)``.
        known: what is read of each window before any parameter is; None where minutes are walked.
        fixed: parameters that are not trained, of one set.
        layout: of a draw (static).
    """

    objective: WindowObjective
    starts: Int[Array, " windows"]
    known: WindowPrices | None
    fixed: dict[str, Array]
    layout: Layout = eqx.field(static=True)

    def __call__(self, draw: Float[Array, " d"]) -> Float[Array, ""]:
        """Of one draw."""
        values = self._of_windows(self.layout.params(draw) | self.fixed)
        return jnp.where(is_inside(values).all(), jnp.mean(values), -jnp.inf)

    def _of_windows(self, params: dict[str, Array]) -> Float[Array, " windows"]:
        """Minutes of one window after the other, and again on the way back: a window is large."""
        if self.known is not None:
            return jax.vmap(self.objective.judged, (None, 0, 0))(params, self.starts, self.known)
        return jax.lax.map(jax.checkpoint(lambda start: self.objective(params, start)), self.starts)


def is_inside(values: Float[Array, "*shape"]) -> Bool[Array, "*shape"]:
    """Whether objectives, any shape, are numbers that count: neither NaN nor what stands for infinity."""
    return jnp.abs(values) < CEILING


class Posterior(eqx.Module):
    """``prior * exp(beta * objective)`` of the trained raw parameters.

    Attributes:
        tilted: the law of a draw ``(d,)``, float64.
        layout: of a draw (static).
    """

    tilted: Tilted
    layout: Layout = eqx.field(static=True)

    @property
    def prior(self) -> GaussianPolicy:
        """Of a draw ``(d,)``."""
        assert isinstance(self.tilted.base, GaussianPolicy)
        return self.tilted.base

    @property
    def objective(self) -> MeanObjective:
        """That the prior is tilted towards."""
        assert isinstance(self.tilted.reward, MeanObjective)
        return self.tilted.reward


def posterior_of(problem: TrainingProblem, num_windows: int = 1, noise_scale: Any = None) -> Posterior:
    """The law of the raw parameters of a training.

    The prior is normal around the first set, each number by itself. Parameters that no training moves stay as they
    are. Nothing but fitted minutes is looked at.

    Args:
        problem: of :func:`isotherm.market.train.problem.problem_of`, not of several periods.
        num_windows: evenly spaced over the starts that there are, at most as many; the first and last among them.
        noise_scale: deviation of the prior, within 1e-6 .. 1e3; None takes that of the settings of training.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range.
    """
    doors.instance("problem", problem, TrainingProblem, "a TrainingProblem", "problem_of makes one")
    told = problem.training["noise_scale"] if noise_scale is None else noise_scale
    scale = doors.number("noise_scale", told, least=WIDTHS[0], most=WIDTHS[1])
    starts = even_starts(problem.draws.starts, num_windows)
    first = {name: value[0] for name, value in problem.params.items()}
    names = tuple(sorted(name for name in first if problem.trained[name]))
    if not names:
        raise refusal("rule", problem.settings["rule"], "has no parameter that could be drawn")
    layout = Layout(names, tuple(first[name].shape for name in names))
    with jax.enable_x64(True):
        objective = problem.gradient.objective
        known = jax.jit(lambda objective, starts: jax.lax.map(objective.read, starts))(objective, starts)
        reward = MeanObjective(
            objective=objective,
            starts=starts,
            known=known,
            fixed={name: value for name, value in first.items() if name not in names},
            layout=layout,
        )
        prior = GaussianPolicy(layout.flat(first), scale**2 * jnp.eye(layout.size))
        return Posterior(Tilted(prior, reward), layout)


def even_starts(starts: WindowStarts, num_windows: int) -> Int[Array, " windows"]:
    """Some of the starts that there are, evenly spaced, the first and the last among them, ``(windows,)``.

    Raises:
        ValueError: naming ``num_windows``, if there are fewer.

    >>> even_starts(WindowStarts(first=1440, spacing=1440, rows=5), 3).tolist()
    [1440, 4320, 7200]
    """
    count = doors.whole("num_windows", num_windows, 1)
    if count > starts.rows:
        allowed = f"must be at most {starts.rows}, the possible starts; a larger bout_offset gives more"
        raise refusal("num_windows", count, allowed)
    places = np.round(np.linspace(0, starts.rows - 1, count)).astype(int)
    return jnp.asarray(starts.first + starts.spacing * places)
