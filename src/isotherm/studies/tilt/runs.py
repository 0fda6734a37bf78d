"""What the tasks of the tilt study compute: runs, sweeps, and the exact laws they are held against."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.tilt.levels import TiltParameters, clean_target, level, level_grid
from isotherm.estimate.diagnostics import ess, rhat
from isotherm.estimate.quantities import from_replicates
from isotherm.random.keys import folded, named, seeded
from isotherm.sample.tilt.predictor_corrector import metrics as measures
from isotherm.sample.tilt.predictor_corrector import run as pc
from isotherm.sample.tilt.predictor_corrector.exact import levels_of, pc_mala_final_law, pc_ula_final_law
from isotherm.studies.tilt.config import TiltConfig
from isotherm.study.base import Arrays

SWEEP_BINS = 80
FLOOR_DRAWS = 30
WARMUP_ROUNDS = 16
_BLOCKS = 50


def reference(config: TiltConfig) -> Arrays:
    """What needs no sampler: levels, targets, the exact end law of ``pc_ula``, and the floors of the histogram KL."""
    p = config.parameters()
    levels = level(p, np.asarray(level_grid(p)))
    target = clean_target(p)
    law = pc_ula_final_law(p, config.points_per_seed, config.action_steps_per_level)
    found = {f"level/{name}": np.broadcast_to(value, (p.K,)) for name, value in levels._asdict().items()}
    found |= {f"target/{name}": np.asarray(value, np.float64) for name, value in target._asdict().items()}
    found |= {f"exact/{name}": np.asarray(value, np.float64) for name, value in law._asdict().items()}
    rng = config.generator("floor")
    for group, runs, bins in (
        ("floor", config.kl_runs, config.kl_bins),
        ("sweep_floor", config.sweep_runs, SWEEP_BINS),
    ):
        for name, values in _floors(p, config.points_per_seed, runs, bins, rng).items():
            found[f"{group}/{name}"] = np.array([values.mean(), values.std(ddof=1)])
    return found


def runs_and_sweep(config: TiltConfig, method: str) -> Arrays:
    """All of one sampler: the main runs and their numbers, the runs to animate, and the sweep over refreshes."""
    sampler = pc.Sampler(method, config.points_per_seed, config.action_steps_per_level, config.clean_steps)
    log_scale = _warm_up(config, sampler)
    main = _run(config, sampler, config.parameters(), log_scale, config.kl_runs, "run")
    seeds = np.resize(
        config.panel_seeds(method), config.batch
    )  # padded: the program for measurements runs them
    shown = _batch(config, sampler, config.parameters(), main.log_scale, seeds, "run", -1)
    panels = slice(0, len(config.panel_seeds(method)))
    assert shown.path is not None
    found = {
        "actions": main.position.action,
        "particles": main.position.particles,
        "states_gt": _clean_states(config, main.position.action, method),
        "log_scale": np.asarray(main.log_scale, np.float64),
        "path/action": np.asarray(shown.path.action)[0, panels],
        "path/particles": np.asarray(shown.path.particles)[0, panels],
        "path/final_action": np.asarray(shown.position.action)[0, panels],
        "path/final_particles": np.asarray(shown.position.particles)[0, panels],
    }
    found |= _numbers(config, method, main, found["states_gt"])
    if method == "pc_mala" and config.adaptation == "frozen":
        found |= _mala_law(config, np.asarray(main.log_scale, np.float64))
    return found | _sweep(config, sampler, log_scale)


def _warm_up(config: TiltConfig, sampler: pc.Sampler) -> np.ndarray:
    """Step sizes to begin with; those of ``ca`` where nothing is adapted beforehand."""
    if sampler.method == "pc_ula" or config.adaptation == "shared":
        return np.zeros(config.K, np.float32)
    key = named(named(seeded(config.seed), "warm-up"), sampler.method)
    setting = pc.problem(config.parameters())
    rounds, runs = WARMUP_ROUNDS, config.batch
    return np.asarray(pc.adapt(key, setting, sampler, rounds=rounds, runs=runs, keep_path=True))


def _batch(
    config: TiltConfig,
    sampler: pc.Sampler,
    parameters: TiltParameters,
    log_scale: np.ndarray,
    numbers: np.ndarray,
    purpose: str,
    setting: int,
) -> pc.Runs:
    """One batch of runs, by their numbers; run i has one key whatever the batch."""
    key = seeded(config.seed)
    if config.noise == "independent":
        key = jax.random.fold_in(named(named(key, purpose), sampler.method), setting + 1)
    keys = folded(key, np.asarray(numbers, np.uint32))
    is_shared = config.adaptation == "shared" and sampler.method != "pc_ula"
    settings = pc.stack([pc.problem(parameters)])
    scale = jnp.asarray(log_scale, jnp.float32)[None]
    return pc.sample_runs(keys[None], settings, scale, sampler, is_shared=is_shared, keep_path=True)


def _run(
    config: TiltConfig,
    sampler: pc.Sampler,
    parameters: TiltParameters,
    log_scale: np.ndarray,
    runs: int,
    purpose: str,
    setting: int = -1,
) -> Any:
    """So many runs of a setting, batch after batch, without the axis of settings and without paths.

    The last batch is filled up with runs that are thrown away; shared step sizes go on from batch to batch.
    """
    parts = []
    for first in range(0, runs, config.batch):
        numbers = first + np.arange(config.batch)
        found = _batch(config, sampler, parameters, log_scale, numbers, purpose, setting)
        log_scale = np.asarray(found.log_scale)[0]
        kept = found._replace(log_scale=np.zeros((1, 1)), path=None)
        parts.append(jax.tree.map(lambda leaf: np.asarray(leaf)[0], kept))
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves)[:runs], *parts)
    return joined._replace(log_scale=log_scale)


def _clean_states(config: TiltConfig, actions: np.ndarray, method: str) -> np.ndarray:
    """One fresh clean next state for each final action."""
    p = config.parameters()
    noise = config.generator("clean-states", method).standard_normal(len(actions))
    return p.alpha * actions + p.shift + p.sigma_sprime * noise


def _numbers(config: TiltConfig, method: str, runs: Any, states_gt: np.ndarray) -> Arrays:
    """The metrics of one sampler, each ``(value, standard error)``."""
    target, p = clean_target(config.parameters()), config.parameters()
    actions, particles = (np.asarray(one, np.float64) for one in runs.position)
    rng = config.generator("bootstrap", method)
    found: dict[str, tuple[float, float]] = {}
    for name, samples, mu, sigma in (
        ("action", actions, target.mu_a, target.sigma_a),
        ("state", particles, target.mu_s, target.sigma_s),
        ("state_gt", states_gt, target.mu_s, target.sigma_s),
    ):
        error = measures.kl_hist_error(samples, mu, sigma, config.kl_bins, rng)
        found[f"kl/{name}"] = (measures.kl_hist(samples, mu, sigma, config.kl_bins), error)
        found[f"gaussian_kl/{name}"] = measures.moment_kl(samples, mu, sigma)
    found |= _mixing(config, method, runs)
    means, within = particles.mean(axis=1), particles.var(axis=1)
    found["diagnostics/var_mean_sps"] = _jackknife(np.var, means)
    found["diagnostics/alpha2_var_a"] = _jackknife(lambda a: p.alpha**2 * np.var(a), actions)
    found["diagnostics/within_var_sps_avg"] = _jackknife(np.mean, within)
    for name, values in (("action", actions), ("state", particles.reshape(len(actions), -1))):
        found[f"moments/{name}_mean"] = _jackknife(np.mean, values)
        found[f"moments/{name}_var"] = _jackknife(np.var, values)
    chains = actions[: len(actions) // 4 * 4].reshape(4, -1)
    found["chains/rhat"] = (float(rhat(chains)), np.nan)
    found["chains/ess"] = (float(ess(chains)), np.nan)
    return {name: np.array(pair, np.float64) for name, pair in found.items()}


def _mixing(config: TiltConfig, method: str, runs: Any) -> dict[str, tuple[float, float]]:
    """Jumps, acceptance and lag-1 statistics, with the published counting of clean corrections."""
    before, after = (np.asarray(one, np.float64).reshape(len(one), -1) for one in runs.info[:2])
    accepted = np.asarray(runs.info.is_accepted).reshape(len(before), -1)
    clean_jump, clean_accepted = np.asarray(runs.clean_squared_jump), np.asarray(runs.clean_accepted)
    squared = ((after - before) ** 2).sum(axis=1) + clean_jump
    jumps = before.shape[1] + clean_accepted
    cost = measures.evals_per_action(
        method, config.K, config.refresh_L, config.points_per_seed, config.action_steps_per_level
    )
    evaluations = cost.denoiser + cost.value
    found = {
        "mixing/esjd": _jackknife(lambda x, y: x.sum() / y.sum(), squared, jumps),
        "mixing/esjd_per_cost": _jackknife(lambda x: x.mean() / evaluations, squared),
        "mixing/ess_steps": _jackknife(
            lambda x, y: measures.lag1_ess(x, y).ess_steps * len(before) / len(x), before, after
        ),
        "evals_per_action/denoiser": (float(cost.denoiser), 0.0),
        "evals_per_action/Q": (float(cost.value), 0.0),
    }
    if method != "pc_ula":
        is_counted = method == "pc_mala"
        taken = accepted.sum(axis=1) + clean_accepted * is_counted
        proposals = accepted.shape[1] + config.clean_steps * is_counted
        found["mixing/acc"] = _jackknife(lambda x: x.mean() / proposals, taken)
    return found


def _mala_law(config: TiltConfig, log_scale: np.ndarray) -> Arrays:
    """The exact end law of ``pc_mala`` at its frozen step sizes, before clean corrections."""
    p = config.parameters()
    factors = np.minimum(config.ca * np.exp(log_scale), 10.0)
    sizes = factors * np.array([at.var_a for at in levels_of(p)])
    law = pc_mala_final_law(p, sizes, action_steps=config.action_steps_per_level)
    target = clean_target(p)
    kl = measures.gaussian_kl(law.mean, law.var, target.mu_a, target.sigma_a**2)
    found = {"mean": law.mean, "var": law.var, "kl": kl}
    return {f"mala_law/{name}": np.asarray(value, np.float64) for name, value in found.items()}


def _sweep(config: TiltConfig, sampler: pc.Sampler, log_scale: np.ndarray) -> Arrays:
    """KL of actions and states over the number of refreshes, ``(value, error)`` each: shape ``(settings, 2)``."""
    target = clean_target(config.parameters())
    rng = config.generator("sweep-bootstrap", sampler.method)
    rows: dict[str, list[tuple[float, float]]] = {}
    for refresh in range(config.sweep_max_refresh + 1):
        parameters = config.parameters(refresh_L=refresh)
        found = _run(config, sampler, parameters, log_scale, config.sweep_runs, "sweep", refresh)
        for name, samples, mu, sigma in (
            ("action", found.position.action, target.mu_a, target.sigma_a),
            ("state", found.position.particles, target.mu_s, target.sigma_s),
        ):
            value = measures.kl_hist(samples, mu, sigma, SWEEP_BINS)
            error = measures.kl_hist_error(samples, mu, sigma, SWEEP_BINS, rng)
            rows.setdefault(f"sweep/{name}_kl", []).append((value, error))
            rows.setdefault(f"sweep/{name}_gaussian_kl", []).append(measures.moment_kl(samples, mu, sigma))
    return {name: np.array(values) for name, values in rows.items()}


def _floors(
    p: TiltParameters, n: int, runs: int, bins: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Histogram KL of exact draws from the target, several times."""
    target, found = clean_target(p), {"action": [], "state": [], "state_gt": []}
    for _ in range(FLOOR_DRAWS):
        actions = target.mu_a + target.sigma_a * rng.standard_normal(runs)
        states = p.alpha * actions[:, None] + p.shift + p.sigma_sprime * rng.standard_normal((runs, n))
        found["action"].append(measures.kl_hist(actions, target.mu_a, target.sigma_a, bins))
        found["state"].append(measures.kl_hist(states, target.mu_s, target.sigma_s, bins))
        found["state_gt"].append(measures.kl_hist(states[:, 0], target.mu_s, target.sigma_s, bins))
    return {name: np.array(values) for name, values in found.items()}


def _jackknife(statistic: Callable[..., Any], *by_run: np.ndarray) -> tuple[float, float]:
    """A statistic of runs and its standard error, leaving out one block of runs after the other."""
    edges = np.linspace(0, len(by_run[0]), min(_BLOCKS, len(by_run[0])) + 1).astype(int)
    without = [
        float(statistic(*(np.delete(one, slice(low, high), axis=0) for one in by_run)))
        for low, high in itertools.pairwise(edges.tolist())
    ]
    found = from_replicates(np.array([float(statistic(*by_run)), *without]), unbiased=False)
    return float(found.value), float(found.error)
