"""Which figures the study of choices has, and what they say."""

from collections.abc import Iterator, Mapping

import numpy as np

from isotherm.act.choices.calibration import calibration, ranks_of
from isotherm.plot.figure import Figure
from isotherm.studies.choices import drawings
from isotherm.studies.choices.agents import contenders
from isotherm.studies.choices.config import RECOVERED, TASKS, ChoicesConfig
from isotherm.studies.choices.results import num_bins, units_of

Arrays = Mapping[str, np.ndarray]


def figures(config: ChoicesConfig, arrays: Arrays) -> Iterator[Figure]:
    """Recovery, ranks, and nats of each set of recorded choices."""
    truth, draws = arrays["recovery/truth"], arrays["recovery/draws"]
    sd = np.sqrt(arrays["recovery/variance"])
    panels = {
        name: (truth[:, i], arrays["recovery/mean"][:, i], sd[:, i]) for i, name in enumerate(RECOVERED)
    }
    caption = (
        "Posterior mean and standard deviation of each simulated subject's parameters against the true ones, in "
        "standard deviations of the prior; on the line where they agree, level where choices tell nothing."
    )
    yield drawings.recovered("recovery", caption, panels)
    yield _ranks(truth, draws)
    for task in config.tasks:
        labels = [contender.label for contender in contenders(task)]
        units = units_of(config, arrays[f"{task}/held_out"])
        unit = (
            "a person" if arrays[f"{task}/held_out"].shape[1] > 1 else f"a stretch of {config.stretch} trials"
        )
        caption = (
            f"{TASKS[task].capitalize()}: mean log probability of held-out choices by contender; thin {unit}, dots "
            "the mean with its standard error. Chance is ln ½ = -0.693."
        )
        yield drawings.nats(f"{task}-nats", caption, labels, units, unit)


def _ranks(truth: np.ndarray, draws: np.ndarray) -> Figure:
    panels = {}
    for i, name in enumerate(RECOVERED):
        found = calibration(ranks_of(truth[:, i], draws[:, :, i]), draws.shape[1], num_bins(draws.shape[1]))
        panels[name] = (found.counts, found.expected, found.p)
    caption = (
        "Ranks of the true parameters among posterior draws: level where the posterior is calibrated; shaded what "
        "95 % of bins would hold."
    )
    return drawings.ranks("ranks", caption, panels)
