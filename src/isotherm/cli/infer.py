"""`isotherm infer`: answers about a model file."""

from pathlib import Path
from typing import Annotated

import typer

from isotherm.cli.options import LONGEST, AsJson, print_json, say


def infer_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, plain or packed (.gz, .xz).")],
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
) -> None:
    """Answer a model file: marginals, log Z, the most probable state, samples.

    Read are UAI models, Bayesian networks (BIF, XMLBIF), cost functions (WCSP, CFN), DIMACS CNF, dimod's files and
    edge lists; what was read is said. Exact where that takes at most about a minute and 4 GB; else searched and
    sampled within the time limit, with standard errors and what is proven. The method and the reason are said. With
    --json, values count from 0 in the order of a table.
    """
    from isotherm.cli.text.answer import print_answer, uai_text
    from isotherm.energy.files.numbers import decimal, whole
    from isotherm.errors import refusal
    from isotherm.infer.infer import infer

    if as_json and as_uai:
        raise refusal("--uai", True, "choose one of --json and --uai")
    answer = infer(
        model,
        evidence,
        task or ("marginals", "z", "map"),
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
    else:
        print_answer(answer)
