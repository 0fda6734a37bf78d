"""`isotherm doctor`: whether all is well here."""

import typer

from isotherm.cli.options import STORE, AsJson, Out, print_json


def doctor(out: Out = STORE, as_json: AsJson = False) -> None:
    """Look over the installation and the machine.

    Versions, packages, cores, the store of runs, the cache of compiled programs, devices and video codecs: a line
    each, and what to do where something is wrong. Exit code 1 if something is.
    """
    from isotherm.cli.health import checkups
    from isotherm.cli.text.doctor import print_checkup

    found = []
    for one in checkups(out):
        found.append(one)
        if not as_json:
            print_checkup(one)
    is_good = all(one.is_good for one in found)
    if as_json:
        print_json({"is_good": is_good, "checks": [one._asdict() for one in found]})
    if not is_good:
        raise typer.Exit(1)
