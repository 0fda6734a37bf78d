"""What `isotherm doctor` prints."""

from isotherm.cli.health import Checkup
from isotherm.errors import printable


def print_checkup(one: Checkup) -> None:
    """A line, at once, since the next one may take a while."""
    verdict = "ok" if one.is_good else "wrong"
    told = f"{one.found}; {one.mend}" if one.mend else one.found
    print(f"{verdict:<6} {one.name:<9} {printable(' '.join(told.split()))}", flush=True)  # noqa: T201
