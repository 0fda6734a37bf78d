"""What the study computes: posteriors of simulated subjects, held-out log probabilities of recorded choices."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from isotherm.act.choices.likelihood import choice_log_likelihood, log_probabilities
from isotherm.act.choices.maximum import fit_map
from isotherm.act.choices.posterior import fit_nuts
from isotherm.act.choices.priors import values_at
from isotherm.act.choices.recorded import Recorded
from isotherm.act.rollout import rollout
from isotherm.random import named, run_keys
from isotherm.studies.choices.agents import PRIORS, Contender, contenders, simulated_agent
from isotherm.studies.choices.config import ChoicesConfig
from isotherm.studies.choices.people import prediction, two_step
from isotherm.world.discrete.bandit import Bandit

Arrays = dict[str, np.ndarray]

DRIFT, SPREAD = 0.15, 1.0
"""Of the log weight of each outcome of each arm: a step a trial, and where it comes back to 0."""

REWARDS = (-1.0, 0.0, 1.0)

DOUBLINGS = 3
"""Of a trajectory of NUTS, at most."""


def recovery(config: ChoicesConfig, first: int) -> Arrays:
    """A batch of simulated subjects and what a fit makes of them.

    Returns:
        ``truth``, ``probable``: parameters on the scale of the priors, ``(subjects, parameters)``; ``draws``:
        ``(subjects, ranked, parameters)``; ``variance`` of all draws; ``rhat``, ``ess``: likewise; ``diverging``:
        ``(subjects,)``; ``apart``, ``sharper``: see :func:`shifts`.
    """
    keys = run_keys(config.seed, first, config.batch)
    truth, seen = simulated(config, keys)
    fit_key = named(run_keys(config.seed, first, 1)[0], "fit")
    budget = (config.num_warmup, config.num_samples, config.num_chains)
    build = lambda p: simulated_agent(config.num_arms, p)  # noqa: E731
    found = fit_nuts(
        fit_key,
        build,
        PRIORS,
        seen,
        num_warmup=budget[0],
        num_samples=budget[1],
        num_chains=budget[2],
        max_doublings=DOUBLINGS,
    )
    z = np.asarray(found.z)
    thinned = z[:, :, :: config.thin].reshape(config.batch, -1, len(PRIORS))
    return {
        "truth": np.asarray(truth),
        "probable": np.asarray(found.most_probable.z),
        "draws": thinned,
        "mean": z.mean(axis=(1, 2)),
        "variance": z.var(axis=(1, 2)),
        "rhat": found.rhat,
        "ess": found.ess,
        "diverging": found.diverging,
        **shifts(config, truth, seen),
    }


def simulated(
    config: ChoicesConfig, keys: Key[Array, " subjects"]
) -> tuple[Float[Array, "subjects parameters"], Recorded]:
    """Parameters drawn from the priors, and choices of agents that have them, each on a bandit of its own."""

    @jax.jit
    def all_of(keys: Array) -> Any:
        def one(key: Array) -> Any:
            z = jax.random.normal(named(key, "parameters"), (len(PRIORS),))
            agent = simulated_agent(config.num_arms, values_at(PRIORS, z))
            world = Bandit(drifting_laws(named(key, "laws"), config), jnp.array(REWARDS))
            kept = rollout(
                key[None], agent, world, config.num_trials, 1, keep=lambda moment: moment.transition
            )
            return z, jax.tree.map(lambda leaf: leaf[0], kept.kept)

        return jax.vmap(one)(keys)

    truth, steps = all_of(keys)
    valid = jnp.ones(steps.action.shape, bool)
    return truth, Recorded(steps.observation, steps.action, steps.reward, steps.next_observation, valid)


def drifting_laws(key: Key[Array, ""], config: ChoicesConfig) -> Float[Array, "trials arms outcomes"]:
    """Softmax of stationary autoregressive walks."""
    kept = float(np.sqrt(1 - (DRIFT / SPREAD) ** 2))
    shape = (config.num_trials, config.num_arms, len(REWARDS))
    steps = jax.random.normal(key, shape)

    def walk(at: Array, step: Array) -> tuple[Array, Array]:
        later = kept * at + DRIFT * step
        return later, later

    _, logits = jax.lax.scan(walk, SPREAD * steps[0], steps)
    return jax.nn.softmax(logits)


def shifts(config: ChoicesConfig, truth: Float[Array, "subjects parameters"], seen: Recorded) -> Arrays:
    """By how much the log likelihood of each subject moves, in nats, ``(subjects,)``.

    Returns:
        ``apart``: alpha doubled, gamma halved; ``sharper``: alpha doubled alone.
    """

    @jax.jit
    def all_of(truth: Array, seen: Recorded) -> Any:
        def one(z: Array, seen: Recorded) -> Any:
            known = values_at(PRIORS, z)
            total = lambda p, alpha: log_probabilities(  # noqa: E731
                simulated_agent(config.num_arms, p, alpha), seen
            ).sum()
            double = known | {"alpha gamma": 2 * known["alpha gamma"]}
            as_is = total(known, jnp.float32(1))
            return total(known, jnp.float32(2)) - as_is, total(double, jnp.float32(2)) - as_is

        return jax.vmap(one)(truth, seen)

    apart, sharper = all_of(truth, seen)
    return {"apart": np.asarray(apart), "sharper": np.asarray(sharper)}


def comparison(config: ChoicesConfig, task: str) -> Arrays:
    """Held-out log probabilities of every choice.

    Returns:
        ``held_out``: ``(contenders, people, trials)``, NaN where there is no trial; ``fold``: of each trial,
        ``(people, trials)``, ``-1`` where there is none; of each contender its parameters, means over folds,
        ``parameters/LABEL``, ``(people, parameters)``.
    """
    seen = prediction() if task == "prediction" else two_step(config.two_step, config.num_people)
    fold = folds(np.asarray(seen.num_choices), seen.action.shape[1], config.num_folds)
    found: Arrays = {"fold": fold}
    held_out = []
    for contender in contenders(task):
        scores, parameters = cross_validated(contender, seen, fold, config.num_folds)
        held_out.append(scores)
        if contender.priors:
            found[f"parameters/{contender.label}"] = parameters
    return found | {"held_out": np.stack(held_out)}


def folds(lengths: np.ndarray, num_steps: int, num_folds: int) -> np.ndarray:
    """Consecutive stretches of each person's trials, as equal as can be; ``-1`` beyond the last trial."""
    step = np.arange(num_steps)[None]
    return np.where(step < lengths[:, None], step * num_folds // lengths[:, None], -1)


def cross_validated(
    contender: Contender, seen: Recorded, fold: np.ndarray, num_folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log probability of each choice by the fit that did not count it, and parameters, means over fits."""
    people, steps = fold.shape
    valid = fold >= 0
    if not contender.priors:
        each = np.asarray(choice_log_likelihood(contender.build({}), seen).each, np.float64)
        return np.where(valid, each, np.nan), np.zeros((people, 0))
    rows = np.repeat(np.arange(people), num_folds)
    out = np.tile(np.arange(num_folds), people)
    counted = valid[rows] & (fold[rows] != out[:, None])
    found = fit_map(contender.build, contender.priors, seen.taken(rows), weights=counted.astype(np.float32))
    each = np.asarray(found.each, np.float64).reshape(people, num_folds, steps)
    held_out = np.take_along_axis(each, np.maximum(fold, 0)[:, None], axis=1)[:, 0]
    table = np.stack([np.asarray(found.parameters[name], np.float64) for name in contender.priors], axis=-1)
    return np.where(valid, held_out, np.nan), table.reshape(people, num_folds, -1).mean(axis=1)
