"""Numbers of the study: recovery and calibration, held-out nats a choice and their paired differences."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.studies.choices.config import ENOUGH, LEAST_P, LEAST_R, RECOVERED, ChoicesConfig
from isotherm.study.tables import Estimate

Arrays = Mapping[str, np.ndarray]

LEAST_CONTRACTION = 0.5
"""Share of the prior variance that choices must take away, for a parameter to count as identified."""

FIRST = "active inference"


def joined(parts: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """Batches of simulated subjects one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def recovery_metrics(arrays: Arrays) -> dict[str, Any]:
    """Of the simulated subjects.

    Args:
        arrays: of :func:`isotherm.studies.choices.runs.recovery`.
    """
    from isotherm.act.choices.calibration import calibration, ranks_of

    truth, draws = arrays["truth"], arrays["draws"]
    rows = []
    for i, name in enumerate(RECOVERED):
        ranks = ranks_of(truth[:, i], draws[:, :, i])
        found = calibration(ranks, draws.shape[1], num_bins(draws.shape[1]))
        contraction = 1 - float(arrays["variance"][:, i].mean())
        rows.append(
            {
                "parameter": name,
                "r": correlation(truth[:, i], arrays["mean"][:, i]),
                "contraction": contraction,
                "chi2": found.chi2,
                "p": found.p,
                "rhat": _largest(arrays["rhat"][:, i]),
                "ess": _smallest(arrays["ess"][:, i]),
                "is_identified": contraction >= LEAST_CONTRACTION,
            }
        )
    return {
        "num_subjects": len(truth),
        "num_ranked": draws.shape[1],
        "parameters": rows,
        "diverging": float(arrays["diverging"].mean()),
        "apart": float(np.abs(arrays["apart"]).max()),
        "sharper": float(np.abs(arrays["sharper"]).mean()),
    }


def num_bins(num_draws: int) -> int:
    """Of the histogram of ranks: ten, or fewer where there are fewer ranks."""
    return min(10, num_draws + 1)


def correlation(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Pearson's, with the standard error of large samples, ``(1 - r^2) / sqrt(n - 1)``."""
    r = float(np.corrcoef(truth, found)[0, 1])
    return {"mean": r, "se": (1 - r * r) / float(np.sqrt(len(truth) - 1)), "n": len(truth)}


def comparison_metrics(config: ChoicesConfig, labels: Sequence[str], arrays: Arrays) -> dict[str, Any]:
    """Of one set of recorded choices.

    Args:
        config: of the study.
        labels: of the contenders, in the order of the arrays.
        arrays: of :func:`isotherm.studies.choices.runs.comparison`.
    """
    units = units_of(config, arrays["held_out"])
    means = {label: Estimate.of(unit).to_json() for label, unit in zip(labels, units, strict=True)}
    leads = {
        label: Estimate.of(units[0] - other).to_json()
        for label, other in zip(labels[1:], units[1:], strict=True)
    }
    people = arrays["held_out"].shape[1]
    return {
        "people": people,
        "choices": int((arrays["fold"] >= 0).sum()),
        "unit": "people" if people > 1 else "stretches",
        "nats": means,
        "lead": leads,
        "best": max(means, key=lambda label: means[label]["mean"]),
        "first_best": float((units[0] > units[1:].max(axis=0)).mean()),
    }


def units_of(config: ChoicesConfig, held_out: np.ndarray) -> np.ndarray:
    """Mean nats a choice of each person, ``(contenders, people)``; of a single one, of each stretch of trials.

    Args:
        config: says how long a stretch is; trials left over are in the last one.
        held_out: log probabilities, ``(contenders, people, trials)``, NaN where there is none.
    """
    if held_out.shape[1] > 1:
        return np.nanmean(held_out, axis=2)
    each = held_out[:, 0, ~np.isnan(held_out[0, 0])]
    cuts = np.arange(config.stretch, each.shape[1] - config.stretch + 1, config.stretch)
    return np.stack([part.mean(axis=1) for part in np.split(each, cuts, axis=1)], axis=1)


def missed(config: ChoicesConfig, recovery: Mapping[str, Any]) -> list[str]:
    """What was asked of recovery and is not so, a line each; nothing of few subjects."""
    if config.num_subjects < ENOUGH:
        return []
    lines = [
        f"calibration of {row['parameter']}, p = {row['p']:.3g}: should be above {LEAST_P}"
        for row in recovery["parameters"]
        if not row["p"] > LEAST_P
    ]
    first = recovery["parameters"][0]
    if not first["r"]["mean"] >= LEAST_R:
        lines.append(
            f"recovery of {first['parameter']}, r = {first['r']['mean']:.3f}: should be at least {LEAST_R}"
        )
    return lines


def _largest(values: np.ndarray) -> float | None:
    """Of all; None where one of them is not known, or infinite, since chains stand still."""
    return float(values.max()) if np.isfinite(values).all() else None


def _smallest(values: np.ndarray) -> float | None:
    return float(values.min()) if np.isfinite(values).all() else None
