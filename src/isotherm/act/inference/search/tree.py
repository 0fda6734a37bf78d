"""Monte Carlo tree search: simulations through choices and chance, by mctx."""

from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.inference.inductive import inductive_penalties
from isotherm.act.inference.search.planner import AbstractPlanner, Planned
from isotherm.act.inference.search.problem import Branching, PlanningProblem, beliefs_after, chances, foreseen
from isotherm.energy.hidden.checks import Tensors

LEAST_SPREAD = 0.03
"""Nats: choices whose values are nearer to each other count as less than far apart where visits are shared out."""


@dataclass(frozen=True)
class MonteCarlo(AbstractPlanner):
    """Plans by Monte Carlo tree search: stochastic MuZero's, with nodes of choice and nodes of chance.

    A choice is worth its step's score and the mean over observations of what follows, undiscounted. A belief that is
    new is worth what a plan without observations gets, whose choices are the best of each step alone; beyond the
    horizon nothing counts. Observations are visited in proportion to their
    probability, so that sure ones cost nothing and chance is averaged over; choices by upper confidence bounds with
    the prior ``E``. As visits grow they gather on the choice of the least expected free energy: the agent's ``gamma``
    does not count. The weight of a choice is its share of visits.

    What is drawn, ties and the noise at the root, follows from ``seed`` and the beliefs alone, so that equal beliefs
    make equal plans and an agent's law needs no key. Needs the package ``mctx``, of the extra ``agents``.

    Attributes:
        num_simulations: visits of the root, at least 1; each costs one inference of states.
        horizon: steps, at least 1.
        noise: share of Dirichlet noise in the prior of the root, within 0 .. 1.
        seed: of what is drawn, a whole number at least 0.
        independent_modalities: see :class:`isotherm.act.inference.search.problem.Branching`.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming a setting that is out of range.
        ImportError: if ``mctx`` is not installed.

    References:
        Antonoglou et al., Planning in stochastic environments with a learned model, ICLR (2022).
    """

    num_simulations: int = 4096
    horizon: int = 6
    noise: float = 0.0
    seed: int = 0
    independent_modalities: bool = False

    def __post_init__(self) -> None:
        for name in ("num_simulations", "horizon"):
            doors.whole(name, getattr(self, name), 1)
        doors.number("noise", self.noise, least=0, most=1)
        doors.whole("seed", self.seed, 0)
        doors.flag("independent_modalities", self.independent_modalities)
        mctx_module("MonteCarlo")

    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """Values and shares of visits; see :func:`tree_search`."""
        key = key_of_beliefs(self.seed, beliefs)
        branching = Branching(None, None, self.independent_modalities)
        return tree_search(key, problem, beliefs, self.num_simulations, self.horizon, branching, self.noise)


class _Place(NamedTuple):
    """Where a simulation stands: beliefs before a choice, and the number of steps so far; a batch of one."""

    beliefs: Tensors
    step: Int32[Array, " one"]


class _After(NamedTuple):
    """After a choice, before its observation: what is predicted, the step's score, and steps so far."""

    ahead: Tensors
    score: Float[Array, " one"]
    step: Int32[Array, " one"]


def tree_search(
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Tensors,
    num_simulations: int,
    horizon: int,
    branching: Branching,
    noise: float = 0.0,
) -> Planned:
    """Search from beliefs by simulations.

    Args:
        key: one JAX key, of ties and of the noise.
        problem: what is planned with; its ``gamma`` does not count.
        beliefs: of each factor now, ``(S_f,)``.
        num_simulations: visits of the root (static).
        horizon: steps (static).
        branching: which observations are told apart (static).
        noise: share of Dirichlet noise in the prior of the root (static).

    Returns:
        Values of choices, 0 where never visited; logs of their shares of visits; the mean over simulations.

    Raises:
        ImportError: if ``mctx`` is not installed.
    """
    mctx = mctx_module("tree_search")
    penalties = None
    if problem.worth.moving.reachable is not None:
        penalties = inductive_penalties(beliefs, problem.worth.moving.reachable, problem.worth.epsilon)
    dtype = beliefs[0].dtype
    zero = jnp.zeros(1, dtype)
    prior = jnp.broadcast_to(problem.log_prior, (1, problem.num_choices))

    def later(beliefs: Tensors, step: Int32[Array, " one"]) -> Float[Array, " one"]:
        return _without_observing(problem, beliefs, step, penalties, horizon)

    def choose(_: Any, key: Array, choice: Int32[Array, " one"], place: _Place) -> tuple[Any, _After]:
        found = foreseen(problem, place.beliefs, penalties, place.step[0])
        ahead = tuple(q[0, choice] for q in found.beliefs)
        score = found.score[0, choice]
        probability, _ = chances(problem, tuple(q[0] for q in ahead), branching)
        log_chances = jnp.log(jnp.maximum(probability, jnp.finfo(dtype).tiny))[None]
        return mctx.DecisionRecurrentFnOutput(
            chance_logits=log_chances, afterstate_value=score + later(ahead, place.step + 1)
        ), _After(ahead, score, place.step + 1)

    def see(_: Any, key: Array, outcome: Int32[Array, " one"], after: _After) -> tuple[Any, _Place]:
        ahead = tuple(q[0] for q in after.ahead)
        _, seen = chances(problem, ahead, branching)
        beliefs = beliefs_after(problem, ahead, tuple(symbols[outcome] for symbols in seen))
        answer = mctx.ChanceRecurrentFnOutput(
            action_logits=prior,
            value=later(beliefs, after.step),
            reward=after.score,
            discount=jnp.ones(1, dtype),
        )
        return answer, _Place(beliefs, after.step)

    root = mctx.RootFnOutput(
        prior_logits=prior,
        value=zero,
        embedding=_Place(tuple(q[None] for q in beliefs), jnp.zeros(1, jnp.int32)),
    )
    # mctx mixes ranks and dtypes; an observation after the last choice changes nothing, so none is drawn
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        found = mctx.stochastic_muzero_policy(
            (),
            key,
            root,
            choose,
            see,
            num_simulations=num_simulations,
            invalid_actions=jnp.isneginf(prior),
            max_depth=2 * horizon - 1,
            dirichlet_fraction=float(noise),
            qtransform=partial(mctx.qtransform_by_parent_and_siblings, epsilon=LEAST_SPREAD),
        )
    summary = found.search_tree.summary()
    visits = summary.visit_counts[0].astype(dtype)
    log_q = jnp.where(visits > 0, jnp.log(jnp.maximum(visits, 1) / visits.sum()), -jnp.inf)
    return Planned(summary.qvalues[0], log_q, summary.value[0])


def _without_observing(
    problem: PlanningProblem,
    beliefs: Tensors,
    step: Int32[Array, " one"],
    penalties: Tensors | None,
    horizon: int,
) -> Float[Array, " one"]:
    """What the choices that are best at each step alone would still get, if nothing more were seen."""

    def ahead(carry: tuple[Tensors, Array, Array], _: None) -> tuple[tuple[Tensors, Array, Array], None]:
        beliefs, step, total = carry
        found = foreseen(problem, beliefs, penalties, step[0])
        best = jnp.argmax(found.score[0] + problem.log_prior, keepdims=True)
        total = total + jnp.where(step < horizon, found.score[0, best], 0.0)
        return (tuple(q[0, best] for q in found.beliefs), step + 1, total), None

    start = (beliefs, step, jnp.zeros(1, beliefs[0].dtype))
    return lax.scan(ahead, start, None, length=horizon - 1)[0][2]


def key_of_beliefs(seed: int, beliefs: Tensors) -> Key[Array, ""]:
    """A key that depends on the seed and on every bit of the beliefs, in single precision.

    Args:
        seed: at least 0.
        beliefs: of each factor, ``(S_f,)``.
    """
    words = lax.bitcast_convert_type(jnp.concatenate(beliefs).astype(jnp.float32), jnp.uint32)
    odd = 2 * np.arange(len(words), dtype=np.uint32) + 1
    return jax.random.fold_in(
        jax.random.key(seed), jnp.sum(words * (odd * np.uint32(2654435761)), dtype=jnp.uint32)
    )


def mctx_module(who: str) -> ModuleType:
    """The package ``mctx``.

    Args:
        who: what needs it.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        import mctx
    except ImportError:
        raise ImportError(f"{who} needs mctx: pip install 'isotherm[agents]'") from None
    return mctx
