"""Boltzmann machines fitted to binary data, against known couplings, simpler models, and the data themselves."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isotherm.data.outcomes import read_outcome_table
from isotherm.errors import refusal
from isotherm.studies.boltzmann.config import DIGITS, LEARNERS, MACHINES, MODELS, BoltzmannConfig
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.report.reading import reading_table
from isotherm.study.tables import Estimate, Table
from isotherm.study.ties import best_and_tied, tied_with


class Boltzmann(Study[BoltzmannConfig]):
    """Recovered couplings, held-out likelihood, and draws."""

    name = "boltzmann"
    title = "Boltzmann machines on binary data"
    summary = (
        "How well do Boltzmann machines describe binary data? Couplings are recovered from draws of known models, "
        "an Ising model and a restricted machine are fitted to recorded data and scored on held-out rows against "
        "independent spins and logistic regressions, and two halves of the data are asked for the same couplings."
    )
    config = BoltzmannConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "num_runs": 1,
            "num_hidden": 8,
            "ising_epochs": 5,
            "rbm_epochs": 3,
            "num_chains": 50,
            "log_z_error": 1.0,
            "num_draws": 100,
            "draw_sweeps": 20,
            "num_spins": 5,
            "recovery_rows": (300,),
            "recovery_runs": 2,
            "recovery_steps": 20,
        },
        "published": {},
    }

    def inputs(self, config: BoltzmannConfig) -> Mapping[str, Path]:
        """The data."""
        return {"data": _path(config)}

    def check(self, config: BoltzmannConfig) -> None:
        """Read the data and refuse what is too little."""
        spins = read_data(config)
        if min(spins.shape) < 2 or len(spins) < 20:
            raise refusal(
                "data", f"{spins.shape[0]} rows of {spins.shape[1]}", "needs 20 rows of 2 columns or more"
            )
        if (spins != 0).all(axis=1).sum() < 10:
            raise refusal("data", config.data, "needs 10 rows without a missing entry, to score by")

    def tasks(self, config: BoltzmannConfig) -> list[Task]:
        """A task for each split and model, for each pair of halves, and for each number of draws."""
        costs = {"baselines": 1.0, "ising": 2.0, "rbm": 20.0, "halves": 3.0}
        fits = [
            Task(f"{kind}.{run}", {"kind": kind, "run": run}, cost)
            for kind, cost in costs.items()
            for run in range(config.num_runs)
        ]
        return fits + [Task(f"recover.{rows}", {"rows": rows}, 6.0) for rows in config.recovery_rows]

    def compute(self, config: BoltzmannConfig, task: Task) -> Arrays:
        """Fit, score and draw."""
        from isotherm.studies.boltzmann import training as training

        if "rows" in task.payload:
            return training.recover(config, task.payload["rows"])
        spins, kind, run = read_data(config), task.payload["kind"], task.payload["run"]
        if kind == "baselines":
            return training.baselines(spins, config, run)
        if kind == "halves":
            return training.halves(spins, config, run)
        return training.train_machine(spins, config, run, kind)

    def combine(self, config: BoltzmannConfig, results: Mapping[str, Arrays]) -> Result:
        """Estimates over splits and over known models."""
        arrays: Arrays = {}
        metrics: dict[str, Any] = {"held_out": {}, "over_independent": {}, "recovery": {}, "halves": {}}
        metrics["size"] = {"rows": len(read_data(config)), "spins": read_data(config).shape[1]}
        if config.data != DIGITS:
            metrics["table"] = read_outcome_table(Path(config.data), config.columns).said()
        runs = range(config.num_runs)
        found = {name: [_task_of(results, name, run) for run in runs] for name in MODELS}
        base = np.array([float(part["independent/log_likelihood"]) for part in found["independent"]])
        for name, parts in found.items():
            values = np.array([float(part[f"{name}/log_likelihood"]) for part in parts])
            metrics["held_out"][name] = Estimate.of(values).to_json() | {
                "log_z_error": max(float(part[f"{name}/log_z_error"]) for part in parts)
            }
            metrics["over_independent"][name] = Estimate.of(values - base).to_json()
            arrays[f"{name}/log_likelihood"] = values
            for what in ("draws", "correlations"):
                arrays[f"{name}/{what}"] = parts[0][f"{name}/{what}"]
                arrays[f"test/{what}"] = parts[0][f"test/{what}"]
            if name in MACHINES:
                arrays |= {
                    f"{name}/curve.{run}": part[f"{name}/curve"]
                    for run, part in zip(runs, parts, strict=True)
                }
        for rows in config.recovery_rows:
            part = results[f"recover.{rows}"]
            errors = {name: part["least" if name == "least" else f"error/{name}"] for name in LEARNERS}
            metrics["recovery"][str(rows)] = {name: Estimate.of(e).to_json() for name, e in errors.items()}
            arrays |= {f"recovery/{rows}/{name}": values for name, values in errors.items()}
            arrays |= {
                f"recovery/{rows}/{key}": value for key, value in part.items() if key.startswith("first/")
            }
        pairs = [results[f"halves.{run}"]["couplings"] for run in runs]
        metrics["halves"]["correlation"] = Estimate.of([_agreement(pair) for pair in pairs]).to_json()
        arrays["halves/couplings"] = pairs[0]
        return Result(metrics, arrays)

    def tables(self, config: BoltzmannConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Held-out log-likelihood, and errors of recovered couplings."""
        rows = [
            (
                label,
                _estimate(metrics["held_out"][name]),
                _estimate(metrics["over_independent"][name]),
                f"{metrics['held_out'][name]['log_z_error']:.2g}",
            )
            for name, label in MODELS.items()
        ]
        held_out = Table(
            "Held-out log-likelihood, nats a row",
            ("", "log-likelihood", "over independent spins", "error of log Z"),
            tuple(rows),
            "mean ± standard error (splits); test rows without a missing entry; log Z by annealed importance "
            "sampling unless exact (error 0)",
        )
        columns = [f"{int(rows):,} draws" for rows in metrics["recovery"]]
        errors = [
            (label, *(_estimate(found[name]) for found in metrics["recovery"].values()))
            for name, label in LEARNERS.items()
        ]
        recovery = Table(
            f"Root mean square error of the couplings of known models of {config.num_spins} spins",
            ("", *columns),
            tuple(errors),
            "mean ± standard error (models)",
        )
        return [*([reading_table(metrics["table"])] if "table" in metrics else []), held_out, recovery]

    def conclusions(self, config: BoltzmannConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What was found."""
        held_out = metrics["held_out"]
        independent = {"independent": metrics["over_independent"][MACHINES[0]] | {"mean": 0.0, "se": 0.0}}
        best, *tied = best_and_tied(metrics["over_independent"] | independent, lowest=False)
        ties = tied_with([MODELS[name].partition(" (")[0] for name in tied])
        gains = [
            f"{MODELS[name].partition(' (')[0].lower()} {metrics['over_independent'][name]['mean']:+.2f}"
            for name in MODELS
            if name != "independent"
        ]
        most = str(max(config.recovery_rows))
        found = metrics["recovery"][most]
        ratio = {name: found[name]["mean"] / found["least"]["mean"] for name in LEARNERS}
        correlation = metrics["halves"]["correlation"]
        error = "" if correlation["se"] is None else f" ± {correlation['se']:.3f}"
        return [
            f"On held-out rows the best model is: **{MODELS[best]}**{ties}, {held_out[best]['mean']:.2f} nats a row "
            f"({config.num_runs} splits). Over independent spins, in nats: {'; '.join(gains)}.",
            f"From {int(most):,} draws of known models the error of the couplings is {ratio['exact']:.2f} times the "
            f"least possible by exact likelihood, {ratio['pseudo']:.2f} times by pseudo-likelihood and "
            f"{ratio['sampled']:.2f} times by persistent chains ({config.recovery_runs} models).",
            f"Ising couplings fitted to two halves of the data correlate by {correlation['mean']:.3f}{error} "
            f"({correlation['n']} splits).",
        ]

    def figures(
        self, config: BoltzmannConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Scores, draws beside data, couplings, recovery, learning curves."""
        from isotherm.studies.boltzmann import drawings as plot

        yield plot.held_out_scores(
            "held-out",
            f"Held-out log-likelihood by model: each split a point, their mean as a bar ({config.num_runs} splits).",
            {label: arrays[f"{name}/log_likelihood"] for name, label in MODELS.items()},
        )
        if config.data == DIGITS:
            drawn = {"Held-out digits": arrays["test/draws"]}
            drawn |= {label.partition(" (")[0]: arrays[f"{name}/draws"] for name, label in MODELS.items()}
            yield plot.image_grids(
                "draws", "Held-out digits, and independent draws of each model.", drawn, width=8
            )
        yield plot.against_data(
            "correlations",
            f"Covariance of every pair of spins: of {config.num_draws:,} draws by each model, against held-out rows.",
            arrays["test/correlations"],
            {label.partition(" (")[0]: arrays[f"{name}/correlations"] for name, label in MODELS.items()},
        )
        yield plot.two_halves(
            "couplings",
            "Ising couplings: one half of the rows above the diagonal and the other below it; every pair, half "
            "against half.",
            arrays["halves/couplings"],
        )
        yield plot.recovery_curves(
            "recovery",
            f"Root mean square error of the couplings of known models against the number of draws: mean ± standard "
            f"error over {config.recovery_runs} models.",
            config.recovery_rows,
            {
                (name, label): np.stack([arrays[f"recovery/{rows}/{name}"] for rows in config.recovery_rows])
                for name, label in LEARNERS.items()
            },
        )
        yield plot.learning_curves(
            "curves",
            "Pseudo-log-likelihood of the validation rows while learning, a line a split.",
            {
                MODELS[name]: [arrays[f"{name}/curve.{run}"] for run in range(config.num_runs)]
                for name in MACHINES
            },
        )


def read_data(config: BoltzmannConfig) -> np.ndarray:
    """Spins, 0 where missing, ``(rows, n)``.

    Raises:
        ValueError: naming the file or the column at fault.
    """
    if config.data == DIGITS:
        from isotherm.data.binary import read_digits

        return read_digits().pixels
    return read_outcome_table(Path(config.data), config.columns).outcomes


def _path(config: BoltzmannConfig) -> Path:
    from isotherm.data.binary import DIGITS as SHIPPED

    return SHIPPED if config.data == DIGITS else Path(config.data)


def _task_of(results: Mapping[str, Arrays], name: str, run: int) -> Arrays:
    return results[f"{name}.{run}" if name in MACHINES else f"baselines.{run}"]


def _estimate(found: Mapping[str, Any]) -> Estimate:
    return Estimate(found["mean"], found["se"], found["n"])


def _agreement(couplings: np.ndarray) -> float:
    upper = np.triu_indices(couplings.shape[1], 1)
    return float(np.corrcoef(couplings[0][upper], couplings[1][upper])[0, 1])
