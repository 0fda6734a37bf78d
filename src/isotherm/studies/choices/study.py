"""Fitting agents to choices: do parameters come back, and who foretells what people choose."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.choices.config import ChoicesConfig
from isotherm.studies.choices.results import comparison_metrics, joined, missed, recovery_metrics
from isotherm.studies.choices.tables import conclusions, tables
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Table


class Choices(Study[ChoicesConfig]):
    """Recovery of simulated subjects, and held-out nats of recorded choices."""

    name = "choices"
    title = "Who foretells what people choose, and can their parameters be told?"
    summary = (
        "Agents are fitted to choices by the law that they act by. Simulated subjects tell which parameters come "
        "back; on recorded choices active inference, softmax-Q, a stay rule and chance foretell what was held out."
    )
    config = ChoicesConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "num_subjects": 4,
            "batch": 4,
            "num_trials": 20,
            "num_arms": 2,
            "num_warmup": 150,
            "num_samples": 20,
            "num_chains": 2,
            "num_folds": 2,
        },
        "published": {},
    }

    def inputs(self, config: ChoicesConfig) -> Mapping[str, Path]:
        """The two-step task, where it is asked for."""
        return {"two_step": Path(config.two_step)} if config.two_step else {}

    def check(self, config: ChoicesConfig) -> None:
        """Read the two-step task and refuse what is none; refuse to begin without BlackJAX."""
        from isotherm.act.choices.posterior import blackjax_or_refuse
        from isotherm.studies.choices.people import two_step

        blackjax_or_refuse()
        if config.two_step:
            two_step(config.two_step, config.num_people)

    def tasks(self, config: ChoicesConfig) -> list[Task]:
        """Batches of simulated subjects, and a task for each set of recorded choices."""
        firsts = range(0, config.num_subjects, config.batch)
        found = [Task(f"recovery-{first}", {"first": first}, float(config.batch)) for first in firsts]
        return found + [Task(task, {"task": task}, 10.0) for task in config.tasks]

    def compute(self, config: ChoicesConfig, task: Task) -> Arrays:
        """Posteriors of a batch, or held-out log probabilities."""
        from isotherm.studies.choices import runs

        if "first" in task.payload:
            return runs.recovery(config, task.payload["first"])
        return runs.comparison(config, task.payload["task"])

    def combine(self, config: ChoicesConfig, results: Mapping[str, Arrays]) -> Result:
        """Recovery over all batches, and the comparison of each set."""
        from isotherm.studies.choices.agents import contenders

        parts = [results[task.name] for task in self.tasks(config) if "first" in task.payload]
        recovery = joined(parts)
        arrays = {f"recovery/{name}": part for name, part in recovery.items()}
        compared = {}
        for task in config.tasks:
            labels = [contender.label for contender in contenders(task)]
            compared[task] = comparison_metrics(config, labels, results[task])
            arrays |= {f"{task}/{name}": part for name, part in results[task].items()}
        return Result({"recovery": recovery_metrics(recovery), "tasks": compared}, arrays)

    def tables(self, config: ChoicesConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Recovery, and nats a choice of each set."""
        return tables(metrics)

    def conclusions(self, config: ChoicesConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who wins, what comes back, what cannot be told apart."""
        return conclusions(config, metrics)

    def failures(self, config: ChoicesConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Recovery below what is asked for."""
        return missed(config, metrics["recovery"])

    def figures(
        self, config: ChoicesConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Recovered against true, ranks, nats by contender."""
        from isotherm.studies.choices.figures import figures

        yield from figures(config, arrays)
