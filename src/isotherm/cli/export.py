"""`isotherm export`: one pool for deployment."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.options import STORE, AsJson, Out, print_json, say

Select = Annotated[
    str | None,
    typer.Option("--select", metavar="METHOD", help="Of a result file's records. [best_train_objective]"),
]

Metric = Annotated[
    str | None, typer.Option("--metric", metavar="KEY", help="It is judged by. [returns_over_uniform_hodl]")
]

ParameterSet = Annotated[
    str | None, typer.Option("--parameter-set", metavar="N", help="Which set, from 0, instead of the best.")
]

Threshold = Annotated[
    str | None,
    typer.Option("--threshold", metavar="X", help="What the other value must reach, for _min_ methods. [0]"),
]


def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A result file, or a run of backtest or train: id, folder, or that word."
        ),
    ],
    select: Select = None,
    metric: Metric = None,
    parameter_set: ParameterSet = None,
    threshold: Threshold = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Write the bundle there; FILE.jsonl: all records of a run of train."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Export one pool as a contract is given it: numbers in 18 decimals, guardrails, weights, state.

    Of a run of backtest or train the bundle carries the weights in which it ended and all that the next update needs;
    a result file has parameters only. The bundle holds its own SHA-256; isotherm inspect FILE verifies it. A FILE
    that ends in .jsonl gets the records of a run of train, a line each, for other tools and for --params-file.
    """
    from isotherm.cli.text.export import print_bundle
    from isotherm.market.deployment.bundle import check_free, write_bundle
    from isotherm.market.parameters.checkpoint import SUFFIXES

    if to is not None:
        check_free(to, force)
    asked = {"select": select, "metric": metric, "parameter_set": parameter_set, "threshold": threshold}
    given = {name: value for name, value in asked.items() if value is not None}
    if to is not None and to.suffix == ".jsonl":
        _check_whole(given)
        _write_records(source, out, to, as_json)
        return
    is_file = Path(source).is_file() or any(Path(source + suffix).is_file() for suffix in SUFFIXES)
    bundle = _of_file(source, given) if is_file or source.endswith(SUFFIXES) else _of_run(source, out, given)
    if to is None:
        print_json(bundle) if as_json else print_bundle(bundle)
        return
    path = write_bundle(to, bundle, force)
    if as_json:
        print_json({"path": str(path), "sha256": bundle["sha256"]})
    else:
        print(f"{path}: {bundle['sha256']}")  # noqa: T201


def selection_of(given: dict[str, str]) -> Any:
    """How a set is chosen, of flags that were given.

    Raises:
        ValueError: naming a flag that is no number.
    """
    from isotherm.energy.files.numbers import decimal, whole
    from isotherm.market.deployment.result_file import Selection

    read = {"select": ("method", None), "metric": ("metric_key", None), "parameter_set": ("parameter_set", whole),
            "threshold": ("threshold", decimal)}  # fmt: skip
    found: dict[str, Any] = {}
    for name, value in given.items():
        field, kind = read[name]
        found[field] = value if kind is None else kind(name, value)
    return Selection(**found)


def _of_file(source: str, given: dict[str, str]) -> dict[str, Any]:
    from isotherm.errors import refusal
    from isotherm.market.deployment.bundle import bundle_of, is_bundle_file
    from isotherm.market.deployment.result_file import chosen_set_of, fingerprint_of_file
    from isotherm.market.parameters.checkpoint import read_records

    if is_bundle_file(source):
        raise refusal("SOURCE", source, "is a bundle already; give a result file or a run")
    try:
        records = read_records(source)
    except FileNotFoundError:
        raise refusal("SOURCE", source, "there is no such result file") from None
    fingerprint, warnings = fingerprint_of_file(records[0])
    chosen = chosen_set_of(records, selection_of(given))
    bundle = bundle_of(chosen.params, fingerprint)
    for warning in warnings:
        say("warning", warning)
    return bundle


def _of_run(source: str, out: Path, given: dict[str, str]) -> dict[str, Any]:
    """Of a run that is played again, since its state is not stored; its inputs must be what they were."""
    from isotherm.errors import refusal
    from isotherm.market.deployment.bundle import bundle_of_backtest
    from isotherm.studies.market import runs
    from isotherm.studies.market.config import BacktestConfig
    from isotherm.studies.train.config import TrainConfig
    from isotherm.studies.train.runs import played_again
    from isotherm.study.run.archive import find_run, open_run
    from isotherm.study.run.runner import identify
    from isotherm.study.run.session import Run

    _check_whole(given)
    found = open_run(find_run(source, out))
    if not isinstance(found, Run) or not isinstance(found.config, BacktestConfig | TrainConfig):
        raise refusal("SOURCE", source, "must be a run of backtest or of train, or a result file")
    if identify(found.study, found.config)["fingerprint"] != found.fingerprint:
        allowed = f"its inputs have changed since; run {found.study.name} again"
        raise refusal("SOURCE", found.path.name, allowed)
    if isinstance(found.config, TrainConfig):
        return bundle_of_backtest(*played_again(found.config, found.arrays()))
    settings = runs.fingerprint_of(found.config)
    params = runs.params_of(found.config, settings)
    chosen = found.config.parameter_set if found.config.params_file else None
    return bundle_of_backtest(runs.played(found.config, settings, params), params, chosen)


def _check_whole(given: dict[str, str]) -> None:
    """Refuse a choice from a run that has made its own."""
    from isotherm.errors import refusal

    if given:
        name = next(iter(given))
        allowed = "goes with a result file; a run has its own choice"
        raise refusal(f"--{name.replace('_', '-')}", given[name], allowed)


def _write_records(source: str, out: Path, to: Path, as_json: bool) -> None:
    """All records of a run of train as a result file."""
    from isotherm.market.parameters.checkpoint import write_records
    from isotherm.studies.train.records import records_of, training_run

    records = records_of(training_run(source, out))
    path = write_records(to, records)
    if as_json:
        print_json({"path": str(path), "records": len(records) - 1})
    else:
        print(f"{path}: {len(records) - 1} records")  # noqa: T201
