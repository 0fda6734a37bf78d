"""The most probable parameters of each subject, by damped Newton steps."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.act.choices.priors import values_at
from isotherm.act.choices.recorded import Recorded
from isotherm.act.choices.target import Build, Problem, each_at, log_posterior, problem

LEAST, MOST = 1e-6, 1e8
"""Of the damping."""


class MostProbable(NamedTuple):
    """Of each subject.

    Attributes:
        parameters: by name, ``(subjects,)`` each.
        z: the same on the scale of the priors, standard normal there, ``(subjects, parameters)``.
        covariance: of ``z`` in Laplace's approximation, ``(subjects, parameters, parameters)``.
        log_posterior: in nats, up to a constant, ``(subjects,)``.
        slope: largest entry of its gradient, ``(subjects,)``: near 0 where a maximum was found.
        each: log probability of each choice there, counted or not, ``(subjects, steps)``; 0 where it is padding.
    """

    parameters: dict[str, Float[Array, " subjects"]]
    z: Float[Array, "subjects parameters"]
    covariance: Float[Array, "subjects parameters parameters"]
    log_posterior: Float[Array, " subjects"]
    slope: Float[Array, " subjects"]
    each: Float[Array, "subjects steps"]


class _At(NamedTuple):
    """Where one subject's climb stands."""

    z: Array
    value: Array
    slope: Array
    curvature: Array
    damping: Array


def fit_map(
    build: Build, priors: Any, recorded: Recorded, *, weights: Any = None, num_steps: int = 30
) -> MostProbable:
    """The most probable parameters of each subject by itself.

    All subjects climb side by side in one compiled loop, by Newton steps with Levenberg's damping: a step that leads
    down is not taken, and the next one is shorter. The climb begins at the medians of the priors.

    Args:
        build: from parameters by name to an agent; called with scalars, inside ``jax.jit``.
        priors: of each parameter, by name; :func:`positive`, :func:`unit` and :func:`real` make them.
        recorded: of several subjects.
        weights: how much each choice counts, ``(subjects, steps)``, at least 0; 0 holds it out, though the agent
            still learns from it. All count by default.
        num_steps: Newton steps, at least 1 (static).

    Raises:
        TypeError: if an argument is of another kind, or the agent has no closed law of choice.
        ValueError: naming what is out of range.

    References:
        Marquardt, An algorithm for least-squares estimation of nonlinear parameters, J. SIAM 11 (1963) 431.

    >>> import numpy as np
    >>> from isotherm.act import Transition
    >>> from isotherm.act.choices.priors import unit
    >>> from isotherm.act.choices.recorded import recorded
    >>> from isotherm.act.trials.stay import Stay
    >>> seen = Transition(None, np.array([0, 0, 0, 0, 1]), np.ones(5), None, None, None)  # stayed 3 times of 4
    >>> found = fit_map(lambda p: Stay(2, after_win=p["stay"]), {"stay": unit(0.5, 100.0)}, recorded([seen]))
    >>> round(float(found.parameters["stay"][0]), 3)
    0.75
    """
    task = problem(build, priors, recorded, weights)
    num_steps = doors.whole("num_steps", num_steps, 1)
    return _climbed(task, num_steps)


@eqx.filter_jit
def _climbed(task: Problem, num_steps: int) -> MostProbable:
    def of(one: Recorded, weights: Array) -> MostProbable:
        at = _climb(lambda z: log_posterior(task, z, one, weights), len(task.priors), num_steps)
        covariance = jnp.linalg.inv(_convex(-at.curvature))
        slope = jnp.abs(at.slope).max()
        each = each_at(task, at.z, one)
        return MostProbable(values_at(task.priors, at.z), at.z, covariance, at.value, slope, each)

    return jax.vmap(of)(task.recorded, task.weights)


def _climb(function: Any, size: int, num_steps: int) -> _At:
    def looked_at(z: Array) -> tuple[Array, Array, Array]:
        def slope(z: Array) -> tuple[Array, tuple[Array, Array]]:
            def both(z: Array) -> tuple[Array, Array]:
                value = function(z)
                return value, value

            slope, value = jax.jacfwd(both, has_aux=True)(z)
            return slope, (value, slope)

        curvature, (value, here) = jax.jacfwd(slope, has_aux=True)(z)
        return value, here, curvature

    def step(at: _At, _: None) -> tuple[_At, None]:
        hold = _convex(-at.curvature) + at.damping * jnp.eye(size, dtype=at.z.dtype)
        z = at.z + jnp.linalg.solve(hold, at.slope)
        value, slope, curvature = looked_at(z)
        is_up = value >= at.value  # never of NaN
        damping = jnp.clip(jnp.where(is_up, at.damping / 5, at.damping * 4), LEAST, MOST)
        taken = _At(z, value, slope, curvature, damping)
        return jax.tree.map(
            lambda new, old: jnp.where(is_up, new, old), taken, at._replace(damping=damping)
        ), None

    zero = jnp.zeros(size)
    start = _At(zero, jnp.float32(-jnp.inf), zero, -jnp.eye(size), jnp.float32(0.1))
    return lax.scan(step, start, None, length=num_steps + 1)[0]


def _convex(matrix: Array) -> Array:
    """With eigenvalues of at least those of the prior's share, so that a step leads up and a covariance is one."""
    values, vectors = jnp.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * jnp.maximum(jnp.abs(values), 1e-3)[None]) @ vectors.T
