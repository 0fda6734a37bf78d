"""What the trials of a tuning say: the best, the front, and which settings matter. Section 7.10."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.market.train.methods.optuna_study import ToldTrial, journal, quiet, study_of
from isotherm.market.tune.plan import TunePlan
from isotherm.market.tune.trials import TuneTrial, distributions

LEAST_TRIALS = 10
"""Whole trials of which the best tenth is one at least."""


def best_trial(trials: Sequence[TuneTrial | ToldTrial]) -> int | None:
    """Number of the trial with the best first metric, the earliest of equals; None where none is whole.

    Args:
        trials: in order.

    Raises:
        TypeError: if they are no trials.

    >>> best_trial([ToldTrial({}, (0.1,)), ToldTrial({}, None), ToldTrial({}, (0.3,)), ToldTrial({}, (0.3,))])
    2
    """
    first = [-np.inf if told.values is None else told.values[0] for told in _told_of(trials)]
    return int(np.argmax(first)) if first and max(first) > -np.inf else None


def pareto_front(trials: Sequence[TuneTrial | ToldTrial]) -> tuple[int, ...]:
    """Numbers of trials that no other one is at least as good as in all metrics, and better in one.

    Args:
        trials: in order.

    Raises:
        TypeError: if they are no trials.

    >>> pareto_front([ToldTrial({}, (0.0, 2.0)), ToldTrial({}, (1.0, 1.0)), ToldTrial({}, (0.5, 1.0))])
    (0, 1)
    """
    told = enumerate(_told_of(trials))
    whole = {i: np.asarray(one.values) for i, one in told if one.values is not None}
    return tuple(
        i for i, own in whole.items() if not any((o >= own).all() and (o > own).any() for o in whole.values())
    )


def importances(tuning: TunePlan, told: Sequence[ToldTrial]) -> dict[str, float]:
    """How much of the first metric's good values each setting explains, by the library; they sum to 1.

    Args:
        tuning: of :func:`tuning_of`.
        told: trials; of fewer than 10 that are whole nothing is told.

    References:
        S. Watanabe, A. Bansal, F. Hutter, PED-ANOVA, IJCAI (2023).
    """
    whole = [one._replace(values=one.values[:1]) for one in told if one.values is not None]
    if len(whole) < LEAST_TRIALS:
        return {}
    study = study_of(whole, distributions(tuning), 1, 0, 0)
    with quiet() as library, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of settings that few trials chose
        found = library.importance.get_param_importances(study)
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def tuning_journal(tuning: TunePlan, told: Sequence[ToldTrial], name: str = "tuning") -> bytes:
    """All trials as a journal file of Optuna, which its dashboard reads.

    Args:
        tuning: of :func:`tuning_of`.
        told: trials.
        name: of the study in it.
    """
    return journal(name, told, distributions(tuning), len(tuning.metrics))


def _told_of(trials: Any) -> list[ToldTrial]:
    found = []
    for one in doors.sequence("trials", trials, "a list of trials"):
        told = one.told if isinstance(one, TuneTrial) else one
        doors.instance("trials", told, ToldTrial, "trials", "tune makes them")
        found.append(told)
    return found
