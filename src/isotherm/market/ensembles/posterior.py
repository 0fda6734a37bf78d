"""The law that an ensemble of strategies is drawn from: a prior of raw parameters, tilted towards the objective."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int64

from isotherm import doors
from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import refusal
from isotherm.market.objectives.registry import CEILING
from isotherm.market.train.coordinates import Coordinates
from isotherm.market.train.points import FixedPoints
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.windows import WindowStarts

WIDTHS = (1e-6, 1e3)
"""Deviations of a prior of raw parameters that make sense."""


class MeanObjective(eqx.Module):
    """What the prior is tilted towards: the mean objective of fixed windows of the fitted minutes.

    Minus infinity outside of the support: where the objective of a window is no number, or infinite.

    Attributes:
        points: the windows, of fitted rows only.
        fixed: parameters that are not trained, of one set.
        coordinates: of a draw (static).
    """

    points: FixedPoints
    fixed: dict[str, Array]
    coordinates: Coordinates = eqx.field(static=True)

    def __call__(self, draw: Float[Array, " d"]) -> Float[Array, ""]:
        """Of one draw."""
        values = self.points.values(self.coordinates.params(draw) | self.fixed)
        return jnp.where(is_inside(values).all(), jnp.mean(values), -jnp.inf)


def is_inside(values: Float[Array, "*shape"]) -> Bool[Array, "*shape"]:
    """Whether objectives, any shape, are numbers that count: neither NaN nor what stands for infinity."""
    return jnp.abs(values) < CEILING


class Posterior(eqx.Module):
    """``prior * exp(beta * objective)`` of the trained raw parameters.

    Attributes:
        tilted: the law of a draw ``(d,)``, float64.
        coordinates: of a draw (static).
    """

    tilted: Tilted
    coordinates: Coordinates = eqx.field(static=True)

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
    coordinates = problem.coordinates
    if not coordinates.names:
        raise refusal("rule", problem.settings["rule"], "has no parameter that could be drawn")
    first = {name: value[0] for name, value in problem.params.items()}
    with jax.enable_x64(True):
        reward = MeanObjective(
            # a chain is as large as its windows are together: walking one by one leaves room for many chains
            points=FixedPoints.of(problem.gradient.objective, starts, at_once=1),
            fixed={name: value for name, value in first.items() if name not in coordinates.names},
            coordinates=coordinates,
        )
        mean = jnp.asarray(coordinates.rows(first))
        prior = GaussianPolicy(mean, scale**2 * jnp.eye(coordinates.size))
        return Posterior(Tilted(prior, reward), coordinates)


def even_starts(starts: WindowStarts, num_windows: int) -> Int64[np.ndarray, " windows"]:
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
    return starts.evenly(count)
