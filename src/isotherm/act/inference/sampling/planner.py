"""A planner by sampling, for agents: horizons of any length, without observations foreseen."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from isotherm import doors
from isotherm.act.inference.sampling.checks import MAX_STEPS, RUNGS, checked_ladder
from isotherm.act.inference.sampling.draws import best_of, coldest_policy, first_choice, policy_draws
from isotherm.act.inference.search.planner import AbstractPlanner, Planned
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.act.inference.search.tree import key_of_beliefs
from isotherm.energy.hidden.checks import Tensors
from isotherm.sample.schedule import Schedule


@dataclass(frozen=True)
class PolicySampling(AbstractPlanner):
    """Plans by policies drawn from ``E exp(-gamma EFE) / Z``, where there are too many to enumerate.

    It is the agent's own law of policies of ``horizon`` steps, beliefs rolled forward without observing, and tends to
    it as draws are added; see :func:`isotherm.act.inference.sampling.sampled.sampled_policies`. What is drawn follows
    from ``seed`` and the beliefs alone.

    Attributes:
        horizon: steps of a policy, at least 1.
        num_chains: independent chains, at least 2.
        num_warmup: sweeps of each before its first draw, at least 0.
        num_samples: draws of each, at least 1.
        thin: sweeps before each draw, at least 1.
        ladder: inverse temperatures of tempering in units of ``gamma``, ascending to 1, a tuple; or how many.
        follow: ``"law"``: a choice weighs what the policies that begin with it weigh together; ``"best"``: the
            first choice of the best policy that was met has all the weight, as with deterministic agents that
            enumerate.
        num_steps: of the annealing that looks for the best policy, at least 2.
        seed: of what is drawn, a whole number within ``0 .. 2**32 - 1``.

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming a setting that is out of range.

    >>> PolicySampling(horizon=20).num_chains
    32
    """

    horizon: int = 12
    num_chains: int = 32
    num_warmup: int = 60
    num_samples: int = 10
    thin: int = 4
    ladder: int | tuple[float, ...] = RUNGS
    follow: str = "law"
    num_steps: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        doors.whole("horizon", self.horizon, 1, MAX_STEPS)
        doors.whole("num_chains", self.num_chains, 2)
        Schedule(self.num_warmup, self.num_samples, self.thin).checked()
        if not isinstance(self.ladder, tuple):
            doors.whole("ladder", self.ladder, 1)
        checked_ladder(self.ladder)
        doors.choice("follow", self.follow, ("law", "best"))
        doors.whole("num_steps", self.num_steps, 2)
        doors.whole("seed", self.seed, 0, 2**32 - 1)

    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """Of each choice, the mean of minus the expected free energy of policies that begin with it, and its weight.

        Args:
            problem: what is planned with.
            beliefs: of each factor now, ``(S_f,)``.
        """
        key_draw, key_best = jax.random.split(key_of_beliefs(self.seed, beliefs))
        budget = Schedule(self.num_warmup, self.num_samples, self.thin)
        ladder = checked_ladder(self.ladder)
        draws = policy_draws(key_draw, problem, beliefs, self.horizon, self.num_chains, budget, ladder)
        first = first_choice(problem, draws)
        if self.follow == "law":
            return Planned(first.neg_efe, first.log_law, first.value)
        coldest = coldest_policy(key_best, problem, beliefs, self.horizon, self.num_chains, self.num_steps)
        best, neg_efe = best_of(problem, beliefs, draws, coldest)
        is_first = jnp.arange(problem.num_choices, dtype=jnp.int32) == best[0]
        log_q = jnp.where(is_first, 0.0, -jnp.inf).astype(first.log_law.dtype)
        return Planned(first.neg_efe, log_q, neg_efe)
