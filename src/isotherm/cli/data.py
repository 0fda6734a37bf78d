"""`isotherm data`: price files checked, filled, resampled."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.options import LONGEST, AsJson, print_json, say

data = typer.Typer(
    help="Check, fill and resample price files.",
    rich_markup_mode=None,
    no_args_is_help=False,
    add_completion=False,
)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE|FOLDER", help="Parquet or CSV with columns unix and close.")
]

OutFile = Annotated[
    Path, typer.Option("--out", metavar="FILE|FOLDER", help="Where it goes; a folder for those of a folder.")
]

Force = Annotated[bool, typer.Option("--force", help="Overwrite what lies there, the input too.")]

Interval = Annotated[str, typer.Option("--interval", metavar="1m|5m|1h|1d", help="Between rows.")]


@data.command("check")
def check(files: Files, interval: Interval = "1m", as_json: AsJson = False) -> None:
    """Check price files: grid, gaps, duplicates, prices, units, time zones.

    Exit code 2 if a file breaks the contract; what is only odd, such as a jump that looks like a split, is noted.
    """
    from isotherm.cli.text.data import print_checks
    from isotherm.errors import refusal
    from isotherm.market.prices.clock import interval_of
    from isotherm.market.prices.file_check import check_file, price_files

    minutes = interval_of("interval", interval)
    checks = [check_file(path, minutes) for one in files for path in price_files(one)]
    bad = [found for found in checks if not found.is_good]
    if as_json:
        print_json({"is_good": not bad, "files": [found.to_json() for found in checks]})
    else:
        print_checks(checks)
    if bad:
        raise refusal("prices", bad[0].path, bad[0].faults[0].words)


@data.command("fill")
def fill(
    files: Files,
    out: OutFile,
    interval: Interval = "1m",
    most_share: Annotated[
        str, typer.Option("--most-share", metavar="S", help="Of all rows that may be made up, 0 to 1.")
    ] = "0.05",
    longest_run: Annotated[
        str, typer.Option("--longest-run", metavar="1d", help="That may be made up in a row.")
    ] = "1d",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fill missing rows by the close before.

    Several files are sources of one ticker, the first that has a value wins; the files of a folder are filled one by
    one. Nothing is written where more would be made up than is allowed.
    """
    from isotherm.cli.text.data import print_fills
    from isotherm.energy.files.numbers import decimal
    from isotherm.market.prices.clock import interval_of
    from isotherm.market.prices.fill import FillLimits
    from isotherm.market.prices.rewrite import fill_files

    limits = FillLimits(decimal("most_share", most_share), interval_of("longest_run", longest_run))
    written = fill_files(files, out, interval_of("interval", interval), limits, force)
    _tell(written, as_json, print_fills)


@data.command("resample")
def resample(
    files: Files,
    to: Annotated[str, typer.Option("--to", metavar="1m|1h|1d", help="The new grid.")],
    out: OutFile,
    interval: Annotated[
        str | None,
        typer.Option("--interval", metavar="5m", help="Between rows; told by the file if not given."),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="last|first", help="The row whose time a coarser bar has.")
    ] = "last",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Put prices on another grid.

    A finer one repeats the last close, and how many rows that made is said; a coarser one has first opens, highest
    highs, lowest lows, last closes and sums of volumes of whole bars.
    """
    from isotherm.cli.text.data import print_resamples
    from isotherm.doors import choice
    from isotherm.market.prices.clock import interval_of
    from isotherm.market.prices.rewrite import resample_files

    given = None if interval is None else interval_of("interval", interval)
    chosen = choice("label", label, ("last", "first"))
    written = resample_files(files, out, interval_of("to", to), given, chosen, force)
    _tell(written, as_json, print_resamples)


def _tell(written: list[Any], as_json: bool, show: Any) -> None:
    for one in written:
        for note in one.notes:
            say("warning", note, LONGEST)
    print_json({"files": [one.to_json() for one in written]}) if as_json else show(written)
