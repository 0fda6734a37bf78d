"""Door checks of planning by sampling."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.checks import Tensors, check_laws, tensors
from isotherm.errors import refusal
from isotherm.sample.schedule import Schedule

MAX_STEPS = 512
"""Of a policy: one factor joins them all, and its program grows with them."""

RUNGS = 6
"""Of a ladder that nobody chose."""

RUNG_POWER = 1.5
"""Rungs lie at powers of equal steps: energies vary most where it is warm, and swaps are rare there."""


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
    """Inverse temperatures of rungs in units of the wanted one, float32; as many as wanted where it is a number.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they do not ascend from at least 0 to 1, or there is none.
    """
    if doors.is_number(ladder):
        count = doors.whole("ladder", ladder, 1)
        return jnp.asarray((np.arange(1, count + 1) / count) ** RUNG_POWER, jnp.float32)
    rungs = doors.real_numbers("ladder", ladder)
    if rungs.ndim != 1 or not rungs.size:
        raise refusal("ladder.shape", rungs.shape, "must be (rungs,), or how many")
    if not (rungs[0] >= 0 and rungs[-1] == 1 and (np.diff(rungs) > 0).all()):
        raise refusal("ladder", rungs.tolist(), "must ascend from at least 0 to 1")
    return jnp.asarray(rungs, jnp.float32)


def check_memory(
    problem: PlanningProblem,
    policy_len: int,
    num_chains: int,
    budget: Schedule,
    num_rungs: int,
    num_particles: int,
    num_steps: int,
) -> None:
    """Refuse draws, or beliefs of all replicas or particles at once, that would not fit into memory.

    Raises:
        ValueError: naming the number at fault.
    """
    ahead = sum(law.shape[-2] * law.shape[-1] for law in problem.worth.moving.B)
    seen = sum(law.shape[-1] for law in problem.worth.observing.A)
    each, draw = 16.0 * (ahead + seen + policy_len), 16.0 * (policy_len + problem.num_choices)
    doors.affordable("num_chains", num_chains, each * num_chains * num_rungs, "have fewer chains, or rungs")
    doors.affordable("num_samples", budget.num_samples, draw * num_chains * budget.num_samples, "keep fewer")
    doors.affordable("num_particles", num_particles, each * num_particles, "have fewer")
    doors.affordable("num_steps", num_steps, 64.0 * num_steps, "take fewer")
