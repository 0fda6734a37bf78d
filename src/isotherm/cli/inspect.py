"""`isotherm inspect`: what a result file or a bundle holds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.export import Metric, ParameterSet, Select, Threshold, selection_of
from isotherm.cli.options import STORE, AsJson, Out, print_json


def inspect(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A result file, a bundle of isotherm export, or a run of train."),
    ],
    select: Select = None,
    metric: Metric = None,
    parameter_set: ParameterSet = None,
    threshold: Threshold = None,
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Tell what a result file, a run of train or a bundle holds, and what is wrong with it.

    Of a result file, or of a run of train, finished or not: its settings, records, sets, the best record by each
    method, and what the rule makes of the chosen set's parameters. Of a bundle: its contents, and whether its hash
    holds. Exit code 2 if it cannot be exported or was changed.
    """
    from isotherm.cli.text.export import print_bundle
    from isotherm.cli.text.inspect import print_look
    from isotherm.errors import refusal
    from isotherm.market.deployment.bundle import digest_of, is_bundle_file, is_sound, parse_bundle

    asked = {"select": select, "metric": metric, "parameter_set": parameter_set, "threshold": threshold}
    given = {name: value for name, value in asked.items() if value is not None}
    if is_bundle_file(file):
        if given:
            raise refusal(
                f"--{next(iter(given))}", given[next(iter(given))], "goes with a result file, not a bundle"
            )
        bundle = parse_bundle(file)
        print_json({"kind": "bundle", "is_sound": is_sound(bundle), **bundle}) if as_json else print_bundle(
            bundle
        )
        if not is_sound(bundle):
            raise refusal("sha256", bundle["sha256"], f"is not that of what is written, {digest_of(bundle)}")
        return
    look = _look(file, selection_of(given), out)
    print_json(look.to_json()) if as_json else print_look(look)
    if look.faults:
        raise ValueError(look.faults[0])


def _look(file: str, how: Any, out: Path) -> Any:
    """Of a result file; where there is none of that name, of a run."""
    from isotherm.errors import refusal
    from isotherm.market.deployment.result_file import look_at, look_into
    from isotherm.market.parameters.checkpoint import SUFFIXES
    from isotherm.studies.train.records import records_of, training_run

    try:
        return look_into(file, how)
    except FileNotFoundError:
        if file.endswith(SUFFIXES) or not out.is_dir():
            raise refusal("FILE", file, "there is no such file") from None
    try:
        path = training_run(file, out)
    except ValueError as error:
        raise refusal("FILE", file, f"there is no such file, and no such run: {error}") from None
    return look_at(records_of(path), str(path), "a run", how=how)
