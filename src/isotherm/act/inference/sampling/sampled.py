"""Planning by sampling, for horizons whose policies cannot be enumerated."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.inference.sampling.draws import PolicyDraws, coldest_policy, first_choice, policy_draws
from isotherm.act.inference.sampling.energy import outlook_of, policy_energy
from isotherm.act.inference.sampling.tilt import LogNormaliser, log_normaliser
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.checks import Tensors, check_laws, tensors
from isotherm.errors import refusal
from isotherm.estimate import diagnostics
from isotherm.sample.schedule import Schedule

RUNGS = 4
"""Of a ladder that nobody chose."""


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
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Any,
    policy_len: int,
    *,
    num_chains: int = 64,
    num_warmup: int = 100,
    num_samples: int = 25,
    thin: int = 4,
    ladder: Any = RUNGS,
    num_steps: int = 200,
) -> SampledPolicies:
    """Policies drawn from ``E exp(-gamma EFE) / Z`` instead of enumerated: for horizons of any length.

    A policy is a state of a factor graph whose one factor, its expected free energy, joins the choices of all steps.
    Chains of Gibbs sampling draw it, tempered by replicas; annealed importance sampling gives ``ln Z``, annealing the
    best policy. One sweep evaluates ``H K`` policies of ``H`` steps, so that the work grows as the square of the
    horizon; memory does not depend on the number of policies. Programs are compiled once for each shape: other
    beliefs, parameters and ``gamma`` compile nothing anew.

    Where the states are known and moves are sure, sums over policies need no sampling: then the exact law comes from
    :func:`isotherm.exact.hidden.recursion.soft_backward` in ``H K`` times the number of states.

    Args:
        key: one JAX key.
        problem: what is planned with: ``gamma``, and the prior of each choice at every step, of which a policy's prior
            is the product.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps of a policy, at least 1.
        num_chains: independent chains, and particles of importance sampling, at least 2.
        num_warmup: sweeps of each chain before its first draw, at least 0.
        num_samples: draws of a chain, at least 1.
        thin: sweeps before each draw, at least 1.
        ladder: inverse temperatures of tempering, in units of the wanted one: ascending to 1, ``(rungs,)``; or how
            many, 1 for no tempering.
        num_steps: of annealed importance sampling and of annealing, at least 2.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range, or if draws or chains would not fit into memory.

    References:
        Friston et al., Active inference: a process theory, Neural Comput. 29 (2017) 1, for the law; Neal, Statistics
        and Computing 11 (2001) 125, for its normaliser.
    """
    doors.random_key("key", key)
    beliefs = checked_beliefs(checked_problem(problem), beliefs)
    policy_len = doors.whole("policy_len", policy_len, 1)
    num_chains = doors.whole("num_chains", num_chains, 2)
    budget = Schedule(num_warmup, num_samples, thin).checked()
    rungs, num_steps = checked_ladder(ladder), doors.whole("num_steps", num_steps, 2)
    _check_memory(problem, policy_len, num_chains, budget, len(rungs))
    key_draw, key_z, key_best = jax.random.split(key, 3)
    draws = policy_draws(key_draw, problem, beliefs, policy_len, num_chains, budget, rungs)
    log_z = log_normaliser(key_z, problem, beliefs, policy_len, num_chains, num_steps)
    coldest = coldest_policy(key_best, problem, beliefs, policy_len, num_chains, num_steps)
    return _summary(problem, beliefs, draws, log_z, coldest)


@eqx.filter_jit
def _summary(
    problem: PlanningProblem,
    beliefs: Tensors,
    draws: PolicyDraws,
    log_z: LogNormaliser,
    coldest: Int32[Array, " steps"],
) -> SampledPolicies:
    first = first_choice(problem, draws)
    neg_efe = jnp.take_along_axis(draws.ahead, draws.choices[..., :1], axis=-1)[..., 0]
    met = jnp.concatenate([draws.choices.reshape(-1, len(coldest)), coldest[None]])
    of_coldest = -policy_energy(outlook_of(problem, beliefs), coldest)
    worth = jnp.concatenate([neg_efe.reshape(-1), of_coldest[None]])
    best = jnp.argmax(problem.gamma * worth + problem.log_prior[met].sum(1))
    return SampledPolicies(
        draws.choices, neg_efe, first.log_law, first.neg_efe, log_z, met[best], worth[best], draws.swap_rates
    )


def checked_problem(problem: Any) -> PlanningProblem:
    """A problem whose choices can be followed by each other.

    Raises:
        TypeError: if it is none.
        ValueError: if its policies have more than one step, or its prior no choice.
    """
    doors.instance("problem", problem, PlanningProblem, "a PlanningProblem")
    if len(problem.policies.levels) != 1:
        mend = "must be 1: the choices of one step, of which policies are made"
        raise refusal("len(problem.policies.levels)", len(problem.policies.levels), mend)
    prior, count = problem.log_prior, problem.num_choices
    if jnp.shape(prior) != (count,):
        raise refusal("problem.log_prior.shape", jnp.shape(prior), f"must be ({count},), one for each choice")
    if not doors.is_traced(prior) and not (np.max(prior) < np.inf and np.max(prior) > -np.inf):
        raise refusal("problem.log_prior", np.asarray(prior).tolist(), "must be numbers, or -inf for some")
    doors.numbers("problem.gamma", problem.gamma, least=0)
    return problem


def checked_beliefs(problem: PlanningProblem, beliefs: Any) -> Tensors:
    """Laws of each factor's states.

    Raises:
        TypeError: if they are no list.
        ValueError: naming the factor whose belief has another number of states, or is no law.
    """
    laws = problem.worth.moving.B
    found = tensors("beliefs", beliefs, len(laws))
    for f, (belief, law) in enumerate(zip(found, laws, strict=True)):
        if belief.shape != (law.shape[-1],):
            raise refusal(f"beliefs[{f}].shape", belief.shape, f"must be ({law.shape[-1]},)")
        check_laws(f"beliefs[{f}]", belief)
    return tuple(belief.astype(law.dtype) for belief, law in zip(found, laws, strict=True))


def checked_ladder(ladder: Any) -> Float[Array, " rungs"]:
    """Inverse temperatures of rungs in units of the wanted one, float32; as many as wanted, evenly, where a number.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they do not ascend from at least 0 to 1, or there is none.
    """
    if doors.is_number(ladder):
        count = doors.whole("ladder", ladder, 1)
        return jnp.asarray(np.arange(1, count + 1) / count, jnp.float32)
    rungs = doors.real_numbers("ladder", ladder)
    if rungs.ndim != 1 or not rungs.size:
        raise refusal("ladder.shape", rungs.shape, "must be (rungs,), or how many")
    if not (rungs[0] >= 0 and rungs[-1] == 1 and (np.diff(rungs) > 0).all()):
        raise refusal("ladder", rungs.tolist(), "must ascend from at least 0 to 1")
    return jnp.asarray(rungs, jnp.float32)


def _check_memory(
    problem: PlanningProblem, policy_len: int, num_chains: int, budget: Schedule, num_rungs: int
) -> None:
    """Refuse draws, or beliefs of all replicas at once, that would not fit into memory."""
    kept = 16.0 * num_chains * budget.num_samples * (policy_len + problem.num_choices)
    doors.affordable("num_samples", budget.num_samples, kept, "keep fewer draws")
    ahead = sum(law.shape[-2] * law.shape[-1] for law in problem.worth.moving.B)
    seen = sum(law.shape[-1] for law in problem.worth.observing.A)
    replicas = 16.0 * num_chains * num_rungs * (ahead + seen + policy_len)
    doors.affordable("num_chains", num_chains, replicas, "have fewer chains, or a shorter ladder")
