"""The computation behind the generative proof: two learners on one stream of observations, and their judges."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Key

from isotherm.energy import Ising
from isotherm.exact.exact import exact
from isotherm.learn.online import averaged
from isotherm.learn.online.moments import MatchingRates, PairWindow, match_moments, zero_model
from isotherm.random import named
from isotherm.sample.gibbs.gibbs import Moments, gibbs_moments
from isotherm.sample.schedule import Schedule
from isotherm.studies.generative.config import GenerativeConfig


def learn(keys: Key[Array, " runs"], truth: Ising, learner: str, config: GenerativeConfig) -> Ising:
    """Models learned from ``num_steps`` observations of ``truth``, one a key, batched on the first axis.

    Both learners see the same observations: step ``t`` of a run is drawn from its key and ``t`` alone.
    """
    schedule = Schedule(config.num_warmup, config.num_samples, config.steps_per_sample)
    rates = MatchingRates(learning_rate=config.learning_rate, forgetting=1.0)
    return _learn(keys, truth, learner, config.num_steps, config.window, schedule, rates)


@eqx.filter_jit
def _learn(
    keys: Key[Array, " runs"],
    truth: Ising,
    learner: str,
    num_steps: int,
    window: int,
    schedule: Schedule,
    rates: MatchingRates,
) -> Ising:
    law = exact(truth)
    n = truth.num_spins

    def moment_matching(state: tuple[Ising, PairWindow], spins, key):
        model, seen = state
        seen = seen.push(spins)
        return match_moments(
            model, 1.0, spins, seen, gibbs_moments(key, model, 1.0, None, schedule), rates
        ), seen

    start, update, read = {
        "published": ((zero_model(n), PairWindow.empty(n, window)), moment_matching, lambda state: state[0]),
        "averaged": (averaged.init(n), lambda state, spins, _: averaged.update(state, spins), averaged.model),
    }[learner]

    def run(key: Key[Array, ""]) -> Ising:
        data_key, learner_key = named(key, "observations"), named(key, learner)

        def step(state, time):
            spins = law.draw(jax.random.fold_in(data_key, time))
            return update(state, spins, jax.random.fold_in(learner_key, time)), None

        return read(lax.scan(step, start, jnp.arange(num_steps))[0])

    return jax.vmap(run)(keys)


def described(model: Ising) -> dict[str, Float[Array, " m"]]:
    """Exact marginals ``P(s = +1)``, correlations of pairs ``i < j``, and parameters, as flat vectors."""
    law = exact(model)
    upper = np.triu_indices(model.num_spins, 1)
    parameters = jnp.concatenate([model.biases, model.couplings[upper]])
    return {"marginals": law.marginals, "correlations": law.pairs[upper], "parameters": parameters}


def evaluate(
    keys: Key[Array, " runs"], learned: Ising, truth: Ising, config: GenerativeConfig
) -> dict[str, Any]:
    """Errors of the learned models by exact evaluation and by the published sampled protocol, batched on seeds."""
    return _evaluate(keys, learned, truth, Schedule(200, config.evaluation_samples, config.steps_per_sample))


@eqx.filter_jit
def _evaluate(keys: Key[Array, " runs"], learned: Ising, truth: Ising, schedule: Schedule) -> dict[str, Any]:
    upper = np.triu_indices(truth.num_spins, 1)

    def sampled(key, model: Ising) -> dict[str, Array]:
        moments: Moments = gibbs_moments(key, model, 1.0, None, schedule)
        return {"marginals": (1 + moments.spins) / 2, "correlations": moments.pairs[upper]}

    def judge(key, model: Ising) -> dict[str, Array]:
        model_key, truth_key, zero_key = jax.random.split(named(key, "evaluation"), 3)
        found, true = described(model), described(truth)
        ours, theirs = sampled(model_key, model), sampled(truth_key, truth)
        zero = sampled(zero_key, zero_model(truth.num_spins))
        errors = {}
        for moment in ("marginals", "correlations"):
            errors[f"error_{moment}"] = jnp.mean(jnp.abs(found[moment] - true[moment]))
            errors[f"sampled_error_{moment}"] = jnp.mean(jnp.abs(ours[moment] - theirs[moment]))
            errors[f"sampled_untrained_{moment}"] = jnp.mean(jnp.abs(zero[moment] - theirs[moment]))
        return found | errors

    return jax.vmap(judge)(keys, learned)
