"""Walking forward: choose on a stretch of prices, test on the next, go on from what was chosen. Section 7.9."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.market.backtest import simulate
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.market.prices.clock import MINUTE_MS, MINUTES_PER_DAY, date_of, unix_ms
from isotherm.market.prices.minutes import in_minutes
from isotherm.market.prices.table import PriceTable
from isotherm.market.walk.plan import CarriedOn, Walk, without_weights
from isotherm.market.walk.tested import CycleRecord, record_of, sharpe_haircut
from isotherm.market.walk.trainers import CycleChoice, CycleTask, Trainer, gradient_trainer
from isotherm.random.keys import SEEDS


def cycle_task(walk: Walk, number: int, carried: CarriedOn) -> CycleTask:
    """What the trainer of a cycle is given: no price from the training's end on.

    Its key of random numbers is that of the settings plus the cycle's number.

    Args:
        walk: of :func:`walk_of`.
        number: of the cycle.
        carried: the walk's start, or what :func:`carried_on` made of the cycle before.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``number`` if there is no such cycle.
    """
    _check_walk(walk, number)
    doors.instance("carried", carried, CarriedOn, "a CarriedOn", "the walk's start, or carried_on")
    cycle = walk.cycles[number]
    training = walk.settings["optimisation_settings"]
    own = {
        "initial_random_key": (training["initial_random_key"] + number) % SEEDS,
        "n_cycles": TRAINING_DEFAULTS["n_cycles"],
    }
    run = walk.settings.replaced(
        startDateString=cycle.train_start,
        endDateString=cycle.train_end,
        endTestDateString=None,
        optimisation_settings=training | own,
    )
    seen, supply = _seen(walk, cycle.train_start, unix_ms("train_end", cycle.train_end))
    return CycleTask(cycle, run, seen, carried.params, carried.weights, supply, walk.spread)


def _seen(walk: Walk, start: str, stop: int) -> tuple[PriceTable, Any]:
    """Minutes from as long before ``start`` as is remembered up to ``stop``, whose own row repeats the one before."""
    table = walk.prices
    per_day = MINUTES_PER_DAY // table.interval_minutes
    remembered = math.ceil(walk.settings["max_memory_days"]) * per_day
    first = max(0, table.row("start", start) - remembered)
    last = -(-(stop - int(table.unix[0])) // table.interval_ms)
    minutes = in_minutes(table.rows(first, last))
    count = (stop - int(minutes.unix[0])) // MINUTE_MS
    rows = np.append(np.arange(count), count - 1)
    unix = minutes.unix[0] + MINUTE_MS * np.arange(count + 1, dtype=np.int64)
    notes = table.report.notes
    if table.interval_minutes > 1:
        notes = (*notes, f"minutes made by repeating rows of {table.interval_minutes} min")
    report = replace(minutes.report, notes=notes)
    seen = PriceTable(unix, minutes.tickers, minutes.closes[rows], minutes.digests, report)
    if np.ndim(walk.supply) != 2:
        return seen, walk.supply
    return seen, np.repeat(np.asarray(walk.supply)[first:last], table.interval_minutes, axis=0)[rows]


def cycle_record(walk: Walk, task: CycleTask, choice: Any, compat: bool = False) -> CycleRecord:
    """Play what a trainer chose through training and test.

    Args:
        walk: of :func:`walk_of`.
        task: of the cycle.
        choice: a :class:`.CycleChoice`, or raw parameters of one set.
        compat: whether the haircut is that of another tool, see :func:`.tested.sharpe_haircut`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a parameter that does not fit.
    """
    doors.instance("task", task, CycleTask, "a CycleTask", "cycle_task makes one")
    cycle = task.cycle
    _check_walk(walk, cycle.number)
    if not isinstance(choice, CycleChoice):
        choice = CycleChoice(doors.mapping("choice", choice, "a CycleChoice, or raw parameters by key"))
    params = {name: np.asarray(value) for name, value in (without_weights(choice.params) or {}).items()}
    times = [unix_ms("date", date) for date in cycle[1:]]
    stop = times[-1] + MINUTE_MS
    seen, supply = _seen(walk, cycle.train_start, stop)
    played = simulate(
        task.run.replaced(endTestDateString=date_of(stop)),
        params | {"initial_weights": task.initial_weights},
        seen,
        with_test=True,
        supply=supply,
        spread=walk.spread,
    )
    return record_of(
        cycle,
        params,
        task.initial_weights,
        played,
        train_minutes=(times[1] - times[0]) // MINUTE_MS,
        test_first=(times[2] - times[0]) // MINUTE_MS,
        haircut=sharpe_haircut(choice.checkpoint_returns, compat),
        run_location=task.run.run_location(),
        notes=tuple(dict.fromkeys((*choice.notes, *played.notes))),
    )


def carried_on(walk: Walk, record: CycleRecord) -> CarriedOn:
    """What the cycle after begins with: parameters that were chosen, and weights of the pool in their last minute.

    Trainings that all begin at one start begin with its weights.

    Args:
        walk: of :func:`walk_of`.
        record: of the cycle before.

    Raises:
        TypeError: if an argument is of another kind.
    """
    doors.instance("walk", walk, Walk, "a Walk", "walk_of makes one")
    doors.instance("record", record, CycleRecord, "a CycleRecord", "cycle_record makes one")
    return CarriedOn(record.params, walk.start.weights if walk.keeps_start else record.final_weights)


def walk_forward(walk: Walk, trainer: Trainer | None = None) -> Iterator[CycleRecord]:
    """Cycle after cycle, each record as soon as it is there.

    Args:
        walk: of :func:`walk_of`.
        trainer: a function of a :class:`.CycleTask` to a :class:`.CycleChoice`, or to raw parameters of one set;
            None: :func:`.gradient_trainer`. It is given no price of a test, nor any later one.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as the trainer, or naming a parameter of its choice that does not fit.

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> from isotherm.market.walk.plan import walk_of
    >>> path = sinusoidal_prices(21 * 1440, [10.0, 20.0], 0.2, [9000.0, 7000.0])
    >>> run = Fingerprint(tokens=["AAA", "BBB"], rule="momentum", max_memory_days=3,
    ...                   startDateString="2024-01-04 00:00:00", endDateString="2024-01-19 00:00:00")
    >>> walk = walk_of(run, synthetic_table(path, ["AAA", "BBB"], "2024-01-01 00:00:00"), n_cycles=2)
    >>> for record in walk_forward(walk, lambda task: {"log_k": [3.0], "logit_lamb": [1.0]}):
    ...     print(record.cycle.test_start[:10], record.daily_returns.shape)
    2024-01-09 (5,)
    2024-01-14 (5,)
    """
    doors.instance("walk", walk, Walk, "a Walk", "walk_of makes one")
    chosen = gradient_trainer() if trainer is None else trainer
    return _walked(walk, doors.function("trainer", chosen, "a function of a CycleTask", num_arguments=1))


def _walked(walk: Walk, trainer: Callable[..., Any]) -> Iterator[CycleRecord]:
    carried = walk.start
    for number in range(len(walk.cycles)):
        task = cycle_task(walk, number, carried)
        record = cycle_record(walk, task, trainer(task))
        carried = carried_on(walk, record)
        yield record


def _check_walk(walk: Any, number: Any) -> None:
    doors.instance("walk", walk, Walk, "a Walk", "walk_of makes one")
    doors.whole("number", number, 0, len(walk.cycles) - 1)
