"""`isotherm list`: what can be run."""

from typing import Any

from isotherm.cli.options import AsJson, print_json


def list_studies(as_json: AsJson = False) -> None:
    """Show what can be run."""
    studies = _studies()
    if as_json:
        from isotherm.study.durations import duration_of

        keys = ("name", "title", "summary", "default_preset")
        listed = [{key: getattr(study, key) for key in keys} for study in studies]
        for entry, study in zip(listed, studies, strict=True):
            entry["presets"] = list(study.presets)
            took = {preset: duration_of(study, preset) for preset in study.presets}
            entry["measured"] = {preset: one._asdict() for preset, one in took.items() if one is not None}
        print_json({"studies": listed})
        return
    from isotherm.cli.text.runs import print_studies

    print_studies(studies)


def _studies() -> list[Any]:
    """Those registered; one that an installed package adds and that cannot be imported is told of, and left out."""
    from isotherm.study.registry import find_study, registered
    from isotherm.study.store.folder import report_fault

    found = []
    for name in registered():
        try:
            found.append(find_study(name))
        except ValueError as error:
            report_fault(str(error))
    return found
