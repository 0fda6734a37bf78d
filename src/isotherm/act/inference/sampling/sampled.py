"""Planning by sampling, for horizons whose policies cannot be enumerated."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int32

from isotherm import doors
from isotherm.act.inference.sampling.checks import (
    MAX_STEPS,
    RUNGS,
    check_memory,
    checked_beliefs,
    checked_ladder,
    checked_problem,
)
from isotherm.act.inference.sampling.draws import (
    PolicyDraws,
    best_of,
    coldest_policy,
    first_choice,
    policy_draws,
)
from isotherm.act.inference.sampling.tilt import LogNormaliser, log_normaliser
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.checks import Tensors
from isotherm.estimate import diagnostics
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.schedule import Schedule


class SampledPolicies(NamedTuple):
    """Draws of policies from ``q = E exp(-gamma EFE) / Z``, and what they say.

    Attributes:
        policies: number of the joint choice at each step, rows of ``all_choices``, int32 ``(chains, samples, H)``.
        neg_efe: minus the expected free energy of each draw, in nats, ``(chains, samples)``.
        log_actions: law of the first choice, in nats, ``(K,)``: of each draw the exact law given its later choices,
            averaged.
        action_neg_efe: of each first choice, the mean of ``neg_efe`` over policies that begin with it, ``(K,)``.
        log_z: ``ln Z``, the sum over all policies, its standard error, and the effective share of the particles.
        best: the policy of the largest ``q`` that was met, int32 ``(H,)``.
        best_neg_efe: minus its expected free energy.
        swap_rates: mean probability of a swap of each pair of neighbouring rungs, ``(rungs - 1,)``.
    """

    policies: Int32[Array, "chains samples steps"]
    neg_efe: Float[Array, "chains samples"]
    log_actions: Float[Array, " choices"]
    action_neg_efe: Float[Array, " choices"]
    log_z: LogNormaliser
    best: Int32[Array, " steps"]
    best_neg_efe: Float[Array, ""]
    swap_rates: Float[Array, " pairs"]

    @property
    def ess(self) -> float:
        """Effective number of independent draws, by ``neg_efe``; NaN where that is the same for all."""
        return float(diagnostics.ess(np.asarray(self.neg_efe)))

    @property
    def rhat(self) -> float:
        """Split R-hat of ``neg_efe``: near 1 where chains agree."""
        return float(diagnostics.rhat(np.asarray(self.neg_efe)))

    def __str__(self) -> str:
        laws = ", ".join(f"{p:.3f}" for p in np.exp(np.asarray(self.log_actions)))
        swaps = ", ".join(f"{rate:.0%}" for rate in np.asarray(self.swap_rates)) or "no ladder"
        share = float(self.log_z.ess_fraction)
        return "\n".join(
            [
                f"log Z = {float(self.log_z.value):.4f} ± {float(self.log_z.error):.2g} [{share:.0%} of particles]",
                f"first choice: {laws} [ess {self.ess:.0f}, rhat {self.rhat:.3f}, swaps {swaps}]",
                f"best: {np.asarray(self.best).tolist()}, expected free energy {-float(self.best_neg_efe):.4f}",
            ]
        )


def sampled_policies(
    key: KeyOrSeed,
    problem: PlanningProblem,
    beliefs: Any,
    policy_len: int,
    *,
    num_chains: int = 32,
    num_warmup: int = 100,
    num_samples: int = 50,
    thin: int = 4,
    ladder: Any = RUNGS,
    num_particles: int = 128,
    num_steps: int = 100,
) -> SampledPolicies:
    """Policies drawn from ``E exp(-gamma EFE) / Z`` instead of enumerated: for horizons of any length.

    A policy is a state of a factor graph whose one factor, its expected free energy, joins the choices of all steps.
    Chains of Gibbs sampling draw it, tempered by replicas; annealed importance sampling gives ``ln Z``, annealing the
    best policy. One sweep evaluates ``H K`` policies of ``H`` steps, so that the work grows as the square of the
    horizon; memory does not depend on the number of policies. Programs are compiled once for each shape: other
    beliefs, parameters and ``gamma`` compile nothing anew.

    Where the state is known and moves are sure, nothing needs to be sampled: the exact law comes from
    :func:`isotherm.exact.hidden.recursion.soft_backward` in ``H K`` times the number of states.

    Args:
        key: one JAX key, or a seed.
        problem: what is planned with: what counts, ``gamma``, and the prior of the choices of any one step; that of a
            policy is their product.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps of a policy, at least 1.
        num_chains: independent chains, at least 2.
        num_warmup: sweeps of each chain before its first draw, at least 0.
        num_samples: draws of a chain, at least 1.
        thin: sweeps before each draw, at least 1.
        ladder: inverse temperatures of tempering, in units of the wanted one: ascending to 1, ``(rungs,)``; or how
            many, 1 for no tempering. :func:`isotherm.sample.find_ladder` finds one for
            :func:`isotherm.act.inference.sampling.energy.policy_graph`.
        num_particles: of annealed importance sampling and of annealing, at least 2.
        num_steps: of either, at least 2.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range, or if draws or chains would not fit into memory.

    References:
        Friston et al., Active inference: a process theory, Neural Comput. 29 (2017) 1, for the law; Neal, Statistics
        and Computing 11 (2001) 125, for its normaliser.

    >>> from isotherm.act import ActiveInference
    >>> from isotherm.energy import generative_model
    >>> lamp = generative_model([[[1, 0], [0, 1]]], [[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0.0, 5.0]])
    >>> agent = ActiveInference(lamp)
    >>> mind = agent.init(jax.random.key(0))
    >>> sampled_policies(jax.random.key(0), agent.problem(mind), mind.beliefs, policy_len=4).best.tolist()
    [1, 1, 1, 1]
    """
    key = doors.random_key("key", key)
    beliefs = checked_beliefs(checked_problem(problem), beliefs)
    policy_len = doors.whole("policy_len", policy_len, 1, MAX_STEPS)
    num_chains, num_steps = doors.whole("num_chains", num_chains, 2), doors.whole("num_steps", num_steps, 2)
    num_particles = doors.whole("num_particles", num_particles, 2)
    budget, rungs = Schedule(num_warmup, num_samples, thin).checked(), checked_ladder(ladder)
    check_memory(problem, policy_len, num_chains, budget, len(rungs), num_particles, num_steps)
    key_draw, key_z, key_best = jax.random.split(key, 3)
    draws = policy_draws(key_draw, problem, beliefs, policy_len, num_chains, budget, rungs)
    log_z = log_normaliser(key_z, problem, beliefs, policy_len, num_particles, num_steps)
    coldest = coldest_policy(key_best, problem, beliefs, policy_len, num_particles, num_steps)
    return _summary(problem, beliefs, draws, log_z, coldest)


@eqx.filter_jit
def _summary(
    problem: PlanningProblem,
    beliefs: Tensors,
    draws: PolicyDraws,
    log_z: LogNormaliser,
    coldest: Int32[Array, " steps"],
) -> SampledPolicies:
    first, (best, best_neg_efe) = first_choice(problem, draws), best_of(problem, beliefs, draws, coldest)
    return SampledPolicies(
        draws.choices,
        draws.neg_efe,
        first.log_law,
        first.neg_efe,
        log_z,
        best,
        best_neg_efe,
        draws.swap_rates,
    )
