"""What the study of ensembles computes: links of draws at each temperature, draws that are played, an optimum."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.market.backtest import Backtest
from isotherm.market.ensembles.bands import EnsembleBands, bands_of
from isotherm.market.ensembles.chains import EnsembleState, blank_state
from isotherm.market.ensembles.ensemble import (
    EnsembleProblem,
    begun_ensemble,
    drawn,
    ensemble_problem,
    finished_ensemble,
    is_drawn,
    sampled_otherwise,
)
from isotherm.market.ensembles.outcome import Ensemble, effective_numbers
from isotherm.market.objectives.registry import evaluate
from isotherm.market.parameters.encoding import json_line
from isotherm.market.prices.clock import MINUTES_PER_DAY
from isotherm.market.train.loop import train
from isotherm.market.train.problem import TrainingProblem
from isotherm.studies.ensemble.config import OPTIMUM, EnsembleConfig
from isotherm.studies.market.pool_run import fingerprint_of, params_of, pool_played, table_of
from isotherm.study.base import Arrays
from isotherm.study.trees import named_arrays, prefixed, tree_of

PRIOR_DRAWS = 2000
"""Of the prior itself, for figures."""


def ensemble_for(config: EnsembleConfig, beta: float) -> EnsembleProblem:
    """The ensemble of a config at one temperature; laid out once in a process: later links compile nothing."""
    return sampled_otherwise(_laid_out(config.model_dump_json()), config.sampling(beta))


@functools.lru_cache(maxsize=1)
def _laid_out(settings: str) -> EnsembleProblem:
    return laid_out(EnsembleConfig.model_validate_json(settings))


def laid_out(config: EnsembleConfig) -> EnsembleProblem:
    """The ensemble of a config at its lowest beta.

    Raises:
        ValueError: naming a setting, a date, a token or a parameter that does not fit.
    """
    settings = fingerprint_of(config)
    return ensemble_problem(
        settings,
        table_of(config, settings["tokens"]),
        config.sampling(config.betas[0]),
        num_windows=config.num_windows,
        **_given(config, settings),
    )


def _given(config: EnsembleConfig, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "params": params_of(config, settings) if config.params_file else None,  # pyright: ignore[reportArgumentType]
        "supply": None if config.supply is None else np.array(config.supply),
        "spread": None if config.spread_bps is None else np.array(config.spread_bps) / 1e4,
    }


def first_link(config: EnsembleConfig, beta: float) -> Arrays:
    """The warm-up at one temperature, and the first block of draws."""
    problem = ensemble_for(config, beta)
    return named_arrays(drawn(problem, begun_ensemble(problem)))


def next_link(config: EnsembleConfig, beta: float, earlier: Arrays) -> Arrays:
    """The next block."""
    problem = ensemble_for(config, beta)
    return named_arrays(drawn(problem, _state_of(problem, earlier)))


def _state_of(problem: EnsembleProblem, arrays: Arrays) -> EnsembleState:
    return tree_of(arrays, blank_state(problem.sampling))


def outcome(config: EnsembleConfig, beta: float, earlier: Arrays) -> Arrays:
    """Draws at one temperature, played through all parts, and a pool that averages some of them.

    Args:
        config: of the study.
        beta: of the draws.
        earlier: the last link.

    Returns:
        ``minutes``, ``hodl``; ``value`` and ``weights``, quantiles; ``part/name`` and ``hodl_part/name``, objectives
        of played draws; ``objectives``, ``(chains, draws)``; ``effective/name``; ``prior/name``; ``rhat``, ``ess``,
        ``rates``, ``ladder``, ``evidence``; ``pool_value``, ``pool_part/name``; ``told``, JSON.
    """
    problem = ensemble_for(config, beta)
    state = _state_of(problem, earlier)
    assert is_drawn(problem, state)
    found = finished_ensemble(problem, state)
    bands = bands_of(problem.training, found.sets(config.num_played))
    pool = _pool(config, problem.training, found)
    return {
        **_bands(bands),
        **_pool_arrays(problem.training, pool),
        **prefixed("effective", found.effective()),
        **prefixed("prior", effective_numbers(_prior(problem), found.settings)),
        "objectives": found.objectives,
        "rhat": found.rhat,
        "ess": found.ess,
        "rates": found.rates,
        "ladder": found.betas,
        "evidence": np.array(found.log_evidence),
        "told": np.array(json_line(_told(problem.training, found))),
    }


def _told(training: TrainingProblem, found: Ensemble) -> dict[str, Any]:
    test = training.split.parts.get("test")
    return {
        "test_minute": None if test is None else test.first,
        "labels": [*found.labels, "objective"],
        "outside": found.outside,
        "impossible": found.impossible,
        "notes": list(found.notes),
    }


def _prior(problem: EnsembleProblem) -> dict[str, np.ndarray]:
    """Draws of the prior itself, whatever the temperature."""
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(problem.sampling.seed), PRIOR_DRAWS)
        return problem.posterior.coordinates.params(np.asarray(jax.vmap(problem.posterior.prior.draw)(keys)))


def _pool(config: EnsembleConfig, training: TrainingProblem, found: Ensemble) -> Backtest:
    settings, params = found.pool(min(config.num_members, found.objectives.size))
    return pool_played(config, settings, params, table_of(config, training.settings["tokens"]))


def _pool_arrays(training: TrainingProblem, pool: Backtest) -> Arrays:
    name, judged = training.settings["return_val"], {}
    for part, (first, last) in training.split.parts.items():
        rows = slice(first, last)
        judged[part] = evaluate(
            name, pool.value[rows], pool.reserves[rows], pool.prices[rows], pool.fee_revenue[rows]
        )
    return {"pool_value": pool.value[::MINUTES_PER_DAY], **prefixed("pool_part", judged)}


def _bands(bands: EnsembleBands) -> Arrays:
    return {
        "minutes": bands.minutes,
        "hodl": bands.hodl,
        "value": bands.value,
        "weights": bands.weights,
        **prefixed("part", bands.objectives),
        **prefixed("hodl_part", bands.hodl_objectives),
    }


def optimum(config: EnsembleConfig) -> Arrays:
    """The best end of a training from several starts, by the objective that ensembles are tilted towards.

    Returns:
        ``objective``; ``value`` and ``weights`` a day apart; ``part/name``; ``effective/name``, ``(tokens,)``.
    """
    problem = ensemble_for(config, config.betas[-1])
    own = fingerprint_of(config)
    training = dict(own["optimisation_settings"]) | OPTIMUM
    training |= {
        "n_iterations": config.n_iterations,
        "n_parameter_sets": config.num_starts,
        "batch_size": config.num_windows,
        "evaluation_interval": config.n_iterations,
        "iterations_per_print": config.n_iterations + 1,
        "initial_random_key": config.seed,
    }
    settings = own.replaced(optimisation_settings=training)
    found = train(settings, table_of(config, own["tokens"]), **_given(config, own))
    params = found.state.descent.parameters
    with jax.enable_x64(True):
        ends = jnp.asarray(problem.posterior.coordinates.rows(params))
        objectives = np.asarray(jax.jit(jax.vmap(problem.posterior.objective))(ends))
    best = int(np.argmax(np.where(np.isnan(objectives), -np.inf, objectives)))
    one = {name: np.asarray(value)[best : best + 1] for name, value in params.items()}
    bands = bands_of(problem.training, one, quantiles=(0.5,))
    effective = effective_numbers({name: value[0] for name, value in one.items()}, own)
    return {
        "objective": objectives[best],
        "value": bands.value[0],
        "weights": bands.weights[0],
        **prefixed("part", {part: values[0] for part, values in bands.objectives.items()}),
        **prefixed("effective", effective),
    }
