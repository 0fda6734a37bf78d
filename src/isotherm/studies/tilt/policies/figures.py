"""The pictures of the variants of the tilt study, made from their metrics and arrays."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.tilt.config import TiltConfig

GRID = 161


def pictures(
    config: TiltConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Iterator[Figure]:
    """Draws of each sampler on the exact law, moments against it, and normalisers."""
    from isotherm.studies.tilt.policies.drawings import draws_on_contours, normalisers, scores

    found = metrics["samplers"]
    if config.actions > 1:
        yield draws_on_contours(
            f"{config.policy}_draws",
            _caption(config, metrics),
            {name: np.asarray(arrays[f"{name}/shown"]) for name in found},
            _exact(arrays),
            notes={name: _note(one) for name, one in found.items()},
            places=np.asarray(arrays["reference/law/means"])[:, :2],
            shares={name: _shares(metrics, one) for name, one in found.items()},
        )
    yield scores(
        f"{config.policy}_scores",
        "Moments of the draws, each less its exact value, in standard errors. The band holds all points of a "
        "true sampler 99 times in 100; points beyond the axis are marked at its end.",
        {name: [(kind, m["z"]) for kind, m in one["moments"].items()] for name, one in found.items()},
        bounds={name: one["worst"]["bound"] for name, one in found.items()},
    )
    estimates = {
        name: (one["log_z"]["mean"], one["log_z"]["se"])
        for name, one in found.items()
        if "log_z" in one and one["log_z"]["se"] is not None
    }
    if estimates:
        yield normalisers(
            f"{config.policy}_log_z",
            "Log normalisers of single replicates (dots), of all of them together with two standard errors "
            "(bars), and in closed form (line).",
            {name: np.asarray(arrays[f"{name}/log_z_groups"]) for name in estimates},
            estimates,
            exact=metrics["target"]["log_z"],
        )


def _caption(config: TiltConfig, metrics: Mapping[str, Any]) -> str:
    which = "The first two actions" if config.actions > 2 else "Actions"
    parts = " At each part: its share of the draws, and in brackets the exact one, in percent."
    return (
        f"{which} drawn by each sampler (dots; those with weights resampled) and the tilted law in closed form: the "
        "lines enclose 50, 90 and 99 % of it. The number on top is the energy distance from it, ± standard error."
        f"{parts if config.policy == 'mixture' else ''}"
    )


def _shares(metrics: Mapping[str, Any], one: Mapping[str, Any]) -> list[str]:
    """Found and exact share of each part; none where there is one part."""
    exact = {name: value for name, value in metrics["target"]["moments"].items() if name.startswith("weight")}
    found = [one["moments"][name]["mean"] for name in exact]
    return [
        "–" if share is None else f"{100 * share:.0f}\n({100 * value:.0f})"
        for share, value in zip(found, exact.values(), strict=True)
    ]


def _note(one: Mapping[str, Any]) -> str:
    found = one["distance"]
    return (
        "no distance"
        if found["mean"] is None
        else f"{found['mean']:.4f} ± {found['se']:.4f}".replace("-", "−")
    )


def _exact(arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The law of the first two actions on a grid: two axes, and the density, ``(points, points)``."""
    from isotherm.exact.tilt import MixtureLaw
    from isotherm.studies.tilt.policies.statistics import log_density

    log_z, weights, means, covariances = (
        np.asarray(arrays[f"reference/law/{name}"]) for name in ("log_z", "weights", "means", "covariances")
    )
    law = MixtureLaw(float(log_z), weights, means[:, :2], covariances[:, :2, :2])
    spread = 3.6 * np.sqrt(np.diagonal(law.covariances, axis1=1, axis2=2))
    axes = np.linspace((law.means - spread).min(axis=0), (law.means + spread).max(axis=0), GRID)
    x, y = np.meshgrid(axes[:, 0], axes[:, 1])
    return axes[:, 0], axes[:, 1], np.exp(log_density(law, np.stack([x, y], axis=-1)))
