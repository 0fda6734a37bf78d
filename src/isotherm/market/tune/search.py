"""Settings of training chosen by walks forward, trial after trial. Section 7.10.

Trials see the first cycles of a walk; the last ones are held back, so that what was chosen can be told on days that
chose nothing. A trial depends on the trials before it and on the seed alone: told trials are all that has to be kept.
"""

from collections.abc import Callable

from isotherm import doors
from isotherm.market.tune.plan import TunePlan
from isotherm.market.tune.trials import TuneTrial, check_tuning, next_trial
from isotherm.market.walk.trainers import Trainer


def tune(
    tuning: TunePlan,
    trainer: Trainer | None = None,
    callback: Callable[[int, TuneTrial], object] | None = None,
) -> list[TuneTrial]:
    """All trials, one after another.

    The best of them was chosen by its tests, so that these are no longer out of sample: judge it on the cycles that
    are held back (:func:`.walked`), and deflate its Sharpe ratio by the number of trials (``num_trials`` of
    :func:`.walk_verdict`).

    Args:
        tuning: of :func:`tuning_of`.
        trainer: of each cycle; None: :func:`.gradient_trainer`.
        callback: called with the number of each trial and the trial.

    Raises:
        TypeError: if an argument is of another kind.

    References:
        T. Akiba et al., Optuna, KDD (2019); Bailey and Lopez de Prado, The deflated Sharpe ratio, J. Portfolio
        Management 40 (2014).

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> from isotherm.market.tune.found import best_trial
    >>> from isotherm.market.tune.plan import tuning_of
    >>> from isotherm.market.tune.space import TuneAxis
    >>> from isotherm.market.walk.plan import walk_of
    >>> path = sinusoidal_prices(21 * 1440, [10.0, 20.0], 0.2, [9000.0, 7000.0])
    >>> run = Fingerprint(tokens=["AAA", "BBB"], rule="momentum", max_memory_days=3, bout_offset=1440,
    ...                   startDateString="2024-01-04 00:00:00", endDateString="2024-01-19 00:00:00",
    ...                   optimisation_settings={"early_stopping_metric": "return"})
    >>> walk = walk_of(run, synthetic_table(path, ["AAA", "BBB"], "2024-01-01 00:00:00"), n_cycles=2)
    >>> tuning = tuning_of(walk, [TuneAxis("maximum_change", 1e-4, 1e-2, log_scale=True)], num_trials=3)
    >>> trials = tune(tuning, lambda task: {"log_k": [9.0], "logit_lamb": [1.0]})
    >>> trials[0].told.params, [len(trial.records) for trial in trials], best_trial(trials) in (0, 1, 2)
    ({'maximum_change': 0.0003}, [1, 1, 1], True)
    """
    check_tuning(tuning, (), trainer)
    if callback is not None:
        doors.function("callback", callback, "a function of a number and a trial", num_arguments=2)
    trials: list[TuneTrial] = []
    while len(trials) < tuning.num_trials:
        trials.append(next_trial(tuning, [trial.told for trial in trials], trainer))
        if callback is not None:
            callback(len(trials) - 1, trials[-1])
    return trials
