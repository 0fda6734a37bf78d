"""The variants of the tilt study, multivariate and mixture: tasks, and what each computes."""

from typing import TYPE_CHECKING, get_args

import numpy as np

from isotherm.studies.tilt.config import Compared, TiltConfig
from isotherm.study.base import Arrays, Task

if TYPE_CHECKING:
    from isotherm.exact.tilt import MixtureLaw
    from isotherm.studies.tilt.policies.model import PolicyProblem

FLOOR_SETS = 12
POINTS = 2048
"""Draws that distances compare."""

SHOWN = 1200

FALSE_ALARM = 0.01
"""Chance that the worst of all moments of a true sampler is called off."""


def samplers(config: TiltConfig) -> tuple[str, ...]:
    """Those compared, in the order of the tables."""
    suitable = [name for name in get_args(Compared) if name != "gibbs" or config.policy == "multivariate"]
    return config.compared or tuple(suitable)


def tasks(config: TiltConfig) -> list[Task]:
    """A task for each sampler, and one for what needs none."""
    return [Task(name, {"sampler": name}, weight=4.0) for name in samplers(config)] + [Task("reference")]


def compute(config: TiltConfig, task: Task) -> Arrays:
    """The law in closed form and what exact draws read; or one sampler's numbers, ``(value, error)`` each."""
    return _reference(config) if task.name == "reference" else _judged(config, task.payload["sampler"])


def _reference(config: TiltConfig) -> Arrays:
    from isotherm.studies.tilt.policies.model import problem
    from isotherm.studies.tilt.policies.statistics import energy_distance, exact_moments

    found = problem(config)
    law, rng = found.law, config.generator("floor")
    shape = config.num_chains, _spaced(config.num_chains, config.num_samples), config.actions

    def exact() -> tuple[np.ndarray, np.ndarray]:
        return law.draw(rng, shape[0] * shape[1]).reshape(shape), np.ones(shape[:2])

    floor = [energy_distance(exact(), _exact_draws(law, rng))[0] for _ in range(FLOOR_SETS)]
    arrays = {f"law/{name}": np.asarray(value, np.float64) for name, value in law._asdict().items()}
    return arrays | {
        "moments": exact_moments(law),
        "importance_share": np.array(found.importance_share),
        "floor": np.array([np.mean(floor), np.std(floor, ddof=1)]),
    }


def _judged(config: TiltConfig, sampler: str) -> Arrays:
    from isotherm.studies.tilt.policies import statistics as judge
    from isotherm.studies.tilt.policies.model import problem
    from isotherm.studies.tilt.policies.runs import CHAINS, draw

    setting = problem(config)
    law, found = setting.law, draw(config, setting, sampler)
    groups, draws = found.weights.shape
    by_group, masses = judge.features(law, found.actions, found.weights), found.weights.mean(axis=1)
    moments = judge.pooled(lambda means: judge.moments(law, means), by_group, masses)
    spaced = slice(None, None, draws // _spaced(groups, draws))
    chosen = found.actions[:, spaced], found.weights[:, spaced]
    variances = np.diag(law.covariance)
    arrays = {
        "moments": np.stack(moments, axis=-1),
        "distance": np.array(judge.energy_distance(chosen, _exact_draws(law, config.generator("exact")))),
        "ess": np.array(1 / np.mean(moments.error[: len(variances)] ** 2 / variances)),
        "counts": np.array([groups, draws, found.steps]),
        "shown": _shown(config, sampler, found.actions[..., :2], found.weights),
    }
    if config.policy == "multivariate":
        kl = judge.pooled(lambda means: judge.gaussian_kl(law, means), by_group, masses, unbiased=True)
        arrays["kl"] = np.array(kl)
    if sampler in CHAINS:
        arrays["rhat"] = _rhat(found.actions)
    if found.acceptance is not None:
        arrays["acceptance"] = _mean(found.acceptance)
    if found.log_z is not None and found.effective is not None:
        arrays |= {"log_z": np.array(judge.log_normaliser(found.log_z)), "log_z_groups": found.log_z}
        arrays["effective"] = _mean(found.effective)
    if found.next_states is not None:
        scores = judge.next_state_scores(_whitened(setting, found.actions, found.next_states))
        arrays |= {f"next/{name}": np.array(value) for name, value in scores.items()}
    return arrays


def _whitened(setting: "PolicyProblem", actions: np.ndarray, next_states: np.ndarray) -> np.ndarray:
    """What next states differ by from their mean given the action, in units of their own noise."""
    noise = setting.transition.noise
    parts = (setting.transition.matrix, noise.mean, noise.whitener)
    matrix, shift, whitener = (np.asarray(part, np.float64) for part in parts)
    return (next_states - actions @ matrix.T - shift) @ whitener.T


def _rhat(actions: np.ndarray) -> np.ndarray:
    """The worst over actions."""
    from isotherm.estimate.diagnostics import rhat

    return np.asarray(rhat(actions).max())


def _mean(values: np.ndarray) -> np.ndarray:
    """Of groups, and its error; unknown for one number."""
    return np.array([values.mean(), values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan])


def _shown(config: TiltConfig, sampler: str, actions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Draws for a picture, each as likely as it weighs, shape ``(shown, d)``."""
    flat, odds = actions.reshape(-1, actions.shape[-1]), weights.ravel() / weights.sum()
    if not np.isfinite(odds).all():
        return np.zeros((0, flat.shape[1]), np.float32)
    chosen = config.generator("shown", sampler).choice(len(flat), SHOWN, p=odds)
    return flat[chosen].astype(np.float32)


def _spaced(groups: int, draws: int) -> int:
    """How many draws of each group distances compare."""
    return int(np.clip(POINTS // groups, 1, draws))


def _exact_draws(law: "MixtureLaw", rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    draws = law.draw(rng, POINTS).reshape(64, POINTS // 64, -1)
    return draws, np.ones(draws.shape[:2])
