"""BFGS over fixed windows, all sets at once: a step is one evaluation, accepted or shrunk. Section 7.7."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, PyTree

from isotherm.learn.descend import DescentState, first_state
from isotherm.learn.steps import Slope
from isotherm.market.train.judge import Judge
from isotherm.market.train.methods.ascent import descended
from isotherm.market.train.methods.method import Method, is_judged
from isotherm.market.train.points import FixedPoints, Sets
from isotherm.market.train.problem import TrainingProblem


class NewtonMemory(NamedTuple):
    """Of all sets.

    Attributes:
        leaves: of the library's state, ``(sets, ...)`` each.
        are_at_rest: whether they are done, ``(sets,)``.
    """

    leaves: tuple[Array, ...]
    are_at_rest: Bool[Array | np.ndarray, " sets"]


class QuasiNewton(eqx.Module):
    """A step of BFGS for ``isotherm.learn.descend``, whose gradient is how far each set moves back.

    The library asks for the objective at one place a step, and takes the place or halves its way there; the first
    step judges where the sets begin. A set that has come to rest stays, whatever the others do.

    Attributes:
        points: that objectives are taken over.
        tol: below which a set is at rest: the largest entry of its gradient, or of the step that it would try next,
            or the changes of both its objective and its parameters, relative and absolute (static).
        names: of what is trained (static).
    """

    points: FixedPoints
    tol: float = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)

    def begun(self, params: Sets) -> NewtonMemory:
        """What is known before the first step."""
        free, fixed = self._parted(params)
        return self._kept(jax.vmap(self._init)(free, fixed), free)

    def __call__(self, key: PyTree, params: Sets, memory: NewtonMemory) -> Slope:
        """The way back of each set; ``value`` is the objective before the step, ``(sets,)``.

        Args:
            key: none is needed.
            params: raw parameters, ``(sets, ...)`` each.
            memory: of :meth:`begun`, or of the step before.
        """
        free, fixed = self._parted(params)
        before = self._state(memory.leaves, params)
        new, state, value = jax.vmap(self._step)(free, fixed, before, jnp.asarray(memory.are_at_rest))
        back = {name: params[name] - new[name] for name in new}
        still = jax.tree.map(jnp.zeros_like, params)
        return Slope(still | back, self._kept(state, new), value)

    def _step(
        self, free: Sets, fixed: Sets, state: Any, is_at_rest: Array
    ) -> tuple[Sets, Any, Float[Array, ""]]:
        told = self._solver().step(_descended, free, (self.points, fixed), {}, state, frozenset())
        new, after = told[0], told[1]
        value = -jnp.where(state.first_step, after.f_info.f, state.f_info.f)
        held = jax.tree.map(lambda a, b: jnp.where(is_at_rest, a, b), (free, state), (new, after))
        return *held, value

    def _solver(self) -> Any:
        import optimistix

        return optimistix.BFGS(rtol=self.tol, atol=self.tol)

    def _init(self, free: Sets, fixed: Sets) -> Any:
        value = jax.ShapeDtypeStruct((), jax.tree.leaves(free)[0].dtype)
        return self._solver().init(_descended, free, (self.points, fixed), {}, value, None, frozenset())

    def _kept(self, state: Any, free: Sets) -> NewtonMemory:
        ahead = jax.tree.map(lambda a, b: a - b, state.y_eval, free)
        is_small = (self._largest(ahead) < self.tol) | (self._largest(state.f_info.grad) < self.tol)
        return NewtonMemory(tuple(jax.tree.leaves(state)), state.terminate | (is_small & ~state.first_step))

    def _largest(self, sets: Sets) -> Float[Array, " sets"]:
        """Of the sizes of all entries of each set."""
        return jnp.concatenate([jnp.abs(leaf) for leaf in jax.tree.leaves(sets)], axis=1).max(axis=1)

    def _state(self, leaves: tuple[Array, ...], params: Sets) -> Any:
        free, fixed = self._parted(jax.tree.map(lambda leaf: leaf[0], params))
        return jax.tree.unflatten(jax.tree.structure(jax.eval_shape(self._init, free, fixed)), leaves)

    def _parted(self, params: Sets) -> tuple[Sets, Sets]:
        free = {name: params[name] for name in self.names}
        return free, {name: value for name, value in params.items() if name not in free}


def _descended(free: Sets, others: tuple[FixedPoints, Sets]) -> tuple[Float[Array, ""], None]:
    """What is made small, as the library asks for it."""
    return _negative(free, *others), None


@eqx.filter_custom_vjp
def _negative(free: Sets, points: FixedPoints, fixed: Sets) -> Float[Array, ""]:
    """The negative mean; a gradient of its own, since walks over minutes cannot be linearised and turned round."""
    return -points.mean(fixed | free)


@_negative.def_fwd
def _forward(_: Any, free: Sets, points: FixedPoints, fixed: Sets) -> tuple[Float[Array, ""], Sets]:
    value, uphill = points.mean_and_gradient(fixed | free)
    return -value, {name: -uphill[name] for name in free}


@_negative.def_bwd
def _backward(downhill: Sets, told: Float[Array, ""], *_: Any) -> Sets:
    return jax.tree.map(lambda leaf: told * leaf, downhill)


_AS_TOLD = optax.sgd(1.0)
"""Goes back all the way."""


def _quasi_newton(problem: TrainingProblem) -> QuasiNewton:
    assert problem.points is not None
    return QuasiNewton(problem.points, problem.training["bfgs_settings"]["tol"], problem.coordinates.names)


def _begun(problem: TrainingProblem) -> DescentState:
    memory = _quasi_newton(problem).begun(problem.params)
    return first_state(problem.params, _AS_TOLD, memory=memory, set_axis=0)


def _advanced(
    problem: TrainingProblem, state: DescentState, last: int, judge: Judge | None
) -> list[DescentState]:
    state = state._replace(memory=jax.tree.map(jnp.asarray, state.memory))
    return descended(problem, state, last, judge, _quasi_newton(problem), _AS_TOLD)


def _is_settled(problem: TrainingProblem, state: DescentState) -> bool:
    """All sets are at rest, and have been judged there."""
    return is_judged(state) and bool(np.all(state.memory.are_at_rest))


METHOD = Method(_begun, _advanced, is_settled=_is_settled)
"""BFGS, a step an evaluation."""
