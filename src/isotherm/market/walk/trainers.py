"""What chooses parameters in a cycle of a walk forward: a training, chance, or a user's function. Section 7.9."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.loop import trained
from isotherm.market.train.optimiser import DecayTo
from isotherm.market.train.outcome import Training
from isotherm.market.train.periods import Periods
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.start import first_sets
from isotherm.market.walk.cycles import WalkCycle
from isotherm.random.keys import named, seeded


class CycleTask(NamedTuple):
    """All that a trainer is given: nothing in it comes from the training's end or later.

    Attributes:
        cycle: its dates.
        run: settings, with the training as their window and no test.
        prices: by the minute, up to the last one of training; the row after it, at the window's end, repeats it.
        params: raw, that the cycle before chose, ``(n,)`` each, without initial weights; None: no cycle came before.
        initial_weights: of the pool at the training's start, ``(n,)``.
        supply: circulating, of rules of capitalisation, ``(n,)`` or a row for each row of ``prices``; None: none.
        spread: bid-ask spread of each token, ``(n,)``; None: none.
    """

    cycle: WalkCycle
    run: Fingerprint
    prices: PriceTable
    params: Mapping[str, Any] | None
    initial_weights: Float64[np.ndarray, " tokens"]
    supply: Any = None
    spread: Any = None


class CycleChoice(NamedTuple):
    """What a trainer chose.

    Attributes:
        params: raw parameters of one set; initial weights among them are not looked at.
        checkpoint_returns: daily logarithmic returns over equal parts held, of what was tried on the way,
            ``(checkpoints, days)``; empty where nobody kept them.
        notes: lines for people.
    """

    params: Mapping[str, Any]
    checkpoint_returns: Any = ()
    notes: tuple[str, ...] = ()


Trainer = Callable[[CycleTask], CycleChoice | Mapping[str, Any]]


def training_problem(
    task: CycleTask, periods: Periods | None = None, decay_to: str = "zero"
) -> TrainingProblem:
    """The training of a cycle, to be proceeded with link by link.

    Args:
        task: of the cycle.
        periods: in the place of sampled windows.
        decay_to: as of :func:`isotherm.market.train.loop.train`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as of :func:`isotherm.market.train.problem.problem_of`.
    """
    doors.instance("task", task, CycleTask, "a CycleTask", "cycle_task makes one")
    return problem_of(
        task.run,
        task.prices,
        params=task.params,
        initial_weights=task.initial_weights,
        periods=periods,
        decay_to=decay_to,
        supply=task.supply,
        spread=task.spread,
    )


def choice_of(training: Training) -> CycleChoice:
    """What a finished training chose."""
    return CycleChoice(training.params, training.metadata["checkpoint_returns"], training.notes)


def gradient_trainer(periods: Periods | None = None, decay_to: str = "zero") -> Trainer:
    """A trainer that climbs by gradients, on sampled windows or on several periods of the whole training.

    Args:
        periods: that are judged each by itself; None: windows are sampled.
        decay_to: what the weight decay of AdamW pulls to: ``"zero"``, or ``"start"``, what the cycle before chose.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``decay_to``, if it is another word.
    """
    if periods is not None:
        doors.instance("periods", periods, Periods, "a Periods")
    doors.choice("decay_to", decay_to, get_args(DecayTo))

    def choose(task: CycleTask) -> CycleChoice:
        return choice_of(trained(training_problem(task, periods, decay_to)))

    return choose


def random_trainer(scale: float | int = 1.0) -> Trainer:
    """A trainer that looks at no price: what it finds is what choosing is to be measured by.

    Its parameters are the first ones of the settings with Gaussian noise, in each cycle other.

    Args:
        scale: deviation of the noise in raw parameters, at least 0.

    Raises:
        TypeError: if it is no number.
        ValueError: if it is out of range.
    """
    doors.number("scale", scale, least=0)

    def choose(task: CycleTask) -> CycleChoice:
        settings = task.run.with_defaults()
        training = settings["optimisation_settings"] | {"noise_scale": scale}
        key = named(seeded(training["initial_random_key"]), "random baseline")
        drawn = first_sets(settings.replaced(optimisation_settings=training), 2, key, "gaussian", None)
        return CycleChoice({name: value[1] for name, value in drawn.items()})

    return choose
