"""`isotherm runs`: what has been run."""

from isotherm.cli.options import STORE, AsJson, Out, print_json


def list_runs(out: Out = STORE, as_json: AsJson = False) -> None:
    """List the runs of a store."""
    from dataclasses import asdict

    from isotherm.cli.text.runs import print_runs
    from isotherm.study.run.archive import list_runs

    rows = [] if out == STORE and not out.exists() else list_runs(out)
    if not as_json:
        print_runs(rows, out)
        return
    shown = [{name: value for name, value in asdict(row).items() if name != "identity"} for row in rows]
    print_json({"runs": shown})
