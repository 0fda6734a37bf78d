"""The computation behind the study of Boltzmann machines: fits, held-out scores, draws."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Key

from isotherm.energy.graph import FactorGraph, State
from isotherm.energy.machines import boltzmann_machine, restricted_boltzmann
from isotherm.exact.exact import all_states, exact
from isotherm.learn.baselines import fit_autoregressive, fit_independent
from isotherm.learn.fit import Fit, fit
from isotherm.learn.likelihood import log_likelihood
from isotherm.learn.objectives import ExactLikelihood, Objective, PseudoLikelihood, Sampled
from isotherm.learn.observations import Observations
from isotherm.learn.phases import chains_with, run_phase, start_chains
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.sample.schedule import Schedule
from isotherm.studies.boltzmann.config import BoltzmannConfig
from isotherm.study.base import Arrays

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2)
"""Penalties of the logistic baseline, of which the validation rows choose one."""


def split_rows(spins: np.ndarray, seed: int, run: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and test rows: 70, 10 and 20 % of a shuffle; test rows with a hole are left out."""
    order = np.random.default_rng([seed, run]).permutation(len(spins))
    cuts = [round(0.7 * len(spins)), round(0.8 * len(spins))]
    train, validation, test = (spins[part] for part in np.split(order, cuts))
    return train, validation, test[(test != 0).all(axis=1)]


def baselines(spins: np.ndarray, config: BoltzmannConfig, run: int) -> Arrays:
    """Held-out log-likelihood of independent spins and of logistic regressions, spin after spin."""
    train, validation, test = split_rows(spins, config.seed, run)
    # a column of +1 and holes alone would look like one of 0 and 1
    train, validation = (np.where(part == 0, np.nan, part).astype(np.float32) for part in (train, validation))
    fits = [fit_autoregressive(train, strength) for strength in STRENGTHS]
    chosen = max(fits, key=lambda found: float(found.log_likelihood(validation).mean()))
    models = {"independent": fit_independent(train), "logistic": chosen}
    found: Arrays = {}
    for name, model in models.items():
        found[f"{name}/log_likelihood"] = np.asarray(model.log_likelihood(test), np.float64).mean()
        found[f"{name}/log_z_error"] = np.zeros(())
        found |= _drawn(name, model.draw(seeded(config.seed), config.num_draws), test)
    return found


def train_machine(spins: np.ndarray, config: BoltzmannConfig, run: int, name: str) -> Arrays:
    """Fit one machine to a split, score it on the test rows, and draw from it."""
    train, validation, test = split_rows(spins, config.seed, run)
    key = named(jax.random.fold_in(seeded(config.seed), run), name)
    found = fit_machine(key, name, config, train, validation)
    score = log_likelihood(
        found.graph,
        Observations.of(found.graph, {"visible": test}, {"visible": test != 0}),
        key=named(key, "log z"),
        error=config.log_z_error,
    )
    draws = _draw_machine(named(key, "draws"), found.graph, config.num_draws, config.draw_sweeps)
    return {
        f"{name}/log_likelihood": np.asarray(score.mean),
        f"{name}/log_z_error": np.asarray(score.log_z.error),
        f"{name}/curve": found.state.scores,
        **_drawn(name, draws, test),
    }


def halves(spins: np.ndarray, config: BoltzmannConfig, run: int) -> Arrays:
    """Couplings of the Ising model fitted to each of two halves of the rows, ``(2, n, n)``."""
    order = np.random.default_rng([config.seed, run, 1]).permutation(len(spins))
    couplings = []
    for part in np.array_split(order, 2):
        key = named(jax.random.fold_in(seeded(config.seed), run), "halves")
        found = fit_machine(key, "ising", config, spins[part], spins[part])
        couplings.append(_matrix(found.graph))
    return {"couplings": np.stack(couplings)}


def fit_machine(
    key: Key[Array, ""], name: str, config: BoltzmannConfig, train: np.ndarray, validation: np.ndarray
) -> Fit:
    """``"ising"`` by pseudo-likelihood or ``"rbm"`` by persistent chains, biases from the means of the data."""
    n, batch = train.shape[1], min(config.batch_size, len(train))
    means = train.sum(axis=0) / np.maximum((train != 0).sum(axis=0), 1)
    biases = np.arctanh(np.clip(means, -0.98, 0.98))
    num_epochs = config.ising_epochs if name == "ising" else config.rbm_epochs
    rate = config.ising_rate if name == "ising" else config.rbm_rate
    objective: Objective
    if name == "ising":
        graph, objective = boltzmann_machine(n, biases=np.append(biases, [])), PseudoLikelihood()
    else:
        weights = 0.01 * np.asarray(jax.random.normal(named(key, "weights"), (n, config.num_hidden)))
        graph = restricted_boltzmann(n, config.num_hidden, weights, visible_biases=biases)
        objective = Sampled(num_chains=config.num_chains)
    steps = num_epochs * (len(train) // batch)
    return fit(
        named(key, "fit"),
        graph,
        Observations.of(graph, {"visible": train}, {"visible": train != 0}),
        objective,
        optax.adam(optax.cosine_decay_schedule(rate, steps)),
        num_epochs=num_epochs,
        batch_size=batch,
        l2=config.l2,
        held_out=Observations.of(graph, {"visible": validation}, {"visible": validation != 0}),
        score_every=config.score_every,
        patience=config.patience,
    )


def recover(config: BoltzmannConfig, rows: int) -> Arrays:
    """Errors of the couplings learned from draws of a known model, and the least possible, a run a row."""
    errors: dict[str, list[float]] = {"pseudo": [], "exact": [], "sampled": []}
    bounds, first = [], {}
    optimizer = optax.adam(optax.cosine_decay_schedule(0.1, config.recovery_steps))
    for run in range(config.recovery_runs):
        truth = known_model(config, run)
        true = np.asarray(truth.parameters[1])
        key = jax.random.fold_in(seeded(config.seed), run)
        draws = exact(truth).draw(named(key, "draws"), rows)
        data = Observations.of(truth, draws)
        bounds.append(least_error(truth, rows))
        for name, objective in (
            ("pseudo", PseudoLikelihood()),
            ("exact", ExactLikelihood()),
            ("sampled", Sampled(num_chains=1_000)),
        ):
            blank = boltzmann_machine(config.num_spins)
            found = fit(named(key, name), blank, data, objective, optimizer, num_epochs=config.recovery_steps)
            learned = np.asarray(found.graph.parameters[1])
            errors[name].append(float(np.sqrt(np.mean((learned - true) ** 2))))
            first.setdefault(name, learned)
        first.setdefault("true", true)
    found = {f"error/{name}": np.asarray(values) for name, values in errors.items()}
    return found | {"least": np.asarray(bounds)} | {f"first/{name}": value for name, value in first.items()}


def known_model(config: BoltzmannConfig, run: int) -> FactorGraph:
    """A dense Ising model with normal biases and couplings; another one each run."""
    rng, n = np.random.default_rng([config.seed, run, 2]), config.num_spins
    return boltzmann_machine(
        n,
        couplings=config.coupling_scale / n**0.5 * rng.normal(size=n * (n - 1) // 2),
        biases=0.3 * rng.normal(size=n),
    )


def least_error(graph: FactorGraph, rows: int) -> float:
    """Cramér and Rao's bound on the root mean square error of the couplings, by enumeration."""
    states = all_states(graph.num_variables).astype(np.float64)
    pairs = graph.scopes[1].variables
    features = np.concatenate([states, states[:, pairs[:, 0]] * states[:, pairs[:, 1]]], axis=1)
    log_weights = features @ np.concatenate([np.asarray(leaf) for leaf in graph.parameters])
    p = np.exp(log_weights - np.logaddexp.reduce(log_weights))
    centred = features - p @ features
    covariance = (centred * p[:, None]).T @ centred
    variances = np.diag(np.linalg.inv(covariance))[graph.num_variables :]
    return float(np.sqrt(variances.mean() / rows))


def _matrix(graph: FactorGraph) -> np.ndarray:
    n = graph.variables["visible"].size
    found = np.zeros((n, n), np.float32)
    found[tuple(graph.scopes[1].variables.T)] = np.asarray(graph.parameters[1])
    return found + found.T


@eqx.filter_jit
def _draw_machine(key: Key[Array, ""], graph: FactorGraph, num_draws: int, num_sweeps: int) -> Array:
    """Visible states of many chains after many sweeps from random starts."""
    start_key, key = jax.random.split(key)
    states = start_chains(start_key, graph, jnp.float32(1), num_draws)
    nothing = {name: np.zeros(group.size, bool) for name, group in graph.groups}
    chains = chains_with(graph, jnp.float32(1), nothing)
    schedule = Schedule(num_sweeps - 1, 1, 1)
    return run_phase(key, chains, states, schedule, _nothing)[1]["visible"]


def _nothing(states: State) -> tuple[()]:
    return ()


def _drawn(name: str, draws: Array, test: np.ndarray) -> Arrays:
    """A few draws to look at, and correlations of all pairs, of the model and of the test rows."""
    drawn = np.asarray(draws)
    return {
        f"{name}/draws": drawn[:40],
        f"{name}/correlations": _covariances(drawn),
        "test/correlations": _covariances(test),
        "test/draws": test[:40],
    }


def _covariances(spins: np.ndarray) -> np.ndarray:
    s = spins.astype(np.float64)
    return np.cov(s.T, ddof=0)[np.triu_indices(s.shape[1], 1)].astype(np.float32)
