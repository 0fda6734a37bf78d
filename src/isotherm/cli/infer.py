"""`isotherm infer`: answers about a model file."""

from pathlib import Path
from typing import Annotated

import typer

from isotherm.cli.completing import example_names
from isotherm.cli.options import LONGEST, AsJson, print_json, say


def infer_model(
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="A model file, plain or packed (.gz, .xz).")
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(
            metavar="[NAME]",
            help="A model that comes with the package; alone: their names.",
            autocompletion=example_names,
        ),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(metavar="FILE", help="UAI evidence, or lines NAME=VALUE.")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="One observation; may be repeated.")
    ] = None,
    sample: Annotated[
        str | None, typer.Option(metavar="K", help="Of an evidence file with several samples, from 1.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="uai|bif|xmlbif|wcsp|cfn|cnf|bqm|bqm-json|coo|coo-spin|coo-binary|edges",
            help="Of MODEL; told by header or suffix.",
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="marginals|z|map|samples", help="What to answer; may be repeated. [marginals, z, map]"
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="auto|exact|gibbs|tempering|swendsen-wang|blocking|ais",
            help="auto: exact where tractable.",
        ),
    ] = "auto",
    beta: Annotated[str, typer.Option(metavar="B", help="Inverse temperature.")] = "1.0",
    draws: Annotated[
        str, typer.Option(metavar="N", help="Samples to print; draws of all chains where sampled.")
    ] = "10000",
    seed: Annotated[str, typer.Option(metavar="S", help="Of everything random, below 2^32.")] = "0",
    time_limit: Annotated[
        str, typer.Option("--time-limit", metavar="SECONDS", help="For what is searched or sampled.")
    ] = "60",
    as_json: AsJson = False,
    as_uai: Annotated[bool, typer.Option("--uai", help="The UAI competitions' result format.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Marginals, a line a value.")] = False,
) -> None:
    """Answer a model file: marginals, log Z, the most probable state, samples.

    Read are UAI models, Bayesian networks (BIF, XMLBIF), cost functions (WCSP, CFN), DIMACS CNF, dimod's files and
    edge lists; what was read is said. Exact where that takes at most about a minute and 4 GB; else searched and
    sampled within the time limit, with standard errors and what is proven. The method and the reason are said. With
    --json, values count from 0 in the order of a table.
    """
    from isotherm.cli.text.answer import print_answer, uai_text
    from isotherm.cli.text.marginals import marginals_csv
    from isotherm.energy.files.numbers import decimal, whole
    from isotherm.errors import refusal
    from isotherm.infer.infer import infer

    if example == "":
        _list_examples(as_json)
        return
    if as_json + as_uai + as_csv > 1:
        raise refusal("--uai" if as_uai else "--csv", True, "choose one of --json, --uai and --csv")
    if as_csv and task and "marginals" not in task:
        raise refusal("--csv", True, "prints marginals; ask for --task marginals")
    answer = infer(
        _model_of(model, example),
        evidence,
        task or (("marginals",) if as_csv else ("marginals", "z", "map")),
        method,
        decimal("beta", beta),
        whole("draws", draws),
        whole("seed", seed),
        form=form,
        given=given or (),
        sample=None if sample is None else whole("sample", sample),
        time_limit=decimal("time_limit", time_limit),
        is_progress_shown=True,
    )
    for warning in answer.warnings:
        say("warning", warning, 4 * LONGEST)
    if as_json:
        print_json(answer.to_json())
    elif as_uai:
        print(uai_text(answer))  # noqa: T201
    elif as_csv:
        print(marginals_csv(answer), end="")  # noqa: T201
    else:
        print_answer(answer)


def _model_of(model: Path | None, example: str | None) -> Path:
    from isotherm.data.examples import EXAMPLES
    from isotherm.errors import refusal
    from isotherm.settings.config import unknown_name

    if example is None:
        if model is None:
            raise typer.TyperException("Missing argument 'MODEL'.")
        return model
    if model is not None:
        raise refusal("--example", example, f"give it or MODEL, not both; MODEL is {str(model)!r}")
    if example not in EXAMPLES:
        raise refusal("--example", example, f"is no example; {unknown_name(example, list(EXAMPLES))}")
    return EXAMPLES[example].path


def _list_examples(as_json: bool) -> None:
    from isotherm.cli.text.examples import print_model_examples
    from isotherm.data.examples import EXAMPLES

    if not as_json:
        print_model_examples()
        return
    listed = {name: {"path": str(one.path), "about": one.about} for name, one in EXAMPLES.items()}
    print_json({"examples": listed})
