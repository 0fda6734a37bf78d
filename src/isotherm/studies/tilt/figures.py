"""The pictures of the tilt study, made from its metrics and arrays."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from isotherm.plot.figure import Animation, Figure
from isotherm.studies.tilt.config import TiltConfig

if TYPE_CHECKING:
    from isotherm.studies.tilt.animation import Frame

METHOD_NAMES = {
    "pc_ula": "Predictor–corrector, ULA",
    "pc_mala": "Predictor–corrector, MALA",
    "pc_joint_mala": "Predictor–corrector, joint MALA",
}
Found = Mapping[str, np.ndarray]


def pictures(config: TiltConfig, metrics: Mapping[str, Any], arrays: Found) -> Iterator[Figure | Animation]:
    """Animations, final marginals, and sweeps, in this order."""
    for method in config.samplers:
        yield _animation(config, method, arrays)
    for method in config.samplers:
        yield from _matches(config, method, metrics, arrays)
    yield from _sweeps(config, metrics)


def _animation(config: TiltConfig, method: str, arrays: Found) -> Animation:
    from isotherm.studies.tilt.animation import Gaussian2, animate, grid

    shift = config.mu_eps + config.d * config.s
    mu, sigma = (float(arrays[f"reference/target/{name}"]) for name in ("mu_a", "sigma_a"))
    laws = [
        Gaussian2(*_joint(mean, spread**2, config.alpha, shift, config.sigma_sprime**2))
        for mean, spread in ((config.mu_a, config.sigma_a), (mu, sigma))
    ]
    a, s = np.meshgrid(grid(), grid())
    reward = -0.5 * (config.r_wa * (a - config.r_a_star) ** 2 + config.r_ws * (s - config.r_s_star) ** 2)
    return animate(
        f"anim_{method}",
        f"{METHOD_NAMES[method]}: four runs from the noisiest level to the clean one. Green: where the level's "
        "tilted law has its mass; dots: the particles, drawn for the action before its step, over the action after.",
        _frames(config, method, arrays),
        titles=[f"seed {seed}" for seed in config.panel_seeds(method)],
        base=laws[0],
        tilted=laws[1],
        reward=reward,
    )


def _frames(config: TiltConfig, method: str, arrays: Found) -> "list[Frame]":
    """One frame a level, and one more for clean corrections."""
    from isotherm.studies.tilt.animation import Frame, Gaussian2

    at = {name: arrays[f"reference/level/{name}"] for name in _LEVEL_FIELDS}
    path = {name: arrays[f"{method}/path/{name}"] for name in ("action", "particles")}
    frames = []
    for k in range(config.K):
        law = _joint(
            at["mu_tilt"][k], at["sigma_tilt"][k] ** 2, at["rho"][k], at["offset"][k], at["var_cond"][k]
        )
        headline = (
            f"{METHOD_NAMES[method]} · level {k + 1}/{config.K} · ᾱ = {at['alpha_bar'][k]:.3f} · "
            f"β = {at['beta'][k]:.3f}"
        )
        frames.append(Frame(headline, Gaussian2(*law), path["action"][:, k], path["particles"][:, k]))
    if config.clean_steps:
        mu, sigma = (float(arrays[f"reference/target/{name}"]) for name in ("mu_a", "sigma_a"))
        shift = config.mu_eps + config.d * config.s
        law = _joint(mu, sigma**2, config.alpha, shift, config.sigma_sprime**2)
        headline = (
            f"{METHOD_NAMES[method]} · {config.clean_steps} clean corrections · β = {config.lambda_scale:.3f}"
        )
        final = [arrays[f"{method}/path/final_{name}"] for name in ("action", "particles")]
        frames.append(Frame(headline, Gaussian2(*law), *final))
    return frames


_LEVEL_FIELDS = ("alpha_bar", "beta", "mu_tilt", "sigma_tilt", "rho", "offset", "var_cond")


def _joint(
    mean: float, var: float, slope: float, offset: float, var_cond: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of an action and its next state."""
    covariance = np.array([[var, slope * var], [slope * var, slope**2 * var + var_cond]])
    return np.array([mean, slope * mean + offset]), covariance


def _matches(config: TiltConfig, method: str, metrics: Mapping[str, Any], arrays: Found) -> Iterator[Figure]:
    """Final actions, pooled particles, and clean states of final actions, each against its target."""
    from isotherm.studies.tilt.drawings import match

    target = metrics["target"]
    for name, key, samples, letter, kl in (
        (f"action_match_{method}", "a", "actions", "action", method),
        (f"state_match_{method}", "s", "particles", "next state", f"state_{method}"),
        (f"state_match_{method}_gt", "s", "states_gt", "clean next state", f"state_{method}_gt"),
    ):
        mu, sigma = target[f"mu_{key}"], target[f"sigma_{key}"]
        points = np.linspace(mu - 4 * sigma, mu + 4 * sigma, 400)
        density = np.exp(-0.5 * ((points - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        yield match(
            name,
            f"{method}: the law of the {letter} after the last level (filled) and the tilted law in closed form.",
            np.asarray(arrays[f"{method}/{samples}"]).ravel(),
            (points, density),
            title=f"{method}: {letter}",
            label="a" if key == "a" else "s'",
            box=_box(method, kl, metrics),
            look=method,
        )


def _box(method: str, kl: str, metrics: Mapping[str, Any]) -> list[str]:
    counts, mixing = metrics["evals_per_action"], metrics["mixing"]
    acceptance = mixing.get(f"acc_{method}")
    sound = metrics["gaussian_kl"][kl]
    return [
        f"histogram KL {metrics['kl'][kl]:.4f}",
        f"KL of moments {sound['mean']:.4f} ± {sound['se']:.4f}",
        f"denoiser / Q an action {counts[f'denoiser_{method}']:,} / {counts[f'Q_{method}']:,}",
        f"ESJD a step {mixing[f'esjd_{method}']:.3f}",
        f"acceptance {'–' if acceptance is None else format(acceptance, '.3f')}",
    ]


def _sweeps(config: TiltConfig, metrics: Mapping[str, Any]) -> Iterator[Figure]:
    from isotherm.studies.tilt.drawings import sweep

    for name, letter in (("action", "actions"), ("state", "next states")):
        curves = {}
        for method in config.samplers:
            found = metrics["sweep"][method][f"{name}_kl"]
            curves[method] = np.stack([found["value"], found["error"]], axis=-1)
        floor = metrics["sweep_kl_floor"][name]
        yield sweep(
            f"{name}_kl_vs_refresh",
            f"Histogram KL of the final {letter} over refreshes a level, {config.sweep_runs:,} runs each; bands are "
            "standard errors by resampling runs. Grey: what exact draws read, so a line there says no more.",
            curves,
            (floor["mean"], floor["std"]),
            title=f"Final {letter} against the target",
        )
