"""Draws of policies by tempering, and the best policy by annealing: what compiled planners call."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, Key

from isotherm.act.inference.sampling.energy import GROUP, Outlook, outlook_of, policy_energy, policy_graph
from isotherm.act.inference.sampling.tilt import policy_tilt
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.logits import tilted_logits
from isotherm.sample.betas import energies
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.run import sample
from isotherm.sample.schedule import Schedule
from isotherm.sample.temperatures.annealing import anneal
from isotherm.sample.temperatures.tempering import tempering

WARMEST, COLDEST = 0.3, 100.0
"""First and last inverse temperature of annealing, in units of one over the spread of log weights under the prior."""


class PolicyDraws(NamedTuple):
    """Draws of policies, and what each first choice would be worth.

    Attributes:
        choices: number of the joint choice at each step, int32 ``(chains, samples, H)``.
        ahead: minus the expected free energy of each draw with its first choice replaced by each one, ``(chains,
            samples, K)``.
        swap_rates: mean probability of a swap of each pair of neighbouring rungs, ``(rungs - 1,)``.
    """

    choices: Int32[Array, "chains samples steps"]
    ahead: Float[Array, "chains samples choices"]
    swap_rates: Float[Array, " pairs"]

    @property
    def neg_efe(self) -> Float[Array, "chains samples"]:
        """Minus the expected free energy of each draw, in nats, shape ``(chains, samples)``."""
        return jnp.take_along_axis(self.ahead, self.choices[..., :1], axis=-1)[..., 0]


class FirstChoice(NamedTuple):
    """The law of the first choice.

    Attributes:
        log_law: of each choice, in nats, ``(K,)``.
        neg_efe: of each choice, the mean of minus the expected free energy of policies that begin with it, ``(K,)``.
        value: the mean over all policies.
    """

    log_law: Float[Array, " choices"]
    neg_efe: Float[Array, " choices"]
    value: Float[Array, ""]


@eqx.filter_jit
def policy_draws(
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Tensors,
    policy_len: int,
    num_chains: int,
    budget: Schedule,
    ladder: Float[Array, " rungs"],
) -> PolicyDraws:
    """Draws from ``E exp(-gamma EFE) / Z`` by Gibbs sampling, tempered where the ladder has more than one rung.

    Args:
        key: one JAX key.
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps of policies (static).
        num_chains: how many (static).
        budget: sweeps of each chain (static).
        ladder: inverse temperatures of the log weights, ascending to 1, ``(rungs,)``.
    """
    graph = policy_graph(problem, beliefs, policy_len)
    outlook = outlook_of(problem, beliefs)
    is_tempered = len(ladder) > 1
    kernel = tempering(lambda b: gibbs(graph, b), ladder, graph) if is_tempered else gibbs(graph, ladder[0])

    def look(state: Any) -> tuple[Array, Array, Array]:
        choices = state.position[GROUP].astype(jnp.int32)
        rates = state.acceptance if is_tempered else jnp.zeros(0)
        return choices, _first_replaced(outlook, choices), rates

    key_start, key_run = jax.random.split(key)
    starts = _starts(key_start, problem, beliefs, policy_len, num_chains)
    found = sample(key_run, kernel, starts, **budget._asdict(), observe=look).values
    return PolicyDraws(found[0], found[1], found[2].mean((0, 1)))


def first_choice(problem: PlanningProblem, draws: PolicyDraws) -> FirstChoice:
    """What draws say of the first choice: of each draw its exact law given the later choices, averaged.

    The mean has less variance than the share of draws that begin with a choice.

    Args:
        problem: what was planned with.
        draws: any number of chains and samples.
    """
    ahead = draws.ahead.reshape(-1, problem.num_choices)
    prior = jnp.broadcast_to(problem.log_prior, ahead.shape)
    log_laws = tilted_logits(prior, ahead, problem.gamma)
    log_law = jax.nn.logsumexp(log_laws, axis=0) - jnp.log(len(ahead) * 1.0).astype(ahead.dtype)
    by_choice = jnp.where(prior > -jnp.inf, log_laws, 0.0).T
    weights = jnp.exp(tilted_logits(by_choice, jnp.zeros_like(by_choice)))
    neg_efe = (weights * ahead.T).sum(1)
    return FirstChoice(
        tilted_logits(log_law, jnp.zeros_like(log_law)), neg_efe, (jnp.exp(log_law) * neg_efe).sum()
    )


@eqx.filter_jit
def coldest_policy(
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Tensors,
    policy_len: int,
    num_chains: int,
    num_steps: int,
) -> Int32[Array, " steps"]:
    """The policy of the largest ``E exp(-gamma EFE)`` that chains found which cooled.

    Args:
        key: one JAX key.
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps of policies (static).
        num_chains: how many (static).
        num_steps: sweeps of each (static).
    """
    graph = policy_graph(problem, beliefs, policy_len)
    key_start, key_run = jax.random.split(key)
    starts = _starts(key_start, problem, beliefs, policy_len, num_chains)
    spread = jnp.maximum(energies(graph, starts).std(), 1e-6).astype(jnp.float32)
    betas = jnp.geomspace(WARMEST, COLDEST * policy_len**0.5, num_steps, dtype=jnp.float32) / spread
    found = anneal(
        key_run, graph, betas, num_chains=num_chains, kernel=gibbs(graph, betas[0]), positions=starts
    )
    return found.state[GROUP].astype(jnp.int32)


def best_of(
    problem: PlanningProblem, beliefs: Tensors, draws: PolicyDraws, coldest: Int32[Array, " steps"]
) -> tuple[Int32[Array, " steps"], Float[Array, ""]]:
    """The policy of the largest ``E exp(-gamma EFE)`` of all that were met, and minus its expected free energy.

    Args:
        problem: what was planned with.
        beliefs: of each factor, ``(S_f,)``.
        draws: of policies.
        coldest: what annealing found.
    """
    met = jnp.concatenate([coldest[None], draws.choices.reshape(-1, len(coldest))])
    of_coldest = -policy_energy(outlook_of(problem, beliefs), coldest)
    neg_efe = jnp.concatenate([of_coldest[None], draws.neg_efe.reshape(-1)])
    best = jnp.argmax(problem.gamma * neg_efe + problem.log_prior[met].sum(1))
    return met[best], neg_efe[best]


def _starts(
    key: Key[Array, ""], problem: PlanningProblem, beliefs: Tensors, policy_len: int, num_chains: int
) -> Any:
    """States drawn from the prior."""
    base = policy_tilt(problem, beliefs, policy_len).base
    return jax.vmap(base.draw)(jax.random.split(key, num_chains))


def _first_replaced(outlook: Outlook, choices: Int32[Array, " steps"]) -> Float[Array, " choices"]:
    """Minus the expected free energy with each first choice."""
    every = jnp.arange(outlook.problem.num_choices, dtype=jnp.int32)
    return -jax.vmap(lambda choice: policy_energy(outlook, choices.at[0].set(choice)))(every)
