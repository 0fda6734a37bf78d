"""Steps of one set: clipping, SGD, Adam or AdamW, decay, rate, and a new start where it is lost. Section 7.3."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from isotherm import doors
from isotherm.market.train.rates import least_rate, rate_schedule

DecayTo = Literal["zero", "start"]

PLATEAU_RISE = 1e-4
"""By how much an objective must rise to end a plateau of Adam."""


class ClimbState(NamedTuple):
    """Of one set.

    Attributes:
        inner: of the chain of transformations.
        origin: parameters that weight decay pulls to.
        step: steps done, which the schedule reads, a scalar.
        factor: by which plateaus have multiplied the rate of SGD, a scalar; told from outside between steps.
        restarts: how often the set was lost, a scalar.
        entry: spare set that it takes first, a scalar.
        total: sum of parameters for their mean over late steps; None where none is asked for.
        num_averaged: how many are in it, a scalar.
    """

    inner: Any
    origin: PyTree
    step: Int[Array, ""]
    factor: Float[Array, ""]
    restarts: Int[Array, ""]
    entry: Int[Array, ""]
    total: PyTree | None
    num_averaged: Int[Array, ""]


class ClimbRules(NamedTuple):
    """Settings of the optimiser; numbers and words only, so that equal ones share a compiled program.

    Attributes:
        kind: ``"sgd"``, ``"adam"`` or ``"adamw"``.
        schedule: entries of the settings of training that the schedule reads, sorted pairs.
        weight_decay: of AdamW, of a step that has the rate 1.
        decay_to: whether it pulls to zero or to the first parameters.
        clip_norm: of the gradient of one set; None: no limit.
        plateau: factor and patience of Adam on a plateau of its objective; None: none.
        averaged: first step and every how many steps parameters are averaged from there; None: never.
    """

    kind: str
    schedule: tuple[tuple[str, Any], ...]
    weight_decay: float
    decay_to: str
    clip_norm: float | None
    plateau: tuple[float, int] | None
    averaged: tuple[int, int] | None


def climb_rules(training: Mapping[str, Any], decay_to: DecayTo | str = "zero") -> ClimbRules:
    """What settings of training ask of the optimiser.

    Args:
        training: defaults filled in.
        decay_to: what weight decay pulls raw parameters to.

    Raises:
        ValueError: naming ``decay_to``, or a setting of the schedule.
    """
    doors.choice("decay_to", decay_to, get_args(DecayTo))
    rate_schedule(training)
    names = ("base_lr", "lr_schedule_type", "lr_decay_ratio", "min_lr", "warmup_steps", "n_iterations")
    has_plateaus = training["use_plateau_decay"] and training["optimiser"] != "sgd"
    first = int(np.ceil(training["swa_start_frac"] * training["n_iterations"]))
    return ClimbRules(
        kind=training["optimiser"],
        schedule=tuple((name, training[name]) for name in names),
        weight_decay=float(training["weight_decay"]) if training["optimiser"] == "adamw" else 0.0,
        decay_to=decay_to,
        clip_norm=float(training["clip_norm"]) if training["use_gradient_clipping"] else None,
        plateau=(float(training["decay_lr_ratio"]), training["decay_lr_plateau"]) if has_plateaus else None,
        averaged=(first, training["swa_freq"]) if training["use_swa"] else None,
    )


class Climber(eqx.Module):
    """An optimiser of one set, for ``isotherm.learn.descend``, which has several at once.

    A set whose new parameters are no longer finite goes on from the next spare set, with a new state of the
    optimiser; the schedule goes on.

    Attributes:
        spare: sets, each parameter ``(32, ...)``.
        rules: of the steps (static).
    """

    spare: dict[str, Array]
    rules: ClimbRules = eqx.field(static=True)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """As optax has them; its functions are this module's methods, so that spare sets are traced."""
        begin: Any = self.init
        step: Any = self.update
        return optax.GradientTransformationExtraArgs(begin, step)

    def init(self, params: PyTree) -> ClimbState:
        """Before the first step of one set. Spare sets begin with one told by the set itself: others take others."""
        zero = jnp.zeros((), int)
        bits = jax.lax.bitcast_convert_type(ravel_pytree(params)[0], jnp.uint32)
        entry = (bits.sum(dtype=jnp.uint32) % len(jax.tree.leaves(self.spare)[0])).astype(int)
        total = None if self.rules.averaged is None else jax.tree.map(jnp.zeros_like, params)
        origin = params if self.rules.decay_to == "start" else jax.tree.map(jnp.zeros_like, params)
        return ClimbState(self._chain().init(params), origin, zero, jnp.ones(()), zero, entry, total, zero)

    def update(
        self, gradient: PyTree, state: ClimbState, params: PyTree, *, value: Float[Array, ""]
    ) -> tuple[PyTree, ClimbState]:
        """What to add to parameters, and the state after.

        Args:
            gradient: of what is made small.
            state: before.
            params: before.
            value: of the objective, which is made large.
        """
        told: tuple[Any, Any] = self._chain().update(gradient, state.inner, params, value=-value)
        direction, inner = told
        if self.rules.weight_decay:
            pull = self.rules.weight_decay
            direction = jax.tree.map(lambda d, p, o: d + pull * (p - o), direction, params, state.origin)
        rate = rate_of(self.rules, state.step, state.factor)
        scale = rate if self.rules.plateau is None else rate * inner[-1].scale
        updates = jax.tree.map(lambda d: -scale * d, direction)
        new = optax.apply_updates(params, updates)
        state = state._replace(inner=inner, step=state.step + 1)
        is_lost = ~jnp.isfinite(ravel_pytree(new)[0]).all()
        number = (state.entry + state.restarts) % len(jax.tree.leaves(self.spare)[0])
        spare = jax.tree.map(lambda x: x[number], self.spare)
        begun = self.init(spare)._replace(
            step=state.step, factor=state.factor, restarts=state.restarts + 1, entry=state.entry
        )
        new, state = jax.tree.map(lambda a, b: jnp.where(is_lost, a, b), (spare, begun), (new, state))
        return jax.tree.map(lambda a, b: a - b, new, params), self._averaged(state, new)

    def _averaged(self, state: ClimbState, new: PyTree) -> ClimbState:
        if self.rules.averaged is None:
            return state
        first, every = self.rules.averaged
        done = state.step - 1
        is_due = (done >= first) & ((done - first) % every == 0)
        total = jax.tree.map(lambda t, x: t + jnp.where(is_due, x, 0.0), state.total, new)
        return state._replace(total=total, num_averaged=state.num_averaged + is_due)

    def _chain(self) -> optax.GradientTransformationExtraArgs:
        rules = self.rules
        limit = optax.identity() if rules.clip_norm is None else optax.clip_by_global_norm(rules.clip_norm)
        parts = [limit]
        parts += [] if rules.kind == "sgd" else [optax.scale_by_adam(b1=0.9, b2=0.999, eps=1e-8)]
        if rules.plateau is not None:
            factor, patience = rules.plateau
            parts.append(_plateau(factor, patience))
        return optax.with_extra_args_support(optax.chain(*parts))


def _plateau(factor: float, patience: int) -> optax.GradientTransformationExtraArgs:
    """Of optax, which scales by itself: here the scale is read from its state, so that decay is scaled too."""
    found = optax.contrib.reduce_on_plateau(factor=factor, patience=patience, rtol=0.0, atol=PLATEAU_RISE)

    def update(updates: PyTree, state: Any, params: PyTree = None, **told: Any) -> tuple[PyTree, Any]:
        return updates, found.update(updates, state, params, **told)[1]

    return optax.GradientTransformationExtraArgs(found.init, update)


def rate_of(rules: ClimbRules, step: Any, factor: Any) -> Any:
    """The rate of a step: the schedule's, of SGD times what plateaus made of it and no less than the least."""
    with jax.numpy_dtype_promotion("standard"):  # optax divides its integer count of steps
        rate = rate_schedule(dict(rules.schedule))(step)
        if rules.kind != "sgd":
            return rate
        return jnp.maximum(rate * factor, least_rate(dict(rules.schedule)))
