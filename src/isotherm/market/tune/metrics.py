"""What tuning goes by: numbers of all cycles of a walk forward, by name. Section 7.10."""

from collections.abc import Callable, Sequence

import numpy as np

from isotherm.errors import refusal
from isotherm.market.walk.tested import METRICS, CycleRecord

ADJUSTED = "adjusted_mean_oos_sharpe"

_OF_CYCLES: dict[str, Callable[[CycleRecord], float]] = {
    "wfe": lambda record: record.efficiency,
    "gap": lambda record: record.gap,
    **{f"oos_{name}": lambda record, name=name: record.out_of_sample[name] for name in METRICS},
}
_FOLDS = {"mean": np.mean, "worst": np.min}

TUNE_METRICS = (*(f"{fold}_{name}" for fold in _FOLDS for name in _OF_CYCLES), ADJUSTED)
"""Names of all; ``neg_`` before one of them turns it round. Higher is better."""


def check_metrics(metrics: Sequence[str]) -> None:
    """Refuse names of no metric.

    Raises:
        ValueError: naming ``metrics``.
    """
    for name in metrics:
        if not isinstance(name, str) or name.removeprefix("neg_") not in TUNE_METRICS:
            raise refusal("metrics", name, f"must be one of {', '.join(TUNE_METRICS)}, or neg_ before one")
    if not metrics or len(set(metrics)) < len(metrics):
        raise refusal("metrics", list(metrics), "must be one at least, each once")


def tuning_metric(name: str, records: Sequence[CycleRecord]) -> float:
    """A metric of the cycles so far; minus infinity where no cycle has one.

    Cycles whose number is not finite are passed over. ``wfe`` is the efficiency, ``gap`` the Sharpe ratio in sample
    less that out of sample, and the adjusted ratio is that out of sample less its haircut.

    Args:
        name: one of :data:`TUNE_METRICS`, or ``neg_`` and one.
        records: of cycles.
    """
    plain = name.removeprefix("neg_")
    if plain == ADJUSTED:
        values = [one.out_of_sample["sharpe"] - one.haircut for one in records if one.haircut is not None]
        fold = np.mean
    else:
        word, _, quantity = plain.partition("_")
        values, fold = [_OF_CYCLES[quantity](record) for record in records], _FOLDS[word]
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return -np.inf
    return float(fold(-known if name.startswith("neg_") else known))
