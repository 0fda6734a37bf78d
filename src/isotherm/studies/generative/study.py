"""The generative proof: does a learner that sees everything recover the law of the venues?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from isotherm.studies.generative.config import (
    LEARNERS,
    MOMENTS,
    PUBLISHED,
    PUBLISHED_BIASES,
    PUBLISHED_SEEDS,
    SCENARIOS,
    UNTRAINED,
    GenerativeConfig,
)
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Estimate, Table
from isotherm.study.ties import sign

if TYPE_CHECKING:
    from isotherm.energy import Ising


class RoutingGenerative(Study[GenerativeConfig]):
    """The published learner and the averaged estimator on the same observations."""

    name = "routing-generative"
    title = "Does the learner recover the law it observes?"
    summary = (
        "Can an online learner recover the joint law of the venues from 10,000 complete observations? The "
        "published learner fails its own tolerance where venues are correlated; an averaged estimator that sees "
        "the same observations once, in the same order, ends at the statistical limit."
    )
    config = GenerativeConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"num_runs": 4, "num_steps": 200, "batch": 4, "num_samples": 20, "evaluation_samples": 100},
        "published": {},
    }

    def tasks(self, config: GenerativeConfig) -> list[Task]:
        """A task for each scenario, learner and batch of seeds."""
        costs = {"published": 10.0, "averaged": 1.0}
        return [
            Task(
                f"{scenario}.{learner}.{first}",
                {"scenario": scenario, "learner": learner, "first": first},
                costs[learner],
            )
            for scenario in SCENARIOS
            for learner in LEARNERS
            for first in range(0, config.num_runs, config.batch)
        ]

    def compute(self, config: GenerativeConfig, task: Task) -> Arrays:
        """Learn, then evaluate exactly and by the sampled protocol; arrays lead with seeds."""
        import jax

        from isotherm.random import run_keys
        from isotherm.studies.generative.learning import evaluate, learn

        first = task.payload["first"]
        keys = run_keys(config.seed, first, min(config.batch, config.num_runs - first))
        truth = self._truth(config, task.payload["scenario"])
        learned = learn(keys, truth, task.payload["learner"], config)
        found = evaluate(keys, learned, truth, config)
        return {name: np.asarray(value) for name, value in jax.device_get(found).items()}

    def combine(self, config: GenerativeConfig, results: Mapping[str, Arrays]) -> Result:
        """Errors by scenario, learner, protocol and moment."""
        arrays: Arrays = {}
        metrics: dict[str, Any] = {"error": {}, "passes": {}, "biases": {}}
        for scenario in SCENARIOS:
            for name, value in self._exact(config, scenario).items():
                arrays[f"{scenario}/{name}"] = value
            found = {learner: _joined(config, results, scenario, learner) for learner in LEARNERS}
            for learner, values in found.items():
                for name, value in values.items():
                    arrays[f"{scenario}/{learner}/{name}"] = value
            errors = {learner: _errors(values) for learner, values in found.items()}
            errors["untrained"] = _untrained_errors(arrays, scenario, found["published"])
            metrics["error"][scenario] = {
                learner: {
                    protocol: {moment: _described(value) for moment, value in by_moment.items()}
                    for protocol, by_moment in by_protocol.items()
                }
                for learner, by_protocol in errors.items()
            }
            for learner in LEARNERS:
                for moment in MOMENTS:
                    arrays[f"{scenario}/{learner}/{moment[:-1]}_error"] = errors[learner]["exact"][moment]
            metrics["passes"][scenario] = {
                learner: _passes(by_protocol["exact"], config.tolerance)
                for learner, by_protocol in errors.items()
            }
            metrics["biases"][scenario] = {
                learner: _mean_and_sd(values["parameters"][:, : config.num_venues])
                for learner, values in found.items()
            }
        return Result(metrics, arrays)

    def tables(self, config: GenerativeConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Errors by both protocols, seeds that pass, and the learned biases."""
        names = LEARNERS | UNTRAINED
        as_published = config == GenerativeConfig(
            seed=config.seed, num_runs=config.num_runs, batch=config.batch
        )
        tables = []
        for protocol, title in (
            ("exact", "Mean absolute error, models evaluated exactly"),
            (
                "sampled",
                f"The same by the published protocol: {config.evaluation_samples:,} samples of each model",
            ),
        ):
            rows = []
            for scenario in SCENARIOS:
                for learner, label in names.items():
                    found = metrics["error"][scenario][learner][protocol]
                    known = (
                        PUBLISHED.get((scenario, learner), {})
                        if as_published and protocol == "sampled"
                        else {}
                    )
                    errors = [_estimate(found[moment], known.get(moment)) for moment in MOMENTS]
                    passed = metrics["passes"][scenario][learner]
                    rows.append(
                        (f"{SCENARIOS[scenario]}: {label}", *errors, f"{passed['seeds']} of {passed['n']}")
                    )
            columns = ("", "P(s = +1)", "E[s s']", f"seeds with both exact errors < {config.tolerance:g}")
            tables.append(Table(title, columns, tuple(rows), "mean ± standard error (seeds)"))
        return [*tables, _bias_table(config, metrics, as_published)]

    def conclusions(self, config: GenerativeConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who passes, and why."""
        said = []
        for scenario, title in SCENARIOS.items():
            for learner, label in LEARNERS.items():
                found = metrics["error"][scenario][learner]["exact"]
                larger = max((found[moment] for moment in MOMENTS), key=lambda one: one["mean"])
                over = larger | {"mean": larger["mean"] - config.tolerance}
                passed = metrics["passes"][scenario][learner]
                verdict = {-1: "passes", 1: "**fails**", 0: "is at the limit"}[sign(over)]
                error = "" if larger["se"] is None else f" ± {larger['se']:.4f}"
                said.append(
                    f"{title}: the {label.lower()} {verdict}; its larger error is {larger['mean']:.4f}{error}, and "
                    f"{passed['seeds']} of {passed['n']} seeds are within the tolerance of {config.tolerance:g}."
                )
        said.append(
            "The published learner's constant step keeps its parameters moving for ever, and strong couplings "
            "amplify that in the marginals. The averaged estimator matches exact model moments to the running mean "
            "of *all* observations, so only the sampling error of those observations is left."
        )
        return said

    def figures(
        self, config: GenerativeConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Learned against true, and the error of every seed."""
        from isotherm.studies.generative import drawings as plot

        captions: dict[plot.Kind, str] = {
            "marginals": "Learned against true P(s = +1), each venue labelled; the diagonal is truth",
            "correlations": "Learned against true E[s s'], each pair labelled; the diagonal is truth",
            "parameters": "Learned biases and couplings beside the truth",
        }
        for kind, caption in captions.items():
            learners = list(LEARNERS.items()) + (list(UNTRAINED.items()) if kind != "parameters" else [])
            yield plot.learned_against_true(
                kind,
                f"{caption}: mean ± standard deviation over {config.num_runs} seeds.",
                list(SCENARIOS.items()),
                learners,
                arrays,
                kind=kind,
            )
        yield plot.error_per_seed(
            "errors",
            "Mean absolute error of every seed, models evaluated exactly; the line is the published tolerance.",
            list(SCENARIOS.items()),
            list(LEARNERS.items()),
            arrays,
            tolerances={"published tolerance": config.tolerance},
        )

    def _truth(self, config: GenerativeConfig, scenario: str) -> "Ising":
        from isotherm.energy import Ising

        weight = 0.0 if scenario == "iid" else config.correlation_weight
        return Ising.checked(np.linspace(config.bias, -config.bias, config.num_venues), weight)

    def _exact(self, config: GenerativeConfig, scenario: str) -> Arrays:
        from isotherm.studies.generative.learning import described

        truth = {
            f"true/{name}": np.asarray(value)
            for name, value in described(self._truth(config, scenario)).items()
        }
        n = config.num_venues
        shapes = {"marginals": np.full((1, n), 0.5), "correlations": np.zeros((1, n * (n - 1) // 2))}
        return truth | {f"untrained/{name}": value for name, value in shapes.items()}


def _joined(config: GenerativeConfig, results: Mapping[str, Arrays], scenario: str, learner: str) -> Arrays:
    parts = [results[f"{scenario}.{learner}.{first}"] for first in range(0, config.num_runs, config.batch)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _errors(values: Arrays) -> dict[str, dict[str, np.ndarray]]:
    return {
        "exact": {moment: values[f"error_{moment}"] for moment in MOMENTS},
        "sampled": {moment: values[f"sampled_error_{moment}"] for moment in MOMENTS},
    }


def _untrained_errors(arrays: Arrays, scenario: str, values: Arrays) -> dict[str, dict[str, np.ndarray]]:
    exact = {
        moment: np.abs(arrays[f"{scenario}/untrained/{moment}"] - arrays[f"{scenario}/true/{moment}"]).mean(
            axis=1
        )
        for moment in MOMENTS
    }
    return {"exact": exact, "sampled": {moment: values[f"sampled_untrained_{moment}"] for moment in MOMENTS}}


def _described(errors: np.ndarray) -> dict[str, Any]:
    spread = float(errors.std(ddof=1)) if errors.size > 1 else None
    return Estimate.of(errors).to_json() | {"sd": spread, "worst": float(errors.max())}


def _estimate(found: Mapping[str, Any], known: tuple[float, float] | None) -> Estimate:
    own = {key: found[key] for key in ("mean", "se", "n")}
    if own["n"] == 1:
        own["se"] = 0.0 if found["worst"] == found["mean"] else None
    if known is None:
        return Estimate(**own)
    return Estimate(**own, published=known[0], published_se=known[1] / PUBLISHED_SEEDS**0.5)


def _passes(errors: Mapping[str, np.ndarray], tolerance: float) -> dict[str, int]:
    worst = np.max([errors[moment] for moment in MOMENTS], axis=0)
    return {"seeds": int((worst < tolerance).sum()), "n": int(worst.size)}


def _mean_and_sd(values: np.ndarray) -> dict[str, list[float]]:
    return {
        "mean": values.mean(axis=0).tolist(),
        "sd": values.std(axis=0, ddof=min(1, len(values) - 1)).tolist(),
    }


def _bias_table(config: GenerativeConfig, metrics: Mapping[str, Any], as_published: bool) -> Table:
    rows: list[Sequence[Any]] = []
    true = np.linspace(config.bias, -config.bias, config.num_venues)
    for scenario, title in SCENARIOS.items():
        rows.append((f"{title}: truth", *(f"{b:.4f}" for b in true)))
        for learner, label in LEARNERS.items():
            found = metrics["biases"][scenario][learner]
            cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(found["mean"], found["sd"], strict=True)]
            rows.append((f"{title}: {label}", *cells))
        if as_published:
            rows.append((f"{title}: as published", *(f"{b:.4f}" for b in PUBLISHED_BIASES[scenario])))
    columns = ("learned biases", *(f"venue {i}" for i in range(config.num_venues)))
    note = "mean ± standard deviation over seeds; the published standard deviations are 0.17 to 0.25"
    return Table("Learned biases", columns, tuple(map(tuple, rows)), note)
